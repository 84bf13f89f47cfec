//! A level's latencies, slice of time by slice of time: what two runs are compared by.

use std::time::Duration;

use crate::limits::{SLICE_SAMPLES, SLICE_SAMPLES_OF_WORKER, SLICES};
use crate::statistics::median;

/// A fair sample of the latencies of each slice, of one worker.
#[derive(Debug)]
pub(super) struct Slices {
    duration: Duration,
    room: usize,
    random: fastrand::Rng,
    slices: Vec<Slice>,
}

#[derive(Debug, Clone, Default)]
struct Slice {
    seen: u64,
    kept: Vec<f64>,
}

impl Slices {
    /// For a level of this duration, measured by so many workers.
    pub(super) fn new(duration: Duration, workers: usize, worker: usize) -> Self {
        Self {
            duration,
            room: (SLICE_SAMPLES / workers).max(SLICE_SAMPLES_OF_WORKER),
            random: fastrand::Rng::with_seed(worker as u64),
            slices: vec![Slice::default(); SLICES],
        }
    }

    /// A call that ended so long after the warm-up took so long.
    pub(super) fn note(&mut self, at: Duration, micros: f64) {
        let place = at.as_secs_f64() / self.duration.as_secs_f64() * SLICES as f64;
        let slice = &mut self.slices[(place as usize).min(SLICES - 1)];
        slice.seen += 1;
        // Each that was seen is among the kept with the same likelihood.
        if slice.kept.len() < self.room {
            slice.kept.push(micros);
        } else if let Some(kept) = slice.kept.get_mut(self.random.u64(0..slice.seen) as usize) {
            *kept = micros;
        }
    }
}

/// The median of each slice that has any call, over all workers.
pub(super) fn medians(workers: &[Slices]) -> Vec<f64> {
    (0..SLICES)
        .filter_map(|place| {
            let all: Vec<f64> = workers
                .iter()
                .flat_map(|worker| &worker.slices[place].kept)
                .copied()
                .collect();
            median(&all)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_has_the_median_of_its_own_calls() {
        let mut slices = Slices::new(Duration::from_secs(40), 1, 0);
        for second in 0..40 {
            for call in 0..10_001 {
                slices.note(Duration::from_secs(second), f64::from(call) + second as f64);
            }
        }
        let medians = medians(&[slices]);
        assert_eq!(medians.len(), SLICES);
        for (second, median) in medians.into_iter().enumerate() {
            assert!(
                (median - 5000.0 - second as f64).abs() < 300.0,
                "{second}: {median}"
            );
        }
    }

    #[test]
    fn who_ends_late_belongs_to_the_last_slice() {
        let mut slices = Slices::new(Duration::from_secs(1), 1000, 0);
        slices.note(Duration::from_secs(9), 4.0);
        assert_eq!(medians(&[slices]), [4.0]);
    }
}
