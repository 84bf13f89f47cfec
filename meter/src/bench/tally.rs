//! What one worker keeps of its calls, and what all of them come to.

mod fuel;
mod host;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use yoi_host::authority::Missing;
use yoi_host::imports::{HostCall, Import};
use yoi_host::plugin::{Instance, Measures};

use super::buckets::{Latencies, buckets};
use super::failures::Failures;
use super::slices::{Slices, medians};
use super::{Pace, Plan, memory, micros, nanos};
use crate::limits::{MISSING, OUTLIER_TIMES, OUTLIERS};
use crate::report::{Level, Outlier, Schedule};

use fuel::FuelTally;
use host::HostTally;

/// A call that ended within what is measured.
pub(super) struct Call<'a> {
    /// How long it took its caller.
    pub(super) latency: Duration,
    /// How long it took from when it was made.
    pub(super) service: Duration,
    /// When it was made, from the end of the warm-up.
    pub(super) at: Duration,
    /// What went wrong, if anything: its code and its words.
    pub(super) failure: Option<(String, String)>,
    /// Whether there was an answer, so that its instructions are known exactly.
    pub(super) complete: bool,
    /// What it took inside, and its host calls. None where the guest was not entered.
    pub(super) inside: Option<(Measures, &'a [HostCall])>,
}

impl<'a> Call<'a> {
    pub(super) fn inside(instance: &'a Instance) -> Option<(Measures, &'a [HostCall])> {
        Some((*instance.last_call()?, instance.host_calls()))
    }
}

/// What one worker keeps.
pub(super) struct Tally {
    worker: usize,
    latency: Latencies,
    service: Latencies,
    timer_late: Histogram<u64>,
    slices: Slices,
    answered: u64,
    failed: u64,
    fuel: FuelTally,
    pub(super) memory: memory::Watch,
    inside: Duration,
    host: BTreeMap<Import, HostTally>,
    uncounted: u64,
    missing: Vec<Missing>,
    errors: Failures,
    pub(super) restarts: u64,
    slowest: Vec<Outlier>,
    pub(super) due: u64,
    pub(super) never_made: u64,
    last_end: Duration,
}

impl Tally {
    pub(super) fn new(plan: &Plan, workers: usize, worker: usize) -> Self {
        Self {
            worker,
            latency: Latencies::new(),
            service: Latencies::new(),
            timer_late: histogram(2),
            slices: Slices::new(plan.duration, workers, worker),
            answered: 0,
            failed: 0,
            fuel: FuelTally::default(),
            memory: memory::Watch::default(),
            inside: Duration::ZERO,
            host: BTreeMap::new(),
            uncounted: 0,
            missing: Vec::new(),
            errors: Failures::default(),
            restarts: 0,
            slowest: Vec::new(),
            due: 0,
            never_made: 0,
            last_end: Duration::ZERO,
        }
    }

    /// A worker that was free made a call so late.
    pub(super) fn timer_late(&mut self, late: Duration) {
        record(&mut self.timer_late, late);
    }

    /// A call ended.
    pub(super) fn note(&mut self, call: Call<'_>) {
        let end = call.at + call.service;
        self.last_end = self.last_end.max(end);
        let host = match call.inside {
            Some((measures, host_calls)) => {
                self.inside += measures.wall;
                if call.complete {
                    self.fuel.note(measures.fuel);
                }
                self.host_calls(&measures, host_calls)
            }
            None => Duration::ZERO,
        };
        if let Some((code, message)) = call.failure {
            self.failure(code, message);
            return;
        }
        self.answered += 1;
        self.latency.note(nanos(call.latency));
        self.service.note(nanos(call.service));
        self.slices.note(end, micros(call.latency));
        let slow = Outlier {
            latency_us: micros(call.latency),
            host_us: micros(host),
            fuel: call.inside.map_or(0, |(measures, _)| measures.fuel),
            at_us: micros(call.at),
            worker: self.worker,
        };
        keep_slowest(&mut self.slowest, slow);
    }

    /// A call was not answered well, or an instance for it could not be had.
    pub(super) fn failure(&mut self, code: String, message: String) {
        self.failed += 1;
        self.errors.note(code, message);
    }

    /// Keep what there is to tell of the host calls of a call, and say how long they took together.
    fn host_calls(&mut self, measures: &Measures, host_calls: &[HostCall]) -> Duration {
        self.uncounted += measures.host_calls.saturating_sub(host_calls.len() as u64);
        let mut together = Duration::ZERO;
        for call in host_calls {
            together += call.wall;
            self.host.entry(call.import).or_default().note(call);
            for missing in &call.missing {
                if self.missing.len() < MISSING && !self.missing.contains(missing) {
                    self.missing.push(missing.clone());
                }
            }
        }
        together
    }
}

/// What all workers of a level come to.
pub(super) fn level(plan: &Plan, tallies: Vec<Tally>) -> Level {
    let concurrency = tallies.len();
    let mut all = Tally::new(plan, concurrency.max(1), 0);
    let mut slices = Vec::with_capacity(concurrency);
    let mut memory = crate::report::Memory::default();
    for tally in tallies {
        all.latency.add(&tally.latency);
        all.service.add(&tally.service);
        // Histograms that grow as they need never refuse.
        let _ = all.timer_late.add(&tally.timer_late);
        slices.push(tally.slices);
        all.answered += tally.answered;
        all.failed += tally.failed;
        all.fuel.add(tally.fuel);
        memory = memory::merged(memory, tally.memory.end());
        all.inside += tally.inside;
        for (import, host) in tally.host {
            all.host.entry(import).or_default().add(&host);
        }
        all.uncounted += tally.uncounted;
        for missing in tally.missing {
            if all.missing.len() < MISSING && !all.missing.contains(&missing) {
                all.missing.push(missing);
            }
        }
        all.errors.add(tally.errors);
        all.restarts += tally.restarts;
        for slow in tally.slowest {
            keep_slowest(&mut all.slowest, slow);
        }
        all.due += tally.due;
        all.never_made += tally.never_made;
        all.last_end = all.last_end.max(tally.last_end);
    }
    let open = matches!(plan.pace, Pace::Open { .. });
    let latencies = all.latency.histogram();
    let slow_from = latencies.value_at_quantile(0.5).saturating_mul(OUTLIER_TIMES);
    all.slowest
        .retain(|slow| slow.latency_us * 1e3 >= slow_from as f64);
    let outliers = match latencies.is_empty() {
        true => 0,
        false => latencies.count_between(slow_from, u64::MAX),
    };
    let span = all.last_end.as_secs_f64();
    Level {
        concurrency,
        span_us: micros(all.last_end),
        answered: all.answered,
        failed: all.failed,
        throughput: if span > 0.0 {
            all.answered as f64 / span
        } else {
            0.0
        },
        latency: all.latency.times(),
        service: all.service.times().filter(|_| open),
        schedule: open.then(|| Schedule {
            due: all.due,
            never_made: all.never_made,
            timer_late_p50_us: all.timer_late.value_at_quantile(0.5) as f64 / 1e3,
            timer_late_p99_us: all.timer_late.value_at_quantile(0.99) as f64 / 1e3,
        }),
        buckets: buckets(latencies),
        slices_us: medians(&slices),
        fuel: all.fuel.end(),
        memory,
        inside_us: micros(all.inside),
        host_calls: all.host.iter().map(|(import, host)| host.told(*import)).collect(),
        host_calls_uncounted: all.uncounted,
        missing: all.missing.iter().map(ToString::to_string).collect(),
        errors: all.errors.told(),
        restarts: all.restarts,
        outliers,
        slowest: all.slowest,
    }
}

/// A histogram that grows as it needs.
fn histogram(digits: u8) -> Histogram<u64> {
    Histogram::new(digits).expect("0 to 5 digits")
}

fn record(histogram: &mut Histogram<u64>, time: Duration) {
    // One that grows refuses nothing.
    let _ = histogram.record(nanos(time));
}

fn keep_slowest(slowest: &mut Vec<Outlier>, call: Outlier) {
    let faster = |kept: &Outlier| kept.latency_us >= call.latency_us;
    let place = slowest.partition_point(faster);
    if place < OUTLIERS {
        slowest.truncate(OUTLIERS - 1);
        slowest.insert(place, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            levels: vec![1],
            pace: Pace::Closed,
            warm_up: Duration::ZERO,
            duration: Duration::from_secs(1),
            cold: false,
        }
    }

    fn call(micros: u64, at: u64, failure: Option<&str>) -> Call<'static> {
        Call {
            latency: Duration::from_micros(micros),
            service: Duration::from_micros(micros),
            at: Duration::from_micros(at),
            failure: failure.map(|code| (code.to_owned(), "words".to_owned())),
            complete: failure.is_none(),
            inside: None,
        }
    }

    #[test]
    fn what_workers_saw_is_joined_and_failures_are_in_no_latency() {
        let plan = plan();
        let mut tallies = [Tally::new(&plan, 2, 0), Tally::new(&plan, 2, 1)];
        for at in 0..100 {
            tallies[0].note(call(10, at * 10, None));
        }
        tallies[1].note(call(5000, 0, None));
        tallies[1].note(call(900_000, 5000, Some("fault.fuel")));
        tallies[1].note(call(1, 905_000, Some("fault.fuel")));
        let level = level(&plan, Vec::from(tallies));
        assert_eq!((level.answered, level.failed, level.errors[0].calls), (101, 2, 2));
        assert_eq!(level.latency.unwrap().calls, 101);
        // As it was, and not as a histogram has it.
        assert_eq!(level.latency.unwrap().max_us, level.slowest[0].latency_us);
        assert_eq!(
            (level.outliers, level.slowest.len(), level.slowest[0].worker),
            (1, 1, 1)
        );
        assert!(
            (level.throughput - 101.0 / 0.905_001).abs() < 1e-3,
            "{}",
            level.throughput
        );
    }

    #[test]
    fn the_slowest_are_kept_in_order() {
        let mut slowest = Vec::new();
        for latency in [3, 9, 1, 7, 8, 2, 6, 4, 5] {
            let outlier = Outlier {
                latency_us: f64::from(latency),
                host_us: 0.0,
                fuel: 0,
                at_us: 0.0,
                worker: 0,
            };
            keep_slowest(&mut slowest, outlier);
        }
        let kept: Vec<f64> = slowest.iter().map(|slow| slow.latency_us).collect();
        assert_eq!(kept, [9.0, 8.0, 7.0, 6.0, 5.0]);
    }
}
