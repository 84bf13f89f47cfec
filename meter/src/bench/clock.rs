//! What the clock itself costs.

use std::hint::black_box;
use std::time::Instant;

use crate::limits::CLOCK_READINGS;

/// What two readings cost, in microseconds: the mean over many, since one is shorter than the clock can tell.
pub(super) fn cost_us() -> f64 {
    let began = Instant::now();
    for _ in 0..CLOCK_READINGS {
        black_box(Instant::now());
    }
    began.elapsed().as_secs_f64() * 1e6 / CLOCK_READINGS as f64 * 2.0
}
