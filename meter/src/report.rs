//! What was measured, as data: `yoikit.bench/1`. Times are microseconds, and fields that hold one end in `_us`.
//!
//! A report is written, read again as a baseline, and shown in several forms that all show these very numbers.

mod remark;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::imports::Import;

use crate::bench::Pace;
use crate::compare::Comparison;

pub use remark::Remark;

/// The schema of a [`BenchReport`].
pub const SCHEMA: &str = "yoikit.bench/1";

/// One tool, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BenchReport {
    /// `yoikit.bench/1`.
    pub schema: String,
    /// What was measured.
    pub subject: Subject,
    /// Where.
    pub machine: Machine,
    /// How.
    pub settings: Settings,
    /// What comes before a warm call. None where it was not to be measured.
    pub cold: Option<Cold>,
    /// A fixed number of calls in a fresh instance: their instructions, exactly.
    pub probe: Probe,
    /// What was measured at each level of concurrency, in the order in which it was.
    pub levels: Vec<Level>,
    /// What whoever quotes these numbers has to know.
    pub remarks: Vec<Remark>,
    /// How this stands beside a former report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comparison: Option<Comparison>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// The file.
    pub file: String,
    /// SHA-256 of the component, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// Its world.
    pub world: World,
    /// The profile that it ran under.
    pub profile: Profile,
    /// The tool.
    pub tool: String,
    /// SHA-256 of the input, in hexadecimal.
    pub input_sha256: String,
    /// Bytes of the input.
    pub input_bytes: usize,
}

/// The machine, and the program that measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The operating system.
    pub os: String,
    /// The architecture.
    pub arch: String,
    /// The processor, where the system names it.
    pub processor: Option<String>,
    /// How many threads run at the same time.
    pub cpus: usize,
    /// The version of yoikit.
    pub yoikit: String,
    /// Whether the host was compiled with optimisations.
    pub optimised: bool,
    /// What it costs to read the clock twice, which is in every latency, in microseconds.
    pub clock_us: f64,
}

/// How it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// When the next call is made.
    pub pace: Pace,
    /// Calls within this time count for nothing.
    pub warm_up_us: f64,
    /// How long each level took, warm-up not included.
    pub duration_us: f64,
}

/// What comes before a warm call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cold {
    /// Making the engine: once for a process.
    pub engine: Several,
    /// From bytes to a plugin without a cache: checked, compiled, linked.
    pub compile: Several,
    /// From bytes to a plugin whose machine code is in the cache.
    pub cached: Several,
    /// Making an instance. In the world `tool` every call has one.
    pub instantiate: Several,
    /// Its `start`. None in the world `tool`.
    pub start: Option<Several>,
    /// The first call of the tool in a fresh instance; in the world `tool` with its making.
    pub first_call: Option<Several>,
}

/// Something that was done a few times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Several {
    /// How many times.
    pub runs: usize,
    /// The fastest.
    pub min_us: f64,
    /// The median.
    pub median_us: f64,
    /// The slowest.
    pub max_us: f64,
}

/// A fixed number of calls in a fresh instance, and the same once more in another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The instructions of each call, in order.
    pub fuel: Vec<u64>,
    /// Whether the second instance spent the same.
    pub repeatable: bool,
    /// Bytes of linear memory after the last of them.
    pub memory_bytes: usize,
    /// The code of the error that ended them early.
    pub failed: Option<String>,
}

/// One level of concurrency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// How many workers called at the same time, each in a thread and an instance of its own.
    pub concurrency: usize,
    /// From the end of the warm-up to the end of the last call.
    pub span_us: f64,
    /// Calls that were answered well. Latencies are those of these.
    pub answered: u64,
    /// Calls that were not.
    pub failed: u64,
    /// Calls answered well, for each second of the span.
    pub throughput: f64,
    /// How long a call took its caller. At an open pace, from when it was due.
    pub latency: Option<Times>,
    /// At an open pace, how long it took from when it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<Times>,
    /// At an open pace, what became of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub schedule: Option<Schedule>,
    /// How the latencies are distributed, shortest first. Buckets that are empty are left out.
    pub buckets: Vec<Bucket>,
    /// The median latency of each slice of the span, in order, for comparisons.
    pub slices_us: Vec<f64>,
    /// Instructions for a call.
    pub fuel: Option<Fuel>,
    /// Linear memory of an instance.
    pub memory: Memory,
    /// Wall time in the guest and its host calls together, of all calls.
    pub inside_us: f64,
    /// What the guest called, by import.
    pub host_calls: Vec<HostCalls>,
    /// Host calls that were only counted, being beyond what is kept of one call.
    pub host_calls_uncounted: u64,
    /// What would have allowed what was denied, as it would stand in a file.
    pub missing: Vec<String>,
    /// What went wrong, most frequent first.
    pub errors: Vec<Error>,
    /// Instances that were lost and made anew.
    pub restarts: u64,
    /// Calls that took ten times the median or more.
    pub outliers: u64,
    /// The slowest of them, slowest first.
    pub slowest: Vec<Outlier>,
}

/// A distribution of latencies, true to a thousandth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// How many.
    pub calls: u64,
    /// The fastest.
    pub min_us: f64,
    /// The mean.
    pub mean_us: f64,
    /// The median.
    pub p50_us: f64,
    /// Nine of ten are no slower.
    pub p90_us: f64,
    /// 95 of 100 are no slower.
    pub p95_us: f64,
    /// 99 of 100 are no slower.
    pub p99_us: f64,
    /// 999 of 1000 are no slower.
    pub p999_us: f64,
    /// The slowest.
    pub max_us: f64,
}

/// What became of an open pace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    /// Calls that were due within the span.
    pub due: u64,
    /// Of these, those that were never made: every worker was busy until the end.
    pub never_made: u64,
    /// How late a worker that was free made a call, at the median: the fault of the timer, and part of the latency.
    pub timer_late_p50_us: f64,
    /// The same of 99 in 100.
    pub timer_late_p99_us: f64,
}

/// Latencies that are about the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// From here.
    pub from_us: f64,
    /// To here.
    pub to_us: f64,
    /// How many.
    pub calls: u64,
}

/// Instructions for a call, in wasmtime's fuel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fuel {
    /// The least.
    pub min: u64,
    /// The mean.
    pub mean: f64,
    /// The most.
    pub max: u64,
    /// How many calls spent how many, least first. Empty where there are too many different counts.
    pub counts: Vec<FuelCount>,
}

/// So many calls spent so many instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FuelCount {
    /// Instructions.
    pub fuel: u64,
    /// Calls.
    pub calls: u64,
}

/// Linear memory of an instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// The most that an instance had.
    pub high_water_bytes: usize,
    /// The instance that grew most, from its first call to its last, warm-up included. None where none is called
    /// twice.
    pub growth: Option<Growth>,
}

/// How the memory of an instance grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Growth {
    /// Bytes after its first call.
    pub first_bytes: usize,
    /// Bytes after its last call.
    pub last_bytes: usize,
    /// Its calls.
    pub calls: u64,
    /// After how many of them it was larger than before.
    pub steps: u64,
    /// The last of these, counted from 1.
    pub last_step: u64,
}

impl Growth {
    /// Whether it goes on growing: more than once, and still in the second half of its calls.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.steps >= 2 && self.last_step > self.calls / 2
    }

    /// Bytes that each call added.
    #[must_use]
    pub fn per_call(&self) -> f64 {
        (self.last_bytes - self.first_bytes) as f64 / self.calls.max(1) as f64
    }
}

/// What became of the calls of one import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostCalls {
    /// The import.
    pub import: Import,
    /// How many.
    pub calls: u64,
    /// Of these, those that were denied.
    pub denied: u64,
    /// Of these, those that failed otherwise.
    pub failed: u64,
    /// Wall time in all of them.
    pub wall_us: f64,
    /// That of one, at the median.
    pub p50_us: f64,
    /// That of 99 in 100.
    pub p99_us: f64,
    /// Bytes that the guest gave.
    pub request_bytes: u64,
    /// Bytes that it got.
    pub answer_bytes: u64,
}

/// Something that went wrong, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// Which of the known errors, as `yoikit call` has them.
    pub code: String,
    /// The same in words, of the first.
    pub message: String,
    /// How many calls ended so.
    pub calls: u64,
}

/// A call that was slow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outlier {
    /// How long it took.
    pub latency_us: f64,
    /// Of this, in host calls.
    pub host_us: f64,
    /// Its instructions.
    pub fuel: u64,
    /// When it was made, from the end of the warm-up.
    pub at_us: f64,
    /// Who made it.
    pub worker: usize,
}

impl BenchReport {
    /// Calls that failed, over all levels.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.levels.iter().map(|level| level.failed).sum()
    }

    /// Calls that were answered well, over all levels.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.levels.iter().map(|level| level.answered).sum()
    }
}
