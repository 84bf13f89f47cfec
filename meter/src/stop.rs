//! Ends a run early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use yoi_host::engine::Cancel;

/// Ends a run early, with all that is known by then. Cloned freely, used from any thread.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: AtomicBool,
    /// What ends the calls under way, one for each worker. Touched when an instance is made, not in a call.
    calls: Mutex<Vec<Option<Cancel>>>,
}

impl Stop {
    /// End the run: no further call is begun, and those under way are cut off and not counted.
    pub fn stop(&self) {
        self.shared.asked.store(true, Ordering::SeqCst);
        for call in self.calls().iter().flatten() {
            call.cancel();
        }
    }

    /// Whether the run is to end.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// The instance of worker `seat` is ended by this.
    pub(crate) fn ends(&self, seat: usize, cancel: Cancel) {
        let mut calls = self.calls();
        if calls.len() <= seat {
            calls.resize(seat + 1, None);
        }
        // Whoever stopped the run meanwhile has not seen it.
        if self.shared.asked.load(Ordering::SeqCst) {
            cancel.cancel();
        }
        calls[seat] = Some(cancel);
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Option<Cancel>>> {
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stops_a_run_ends_its_calls_also_those_begun_since() {
        let stop = Stop::default();
        let [early, late] = [Cancel::default(), Cancel::default()];
        stop.ends(0, early.clone());
        assert!(!stop.is_asked() && !early.is_cancelled());
        stop.stop();
        stop.ends(3, late.clone());
        assert!(stop.is_asked() && early.is_cancelled() && late.is_cancelled());
    }
}
