//! A network of one name whose every poll is counted, and which pulls a trigger at one of them.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio_tungstenite::accept_async;
use yoi_host::engine::Cancel;
use yoi_host::world::{ByteStream, Dialer, Net, NetOptions, NetTimes, Pending, Resolver};

/// The one name, at an address of the internet that nothing is sent to.
pub(crate) const NAME: &str = "a.test";

/// Where WebSockets are served; at any other port HTTP is.
pub(crate) const SOCKET_PORT: u16 = 81;

/// Bytes that a connection holds in either direction, so few that everything takes many polls.
const PIPE_BYTES: usize = 256;

/// How long the other side may take to notice that a connection is gone, on a machine that stands still.
const NOTICED: Duration = Duration::from_secs(30);

/// The network's state. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Polled {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    polls: AtomicUsize,
    /// Near ends that are held.
    near: AtomicUsize,
    /// Far ends that are served.
    far: Mutex<usize>,
    far_ended: Condvar,
    trigger: Mutex<Option<Trigger>>,
}

/// What happens at one poll.
#[derive(Clone)]
pub(crate) struct Trigger {
    /// Which, the first being 0.
    pub(crate) at: usize,
    /// What is cancelled then; nothing, where a deadline is to be met.
    pub(crate) cancel: Option<Cancel>,
    /// Whether nothing goes on from there.
    pub(crate) stuck: bool,
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}, stuck: {}", self.at, self.stuck)
    }
}

impl Polled {
    pub(crate) fn net(&self) -> Net {
        let mut times = NetTimes::default();
        // Where the network is stuck, saying farewell is as well.
        times.close = Duration::from_millis(20);
        NetOptions::new()
            .resolver(self.clone())
            .dialer(self.clone())
            .times(times)
            .build()
    }

    /// From the next poll on, counted from 0, with this trigger or none.
    pub(crate) fn arm(&self, trigger: Option<Trigger>) {
        *self.shared.trigger.lock().unwrap() = trigger;
        self.shared.polls.store(0, Ordering::SeqCst);
    }

    /// Polls since it was armed.
    pub(crate) fn polls(&self) -> usize {
        self.shared.polls.load(Ordering::SeqCst)
    }

    /// That no connection is held any more, and that the other side of each has noticed.
    pub(crate) fn assert_closed(&self) {
        assert_eq!(self.shared.near.load(Ordering::SeqCst), 0, "connections are held");
        let far = self.shared.far.lock().unwrap();
        let waited = self
            .shared
            .far_ended
            .wait_timeout_while(far, NOTICED, |far| *far > 0);
        assert_eq!(*waited.unwrap().0, 0, "the other side is still connected");
    }
}

impl Shared {
    /// One poll. Every second one of each future goes on, so that there is a point to end it before each step.
    fn poll(&self, held_back: &mut bool, context: &mut Context<'_>) -> Poll<()> {
        let number = self.polls.fetch_add(1, Ordering::SeqCst);
        if let Some(trigger) = &*self.trigger.lock().unwrap() {
            if number == trigger.at
                && let Some(cancel) = &trigger.cancel
            {
                cancel.cancel();
            }
            if number >= trigger.at && trigger.stuck {
                return Poll::Pending;
            }
        }
        *held_back = !*held_back;
        if *held_back {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    async fn step(&self) {
        let mut held_back = false;
        poll_fn(|context| self.poll(&mut held_back, context)).await;
    }
}

impl Resolver for Polled {
    fn lookup<'a>(&'a self, name: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            self.shared.step().await;
            assert_eq!(name, NAME);
            Ok(vec![Ipv4Addr::new(93, 184, 215, 14).into()])
        })
    }
}

impl Dialer for Polled {
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            self.shared.step().await;
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            let shared = Arc::clone(&self.shared);
            *shared.far.lock().unwrap() += 1;
            tokio::spawn(async move {
                if address.port() == SOCKET_PORT {
                    echo(far).await;
                } else {
                    answer(far).await;
                }
                *shared.far.lock().unwrap() -= 1;
                shared.far_ended.notify_all();
            });
            let near: Box<dyn ByteStream> = Box::new(Near::new(near, Arc::clone(&self.shared)));
            // A connection that is made and not yet handed over is one to lose as well.
            self.shared.step().await;
            Ok(near)
        })
    }
}

/// Answer one request. It breaks off where the other side does.
async fn answer(mut stream: DuplexStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let _ = stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        .await;
}

/// Answer each text with the same.
async fn echo(stream: DuplexStream) {
    let Ok(mut socket) = accept_async(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// The near end of a connection.
struct Near {
    stream: DuplexStream,
    shared: Arc<Shared>,
    reading: bool,
    writing: bool,
}

impl Near {
    fn new(stream: DuplexStream, shared: Arc<Shared>) -> Self {
        shared.near.fetch_add(1, Ordering::SeqCst);
        Self {
            stream,
            shared,
            reading: false,
            writing: false,
        }
    }
}

impl Drop for Near {
    fn drop(&mut self) {
        self.shared.near.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AsyncRead for Near {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.shared.poll(&mut this.reading, context));
        Pin::new(&mut this.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Near {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.shared.poll(&mut this.writing, context));
        Pin::new(&mut this.stream).poll_write(context, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
