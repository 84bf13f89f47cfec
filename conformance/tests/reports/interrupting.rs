//! A run that is ended before its time says so in every form of its report.

use yoi_conformance::plan::Shard;
use yoi_conformance::report::{CaseLine, Line, Report, Styles};
use yoi_conformance::run::{self, Settings, Watch};
use yoi_conformance::runner::Halt;
use yoi_conformance::{Exit, Verdict};

use crate::toy::{Toy, both, timeless};

/// Ends the run with the first case that ends, and keeps the lines that were told.
struct Impatient {
    halt: Halt,
    lines: Vec<Line>,
}

impl Watch for Impatient {
    fn ends(&mut self, _: &CaseLine) {
        self.halt.halt("SIGINT");
    }

    fn line(&mut self, line: &Line) {
        self.lines.push(line.clone());
    }
}

fn interrupted(shard: Option<Shard>) -> (Report, Vec<Line>) {
    let mut settings = Settings { shard, ..timeless() };
    settings.options.jobs = std::num::NonZeroUsize::MIN;
    let mut watch = Impatient {
        halt: settings.options.halt.clone(),
        lines: Vec::new(),
    };
    let report = run::run(&both(&Toy::good()), &settings, &mut watch).unwrap();
    (report, watch.lines)
}

#[test]
fn what_is_known_is_told_and_nothing_looks_like_a_whole_run() {
    let (report, lines) = interrupted(None);
    assert_eq!(report.cases.len(), 1);
    assert_eq!(report.cases[0].verdict, Verdict::Pass);
    assert_eq!(report.end.outcome, Exit::Interrupted);
    assert_eq!(report.lines().collect::<Vec<_>>(), lines);
    assert_eq!(Report::parse("it", &report.to_jsonl()).unwrap(), report);
    let end = serde_json::to_value(&report.end).unwrap();
    assert_eq!(end["outcome"], "interrupted");
    assert_eq!(
        end["interrupted"],
        serde_json::json!({ "by": "SIGINT", "unfinished": 6 })
    );
    insta::assert_snapshot!(report.to_text(Styles::PLAIN), @"
    suite       toy/1 (4 cases, seed 1, 64 inputs for a property)
    target      toy (none, sha256:001122334455…)

    interrupted by SIGINT: 6 of 7 cases did not end

    documented: was not judged to the end (1 of 1 must, 2 not ended)
    yoi: was not judged to the end (0 of 0 must, 4 not ended) — not judged
    ");
    let junit = report.to_junit().unwrap();
    let cases = junit
        .lines()
        .filter(|line| line.contains("<testsuites") || line.contains("interrupted"));
    let cases: Vec<&str> = cases.map(str::trim).collect();
    insta::assert_snapshot!(cases.join("\n"), @r#"
    <testsuites name="yoikit" tests="7" skipped="4" failures="0" errors="2">
    <error message="interrupted by SIGINT: 6 of 7 cases did not end" type="interrupted"/>
    <error message="interrupted by SIGINT: 6 of 7 cases did not end" type="interrupted"/>
    <skipped message="interrupted by SIGINT: 6 of 7 cases did not end"/>
    <skipped message="interrupted by SIGINT: 6 of 7 cases did not end"/>
    <skipped message="interrupted by SIGINT: 6 of 7 cases did not end"/>
    <skipped message="interrupted by SIGINT: 6 of 7 cases did not end"/>
    "#);
    insta::assert_snapshot!(report.to_annotations(), @"::error title=yoikit::interrupted by SIGINT: 6 of 7 cases did not end");
    let summary = report.to_summary();
    assert!(summary.contains("**interrupted by SIGINT"), "{summary}");
    let page = report.to_html();
    assert!(
        page.contains("interrupted by SIGINT") && page.contains("not ended"),
        "{page}"
    );
}

#[test]
fn what_runs_is_told_to_end_and_its_verdict_is_not_taken() {
    let (report, _) = interrupted(None);
    // Those that ran when the run was halted are among those that did not end.
    let interruption = report.end.interrupted.clone().unwrap();
    assert_eq!(
        interruption.unfinished + report.cases.len(),
        report.run.planned.len()
    );
}

#[test]
fn a_run_that_is_halted_after_its_last_case_is_whole() {
    let settings = timeless();
    let report = run::run(&both(&Toy::good()), &settings, &mut ()).unwrap();
    settings.options.halt.halt("SIGTERM");
    assert_eq!(report.end.interrupted, None);
    // And one that is halted before the first has nothing.
    let report = run::run(&both(&Toy::good()), &settings, &mut ()).unwrap();
    assert!(report.cases.is_empty());
    assert_eq!(report.end.outcome, Exit::Interrupted);
}

#[test]
fn an_interrupted_shard_is_not_joined() {
    let shard = |number| Some(Shard { number, of: 2 });
    let (cut, _) = interrupted(shard(1));
    let whole = Settings {
        shard: shard(2),
        ..timeless()
    };
    let whole = run::run(&both(&Toy::good()), &whole, &mut ()).unwrap();
    let shards = vec![("1.jsonl".to_owned(), cut), ("2.jsonl".to_owned(), whole)];
    insta::assert_snapshot!(Report::merge(shards).unwrap_err(), @"1.jsonl was interrupted by SIGINT: 3 of 4 cases did not end; run that shard again");
}
