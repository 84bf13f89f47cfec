//! The plugin contract: worlds `yoi:plugin/tool` and `yoi:plugin/instance`.
//!
//! - [`mod@guest`]: what is asked of a plugin
//! - [`mod@host`]: what is asked of a host, and [`door`]: any host, in this process or behind another
//! - [`target`]: what can stand behind the contract on the guest's side
//! - [`open`]: from a path to targets
//! - [`behaviours`]: what is promised, one by one, and the cases that prove it
//! - [`check`]: the suite in a plugin's own tests

pub mod behaviours;
pub mod check;
pub mod door;
pub mod guest;
pub mod host;
pub mod open;
pub mod target;

use crate::Suite;

pub use host::HostTarget;
pub use target::GuestTarget;

/// The newest set that has a name.
///
/// The next one comes about like this: cases are written with [`Case::next`](crate::Case::next) and wait, so that
/// `--next` alone runs them. Once each of them has a mutant that it catches, they are given to the number that follows
/// this one with [`since`](crate::Case::since), this number is raised, and `tests/sets.rs` keeps the new set as it
/// keeps those before, none of which may change by that.
const REVISION: u32 = 4;

/// What is asked of a plugin.
#[must_use]
pub fn guest() -> Suite<GuestTarget> {
    let mut tests = guest::tests();
    tests.extend(target::tests());
    Suite::new("plugin", REVISION, tests)
}

/// What is asked of a host.
#[must_use]
pub fn host() -> Suite<HostTarget> {
    Suite::new("plugin", REVISION, host::tests())
}
