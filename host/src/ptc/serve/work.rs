//! The session's thread: runs, one after the other, until none is left and none comes.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use super::{Job, Shared};
use crate::limits::PTC_FAREWELL;
use crate::ptc::call::{CallId, ToolResult};
use crate::ptc::ended::Ended;
use crate::ptc::protocol::{Refusal, Reply, call_name};
use crate::ptc::session::{Canceller, Progress, Session};

/// What the session's thread is told.
pub(super) enum Event {
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
pub(super) struct Worker<'scope> {
    /// It never blocks: a client may write its answers before it reads on, and this thread before it takes them.
    pub(super) events: Sender<Event>,
    pub(super) canceller: Canceller,
    /// Disconnected when it is done.
    pub(super) done: Receiver<()>,
    pub(super) thread: ScopedJoinHandle<'scope, ()>,
}

impl Worker<'_> {
    /// Let it answer what it has, and wait until it has. Whoever asked may be gone, so code that still computes
    /// gets a moment and no more.
    pub(super) fn close(self) {
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
    /// The session's thread: drive runs until there are none and none will come.
    pub(super) fn work(&self, mut session: Session, inbox: &Receiver<Event>) {
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
    pub(super) fn listen(&self, session: &mut Session, inbox: &Receiver<Event>) -> bool {
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
    pub(super) fn next_job(&self) -> Option<Job> {
        let mut jobs = self.jobs();
        let job = jobs.waiting.pop_front()?;
        jobs.under_way = Some(job.id.clone());
        Some(job)
    }

    pub(super) fn start(&self, session: &mut Session, job: Job) -> Option<Job> {
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
    pub(super) fn drive(&self, session: &mut Session, job: Job, over: bool) -> Option<Job> {
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

    pub(super) fn after(&self, session: &mut Session, job: Job, progress: Progress) -> Option<Job> {
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
    pub(super) fn over(&self, session: &Session) {
        let mut jobs = self.jobs();
        jobs.under_way = None;
        session.canceller().reset();
    }
}
