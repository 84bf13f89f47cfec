//! WebSockets that the host holds for a plugin: the sources of its ingresses.
//!
//! Each has a task of its own on the network's runtime. It connects, hands on what comes as events, sends what
//! commands ask it to, and, where the connection is lost, connects again after a pause. While an event of it waits
//! for room in the queue it reads nothing: what a peer sends then waits in the peer's own buffers. Where nothing
//! comes for a while it asks whether the other side is still there. An operator may have what comes too fast refused
//! instead, or the oldest dropped for it ([`sources_when_full`](super::ServiceOptions::sources_when_full)).
//!
//! In profile `yoi` it is as in the yoi host: an ingress is dialled whether it was granted or not, one after the
//! other while the service starts; of two with the same URL only the last can be seen or sent to; a connection that
//! is silent is never doubted, and one that is lost stays lost. One thing is better there as well: what cannot be seen any more ends with the service.
//!
//! - `source`: which ones a manifest names
//! - `keeper`: the task of one

mod keeper;
mod source;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use super::happening::What;
use super::shared::Shared;
use super::status::DiagnosticKind;
use crate::Profile;
use crate::authority::{Authority, Ingress, Missing, Surface, shown_url};
use crate::imports::{Destination, HostError, redacted};
use crate::limits::{MESSAGE_BYTES, SOCKET_SENDS_WAITING, SOCKETS};
use crate::text::bounded;
use crate::world::Net;
use keeper::Keeper;
use source::{Source, may_listen, sources, url_of};

/// The sockets of a service.
#[derive(Debug)]
pub(super) struct Sockets {
    /// In the order of the manifest.
    list: Vec<Arc<Socket>>,
    /// True once they are to end.
    end: watch::Sender<bool>,
}

/// One of them.
#[derive(Debug)]
struct Socket {
    source: String,
    ingress: String,
    /// The URL as browsers write it, without fragment.
    url: String,
    state: Mutex<SocketStatus>,
    sends: mpsc::Sender<Job>,
}

/// A text to send, and who wants to know how that went.
#[derive(Debug)]
struct Job {
    text: String,
    done: oneshot::Sender<Result<(), String>>,
}

/// How a socket is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SocketStatus {
    /// Where it leads.
    pub url: String,
    /// The ingress that its events are for.
    pub ingress_name: String,
    /// Whether it is connected.
    pub state: SocketState,
    /// When the last text came: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_frame_at: Option<String>,
    /// What last went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Texts that came.
    pub received_text_frames: u64,
    /// Texts that were sent.
    pub sent_text_frames: u64,
    /// Texts that came and could not be accepted as events.
    pub queue_drops: u64,
    /// Texts that could not be sent.
    pub send_failures: u64,
}

/// Whether a socket is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum SocketState {
    /// It is being connected, or waits to be.
    Connecting,
    /// It is.
    Connected,
    /// The other side ended it, or the service did.
    Closed,
    /// It could not be connected, or broke.
    Failed,
}

impl Sockets {
    /// None.
    pub(super) fn none() -> Self {
        Self {
            list: Vec::new(),
            end: watch::Sender::new(false),
        }
    }

    /// Those that the ingresses name, on the way to be connected. In profile `yoi` it is waited for each.
    pub(super) fn open(shared: &Arc<Shared>, authority: &Authority) -> Self {
        let mut sockets = Self::none();
        let charter = &shared.charter;
        if !(charter.has(Surface::Service) && charter.has(Surface::Ingress)) {
            return sockets;
        }
        let mut entries = 0;
        for Source { ingress, source } in sources(charter) {
            let url = match url_of(source) {
                None => continue,
                Some(Ok(url)) => url,
                Some(Err(why)) => {
                    let name = &ingress.name;
                    let why = format!("invalid WebSocket ingress source for {name}: {why}");
                    shared.socket_trouble(&why, &[]);
                    continue;
                }
            };
            match shared.profile {
                Profile::Documented => {
                    if let Err(why) = may_listen(charter, ingress) {
                        shared.socket_trouble(&why.0, &why.1);
                        continue;
                    }
                }
                // It dials for any ingress that is declared.
                Profile::Yoi => {}
            }
            entries += 1;
            if entries > SOCKETS {
                let url = shown_url(&url);
                let why = format!("host-owned WebSocket connection limit ({SOCKETS}) exceeded for {url}");
                shared.socket_trouble(&why, &[]);
                continue;
            }
            sockets.connect(shared, authority, ingress, source, &url);
        }
        sockets
    }

    fn connect(
        &mut self,
        shared: &Arc<Shared>,
        authority: &Authority,
        ingress: &Ingress,
        source: &str,
        url: &Url,
    ) {
        let (sends, jobs) = mpsc::channel(SOCKET_SENDS_WAITING);
        let socket = Arc::new(Socket {
            source: source.to_owned(),
            ingress: ingress.name.clone(),
            url: url.to_string(),
            state: Mutex::new(SocketStatus {
                url: url.to_string(),
                ingress_name: ingress.name.clone(),
                state: SocketState::Connecting,
                last_frame_at: None,
                last_error: None,
                received_text_frames: 0,
                sent_text_frames: 0,
                queue_drops: 0,
                send_failures: 0,
            }),
            sends,
        });
        match shared.profile {
            Profile::Documented => {}
            // It knows connections by their URL: the last one takes the place of any before.
            Profile::Yoi => self.list.retain(|other| other.url != socket.url),
        }
        self.list.push(Arc::clone(&socket));
        let to = match Destination::of_websocket(authority, url) {
            Ok(to) => to,
            Err(HostError { message, denial, .. }) => {
                let why = format!("host-owned websocket not granted: {message}");
                let missing = denial.map_or_else(Vec::new, |denial| denial.lines().to_vec());
                shared.socket_trouble(&why, &missing);
                socket.fail(&why);
                return;
            }
        };
        let keeper = Keeper {
            shared: Arc::clone(shared),
            socket,
            to,
            sends: jobs,
            end: self.end.subscribe(),
            kinds: ingress.event_kinds.clone(),
            failures: 0,
        };
        let (tell, dialled) = oneshot::channel();
        shared.net.spawn(keeper.keep(tell));
        match shared.profile {
            Profile::Documented => {}
            Profile::Yoi => {
                // It fails where the task was lost, which is no connection either.
                let _ = pollster::block_on(dialled);
            }
        }
    }

    /// Send a text on the socket that leads to this URL; of several, on that of this ingress.
    pub(super) fn send(
        &self,
        net: &Net,
        go_on: impl Fn() -> bool,
        ingress: &str,
        url: &str,
        text: String,
    ) -> Result<String, String> {
        let mut there = self.list.iter().filter(|socket| socket.url == url);
        let own = there.clone().find(|socket| socket.ingress == ingress);
        let Some(socket) = own.or_else(|| there.next()) else {
            return Err(format!("no host-owned WebSocket connection is active for {url}"));
        };
        if socket.lock().state != SocketState::Connected {
            socket.lock().send_failures += 1;
            return Err(format!(
                "host-owned WebSocket connection is not connected for {url}"
            ));
        }
        let bytes = text.len();
        let sends = socket.sends.clone();
        let work = async move {
            let (done, is_done) = oneshot::channel();
            let lost = || "the connection was lost".to_owned();
            sends.send(Job { text, done }).await.map_err(|_| lost())?;
            is_done.await.unwrap_or_else(|_| Err(lost()))
        };
        let sent = net.run(work, || if go_on() { Ok(()) } else { Err(()) });
        match sent.unwrap_or_else(|_| Err("it was given up".to_owned())) {
            Ok(()) => {
                socket.lock().sent_text_frames += 1;
                Ok(format!("websocket_send sent {bytes} bytes to {url}"))
            }
            Err(why) => {
                socket.lock().send_failures += 1;
                Err(format!("websocket_send failed for {url}: {why}"))
            }
        }
    }

    /// How they are, by URL.
    pub(super) fn status(&self) -> Vec<SocketStatus> {
        let mut list: Vec<SocketStatus> = self.list.iter().map(|socket| socket.lock().clone()).collect();
        list.sort_by(|one, other| (&one.url, &one.ingress_name).cmp(&(&other.url, &other.ingress_name)));
        list
    }

    /// Let them end.
    pub(super) fn end(&self) {
        self.end.send_replace(true);
    }
}

impl Socket {
    fn lock(&self) -> MutexGuard<'_, SocketStatus> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, why: &str) {
        let mut state = self.lock();
        state.state = SocketState::Failed;
        state.last_error = Some(worded(why));
    }
}

impl Shared {
    /// Something is wrong with a socket, which is told where it is noted.
    fn socket_trouble(&self, why: &str, missing: &[Missing]) {
        self.note_socket_trouble(why, missing);
        self.lock().happen(&self.net, || What::SocketTrouble {
            why: worded(why),
            missing: missing.to_vec(),
        });
    }

    /// Something is wrong with a socket.
    fn note_socket_trouble(&self, why: &str, missing: &[Missing]) {
        let why = worded(why);
        let mut desk = self.lock();
        desk.note(DiagnosticKind::ServiceWebSocketError, &why);
        desk.last_error = Some(why);
        if !missing.is_empty() {
            desk.metrics.denied += 1;
        }
    }
}

/// One line, without credentials.
fn worded(message: &str) -> String {
    bounded(&redacted(message), MESSAGE_BYTES).into_owned()
}
