//! A run that is over, whoever answered its calls.

use std::time::Duration;

use yoi_host::ptc::{Canceller, Envelope};

use super::super::signals::{Asked, Signal};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::ReplayReport;

/// A run that is over.
pub(super) struct Ran {
    pub(super) envelope: Envelope,
    pub(super) memory_bytes: usize,
    pub(super) wall: Option<Duration>,
    pub(super) replayed: Option<ReplayReport>,
    /// With a recording.
    pub(super) troubles: Vec<String>,
    /// The signal that came meanwhile.
    pub(super) asked: Option<Signal>,
    /// Where something was the host's own failure.
    pub(super) host_failed: Option<Exit>,
}

/// A signal ends the run, which is told as far as it came.
pub(super) fn cancel_when_asked(canceller: &Canceller) -> Result<Asked, Failure> {
    let canceller = canceller.clone();
    Asked::listen(move |_| canceller.cancel(), || {})
}
