//! Whether two sets of samples differ by more than chance, without any belief about their distribution.
//!
//! Latencies are nothing like normally distributed, so ranks are compared and not means: the test is Mann and
//! Whitney's, the size of the shift is Hodges and Lehmann's estimate with the interval that belongs to the test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// By how much one set of samples lies above another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shift {
    /// The likelihood of a difference as large as this where there is none.
    pub p: f64,
    /// The median of all differences between a sample of the later set and one of the earlier, as a part of the
    /// earlier set's median: 0.1 is a tenth more.
    pub relative: f64,
    /// Between which the true one lies in 95 of 100 cases.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// The median. None of nothing.
#[must_use]
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// By how much `later` lies above `earlier`. None where there are too few samples to say: less than eight of either.
#[must_use]
pub fn shift(earlier: &[f64], later: &[f64]) -> Option<Shift> {
    const ENOUGH: usize = 8;
    if earlier.len() < ENOUGH || later.len() < ENOUGH {
        return None;
    }
    let middle = median(earlier).filter(|middle| *middle > 0.0)?;
    let mut differences: Vec<f64> = later
        .iter()
        .flat_map(|later| earlier.iter().map(move |earlier| later - earlier))
        .collect();
    differences.sort_by(f64::total_cmp);
    // The bounds of the interval are differences as well: those whose rank the test would only just not reject.
    let (n, m) = (earlier.len() as f64, later.len() as f64);
    let spread = (n * m * (n + m + 1.0) / 12.0).sqrt();
    let rank = (n * m / 2.0 - 1.959_964 * spread).floor().max(0.0) as usize;
    let last = differences.len() - 1;
    Some(Shift {
        p: mann_whitney(earlier, later),
        relative: median(&differences)? / middle,
        low: differences[rank.min(last)] / middle,
        high: differences[last - rank.min(last)] / middle,
    })
}

/// The two-sided p of Mann and Whitney's test, by the normal approximation with the corrections for ties and for
/// continuity, which is good from eight samples on.
fn mann_whitney(a: &[f64], b: &[f64]) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let mut all: Vec<(f64, bool)> = a.iter().map(|value| (*value, true)).collect();
    all.extend(b.iter().map(|value| (*value, false)));
    all.sort_by(|(x, _), (y, _)| x.total_cmp(y));
    let (mut rank_sum, mut ties) = (0.0, 0.0);
    let mut at = 0;
    while at < all.len() {
        let equal = all[at..]
            .iter()
            .take_while(|(value, _)| *value == all[at].0)
            .count();
        // Those that are equal share the mean of their ranks, which count from 1.
        let rank = at as f64 + (equal as f64 + 1.0) / 2.0;
        rank_sum += rank * all[at..at + equal].iter().filter(|(_, of_a)| *of_a).count() as f64;
        ties += (equal as f64).powi(3) - equal as f64;
        at += equal;
    }
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        // All of them are the same.
        return 1.0;
    }
    let z = ((u - n * m / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    (2.0 * upper_tail(z)).min(1.0)
}

/// How much of the normal distribution lies above `z`, which is not negative. Abramowitz and Stegun 26.2.17, whose
/// error is below 1e-7.
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let series = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let sum = series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    density * sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Latencies as they come: a floor, a hump, and a long tail.
    fn latencies(random: &mut fastrand::Rng, count: usize, scale: f64) -> Vec<f64> {
        let one = |random: &mut fastrand::Rng| scale * (100.0 - 20.0 * (1.0 - random.f64()).ln());
        (0..count).map(|_| one(random)).collect()
    }

    #[test]
    fn the_test_agrees_with_a_table() {
        // The ranks of `a` add up to 54, so that u is 18 of an expected 40 with a deviation of 11.25: z is 1.91.
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 12.0, 13.0, 14.0];
        let b = [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 15.0, 16.0, 17.0, 18.0];
        let p = mann_whitney(&a, &b);
        assert!((p - 0.0561).abs() < 1e-4, "{p}");
        assert!((upper_tail(1.959_964) - 0.025).abs() < 1e-6);
        assert!((upper_tail(0.0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn runs_of_the_same_thing_are_told_apart_no_more_often_than_promised() {
        let mut random = fastrand::Rng::with_seed(7);
        let (runs, level) = (4000, 0.01);
        let told_apart = (0..runs)
            .filter(|_| {
                let [a, b] = [40, 40].map(|count| latencies(&mut random, count, 1.0));
                shift(&a, &b).unwrap().p < level
            })
            .count();
        // 40 are expected; 60 would be three standard deviations more.
        assert!((20..60).contains(&told_apart), "{told_apart} of {runs}");
    }

    #[test]
    fn a_tenth_more_is_found_and_its_size_told() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..100 {
            let earlier = latencies(&mut random, 40, 1.0);
            let later = latencies(&mut random, 40, 1.2);
            let shift = shift(&earlier, &later).unwrap();
            assert!(shift.p < 0.001, "{shift:?}");
            assert!((0.1..0.3).contains(&shift.relative), "{shift:?}");
            assert!(shift.low > 0.0 && shift.low < shift.relative && shift.relative < shift.high);
        }
    }

    #[test]
    fn of_a_few_samples_nothing_is_said() {
        assert_eq!(shift(&[1.0; 7], &[9.0; 40]), None);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
    }

    proptest! {
        #[test]
        fn samples_do_not_differ_from_themselves(
            samples in prop::collection::vec(1.0..1e6_f64, 8..60),
            seed: u64,
        ) {
            let mut shuffled = samples.clone();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            let shift = shift(&samples, &shuffled).unwrap();
            prop_assert!(shift.p > 0.9, "{shift:?}");
            prop_assert!(shift.relative.abs() < 1e-9, "{shift:?}");
        }

        #[test]
        fn samples_that_lie_apart_differ_and_by_how_much(
            samples in prop::collection::vec(100.0..110.0_f64, 12..60),
            factor in 1.2..5.0_f64,
        ) {
            let later: Vec<f64> = samples.iter().map(|sample| sample * factor).collect();
            let more = shift(&samples, &later).unwrap();
            prop_assert!(more.p < 0.001, "{more:?}");
            prop_assert!((more.relative - (factor - 1.0)).abs() < 0.15 * factor, "{more:?}");
            prop_assert!(shift(&later, &samples).unwrap().relative < 0.0);
        }
    }
}
