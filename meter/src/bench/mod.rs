//! One tool, called again and again.
//!
//! First what comes before a warm call (`cold`), then a fixed number of calls whose instructions are counted exactly
//! (`probe`), then the levels of concurrency one after the other (`level`), each with workers that share nothing but
//! the plugin's machine code (`worker`). What a worker keeps stays with it (`tally`) until all are done.

mod buckets;
mod clock;
mod cold;
mod failures;
mod judge;
mod level;
mod machine;
mod memory;
mod probe;
mod seat;
mod slices;
mod tally;
mod worker;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use yoi_host::component::Preflight;
use yoi_host::engine::{CodeCache, EngineError, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::{CallError, LoadError, Plugin};
use yoi_host::{Limits, Profile};

use crate::Stop;
use crate::limits::{LEVELS, RATE, WORKERS};
use crate::report::{BenchReport, Cold, Level, Machine, Probe, SCHEMA, Settings, Subject};

pub(crate) use failures::Failures;
pub use machine::machine;
pub(crate) use seat::{Seat, failure};

/// What is measured.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// The component.
    pub component: &'a [u8],
    /// What its instances may use.
    pub limits: Limits,
    /// The profile that it is held to.
    pub profile: Profile,
    /// Where machine code is kept for the warm calls. What is measured cold has a cache of its own.
    pub cache: Option<CodeCache>,
    /// What its instances are given at their start, JSON.
    pub config: &'a str,
    /// What they may reach.
    pub access: Access,
    /// The tool.
    pub tool: &'a str,
    /// Its input, JSON.
    pub input: &'a str,
}

/// How it is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The levels of concurrency, in order.
    pub levels: Vec<usize>,
    /// When the next call is made.
    pub pace: Pace,
    /// How long each level is called before it counts.
    pub warm_up: Duration,
    /// How long each level is measured.
    pub duration: Duration,
    /// Whether what comes before a warm call is measured as well.
    pub cold: bool,
}

/// When the next call is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "pace", rename_all = "snake_case")]
pub enum Pace {
    /// By each worker as soon as its last was answered. A call that stalls keeps others from being made, which then do
    /// not count as slow: these latencies are those of callers who wait for each other.
    Closed,
    /// At a fixed rate, whatever became of the calls before. A latency counts from when the call was due, so that who
    /// waits behind a call that stalls counts as slow.
    Open {
        /// Calls a second, over all workers.
        rate: f64,
    },
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// What comes before a warm call.
    Cold,
    /// The calls whose instructions are counted.
    Probe,
    /// A level of concurrency.
    Level(usize),
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The plan makes no sense.
    #[error("{0}")]
    Plan(String),
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The component cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What it is to be called with is wrong.
    #[error(transparent)]
    Input(yoi_host::plugin::InputError),
    /// The plugin does not start.
    #[error("the plugin does not start: {0}")]
    Start(CallError),
    /// A folder for a cache, or a thread, cannot be had.
    #[error("failed to {doing}: {cause}")]
    Io {
        /// What for.
        doing: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// What was measured of a tool, before it is told whose it is.
#[derive(Debug)]
pub struct Measured {
    cold: Option<Cold>,
    probe: Probe,
    levels: Vec<Level>,
    interrupted: bool,
    settings: Settings,
}

impl Plan {
    /// What is wrong with it, if anything.
    fn check(&self) -> Result<(), BenchError> {
        let wrong = |reason: String| Err(BenchError::Plan(reason));
        if self.levels.is_empty() || self.levels.len() > LEVELS {
            return wrong(format!("choose between 1 and {LEVELS} levels of concurrency"));
        }
        if self.levels.iter().any(|level| *level == 0 || *level > WORKERS) {
            return wrong(format!("choose a concurrency between 1 and {WORKERS}"));
        }
        if self.duration.is_zero() {
            return wrong("choose a duration: nothing can be measured in no time".to_owned());
        }
        match self.pace {
            Pace::Open { rate } if !(rate > 0.0 && rate <= RATE) => wrong(format!(
                "choose a rate above 0 and of at most {RATE} calls a second"
            )),
            _ => Ok(()),
        }
    }
}

/// Measure. `doing` is told what is being done; `stop` ends it early.
///
/// # Errors
///
/// Where there is nothing to measure: a call that fails is measured, and is no error here.
pub fn bench(
    target: &Target<'_>,
    plan: &Plan,
    stop: &Stop,
    mut doing: impl FnMut(Doing),
) -> Result<Measured, BenchError> {
    plan.check()?;
    // Before anything is compiled for a minute.
    let most = plan.levels.iter().copied().max().unwrap_or(1);
    let memories =
        Preflight::of(target.component).map_or(1, |preflight| preflight.needs.memories.count.max(1));
    let room = u32::try_from((most as u64).saturating_mul(memories)).unwrap_or(u32::MAX);
    let options = EngineOptions::new(target.profile).instances(room);
    let options = match target.cache.clone() {
        Some(cache) => options.cache(cache),
        None => options,
    };
    let cold = if plan.cold {
        doing(Doing::Cold);
        Some(cold::measure(target, stop)?)
    } else {
        None
    };
    let plugin = Plugin::load_with(&options.build()?, target.component, target.limits.clone())?;
    doing(Doing::Probe);
    let probe = probe::measure(&plugin, target, stop)?;
    let mut levels = Vec::new();
    for &concurrency in &plan.levels {
        if stop.is_asked() {
            break;
        }
        doing(Doing::Level(concurrency));
        levels.push(level::measure(&plugin, target, plan, concurrency, stop)?);
    }
    Ok(Measured {
        cold,
        probe,
        levels,
        interrupted: stop.is_asked(),
        settings: Settings {
            pace: plan.pace,
            warm_up_us: micros(plan.warm_up),
            duration_us: micros(plan.duration),
        },
    })
}

impl Measured {
    /// The report, with what there is to remark.
    #[must_use]
    pub fn report(self, subject: Subject, machine: Machine) -> BenchReport {
        let mut report = BenchReport {
            schema: SCHEMA.to_owned(),
            subject,
            machine,
            settings: self.settings,
            cold: self.cold,
            probe: self.probe,
            levels: self.levels,
            remarks: Vec::new(),
            comparison: None,
        };
        report.remarks = judge::remarks(&report, self.interrupted);
        report
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
