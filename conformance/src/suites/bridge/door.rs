//! The door to a host of child agents: whoever stands behind it, it is asked the same and answers the same.
//!
//! - [`ChildHost`] is the door: exchanges are begun, and what it remembers is asked for. An [`Exchange`] is read an event
//!   at a time, and ended.
//! - [`Own`] is yoikit's own host, behind no process.
//! - `process` is any host behind a child process that speaks the protocol below; [`serve`] is the other end of it, which
//!   makes an adapter of any [`ChildHost`]. `wire` is what both ends of a pipe have in common.
//!
//! # The protocol `yoikit.bridge-host/1`
//!
//! The adapter reads one JSON object a line from standard input, and answers each with one on standard output, which
//! repeats its `id`. Answers come as they are had, in any order: an event may be long in coming, and other exchanges go
//! on meanwhile. What it writes to standard error is kept for whoever looks for a fault of it.
//!
//! ```text
//! → {"id":1,"op":"hello","protocol":"yoikit.bridge-host/1"}
//! ← {"id":1,"done":{"hello":{"protocol":"yoikit.bridge-host/1","host":"mine","version":"1","adapters":["codex-cli"]}}}
//! → {"id":2,"op":"begin","exchange":1,"model":{…},"spec":{"adapter":"codex-cli","binaryPath":"/bin/sh","args":["child"],…},…}
//! ← {"id":2,"done":"begun"}
//! → {"id":3,"op":"next","exchange":1}
//! ← {"id":3,"done":{"event":{"kind":"text","delta":"Hi"}}}
//! → {"id":4,"op":"next","exchange":1}
//! → {"id":5,"op":"abort","exchange":1}
//! ← {"id":5,"done":"aborted"}
//! ← {"id":4,"done":{"event":{"kind":"failed","error":{"message":"it was ended","aborted":true}}}}
//! → {"id":6,"op":"next","exchange":1}
//! ← {"id":6,"done":"over"}
//! ```
//!
//! `next` is how the suite reads: an adapter takes of its host one event for each, and none unasked. So a reader can be
//! slow, and stop. What the operations mean stands at [`Ask`]. Input that ends ends the adapter, with all its children.

mod ask;
pub mod own;
mod process;
mod serve;
mod wire;

use std::fmt;

use yoi_host::bridge::{ExternalRuntimeSpec, Model};
use yoi_host::world::Pending;

pub use ask::{
    Ability, Ask, Begin, Credential, Done, Hello, Outcome, PROTOCOL, Recalled, Refusal, RefusalKind, Telling,
    Times, Told,
};
pub use own::Own;
pub use process::introduce;
pub(super) use process::{Adapters, KEPT};
pub use serve::serve;
pub(crate) use wire::Wire;

use crate::Stop;

/// A host of child agents, whoever it is.
pub trait ChildHost: Send + Sync {
    /// Who it is, and what it can do.
    fn hello(&self) -> Hello;

    /// Begin an exchange. What goes wrong with its child is an event of it.
    ///
    /// # Errors
    ///
    /// Where there is no exchange.
    fn begin<'a>(&'a self, begin: &'a Begin) -> Pending<'a, Result<Box<dyn Exchange>, NotDone>>;

    /// Remember a conversation with a model as if an exchange had told it.
    ///
    /// # Errors
    ///
    /// Where it remembers none.
    fn remember<'a>(&'a self, model: &'a Model, token: &'a str) -> Pending<'a, Result<(), NotDone>>;

    /// What the conversation with a model is called that is gone on with by the next exchange.
    ///
    /// # Errors
    ///
    /// Where it remembers none.
    fn recall<'a>(&'a self, model: &'a Model) -> Pending<'a, Result<Option<String>, NotDone>>;

    /// Whether a key has to be there for a child that is run so.
    ///
    /// # Errors
    ///
    /// Where it does not say.
    fn requires_credential<'a>(&'a self, spec: &'a ExternalRuntimeSpec)
    -> Pending<'a, Result<bool, NotDone>>;
}

/// An exchange under way. Dropped, it is let go of.
pub trait Exchange: Send {
    /// What is told next; none after the last. The future may be dropped, and nothing is lost by that.
    ///
    /// # Errors
    ///
    /// Where the host itself failed.
    fn next(&mut self) -> Pending<'_, Result<Option<Told>, NotDone>>;

    /// End it.
    ///
    /// # Errors
    ///
    /// Where the host itself failed.
    fn abort(&mut self) -> Pending<'_, Result<(), NotDone>>;
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// The host does not do it, or threw.
    Refused(Refusal),
    /// The host did not keep its end of the protocol: nothing can be said of its promises.
    Gone(String),
}

impl NotDone {
    /// What that means for a case that cannot do without.
    pub(crate) fn stop(self) -> Stop {
        match self {
            Self::Refused(refusal) => Stop::CouldNotRun(refusal.to_string()),
            Self::Gone(fault) => Stop::CouldNotRun(fault),
        }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Gone(fault) => f.write_str(fault),
        }
    }
}
