//! The host calls of calls, an import at a time.

use std::time::Duration;

use hdrhistogram::Histogram;
use yoi_host::imports::{HostCall, HostErrorCode, Import};

use super::{histogram, record};
use crate::bench::micros;
use crate::limits::LATENCY_DIGITS;
use crate::report::HostCalls;

/// The calls of one import.
pub(super) struct HostTally {
    wall: Histogram<u64>,
    sum: Duration,
    denied: u64,
    failed: u64,
    request_bytes: u64,
    answer_bytes: u64,
}

impl Default for HostTally {
    fn default() -> Self {
        Self {
            wall: histogram(LATENCY_DIGITS),
            sum: Duration::ZERO,
            denied: 0,
            failed: 0,
            request_bytes: 0,
            answer_bytes: 0,
        }
    }
}

impl HostTally {
    pub(super) fn note(&mut self, call: &HostCall) {
        record(&mut self.wall, call.wall);
        self.sum += call.wall;
        match call.error.as_ref().map(|error| error.code) {
            None => {}
            Some(HostErrorCode::Denied) => self.denied += 1,
            Some(_) => self.failed += 1,
        }
        self.request_bytes += call.request_bytes as u64;
        self.answer_bytes += call.answer_bytes as u64;
    }

    pub(super) fn add(&mut self, other: &Self) {
        let _ = self.wall.add(&other.wall);
        self.sum += other.sum;
        self.denied += other.denied;
        self.failed += other.failed;
        self.request_bytes += other.request_bytes;
        self.answer_bytes += other.answer_bytes;
    }

    pub(super) fn told(&self, import: Import) -> HostCalls {
        HostCalls {
            import,
            calls: self.wall.len(),
            denied: self.denied,
            failed: self.failed,
            wall_us: micros(self.sum),
            p50_us: self.wall.value_at_quantile(0.5) as f64 / 1e3,
            p99_us: self.wall.value_at_quantile(0.99) as f64 / 1e3,
            request_bytes: self.request_bytes,
            answer_bytes: self.answer_bytes,
        }
    }
}
