//! A run's tool calls on file: kept by a [`Recorder`], answered again by a [`Replay`].
//!
//! A transcript is JSON Lines: a line that says what was run, a line for each call when the code makes it, a line for
//! each answer when the code gets it, and a line that says how many calls there were.
//!
//! ```text
//! {"schema":"yoikit.ptc-transcript/1","engine":"monty","code":"sha256:…","tools":["f"],"began":1795593600250000000,"seed":7}
//! {"call":1,"tool":"f","args":{"n":0}}
//! {"call":2,"tool":"f","args":{"n":1}}
//! {"at":81234567,"answered":2,"value":"b"}
//! {"at":90001234,"answered":1,"error":{"name":"ValueError","message":"no"}}
//! {"at":95000000,"woken":true}
//! {"end":2}
//! ```
//!
//! `at` are nanoseconds since the run began; answers of the same time came together. A call that the host refuses is
//! in no line: who replays refuses it again. While a run is recorded or replayed its clock stands still but for a
//! microsecond each time that it is looked at, and its random numbers follow from `seed`: so the code of a replay sees
//! what the recorded code saw.
//!
//! This room knows what a session tells and is told, and nothing of engines.

mod line;
mod recorder;
mod replay;

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::call::{CallId, ToolResult};
use super::surroundings::{Scripted, Surroundings};

pub use line::{SCHEMA, TranscriptError};
pub use recorder::Recorder;
pub use replay::{Replay, ReplayFault};

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// What the engine is called.
    pub engine: String,
    /// What the code is known by: `sha256:…`.
    pub code: String,
    /// The tools that the code may call.
    pub tools: Vec<String>,
    /// When it began, as its clock has it: nanoseconds since the beginning of 1970, UTC.
    pub began: u64,
    /// What its random numbers follow from.
    pub seed: u64,
}

/// A recorded run.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// What was run.
    pub header: Header,
    events: Vec<Event>,
    end: Option<End>,
}

/// What happened between the code and its tools.
#[derive(Debug, Clone)]
enum Event {
    /// The code called a tool.
    Called {
        call: CallId,
        tool: String,
        args: Box<RawValue>,
    },
    /// It got an answer.
    Answered {
        at: u64,
        call: CallId,
        outcome: ToolResult,
    },
    /// A timer of its own was due.
    Woken { at: u64 },
}

/// How it ended.
#[derive(Debug, Clone)]
struct End {
    calls: u64,
    /// Why, where the host ended it: a code, as `run.deadline`.
    ended: Option<String>,
}

/// What the code of a run sees that is recorded or replayed.
#[derive(Debug)]
struct Clockwork {
    now: AtomicU64,
    chance: Scripted,
}

/// By how much the clock goes on when it is looked at, in nanoseconds: who waits by looking at it waits no longer than
/// in the world.
const TICK: u64 = 1_000;

impl Clockwork {
    fn new(began: u64, seed: u64) -> Self {
        Self {
            now: AtomicU64::new(began),
            chance: Scripted::new(0, seed),
        }
    }

    /// It is this late at least.
    fn set(&self, now: u64) {
        self.now.fetch_max(now, Ordering::Relaxed);
    }
}

impl Surroundings for Clockwork {
    fn now(&self) -> u64 {
        self.now.fetch_add(TICK, Ordering::Relaxed)
    }

    fn random(&self) -> u64 {
        self.chance.random()
    }
}
