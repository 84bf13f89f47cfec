//! What a guest may call: the `yoi:host` interfaces. Each asks the authority, then acts.
//!
//! How a guest learns that a call was refused or failed is a matter of the [`Profile`](crate::Profile): it is
//! answered with `{"error": {"code", "message"}}`, or, as by the yoi host, ended with a trap.
//!
//! - [`Access`]: what a plugin may reach, and by which way
//! - [`ImportsCtx`]: the state of one instance's imports, in its store
//! - [`ImportsView`]: how a store gives access to it
//! - [`HostCall`]: what is kept of a call
//! - [`faults`]: calls broken on purpose
//! - [`transcript`]: a run's calls on file, and answered again from there
//! - [`mod@request`], [`websocket`], `fs`: the interfaces; `egress` is the one way out for the first two

mod call;
mod ctx;
mod egress;
mod error;
pub mod faults;
mod fs;
mod link;
mod patience;
mod redact;
pub mod request;
pub mod transcript;
pub mod websocket;

pub use call::{HostCall, Import};
pub use ctx::{Access, Asked, ImportsCtx, ImportsView};
pub(crate) use egress::{Destination, Protocol};
pub use error::{HostError, HostErrorCode};
pub use link::link;
pub use patience::Patience;
pub(crate) use redact::redacted;
