//! Who a plugin reaches: servers on loopback that say what they are told to, and keep what they were told.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use tungstenite::{Message, WebSocket};

use crate::{Checked, Context, Stop};

/// How long a peer waits for the other side before it gives up: longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long is waited for a host to do what it does by itself: to connect, to send. It takes some milliseconds, and
/// half a second where it connects again.
const BY_ITSELF: Duration = Duration::from_secs(5);

/// A server on loopback. It ends with this.
pub(crate) struct Peer {
    pub(crate) port: u16,
    notes: Arc<Notes>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a server knows.
#[derive(Default)]
struct Notes {
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Default)]
struct Known {
    /// What was said to it.
    seen: Vec<String>,
    /// How many came.
    dialled: usize,
    /// How many of them shook hands.
    connected: usize,
    /// Whether it waits before it says anything.
    held: bool,
}

/// What a WebSocket server does once somebody is there.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// Send a text.
    Text(String),
    /// Send bytes.
    Binary(Vec<u8>),
    /// Send a ping.
    Ping,
    /// Wait for a text, keep it and send it back.
    Echo,
    /// Keep every text, until the other side is gone.
    Collect,
    /// Keep this, as if it had been said.
    Tell(&'static str),
    /// Close in order.
    Close,
    /// Break off.
    Break,
    /// Wait until the other side is gone.
    Linger,
}

impl Peer {
    /// Answers every request with these bytes, and keeps each request: its head, and its body where it says how long
    /// that is.
    pub(crate) fn http(answer: impl Into<Vec<u8>>) -> Result<Self, Stop> {
        let answer = answer.into();
        Self::serving(move |stream, notes| {
            let mut reader = BufReader::new(stream.try_clone()?);
            let request = read_request(&mut reader)?;
            notes.tell(request);
            let mut stream = stream;
            // Who has read enough may be gone.
            let _ = stream.write_all(&answer);
            stream.shutdown(std::net::Shutdown::Write)?;
            io::copy(&mut reader, &mut io::sink())?;
            Ok(())
        })
    }

    /// Takes every WebSocket, and does these turns with each.
    pub(crate) fn websocket(turns: Vec<Turn>) -> Result<Self, Stop> {
        Self::serving(move |stream, notes| {
            let mut socket = tungstenite::accept(stream).map_err(io::Error::other)?;
            notes.change(|known| known.connected += 1);
            notes.wait(PATIENCE, |known| !known.held);
            for turn in &turns {
                take(&mut socket, turn, &notes).map_err(io::Error::other)?;
            }
            Ok(())
        })
    }

    /// Answers every request with these bytes, over TLS, and keeps each request.
    pub(crate) fn https(settings: ServerConfig, answer: impl Into<Vec<u8>>) -> Result<Self, Stop> {
        let (settings, answer) = (Arc::new(settings), answer.into());
        Self::serving(move |stream, notes| {
            let connection = ServerConnection::new(Arc::clone(&settings)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            // It fails where the other side does not believe us.
            let request = read_request(&mut BufReader::new(&mut stream))?;
            notes.tell(request);
            stream.write_all(&answer)?;
            stream.conn.send_close_notify();
            stream.flush()
        })
    }

    /// Takes connections and breaks them off at once.
    pub(crate) fn rude() -> Result<Self, Stop> {
        Self::serving(|stream, _| {
            drop(stream);
            Ok(())
        })
    }

    /// What was said to it so far: requests, or texts.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.notes.lock().seen.clone()
    }

    /// How often it was dialled.
    pub(crate) fn connections(&self) -> usize {
        self.notes.lock().dialled
    }

    /// Say nothing to anybody, until it is [let go on](Peer::release).
    pub(crate) fn hold(&self) {
        self.notes.change(|known| known.held = true);
    }

    /// Go on.
    pub(crate) fn release(&self) {
        self.notes.change(|known| known.held = false);
    }

    /// Wait until what was said to it is as it should be.
    pub(crate) fn wait_for(
        &self,
        context: &Context,
        what: &str,
        is_so: impl Fn(&[String]) -> bool,
    ) -> Checked {
        self.wait(context, what, |known| is_so(&known.seen))
    }

    /// Wait until somebody is there.
    pub(crate) fn wait_connected(&self, context: &Context) -> Checked {
        self.wait(context, "a connection", |known| known.connected > 0)
    }

    fn wait(&self, context: &Context, what: &str, is_so: impl Fn(&Known) -> bool) -> Checked {
        let time = BY_ITSELF.min(context.remaining());
        crate::expect(
            self.notes.wait(time, is_so),
            || format!("{what} within {BY_ITSELF:?}"),
            || "none".to_owned(),
        )
    }

    fn serving(
        serve: impl Fn(TcpStream, Arc<Notes>) -> io::Result<()> + Clone + Send + 'static,
    ) -> Result<Self, Stop> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            let port = listener.local_addr()?.port();
            Ok((listener, port))
        });
        let (listener, port) =
            bound.map_err(|error| Stop::Harness(format!("there is no port on loopback: {error}")))?;
        let notes = Arc::new(Notes::default());
        let ended = Arc::new(AtomicBool::new(false));
        let (kept, over) = (Arc::clone(&notes), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(stream), serve, kept) = (stream, serve.clone(), Arc::clone(&kept)) else {
                    continue;
                };
                kept.change(|known| known.dialled += 1);
                let _ = stream.set_read_timeout(Some(PATIENCE));
                // What becomes of a connection shows at its other end.
                std::thread::spawn(move || serve(stream, kept));
            }
        });
        Ok(Self {
            port,
            notes,
            ended,
            thread: Some(thread),
        })
    }
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn tell(&self, said: impl Into<String>) {
        self.change(|known| known.seen.push(said.into()));
    }

    /// Wait until that is so; whether it is.
    fn wait(&self, time: Duration, is_so: impl Fn(&Known) -> bool) -> bool {
        let until = Instant::now() + time;
        let mut known = self.lock();
        while !is_so(&known) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(known, left);
            known = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.release();
        self.ended.store(true, Ordering::Release);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An answer that closes the connection.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

fn read_request(reader: &mut impl BufRead) -> io::Result<String> {
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        request.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.push_str(&String::from_utf8_lossy(&body));
    Ok(request)
}

fn take(socket: &mut WebSocket<TcpStream>, turn: &Turn, notes: &Notes) -> tungstenite::Result<()> {
    match turn {
        Turn::Text(text) => socket.send(Message::text(text.clone())),
        Turn::Binary(bytes) => socket.send(Message::binary(bytes.clone())),
        Turn::Ping => socket.send(Message::Ping(vec![1].into())),
        Turn::Echo => loop {
            if let Message::Text(text) = socket.read()? {
                notes.tell(text.as_str());
                return socket.send(Message::Text(text));
            }
        },
        Turn::Collect => {
            while let Ok(message) = socket.read() {
                if let Message::Text(text) = message {
                    notes.tell(text.as_str());
                }
            }
            Ok(())
        }
        Turn::Tell(text) => {
            notes.tell(*text);
            Ok(())
        }
        Turn::Close => {
            socket.close(None)?;
            while socket.read().is_ok() {}
            Ok(())
        }
        Turn::Break => {
            let _ = socket.get_mut().shutdown(std::net::Shutdown::Both);
            Ok(())
        }
        Turn::Linger => {
            while socket.read().is_ok() {}
            Ok(())
        }
    }
}
