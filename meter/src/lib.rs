//! Measures plugins, for those who write them: how long a call takes, what it spends, and where.
//!
//! A plugin is measured through the host's public interface, as any caller meets it; what is measured is data, which
//! others print. Nothing here judges a plugin by the clock alone: what a call spends in instructions and memory is
//! counted, and is the same on every machine.
//!
//! - [`bench`](mod@bench): one tool called again and again, and what that took ([`report`])
//! - [`compare`]: two reports, and which of their differences mean something ([`statistics`])
//! - [`profile`](mod@profile): where a call spends its instructions, as a flame graph
//! - [`Stop`]: ends a run early, with all that is known by then
//! - [`grouped`]: a number as a person reads it
//! - [`limits`]: every number, with its reason

#![warn(missing_docs)]

pub mod bench;
pub mod compare;
mod digits;
pub mod limits;
pub mod profile;
pub mod report;
pub mod statistics;
mod stop;

pub use digits::grouped;
pub use stop::Stop;
