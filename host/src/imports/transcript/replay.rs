//! Host calls, answered from a transcript.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::super::ctx::Asked;
use super::exchange::{Exchange, Kept, Transcript};
use super::line::TranscriptError;
use crate::difference;
use crate::imports::{HostError, Import};

/// Answers the host calls of a run from a transcript, in its order; nothing else is asked, the authority
/// included. Clones share their place in it.
///
/// A call that the transcript does not have next ends the guest, and so does the one that the recorded guest did
/// not survive. JSON is compared by its values: the order of
/// an object's members and blanks are no difference.
#[derive(Debug, Clone)]
pub struct Replay {
    shared: Arc<Mutex<Playing>>,
}

#[derive(Debug)]
struct Playing {
    transcript: Transcript,
    next: usize,
    fault: Option<ReplayFault>,
}

/// How a run differs from its transcript. Calls count from 1; the line of a call is one more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayFault {
    /// Another function was called.
    #[error("host call {call} is `{}`, recorded in line {} is `{}`", .asked.name(), .call + 1, .recorded.name())]
    Import {
        /// Which call of the run.
        call: usize,
        /// What was called.
        asked: Import,
        /// What the transcript has.
        recorded: Import,
    },
    /// The function is the same, and what it was given is not.
    #[error("host call {call}, `{}`, differs from line {}: {what}", .import.name(), .call + 1)]
    Given {
        /// Which call of the run.
        call: usize,
        /// What was called.
        import: Import,
        /// The first difference, in words.
        what: String,
    },
    /// There was one call more than the transcript has.
    #[error("host call {call}, `{}`, comes after the end: {recorded} are recorded", .import.name())]
    Surplus {
        /// Which call of the run.
        call: usize,
        /// What was called.
        import: Import,
        /// How many the transcript has.
        recorded: usize,
    },
    /// The recorded run was ended while it waited for this call: its guest never saw what came of it.
    #[error("host call {call}, `{}`, is where the recorded run was ended, in line {}", .import.name(), .call + 1)]
    Ended {
        /// Which call of the run.
        call: usize,
        /// What was called.
        import: Import,
    },
    /// The run was over and the transcript was not.
    #[error(
        "the run ended after {calls} of {recorded} recorded host calls: the next, in line {}, is `{}`",
        .calls + 2,
        .next.name()
    )]
    Leftover {
        /// How many the run made.
        calls: usize,
        /// How many the transcript has.
        recorded: usize,
        /// What was not called.
        next: Import,
    },
}

impl Replay {
    /// Begin at the first call.
    ///
    /// # Errors
    ///
    /// [`TranscriptError::BrokenOff`] for one that has no end: what would have come next is not known.
    pub fn new(transcript: Transcript) -> Result<Self, TranscriptError> {
        if !transcript.ended {
            let calls = transcript.exchanges.len();
            return Err(TranscriptError::BrokenOff { calls });
        }
        Ok(Self {
            shared: Arc::new(Mutex::new(Playing {
                transcript,
                next: 0,
                fault: None,
            })),
        })
    }

    /// What came of this call, or how it differs. After a difference there is no answer any more.
    pub(in super::super) fn answer(
        &self,
        asked: &Asked<'_>,
    ) -> Result<Result<String, HostError>, ReplayFault> {
        let mut playing = self.lock();
        if let Some(fault) = &playing.fault {
            return Err(fault.clone());
        }
        match playing.next(asked) {
            Ok(exchange) => {
                let outcome = exchange.outcome();
                playing.next += 1;
                Ok(outcome)
            }
            Err(fault) => {
                playing.fault = Some(fault.clone());
                Err(fault)
            }
        }
    }

    /// The run is over: whether it was the transcript's.
    ///
    /// # Errors
    ///
    /// The first difference, where the recorded run was ended, or [`ReplayFault::Leftover`].
    pub fn finish(&self) -> Result<(), ReplayFault> {
        let playing = self.lock();
        if let Some(fault) = &playing.fault {
            return Err(fault.clone());
        }
        match playing.transcript.exchanges.get(playing.next) {
            None => Ok(()),
            Some(exchange) => Err(ReplayFault::Leftover {
                calls: playing.next,
                recorded: playing.transcript.exchanges.len(),
                next: exchange.import,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Playing> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Playing {
    fn next(&self, asked: &Asked<'_>) -> Result<&Exchange, ReplayFault> {
        let call = self.next + 1;
        let import = asked.import;
        let exchanges = &self.transcript.exchanges;
        let Some(exchange) = exchanges.get(self.next) else {
            return Err(ReplayFault::Surplus {
                call,
                import,
                recorded: exchanges.len(),
            });
        };
        if exchange.import != import {
            return Err(ReplayFault::Import {
                call,
                asked: import,
                recorded: exchange.import,
            });
        }
        match difference(exchange, asked) {
            None if exchange.unseen => Err(ReplayFault::Ended { call, import }),
            None => Ok(exchange),
            Some(what) => Err(ReplayFault::Given { call, import, what }),
        }
    }
}

/// The first difference between two calls of the same function.
fn difference(recorded: &Exchange, asked: &Asked<'_>) -> Option<String> {
    let numbers = [
        ("the handle", asked.handle, recorded.handle),
        ("the time in milliseconds", asked.timeout_ms, recorded.timeout_ms),
    ];
    for (name, new, old) in numbers {
        if new != old {
            return Some(format!("{name} is {new}, recorded is {old}"));
        }
    }
    let Kept { text, bytes, .. } = Kept::of(asked.text);
    if text != recorded.given {
        let values = serde_json::from_str::<Value>(&text)
            .ok()
            .zip(serde_json::from_str::<Value>(&recorded.given).ok());
        return match values {
            Some((new, old)) => difference::of_values(&new, &old),
            None => Some(difference::of_texts("the text", &text, &recorded.given)),
        };
    }
    if bytes != recorded.given_bytes {
        let length = |bytes: Option<usize>| bytes.unwrap_or(text.len());
        let (new, old) = (length(bytes), length(recorded.given_bytes));
        return Some(format!("the text has {new} bytes, recorded are {old}"));
    }
    None
}
