//! A fixed number of calls in a fresh instance, twice: what can be compared exactly.
//!
//! What a guest spends is a function of its code, of what it is given and of what it is answered. So the n-th call of
//! two fresh instances spends the same, unless the host answers differently; and if it does, that is known.

use std::time::Instant;

use yoi_host::plugin::{CallError, Plugin};

use super::seat::{Seat, failure};
use super::{BenchError, Target};
use crate::Stop;
use crate::limits::{PROBE_CALLS, PROBE_TIME};
use crate::report::Probe;

pub(super) fn measure(plugin: &Plugin, target: &Target<'_>, stop: &Stop) -> Result<Probe, BenchError> {
    let first = calls(plugin, target, stop)?;
    let again = calls(plugin, target, stop)?;
    let both = first.fuel.iter().zip(&again.fuel);
    Ok(Probe {
        repeatable: both.clone().all(|(one, other)| one == other) && first.failed == again.failed,
        ..first
    })
}

fn calls(plugin: &Plugin, target: &Target<'_>, stop: &Stop) -> Result<Probe, BenchError> {
    let mut seat = Seat::new(plugin, target, stop, 0);
    let instance = match seat.ready() {
        Ok((instance, _)) => instance,
        // Cut off: what is known by now is told.
        Err(_) if stop.is_asked() => return Ok(Probe::default()),
        Err(CallError::Input(error)) => return Err(BenchError::Input(error)),
        Err(error) => return Err(BenchError::Start(error)),
    };
    let mut probe = Probe::default();
    let began = Instant::now();
    while probe.fuel.len() < PROBE_CALLS && began.elapsed() < PROBE_TIME && !stop.is_asked() {
        let ended = instance.handle_tool(target.tool, target.input);
        if let Err(CallError::Input(error)) = ended {
            return Err(BenchError::Input(error));
        }
        if ended.is_err() && stop.is_asked() {
            break;
        }
        if let Some(measures) = instance.last_call() {
            probe.memory_bytes = measures.memory_bytes;
            // Of a call without an answer only a lower bound is known.
            if ended.is_ok() {
                probe.fuel.push(measures.fuel);
            }
        }
        if let Some((code, _)) = failure(&ended) {
            probe.failed = Some(code);
            if ended.is_err() {
                break;
            }
        }
    }
    Ok(probe)
}
