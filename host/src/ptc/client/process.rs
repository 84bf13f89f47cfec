//! The process of a host, with a thread for each of its streams: lines for it, lines of it, and what it says besides.

use std::io::{self, BufWriter, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::limits::{PTC_LINE_BYTES, WIRE_READ_BYTES};
use crate::wire::{Line, LineReader};

/// Lines of a host that may wait for whoever drives it.
const WAITING_LINES: usize = 1024;

/// How long the last words of a host that is gone may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Bytes that are kept of the end of what a host writes to standard error.
const KEPT_STDERR: usize = 64 * 1024;

/// A process that speaks in lines. Dropped, it is killed.
pub(super) struct Process {
    child: Child,
    /// Lines for it.
    to: Option<Sender<Vec<u8>>>,
    /// Lines of it. It is over when the host's output is.
    from: mpsc::Receiver<Line>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Done when the host's standard error is over.
    stderr_over: oneshot::Receiver<()>,
}

impl Process {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for");
        };
        let (to, lines) = channel();
        let (into, from) = mpsc::channel(WAITING_LINES);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (over, stderr_over) = oneshot::channel();
        // They end with the host's ends of the pipes.
        thread::spawn(move || write_lines(stdin, &lines));
        thread::spawn(move || read_lines(stdout, &into));
        thread::spawn({
            let kept = Arc::clone(&kept);
            move || {
                keep_stderr(stderr, &kept);
                // Nobody may wait for it any more.
                let _ = over.send(());
            }
        });
        Ok(Self {
            child,
            to: Some(to),
            from,
            stderr: kept,
            stderr_over,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A line for it. That it is gone is noticed where its lines are heard.
    pub(super) fn say(&self, line: Vec<u8>) {
        if let Some(to) = &self.to {
            let _ = to.send(line);
        }
    }

    /// Its next line. None once its output is over.
    pub(super) async fn hear(&mut self) -> Option<Line> {
        self.from.recv().await
    }

    /// Say no more, and wait until its output is over, which it is when it is gone.
    pub(super) async fn gone(&mut self) {
        self.to = None;
        while self.from.recv().await.is_some() {}
    }

    /// The end of what it wrote to standard error by now.
    pub(super) fn stderr(&self) -> String {
        let kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }

    /// The same of one that is gone: its last words are on their way, unless somebody else holds that pipe.
    pub(super) async fn last_words(&mut self) -> String {
        let _ = tokio::time::timeout(LAST_WORDS, &mut self.stderr_over).await;
        self.stderr()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that is gone already cannot be killed; either way it is waited for, so that nothing is left of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_lines(stdin: ChildStdin, lines: &Receiver<Vec<u8>>) {
    let mut stdin = BufWriter::new(stdin);
    while let Ok(line) = lines.recv() {
        let mut next = Some(line);
        // Whatever waits goes out in one piece.
        while let Some(line) = next {
            if stdin
                .write_all(&line)
                .and_then(|()| stdin.write_all(b"\n"))
                .is_err()
            {
                return;
            }
            next = lines.try_recv().ok();
        }
        if stdin.flush().is_err() {
            return;
        }
    }
}

fn read_lines(stdout: ChildStdout, into: &mpsc::Sender<Line>) {
    let mut lines = LineReader::new(stdout, PTC_LINE_BYTES);
    while let Ok(Some(line)) = lines.next_line() {
        if into.blocking_send(line).is_err() {
            return;
        }
    }
}

fn keep_stderr(mut stderr: ChildStderr, kept: &Mutex<Vec<u8>>) {
    let mut bytes = [0; WIRE_READ_BYTES];
    while let Ok(read @ 1..) = stderr.read(&mut bytes) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&bytes[..read]);
        let over = kept.len().saturating_sub(KEPT_STDERR);
        kept.drain(..over);
    }
}
