//! What a run comes to.

use std::collections::BTreeSet;
use std::sync::Arc;

use yoi_conformance::baseline::Baseline;
use yoi_conformance::plan::Selection;
use yoi_conformance::run::{self, Entrant, Settings};
use yoi_conformance::{About, Case, Clause, Excuse, Exit, Level, Suite};

use crate::toy::{Toy, both, report, timeless};

fn outcome(toy: &Toy, settings: &Settings) -> Exit {
    report(toy, settings).end.outcome
}

fn knows(case: &str) -> Settings {
    let text = format!("schema = \"yoikit.baseline/1\"\n[[known]]\ncase = \"{case}\"\nreason = \"soon\"\n");
    let cases = BTreeSet::from(["toy.echo.any-number", "toy.hello.is-polite"]);
    Settings {
        baseline: Baseline::parse(&text, &cases).unwrap(),
        ..timeless()
    }
}

#[test]
fn a_baseline_has_four_outcomes() {
    let bad = Toy {
        small: 5,
        ..Toy::good()
    };
    let listed = knows("toy.echo.any-number");
    assert_eq!(outcome(&bad, &listed), Exit::Conforms);
    assert_eq!(outcome(&bad, &timeless()), Exit::Fails);
    assert_eq!(outcome(&Toy::good(), &listed), Exit::Fails);
    assert_eq!(outcome(&Toy::good(), &timeless()), Exit::Conforms);
    let stale = report(&Toy::good(), &listed).end.stale;
    assert_eq!(stale, ["toy.echo.any-number (toy, documented)"]);
}

#[test]
fn what_should_hold_is_judged_only_where_that_is_asked() {
    let rude = Toy {
        rude: true,
        ..Toy::good()
    };
    assert_eq!(outcome(&rude, &timeless()), Exit::Conforms);
    let strict = Settings {
        strict: true,
        ..timeless()
    };
    assert_eq!(outcome(&rude, &strict), Exit::Fails);
}

#[test]
fn what_could_not_run_is_no_failure_and_no_success() {
    let absent = Toy {
        absent: true,
        ..Toy::good()
    };
    assert_eq!(outcome(&absent, &timeless()), Exit::CouldNotRun);
    let both = Toy { small: 5, ..absent };
    assert_eq!(outcome(&both, &timeless()), Exit::Fails);
}

#[test]
fn a_fault_of_the_harness_comes_before_all_else() {
    let broken = Toy {
        breaks: true,
        small: 5,
        ..Toy::good()
    };
    assert_eq!(outcome(&broken, &timeless()), Exit::HarnessFault);
}

#[test]
fn a_certified_run_leaves_nothing_out() {
    let shy = Toy {
        shy: true,
        ..Toy::good()
    };
    let certified = Settings {
        certified: true,
        ..timeless()
    };
    assert_eq!(outcome(&shy, &timeless()), Exit::Conforms);
    assert_eq!(outcome(&shy, &certified), Exit::Fails);
    let run = report(&Toy::good(), &certified);
    assert_eq!(run.end.outcome, Exit::Conforms);
    let versions: Vec<_> = run.run.versions.keys().map(String::as_str).collect();
    assert_eq!(versions, ["system", "wasmtime", "yoikit"]);
}

#[test]
fn an_empty_selection_is_an_error_that_says_why() {
    let explain = |selection: Selection| {
        let settings = Settings {
            selection,
            ..timeless()
        };
        run::run(&both(&Toy::good()), &settings, &mut ())
            .unwrap_err()
            .to_string()
    };
    let of_id = |id: &str| Selection {
        ids: vec![id.to_owned()],
        ..Selection::default()
    };
    insta::assert_snapshot!(explain(of_id("toy.echo.any-numbers")), @"there is no case `toy.echo.any-numbers`: is `toy.echo.any-number` meant?");
    insta::assert_snapshot!(explain(of_id("zoo")), @"there is no case `zoo`");
    let one_of_two = Selection {
        ids: vec!["toy.echo".to_owned(), "toy.hallo".to_owned()],
        ..Selection::default()
    };
    insta::assert_snapshot!(explain(one_of_two), @"there is no case `toy.hallo`: is `toy.hello` meant?");
    insta::assert_snapshot!(explain(of_id("toy.there.one-day")), @"`toy.there.one-day` waits for the next set: `--next` runs it");
    let both = Selection {
        levels: vec![Level::May],
        ..of_id("toy.echo")
    };
    insta::assert_snapshot!(explain(both), @"no case of these targets is selected: id toy.echo, level may");
}

#[test]
fn a_selection_takes_ids_words_of_the_clause_and_levels() {
    let ids = |selection: Selection| {
        let settings = Settings {
            selection,
            ..timeless()
        };
        let ran = report(&Toy::good(), &settings);
        ran.of_subject(0)
            .map(|line| line.case.clone())
            .collect::<Vec<_>>()
    };
    let clause = Selection {
        clauses: vec!["HELLO".into()],
        ..Selection::default()
    };
    assert_eq!(ids(clause), ["toy.hello.is-polite"]);
    let level = Selection {
        levels: vec![Level::Must],
        ids: vec!["toy.there".into()],
        next: true,
        ..Selection::default()
    };
    assert_eq!(ids(level), ["toy.there.is-there", "toy.there.one-day"]);
}

/// A case that is kept, and one for which there is an excuse.
fn excused(excuses: &[Option<Excuse>]) -> Entrant {
    let ids = ["toy.first.case", "toy.second.case"];
    let tests = ids.into_iter().zip(excuses.iter().copied()).map(|(id, excuse)| {
        Case::must(id, Clause::new("toy", "It is kept."))
            .example(|(): &(), _| Ok(()))
            .excused(move |()| excuse)
    });
    let about = About {
        name: "toy".into(),
        door: "toy".into(),
        profile: "documented".into(),
        digest: None,
        remark: None,
        trouble: None,
    };
    Entrant {
        subject: Suite::new("toy", 1, tests.collect()).bind(Arc::new(()), about),
        judged: true,
        words: Vec::new(),
    }
}

#[test]
fn a_certified_run_leaves_out_what_the_contract_leaves_to_the_target_and_nothing_that_could_not_be_seen() {
    let certified = Settings {
        certified: true,
        ..timeless()
    };
    let come_to = |excuse: Excuse| {
        let report = run::run(&[excused(&[None, Some(excuse)])], &certified, &mut ()).unwrap();
        (report.end.outcome, report.verdict_line(0))
    };
    assert_eq!(
        come_to(Excuse::Optional("it has none")),
        (
            Exit::Conforms,
            "documented: conforms (1 of 1 must, 1 skipped as optional)".to_owned()
        )
    );
    assert_eq!(
        come_to(Excuse::Unseen("nobody knows")),
        (
            Exit::Fails,
            "documented: is not certified (1 of 2 must, 1 skipped)".to_owned()
        )
    );
}

#[test]
fn a_run_in_which_everything_would_be_skipped_is_an_error() {
    let none = Some(Excuse::Optional("it has none"));
    let error = run::run(&[excused(&[none, none])], &timeless(), &mut ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "every case that is selected would be skipped: it has none"
    );
}
