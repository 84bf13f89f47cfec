//! The connections of one instance, by number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Mutex;

use super::descriptor;
use super::wire::{self, Fault, Received, Stream};
use crate::authority::{Authority, HostApi};
use crate::imports::egress::{self, Destination};
use crate::imports::{HostError, HostErrorCode, Patience, redact};
use crate::limits::{SOCKET_FAREWELL, SOCKET_FRAME_BYTES, SOCKETS};
use crate::world::Net;

/// The connections of one instance. They are closed when it is dropped, which waits no longer than a tenth of a
/// second for the other sides: a call that is cancelled may end with its instance.
///
/// Every call waits on the thread that makes it, for as long as its own time and `patience` let it. `now` is
/// what the age of a connection is measured by. An instance makes one call at a time, so a slot that is
/// reserved while a connection is opened is never seen by another.
#[derive(Debug)]
pub struct Sockets {
    net: Net,
    open: BTreeMap<u32, Socket>,
    /// The handle that is tried next.
    pub(super) next: u32,
}

#[derive(Debug)]
struct Socket {
    /// Held by the work that uses it, which may be let go later than it is given up.
    stream: Arc<Mutex<Stream>>,
    opened: Instant,
}

#[derive(Serialize)]
struct Opened<'a> {
    handle: u32,
    url: &'a str,
}

#[derive(Serialize)]
struct Sent {
    sent: bool,
    bytes: usize,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Message {
    Text { text: String },
    Closed,
}

#[derive(Serialize)]
struct Closed {
    closed: bool,
}

impl Sockets {
    /// None yet; they will be opened on `net`.
    #[must_use]
    pub const fn new(net: Net) -> Self {
        Self {
            net,
            open: BTreeMap::new(),
            next: 1,
        }
    }

    /// How many are open, those included that the other side has closed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Open the connection that `json` describes; the answer is `{"handle", "url"}`, the URL without query.
    ///
    /// # Errors
    ///
    /// | code | what happened |
    /// |---|---|
    /// | `denied` | no manifest target or grant covers it; the name leads to an address that it may not lead to, or could not be resolved, so that nobody could judge |
    /// | `invalid`, `too_large`, `unsupported` | the description breaks a rule |
    /// | `too_many` | as many are open as may be |
    /// | `timeout` | its time, or that of the call, was over |
    /// | `unreachable` | no connection could be made |
    /// | `failed` | TLS or the handshake failed |
    pub fn open(
        &mut self,
        authority: &Authority,
        patience: &Patience,
        now: Instant,
        json: &str,
    ) -> Result<String, HostError> {
        egress::permitted(authority, HostApi::Websocket, || {
            descriptor::check_size(json).ok()?;
            authority.websocket(&descriptor::parse(json).ok()?).err()
        })?;
        descriptor::check_size(json)?;
        let url = descriptor::parse(json)?;
        let to = Destination::of_websocket(authority, &url)?;
        self.close_aged(now);
        if self.open.len() >= SOCKETS {
            let message =
                format!("host_api.websocket open connection limit ({SOCKETS}) exceeded before dialing");
            return Err(HostError::new(HostErrorCode::TooMany, message));
        }
        let shown = to.shown.clone();
        let stream = self.wait(
            patience,
            &shown,
            Fault::OpenTimeout,
            wire::open(self.net.clone(), to),
        )?;
        let handle = self.insert(stream, now);
        Ok(json_of(&Opened { handle, url: &shown }))
    }

    /// Send one text message; the answer is `{"sent", "bytes"}`.
    ///
    /// After `timeout` it may still arrive: it goes out with the next call, unless the connection is closed.
    ///
    /// # Errors
    ///
    /// `denied`, `too_large`, `unknown_handle`, `timeout` or `failed`.
    pub fn send_text(
        &mut self,
        authority: &Authority,
        patience: &Patience,
        now: Instant,
        handle: u32,
        text: &str,
    ) -> Result<String, HostError> {
        egress::permitted(authority, HostApi::Websocket, || None)?;
        if text.len() > SOCKET_FRAME_BYTES {
            let message = format!("WebSocket text frame exceeds {SOCKET_FRAME_BYTES} bytes");
            return Err(HostError::new(HostErrorCode::TooLarge, message));
        }
        let stream = self.stream(handle, now)?;
        let time = self.net.times().send;
        let (bytes, text) = (text.len(), text.to_owned());
        self.wait(patience, "", Fault::SendTimeout, async move {
            wire::send(&mut *stream.lock().await, text, time).await
        })?;
        Ok(json_of(&Sent { sent: true, bytes }))
    }

    /// Wait for the next text message; the answer is `{"type": "text", "text"}`, or `{"type": "closed"}` where
    /// the other side said farewell. A closed connection still has its slot, until the guest closes it.
    ///
    /// `timeout_ms` is bounded, and zero stands for the default. What arrives after it is received by the
    /// next call.
    ///
    /// # Errors
    ///
    /// `denied`, `unknown_handle`, `timeout`, `too_large`, `unsupported` for a binary message, or `failed`.
    pub fn recv(
        &mut self,
        authority: &Authority,
        patience: &Patience,
        now: Instant,
        handle: u32,
        timeout_ms: u32,
    ) -> Result<String, HostError> {
        egress::permitted(authority, HostApi::Websocket, || None)?;
        let stream = self.stream(handle, now)?;
        let times = self.net.times();
        let time = match timeout_ms {
            0 => times.receive,
            wanted => Duration::from_millis(wanted.into()).min(times.receive_at_most),
        };
        let pong_time = times.send;
        let received = self.wait(patience, "", Fault::ReceiveTimeout, async move {
            wire::receive(&mut *stream.lock().await, time, pong_time).await
        })?;
        Ok(json_of(&match received {
            Received::Text(text) => Message::Text { text },
            Received::Closed => Message::Closed,
        }))
    }

    /// Close a connection; the answer is `{"closed"}`, false for a handle that is not open. The handle is free
    /// in either case, and after an error as well.
    ///
    /// # Errors
    ///
    /// `denied`, `timeout` or `failed`.
    pub fn close(
        &mut self,
        authority: &Authority,
        patience: &Patience,
        now: Instant,
        handle: u32,
    ) -> Result<String, HostError> {
        egress::permitted(authority, HostApi::Websocket, || None)?;
        self.close_aged(now);
        let Some(Socket { stream, .. }) = self.open.remove(&handle) else {
            return Ok(json_of(&Closed { closed: false }));
        };
        let time = self.net.times().close;
        self.wait(patience, "", Fault::CloseTimeout, async move {
            wire::close(&mut *stream.lock().await, time).await
        })?;
        Ok(json_of(&Closed { closed: true }))
    }

    fn wait<T: Send + 'static>(
        &self,
        patience: &Patience,
        url: &str,
        late: Fault,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, HostError> {
        if self.net.late() {
            return Err(redact::error(late.code(), &late.message(url)));
        }
        match self.net.run(work, || patience.check(Instant::now())) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(fault)) => {
                let error = redact::error(fault.code(), &fault.message(url));
                Err(HostError {
                    denial: fault.denial(),
                    ..error
                })
            }
            Err(unfinished) => Err(egress::unfinished(unfinished)),
        }
    }

    /// The connection of a handle that is open and not too old.
    fn stream(&mut self, handle: u32, now: Instant) -> Result<Arc<Mutex<Stream>>, HostError> {
        self.close_aged(now);
        match self.open.get(&handle) {
            Some(socket) => Ok(Arc::clone(&socket.stream)),
            None => {
                let message = format!("unknown WebSocket handle {handle}");
                Err(HostError::new(HostErrorCode::UnknownHandle, message))
            }
        }
    }

    fn insert(&mut self, stream: Stream, now: Instant) -> u32 {
        while self.next == 0 || self.open.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let handle = self.next;
        self.next = handle.wrapping_add(1);
        let socket = Socket {
            stream: Arc::new(Mutex::new(stream)),
            opened: now,
        };
        self.open.insert(handle, socket);
        handle
    }

    /// Close those that have been open for too long. Nobody waits for it.
    fn close_aged(&mut self, now: Instant) {
        let limit = self.net.times().socket_age;
        let aged = |_: &u32, socket: &mut Socket| now.saturating_duration_since(socket.opened) >= limit;
        let time = self.net.times().close;
        for (_, socket) in self.open.extract_if(.., aged) {
            self.net.spawn(farewell(socket, time));
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let time = self.net.times().close;
        let farewells = std::mem::take(&mut self.open)
            .into_values()
            .map(|socket| farewell(socket, time))
            .collect::<Vec<_>>();
        if !farewells.is_empty() {
            // Whatever comes of it, the connections are gone.
            let began = Instant::now();
            let _ = self.net.run(join_all(farewells), || {
                if began.elapsed() < SOCKET_FAREWELL {
                    Ok(())
                } else {
                    Err(())
                }
            });
        }
    }
}

/// Close a connection that nobody will ask for any more. Work that still holds it has the same time to let go.
async fn farewell(socket: Socket, time: Duration) {
    let work = async { wire::close(&mut *socket.stream.lock().await, time).await };
    // Dropping the connection closes it as well, less politely.
    let _ = tokio::time::timeout(time, work).await;
}

fn json_of(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("numbers, text and truth values are JSON")
}
