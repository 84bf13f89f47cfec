//! What whoever quotes a report has to know, as data and in words.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Growth;
use crate::grouped;

/// What whoever quotes these numbers has to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "remark", rename_all = "snake_case")]
pub enum Remark {
    /// The host was compiled without optimisations.
    NotOptimised,
    /// Somebody ended the run early.
    Interrupted,
    /// A quantile has too few calls beyond it.
    FewCalls {
        /// The level.
        concurrency: usize,
        /// Its calls.
        calls: u64,
        /// The quantile that means nothing yet, and those beyond it.
        quantile: f64,
    },
    /// No call was answered well.
    NothingAnswered {
        /// The level.
        concurrency: usize,
    },
    /// Some calls were not answered well.
    Failures {
        /// The level.
        concurrency: usize,
        /// How many.
        failed: u64,
        /// Of how many.
        calls: u64,
    },
    /// Host calls were denied: what was measured is perhaps not what the plugin is for.
    Denied {
        /// How many.
        calls: u64,
    },
    /// Calls are hardly longer than the reading of the clock.
    Clock {
        /// The median.
        median_us: f64,
        /// What the clock costs.
        clock_us: f64,
    },
    /// Memory goes on growing.
    Leak {
        /// The level.
        concurrency: usize,
        /// How.
        growth: Growth,
    },
    /// Equal calls spent different numbers of instructions.
    FuelVaries,
    /// More workers than threads that run at the same time: they take turns.
    Crowded {
        /// The level.
        concurrency: usize,
        /// Threads that run at the same time.
        cpus: usize,
        /// Wall time that a worker took for each call that was answered, its waiting included, in microseconds.
        #[serde(default)]
        per_call_us: f64,
    },
    /// An open pace could not be held.
    RateNotHeld {
        /// The level.
        concurrency: usize,
        /// Calls that were due.
        due: u64,
        /// Of these, those never made.
        never_made: u64,
    },
    /// The slices of a level drift: the second half is slower or faster than the first.
    Drift {
        /// The level.
        concurrency: usize,
        /// By which part.
        relative: f64,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: f64| format!("{:.1} %", part * 100.0);
        let at = |concurrency: &usize| format!("concurrency {}", grouped(*concurrency as u64));
        match self {
            Self::NotOptimised => f.write_str(
                "this yoikit was compiled without optimisations: times are several times too long (instructions and \
                 memory are right)",
            ),
            Self::Interrupted => f.write_str("ended early: these are the calls made until then"),
            Self::FewCalls { concurrency, calls, quantile } => write!(
                f,
                "{}: {} calls are too few for p{} and beyond: measure longer (`--duration`)",
                at(concurrency),
                grouped(*calls),
                quantile * 100.0
            ),
            Self::NothingAnswered { concurrency } => {
                write!(f, "{}: no call was answered well, so there is no latency", at(concurrency))
            }
            Self::Failures { concurrency, failed, calls } => write!(
                f,
                "{}: {} of {} calls failed, and are in no latency",
                at(concurrency),
                grouped(*failed),
                grouped(*calls)
            ),
            Self::Denied { calls } => write!(
                f,
                "{} host calls were denied: what was measured is how the plugin takes that (`--grants`)",
                grouped(*calls)
            ),
            Self::Clock { median_us, clock_us } => write!(
                f,
                "reading the clock takes {clock_us:.2} µs of a median of {median_us:.2} µs: for such calls trust the \
                 instructions"
            ),
            Self::Leak { concurrency, growth } => write!(
                f,
                "{}: memory grew from {} to {} KiB within {} calls and still grows, by {:.0} bytes a call: a leak, or \
                 something that is kept without a bound",
                at(concurrency),
                grouped(growth.first_bytes as u64 / 1024),
                grouped(growth.last_bytes as u64 / 1024),
                grouped(growth.calls),
                growth.per_call()
            ),
            Self::FuelVaries => f.write_str(
                "equal calls in equal instances spent different numbers of instructions: what the host answers differs, \
                 and instructions cannot be compared exactly",
            ),
            Self::Crowded { concurrency, cpus, per_call_us } => write!(
                f,
                "{}: {cpus} threads run here at the same time, and workers take turns. Whose turn it is makes many calls \
                 that wait for nothing, so that the median has no waiting in it; with its waiting a worker took {:.2} ms \
                 for each call",
                at(concurrency),
                per_call_us / 1e3
            ),
            Self::RateNotHeld { concurrency, due, never_made } => write!(
                f,
                "{}: the rate could not be held, {} of {} calls that were due were never made: latencies would have grown on",
                at(concurrency),
                grouped(*never_made),
                grouped(*due)
            ),
            Self::Drift { concurrency, relative } => write!(
                f,
                "{}: the second half was {} {} than the first: the machine was not at rest, or the plugin changes as it is \
                 called",
                at(concurrency),
                percent(relative.abs()),
                if *relative > 0.0 { "slower" } else { "faster" }
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_are_written_as_those_in_tables() {
        let few = Remark::FewCalls {
            concurrency: 1000,
            calls: 2297,
            quantile: 0.999,
        };
        insta::assert_snapshot!(few, @"concurrency 1 000: 2 297 calls are too few for p99.9 and beyond: measure longer (`--duration`)");
    }

    #[test]
    fn a_level_with_more_workers_than_can_run_says_what_its_median_has_in_it_and_what_a_call_took() {
        let crowded = Remark::Crowded {
            concurrency: 200,
            cpus: 2,
            per_call_us: 4490.2,
        };
        insta::assert_snapshot!(crowded, @"concurrency 200: 2 threads run here at the same time, and workers take turns. Whose turn it is makes many calls that wait for nothing, so that the median has no waiting in it; with its waiting a worker took 4.49 ms for each call");
    }
}
