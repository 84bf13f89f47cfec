//! The other ends of scripted connections: an HTTP and a WebSocket server, each a list of what it does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::ScriptedDialer;

/// Most bytes of a request that are read: more than a host call can send.
const REQUEST_BYTES: usize = 1024 * 1024;

/// An HTTP server that gives one answer to each connection, in order. Clones share script and count.
#[derive(Debug, Clone, Default)]
pub struct HttpPeer {
    shared: Arc<Mutex<Http>>,
}

#[derive(Debug, Default)]
struct Http {
    answers: VecDeque<Vec<u8>>,
    requests: Vec<String>,
}

impl HttpPeer {
    /// One that has no answer: it hangs up.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next answer, byte for byte as it goes over the wire; then it hangs up.
    #[must_use]
    pub fn raw(self, answer: impl Into<Vec<u8>>) -> Self {
        self.lock().answers.push_back(answer.into());
        self
    }

    /// The next answer: a status and a body, with its length.
    #[must_use]
    pub fn answer(self, status: u16, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut answer = format!("HTTP/1.1 {status} \r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        self.raw(answer)
    }

    /// The requests so far, each with head and body, what is not UTF-8 replaced.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// How many answers were not asked for.
    #[must_use]
    pub fn leftovers(&self) -> usize {
        self.lock().answers.len()
    }

    async fn serve(self, mut stream: DuplexStream) {
        let mut request = Vec::new();
        while !is_whole(&request) && request.len() < REQUEST_BYTES {
            match stream.read_buf(&mut request).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        let answer = {
            let mut http = self.lock();
            http.requests.push(String::from_utf8_lossy(&request).into_owned());
            http.answers.pop_front()
        };
        if let Some(answer) = answer {
            // Whoever hung up has what it wanted.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Http> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request is there with its head and as much body as that announces.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&request[..end]);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    request.len() - (end + 4) >= length.unwrap_or(0_usize)
}

/// A WebSocket server that does one thing after the other on its first connection. Clones share script and
/// count.
#[derive(Debug, Clone, Default)]
pub struct WebsocketPeer {
    shared: Arc<Mutex<Talk>>,
}

#[derive(Debug, Default)]
struct Talk {
    steps: VecDeque<Step>,
    heard: Vec<String>,
}

#[derive(Debug, Clone)]
enum Step {
    Say(Message),
    Hear,
}

impl WebsocketPeer {
    /// One that shakes hands, and ends the connection in order.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Then it sends this text.
    #[must_use]
    pub fn say(self, text: &str) -> Self {
        self.then(Step::Say(Message::text(text)))
    }

    /// Then it sends these bytes, as a binary message.
    #[must_use]
    pub fn say_binary(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::Say(Message::binary(bytes.into())))
    }

    /// Then it sends a ping.
    #[must_use]
    pub fn ping(self) -> Self {
        self.then(Step::Say(Message::Ping(Vec::new().into())))
    }

    /// Then it waits for a text.
    #[must_use]
    pub fn hear(self) -> Self {
        self.then(Step::Hear)
    }

    /// The texts that came, in order.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        self.lock().heard.clone()
    }

    /// How many steps it did not come to.
    #[must_use]
    pub fn leftovers(&self) -> usize {
        self.lock().steps.len()
    }

    async fn serve(self, stream: DuplexStream) {
        let Ok(mut socket) = accept_async(stream).await else {
            return;
        };
        loop {
            let Some(step) = self.lock().steps.front().cloned() else {
                break;
            };
            match step {
                Step::Say(message) => {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                Step::Hear => loop {
                    match socket.next().await {
                        Some(Ok(Message::Text(text))) => {
                            self.lock().heard.push(text.to_string());
                            break;
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        _ => return,
                    }
                },
            }
            self.lock().steps.pop_front();
        }
        let _ = socket.close(None).await;
        // The other side's farewell, or its end.
        while let Some(Ok(_)) = socket.next().await {}
    }

    fn then(self, step: Step) -> Self {
        self.lock().steps.push_back(step);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Talk> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScriptedDialer {
    /// At `address`, this HTTP server.
    #[must_use]
    pub fn http(self, address: SocketAddr, peer: HttpPeer) -> Self {
        self.peer(address, move |stream| peer.clone().serve(stream))
    }

    /// At `address`, this WebSocket server.
    #[must_use]
    pub fn websocket(self, address: SocketAddr, peer: WebsocketPeer) -> Self {
        self.peer(address, move |stream| peer.clone().serve(stream))
    }
}
