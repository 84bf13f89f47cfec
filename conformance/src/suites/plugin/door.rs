//! The door to a plugin host: whoever stands behind it, it is asked the same and answers the same.
//!
//! - [`PluginHost`] is the door, one method wide: an [`Ask`], and its [`Outcome`].
//! - [`InProcess`] is our own host, behind no process.
//! - [`Process`] is any host behind a child process that speaks the protocol below; [`serve`] is the other end of
//!   it, which makes an adapter of any [`PluginHost`].
//!
//! # The protocol `yoikit.host/1`
//!
//! The adapter reads one JSON object a line from standard input, and for each writes one to standard output, in
//! order; what it writes to standard error is kept for whoever looks for a fault of it. A line in has an `id`, which
//! the line out repeats, an `op`, and what the operation needs:
//!
//! ```text
//! → {"id":1,"op":"hello","protocol":"yoikit.host/1"}
//! ← {"id":1,"done":{"hello":{"protocol":"yoikit.host/1","host":"mine","version":"1","profiles":["documented"],"abilities":[]}}}
//! → {"id":2,"op":"load","profile":"documented","package":"/tmp/a.yoi-plugin","grants":"permissions = […]","config":"null"}
//! ← {"id":2,"done":{"loaded":{"tools":["do"],"ingresses":[]}}}
//! → {"id":3,"op":"call","tool":"do","input":"{}"}
//! ← {"id":3,"refused":{"kind":"fault","message":"used up its instructions"}}
//! ```
//!
//! `refused` is an answer as good as `done`: a host is there to refuse. What the operations and kinds of refusals
//! mean stands at [`Ask`] and [`RefusalKind`]. Input that ends ends the adapter. A line is at most [`LINE_BYTES`] long.

mod ask;
mod catalogue;
mod in_process;
mod process;
mod serve;

use std::fmt;

pub use ask::{
    Ability, Ask, CommandResult, CommandVerdict, Done, Hello, Lifecycle, Load, Loaded, Outcome, PROTOCOL,
    PackageFound, Refusal, RefusalKind, Report, Service, Settled, Socket, SocketState, Status, Tool,
};
pub use catalogue::{Examine, Listed, Plugins, Row, Rows, Standing, Survey, Trouble};
pub use in_process::{InProcess, InProcessEnder};
pub use process::Process;
pub(super) use process::Processes;
pub use serve::serve;

pub use crate::target::Line;

/// Longest line of the protocol: the largest input there is to try, twice over, every byte of it an escape of six.
pub const LINE_BYTES: usize = 1024 * 1024;

/// A plugin host, whoever it is. It holds one plugin at a time.
pub trait PluginHost: Send {
    /// Ask it one thing.
    ///
    /// # Errors
    ///
    /// Where the host itself failed: it is gone, it says nothing, or what it says is not of the protocol. Refusals
    /// are none of that.
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault>;
}

/// A host that did not keep its end of the protocol: nothing can be said of its promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFault(pub String);

impl fmt::Display for HostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostFault {}
