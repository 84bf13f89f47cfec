//! How latencies are distributed, in columns whose width grows with the latency.

use hdrhistogram::Histogram;

use crate::limits::BUCKETS_PER_DOUBLING;
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

/// The quantiles of a histogram of nanoseconds. None where it is empty.
pub(super) fn times(histogram: &Histogram<u64>) -> Option<Times> {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    (!histogram.is_empty()).then(|| Times {
        calls: histogram.len(),
        min_us: histogram.min() as f64 / 1e3,
        mean_us: histogram.mean() / 1e3,
        p50_us: at(0.5),
        p90_us: at(0.9),
        p95_us: at(0.95),
        p99_us: at(0.99),
        p999_us: at(0.999),
        max_us: at(1.0),
    })
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
            let mut histogram = Histogram::new(3).unwrap();
            for value in &nanos {
                histogram.record(*value).unwrap();
            }
            let buckets = buckets(&histogram);
            prop_assert_eq!(buckets.iter().map(|bucket| bucket.calls).sum::<u64>(), nanos.len() as u64);
            prop_assert!(buckets.windows(2).all(|pair| pair[0].to_us <= pair[1].from_us * 1.000_001));
            let times = times(&histogram).unwrap();
            let (first, last) = (buckets.first().unwrap(), buckets.last().unwrap());
            // A histogram knows a value to a thousandth.
            prop_assert!(first.from_us <= times.min_us * 1.002 && times.min_us <= first.to_us * 1.002);
            prop_assert!(last.from_us <= times.max_us * 1.002 && times.max_us <= last.to_us * 1.002);
        }
    }
}
