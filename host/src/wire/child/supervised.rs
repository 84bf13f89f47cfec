//! The child, from its start to its end.

use std::future::pending;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep_until, timeout};

use super::bond::mark;
use super::ending::{EndedBy, Ending, How, how};
use super::launch::{Launch, StartError};
use super::tail::Tail;
use super::tree::Tree;
use crate::limits::{CHILD_DRAIN, CHILD_GONE_TIME, CHILD_LINE_BYTES, CHILD_STDERR_BYTES, WIRE_READ_BYTES};
use crate::wire::{Line, Lines};

/// How much time a child is given to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell {
    /// From when its standard input is closed until it is asked to end.
    pub alone: Duration,
    /// From then until it is killed.
    pub asked: Duration,
}

/// A running child.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    tree: Tree,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    lines: Lines,
    tail: Tail,
    /// What it is yet to be told.
    outgoing: Outgoing,
    status: Option<ExitStatus>,
    /// After it ended: until when its output is waited for. Somebody else may hold the pipe open.
    drained: Option<Instant>,
    /// Whether all that it said was heard.
    silent: bool,
    /// Whether nothing of it is left.
    gone: bool,
    buffer: Box<[u8]>,
}

#[derive(Debug, Default)]
struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
    no_more: bool,
}

impl Child {
    /// Start one. Needs a runtime of tokio.
    ///
    /// # Errors
    ///
    /// Where there is no such program or folder, or the system refuses.
    pub fn start(launch: &Launch) -> Result<Self, StartError> {
        let mark = mark();
        let mut process = launch.spawn(&mark)?;
        let root = process.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let root = root.expect("a child that was not waited for has a number");
        Ok(Self {
            tree: Tree::new(root, mark),
            stdin: process.stdin.take(),
            stdout: process.stdout.take().expect("a pipe"),
            stderr: process.stderr.take(),
            process,
            lines: Lines::new(CHILD_LINE_BYTES),
            tail: Tail::of(CHILD_STDERR_BYTES),
            outgoing: Outgoing::default(),
            status: None,
            drained: None,
            silent: false,
            gone: false,
            buffer: vec![0; WIRE_READ_BYTES].into(),
        })
    }

    /// Its process number, until it has ended.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Say a line. It is written while somebody listens.
    pub fn say(&mut self, line: &str) {
        self.outgoing.bytes.extend_from_slice(line.as_bytes());
        self.outgoing.bytes.push(b'\n');
    }

    /// Say something that is no line.
    pub fn say_bytes(&mut self, bytes: &[u8]) {
        self.outgoing.bytes.extend_from_slice(bytes);
    }

    /// Nothing more will be said: its standard input ends after what was said.
    pub fn say_no_more(&mut self) {
        self.outgoing.no_more = true;
        self.close_when_written();
    }

    /// The next line that it says; none when it has said its last. May be dropped and called again at any time.
    ///
    /// # Errors
    ///
    /// Where its output cannot be read.
    pub async fn hear(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(Some(line));
            }
            if self.silent {
                return Ok(None);
            }
            self.turn().await?;
        }
    }

    /// Whatever comes first: something read, written or drained, or the end.
    async fn turn(&mut self) -> io::Result<()> {
        let Self {
            process,
            stdin,
            stdout,
            stderr,
            outgoing,
            ..
        } = self;
        let mut errors = [0; 1024];
        let drained = self.drained;
        // In this order: what was said before the end is heard before it.
        tokio::select! {
            biased;
            read = stdout.read(&mut self.buffer) => match read? {
                0 => {
                    self.silent = true;
                    self.lines.finish();
                }
                read => self.lines.push(&self.buffer[..read]),
            },
            read = read_from(stderr, &mut errors) => match read {
                Ok(read @ 1..) => self.tail.push(&errors[..read]),
                _ => self.stderr = None,
            },
            wrote = write_to(stdin, &outgoing.bytes[outgoing.written..]) => {
                match wrote {
                    Ok(wrote @ 1..) => self.outgoing.written += wrote,
                    // It does not want to hear. What it says counts.
                    _ => self.stdin = None,
                }
                self.close_when_written();
            }
            status = process.wait(), if self.status.is_none() => {
                self.status = Some(status?);
                self.drained = Some(Instant::now() + CHILD_DRAIN);
            }
            () = at(drained) => {
                self.silent = true;
                self.lines.finish();
            }
        }
        Ok(())
    }

    fn close_when_written(&mut self) {
        if self.stdin.is_none() || self.outgoing.written == self.outgoing.bytes.len() {
            self.outgoing.bytes.clear();
            self.outgoing.written = 0;
            if self.outgoing.no_more {
                self.stdin = None;
            }
        }
    }

    /// Take it down, all of it, and say how it ended. What it says meanwhile is not heard.
    pub async fn end(mut self, farewell: Farewell) -> Ending {
        self.stdin = None;
        let by = self.take_down(farewell).await;
        if self.status.is_some() {
            let tree = self.tree.clone();
            // It reads `/proc`, which takes a millisecond or a few, and waits.
            let cleared = tokio::task::spawn_blocking(move || tree.clear()).await;
            self.gone = cleared.is_ok();
        }
        self.drain().await;
        Ending {
            how: self.status.map_or(How::Silent, how),
            by,
            stderr: self.tail.text(),
        }
    }

    /// The child itself, and what it took.
    async fn take_down(&mut self, farewell: Farewell) -> EndedBy {
        if self.ends_within(farewell.alone).await {
            return EndedBy::Itself;
        }
        self.tree.ask(true);
        if self.ends_within(farewell.asked).await {
            return EndedBy::Asked;
        }
        self.tree.kill(true);
        // Nothing survives that, as soon as the machine gets to it.
        let _ = self.ends_within(CHILD_GONE_TIME).await;
        EndedBy::Killed
    }

    /// Whether it is over after that time, or before.
    async fn ends_within(&mut self, time: Duration) -> bool {
        let ended = timeout(time, async {
            while self.status.is_none() && !self.unheard().await {}
        });
        let _ = ended.await;
        // A time that is over may say of a busy machine no more than that nobody has looked: so look.
        if self.status.is_none() {
            self.status = self.process.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// A turn whose lines nobody hears. True where there is nothing to be had any more.
    async fn unheard(&mut self) -> bool {
        let Self {
            process,
            stdout,
            stderr,
            ..
        } = self;
        let mut errors = [0; 1024];
        tokio::select! {
            biased;
            read = stdout.read(&mut self.buffer), if !self.silent => match read {
                Ok(1..) => {}
                _ => self.silent = true,
            },
            read = read_from(stderr, &mut errors) => match read {
                Ok(read @ 1..) => self.tail.push(&errors[..read]),
                _ => self.stderr = None,
            },
            status = process.wait() => match status {
                Ok(status) => self.status = Some(status),
                Err(_) => return true,
            },
        }
        false
    }

    /// What is still in the pipe of its standard error. Whoever might keep that open is gone by now.
    async fn drain(&mut self) {
        let mut errors = [0; 1024];
        let drained = async {
            while let Some(stderr) = &mut self.stderr {
                match stderr.read(&mut errors).await {
                    Ok(read @ 1..) => self.tail.push(&errors[..read]),
                    _ => self.stderr = None,
                }
            }
        };
        let _ = timeout(CHILD_DRAIN, drained).await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.gone {
            self.tree.kill(self.status.is_none());
        }
    }
}

async fn read_from(from: &mut Option<ChildStderr>, into: &mut [u8]) -> io::Result<usize> {
    match from {
        Some(from) => from.read(into).await,
        None => pending().await,
    }
}

async fn write_to(to: &mut Option<ChildStdin>, bytes: &[u8]) -> io::Result<usize> {
    match to {
        Some(to) if !bytes.is_empty() => to.write(bytes).await,
        _ => pending().await,
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}
