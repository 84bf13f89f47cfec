//! The contract of code that calls tools: what is asked of an engine, and of any host that speaks the protocol.
//!
//! An engine is asked in a host of this process. So every case speaks the protocol, and none can tell which of the two
//! it has.
//!
//! Beside the published runtime each case is marked: it is done alike, it is mended here, or it is bounded here where
//! there it is not.
//!
//! - [`target`], [`open`]: what can be asked, and how it is named
//! - `peer`: the client's end of the protocol
//! - `language`: what the code is written in
//! - `code`, `rows`: what code comes to; `wire`: the protocol; `order`: calls and answers in any order; `hostile`: code that
//!   means harm; `python`: programs that are made up, beside the machine's own Python

mod code;
mod hostile;
mod language;
pub mod open;
mod order;
mod peer;
mod python;
mod rows;
pub mod target;
mod wire;

use std::fmt;

use crate::suite::Test;
use crate::{Clause, Suite};

pub use target::PtcTarget;

/// How a behaviour stands to that of the published runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The same: clients depend on it.
    Match,
    /// Mended.
    Fix,
    /// Bounded, where there it is not.
    Tighten,
}

/// A case with its mark.
struct Marked {
    mark: Mark,
    test: Test<PtcTarget>,
}

const FRAMING: Clause = Clause::new(
    "contracts/ptc.md#framing",
    "One JSON value a line; a line that is none is answered, and the next is read.",
);
const REQUESTS: Clause = Clause::new(
    "contracts/ptc.md#requests",
    "Every request is answered once, under its own id; one that cannot be meant, by a failure that says why.",
);
const CALLS: Clause = Clause::new(
    "contracts/ptc.md#calls",
    "Each call is told once and taken one answer for, in any order; an answer for no call harms nothing.",
);
const RUNS: Clause = Clause::new(
    "contracts/ptc.md#several-runs",
    "Runs that are asked for at once come to what each comes to alone.",
);
const END: Clause = Clause::new(
    "contracts/ptc.md#the-end",
    "Whatever ends, the input or the host, every request that was taken is answered before.",
);
const BLOCKS: Clause = Clause::new(
    "contracts/ptc.md#blocks",
    "The value of a block is that of its last statement where that is an expression, and else null.",
);
const STATE: Clause = Clause::new(
    "contracts/ptc.md#state",
    "What a block defines is there for the next block of the session.",
);
const ENVELOPE: Clause = Clause::new(
    "contracts/ptc.md#the-envelope",
    "Whatever becomes of a block, its envelope has what is known: output, and value or error.",
);
const VALUES: Clause = Clause::new(
    "contracts/ptc.md#values",
    "Values, arguments and answers cross as JSON, and lose nothing that JSON has a place for.",
);
const ERRORS: Clause = Clause::new(
    "contracts/ptc.md#errors-of-tools",
    "A tool's failure is an exception where the code waits.",
);
const TOOLS: Clause = Clause::new(
    "contracts/ptc.md#tools",
    "The code calls the tools that its run lists, by name and with named arguments, and no others.",
);
const TASKS: Clause = Clause::new(
    "contracts/ptc.md#tasks",
    "Calls under way at the same time are answered in any order, and nothing is called once a run is over.",
);
const SANDBOX: Clause = Clause::new(
    "contracts/ptc.md#the-sandbox",
    "Code reaches its tools and nothing else.",
);
const BUDGETS: Clause = Clause::new(
    "contracts/ptc.md#budgets",
    "A run ends within its budgets, with all that is known of it, and the host goes on.",
);
const LANGUAGE: Clause = Clause::new(
    "contracts/ptc.md#the-language",
    "What the code is written in does what Python does.",
);

/// What is asked of an engine or a host.
#[must_use]
pub fn engine() -> Suite<PtcTarget> {
    let tests = all().into_iter().map(|marked| marked.test).collect();
    Suite::new("ptc", 1, tests)
}

/// How each case stands to the published runtime, by its id.
#[must_use]
pub fn marks() -> Vec<(&'static str, Mark)> {
    all()
        .iter()
        .map(|marked| (marked.test.case().id, marked.mark))
        .collect()
}

fn all() -> Vec<Marked> {
    let parts = [
        code::cases(),
        wire::cases(),
        order::cases(),
        hostile::cases(),
        python::cases(),
    ];
    parts.into_iter().flatten().collect()
}

impl Mark {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mark::Match => "match",
            Mark::Fix => "fix",
            Mark::Tighten => "tighten",
        }
    }

    fn of(self, test: Test<PtcTarget>) -> Marked {
        Marked { mark: self, test }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
