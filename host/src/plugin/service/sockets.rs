//! WebSockets that the host holds for a plugin: the sources of its ingresses.
//!
//! Each has a task of its own on the network's runtime. It connects, hands on what comes as events, sends what
//! commands ask it to, and, where the connection is lost, connects again after a pause. While an event of it waits
//! for room in the queue it reads nothing: what a peer sends then waits in the peer's own buffers.
//!
//! In profile `yoi` it is as in the yoi host: an ingress is dialled whether it was granted or not, one after the
//! other while the service starts; of two with the same URL only the last can be seen or sent to; and a connection
//! that is lost stays lost. One thing is better there as well: what cannot be seen any more ends with the service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use super::Backoff;
use super::charter::{Charter, Event};
use super::desk::Shared;
use super::happening::What;
use super::refusal::Refusal;
use super::status::DiagnosticKind;
use super::ticket::Ticket;
use super::time::timestamp;
use crate::Profile;
use crate::authority::{Authority, Ingress, Missing, Surface};
use crate::imports::websocket::wire::{self, Fault, Received, Stream};
use crate::imports::{Destination, HostError, Protocol, redacted};
use crate::limits::{
    MESSAGE_BYTES, SOCKET_HELD, SOCKET_PAUSE, SOCKET_PAUSE_AT_MOST, SOCKET_SENDS_WAITING, SOCKETS,
};
use crate::text::bounded;
use crate::world::{Net, Pending};

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
    /// The other side ended it.
    Closed,
    /// It could not be connected, or broke.
    Failed,
}

/// A source of an ingress that names a WebSocket.
#[derive(Debug)]
struct Source<'a> {
    ingress: &'a Ingress,
    source: &'a str,
}

/// How a conversation ended.
enum Ended {
    /// The service wants no more of it.
    Enough,
    /// The other side said farewell.
    Closed,
    /// It broke.
    Broken(String),
}

/// What a task does its work with.
struct Keeper {
    shared: Arc<Shared>,
    socket: Arc<Socket>,
    to: Destination,
    sends: mpsc::Receiver<Job>,
    end: watch::Receiver<bool>,
    /// Which kinds of events the ingress takes; any, if there are none.
    kinds: Vec<String>,
}

const BACKOFF: Backoff = Backoff {
    first: SOCKET_PAUSE,
    most: SOCKET_PAUSE_AT_MOST,
};

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
                let url = crate::authority::shown_url(&url);
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

impl Keeper {
    /// Connect, and listen, and connect again.
    async fn keep(mut self, dialled: oneshot::Sender<()>) {
        let net = self.shared.net.clone();
        let mut dialled = Some(dialled);
        let mut failures = 0;
        loop {
            self.go(SocketState::Connecting, None);
            let opening = wire::open(net.clone(), self.to.clone());
            let Some(opened) = self.without(opening).await else {
                return;
            };
            let connected_at = net.now();
            match opened {
                Ok(mut stream) => {
                    self.go(SocketState::Connected, None);
                    if let Some(dialled) = dialled.take() {
                        // It fails where nobody waits for it.
                        let _ = dialled.send(());
                    }
                    if self.listen(&mut stream).await.is_none() {
                        // The other side is gone if it fails.
                        let _ = wire::close(&mut stream, net.times().close).await;
                        return;
                    }
                }
                Err(fault) => {
                    let shown = self.to.shown.clone();
                    let why = fault.message(&shown);
                    let missing = fault
                        .denial()
                        .map_or_else(Vec::new, |denial| denial.lines().to_vec());
                    let why = format!("host-owned WebSocket open failed for {shown}: {why}");
                    self.shared.socket_trouble(&why, &missing);
                    self.go(SocketState::Failed, Some(why));
                    if let Some(dialled) = dialled.take() {
                        let _ = dialled.send(());
                    }
                }
            }
            match self.shared.profile {
                Profile::Documented => {}
                // What is lost stays lost.
                Profile::Yoi => return,
            }
            let held = net.now().saturating_duration_since(connected_at) >= SOCKET_HELD;
            failures = if held { 1 } else { failures + 1 };
            let pause = tokio::time::sleep(BACKOFF.pause(failures, net.random()));
            if self.without(pause).await.is_none() {
                return;
            }
        }
    }

    /// Do something without a connection: nothing can be sent meanwhile. None where the service has enough.
    async fn without<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = over(&mut self.end) => return None,
                done = &mut work => return Some(done),
                Some(job) = self.sends.recv() => {
                    // It fails where nobody waits for it any more.
                    let _ = job.done.send(Err("the connection was lost".to_owned()));
                }
            }
        }
    }

    /// Hand on what comes until the connection is over, and that as well. None where the service has enough.
    async fn listen(&mut self, stream: &mut Stream) -> Option<()> {
        let url = self.socket.url.clone();
        let ended = self.talk(stream).await;
        let (kind, payload) = match ended {
            Ended::Enough => return None,
            Ended::Closed => {
                let reason = "host-owned WebSocket closed by peer";
                self.go(SocketState::Closed, Some(reason.to_owned()));
                ("websocket_close", json!({ "url": url, "reason": reason }))
            }
            Ended::Broken(why) => {
                let why = worded(&why);
                self.go(SocketState::Failed, Some(why.clone()));
                ("websocket_error", json!({ "url": url, "error": why }))
            }
        };
        if let Some(sending) = self.event(kind, payload) {
            let sent = self.without(sending).await?;
            self.sent(sent);
        }
        Some(())
    }

    async fn talk(&mut self, stream: &mut Stream) -> Ended {
        let times = self.shared.net.times().clone();
        // An event that is on its way into the queue. Nothing is read while it waits.
        let mut sending: Option<Pending<'static, Result<Ticket, Refusal>>> = None;
        loop {
            tokio::select! {
                biased;
                () = over(&mut self.end) => return Ended::Enough,
                Some(job) = self.sends.recv() => {
                    let sent = wire::send(stream, job.text, times.send).await;
                    let lost = matches!(sent, Err(Fault::Send(_)));
                    let sent = sent.map_err(|fault| fault.to_string());
                    let why = sent.as_ref().err().cloned();
                    // It fails where nobody waits for it any more.
                    let _ = job.done.send(sent);
                    if lost {
                        return Ended::Broken(why.unwrap_or_default());
                    }
                }
                sent = on_its_way(&mut sending) => {
                    sending = None;
                    self.sent(sent);
                }
                received = wire::receive(stream, times.receive, times.send), if sending.is_none() => {
                    match received {
                        Ok(Received::Text(text)) => {
                            let mut state = self.socket.lock();
                            state.received_text_frames += 1;
                            state.last_frame_at = Some(timestamp(self.shared.net.wall()));
                            drop(state);
                            let payload = json!({ "url": self.socket.url, "text": text });
                            sending = self.event("websocket_text", payload);
                        }
                        Ok(Received::Closed) => return Ended::Closed,
                        Err(Fault::ReceiveTimeout) => {}
                        Err(fault) => return Ended::Broken(fault.to_string()),
                    }
                }
            }
        }
    }

    /// An event on its way into the queue. In profile `documented`, none of a kind that the ingress does not take.
    fn event(&self, kind: &str, payload: Value) -> Option<Pending<'static, Result<Ticket, Refusal>>> {
        let taken = match self.shared.profile {
            Profile::Documented => self.kinds.is_empty() || self.kinds.iter().any(|known| known == kind),
            // It is sent, and refused.
            Profile::Yoi => true,
        };
        if !taken {
            return None;
        }
        let event = Event {
            ingress: self.socket.ingress.clone(),
            kind: kind.to_owned(),
            source: self.socket.source.clone(),
            payload,
            created_at: None,
            correlation_id: None,
            attempt: 1,
        };
        let shared = Arc::clone(&self.shared);
        Some(Box::pin(async move { shared.send(event).await }))
    }

    fn sent(&self, sent: Result<Ticket, Refusal>) {
        if let Err(refusal) = sent {
            self.socket.lock().queue_drops += 1;
            let why = format!("host-owned WebSocket ingress drop: {refusal}");
            self.shared.socket_trouble(&why, &[]);
        }
    }

    fn go(&self, to: SocketState, why: Option<String>) {
        let mut state = self.socket.lock();
        state.state = to;
        let why = why.map(|why| worded(&why));
        if why.is_some() {
            state.last_error.clone_from(&why);
        }
        drop(state);
        let kind = match to {
            SocketState::Connecting => None,
            SocketState::Connected => Some(DiagnosticKind::ServiceWebSocketConnected),
            SocketState::Closed => Some(DiagnosticKind::ServiceWebSocketClosed),
            // It was told where it happened.
            SocketState::Failed => None,
        };
        let shown = &self.to.shown;
        let mut desk = self.shared.lock();
        if let Some(kind) = kind {
            let message = format!(
                "host-owned WebSocket {shown}: {}",
                why.as_deref().unwrap_or("connected")
            );
            desk.note(kind, &message);
        }
        desk.happen(&self.shared.net, || What::Socket {
            url: shown.clone(),
            ingress: self.socket.ingress.clone(),
            state: to,
            why,
        });
    }
}

impl Shared {
    /// Something is wrong with a socket.
    fn socket_trouble(&self, why: &str, missing: &[Missing]) {
        let why = worded(why);
        let mut desk = self.lock();
        desk.note(DiagnosticKind::ServiceWebSocketError, &why);
        desk.last_error = Some(why.clone());
        if !missing.is_empty() {
            desk.metrics.denied += 1;
        }
        desk.happen(&self.net, || What::SocketTrouble {
            why,
            missing: missing.to_vec(),
        });
    }
}

/// Wait until the service has enough.
async fn over(end: &mut watch::Receiver<bool>) {
    // It fails where there is no service any more, which is the same.
    let _ = end.wait_for(|end| *end).await;
}

async fn on_its_way(
    sending: &mut Option<Pending<'static, Result<Ticket, Refusal>>>,
) -> Result<Ticket, Refusal> {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

/// All sources of all ingresses, in the order of the manifest.
fn sources(charter: &Charter) -> Vec<Source<'_>> {
    charter
        .ingresses()
        .flat_map(|ingress| {
            ingress
                .sources
                .iter()
                .map(move |source| Source { ingress, source })
        })
        .collect()
}

/// The URL of a source, if that is what it is.
fn url_of(source: &str) -> Option<Result<Url, String>> {
    let trimmed = source.trim();
    let url = match trimmed.strip_prefix("websocket:") {
        Some(url) => url.trim(),
        None if trimmed.starts_with("ws://") || trimmed.starts_with("wss://") => trimmed,
        None => return None,
    };
    if url.is_empty() {
        return Some(Err("websocket source URL is empty".to_owned()));
    }
    Some(Protocol::Websocket.parse(url).map_err(|error| error.message))
}

/// Whether a connection would be of any use to an ingress.
fn may_listen(charter: &Charter, ingress: &Ingress) -> Result<(), (String, Vec<Missing>)> {
    let name = &ingress.name;
    if let Err(denial) = charter.allows_ingress(name) {
        let why = format!("no connection is made for the ingress `{name}`: {denial}");
        return Err((why, denial.lines().to_vec()));
    }
    let kinds = &ingress.event_kinds;
    if !kinds.is_empty() && !kinds.iter().any(|kind| kind.starts_with("websocket_")) {
        let why =
            format!("no connection is made for the ingress `{name}`: it takes no events of a WebSocket");
        return Err((why, Vec::new()));
    }
    Ok(())
}

/// One line, without credentials.
fn worded(message: &str) -> String {
    bounded(&redacted(message), MESSAGE_BYTES).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_url_with_or_without_its_prefix() {
        let read = |source: &str| match url_of(source) {
            None => "ignored".to_owned(),
            Some(Ok(url)) => url.to_string(),
            Some(Err(why)) => why,
        };
        let told = [
            " websocket: wss://Chat.test:443/a?b#c ",
            "ws://chat.test",
            "wss://chat.test/x",
            "websocket:",
            "websocket:chat.test",
            "websocket:https://chat.test/",
            "websocket:wss://user@chat.test/",
            "timer:5s",
            "https://chat.test/",
        ]
        .map(|source| format!("{source:?} -> {}", read(source)));
        insta::assert_snapshot!(told.join("\n"), @r#"
        " websocket: wss://Chat.test:443/a?b#c " -> wss://chat.test/a?b
        "ws://chat.test" -> ws://chat.test/
        "wss://chat.test/x" -> wss://chat.test/x
        "websocket:" -> websocket source URL is empty
        "websocket:chat.test" -> invalid WebSocket URL: relative URL without a base
        "websocket:https://chat.test/" -> HTTP URLs are not supported by host_api.websocket
        "websocket:wss://user@chat.test/" -> WebSocket URLs with embedded credentials are not allowed
        "timer:5s" -> ignored
        "https://chat.test/" -> ignored
        "#);
    }
}
