//! The task of one socket: it connects, listens, sends, and connects again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant as Tick;

use super::{Job, Socket, SocketState, worded};
use crate::Profile;
use crate::authority::Missing;
use crate::imports::Destination;
use crate::imports::websocket::wire::{self, Fault, Received, Stream};
use crate::limits::{
    SOCKET_FRAMES_PER_RECEIVE, SOCKET_HELD, SOCKET_PAUSE, SOCKET_PAUSE_AT_MOST, SOCKET_SILENCE,
};
use crate::plugin::service::Backoff;
use crate::plugin::service::charter::Event;
use crate::plugin::service::happening::What;
use crate::plugin::service::refusal::Refusal;
use crate::plugin::service::shared::Shared;
use crate::plugin::service::status::DiagnosticKind;
use crate::plugin::service::ticket::Ticket;
use crate::plugin::service::time::timestamp;
use crate::world::Pending;

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
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) socket: Arc<Socket>,
    pub(super) to: Destination,
    pub(super) sends: mpsc::Receiver<Job>,
    pub(super) end: watch::Receiver<bool>,
    /// Which kinds of events the ingress takes; any, if there are none.
    pub(super) kinds: Vec<String>,
    /// Connections in a row that did not hold.
    pub(super) failures: u32,
}

const BACKOFF: Backoff = Backoff {
    first: SOCKET_PAUSE,
    most: SOCKET_PAUSE_AT_MOST,
};

impl Keeper {
    /// Keep it for as long as the service wants it. It is told when it was dialled for the first time.
    pub(super) async fn keep(mut self, dialled: oneshot::Sender<()>) {
        self.run(dialled).await;
        let mut state = self.socket.lock();
        if matches!(state.state, SocketState::Connecting | SocketState::Connected) {
            state.state = SocketState::Closed;
        }
    }

    /// Connect, and listen, and connect again.
    async fn run(&mut self, dialled: oneshot::Sender<()>) {
        let net = self.shared.net.clone();
        let mut dialled = Some(dialled);
        loop {
            self.go(SocketState::Connecting, Change::default());
            let opening = wire::open(net.clone(), self.to.clone());
            let Some(opened) = self.without(opening).await else {
                return;
            };
            let connected_at = net.now();
            let again_in = match opened {
                Ok(mut stream) => {
                    self.go(SocketState::Connected, Change::default());
                    if let Some(dialled) = dialled.take() {
                        // It fails where nobody waits for it.
                        let _ = dialled.send(());
                    }
                    let Some(again_in) = self.listen(&mut stream, connected_at).await else {
                        // The other side is gone if it fails.
                        let _ = wire::close(&mut stream, net.times().close).await;
                        return;
                    };
                    again_in
                }
                Err(fault) => {
                    let again_in = self.again_in(connected_at);
                    self.not_opened(fault, again_in);
                    if let Some(dialled) = dialled.take() {
                        let _ = dialled.send(());
                    }
                    again_in
                }
            };
            let Some(pause) = again_in else { return };
            if self.without(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// After which pause it is connected again that was lost just now, or not had. None where it stays lost.
    fn again_in(&mut self, connected_at: Instant) -> Option<Duration> {
        let net = &self.shared.net;
        match self.shared.profile {
            Profile::Documented => {}
            Profile::Yoi => return None,
        }
        let held = net.now().saturating_duration_since(connected_at) >= SOCKET_HELD;
        self.failures = if held { 1 } else { self.failures.saturating_add(1) };
        Some(BACKOFF.pause(self.failures, net.random()))
    }

    fn not_opened(&self, fault: Fault, again_in: Option<Duration>) {
        let shown = &self.to.shown;
        let why = fault.message(shown);
        let missing = fault
            .denial()
            .map_or_else(Vec::new, |denial| denial.lines().to_vec());
        let noted = format!("host-owned WebSocket open failed for {shown}: {why}");
        self.shared.note_socket_trouble(&noted, &missing);
        let change = Change {
            why: Some(why),
            noted: Some(noted),
            missing,
            again_in,
        };
        self.go(SocketState::Failed, change);
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

    /// Hand on what comes until the connection is over, and that as well. When it is to be connected again; none where
    /// the service has enough.
    async fn listen(&mut self, stream: &mut Stream, connected_at: Instant) -> Option<Option<Duration>> {
        let url = self.socket.url.clone();
        let ended = self.talk(stream).await;
        let (kind, payload, state, change) = match ended {
            Ended::Enough => return None,
            Ended::Closed => {
                let reason = "host-owned WebSocket closed by peer";
                let change = Change {
                    why: Some("the other side closed it".to_owned()),
                    noted: Some(reason.to_owned()),
                    ..Change::default()
                };
                let payload = json!({ "url": url, "reason": reason });
                ("websocket_close", payload, SocketState::Closed, change)
            }
            Ended::Broken(why) => {
                let why = worded(&why);
                let payload = json!({ "url": url, "error": why });
                let change = Change {
                    why: Some(why),
                    ..Change::default()
                };
                ("websocket_error", payload, SocketState::Failed, change)
            }
        };
        let again_in = self.again_in(connected_at);
        self.go(state, Change { again_in, ..change });
        if let Some(sending) = self.event(kind, payload) {
            let sent = self.without(sending).await?;
            self.sent(sent);
        }
        Some(again_in)
    }

    async fn talk(&mut self, stream: &mut Stream) -> Ended {
        let times = self.shared.net.times().clone();
        // An event that is on its way into the queue. Nothing is read while it waits.
        let mut sending: Option<Pending<'static, Result<Ticket, Refusal>>> = None;
        let mut patience = Patience::new();
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
                    // What came meanwhile was not looked at.
                    patience = Patience::new();
                }
                next = wire::next(stream, times.send), if sending.is_none() => match next {
                    Ok(Some(Received::Text(text))) => {
                        patience = Patience::new();
                        let mut state = self.socket.lock();
                        state.received_text_frames += 1;
                        state.last_frame_at = Some(timestamp(self.shared.net.wall()));
                        drop(state);
                        let payload = json!({ "url": self.socket.url, "text": text });
                        sending = self.event("websocket_text", payload);
                    }
                    Ok(Some(Received::Closed)) => return Ended::Closed,
                    Ok(None) => {
                        if let Err(fault) = patience.control_frame(times.receive) {
                            return Ended::Broken(fault.to_string());
                        }
                    }
                    Err(fault) => return Ended::Broken(fault.to_string()),
                },
                () = tokio::time::sleep_until(patience.until), if sending.is_none() => {
                    let asked = std::mem::replace(&mut patience, Patience::asked()).asked;
                    match self.shared.profile {
                        Profile::Documented if asked => {
                            return Ended::Broken(format!("nothing came for {:?}", 2 * SOCKET_SILENCE));
                        }
                        Profile::Documented => {
                            if let Err(fault) = wire::ping(stream, times.send).await {
                                return Ended::Broken(fault.to_string());
                            }
                        }
                        // It waits for ever.
                        Profile::Yoi => {}
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
        Some(Box::pin(async move {
            shared.send(event, shared.options.sources_when_full).await
        }))
    }

    /// That it was refused was told where it was.
    fn sent(&self, sent: Result<Ticket, Refusal>) {
        if let Err(refusal) = sent {
            self.socket.lock().queue_drops += 1;
            let why = format!("host-owned WebSocket ingress drop: {refusal}");
            self.shared.note_socket_trouble(&why, &[]);
        }
    }

    fn go(&self, to: SocketState, change: Change) {
        let Change {
            why,
            noted,
            missing,
            again_in,
        } = change;
        let why = why.map(|why| worded(&why));
        // What the contract words is noted in its words.
        let noted = noted.map(|noted| worded(&noted)).or_else(|| why.clone());
        let mut state = self.socket.lock();
        state.state = to;
        if noted.is_some() {
            state.last_error.clone_from(&noted);
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
                noted.as_deref().unwrap_or("connected")
            );
            desk.note(kind, &message);
        }
        desk.happen(&self.shared.net, || What::Socket {
            url: shown.clone(),
            ingress: self.socket.ingress.clone(),
            state: to,
            why,
            missing,
            again_in,
        });
    }
}

/// What there is to say of a change.
#[derive(Debug, Default)]
struct Change {
    why: Option<String>,
    /// The same as status and diagnostics have it, where that is different.
    noted: Option<String>,
    missing: Vec<Missing>,
    again_in: Option<Duration>,
}

/// How long it is waited for the other side, and with how many frames that say nothing.
struct Patience {
    until: Tick,
    /// Whether it was asked.
    asked: bool,
    /// Frames that said nothing, since then.
    control: (usize, Tick),
}

impl Patience {
    fn new() -> Self {
        let now = Tick::now();
        Self {
            until: now + SOCKET_SILENCE,
            asked: false,
            control: (0, now),
        }
    }

    fn asked() -> Self {
        Self {
            asked: true,
            ..Self::new()
        }
    }

    /// The other side is there, and says nothing. It may not do so all the time: so many times in `window`.
    fn control_frame(&mut self, window: Duration) -> Result<(), Fault> {
        let (count, since) = self.control;
        let now = Tick::now();
        let (count, since) = if now - since < window {
            (count, since)
        } else {
            (0, now)
        };
        if count + 1 == SOCKET_FRAMES_PER_RECEIVE {
            return Err(Fault::ControlFrames);
        }
        *self = Self {
            control: (count + 1, since),
            ..Self::new()
        };
        Ok(())
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
