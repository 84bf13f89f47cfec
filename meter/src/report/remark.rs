//! What whoever quotes a report has to know, as data and in words.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Growth;

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
    /// More workers than threads that run at the same time: latencies have waiting in them.
    Crowded {
        /// The level.
        concurrency: usize,
        /// Threads that run at the same time.
        cpus: usize,
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
        match self {
            Self::NotOptimised => f.write_str(
                "this yoikit was compiled without optimisations: times are several times too long (instructions and \
                 memory are right)",
            ),
            Self::Interrupted => f.write_str("ended early: these are the calls made until then"),
            Self::FewCalls { concurrency, calls, quantile } => write!(
                f,
                "concurrency {concurrency}: {calls} calls are too few for p{} and beyond: measure longer (`--duration`)",
                quantile * 100.0
            ),
            Self::NothingAnswered { concurrency } => {
                write!(f, "concurrency {concurrency}: no call was answered well, so there is no latency")
            }
            Self::Failures { concurrency, failed, calls } => write!(
                f,
                "concurrency {concurrency}: {failed} of {calls} calls failed, and are in no latency"
            ),
            Self::Denied { calls } => write!(
                f,
                "{calls} host calls were denied: what was measured is how the plugin takes that (`--grants`)"
            ),
            Self::Clock { median_us, clock_us } => write!(
                f,
                "reading the clock takes {clock_us:.2} µs of a median of {median_us:.2} µs: for such calls trust the \
                 instructions"
            ),
            Self::Leak { concurrency, growth } => write!(
                f,
                "concurrency {concurrency}: memory grew from {} to {} KiB within {} calls and still grows, by {:.0} bytes a \
                 call: a leak, or something that is kept without a bound",
                growth.first_bytes / 1024,
                growth.last_bytes / 1024,
                growth.calls,
                growth.per_call()
            ),
            Self::FuelVaries => f.write_str(
                "equal calls in equal instances spent different numbers of instructions: what the host answers differs, \
                 and instructions cannot be compared exactly",
            ),
            Self::Crowded { concurrency, cpus } => write!(
                f,
                "concurrency {concurrency}: {cpus} threads run here at the same time, so that latencies have waiting for a \
                 processor in them"
            ),
            Self::RateNotHeld { concurrency, due, never_made } => write!(
                f,
                "concurrency {concurrency}: the rate could not be held, {never_made} of {due} calls that were due were never \
                 made: latencies would have grown on"
            ),
            Self::Drift { concurrency, relative } => write!(
                f,
                "concurrency {concurrency}: the second half was {} {} than the first: the machine was not at rest, or the \
                 plugin changes as it is called",
                percent(relative.abs()),
                if *relative > 0.0 { "slower" } else { "faster" }
            ),
        }
    }
}
