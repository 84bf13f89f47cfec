//! What `yoikit bridge` prints for programs.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::bridge::{Adapter, LineCounts, Mode, NormalizedEvent, ProbedWord};

/// One line of what `yoikit bridge run --json` and `yoikit bridge replay` print: first the head, then the events, of
/// which the last is `finish` or `failed`, then the tail.
///
/// Where nothing can be begun, because of what was typed or what stands in a file, the only line is a failure instead,
/// `yoikit.failure/1`, which has no `kind`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BridgeLine {
    /// What follows.
    Head(BridgeHead),
    /// Something that the child did.
    Event(NormalizedEvent),
    /// What is known when it is over.
    Tail(BridgeTail),
}

/// What follows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BridgeHead {
    /// `head`.
    pub kind: &'static str,
    /// `yoikit.bridge-events/1`.
    pub schema: &'static str,
    /// Whose lines are read: an adapter, or the name of a dialect.
    pub adapter: String,
    /// How.
    pub mode: Mode,
}

impl BridgeHead {
    pub(crate) fn of(adapter: &str, mode: Mode) -> BridgeLine {
        BridgeLine::Head(Self {
            kind: "head",
            schema: "yoikit.bridge-events/1",
            adapter: adapter.to_owned(),
            mode,
        })
    }
}

/// What is known when it is over.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BridgeTail {
    /// `tail`.
    pub kind: &'static str,
    /// How the child ended, in words, and what had to be done for that; none where there was no child.
    pub ended: Option<String>,
    /// What its lines were.
    pub lines: LineCounts,
    /// How many children it took: two where the first did not know the conversation.
    pub attempts: u32,
    /// What to do about a failure, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

/// What `yoikit bridge probe --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProbeReport {
    /// `yoikit.bridge-probe/1`.
    pub schema: &'static str,
    /// Who was looked for.
    pub adapter: Adapter,
    /// The program that was found.
    pub program: PathBuf,
    /// What it says of its version.
    pub version: Option<String>,
    /// Whether it has all that it is driven by.
    pub fits: bool,
    /// The adapter whose words it speaks, where that is known to be another.
    pub instead: Option<Adapter>,
    /// The words that it is driven by.
    pub words: Vec<ProbedWord>,
    /// Why it cannot be driven, besides words that its help does not have.
    pub trouble: Option<String>,
    /// The command by which it is run, a word each.
    pub command: Vec<String>,
}
