//! The plugin contract: worlds `yoi:plugin/tool` and `yoi:plugin/instance`.
//!
//! - [`mod@guest`]: what is asked of a plugin
//! - [`target`]: what can stand behind the contract on the guest's side
//! - [`open`]: from a path to targets
//! - [`check`]: the suite in a plugin's own tests

pub mod check;
pub mod guest;
pub mod open;
pub mod target;

use crate::Suite;

pub use target::GuestTarget;

/// What is asked of a plugin.
#[must_use]
pub fn guest() -> Suite<GuestTarget> {
    let mut tests = guest::tests();
    tests.extend(target::tests());
    Suite::new("plugin", 1, tests)
}
