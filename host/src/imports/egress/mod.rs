//! Out into the network: the one way that `request` and `websocket` both take.
//!
//! A URL is read as browsers read it, so that every spelling of an address is that address. Then, in this
//! order: the authority decides ([`crate::authority`]); an address of a special kind must be named by it
//! literally; a name is resolved **once**; **all** its addresses are judged, and one that may not be reached
//! forbids the name; the very addresses that were judged are dialled, in order. Nothing is resolved a second
//! time, no redirect is followed, and no environment variable is read.
//!
//! Where a name may lead depends on how it is covered. Public addresses: always. A loopback or private address:
//! where manifest and grant name the host itself, and the network has no policy against it; a wildcard stands
//! for the internet, and not for what happens to be near. Any other address: never.
//!
//! - `json`: what a guest hands in
//! - `target`: the URL in it, and where that leads
//! - `address`: what kind of address it is, also in IPv6 clothing
//! - `connect`: resolve, judge, dial, TLS
//! - `outcome`: who is let in, and who is not waited for any longer

mod address;
mod connect;
mod json;
mod outcome;
mod target;

#[cfg(test)]
pub(super) mod fixtures;

pub(super) use connect::{ConnectError, connect};
pub(super) use json::{Object, parse};
pub(super) use outcome::{permitted, unfinished};
pub(crate) use target::{Destination, Protocol};
