//! Tool calls, answered from a transcript.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;

use super::super::call::{CallId, ToolCall};
use super::super::ended::Ended;
use super::super::envelope::{Envelope, Outcome};
use super::super::interpreter::Interpreter;
use super::super::session::{Progress, RefusedRun, Session};
use super::{Clockwork, Event, Transcript};
use crate::difference;
use crate::limits::{PTC_SHOWN_BYTES, PtcLimits};
use crate::text::bounded;

/// Answers the calls of one run from a transcript: as it was recorded, in that order and in the same company.
/// Nothing else is asked.
///
/// A call that the transcript does not have next ends the run. JSON is compared by its values: the order of an
/// object's members and blanks are no difference.
#[derive(Debug)]
pub struct Replay {
    transcript: Transcript,
    /// The next event.
    next: usize,
    clockwork: Arc<Clockwork>,
}

/// How a run differs from its transcript. The first line of a transcript is 1, and says what was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayFault {
    /// Another tool was called.
    #[error("call {call} is of `{asked}`, recorded in line {line} is `{recorded}`")]
    Tool {
        /// Which call of the run.
        call: CallId,
        /// What was called.
        asked: String,
        /// What the transcript has.
        recorded: String,
        /// In which line.
        line: usize,
    },
    /// The tool is the same, and its arguments are not.
    #[error("call {call}, of `{tool}`, differs from line {line}: {what}")]
    Arguments {
        /// Which call of the run.
        call: CallId,
        /// What was called.
        tool: String,
        /// The first difference, in words.
        what: String,
        /// The line of the recorded call.
        line: usize,
    },
    /// There was a call where the transcript has none.
    #[error("call {call}, of `{tool}`, is not recorded: line {line} has {instead}")]
    Surplus {
        /// Which call of the run.
        call: CallId,
        /// What was called.
        tool: String,
        /// Where the transcript goes on.
        line: usize,
        /// What it goes on with.
        instead: &'static str,
    },
    /// The code waits, and the transcript has another call.
    #[error("the code waits where line {line} has call {call}, of `{tool}`")]
    Missing {
        /// Which call.
        call: CallId,
        /// Of what.
        tool: String,
        /// Where the transcript goes on.
        line: usize,
    },
    /// The transcript answers what was not asked.
    #[error("line {line} answers call {call}, which does not wait for an answer")]
    Answer {
        /// Which call.
        call: CallId,
        /// Where.
        line: usize,
    },
    /// The run was over and the transcript was not.
    #[error("the run was over before line {line} of the recording, which has {next}")]
    Leftover {
        /// Where the transcript goes on.
        line: usize,
        /// What it goes on with.
        next: &'static str,
    },
}

impl Replay {
    /// Begin at the first call.
    #[must_use]
    pub fn new(transcript: Transcript) -> Self {
        let header = &transcript.header;
        Self {
            clockwork: Arc::new(Clockwork::new(header.began, header.seed)),
            transcript,
            next: 0,
        }
    }

    /// A session for the run. Of its limits those count that bound what the code computes: what was answered in time
    /// when it was recorded is in time now.
    #[must_use]
    pub fn session(&self, interpreter: &Interpreter, mut limits: PtcLimits) -> Session {
        limits.calls_in_flight = usize::MAX;
        limits.call_time = limits.run_time;
        Session::with_surroundings(interpreter, limits, Arc::clone(&self.clockwork) as _)
    }

    /// Run `code` in that session, and tell how it differs from its transcript, if it does. A difference ends the
    /// run, but for the one that the run is over too early.
    ///
    /// # Errors
    ///
    /// [`RefusedRun`]: nothing was run.
    pub fn run(
        mut self,
        session: &mut Session,
        code: &str,
    ) -> Result<(Envelope, Option<ReplayFault>), RefusedRun> {
        let tools = self.transcript.header.tools.clone();
        let mut progress = session.start(code, &tools, Instant::now())?;
        loop {
            if let Progress::Finished(envelope) = progress {
                // What ended it early is told already.
                let early = matches!(envelope.outcome, Outcome::Ended(_));
                let left = self.left().filter(|_| !early);
                return Ok((envelope, left));
            }
            let (ended, fault) = match self.compare(session).and_then(|()| self.answer(session)) {
                Ok(Some(now)) => {
                    progress = session.go_on(now);
                    continue;
                }
                Ok(None) => (self.recorded_end(), None),
                Err(fault) => (Ended::Differs(fault.to_string()), Some(fault)),
            };
            let Some(envelope) = session.end(ended, Instant::now()) else {
                unreachable!("a run that waits is under way");
            };
            return Ok((envelope, fault));
        }
    }

    /// Hold the calls that the code has made against those that it made.
    fn compare(&mut self, session: &mut Session) -> Result<(), ReplayFault> {
        while let Some(asked) = session.next_call(Instant::now()) {
            let line = self.line();
            match self.transcript.events.get(self.next) {
                Some(Event::Called { call, tool, args }) if asked.id == *call => {
                    same_call(&asked, tool, args, line)?;
                    self.next += 1;
                }
                other => {
                    return Err(ReplayFault::Surplus {
                        call: asked.id,
                        tool: shown(&asked.tool),
                        line,
                        instead: told(other),
                    });
                }
            }
        }
        match self.transcript.events.get(self.next) {
            Some(Event::Called { call, tool, .. }) => Err(ReplayFault::Missing {
                call: *call,
                tool: shown(tool),
                line: self.line(),
            }),
            _ => Ok(()),
        }
    }

    /// Give the code what it got next. The time as which the session is to take it; none where it got nothing more.
    fn answer(&mut self, session: &mut Session) -> Result<Option<Instant>, ReplayFault> {
        let together = match self.transcript.events.get(self.next) {
            None => return Ok(None),
            Some(Event::Woken { at }) => {
                self.clockwork
                    .set(self.transcript.header.began.saturating_add(*at));
                self.next += 1;
                // Nobody waits for it again.
                return Ok(Some(session.due().unwrap_or_else(Instant::now)));
            }
            Some(Event::Answered { at, .. }) => *at,
            Some(Event::Called { .. }) => unreachable!("calls were compared"),
        };
        self.clockwork
            .set(self.transcript.header.began.saturating_add(together));
        let now = Instant::now();
        while let Some(Event::Answered { at, call, outcome }) = self.transcript.events.get(self.next) {
            if *at != together {
                break;
            }
            session
                .answer(*call, outcome.clone(), now)
                .map_err(|_| ReplayFault::Answer {
                    call: *call,
                    line: self.line(),
                })?;
            self.next += 1;
        }
        Ok(Some(now))
    }

    /// How the recorded run ended, which got nothing more either.
    fn recorded_end(&self) -> Ended {
        let ended = self.transcript.end.as_ref().and_then(|end| end.ended.clone());
        match ended {
            Some(code) => Ended::Recorded(bounded(&code, PTC_SHOWN_BYTES).into_owned()),
            None => {
                let calls = self.transcript.end.as_ref().map_or(0, |end| end.calls);
                let said = format!("the code waits, and the recorded run was over after {calls} calls");
                Ended::Differs(said)
            }
        }
    }

    /// What was not come to.
    fn left(&self) -> Option<ReplayFault> {
        let next = self.transcript.events.get(self.next)?;
        Some(ReplayFault::Leftover {
            line: self.line(),
            next: told(Some(next)),
        })
    }

    /// The line of the next event.
    const fn line(&self) -> usize {
        self.next + 2
    }
}

fn same_call(asked: &ToolCall, tool: &str, args: &RawValue, line: usize) -> Result<(), ReplayFault> {
    if asked.tool != tool {
        return Err(ReplayFault::Tool {
            call: asked.id,
            asked: shown(&asked.tool),
            recorded: shown(tool),
            line,
        });
    }
    if asked.args.get() == args.get() {
        return Ok(());
    }
    let values = serde_json::from_str::<Value>(asked.args.get())
        .ok()
        .zip(serde_json::from_str::<Value>(args.get()).ok());
    let what = match values {
        Some((new, recorded)) => difference::of_values(&new, &recorded),
        // Nested too deep to be looked into.
        None => Some(difference::of_texts("the text", asked.args.get(), args.get())),
    };
    what.map_or(Ok(()), |what| {
        Err(ReplayFault::Arguments {
            call: asked.id,
            tool: shown(tool),
            what,
            line,
        })
    })
}

fn told(event: Option<&Event>) -> &'static str {
    match event {
        None => "the end",
        Some(Event::Called { .. }) => "another call",
        Some(Event::Answered { .. }) => "an answer",
        Some(Event::Woken { .. }) => "a timer",
    }
}

fn shown(name: &str) -> String {
    bounded(name, PTC_SHOWN_BYTES).into_owned()
}
