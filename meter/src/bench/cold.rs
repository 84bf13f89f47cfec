//! What comes before a warm call: engine, machine code, instance, `start`, the first call.

use std::time::{Duration, Instant};

use yoi_host::component::World;
use yoi_host::engine::{CodeCache, EngineOptions};
use yoi_host::plugin::{Entry, Plugin};

use super::{BenchError, Target, micros};
use crate::Stop;
use crate::limits::{COLD_RUNS, COLD_TIME};
use crate::report::{Cold, Several};
use crate::statistics::median;

pub(super) fn measure(target: &Target<'_>, stop: &Stop) -> Result<Cold, BenchError> {
    let options = EngineOptions::new(target.profile).instances(4);
    let mut engine_times = Vec::new();
    let mut engine = timed(&mut engine_times, || options.clone().build())?;
    let mut rounds = Rounds::begin(stop);
    while rounds.another() {
        engine = timed(&mut engine_times, || options.clone().build())?;
    }

    let load = |engine| Plugin::load_with(engine, target.component, target.limits.clone());
    let mut compile = Vec::new();
    let mut plugin = timed(&mut compile, || load(&engine))?;
    let mut rounds = Rounds::begin(stop);
    while rounds.another() {
        plugin = timed(&mut compile, || load(&engine))?;
    }
    Ok(Cold {
        cached: cached(target, options, stop)?,
        engine: several(&engine_times),
        compile: several(&compile),
        ..instances(&plugin, target, stop)?
    })
}

fn cached(target: &Target<'_>, options: EngineOptions, stop: &Stop) -> Result<Several, BenchError> {
    let folder = tempfile::tempdir().map_err(|cause| BenchError::Io {
        doing: "make a folder for a cache",
        cause,
    })?;
    let cache = CodeCache::open(folder.path().join("code")).map_err(yoi_host::engine::EngineError::Cache)?;
    let engine = options.cache(cache).build()?;
    let load = || Plugin::load_with(&engine, target.component, target.limits.clone());
    load()?;
    let mut times = Vec::new();
    timed(&mut times, load)?;
    let mut rounds = Rounds::begin(stop);
    while rounds.another() {
        timed(&mut times, load)?;
    }
    Ok(several(&times))
}

/// Fresh instances, each called once. The other fields are for others to fill in.
fn instances(plugin: &Plugin, target: &Target<'_>, stop: &Stop) -> Result<Cold, BenchError> {
    let (mut instantiate, mut start, mut first) = (Vec::new(), Vec::new(), Vec::new());
    let mut rounds = Rounds::begin(stop);
    loop {
        let mut instance = plugin
            .instance_with(target.config, target.access.clone())
            .map_err(|error| match error {
                yoi_host::plugin::CallError::Input(error) => BenchError::Input(error),
                error => BenchError::Start(error),
            })?;
        stop.ends(0, instance.canceller());
        match instance.start() {
            Ok(_) => {}
            // Cut off: what is known by now is told.
            Err(_) if stop.is_asked() => break,
            Err(error) => return Err(BenchError::Start(error)),
        }
        if let Some(measures) = instance
            .last_call()
            .filter(|measures| measures.entry == Entry::Start)
        {
            start.push(micros(measures.wall));
        }
        let began = Instant::now();
        let ended = instance.handle_tool(target.tool, target.input);
        let took = began.elapsed();
        if ended.is_ok() {
            first.push(micros(took));
        }
        if let Some(measures) = instance.instantiation() {
            instantiate.push(micros(measures.wall));
        }
        if !rounds.another() {
            break;
        }
    }
    let nothing = several(&[]);
    Ok(Cold {
        engine: nothing,
        compile: nothing,
        cached: nothing,
        instantiate: several(&instantiate),
        start: (plugin.world() == World::Instance).then(|| several(&start)),
        first_call: (!first.is_empty()).then(|| several(&first)),
    })
}

/// How often something is done once more.
struct Rounds<'a> {
    stop: &'a Stop,
    began: Instant,
    done: usize,
}

impl<'a> Rounds<'a> {
    fn begin(stop: &'a Stop) -> Self {
        Self {
            stop,
            began: Instant::now(),
            done: 1,
        }
    }

    fn another(&mut self) -> bool {
        let more = self.done < COLD_RUNS && self.began.elapsed() < COLD_TIME && !self.stop.is_asked();
        self.done += 1;
        more
    }
}

fn timed<T, E>(times: &mut Vec<f64>, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let began = Instant::now();
    let done = work()?;
    let took: Duration = began.elapsed();
    times.push(micros(took));
    Ok(done)
}

fn several(times: &[f64]) -> Several {
    Several {
        runs: times.len(),
        min_us: times.iter().copied().reduce(f64::min).unwrap_or(0.0),
        median_us: median(times).unwrap_or(0.0),
        max_us: times.iter().copied().reduce(f64::max).unwrap_or(0.0),
    }
}
