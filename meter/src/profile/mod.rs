//! Where a call spends its instructions.
//!
//! The host samples the guest by what it spends and not by the clock ([`Sampler`]), so that a profile of the same call
//! is the same every time. Host calls spend no instructions of the guest's: they are in no graph, and told beside it.

mod files;
mod table;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::component::Preflight;
use yoi_host::engine::EngineOptions;
use yoi_host::imports::{HostCall, HostErrorCode, Import};
use yoi_host::plugin::{CallError, Plugin, Sampler, Samples};

use crate::Stop;
use crate::bench::{BenchError, Failures, Target, failure};
use crate::report::{Error, Subject};

pub use files::Form;
pub use table::{FunctionLine, functions};

/// The schema of a [`ProfileReport`].
pub const SCHEMA: &str = "yoikit.profile/1";

/// How long calls are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So many calls.
    Calls(u64),
    /// As many calls as begin within this time.
    Time(Duration),
}

/// What was sampled, before it is told whose it is.
#[derive(Debug)]
pub struct Profiled {
    /// Where the guest was.
    pub samples: Samples,
    calls: u64,
    interrupted: bool,
    host_calls: BTreeMap<Import, HostShare>,
    errors: Failures,
}

/// Where a tool spends its instructions: `yoikit.profile/1`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProfileReport {
    /// `yoikit.profile/1`.
    pub schema: &'static str,
    /// What was sampled.
    pub subject: Subject,
    /// Calls that were sampled, failed ones included.
    pub calls: u64,
    /// Whether it was ended before all were made: the last one may be cut off.
    pub interrupted: bool,
    /// Instructions of all of them. The functions' own ones add up to this.
    pub fuel: u64,
    /// How many samples there are.
    pub samples: usize,
    /// Instructions from one sample to the next at last; 1 where nothing was left out.
    pub period: u64,
    /// Instructions that count for where their stretch ended, since it was not known where it began.
    pub late: u64,
    /// The functions, those that spend most by themselves first.
    pub functions: Vec<FunctionLine>,
    /// Functions that the component has no name for.
    pub unnamed: usize,
    /// Host calls, which spend none of these instructions.
    pub host_calls: Vec<HostShare>,
    /// What went wrong, most frequent first.
    pub errors: Vec<Error>,
}

/// What became of the calls of one import.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct HostShare {
    /// The import.
    pub import: Import,
    /// How many.
    pub calls: u64,
    /// Of these, those that were denied or failed.
    pub refused: u64,
    /// Of these, those that were denied.
    pub denied: u64,
    /// Wall time in all of them, in microseconds.
    pub wall_us: f64,
}

/// Sample. In the world `instance` all calls are those of one instance, which is made anew where it is lost.
///
/// # Errors
///
/// Where there is nothing to sample: a call that fails is sampled, and is no error here.
pub fn profile(
    target: &Target<'_>,
    extent: Extent,
    period: u64,
    stop: &Stop,
) -> Result<Profiled, BenchError> {
    let memories =
        Preflight::of(target.component).map_or(1, |preflight| preflight.needs.memories.count.max(1));
    let room = u32::try_from(memories).unwrap_or(u32::MAX);
    let options = EngineOptions::new(target.profile).instances(room).for_sampling();
    let options = match target.cache.clone() {
        Some(cache) => options.cache(cache),
        None => options,
    };
    let plugin = Plugin::load_with(&options.build()?, target.component, target.limits.clone())?;
    let sampler = Sampler::new(period);
    let began = Instant::now();
    let goes_on = |calls| match extent {
        Extent::Calls(most) => calls < most,
        Extent::Time(most) => calls == 0 || began.elapsed() < most,
    };
    let mut profiled = Profiled {
        samples: Samples::default(),
        calls: 0,
        interrupted: false,
        host_calls: BTreeMap::new(),
        errors: Failures::default(),
    };
    let mut seat = crate::bench::Seat::new(&plugin, target, stop, 0);
    while goes_on(profiled.calls) && !stop.is_asked() {
        let (instance, _) = match seat.ready() {
            Ok(ready) => ready,
            Err(CallError::Input(error)) => return Err(BenchError::Input(error)),
            Err(_) if stop.is_asked() => break,
            Err(error) => return Err(BenchError::Start(error)),
        };
        // After the start, which is no part of a call.
        instance.sample(Some(sampler.clone()));
        let ended = instance.handle_tool(target.tool, target.input);
        if let Err(CallError::Input(error)) = ended {
            return Err(BenchError::Input(error));
        }
        profiled.calls += 1;
        profiled.note_host_calls(instance.host_calls());
        if let Some((code, message)) = failure(&ended) {
            profiled.errors.note(code, message);
        }
        seat.loses(&ended);
    }
    profiled.interrupted = stop.is_asked();
    profiled.samples = sampler.samples();
    Ok(profiled)
}

impl Profiled {
    fn note_host_calls(&mut self, calls: &[HostCall]) {
        for call in calls {
            let share = self.host_calls.entry(call.import).or_insert(HostShare {
                import: call.import,
                calls: 0,
                refused: 0,
                denied: 0,
                wall_us: 0.0,
            });
            share.calls += 1;
            share.wall_us += call.wall.as_secs_f64() * 1e6;
            if let Some(error) = &call.error {
                share.refused += 1;
                share.denied += u64::from(error.code == HostErrorCode::Denied);
            }
        }
    }

    /// The report.
    #[must_use]
    pub fn report(&self, subject: Subject) -> ProfileReport {
        ProfileReport {
            schema: SCHEMA,
            subject,
            calls: self.calls,
            interrupted: self.interrupted,
            fuel: self.samples.fuel,
            samples: self.samples.samples.len(),
            period: self.samples.period,
            late: self.samples.late,
            functions: functions(&self.samples),
            unnamed: self
                .samples
                .functions
                .iter()
                .filter(|function| !function.named)
                .count(),
            host_calls: self.host_calls.values().copied().collect(),
            errors: self.errors.told(),
        }
    }
}
