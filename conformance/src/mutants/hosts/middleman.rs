//! Somebody between a host and whom it dials: what he does to the bytes is what a host would do that is broken there.
//!
//! He knows bytes, frames of WebSockets and certificates, and nothing of hosts.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use yoi_host::world::{ByteStream, Dialer, Pending, TcpDialer};

/// How long he waits for whom he stands between: longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection to loopback may take.
const CONNECTS_WITHIN: Duration = Duration::from_secs(2);

/// Most bytes of the answer to a handshake.
const HEAD_BYTES: usize = 16 * 1024;

/// What comes from the other side.
pub(super) enum Comes {
    /// A frame of a WebSocket: its first byte, and what it carries.
    Frame(u8, Vec<u8>),
    /// The end of the connection, in order or not.
    End,
}

/// First bytes of frames that are whole messages.
pub(super) const TEXT: u8 = 0x81;
pub(super) const BINARY: u8 = 0x82;
pub(super) const CLOSE: u8 = 0x88;

/// What the host gets of what comes.
type Alter = fn(Comes) -> Comes;

/// What becomes of what the host says once it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// The other side gets it.
    All,
    /// Nothing more once the other side has said this.
    NothingAfter(&'static [u8]),
    /// All but that it is over: the other side is kept until nobody is left to stand between.
    AllButTheEnd,
}

/// He who stands before some addresses, at which WebSockets are served. Others he leaves alone.
pub(super) struct Middleman {
    before: Vec<SocketAddr>,
    alter: Alter,
    says: Says,
    /// Whether an address may be dialled again.
    again: bool,
    dialled: Mutex<Vec<SocketAddr>>,
    kept: Arc<Mutex<Vec<TcpStream>>>,
}

impl Middleman {
    /// One who passes on what comes as this says.
    pub(super) fn altering(alter: Alter) -> Self {
        Self {
            before: Vec::new(),
            alter,
            says: Says::All,
            again: true,
            dialled: Mutex::default(),
            kept: Arc::default(),
        }
    }

    /// One who passes on of what the host says what this says.
    pub(super) fn passing_on(says: Says) -> Self {
        let mut middleman = Self::altering(|comes| comes);
        middleman.says = says;
        middleman
    }

    /// One who lets every address be dialled once.
    pub(super) fn once() -> Self {
        let mut middleman = Self::altering(|comes| comes);
        middleman.again = false;
        middleman
    }

    /// Where he stands.
    pub(super) fn before(mut self, addresses: Vec<SocketAddr>) -> Self {
        self.before = addresses;
        self
    }

    fn stand_before(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let mut dialled = lock(&self.dialled);
        if !self.again && dialled.contains(&address) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        dialled.push(address);
        let (alter, says, kept) = (self.alter, self.says, Arc::clone(&self.kept));
        stand_between(address, move |host, other| relay(host, other, alter, says, &kept))
    }
}

impl std::fmt::Debug for Middleman {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Middleman").finish_non_exhaustive()
    }
}

impl Dialer for Middleman {
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>> {
        match self.before.contains(&address) {
            true => dial(self.stand_before(address)),
            false => TcpDialer.dial(address),
        }
    }
}

/// Dial him in place of whom he stands before.
pub(super) fn dial(him: io::Result<SocketAddr>) -> Pending<'static, io::Result<Box<dyn ByteStream>>> {
    Box::pin(async move { TcpDialer.dial(him?).await })
}

/// An address that does this with whoever connects to it, once, and a connection to that one.
pub(super) fn stand_between(
    address: SocketAddr,
    between: impl FnOnce(TcpStream, TcpStream) -> io::Result<()> + Send + 'static,
) -> io::Result<SocketAddr> {
    let other = TcpStream::connect_timeout(&address, CONNECTS_WITHIN)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let own = listener.local_addr()?;
    thread::spawn(move || {
        let (host, _) = listener.accept()?;
        for stream in [&host, &other] {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
        }
        between(host, other)
    });
    Ok(own)
}

fn relay(
    host: TcpStream,
    other: TcpStream,
    alter: Alter,
    says: Says,
    kept: &Mutex<Vec<TcpStream>>,
) -> io::Result<()> {
    let silent = Arc::new(AtomicBool::new(false));
    if says == Says::AllButTheEnd {
        lock(kept).push(other.try_clone()?);
    }
    let (from, to, deaf) = (host.try_clone()?, other.try_clone()?, Arc::clone(&silent));
    thread::spawn(move || up(from, to, says, &deaf));
    down(other, host, alter, says, &silent)
}

/// What the host says.
fn up(mut host: TcpStream, mut other: TcpStream, says: Says, silent: &AtomicBool) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    let keeps = says == Says::AllButTheEnd;
    loop {
        let count = host.read(&mut bytes).unwrap_or(0);
        if count == 0 {
            break;
        }
        // A frame is written at once; the end is a frame of its own.
        let is_end = keeps && bytes[0] == CLOSE;
        if !is_end && !silent.load(Ordering::Acquire) {
            other.write_all(&bytes[..count])?;
        }
    }
    match keeps {
        true => Ok(()),
        false => other.shutdown(Shutdown::Write),
    }
}

/// What the other side says.
fn down(
    mut other: TcpStream,
    mut host: TcpStream,
    alter: Alter,
    says: Says,
    silent: &AtomicBool,
) -> io::Result<()> {
    let head = read_head(&mut other)?;
    host.write_all(&head)?;
    loop {
        let comes = read_frame(&mut other).unwrap_or(Comes::End);
        let is_over = matches!(comes, Comes::End);
        if let (Comes::Frame(_, payload), Says::NothingAfter(words)) = (&comes, says)
            && payload == words
        {
            silent.store(true, Ordering::Release);
        }
        match alter(comes) {
            Comes::Frame(first, payload) => write_frame(&mut host, first, &payload)?,
            Comes::End => return host.shutdown(Shutdown::Both),
        }
        if is_over {
            return host.shutdown(Shutdown::Write);
        }
    }
}

/// The head of an answer, or what there is of it.
fn read_head(other: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES && other.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    Ok(head)
}

/// A frame of a server, which masks nothing.
fn read_frame(other: &mut TcpStream) -> io::Result<Comes> {
    let mut head = [0; 2];
    other.read_exact(&mut head)?;
    let length = match head[1] {
        126 => {
            let mut length = [0; 2];
            other.read_exact(&mut length)?;
            u64::from(u16::from_be_bytes(length))
        }
        127 => {
            let mut length = [0; 8];
            other.read_exact(&mut length)?;
            u64::from_be_bytes(length)
        }
        length => u64::from(length),
    };
    let mut payload = Vec::new();
    other.take(length).read_to_end(&mut payload)?;
    match u64::try_from(payload.len()) {
        Ok(came) if came == length => Ok(Comes::Frame(head[0], payload)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn write_frame(host: &mut TcpStream, first: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(u8::try_from(length).unwrap_or(0)),
        length => match u16::try_from(length) {
            Ok(length) => {
                frame.push(126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(127);
                frame.extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
            }
        },
    }
    frame.extend(payload);
    host.write_all(&frame)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
