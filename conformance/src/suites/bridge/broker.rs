//! What the contract promises of a host that runs child agents, and how it is seen from outside.
//!
//! - [`BrokerTarget`] is a host to be held to it. It plays what a case has its children and its reader do ([`play`]), and
//!   what is seen of that is all that a case knows.
//! - [`own`]: yoikit's own host; `script` and `shell`: its children, played in this process by a clock that jumps, or by
//!   shells that are real
//! - `talk`: what children say, made up
//! - The cases stand by what they are about. What a clause says is in `conformance/contracts/bridge.md`, in the section
//!   that the case names.

mod cancel;
mod conversations;
mod ends;
mod lines;
pub mod own;
pub mod play;
mod reader;
mod route;
pub mod script;
mod shell;
mod stream;
mod talk;

use yoi_host::bridge::{FailureCode, NormalizedEvent};

use crate::verdict::expect;
use crate::{Checked, Context, Stop, Test};

use own::{Children, Own};
use play::{Play, Seen, Turn};

/// A host to be held to the contract.
#[derive(Debug)]
pub struct BrokerTarget {
    host: Own,
}

type BrokerTest = Test<BrokerTarget>;

/// All cases for hosts.
pub(super) fn tests() -> Vec<BrokerTest> {
    let parts = [
        lines::tests(),
        ends::tests(),
        cancel::tests(),
        reader::tests(),
        stream::tests(),
        conversations::tests(),
        route::tests(),
    ];
    parts.into_iter().flatten().collect()
}

impl BrokerTarget {
    /// Our own host with children that are played in this process.
    #[must_use]
    pub fn scripted() -> Self {
        Self::of(Own::new(Children::Scripted))
    }

    /// Our own host with children that are processes.
    #[must_use]
    pub fn processes() -> Self {
        Self::of(Own::new(Children::Processes))
    }

    /// Our own host, or one that was broken on purpose.
    #[must_use]
    pub const fn of(host: Own) -> Self {
        Self { host }
    }

    /// What its children are.
    #[must_use]
    pub const fn door(&self) -> &'static str {
        match self.host.children {
            Children::Scripted => "in-process",
            Children::Processes => "process",
        }
    }

    fn play(&self, context: &Context, play: &Play) -> Result<Seen, Stop> {
        context.sent("play", &format!("{play:?}"));
        let seen = self.host.play(play)?;
        context.got("seen", &format!("{seen:?}"));
        Ok(seen)
    }

    /// A play of one exchange that comes to its end.
    fn turn(&self, context: &Context, play: &Play) -> Result<(Turn, Seen), Stop> {
        let mut seen = self.play(context, play)?;
        let turn = seen.turns.pop();
        let turn = turn.ok_or_else(|| Stop::Harness("an exchange that was not played".to_owned()))?;
        Ok((turn, seen))
    }
}

/// Exactly one last event, and nothing after it.
fn has_one_end(turn: &Turn) -> Checked {
    let ends = turn.events.iter().filter(|event| event.is_terminal()).count();
    let is_last = turn.events.last().is_some_and(NormalizedEvent::is_terminal);
    expect(
        turn.over && ends == 1 && is_last,
        || "exactly one last event, and the end of the stream after it".to_owned(),
        || {
            let over = if turn.over { "ends" } else { "does not end" };
            format!(
                "{ends} last events in a stream that {over}: {}",
                kinds(&turn.events)
            )
        },
    )
}

fn kinds(events: &[NormalizedEvent]) -> String {
    let kinds: Vec<&str> = events.iter().map(NormalizedEvent::kind).collect();
    kinds.join(" ")
}

/// The failure that it ended with.
fn failure(turn: &Turn) -> Option<(FailureCode, &str)> {
    match turn.events.last() {
        Some(NormalizedEvent::Failed { error }) => Some((error.code?, &error.message)),
        _ => None,
    }
}

/// It failed so.
fn failed_by(turn: &Turn, code: FailureCode) -> Checked {
    has_one_end(turn)?;
    let failed = failure(turn);
    expect(
        failed.is_some_and(|(is, _)| is == code),
        || format!("a failure of the sort {code:?}"),
        || format!("{failed:?}"),
    )
}
