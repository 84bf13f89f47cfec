//! What whoever quotes the numbers has to know.

use yoi_host::component::World;

use crate::limits::{CALLS_BEYOND, CLOCK_TIMES, EFFECT, SIGNIFICANCE};
use crate::report::{BenchReport, Level, Machine, Remark};
use crate::statistics::shift;

pub(super) fn remarks(report: &BenchReport, interrupted: bool) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if interrupted {
        remarks.push(Remark::Interrupted);
    }
    if !report.machine.optimised {
        remarks.push(Remark::NotOptimised);
    }
    if !report.probe.repeatable {
        remarks.push(Remark::FuelVaries);
    }
    for level in &report.levels {
        of_calls(level, &mut remarks);
        of_times(level, &report.machine, &mut remarks);
        let growth = level.memory.growth.filter(|growth| growth.goes_on());
        if let Some(growth) = growth.filter(|_| report.subject.world == World::Instance) {
            remarks.push(Remark::Leak {
                concurrency: level.concurrency,
                growth,
            });
        }
    }
    let denied: u64 = report
        .levels
        .iter()
        .flat_map(|level| &level.host_calls)
        .map(|host| host.denied)
        .sum();
    if denied > 0 {
        remarks.push(Remark::Denied { calls: denied });
    }
    remarks
}

fn of_calls(level: &Level, remarks: &mut Vec<Remark>) {
    let concurrency = level.concurrency;
    if level.failed > 0 {
        remarks.push(Remark::Failures {
            concurrency,
            failed: level.failed,
            calls: level.answered + level.failed,
        });
    }
    if let Some(schedule) = level.schedule.filter(|schedule| schedule.never_made > 0) {
        remarks.push(Remark::RateNotHeld {
            concurrency,
            due: schedule.due,
            never_made: schedule.never_made,
        });
    }
    if level.answered == 0 {
        remarks.push(Remark::NothingAnswered { concurrency });
        return;
    }
    let mean_something =
        |quantile: f64| level.answered as f64 * (1.0 - quantile) >= CALLS_BEYOND as f64 - 1e-6;
    if let Some(quantile) = [0.5, 0.9, 0.95, 0.99, 0.999]
        .into_iter()
        .find(|q| !mean_something(*q))
    {
        remarks.push(Remark::FewCalls {
            concurrency,
            calls: level.answered,
            quantile,
        });
    }
}

fn of_times(level: &Level, machine: &Machine, remarks: &mut Vec<Remark>) {
    let concurrency = level.concurrency;
    if let Some(times) = level
        .latency
        .filter(|times| times.p50_us < machine.clock_us * CLOCK_TIMES)
    {
        remarks.push(Remark::Clock {
            median_us: times.p50_us,
            clock_us: machine.clock_us,
        });
    }
    if concurrency > machine.cpus && level.answered > 0 {
        remarks.push(Remark::Crowded {
            concurrency,
            cpus: machine.cpus,
            per_call_us: level.span_us * concurrency as f64 / level.answered.max(1) as f64,
        });
    }
    let (first, second) = level.slices_us.split_at(level.slices_us.len() / 2);
    if let Some(drift) = shift(first, second)
        && drift.p < SIGNIFICANCE
        && drift.relative.abs() > EFFECT
    {
        remarks.push(Remark::Drift {
            concurrency,
            relative: drift.relative,
        });
    }
}
