//! A plugin component, from its bytes to its last word.
//!
//! [`Plugin::load`] turns bytes into something that can be instantiated; [`Plugin::instance`] makes one of
//! them; [`Instance`] drives its life: start, tools, events, status, stop. Both worlds of the contract stand
//! behind that one type. Calls are synchronous: whoever needs them elsewhere moves the instance to a thread
//! of its own.
//!
//! **A guest cannot harm its host.** Whatever it does, a call ends with an answer or with a [`CallError`]
//! that says which limit it met and where it was: it runs on a stack that holds it, under budgets of
//! instructions, memory and time.
//!
//! - `load`: bytes to plugin
//! - `instance`: the life cycle ([`Lifecycle`]), and what each profile makes of a failure
//! - `export`: what each export is given and answers
//! - `answer`: what a tool says, taken out of the guest's memory
//! - `guest`: one live instance; the only place that enters guest code
//! - [`Sampler`]: where a guest spends its instructions
//! - [`message`]: the JSON that crosses the boundary
//! - [`service`]: an instance that lives as long as its host, supervised
//! - [`CallError`], [`Fault`]: what can go wrong, apart by whose fault it is; [`FailureCode`]: a name for each

mod answer;
mod code;
mod entry;
mod error;
mod export;
mod fault;
mod guest;
mod instance;
mod lifecycle;
mod load;
mod log;
pub mod message;
mod sample;
pub mod service;

pub use code::FailureCode;
pub use entry::Entry;
pub use error::{CallError, InputError, LoadError};
pub use fault::{Cause, Fault, Frame};
pub use guest::Measures;
pub use instance::Instance;
pub use lifecycle::Lifecycle;
pub use load::Plugin;
pub use log::GuestLog;
pub use sample::{Function, Sampler, Samples};
