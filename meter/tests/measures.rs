//! Real guests, measured. Nothing here looks at how long anything took.

use std::fs;
use std::time::Duration;

use yoi_guests::Guest;
use yoi_host::imports::{Access, Import};
use yoi_host::{Limits, Profile};
use yoi_meter::Stop;
use yoi_meter::bench::{Doing, Measured, Pace, Plan, Target, bench, machine};
use yoi_meter::compare::{BaselineError, Verdict, comparable, compare};
use yoi_meter::report::{BenchReport, Remark, Subject};

const SHORT: Duration = Duration::from_millis(30);

fn plan(levels: &[usize]) -> Plan {
    Plan {
        levels: levels.to_vec(),
        pace: Pace::Closed,
        warm_up: Duration::from_millis(5),
        duration: SHORT,
        cold: false,
    }
}

fn target<'a>(component: &'a [u8], tool: &'a str, input: &'a str) -> Target<'a> {
    Target {
        component,
        limits: Limits::of(Profile::Documented),
        profile: Profile::Documented,
        cache: None,
        config: "null",
        access: Access::none(),
        tool,
        input,
    }
}

fn component(guest: &Guest) -> Vec<u8> {
    fs::read(guest.component()).unwrap()
}

fn subject(target: &Target<'_>) -> Subject {
    let preflight = yoi_host::component::Preflight::of(target.component).unwrap();
    Subject {
        file: "guest.wasm".to_owned(),
        sha256: String::new(),
        bytes: target.component.len(),
        world: preflight.world().unwrap(),
        profile: target.profile,
        tool: target.tool.to_owned(),
        input_sha256: String::new(),
        input_bytes: target.input.len(),
    }
}

fn report(guest: &Guest, tool: &str, input: &str, plan: &Plan) -> BenchReport {
    let component = component(guest);
    let target = target(&component, tool, input);
    let measured: Measured = bench(&target, plan, &Stop::default(), |_| {}).unwrap();
    measured.report(subject(&target), machine())
}

#[test]
fn a_tool_is_measured_at_each_concurrency() {
    let report = report(
        &yoi_guests::ECHO,
        "example_echo",
        r#"{"text":"hello"}"#,
        &plan(&[1, 3]),
    );
    assert_eq!(
        report
            .levels
            .iter()
            .map(|level| level.concurrency)
            .collect::<Vec<_>>(),
        [1, 3]
    );
    for level in &report.levels {
        assert!(level.answered > 0 && level.failed == 0, "{level:?}");
        let times = level.latency.unwrap();
        assert_eq!(times.calls, level.answered);
        assert_eq!(
            level.buckets.iter().map(|bucket| bucket.calls).sum::<u64>(),
            level.answered
        );
        assert!(times.min_us <= times.p50_us && times.p50_us <= times.p99_us && times.p99_us <= times.max_us);
        let fuel = level.fuel.as_ref().unwrap();
        assert_eq!(
            (fuel.min, fuel.counts.len()),
            (fuel.max, 1),
            "an echo does the same every time"
        );
        assert_eq!(report.probe.fuel, vec![fuel.min; report.probe.fuel.len()]);
    }
    assert!(report.probe.repeatable);
}

#[test]
fn what_comes_before_a_warm_call_is_measured_too() {
    let plan = Plan {
        cold: true,
        ..plan(&[1])
    };
    let cold = report(&yoi_guests::COUNTER, "counter_add", r#"{"by":1}"#, &plan)
        .cold
        .unwrap();
    for several in [
        cold.engine,
        cold.compile,
        cold.cached,
        cold.instantiate,
        cold.start.unwrap(),
        cold.first_call.unwrap(),
    ] {
        assert!(
            several.runs > 0 && several.min_us <= several.median_us && several.median_us <= several.max_us
        );
    }
}

#[test]
fn a_plugin_with_state_is_called_in_one_instance_a_worker() {
    let report = report(&yoi_guests::COUNTER, "counter_add", r#"{"by":1}"#, &plan(&[2]));
    let level = &report.levels[0];
    assert_eq!((level.failed, level.restarts), (0, 0));
    assert!(level.memory.growth.unwrap().calls > 1, "{:?}", level.memory);
}

#[test]
fn calls_that_fail_are_counted_by_their_error_and_are_in_no_latency() {
    let report = report(&yoi_guests::HOSTILE, "trap", "null", &plan(&[1]));
    let level = &report.levels[0];
    assert_eq!((level.answered, level.latency), (0, None));
    assert!(level.failed > 0);
    assert_eq!(
        level
            .errors
            .iter()
            .map(|error| error.code.as_str())
            .collect::<Vec<_>>(),
        ["fault.trap"]
    );
    assert_eq!(level.errors[0].calls, level.failed);
    assert_eq!(report.probe.failed.as_deref(), Some("fault.trap"));
    assert!(
        report
            .remarks
            .contains(&Remark::NothingAnswered { concurrency: 1 })
    );
}

#[test]
fn a_tool_that_never_ends_ends() {
    let report = report(&yoi_guests::HOSTILE, "loop", "null", &plan(&[1]));
    assert_eq!(report.levels[0].errors[0].code, "fault.fuel");
}

#[test]
fn a_tool_that_says_that_it_failed_has_failed() {
    let report = report(&yoi_guests::ECHO, "example_echo", r#"{"text":1}"#, &plan(&[1]));
    assert_eq!(report.levels[0].answered, 0);
    assert_eq!(report.levels[0].errors[0].code, "tool.invalid_input");
}

#[test]
fn denials_are_counted_with_the_lines_that_are_missing() {
    let report = report(
        &yoi_guests::NOTES,
        "notes_read",
        r#"{"path":"a.txt"}"#,
        &plan(&[1]),
    );
    let level = &report.levels[0];
    let read = &level.host_calls[0];
    assert_eq!(
        (read.import, read.denied, read.failed),
        (Import::FsRead, read.calls, 0)
    );
    assert!(
        level.missing.iter().any(|missing| missing.contains("fs")),
        "{:?}",
        level.missing
    );
    let denied = |remark: &Remark| matches!(remark, Remark::Denied { calls } if *calls == read.calls);
    assert!(report.remarks.iter().any(denied), "{:?}", report.remarks);
}

#[test]
fn at_an_open_pace_every_call_that_is_due_is_accounted_for() {
    let plan = Plan {
        pace: Pace::Open { rate: 500.0 },
        warm_up: Duration::from_millis(10),
        duration: Duration::from_millis(100),
        ..plan(&[2])
    };
    let report = report(&yoi_guests::ECHO, "example_echo", r#"{"text":"x"}"#, &plan);
    let level = &report.levels[0];
    let schedule = level.schedule.unwrap();
    // The calls that are due from 10 ms on, before 110 ms are over.
    assert_eq!(schedule.due, 50);
    assert_eq!(level.answered + schedule.never_made, schedule.due);
}

#[test]
fn a_rate_that_cannot_be_held_is_said_to_be() {
    let plan = Plan {
        pace: Pace::Open { rate: 900_000.0 },
        ..plan(&[1])
    };
    let report = report(&yoi_guests::ECHO, "example_echo", r#"{"text":"x"}"#, &plan);
    let not_held =
        |remark: &Remark| matches!(remark, Remark::RateNotHeld { never_made, .. } if *never_made > 0);
    assert!(report.remarks.iter().any(not_held), "{:?}", report.remarks);
}

#[test]
fn what_was_not_held_in_the_warm_up_is_not_made_up_for_in_the_span() {
    let plan = Plan {
        pace: Pace::Open { rate: 900_000.0 },
        // Many times the calls of the whole span.
        warm_up: Duration::from_millis(300),
        duration: Duration::from_millis(30),
        ..plan(&[1])
    };
    let report = report(&yoi_guests::ECHO, "example_echo", r#"{"text":"x"}"#, &plan);
    let level = &report.levels[0];
    assert!(level.answered > 0, "{level:?}");
    let schedule = level.schedule.unwrap();
    assert_eq!(level.answered + schedule.never_made, schedule.due);
}

#[test]
fn a_run_that_is_stopped_tells_what_it_saw() {
    let component = component(&yoi_guests::ECHO);
    let target = target(&component, "example_echo", r#"{"text":"x"}"#);
    let stop = Stop::default();
    let plan = Plan {
        duration: Duration::from_secs(3600),
        ..plan(&[1, 2])
    };
    let measured = bench(&target, &plan, &stop, |doing| {
        if doing == Doing::Level(1) {
            stop.stop();
        }
    });
    let report = measured.unwrap().report(subject(&target), machine());
    assert_eq!(report.levels.len(), 1);
    assert!(report.remarks.contains(&Remark::Interrupted));
    assert!(
        comparable(&report, &subject(&target)).is_ok(),
        "its calls were counted"
    );

    let stop = Stop::default();
    let measured = bench(&target, &plan, &stop, |doing| {
        if doing == Doing::Probe {
            stop.stop();
        }
    });
    let report = measured.unwrap().report(subject(&target), machine());
    let refused = comparable(&report, &subject(&target));
    assert!(matches!(refused, Err(BaselineError::Unfinished)), "{refused:?}");
}

#[test]
fn a_call_without_end_is_cut_off_and_counts_for_nothing() {
    let component = component(&yoi_guests::HOSTILE);
    let mut target = target(&component, "loop", "null");
    target.limits = target
        .limits
        .with_fuel(u64::MAX / 4)
        .with_call_timeout(Duration::from_secs(3600));
    let stop = Stop::default();
    let measured = bench(&target, &plan(&[1]), &stop, |doing| {
        if doing == Doing::Probe {
            let stop = stop.clone();
            // In the probe's first call or before it: it ends either way, and the hour is not waited for.
            std::thread::spawn(move || stop.stop());
        }
    });
    let report = measured.unwrap().report(subject(&target), machine());
    assert_eq!((report.answered(), report.failed()), (0, 0));
}

#[test]
fn the_same_component_spends_the_same_and_another_input_is_not_compared() {
    let run = |input| report(&yoi_guests::COUNTER, "counter_add", input, &plan(&[1]));
    let (before, after) = (run(r#"{"by":1}"#), run(r#"{"by":1}"#));
    let comparison = compare("old.json".as_ref(), &before, &after);
    assert_eq!(comparison.fuel.verdict, Verdict::Same);
    assert_eq!(comparison.memory.verdict, Verdict::Same);
    assert!(!comparison.spends_more());

    let other = Subject {
        input_sha256: "other".to_owned(),
        ..after.subject.clone()
    };
    let refused = comparable(&before, &other).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the baseline is of another input, of 8 bytes, so that there is nothing to compare"
    );
}

#[test]
fn one_instruction_more_is_found() {
    let run = || report(&yoi_guests::ECHO, "example_echo", r#"{"text":"x"}"#, &plan(&[1]));
    let (before, mut after) = (run(), run());
    after.probe.fuel[0] += 1;
    let comparison = compare("old.json".as_ref(), &before, &after);
    assert_eq!(comparison.fuel.verdict, Verdict::More);
    assert!(comparison.spends_more());
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_before_anything_runs() {
    let component = component(&yoi_guests::ECHO);
    let target = target(&component, "example_echo", "{}");
    for plan in [
        plan(&[]),
        plan(&[0]),
        plan(&[1_000_000]),
        Plan {
            duration: Duration::ZERO,
            ..plan(&[1])
        },
        Plan {
            pace: Pace::Open { rate: f64::NAN },
            ..plan(&[1])
        },
    ] {
        assert!(
            bench(&target, &plan, &Stop::default(), |_| {}).is_err(),
            "{plan:?}"
        );
    }
}
