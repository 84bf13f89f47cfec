//! Who a plugin reaches: servers on loopback that say what they are told to, and keep what they were told.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tungstenite::{Message, WebSocket};

use crate::Stop;

/// How long a peer waits for the other side before it gives up: longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on loopback. It ends with this.
pub(crate) struct Peer {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
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
        Self::serving(move |stream, seen| {
            let mut reader = BufReader::new(stream.try_clone()?);
            let request = read_request(&mut reader)?;
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
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
        Self::serving(move |stream, seen| {
            let mut socket = tungstenite::accept(stream).map_err(io::Error::other)?;
            for turn in &turns {
                take(&mut socket, turn, &seen).map_err(io::Error::other)?;
            }
            Ok(())
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
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serving(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> io::Result<()> + Clone + Send + 'static,
    ) -> Result<Self, Stop> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            let port = listener.local_addr()?.port();
            Ok((listener, port))
        });
        let (listener, port) =
            bound.map_err(|error| Stop::Harness(format!("there is no port on loopback: {error}")))?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (kept, over) = (Arc::clone(&seen), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(stream), serve, kept) = (stream, serve.clone(), Arc::clone(&kept)) else {
                    continue;
                };
                let _ = stream.set_read_timeout(Some(PATIENCE));
                // What becomes of a connection shows at its other end.
                std::thread::spawn(move || serve(stream, kept));
            }
        });
        Ok(Self {
            port,
            seen,
            ended,
            thread: Some(thread),
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
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

fn take(
    socket: &mut WebSocket<TcpStream>,
    turn: &Turn,
    seen: &Mutex<Vec<String>>,
) -> tungstenite::Result<()> {
    match turn {
        Turn::Text(text) => socket.send(Message::text(text.clone())),
        Turn::Binary(bytes) => socket.send(Message::binary(bytes.clone())),
        Turn::Ping => socket.send(Message::Ping(vec![1].into())),
        Turn::Echo => loop {
            if let Message::Text(text) = socket.read()? {
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(text.to_string());
                return socket.send(Message::Text(text));
            }
        },
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
