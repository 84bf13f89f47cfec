//! The protocol over a pipe, from the host's side.
//!
//! One thread reads lines, and answers what needs no engine at once; another drives the session. So requests are
//! answered while code computes, and a run that computes can be cancelled. Runs come one after the other: they
//! share a session.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::{CallId, ToolResult};
use super::ended::Ended;
use super::envelope::Envelope;
use super::interpreter::Interpreter;
use super::protocol::{CAPABILITIES, Message, Params, Refusal, Reply, ResultBody, call_name, call_of_name};
use super::session::{Canceller, Progress, Session};
use crate::limits::{
    PTC_FAREWELL, PTC_LINE_BYTES, PTC_SHOWN_BYTES, PTC_WAITING_ANSWER_BYTES, PTC_WAITING_REQUESTS, PtcLimits,
};
use crate::text::bounded;
use crate::wire::{Line, LineReader};

/// The version that `init` answers with: that of the published protocol.
const VERSION: &str = "0.1.0";

/// What an answer counts for besides its value.
const ANSWER_BYTES: usize = 128;

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

/// What the session's thread is told.
enum Event {
    /// A call was answered.
    Answer {
        id: CallId,
        outcome: ToolResult,
        /// What it counts for.
        bytes: usize,
    },
    /// There is a job, or one is to be ended.
    Look,
    /// No more jobs and no more answers come.
    Over,
}

/// The session's thread, from outside.
struct Worker<'scope> {
    /// It never blocks: a client may write its answers before it reads on, and this thread before it takes them.
    events: Sender<Event>,
    canceller: Canceller,
    /// Disconnected when it is done.
    done: Receiver<()>,
    thread: ScopedJoinHandle<'scope, ()>,
}

impl Worker<'_> {
    /// Let it answer what it has, and wait until it has. Whoever asked may be gone, so code that still computes
    /// gets a moment and no more.
    fn close(self) {
        // If it is gone there is nothing to tell it.
        let _ = self.events.send(Event::Over);
        while let Err(RecvTimeoutError::Timeout) = self.done.recv_timeout(PTC_FAREWELL) {
            self.canceller.cancel();
        }
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

impl<W: Write + Send, N: Write + Send> Shared<'_, W, N> {
    /// Answer a request; `None` if another thread does.
    fn request<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        id: Option<&RawValue>,
        method: &str,
        params: &Params,
        worker: &mut Option<Worker<'scope>>,
    ) -> Result<Option<Value>, Refusal> {
        let lacks = |what: &str| {
            let said = format!(
                "{method} is not supported: the engine {} has no {what}",
                self.host.engine
            );
            Err(Refusal::new("unsupported", said))
        };
        match method {
            "init" => {
                let files = params.get("initialFiles");
                if files.is_some_and(|files| !matches!(files.get(), "[]" | "null")) {
                    return lacks("files (initialFiles)");
                }
                self.boot(scope, worker)?;
                Ok(Some(
                    json!({"events": [{"Version": VERSION}], "version": VERSION}),
                ))
            }
            "runPtc" => {
                let job = self.job(id, params)?;
                self.boot(scope, worker)?;
                let mut jobs = self.jobs();
                if jobs.waiting.len() >= PTC_WAITING_REQUESTS {
                    let said = format!("{PTC_WAITING_REQUESTS} runs wait already");
                    return Err(Refusal::new("limit.requests", said));
                }
                jobs.waiting.push_back(job);
                drop(jobs);
                if let Some(worker) = worker {
                    let _ = worker.events.send(Event::Look);
                }
                Ok(None)
            }
            "cancel" => {
                let Some(target) = params.get("id") else {
                    return Err(Refusal::new(
                        "request.params",
                        "cancel requires the `id` of a request",
                    ));
                };
                let cancelled = self.cancel(target, worker.as_ref());
                Ok(Some(json!({"cancelled": cancelled})))
            }
            "run" => lacks("shell"),
            "readFile" | "writeFile" | "listDir" => lacks("files"),
            "installPythonPackages" => lacks("packages to install"),
            other => {
                let said = format!("unknown method: {}", bounded(other, PTC_SHOWN_BYTES));
                Err(Refusal::new("request.method", said))
            }
        }
    }

    /// See to it that there is a session.
    fn boot<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        worker: &mut Option<Worker<'scope>>,
    ) -> Result<(), Refusal> {
        if worker.is_some() {
            return Ok(());
        }
        let interpreter = (self.host.boot)().map_err(|error| Refusal::new("engine.start", error))?;
        let session = Session::new(&interpreter, self.host.limits.clone());
        let canceller = session.canceller().clone();
        let (events, inbox) = channel();
        let (works, done) = channel();
        let thread = scope.spawn(move || {
            self.work(session, &inbox);
            drop(works);
        });
        *worker = Some(Worker {
            events,
            canceller,
            done,
            thread,
        });
        Ok(())
    }

    fn job(&self, id: Option<&RawValue>, params: &Params) -> Result<Job, Refusal> {
        let wrong = |said: &str| Refusal::new("request.params", said);
        let code = params
            .string("code")
            .ok_or_else(|| wrong("runPtc requires `code` (string)"))?;
        let tools = match params.get("tools") {
            None => Vec::new(),
            Some(tools) => serde_json::from_str(tools.get())
                .map_err(|_| wrong("runPtc `tools` must be an array of names"))?,
        };
        let mut limits = self.host.limits.clone();
        if let Some(budgets) = params.get("budgets") {
            let budgets: Option<Budgets> = serde_json::from_str(budgets.get())
                .map_err(|error| wrong(&format!("runPtc `budgets` cannot be read: {error}")))?;
            budgets.unwrap_or_default().narrow(&mut limits);
        }
        Ok(Job {
            id: id.map(ToOwned::to_owned),
            code,
            tools,
            limits,
        })
    }

    /// End a run that waits its turn or is under way. Whether there was one.
    fn cancel(&self, target: &RawValue, worker: Option<&Worker<'_>>) -> bool {
        let is_target = |id: &Id| id.as_deref().is_some_and(|id| id.get() == target.get());
        let mut jobs = self.jobs();
        if let Some(worker) = worker.filter(|_| jobs.under_way.as_ref().is_some_and(is_target)) {
            // Under the lock, so that it is this run and not the next.
            worker.canceller.cancel();
            drop(jobs);
            let _ = worker.events.send(Event::Look);
            return true;
        }
        let Some(at) = jobs.waiting.iter().position(|job| is_target(&job.id)) else {
            return false;
        };
        let job = jobs.waiting.remove(at);
        drop(jobs);
        if let Some(job) = job {
            self.finish(&job.id, &Envelope::unstarted(Ended::Cancelled));
        }
        true
    }

    /// End every run that waits its turn or is under way.
    fn cancel_all(&self, worker: &Worker<'_>) {
        let mut jobs = self.jobs();
        let waiting = mem::take(&mut jobs.waiting);
        if jobs.under_way.is_some() {
            worker.canceller.cancel();
        }
        drop(jobs);
        for job in waiting {
            self.finish(&job.id, &Envelope::unstarted(Ended::Cancelled));
        }
    }

    fn take_answer(&self, id: Option<Value>, outcome: ToolResult, worker: Option<&Worker<'_>>) {
        let name = id.as_ref().and_then(Value::as_str);
        let call = name.and_then(|name| call_of_name(self.host.process, name));
        match (call, worker) {
            (Some(id), Some(worker)) => {
                let bytes = ANSWER_BYTES + outcome.as_ref().map_or(0, |value| value.get().len());
                let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
                if waiting + bytes > PTC_WAITING_ANSWER_BYTES {
                    self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                    let name = call_name(self.host.process, id);
                    self.note(&format!("host_call_result for {name} dropped: too much waits"));
                    return;
                }
                let _ = worker.events.send(Event::Answer { id, outcome, bytes });
            }
            _ => {
                let id = id.map_or_else(
                    || "undefined".to_owned(),
                    |id| match id {
                        Value::String(name) => name,
                        other => other.to_string(),
                    },
                );
                self.note(&format!("host_call_result for unknown id {id}"));
            }
        }
    }

    /// The session's thread: drive runs until there are none and none will come.
    fn work(&self, mut session: Session, inbox: &Receiver<Event>) {
        let mut over = false;
        let mut under_way: Option<Job> = None;
        loop {
            under_way = match under_way.take() {
                Some(job) => self.drive(&mut session, job, over),
                None => match self.next_job() {
                    Some(job) => self.start(&mut session, job),
                    None if over => return,
                    None => None,
                },
            };
            if under_way.is_none() && !self.jobs().waiting.is_empty() {
                continue;
            }
            if over {
                // Nobody answers any more: only time goes on.
                match (&under_way, session.due()) {
                    (None, _) | (_, None) => {}
                    (Some(_), Some(due)) => thread::sleep(due.saturating_duration_since(Instant::now())),
                }
                continue;
            }
            over = self.listen(&mut session, inbox);
        }
    }

    /// Take what comes, until there is something to go on with. Whether it was the last.
    fn listen(&self, session: &mut Session, inbox: &Receiver<Event>) -> bool {
        let first = match session.due() {
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => inbox.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        let mut event = match first {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        };
        loop {
            match event {
                Event::Answer { id, outcome, bytes } => {
                    self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                    if let Err(refused) = session.answer(id, outcome, Instant::now()) {
                        let name = call_name(self.host.process, id);
                        self.note(&format!("host_call_result for unknown id {name}: {refused}"));
                    }
                }
                Event::Look => {}
                Event::Over => return true,
            }
            // Whatever has come meanwhile is taken with it: the engine is entered once.
            event = match inbox.try_recv() {
                Ok(event) => event,
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            };
        }
    }

    /// The next job, under way from here on.
    fn next_job(&self) -> Option<Job> {
        let mut jobs = self.jobs();
        let job = jobs.waiting.pop_front()?;
        jobs.under_way = Some(job.id.clone());
        Some(job)
    }

    fn start(&self, session: &mut Session, job: Job) -> Option<Job> {
        match session.start_with(&job.code, &job.tools, job.limits.clone(), Instant::now()) {
            Ok(progress) => self.after(session, job, progress),
            Err(refused) => {
                self.over(session);
                let refusal = Refusal::new(refused.code(), refused.to_string());
                self.refuse(job.id.as_deref(), &refusal);
                self.flush();
                None
            }
        }
    }

    /// Go on with a run. It is given back if it goes on after this.
    fn drive(&self, session: &mut Session, job: Job, over: bool) -> Option<Job> {
        let progress = session.go_on(Instant::now());
        if over
            && matches!(progress, Progress::Waiting)
            && session.waits_for_tools()
            && let Some(envelope) = session.end(Ended::Abandoned, Instant::now())
        {
            return self.after(session, job, Progress::Finished(envelope));
        }
        self.after(session, job, progress)
    }

    fn after(&self, session: &mut Session, job: Job, progress: Progress) -> Option<Job> {
        match progress {
            Progress::Finished(envelope) => {
                self.over(session);
                self.finish(&job.id, &envelope);
                None
            }
            Progress::Waiting => {
                while let Some(call) = session.next_call(Instant::now()) {
                    self.send(&Reply::HostCall {
                        kind: "host_call",
                        id: call_name(self.host.process, call.id),
                        tool: &call.tool,
                        args: &call.args,
                        request_id: job.id.as_deref(),
                    });
                }
                self.flush();
                Some(job)
            }
        }
    }

    /// No run is under way any more: whoever cancels from here on means another.
    fn over(&self, session: &Session) {
        let mut jobs = self.jobs();
        jobs.under_way = None;
        session.canceller().reset();
    }

    fn finish(&self, id: &Id, envelope: &Envelope) {
        let name = |id| call_name(self.host.process, id);
        let body = ResultBody::Envelope {
            envelope: envelope.naming(&name),
        };
        self.send(&Reply::success(id.as_deref(), body));
        self.flush();
    }

    fn refuse(&self, id: Option<&RawValue>, refusal: &Refusal) {
        self.send(&Reply::failure(id, refusal));
    }

    /// Write a line. A client that reads no more needs none.
    fn send(&self, reply: &Reply<'_>) {
        let mut output = lock(&self.output);
        let sent = serde_json::to_writer(&mut *output, reply).map_err(io::Error::from);
        self.wrote(sent.and_then(|()| output.write_all(b"\n")));
    }

    fn flush(&self) {
        let flushed = lock(&self.output).flush();
        self.wrote(flushed);
    }

    /// Requests are read to their end in any case; that an answer was lost is told then.
    fn wrote(&self, written: io::Result<()>) {
        if let Err(cause) = written {
            lock(&self.lost).get_or_insert(cause);
        }
    }

    fn note(&self, what: &str) {
        let _ = writeln!(lock(&self.notes), "[yoikit] {}", bounded(what, PTC_SHOWN_BYTES));
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        lock(&self.jobs)
    }
}

/// What is behind a lock is whole between any two statements, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a client allows a run. It can only be less than the host allows.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Budgets {
    max_calls: Option<usize>,
    max_calls_in_flight: Option<usize>,
    max_argument_bytes: Option<usize>,
    max_output_bytes: Option<usize>,
    call_timeout_ms: Option<u64>,
    run_timeout_ms: Option<u64>,
}

impl Budgets {
    fn narrow(self, limits: &mut PtcLimits) {
        fn to<T: Ord + Copy>(limit: &mut T, budget: Option<T>) {
            if let Some(budget) = budget {
                *limit = (*limit).min(budget);
            }
        }
        to(&mut limits.calls, self.max_calls);
        // None at all would wait for ever.
        to(
            &mut limits.calls_in_flight,
            self.max_calls_in_flight.map(|most| most.max(1)),
        );
        to(&mut limits.argument_bytes, self.max_argument_bytes);
        to(&mut limits.output_bytes, self.max_output_bytes);
        to(
            &mut limits.call_time,
            self.call_timeout_ms.map(Duration::from_millis),
        );
        to(
            &mut limits.run_time,
            self.run_timeout_ms.map(Duration::from_millis),
        );
    }
}
