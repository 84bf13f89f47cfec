//! How a guest run ends without an answer.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};

use super::log::GuestLog;
use super::{Entry, FailureCode};
use crate::engine::{Denied, Stopped};
use crate::imports::HostError;
use crate::imports::transcript::ReplayFault;
use crate::limits::MESSAGE_BYTES;
use crate::text::bounded;

/// Frames of a trace that are kept. A runaway recursion has thousands.
const FRAMES: usize = 32;

/// A guest run that ended without an answer. The instance is lost: nothing can enter it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Which way it had been entered.
    pub entry: Entry,
    /// What ended it.
    pub cause: Cause,
    /// Where the guest was, innermost first.
    pub trace: Vec<Frame>,
    /// What it had printed, if it keeps a log.
    pub log: Option<GuestLog>,
}

/// What ended a guest run. The messages read after the name of the entry.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The budget of instructions is used up: an endless loop, or too much work.
    #[error("used up its {budget} instructions")]
    Fuel {
        /// The budget, in wasmtime's fuel.
        budget: u64,
    },
    /// It took too long.
    #[error("ran longer than {0:?}")]
    Deadline(Duration),
    /// The caller ended it.
    #[error("was cancelled")]
    Cancelled,
    /// It called itself too deeply.
    #[error("used up its {limit} bytes of stack")]
    Stack {
        /// Bytes of stack that it had.
        limit: usize,
    },
    /// It called itself until its own stack, which lies in its memory, was used up.
    #[error("used up the stack in its memory: `{function}` calls itself")]
    OwnStack {
        /// A function of the recursion.
        function: String,
    },
    /// It wanted more than it may have.
    #[error("wanted too much: {0}")]
    Limit(#[from] Denied),
    /// A Rust guest panicked.
    #[error("panicked at {place}: {message}")]
    Panic {
        /// What the panic said.
        message: String,
        /// File, line and column in the guest's source.
        place: String,
    },
    /// WebAssembly trapped.
    #[error("trapped: {0}")]
    Trap(String),
    /// A host call failed, in a profile in which that ends the guest.
    #[error("was ended by a host call: {0}")]
    HostCall(HostError),
    /// It made a host call that the transcript which answers them does not have next.
    #[error("left its recording: {0}")]
    Replay(ReplayFault),
    /// What it handed over is not a string: outside its memory, or not text.
    #[error("handed over no valid string: {0}")]
    NotAString(String),
    /// The instance cannot be entered again: an earlier fault ended it.
    #[error("cannot be entered: an earlier fault ended this instance")]
    Gone,
    /// The instance could not be made.
    #[error("could not be set up: {0}")]
    Setup(String),
}

/// One place in a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Frame {
    /// The function, by name where the component has names, else by number.
    pub function: String,
    /// Offset in the core module, for tools that know where that is in the source.
    pub offset: Option<usize>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.entry, self.cause)
    }
}

impl std::error::Error for Fault {}

impl Cause {
    /// A stable name, for machines.
    #[must_use]
    pub const fn code(&self) -> FailureCode {
        match self {
            Cause::Fuel { .. } => FailureCode::Fuel,
            Cause::Deadline(_) => FailureCode::Deadline,
            Cause::Cancelled => FailureCode::Cancelled,
            Cause::Stack { .. } | Cause::OwnStack { .. } => FailureCode::Stack,
            Cause::Limit(Denied::Memory { .. }) => FailureCode::Memory,
            Cause::Limit(Denied::Table { .. }) => FailureCode::Table,
            Cause::Panic { .. } => FailureCode::Panic,
            Cause::Trap(_) => FailureCode::Trap,
            Cause::HostCall(_) => FailureCode::HostCall,
            Cause::Replay(_) => FailureCode::Replay,
            Cause::NotAString(_) => FailureCode::NotAString,
            Cause::Gone => FailureCode::Gone,
            Cause::Setup(_) => FailureCode::Setup,
        }
    }

    /// What is behind an error of wasmtime's, which the guest's log may say more about.
    pub(super) fn of(error: &wasmtime::Error, bounds: Bounds, log: Option<&GuestLog>) -> Self {
        if let Some(stopped) = error.downcast_ref::<Stopped>() {
            return match stopped {
                Stopped::Deadline(limit) => Cause::Deadline(*limit),
                Stopped::Cancelled => Cause::Cancelled,
            };
        }
        if let Some(denied) = error.downcast_ref::<Denied>() {
            return Cause::Limit(*denied);
        }
        if let Some(host) = error.downcast_ref::<HostError>() {
            return Cause::HostCall(host.clone());
        }
        if let Some(replay) = error.downcast_ref::<ReplayFault>() {
            return Cause::Replay(replay.clone());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Cause::Fuel { budget: bounds.fuel },
            Some(Trap::StackOverflow) => Cause::Stack { limit: bounds.stack },
            Some(Trap::CannotEnterComponent) => Cause::Gone,
            // A panic ends in `unreachable`; a guest that says nothing of a panic meant it.
            Some(Trap::UnreachableCodeReached) => match log.and_then(GuestLog::last_panic) {
                Some(panic) => Cause::Panic {
                    message: bounded(&panic.message, MESSAGE_BYTES).into_owned(),
                    place: bounded(&panic.place, MESSAGE_BYTES).into_owned(),
                },
                None => Cause::trap(Trap::UnreachableCodeReached),
            },
            Some(Trap::MemoryOutOfBounds) => match recursion(error) {
                Some(function) => Cause::OwnStack { function },
                None => Cause::trap(Trap::MemoryOutOfBounds),
            },
            Some(trap) => Cause::trap(*trap),
            None => {
                let said = bounded(&format!("{:#}", error.root_cause()), MESSAGE_BYTES).into_owned();
                match bounds.entry {
                    Entry::Instantiate => Cause::Setup(said),
                    _ => Cause::NotAString(said),
                }
            }
        }
    }

    fn trap(trap: Trap) -> Self {
        let said = trap.to_string();
        Cause::Trap(said.strip_prefix("wasm trap: ").unwrap_or(&said).to_owned())
    }
}

/// What a run was bounded by, for the fault that names the bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) entry: Entry,
    pub(super) fuel: u64,
    pub(super) stack: usize,
}

/// Where the guest was, from what wasmtime attached to the error. A panic is shown from where it was raised:
/// the frames of its own machinery are the same for all.
pub(super) fn trace_of(error: &wasmtime::Error, cause: &Cause) -> Vec<Frame> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let frames = trace.frames();
    let raised = match cause {
        // The machinery is a dozen frames deep at most; what lies below is the guest's.
        Cause::Panic { .. } => frames
            .iter()
            .take(FRAMES)
            .rposition(|frame| raises_panics(&name_of(frame)))
            .map_or(0, |last| last + 1),
        _ => 0,
    };
    let shown = frames.iter().skip(raised).take(FRAMES);
    shown
        .map(|frame| Frame {
            function: name_of(frame),
            offset: frame.module_offset(),
        })
        .collect()
}

pub(super) fn name_of(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => {
            // Without the hash that a Rust compiler adds.
            let name = format!("{:#}", rustc_demangle::demangle(name));
            bounded(&name, MESSAGE_BYTES).into_owned()
        }
        None => format!("function {}", frame.func_index()),
    }
}

/// Whether a function belongs to what Rust runs between a panic and its trap.
fn raises_panics(function: &str) -> bool {
    const PARTS: [&str; 6] = [
        "panicking::",
        "rust_panic",
        "begin_unwind",
        "unwrap_failed",
        "expect_failed",
        "end_short_backtrace",
    ];
    PARTS.iter().any(|part| function.contains(part))
}

/// A function that stands again and again at the top of the trace, if one does. A guest compiled from a
/// language with a stack in linear memory ends there when it recurses too deeply: below the stack there is
/// nothing.
fn recursion(error: &wasmtime::Error) -> Option<String> {
    const TIMES: usize = 8;
    let trace = error.downcast_ref::<WasmBacktrace>()?;
    let top = trace.frames().iter().take(FRAMES);
    let times = |function| top.clone().filter(|frame| frame.func_index() == function).count();
    top.clone()
        .find(|frame| times(frame.func_index()) >= TIMES)
        .map(name_of)
}
