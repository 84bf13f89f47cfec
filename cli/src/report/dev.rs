//! What `yoikit plugin dev --json` prints: a line for each time.

use schemars::JsonSchema;
use serde::Serialize;

use super::{CallReport, FailureReport};

/// What came of one change, as one line of JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DevReport {
    /// `yoikit.plugin-dev/1`.
    pub schema: &'static str,
    /// Which time it is, from 1.
    pub round: u64,
    /// The files that changed, sorted. None the first time.
    pub changed: Vec<String>,
    /// What came of it.
    pub outcome: DevOutcome,
    /// What is run now. None where there is nothing to run.
    pub package: Option<DevPackage>,
    /// Why there is nothing to run.
    pub failure: Option<FailureReport>,
    /// The call, where one was made.
    pub call: Option<CallReport>,
    /// In what it differs from the call before.
    pub differences: Vec<Difference>,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DevOutcome {
    /// It was called, and did what it should.
    Ok,
    /// It was called, and failed.
    CallFailed,
    /// It can be run, and nobody said what to call.
    NoCall,
    /// What would be run, and how, is what was run before.
    Unchanged,
    /// There is nothing to run.
    Failed,
}

/// The package that is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DevPackage {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it is known by: `sha256:` and 64 hexadecimal digits. None where the folder is no package.
    pub digest: Option<String>,
    /// Why the folder is no package, though its component can be called.
    pub not_a_package: Option<String>,
    /// SHA-256 of the component as the folder has it, in hexadecimal.
    pub component_sha256: String,
    /// Its size in bytes.
    pub component_bytes: usize,
}

/// Something in which two calls differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Difference {
    /// The component is another, of this size in bytes.
    Component {
        /// Before.
        before: usize,
        /// Now.
        now: usize,
    },
    /// Whether the call went well.
    Outcome {
        /// Before.
        before: bool,
        /// Now.
        now: bool,
    },
    /// What the tool answered.
    Answer,
    /// Instructions of all entries together.
    Instructions {
        /// Before.
        before: u64,
        /// Now.
        now: u64,
    },
    /// Bytes of memory at most.
    Memory {
        /// Before.
        before: usize,
        /// Now.
        now: usize,
    },
    /// How many host calls there were.
    HostCalls {
        /// Before.
        before: u64,
        /// Now.
        now: u64,
    },
}

impl Difference {
    /// All in which these two differ.
    pub(crate) fn between(before: &(DevPackage, CallReport), now: &(DevPackage, CallReport)) -> Vec<Self> {
        let ((old_package, old), (new_package, new)) = (before, now);
        let fuel = |call: &CallReport| call.calls.iter().map(|entry| entry.fuel).sum();
        let memory = |call: &CallReport| call.calls.iter().map(|entry| entry.memory_bytes).max();
        let host_calls = |call: &CallReport| call.calls.iter().map(|entry| entry.host_calls).sum();
        let all = [
            (old_package.component_sha256 != new_package.component_sha256).then_some(Self::Component {
                before: old_package.component_bytes,
                now: new_package.component_bytes,
            }),
            Some(Self::Outcome {
                before: old.ok,
                now: new.ok,
            }),
            (old.output != new.output).then_some(Self::Answer),
            Some(Self::Instructions {
                before: fuel(old),
                now: fuel(new),
            }),
            Some(Self::Memory {
                before: memory(old).unwrap_or(0),
                now: memory(new).unwrap_or(0),
            }),
            Some(Self::HostCalls {
                before: host_calls(old),
                now: host_calls(new),
            }),
        ];
        all.into_iter().flatten().filter(Self::is_one).collect()
    }

    fn is_one(&self) -> bool {
        match self {
            // Another component may be as large as the one before.
            Self::Component { .. } | Self::Answer => true,
            Self::Outcome { before, now } => before != now,
            Self::Instructions { before, now } | Self::HostCalls { before, now } => before != now,
            Self::Memory { before, now } => before != now,
        }
    }
}
