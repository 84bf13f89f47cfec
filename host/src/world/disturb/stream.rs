//! A connection that can be disturbed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::framing::{Framing, Wire};
use super::{Read, Switch, Write};
use crate::limits::{DISTURBED_READ_BYTES, SHORT_HANDSHAKE_READS};
use crate::world::ByteStream;

/// A connection, read and written as the switch lets it be.
///
/// While nothing is wrong it carries the same bytes. A read ends where the answer's head or a frame ends, so
/// that what a later call is to be disturbed in was not received by an earlier one. What is wrong with reading
/// is so only when something was sent: the other side has heard what it does not answer.
pub(crate) struct Disturbed {
    stream: Box<dyn ByteStream>,
    switch: Switch,
    framing: Framing,
    /// What was received from the stream, and how much of it was given.
    held: Vec<u8>,
    given: usize,
    sent: Sent,
    ended: Option<Ended>,
    pause: Pause,
}

/// Whether anything was sent on the connection.
enum Sent {
    /// Nothing, and who is to be told when it is.
    Nothing(Option<Waker>),
    /// Something that may still be on its way out, and the same.
    Begun(Option<Waker>),
    Flushed,
}

/// How the connection was ended. It stays so.
#[derive(Debug, Clone, Copy)]
enum Ended {
    Reset,
    Cut,
}

enum Pause {
    Due,
    Under(Pin<Box<Sleep>>),
    Over,
}

impl Disturbed {
    pub(crate) fn new(stream: Box<dyn ByteStream>, switch: Switch, wire: Wire) -> Self {
        Self {
            stream,
            switch,
            framing: Framing::new(wire),
            held: Vec::new(),
            given: 0,
            sent: Sent::Nothing(None),
            ended: None,
            pause: Pause::Due,
        }
    }

    /// How many bytes the next read may give; none where the connection has ended.
    fn allowed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<usize>>> {
        if let Sent::Nothing(reader) | Sent::Begun(reader) = &mut self.sent {
            *reader = Some(cx.waker().clone());
            return Poll::Ready(Ok(Some(usize::MAX)));
        }
        if self.ended.is_none() {
            match self.switch.read(self.framing.body()) {
                Read::AtMost(most) => return Poll::Ready(Ok(Some(self.shortened(most)))),
                Read::After(pause, most) => {
                    ready!(self.pause(pause, cx));
                    return Poll::Ready(Ok(Some(most)));
                }
                // Whoever waits is woken by the end of its time.
                Read::Wait => return Poll::Pending,
                Read::Reset => self.ended = Some(Ended::Reset),
                Read::End => self.ended = Some(Ended::Cut),
            }
        }
        Poll::Ready(match self.ended {
            Some(Ended::Reset) => Err(Errno::CONNRESET.into()),
            Some(Ended::Cut) | None => Ok(None),
        })
    }

    /// The WebSocket library takes a handshake in many small pieces for an attack.
    fn shortened(&self, most: usize) -> usize {
        match self.framing.handshake() {
            Some(bytes) if most == 1 && bytes >= SHORT_HANDSHAKE_READS => usize::MAX,
            _ => most,
        }
    }

    fn pause(&mut self, time: Duration, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.pause {
                Pause::Due => self.pause = Pause::Under(Box::pin(sleep(time))),
                Pause::Under(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    self.pause = Pause::Over;
                }
                Pause::Over => return Poll::Ready(()),
            }
        }
    }

    /// Have something to give, unless the stream is at its end.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.given < self.held.len() {
            return Poll::Ready(Ok(()));
        }
        let mut space = [0; DISTURBED_READ_BYTES];
        let mut read = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        self.held.clear();
        self.held.extend_from_slice(read.filled());
        self.given = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Disturbed {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(most) = ready!(this.allowed(cx))? else {
            return Poll::Ready(Ok(()));
        };
        ready!(this.fill(cx))?;
        let there = &mut this.held[this.given..];
        let most = most.min(to.remaining()).min(there.len());
        let passed = this
            .framing
            .pass(&mut there[..most], |text| this.switch.spoil(text));
        to.put_slice(&there[..passed]);
        this.given += passed;
        this.switch.received(passed);
        this.pause = Pause::Due;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Disturbed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.switch.write() {
            Write::Free => {}
            Write::Wait => return Poll::Pending,
            Write::Reset => this.ended = Some(Ended::Reset),
        }
        if let Some(Ended::Reset) = this.ended {
            return Poll::Ready(Err(Errno::CONNRESET.into()));
        }
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes))?;
        if let Sent::Nothing(reader) = &mut this.sent {
            this.sent = Sent::Begun(reader.take());
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        if let Sent::Begun(reader) = &mut this.sent {
            if let Some(reader) = reader.take() {
                reader.wake();
            }
            this.sent = Sent::Flushed;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
    use tokio::time::timeout;

    use super::*;
    use crate::world::Disturbance;

    /// On a clock that runs only while nobody has anything to do.
    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(work)
    }

    fn disturbed(wire: Wire) -> (Disturbed, tokio::io::DuplexStream, Switch) {
        let (near, far) = tokio::io::duplex(64);
        let switch = Switch::default();
        (Disturbed::new(Box::new(near), switch.clone(), wire), far, switch)
    }

    #[test]
    fn a_reader_that_waits_is_told_when_something_was_sent() {
        block_on(async {
            let (near, _far, switch) = disturbed(Wire::Http);
            switch.on(Disturbance::Reset { after: 0 });
            let (mut ear, mut mouth) = split(near);
            let reading = tokio::spawn(async move { ear.read_u8().await });
            tokio::task::yield_now().await;
            mouth.write_all(b"hello").await.unwrap();
            mouth.flush().await.unwrap();
            let read = timeout(Duration::from_secs(1), reading).await;
            let error = read.expect("it was not told").unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        });
    }

    #[test]
    fn what_ended_a_connection_outlasts_the_call() {
        block_on(async {
            for end in [Disturbance::Reset { after: 0 }, Disturbance::Cut { after: 0 }] {
                let (mut near, mut far, switch) = disturbed(Wire::WebSocket);
                near.write_all(b"hello").await.unwrap();
                near.flush().await.unwrap();
                far.write_all(b"hello").await.unwrap();
                switch.on(end);
                let first = near.read(&mut [0; 8]).await.map_err(|error| error.kind());
                assert!(switch.off());
                let second = near.read(&mut [0; 8]).await.map_err(|error| error.kind());
                assert_eq!(first, second, "{end:?}");
                let written = near.write(b"more").await.map_err(|error| error.kind());
                match end {
                    Disturbance::Cut { .. } => assert_eq!((first, written), (Ok(0), Ok(4))),
                    _ => assert_eq!(
                        (first, written),
                        (
                            Err(io::ErrorKind::ConnectionReset),
                            Err(io::ErrorKind::ConnectionReset)
                        )
                    ),
                }
            }
        });
    }

    #[test]
    fn a_pause_comes_before_every_read_of_the_body_and_none_before_the_head() {
        block_on(async {
            let (mut near, mut far, switch) = disturbed(Wire::Http);
            near.write_all(b"hello").await.unwrap();
            near.flush().await.unwrap();
            let pause = Duration::from_secs(7);
            switch.on(Disturbance::Slow { after: 2, pause });
            far.write_all(b"HTTP/1.1 200 OK\r\n\r\nabcd").await.unwrap();
            let began = tokio::time::Instant::now();
            let mut space = [0; 64];
            assert_eq!(near.read(&mut space).await.unwrap(), 19);
            assert_eq!(near.read(&mut space).await.unwrap(), 2);
            assert_eq!(began.elapsed(), Duration::ZERO);
            assert!(!switch.lock().struck);
            assert_eq!(near.read(&mut space).await.unwrap(), 2);
            assert_eq!(began.elapsed(), pause);
            far.write_all(b"ef").await.unwrap();
            assert_eq!(near.read(&mut space).await.unwrap(), 2);
            assert_eq!(began.elapsed(), 2 * pause);
        });
    }
}
