//! Guests that keep something, or spin.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use yoi_host::Profile;
use yoi_host::plugin::{FailureCode, Lifecycle};

use super::model::Model;
use super::{AMPLE, Ended, FEW, Op, ended_after, hold, plugin, turns};

/// An amount with which a call of a counter takes long enough to be met in it: JSON may have blanks.
fn add(by: i64, blanks: usize) -> Op {
    Op::Tool("counter_add", format!("{{\"by\": {}{by}}}", " ".repeat(blanks)))
}

fn counter_ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (-9_i64..9, 0_usize..60_000).prop_map(|(by, blanks)| add(by, blanks)),
        1 => Just(Op::Tick),
        1 => Just(Op::Status),
    ]
}

fn echo_ops() -> impl Strategy<Value = Op> {
    (0_usize..40_000).prop_map(|length| Op::tool("example_echo", &json!({"text": "x".repeat(length)})))
}

#[test]
fn a_counter_that_is_cancelled_at_any_point_counts_right_or_is_lost() {
    let steps = prop::collection::vec((counter_ops(), prop::option::of(turns())), 1..5);
    hold(256, steps, |profile, steps| {
        let mut model = Model::new(yoi_guests::COUNTER, profile, r#"{"start": 40}"#);
        let mut instance = model.plugin(AMPLE).instance(model.config).unwrap();
        instance.start().unwrap();
        let mut met = Vec::new();
        for (op, turns) in steps {
            let outcome = match turns {
                Some(turns) => op.run_until(&mut instance, turns),
                None => op.run(&mut instance),
            };
            met.push(model.check(&instance, &op, outcome));
        }
        model.settle(instance, &add(1, 0));
        met
    });
}

#[test]
fn a_tool_that_is_cancelled_at_any_point_costs_that_call_only() {
    let steps = prop::collection::vec((echo_ops(), turns()), 1..4);
    hold(128, steps, |profile, steps| {
        let mut model = Model::new(yoi_guests::ECHO, profile, "null");
        let mut instance = model.plugin(AMPLE).instance(model.config).unwrap();
        let mut met = Vec::new();
        for (op, turns) in steps {
            let outcome = op.run_until(&mut instance, turns);
            // No call is the consequence of another.
            model.history.clear();
            met.push(model.check(&instance, &op, outcome));
        }
        model.settle(instance, &Op::tool("example_echo", &json!({"text": "x"})));
        met
    });
}

#[test]
fn a_guest_that_spins_is_ended_wherever_it_is_and_its_state_is_not_seen_again() {
    let steps = (0_usize..4, turns(), any::<bool>());
    let met = hold(FEW, steps, |profile, (before, turns, at_start)| {
        let config = if at_start { r#"{"start": "loop"}"# } else { "null" };
        let instance = plugin(yoi_guests::HOSTILE, profile, AMPLE).instance(config);
        let mut instance = instance.unwrap();
        if at_start {
            let cancel = instance.canceller();
            let started = ended_after(&cancel, profile, turns, || instance.start());
            assert_eq!(started.unwrap_err().code(), FailureCode::Cancelled);
            assert_eq!(instance.lifecycle(), Lifecycle::Failed);
            assert_eq!(instance.status().unwrap_err().code(), FailureCode::NotRunning);
            let restarted = ended_after(&cancel, profile, turns, || instance.restart());
            match profile {
                Profile::Documented => assert_eq!(restarted.unwrap_err().code(), FailureCode::Cancelled),
                Profile::Yoi => assert_eq!(restarted.unwrap_err().code(), FailureCode::NoRestart),
            }
            return vec![Ended::Interrupted];
        }
        instance.start().unwrap();
        let echo = Op::tool("echo", &json!(1));
        let mut model = Model::new(yoi_guests::HOSTILE, profile, "null");
        for _ in 0..before {
            let outcome = echo.run(&mut instance);
            model.check(&instance, &echo, outcome);
        }
        let spin = Op::tool("loop", &json!(null));
        let outcome = spin.run_until(&mut instance, turns);
        let met = vec![model.check(&instance, &spin, outcome)];
        model.settle(instance, &echo);
        met
    });
    for met in met {
        assert!(met.iter().all(|ended| *ended == Ended::Interrupted), "{met:?}");
    }
}

#[test]
fn a_deadline_that_is_met_at_any_point_is_as_a_cancellation() {
    let timeouts = [0, 1, 30, 100, 300, 1000, 3000].map(Duration::from_micros);
    let counter = prop::collection::vec(counter_ops(), 1..5).prop_map(|ops| (yoi_guests::COUNTER, ops));
    let echo = prop::collection::vec(echo_ops(), 1..5).prop_map(|ops| (yoi_guests::ECHO, ops));
    let steps = (
        prop::sample::select(timeouts.to_vec()),
        prop_oneof![counter, echo],
    );
    hold(256, steps, |profile, (timeout, (guest, ops))| {
        let mut model = Model::new(guest, profile, "null");
        let mut instance = model.plugin(timeout).instance("null").unwrap();
        if let Err(error) = instance.start() {
            assert_eq!(error.code(), FailureCode::Deadline);
            assert_eq!(instance.lifecycle(), Lifecycle::Failed);
            assert_eq!(instance.status().unwrap_err().code(), FailureCode::NotRunning);
            return vec![Ended::Interrupted];
        }
        let mut met = Vec::new();
        for op in ops {
            let outcome = op.run(&mut instance);
            if model.is_tool() {
                model.history.clear();
            }
            met.push(model.check(&instance, &op, outcome));
        }
        met
    });
}
