//! The bridge contract: child agents behind one stream of events.
//!
//! - [`mod@dialect`]: what is asked of the dialect of a child agent; [`target`]: one of the host's own, in a component, or
//!   behind [`process`]
//! - [`mod@broker`]: what is asked of a host that runs children and tells of them
//! - [`door`]: such a host, in this process or behind an adapter that speaks `yoikit.bridge-host/1`
//! - [`open`]: from what a person names to targets
//! - [`transcripts`]: what the known children say, and what it comes to

pub mod broker;
pub mod dialect;
pub mod door;
pub mod open;
pub mod process;
pub mod target;
pub mod transcripts;

use crate::Suite;

pub use broker::BrokerTarget;
pub use target::DialectTarget;

/// The newest set that has a name. How the next one comes about is told where the plugin suite has its own.
const REVISION: u32 = 2;

/// What is asked of a dialect.
#[must_use]
pub fn dialect() -> Suite<DialectTarget> {
    Suite::new("bridge", REVISION, dialect::tests())
}

/// What is asked of a host.
#[must_use]
pub fn broker() -> Suite<BrokerTarget> {
    Suite::new("bridge", REVISION, broker::tests())
}
