//! Every number that bounds a measurement, with the reason for it.

use std::time::Duration;

/// Most workers that call at the same time. Each is a thread with an instance of its own: these reserve some terabytes
/// of address space, and a processor has 128.
pub const WORKERS: usize = 4096;

/// Most levels of concurrency in one run. Each takes the whole duration.
pub const LEVELS: usize = 16;

/// Most calls a second that may be asked for: past it the pauses between two calls are those of the clock.
pub const RATE: f64 = 1_000_000.0;

/// Into how many slices of time a level is cut. Two runs are compared by the medians of their slices: enough of them
/// to tell a shift from noise, and each long enough to hold many calls.
pub const SLICES: usize = 40;

/// Latencies that are kept of one slice, over all workers: what a median needs to be true to a few percent.
pub const SLICE_SAMPLES: usize = 4096;

/// Latencies that a worker keeps of one slice at least, however many workers there are.
pub const SLICE_SAMPLES_OF_WORKER: usize = 16;

/// Significant digits of a latency: a thousandth, which no clock in a shared machine is better than.
pub const LATENCY_DIGITS: u8 = 3;

/// Columns of a latency histogram for each doubling of the latency.
pub const BUCKETS_PER_DOUBLING: f64 = 4.0;

/// Different counts of instructions that are told one by one. A tool whose work does not depend on anything has one.
pub const FUEL_COUNTS: usize = 64;

/// Different errors that are told apart. Their codes are a closed set, but for those that a tool makes up.
pub const ERRORS: usize = 64;

/// Most bytes of an error's message that are kept.
pub const ERROR_BYTES: usize = 512;

/// The slowest calls that are named.
pub const OUTLIERS: usize = 5;

/// How many times the median a call takes that counts as an outlier.
pub const OUTLIER_TIMES: u64 = 10;

/// Missing grants that are kept to be shown.
pub const MISSING: usize = 8;

/// Calls of a tool that are made one after the other in a fresh instance, to count their instructions exactly.
pub const PROBE_CALLS: usize = 32;

/// After which time no further call of a probe is made.
pub const PROBE_TIME: Duration = Duration::from_secs(1);

/// How often something cold is done, time permitting.
pub const COLD_RUNS: usize = 20;

/// After which time nothing cold is done once more.
pub const COLD_TIME: Duration = Duration::from_secs(1);

/// Readings by which the clock's own cost is known.
pub const CLOCK_READINGS: usize = 10_000;

/// A worker whose plugin cannot be started gives up after so many attempts in a row.
pub const FAILED_STARTS: u32 = 100;

/// Calls that a quantile must have beyond it to mean something.
pub const CALLS_BEYOND: u64 = 10;

/// A median that is less than this many times the cost of reading the clock is said to be.
pub const CLOCK_TIMES: f64 = 20.0;

/// Before a call is due by less than this, a worker does not sleep: a timer is late by some tens of microseconds.
pub const TIMER_LATE: Duration = Duration::from_micros(100);

/// The longest that a worker sleeps before it looks whether the run is over.
pub const LOOK_UP: Duration = Duration::from_millis(50);

/// Largest report that is read as a baseline: one of sixteen levels has some hundred KiB.
pub const BASELINE_BYTES: u64 = 16 * 1024 * 1024;

/// How likely two runs of the same thing are told apart by chance, at most. With five levels in a report one of two
/// hundred is.
pub const SIGNIFICANCE: f64 = 0.001;

/// By how much a latency must differ to be worth a word. Runs of the same code on the same machine differ by some
/// percent: where code lies in memory is reason enough.
pub const EFFECT: f64 = 0.05;
