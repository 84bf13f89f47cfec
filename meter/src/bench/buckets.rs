//! How latencies are distributed, in columns whose width grows with the latency.

use hdrhistogram::Histogram;

use crate::limits::{BUCKETS_PER_DOUBLING, LATENCY_DIGITS};
use crate::report::{Bucket, Times};

/// The buckets of a histogram of nanoseconds, shortest first, without those that are empty.
pub(super) fn buckets(histogram: &Histogram<u64>) -> Vec<Bucket> {
    let column = |nanos: u64| ((nanos.max(1) as f64).log2() * BUCKETS_PER_DOUBLING).floor();
    let edge = |column: f64| 2_f64.powf(column / BUCKETS_PER_DOUBLING) / 1e3;
    let mut buckets: Vec<(f64, u64)> = Vec::new();
    for value in histogram.iter_recorded() {
        let at = column(value.value_iterated_to());
        match buckets.last_mut() {
            Some((last, calls)) if *last == at => *calls += value.count_at_value(),
            _ => buckets.push((at, value.count_at_value())),
        }
    }
    buckets
        .into_iter()
        .map(|(column, calls)| Bucket {
            from_us: edge(column),
            to_us: edge(column + 1.0),
            calls,
        })
        .collect()
}

/// Latencies, kept to a thousandth, but the fastest and the slowest exactly.
#[derive(Debug)]
pub(super) struct Latencies {
    histogram: Histogram<u64>,
    fastest: u64,
    slowest: u64,
}

impl Latencies {
    pub(super) fn new() -> Self {
        Self {
            histogram: Histogram::new(LATENCY_DIGITS).expect("0 to 5 digits"),
            fastest: u64::MAX,
            slowest: 0,
        }
    }

    pub(super) fn note(&mut self, nanos: u64) {
        // One that grows refuses nothing.
        let _ = self.histogram.record(nanos);
        self.fastest = self.fastest.min(nanos);
        self.slowest = self.slowest.max(nanos);
    }

    pub(super) fn add(&mut self, other: &Self) {
        let _ = self.histogram.add(&other.histogram);
        self.fastest = self.fastest.min(other.fastest);
        self.slowest = self.slowest.max(other.slowest);
    }

    pub(super) fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    /// What they come to. None where there are none.
    pub(super) fn times(&self) -> Option<Times> {
        let micros = |nanos: u64| nanos as f64 / 1e3;
        // A histogram tells the end of the thousandth that holds a value: beyond the slowest there is none.
        let at = |quantile| {
            let near = self.histogram.value_at_quantile(quantile);
            micros(near.clamp(self.fastest, self.slowest))
        };
        (!self.histogram.is_empty()).then(|| Times {
            calls: self.histogram.len(),
            min_us: micros(self.fastest),
            mean_us: self.histogram.mean() / 1e3,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p95_us: at(0.95),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(self.slowest),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_call_is_in_the_bucket_that_holds_its_latency(
            nanos in prop::collection::vec(1_u64..10_000_000_000, 1..200),
        ) {
            let mut latencies = Latencies::new();
            for value in &nanos {
                latencies.note(*value);
            }
            let buckets = buckets(latencies.histogram());
            prop_assert_eq!(buckets.iter().map(|bucket| bucket.calls).sum::<u64>(), nanos.len() as u64);
            prop_assert!(buckets.windows(2).all(|pair| pair[0].to_us <= pair[1].from_us * 1.000_001));
            let times = latencies.times().unwrap();
            let (fastest, slowest) = (nanos.iter().min().unwrap(), nanos.iter().max().unwrap());
            prop_assert_eq!((times.min_us, times.max_us), (*fastest as f64 / 1e3, *slowest as f64 / 1e3));
            let told = [times.min_us, times.p50_us, times.p90_us, times.p95_us, times.p99_us, times.p999_us, times.max_us];
            prop_assert!(told.is_sorted(), "{told:?}");
            let (first, last) = (buckets.first().unwrap(), buckets.last().unwrap());
            // A histogram knows a value to a thousandth.
            prop_assert!(first.from_us <= times.min_us * 1.002 && times.min_us <= first.to_us * 1.002);
            prop_assert!(last.from_us <= times.max_us * 1.002 && times.max_us <= last.to_us * 1.002);
        }
    }
}
