//! The runner against a suite of its own, whose targets are told how to behave.

use std::sync::{Condvar, Mutex};

use proptest::prelude::*;

use super::*;
use crate::case::{Case, Clause};
use crate::plan::{Selection, Shard};
use crate::suite::{About, Suite, Test};
use crate::verdict::{Stop, expect};

/// A target that does nothing by itself.
struct Nobody;

const CLAUSE: Clause = Clause::new("here", "so it shall be");

fn subjects(tests: Vec<Test<Nobody>>) -> Vec<Arc<dyn Subject>> {
    let about = About {
        name: "nobody".into(),
        door: "none".into(),
        profile: "documented".into(),
        digest: None,
        remark: None,
        trouble: None,
    };
    vec![Suite::new("toy", 1, tests).bind(Arc::new(Nobody), about)]
}

fn options() -> Options {
    Options {
        jobs: NonZeroUsize::new(3).unwrap(),
        ..Options::default()
    }
}

fn run_all(tests: Vec<Test<Nobody>>, options: &Options) -> Vec<Outcome> {
    let subjects = subjects(tests);
    let plan = Plan::of(&subjects, &Selection::default(), None).unwrap();
    run(&subjects, &plan, options, |_| {})
}

fn verdict(test: Test<Nobody>) -> Verdict {
    run_all(vec![test], &options()).remove(0).verdict
}

fn small(below: u32) -> Test<Nobody> {
    Case::must("toy.small", CLAUSE).property(
        |_| any::<u32>(),
        move |_, context, input: &u32| {
            context.sent("number", &input.to_string());
            context.got("number", "it came");
            expect(
                *input < below,
                || format!("less than {below}"),
                || input.to_string(),
            )
        },
    )
}

#[test]
fn every_way_to_end_has_its_verdict() {
    let ended = |stop: Option<Stop>| {
        verdict(Case::must("toy.case", CLAUSE).example(move |_, _| stop.clone().map_or(Ok(()), Err)))
    };
    assert_eq!(ended(None), Verdict::Pass);
    assert_eq!(
        ended(Some(Stop::fail("a", "b"))).evidence().unwrap().finding.seen,
        "b"
    );
    assert_eq!(
        ended(Some(Stop::Skip("no".into()))),
        Verdict::Skipped {
            reason: "no".into(),
            optional: false
        }
    );
    assert_eq!(
        ended(Some(Stop::CouldNotRun("no".into()))),
        Verdict::CouldNotRun { reason: "no".into() }
    );
    assert_eq!(
        ended(Some(Stop::Harness("no".into()))),
        Verdict::HarnessFault { message: "no".into() }
    );
}

#[test]
fn a_panic_is_a_fault_of_the_harness() {
    let panics = Case::must("toy.panics", CLAUSE).example(|_: &Nobody, _| panic!("a bug of number {}", 7));
    let Verdict::HarnessFault { message } = verdict(panics) else {
        panic!("the target is not to blame")
    };
    assert_eq!(message, "the case panicked: a bug of number 7");
}

#[test]
fn outcomes_come_in_the_order_of_the_plan() {
    let tests = ["toy.a", "toy.b", "toy.c", "toy.d"].map(|id| Case::must(id, CLAUSE).example(|_, _| Ok(())));
    let cases: Vec<usize> = run_all(tests.into(), &options())
        .iter()
        .map(|outcome| outcome.planned.case)
        .collect();
    assert_eq!(cases, [0, 1, 2, 3]);
}

#[test]
fn a_failing_input_is_shrunk_to_the_smallest() {
    let Verdict::Fail(evidence) = verdict(small(1000)) else {
        panic!("a number as large is found in no time")
    };
    assert_eq!(evidence.input, Some(1000.into()));
    assert_eq!(evidence.finding.seen, "1000");
    // The transcript is that of the smallest input alone.
    assert_eq!(evidence.steps.len(), 2);
    assert_eq!(evidence.steps[0].text, "1000");
}

#[test]
fn what_is_tried_first_is_tried_whatever_the_seed_and_told_as_it_is() {
    let test = Case::must("toy.seven", CLAUSE).property_from(
        || vec![1, 7, 9],
        |_| 0_u32..1,
        |_: &Nobody, _, input: &u32| expect(*input < 7, || "less than 7".to_owned(), || input.to_string()),
    );
    let verdict = verdict(test);
    assert_eq!(verdict.evidence().unwrap().input, Some(7.into()));
}

#[test]
fn the_same_seed_gives_the_same_inputs_alone_and_among_others() {
    let seen = |ids: &[&'static str], seed| {
        let inputs = Arc::new(Mutex::new(Vec::new()));
        let tests = ids.iter().map(|id| {
            let inputs = (*id == "toy.seen").then(|| Arc::clone(&inputs));
            Case::must(id, CLAUSE).property(
                |_| any::<u32>(),
                move |_: &Nobody, _, input: &u32| {
                    if let Some(inputs) = &inputs {
                        inputs.lock().unwrap().push(*input);
                    }
                    Ok(())
                },
            )
        });
        run_all(
            tests.collect(),
            &Options {
                seed: Seed(seed),
                ..options()
            },
        );
        // A thread may still hold the case.
        let seen = inputs.lock().unwrap();
        seen.clone()
    };
    let alone = seen(&["toy.seen"], 5);
    assert_eq!(alone.len(), PROPERTY_CASES as usize);
    assert_eq!(alone, seen(&["toy.a", "toy.seen", "toy.z"], 5));
    assert_ne!(alone, seen(&["toy.seen"], 6));
}

#[test]
fn a_kept_input_is_played_without_the_generator() {
    let options = Options {
        replay: Some(5.into()),
        ..options()
    };
    let ran = run_all(vec![small(5)], &options).remove(0);
    assert_eq!(ran.verdict.evidence().unwrap().input, Some(5.into()));
    let options = Options {
        replay: Some("five".into()),
        ..options
    };
    assert!(matches!(
        run_all(vec![small(5)], &options)[0].verdict,
        Verdict::HarnessFault { .. }
    ));
}

#[test]
fn an_input_that_failed_before_is_tried_first() {
    let saved = Saved {
        case: "toy.small".into(),
        profile: "documented".into(),
        target: "nobody".into(),
        input: SavedInput {
            name: "kept.json".into(),
            input: u32::MAX.into(),
        },
    };
    let options = Options {
        property_cases: 0,
        saved: vec![saved],
        ..options()
    };
    let ran = run_all(vec![small(u32::MAX)], &options).remove(0);
    assert_eq!(
        ran.verdict.evidence().unwrap().regression.as_deref(),
        Some("kept.json")
    );
}

#[test]
fn what_could_not_run_is_no_smaller_failure() {
    let fussy = Case::must("toy.fussy", CLAUSE).property(
        |_| 0_u32..1000,
        |_: &Nobody, _, input: &u32| match input {
            0..100 => Err(Stop::CouldNotRun("too small to run".into())),
            100..1000 => Err(Stop::fail("none", input.to_string())),
            _ => Ok(()),
        },
    );
    // Whichever comes first: a failure stays one, and what could not run never becomes one.
    match verdict(fussy) {
        Verdict::Fail(evidence) => assert_eq!(evidence.input, Some(100.into())),
        other => assert!(matches!(other, Verdict::CouldNotRun { .. })),
    }
}

/// Waits until it is told to end.
fn hangs(id: &'static str, asking: bool) -> Test<Nobody> {
    Case::must(id, CLAUSE).example(move |_, context| {
        let told = Arc::new((Mutex::new(false), Condvar::new()));
        let teller = Arc::clone(&told);
        let _hook = context.on_interrupt(move || {
            *teller.0.lock().unwrap() = true;
            teller.1.notify_all();
        });
        if asking {
            context.sent("question", "");
        }
        let ended = told.1.wait_while(told.0.lock().unwrap(), |ended| !*ended);
        drop(ended);
        Ok(())
    })
}

#[test]
fn a_hung_target_costs_its_own_case_only() {
    let fine = Case::must("toy.fine", CLAUSE).example(|_: &Nobody, _| Ok(()));
    let options = Options {
        time_box: Some(Duration::from_millis(50)),
        jobs: NonZeroUsize::MIN,
        ..options()
    };
    let ran = run_all(
        vec![hangs("toy.asked", true), hangs("toy.slow", false), fine],
        &options,
    );
    let Verdict::Fail(evidence) = &ran[0].verdict else {
        panic!("it was being waited for")
    };
    assert_eq!(
        evidence.finding.expected,
        "an answer to `question` within 50ms, the time of a case"
    );
    assert!(matches!(ran[1].verdict, Verdict::CouldNotRun { .. }));
    assert_eq!(ran[2].verdict, Verdict::Pass);
}

#[test]
fn shards_together_are_the_whole() {
    let ids = ["toy.a", "toy.b", "toy.c", "toy.d", "toy.e"];
    let subjects = subjects(ids.map(|id| Case::must(id, CLAUSE).example(|_, _| Ok(()))).into());
    let mut cases = Vec::new();
    for number in 1..=3 {
        let plan = Plan::of(&subjects, &Selection::default(), Some(Shard { number, of: 3 })).unwrap();
        assert_eq!(plan.whole.len(), 5);
        cases.extend(
            run(&subjects, &plan, &options(), |_| {})
                .iter()
                .map(|outcome| outcome.planned.case),
        );
    }
    cases.sort_unstable();
    assert_eq!(cases, [0, 1, 2, 3, 4]);
}
