//! The protocol over a pipe, from the host's side.
//!
//! One thread reads lines, and answers what needs no engine at once; another drives the session. So requests are
//! answered while code computes, and a run that computes can be cancelled. Runs come one after the other: they
//! share a session.
//!
//! - `requests`: what the one thread does
//! - `work`: what the other does
//! - `output`: what both write

mod output;
mod requests;
mod work;

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::json;
use serde_json::value::RawValue;

use self::work::Worker;
use super::interpreter::Interpreter;
use super::protocol::{CAPABILITIES, Message, Refusal, Reply, ResultBody};
use crate::limits::{PTC_LINE_BYTES, PtcLimits};
use crate::wire::{Line, LineReader};

/// How a host of the protocol is set up.
pub struct Host<'a> {
    /// Makes the engine when it is needed first: a host greets before it has one.
    pub boot: &'a (dyn Fn() -> Result<Interpreter, String> + Sync),
    /// What the engine is called in messages.
    pub engine: &'a str,
    /// What the session and its runs may use.
    pub limits: PtcLimits,
    /// A number that tells this process from others: part of the calls' names.
    pub process: u32,
}

/// Why a host and its client did not understand each other to the end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Its requests could not be read.
    #[error("failed to read requests: {0}")]
    Read(io::Error),
    /// Something that it was to be told could not be written.
    #[error("failed to write answers: {0}")]
    Write(io::Error),
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("engine", &self.engine)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Host<'_> {
    /// Speak the protocol until `close`, or until the input is over: every request is answered by then. Lines for
    /// people go to `notes`.
    ///
    /// # Errors
    ///
    /// Where the input cannot be read, or the output not written. A client that reads no more is no error, and ends
    /// it.
    pub fn serve(
        &self,
        input: impl Read,
        output: impl Write + Send,
        notes: impl Write + Send,
    ) -> Result<(), ServeError> {
        let shared = Shared {
            host: self,
            output: Mutex::new(BufWriter::new(output)),
            notes: Mutex::new(notes),
            lost: Mutex::new(None),
            jobs: Mutex::new(Jobs::default()),
            waiting_bytes: AtomicUsize::new(0),
        };
        shared.send(&Reply::ack(&CAPABILITIES));
        shared.flush();
        thread::scope(|scope| {
            let mut lines = LineReader::new(input, PTC_LINE_BYTES);
            let mut worker: Option<Worker<'_>> = None;
            let ended = loop {
                let line = match lines.next_line() {
                    Ok(Some(line)) => line,
                    Ok(None) => break Ok(None),
                    Err(error) => break Err(error),
                };
                let message = match read(&line) {
                    Ok(message) => message,
                    Err(refusal) => {
                        shared.refuse(None, &refusal);
                        shared.flush();
                        continue;
                    }
                };
                match message {
                    // Nothing is written here: the other thread may be writing, to a client that reads on when
                    // its answer is taken.
                    Message::Answer { id, outcome } => shared.take_answer(id, outcome, worker.as_ref()),
                    Message::Request { id, method, .. } if method == "close" => break Ok(Some(id)),
                    Message::Request { id, method, params } => {
                        let id = id.as_deref();
                        match shared.request(scope, id, &method, &params, &mut worker) {
                            Ok(Some(result)) => shared.send(&Reply::success(id, ResultBody::Plain(&result))),
                            Ok(None) => continue,
                            Err(refusal) => shared.refuse(id, &refusal),
                        }
                        shared.flush();
                    }
                }
            };
            if let Some(worker) = worker {
                if let Ok(Some(_)) = &ended {
                    shared.cancel_all(&worker);
                }
                worker.close();
            }
            if let Ok(Some(id)) = &ended {
                let closed = json!({"closed": true});
                shared.send(&Reply::success(id.as_deref(), ResultBody::Plain(&closed)));
            }
            shared.flush();
            match (ended, lock(&shared.lost).take()) {
                (Err(cause), _) => Err(ServeError::Read(cause)),
                // A client that is gone wants no answers.
                (Ok(_), Some(cause)) if cause.kind() != io::ErrorKind::BrokenPipe => {
                    Err(ServeError::Write(cause))
                }
                (Ok(_), _) => Ok(()),
            }
        })
    }
}

fn read(line: &Line) -> Result<Message, Refusal> {
    match line {
        Line::Text(text) => Message::parse(text),
        Line::TooLong { bytes } => {
            let said = format!("the line has {bytes} bytes, {PTC_LINE_BYTES} are allowed");
            Err(Refusal::new("limit.line", said))
        }
        Line::NotText { .. } => Err(Refusal::new(
            "request.json",
            "invalid JSON on stdin: the line is not UTF-8",
        )),
    }
}

/// What both threads use.
struct Shared<'a, W: Write, N> {
    host: &'a Host<'a>,
    output: Mutex<BufWriter<W>>,
    notes: Mutex<N>,
    /// Why something could not be written, the first time.
    lost: Mutex<Option<io::Error>>,
    jobs: Mutex<Jobs>,
    /// Bytes of answers that the session has not taken yet.
    waiting_bytes: AtomicUsize,
}

/// The runs that wait, and the one under way.
#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    under_way: Option<Id>,
}

/// As a request has it.
type Id = Option<Box<RawValue>>;

/// A run that was asked for.
struct Job {
    id: Id,
    code: String,
    tools: Vec<String>,
    limits: PtcLimits,
}

impl<W: Write, N> Shared<'_, W, N> {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        lock(&self.jobs)
    }
}

/// What is behind a lock is whole between any two statements, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
