//! A supervised child process: what is said to it, what it says, and that nothing of it is left.
//!
//! The child gets a process group of its own, an environment of listed variables, and three pipes. It is driven by
//! whoever listens: [`Child::hear`] reads what it prints, writes what it is told and drains its standard error, all
//! three at once, and none of them while nobody listens. So a slow listener makes the child wait, not the memory
//! grow. [`Child::end`] takes it down in order: standard input is closed, then it is asked, then made to; and
//! its whole tree with it. One that is dropped is killed, and so is one whose host is, whichever way it ends: [`tie`].

mod bond;
mod ending;
mod environment;
mod launch;
mod supervised;
mod tail;
mod tree;

pub use bond::tie;
pub use ending::{EndedBy, Ending, How};
pub use environment::Environment;
pub use launch::{Launch, StartError};
pub use supervised::{Child, Farewell};
pub(crate) use tail::Tail;
