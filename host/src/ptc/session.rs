//! A session: runs that come one after the other, each of which may pause and go on.
//!
//! Nothing here waits. Whoever drives a session hands out its calls, brings their answers, and comes back when
//! the session says that something is due; so it can be driven by a loop, by an executor, or by a test that
//! moves the clock.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::call::{CallId, ToolCall, ToolResult};
use super::ended::Ended;
use super::envelope::{Envelope, Outcome, Uncaught};
use super::guest::{Guest, RunTime};
use super::interpreter::{Interpreter, InterpreterError};
use super::ledger::{Ledger, RefusedAnswer};
use super::surroundings::{Machine, Surroundings};
use super::transcript::Recorder;
use super::wit::{Pause, Step, WitOutcome, WitUncaught};
use crate::engine::Cancel;
use crate::limits::{PTC_TOOLS, PtcLimits, TOOL_NAME_BYTES};

/// One session: what the code of one run defines is there for the next.
pub struct Session {
    interpreter: Interpreter,
    limits: PtcLimits,
    surroundings: Arc<dyn Surroundings>,
    /// The live engine; none before the first run, and none after one that ended it.
    guest: Option<Guest>,
    ledger: Ledger,
    canceller: Canceller,
    /// Who writes down the next run's calls.
    recorder: Option<Recorder>,
    /// The run under way.
    run: Option<Run>,
    /// Bytes of memory that the engine had when the last run was over.
    memory_bytes: usize,
}

#[derive(Debug)]
struct Run {
    allowed: BTreeSet<String>,
    limits: PtcLimits,
    time: RunTime,
    /// When the code's own timer is due.
    wake: Option<Instant>,
}

/// How far a run came.
#[derive(Debug)]
pub enum Progress {
    /// It waits for calls, or for a timer. See [`Session::next_call`], [`Session::answer`] and
    /// [`Session::due`].
    Waiting,
    /// It is over.
    Finished(Envelope),
}

/// Why a run did not begin. The session is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedRun {
    /// There is one under way.
    #[error("a run is under way in this session")]
    Busy,
    /// The code is too large.
    #[error("the code has {bytes} bytes, {limit} are allowed")]
    Code {
        /// Its bytes.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The list of tools is too long, or has a name that is.
    #[error("{0}")]
    Tools(String),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] InterpreterError),
    /// There is no executor for the tools.
    #[error("failed to start an executor: {0}")]
    Executor(std::io::Error),
}

impl RefusedRun {
    /// A stable name, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            RefusedRun::Busy => "run.busy",
            RefusedRun::Code { .. } => "limit.code",
            RefusedRun::Tools(_) => "limit.tools",
            RefusedRun::Engine(_) | RefusedRun::Executor(_) => "engine.start",
        }
    }
}

/// Ends runs from outside: cloned freely, used from any thread. It wakes whoever drives the session as well.
#[derive(Debug, Clone, Default)]
pub struct Canceller {
    flag: Cancel,
    told: Arc<Notify>,
}

impl Canceller {
    /// End the run under way, whether it computes or waits; where there is none, the next, before it begins.
    pub fn cancel(&self) {
        self.flag.cancel();
        self.told.notify_one();
    }

    /// Take it back, where the run that was meant is over.
    pub fn reset(&self) {
        self.flag.reset();
    }

    /// Whether the run under way is being ended.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.flag.is_cancelled()
    }

    /// Until it is.
    pub(super) async fn cancelled(&self) {
        while !self.is_cancelled() {
            self.told.notified().await;
        }
    }
}

impl Session {
    /// A session of `interpreter`. Nothing runs before the first run.
    #[must_use]
    pub fn new(interpreter: &Interpreter, limits: PtcLimits) -> Self {
        Self::with_surroundings(interpreter, limits, Arc::new(Machine::default()))
    }

    /// The same, whose code sees another clock and other randomness.
    #[must_use]
    pub fn with_surroundings(
        interpreter: &Interpreter,
        limits: PtcLimits,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        Self {
            interpreter: interpreter.clone(),
            ledger: Ledger::new(limits.clone(), Instant::now()),
            limits,
            surroundings,
            guest: None,
            canceller: Canceller::default(),
            recorder: None,
            run: None,
            memory_bytes: 0,
        }
    }

    /// A session whose first run is recorded.
    #[must_use]
    pub fn recorded(interpreter: &Interpreter, limits: PtcLimits, recorder: Recorder) -> Self {
        Self {
            recorder: Some(recorder.clone()),
            ..Self::with_surroundings(interpreter, limits, recorder.surroundings())
        }
    }

    /// Who may end its runs.
    #[must_use]
    pub fn canceller(&self) -> &Canceller {
        &self.canceller
    }

    /// What its runs may use.
    #[must_use]
    pub fn limits(&self) -> &PtcLimits {
        &self.limits
    }

    /// Bytes of memory that its engine had taken when the last run was over. Memory never shrinks, so it is also the
    /// most that it had; an engine that was lost begins anew.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Begin a run under the session's limits. This computes until every task of the code waits.
    ///
    /// # Errors
    ///
    /// [`RefusedRun`]: nothing was run.
    pub fn start(&mut self, code: &str, tools: &[String], now: Instant) -> Result<Progress, RefusedRun> {
        self.start_with(code, tools, self.limits.clone(), now)
    }

    /// Begin a run under limits of its own; those of the engine (memory) are the session's all the same.
    ///
    /// # Errors
    ///
    /// As [`Session::start`].
    pub fn start_with(
        &mut self,
        code: &str,
        tools: &[String],
        limits: PtcLimits,
        now: Instant,
    ) -> Result<Progress, RefusedRun> {
        if self.run.is_some() {
            return Err(RefusedRun::Busy);
        }
        let (bytes, limit) = (code.len(), limits.code_bytes);
        if bytes > limit {
            return Err(RefusedRun::Code { bytes, limit });
        }
        check_tools(tools)?;
        // What an editor puts before a text is no part of it.
        let code = code.strip_prefix('\u{feff}').unwrap_or(code);
        if self.canceller.is_cancelled() {
            self.canceller.reset();
            return Ok(Progress::Finished(Envelope::unstarted(Ended::Cancelled)));
        }
        let mut guest = match self.guest.take() {
            Some(guest) => guest,
            None => Guest::new(
                &self.interpreter,
                &self.limits,
                Arc::clone(&self.surroundings),
                self.canceller.flag.clone(),
            )?,
        };
        let time = RunTime {
            began: now,
            limit: limits.run_time,
        };
        self.ledger.begin(limits.clone(), now);
        let step = guest.run(code, tools, time, limits.output_bytes);
        self.guest = Some(guest);
        self.run = Some(Run {
            allowed: tools.iter().cloned().collect(),
            limits,
            time,
            wake: None,
        });
        Ok(self.after(step))
    }

    /// The next call for a tool, if one waits for it and no more are under way than may be.
    pub fn next_call(&mut self, now: Instant) -> Option<ToolCall> {
        self.ledger.hand_out(now)
    }

    /// A tool answered. The run goes on with [`Session::go_on`].
    ///
    /// # Errors
    ///
    /// [`RefusedAnswer`]: nobody waits for it.
    pub fn answer(&mut self, id: CallId, outcome: ToolResult, now: Instant) -> Result<(), RefusedAnswer> {
        self.ledger.answer(id, outcome, now)
    }

    /// When something is due without an answer: a call's time, the run's, or a timer of the code. None where no
    /// run is under way.
    pub fn due(&mut self) -> Option<Instant> {
        let run = self.run.as_ref()?;
        let first = run.wake.map_or(run.time.over(), |wake| wake.min(run.time.over()));
        Some(self.ledger.due().map_or(first, |due| due.min(first)))
    }

    /// Go on with whatever answers there are, and with what is due. This computes until every task of the code
    /// waits again; without anything to go on with it does nothing.
    pub fn go_on(&mut self, now: Instant) -> Progress {
        let Some(run) = &mut self.run else {
            return Progress::Waiting;
        };
        if self.canceller.is_cancelled() {
            return Progress::Finished(self.give_up(Ended::Cancelled, now));
        }
        if now >= run.time.over() {
            let limit = run.limits.run_time;
            return Progress::Finished(self.give_up(Ended::Deadline(limit), now));
        }
        self.ledger.expire(now);
        let woken = run.wake.is_some_and(|wake| now >= wake);
        if !self.ledger.has_ready() && !woken {
            return Progress::Waiting;
        }
        run.wake = None;
        if let Some(recorder) = &self.recorder {
            recorder.goes_on(self.ledger.ready());
        }
        let answers = self.ledger.take_ready();
        let guest = self.guest.as_mut().expect("a run under way has an engine");
        let step = guest.resume(answers);
        self.after(step)
    }

    /// End the run under way, if there is one. What its session knows is kept.
    pub fn end(&mut self, why: Ended, now: Instant) -> Option<Envelope> {
        self.run.is_some().then(|| self.give_up(why, now))
    }

    /// Whether a run is under way that waits for tools.
    #[must_use]
    pub fn waits_for_tools(&self) -> bool {
        self.run.is_some() && self.ledger.is_open()
    }

    /// Make of what the engine said what it means.
    fn after(&mut self, mut step: Result<Step, Ended>) -> Progress {
        loop {
            let now = Instant::now();
            let pause = match step {
                Ok(Step::Finished(outcome)) => return Progress::Finished(self.finish(outcome, now)),
                Ok(Step::Paused(pause)) => pause,
                Err(ended) => return Progress::Finished(self.lose(ended, now)),
            };
            if let Err(ended) = self.pause(pause, now) {
                return Progress::Finished(self.lose(ended, now));
            }
            let run = self.run.as_ref().expect("what paused is under way");
            let can_go_on = self.ledger.has_ready() || self.ledger.is_open() || run.wake.is_some();
            if !can_go_on {
                return Progress::Finished(self.give_up(Ended::Stuck, now));
            }
            if !self.ledger.has_ready() {
                return Progress::Waiting;
            }
            // Calls that were refused have their answers, and the code may have a use for them now.
            let answers = self.ledger.take_ready();
            let guest = self.guest.as_mut().expect("a run under way has an engine");
            step = guest.resume(answers);
        }
    }

    fn pause(&mut self, pause: Pause, now: Instant) -> Result<(), Ended> {
        let run = self.run.as_mut().expect("what pauses is under way");
        for call in pause.calls {
            let admitted = self
                .ledger
                .admit(call, &run.allowed, now)
                .map_err(|breach| Ended::Engine(breach.to_string()))?;
            if let (Some(recorder), Some((id, tool, args))) = (&self.recorder, admitted) {
                recorder.called(id, tool, args);
            }
        }
        // A timer beyond the run's time is as good as none.
        let wake = pause.wake_after.map(|nanos| {
            let after = Duration::from_nanos(nanos).min(run.time.limit);
            now + after
        });
        run.wake = wake;
        Ok(())
    }

    /// The run is over by itself.
    fn finish(&mut self, outcome: WitOutcome, now: Instant) -> Envelope {
        let limit = self.run.as_ref().map_or(0, |run| run.limits.value_bytes);
        let outcome = match outcome {
            WitOutcome::Value(value) if value.len() > limit => Outcome::Ended(Ended::Value {
                bytes: value.len(),
                limit,
            }),
            WitOutcome::Value(value) => match RawValue::from_string(value) {
                Ok(value) => Outcome::Value(value),
                Err(error) => {
                    return self.lose(Ended::Engine(format!("the value is no JSON: {error}")), now);
                }
            },
            WitOutcome::Raised(error) => Outcome::Raised(uncaught(error)),
            WitOutcome::Unreadable(error) => Outcome::Unreadable(uncaught(error)),
        };
        self.envelope(outcome, now)
    }

    /// The run is over because the host says so, between two steps: the engine gives up what is paused.
    fn give_up(&mut self, ended: Ended, now: Instant) -> Envelope {
        let abandoned = self.guest.as_mut().map_or(Ok(()), Guest::abandon);
        match abandoned {
            Ok(()) => self.envelope(Outcome::Ended(ended), now),
            // It is over for the first reason all the same.
            Err(_) => self.lose(ended, now),
        }
    }

    /// The run is over, and its engine with it.
    fn lose(&mut self, ended: Ended, now: Instant) -> Envelope {
        let mut envelope = self.envelope(Outcome::Ended(ended), now);
        self.guest = None;
        envelope.session_lost = true;
        envelope
    }

    fn envelope(&mut self, outcome: Outcome, now: Instant) -> Envelope {
        self.run = None;
        if let Some(recorder) = self.recorder.take() {
            recorder.over(match &outcome {
                Outcome::Ended(ended) => Some(ended.code()),
                _ => None,
            });
        }
        self.canceller.reset();
        self.memory_bytes = self.guest.as_ref().map_or(0, Guest::memory_bytes);
        let printed = self.guest.as_mut().map(|guest| mem::take(guest.printed()));
        let printed = printed.unwrap_or_default();
        Envelope {
            stdout: printed.stdout,
            stderr: printed.stderr,
            outcome,
            calls: self.ledger.finish(now),
            session_lost: false,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("limits", &self.limits)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

fn check_tools(tools: &[String]) -> Result<(), RefusedRun> {
    if tools.len() > PTC_TOOLS {
        let said = format!(
            "the list of tools has {} names, {PTC_TOOLS} are allowed",
            tools.len()
        );
        return Err(RefusedRun::Tools(said));
    }
    if let Some(long) = tools.iter().find(|tool| tool.len() > TOOL_NAME_BYTES) {
        let said = format!(
            "a tool has a name of {} bytes, {TOOL_NAME_BYTES} are allowed",
            long.len()
        );
        return Err(RefusedRun::Tools(said));
    }
    Ok(())
}

fn uncaught(error: WitUncaught) -> Uncaught {
    let WitUncaught { name, message, trace } = error;
    Uncaught { name, message, trace }
}
