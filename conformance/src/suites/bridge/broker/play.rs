//! What is played: what children do, and what whoever reads does meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use yoi_host::bridge::{Adapter, ExchangeTimes, NormalizedEvent};
use yoi_host::wire::child::{Ending, How};

/// What conversations are called in plays begins so: by that the name of one is found among what a child is told.
pub const NAMED: &str = "conversation-";

/// A variable of a child's that a case may set, and that is seen.
pub const TOLD: &str = "YOIKIT_TOLD";

/// What is played.
#[derive(Debug, Clone)]
pub struct Play {
    /// In whose dialect the children speak.
    pub adapter: Adapter,
    /// The children, in the order in which they are started. One more is not there.
    pub children: Vec<Role>,
    /// What whoever reads does.
    pub acts: Vec<Act>,
    /// How many exchanges there are, of the same model.
    pub turns: usize,
    /// Whether they are asked for all at once.
    pub at_once: bool,
    /// The conversation that is to be taken up again.
    pub resume: Option<String>,
    /// The conversation that is remembered; some where conversations are remembered at all.
    pub remembered: Option<Option<String>>,
    /// Arguments of the children, before those of the dialect.
    pub args: Vec<String>,
    /// Variables of the children.
    pub env: BTreeMap<String, String>,
    /// How long the parts of an exchange may take.
    pub times: ExchangeTimes,
    /// Whether it is told as the framework does.
    pub as_framework: bool,
    /// The model's address, where it is not that of a child who speaks the dialect.
    pub address: Option<String>,
    /// What the framework answers with by itself, where it is there to answer at all.
    pub framework: Option<String>,
}

/// What a child does.
#[derive(Debug, Clone)]
pub struct Role {
    /// One after the other.
    pub steps: Vec<Step>,
    /// And how it ends then.
    pub ending: Ending,
}

/// What a child does next.
#[derive(Clone)]
pub enum Step {
    /// Write these bytes at once.
    Say(Vec<u8>),
    /// Write these again and again, but for a bound that spares the machine of whoever tests a host that has none.
    Repeat {
        /// The bytes.
        bytes: Vec<u8>,
        /// How many there are in all.
        at_most: usize,
    },
    /// Do nothing for so long.
    Wait(Duration),
    /// Start something that stays when the child is gone.
    Leave,
    /// Do nothing any more, and do not end.
    Hang,
    /// Have the pipe break.
    Break,
}

/// What whoever reads does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Read so many events, or to the end.
    Read(usize),
    /// The same, of those alone that come within a moment.
    ReadSome(usize),
    /// Read to the end.
    ReadAll,
    /// Read nothing until nothing happens any more.
    Pause,
    /// End the exchange.
    Cancel,
    /// Let go of it.
    Drop,
}

/// What is seen of a play.
#[derive(Debug, Default)]
pub struct Seen {
    /// Each exchange.
    pub turns: Vec<Turn>,
    /// Each child that was started.
    pub children: Vec<ChildSeen>,
    /// The conversation that is remembered then.
    pub remembered: Option<String>,
}

/// What is seen of an exchange.
#[derive(Debug, Default, Clone)]
pub struct Turn {
    /// What was read.
    pub events: Vec<NormalizedEvent>,
    /// The same in the framework's words, where it was told so.
    pub stream: Vec<Value>,
    /// Whether the reader came to its end.
    pub over: bool,
    /// Why there was no exchange, in the host's words.
    pub refused: Option<String>,
    /// Bytes that children had got rid of when the reader was done with it.
    pub heard: usize,
}

/// What is seen of a child.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ChildSeen {
    /// The conversation that it was to take up again.
    pub resumed: Option<String>,
    /// Its arguments.
    pub words: Vec<String>,
    /// The variable [`TOLD`].
    pub told: Option<String>,
    /// A variable that its host keeps for itself.
    pub kept: Option<String>,
    /// How often it was taken down; of one that is a program, whether nothing of it is left.
    pub ended: usize,
}

impl Play {
    /// One child that does this and ends well, and a reader who reads to the end.
    #[must_use]
    pub fn of(adapter: Adapter, steps: Vec<Step>) -> Self {
        Self {
            adapter,
            children: vec![Role::of(steps)],
            acts: vec![Act::ReadAll],
            turns: 1,
            at_once: false,
            resume: None,
            remembered: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            times: ExchangeTimes::default(),
            as_framework: false,
            address: None,
            framework: None,
        }
    }

    /// The same, with a reader who does this.
    #[must_use]
    pub fn read_by(mut self, acts: Vec<Act>) -> Self {
        self.acts = acts;
        self
    }
}

impl Role {
    /// A child that does this and ends well.
    #[must_use]
    pub const fn of(steps: Vec<Step>) -> Self {
        Self::ending(steps, How::Exited(0), String::new())
    }

    /// A child that does this and ends so.
    #[must_use]
    pub const fn ending(steps: Vec<Step>, how: How, stderr: String) -> Self {
        Self {
            steps,
            ending: Ending::itself(how, stderr),
        }
    }
}

impl Step {
    /// Say these lines.
    #[must_use]
    pub fn lines(lines: &[&str]) -> Self {
        Self::Say(
            lines
                .iter()
                .flat_map(|line| [line.as_bytes(), b"\n"].concat())
                .collect(),
        )
    }
}

/// Most of what is said is text, and some is very long.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).into_owned();
            format!("{text:?} ({} bytes)", bytes.len())
        };
        match self {
            Self::Say(bytes) => write!(f, "Say({})", shown(bytes)),
            Self::Repeat { bytes, .. } => write!(f, "Repeat({})", shown(bytes)),
            Self::Wait(time) => write!(f, "Wait({time:?})"),
            Self::Hang => f.write_str("Hang"),
            Self::Leave => f.write_str("Leave"),
            Self::Break => f.write_str("Break"),
        }
    }
}
