//! Why the host ended a run that would not, or could not, end by itself.

use std::time::Duration;

use wasmtime::Trap;

use crate::engine::{Denied, Stopped};
use crate::limits::PTC_SHOWN_BYTES;
use crate::text::bounded;

/// Why the host ended a run. The messages read after "the run".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// It took too long, computing or waiting.
    #[error("took longer than {0:?}")]
    Deadline(Duration),
    /// Whoever began it ended it.
    #[error("was cancelled")]
    Cancelled,
    /// It waits for tools, and whoever answered for them is gone.
    #[error("waits for answers that cannot come any more")]
    Abandoned,
    /// It printed too much.
    #[error("printed more than {limit} bytes")]
    Output {
        /// Bytes of standard output and standard error together.
        limit: usize,
    },
    /// It wanted more memory, or more of a table, than an engine may have.
    #[error("wanted too much: {0}")]
    Memory(#[from] Denied),
    /// It called itself until the stack was used up, in a way that the engine does not notice.
    #[error("used up the stack")]
    Stack,
    /// Its value is too large. It was over, and its session stays.
    #[error("has a value of {bytes} bytes, {limit} are allowed")]
    Value {
        /// Bytes of the value as JSON.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// It waits for nothing that could still come.
    #[error("waits, with no call that could be answered")]
    Stuck,
    /// It is replayed, and is not the run that was recorded.
    #[error("differs from its recording: {0}")]
    Differs(String),
    /// It is replayed, and the recorded run came no further: the host ended it, for the reason of this code.
    #[error("ends here, as it did when it was recorded ({0})")]
    Recorded(String),
    /// The engine trapped.
    #[error("was ended by a trap in its engine: {0}")]
    Trap(String),
    /// The engine broke its contract.
    #[error("was ended by a fault of its engine: {0}")]
    Engine(String),
}

impl Ended {
    /// A stable name, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Ended::Deadline(_) => "run.deadline",
            Ended::Cancelled => "run.cancelled",
            Ended::Abandoned => "run.abandoned",
            Ended::Output { .. } => "run.output",
            Ended::Memory(_) => "run.memory",
            Ended::Stack => "run.stack",
            Ended::Value { .. } => "run.value",
            Ended::Stuck => "run.stuck",
            Ended::Differs(_) => "replay.differs",
            Ended::Recorded(_) => "replay.ended",
            Ended::Trap(_) => "engine.trap",
            Ended::Engine(_) => "engine.fault",
        }
    }

    /// The name of the error in an envelope, where code's own errors stand under the name of their class.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Ended::Deadline(_) => "TimeoutError",
            Ended::Cancelled => "CancelledError",
            Ended::Abandoned => "PTCAbandonedError",
            Ended::Output { .. } | Ended::Value { .. } => "OutputLimitError",
            Ended::Memory(_) => "MemoryError",
            Ended::Stack => "RecursionError",
            Ended::Stuck => "RuntimeError",
            Ended::Differs(_) | Ended::Recorded(_) => "ReplayError",
            Ended::Trap(_) | Ended::Engine(_) => "EngineError",
        }
    }

    /// What is behind an error of wasmtime's.
    pub(super) fn of(error: &wasmtime::Error) -> Self {
        if let Some(stopped) = error.downcast_ref::<Stopped>() {
            return match stopped {
                Stopped::Deadline(limit) => Ended::Deadline(*limit),
                Stopped::Cancelled => Ended::Cancelled,
            };
        }
        if let Some(denied) = error.downcast_ref::<Denied>() {
            return Ended::Memory(*denied);
        }
        if let Some(ended) = error.downcast_ref::<Ended>() {
            return ended.clone();
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Ended::Stack,
            Some(trap) => {
                let said = trap.to_string();
                Ended::Trap(said.strip_prefix("wasm trap: ").unwrap_or(&said).to_owned())
            }
            None => {
                Ended::Engine(bounded(&format!("{:#}", error.root_cause()), PTC_SHOWN_BYTES).into_owned())
            }
        }
    }
}
