//! The forms in which a report is told.

use std::collections::BTreeSet;

use yoi_conformance::baseline::Baseline;
use yoi_conformance::report::{Line, Report, Styles, Telling};
use yoi_conformance::run::{self, Settings, Watch};
use yoi_conformance::{Exit, Verdict};

use crate::toy::{Toy, both, entrant, report, timeless};

fn bad() -> Report {
    let bad = Toy {
        small: 1000,
        rude: true,
        ..Toy::good()
    };
    report(&bad, &timeless())
}

/// For people, without the engine's version, which moves by itself.
fn text(report: &Report) -> String {
    let wasmtime = &report.run.versions["wasmtime"];
    report
        .to_text(Styles::PLAIN)
        .replace(wasmtime.as_str(), "[VERSION]")
}

#[test]
fn a_failing_case_shows_the_clause_the_smallest_input_and_the_command() {
    insta::assert_snapshot!(text(&bad()), @"
    suite       toy/1 (4 cases, seed 1, 64 inputs for a property)
    target      toy (none, sha256:001122334455…)
    with        yoikit 0.1.0, wasmtime [VERSION]

    fail        toy.echo.any-number (must, toy, documented)
    clause      Answers with the number that it was given. toy.wit#echo
    expected    1001
    seen        1000
    input       1001
    transcript  → echo 1001
                ← echo 1000
    repeat      yoikit test toys/toy --case toy.echo.any-number --profile documented --seed 1 --property-cases 64

    fail        toy.hello.is-polite (should, toy, documented)
    clause      Says hello. toy.wit#hello
    expected    `hello` & <b>peace</b>
    seen        `go | away`
    repeat      yoikit test toys/toy --case toy.hello.is-polite --profile documented --seed 1 --property-cases 64 --strict

    fail        (2 cases, yoi) as under documented
                toy.echo.any-number
                toy.hello.is-polite

    documented: does not conform (1 of 2 must, 1 failed, 1 advisory failed)
    yoi: does not conform (2 of 3 must, 1 failed, 1 advisory failed) — not judged
    ");
}

/// Writes down what is to be written, and how much of it was when each case began.
struct Reader {
    telling: Telling,
    text: String,
    began: Vec<(String, String)>,
}

impl Watch for Reader {
    fn starts(&mut self, _: usize, case: &str) {
        self.began.push((case.to_owned(), self.text.clone()));
    }

    fn line(&mut self, line: &Line) {
        self.text += &self.telling.line(line);
    }
}

#[test]
fn a_failure_is_told_when_it_is_known_and_what_it_comes_to_at_the_end() {
    let toy = Toy {
        small: 1000,
        rude: true,
        ..Toy::good()
    };
    let mut reader = Reader {
        telling: Telling::new(Styles::PLAIN),
        text: String::new(),
        began: Vec::new(),
    };
    let mut settings = timeless();
    settings.options.jobs = std::num::NonZeroUsize::MIN;
    let report = run::run(&both(&toy), &settings, &mut reader).unwrap();
    let fails = |(_, text): &(String, String)| text.matches("\nfail ").count();
    let failed: Vec<usize> = reader.began.iter().map(fails).collect();
    assert_eq!(failed, [0, 1, 2, 2, 2, 2, 2]);
    assert_eq!(
        reader.text + &reader.telling.end(&report),
        report.to_text(Styles::PLAIN)
    );
}

#[test]
fn what_is_not_known_is_told_with_its_reason() {
    let absent = Toy {
        absent: true,
        ..Toy::good()
    };
    insta::assert_snapshot!(text(&report(&absent, &timeless())), @"
    suite       toy/1 (4 cases, seed 1, 64 inputs for a property)
    target      toy (none, sha256:001122334455…)

    could not run (1 case, documented) nobody is there
                toy.there.is-there

    could not run (1 case, yoi) nobody is there
                toy.there.is-there

    documented: will not run: nobody is there
    yoi: will not run: nobody is there — not judged
    ");
}

#[test]
fn a_case_in_which_the_harness_broke_blames_nobody_else() {
    let broken = Toy {
        breaks: true,
        ..Toy::good()
    };
    insta::assert_snapshot!(text(&report(&broken, &timeless())), @"
    suite       toy/1 (4 cases, seed 1, 64 inputs for a property)
    target      toy (none, sha256:001122334455…)
    with        yoikit 0.1.0, wasmtime [VERSION]

    harness     toy.there.is-there (must, toy, documented)
    clause      Is there. toy.wit#there
    seen        a screw is loose
                nothing is known of the target here: this is a bug of the harness

    harness     (1 case, yoi) as under documented
                toy.there.is-there

    documented: cannot be judged (1 of 2 must, harness broke in 1 case)
    yoi: cannot be judged (2 of 3 must, harness broke in 1 case) — not judged
    ");
}

#[test]
fn the_lines_fit_their_schema() {
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Line>();
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    for toy in [
        Toy::good(),
        Toy {
            small: 1000,
            shy: true,
            ..Toy::good()
        },
    ] {
        for line in report(&toy, &timeless()).to_jsonl().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let errors: Vec<_> = validator
                .iter_errors(&line)
                .map(|error| error.to_string())
                .collect();
            assert_eq!(errors, [""; 0], "{line}");
        }
    }
}

#[test]
fn junit_reads_back_with_every_case_in_its_place() {
    let xml = bad().to_junit().unwrap();
    let read = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let counts: Vec<_> = read
        .test_suites
        .iter()
        .map(|suite| (suite.name.as_str(), suite.tests, suite.failures, suite.errors))
        .collect();
    assert_eq!(
        counts,
        [
            ("toy (toy/1, documented)", 3, 1, 0),
            ("toy (toy/1, yoi)", 4, 0, 0)
        ]
    );
}

/// Every way in which a run can end, and the settings that lead there.
fn every_end() -> Vec<(Toy, Settings)> {
    let good = Toy::good;
    let rude = Toy { rude: true, ..good() };
    let bad = Toy { small: 5, ..good() };
    let known =
        "schema = \"yoikit.baseline/1\"\n[[known]]\ncase = \"toy.echo.any-number\"\nreason = \"soon\"\n";
    let known = || Settings {
        baseline: Baseline::parse(known, &BTreeSet::from(["toy.echo.any-number"])).unwrap(),
        ..timeless()
    };
    let strict = Settings {
        strict: true,
        ..timeless()
    };
    let certified = || Settings {
        certified: true,
        ..timeless()
    };
    let absent = Toy {
        absent: true,
        ..good()
    };
    vec![
        (good(), timeless()),
        (rude.clone(), timeless()),
        (rude, strict),
        (bad.clone(), timeless()),
        (bad, known()),
        (good(), known()),
        (Toy { shy: true, ..good() }, timeless()),
        (Toy { shy: true, ..good() }, certified()),
        (absent.clone(), timeless()),
        (absent, certified()),
        (
            Toy {
                breaks: true,
                ..good()
            },
            timeless(),
        ),
    ]
}

#[test]
fn every_form_of_a_report_is_red_where_the_exit_status_is() {
    for (number, (toy, settings)) in every_end().into_iter().enumerate() {
        let report = report(&toy, &settings);
        let red = report.end.outcome != Exit::Conforms;
        let junit = quick_junit::Report::deserialize_from_str(&report.to_junit().unwrap()).unwrap();
        let suites = junit.test_suites.iter();
        let count: usize = suites.map(|suite| suite.failures + suite.errors).sum();
        assert_eq!(count > 0, red, "JUnit of run {number}");
        let annotations = report.to_annotations();
        assert_eq!(
            annotations.contains("::error"),
            red,
            "run {number}: {annotations}"
        );
    }
}

#[test]
fn what_is_judged_comes_before_what_is_not_and_a_reason_is_told_once() {
    let absent = Toy {
        absent: true,
        small: 5,
        rude: true,
        ..Toy::good()
    };
    insta::assert_snapshot!(report(&absent, &timeless()).to_annotations(), @"
    ::error title=toy.echo.any-number (toy%2C documented)::expected 6%0Aseen: 5%0Ayoikit test toys/toy --case toy.echo.any-number --profile documented --seed 1 --property-cases 64
    ::error title=1 case without a verdict (toy%2C documented)::nobody is there
    ::warning title=toy.hello.is-polite (toy%2C documented)::expected `hello` & <b>peace</b>%0Aseen: `go | away`%0Ayoikit test toys/toy --case toy.hello.is-polite --profile documented --seed 1 --property-cases 64 --strict
    ::warning title=toy.echo.any-number (toy%2C yoi)::expected 6%0Aseen: 5%0Ayoikit test toys/toy --case toy.echo.any-number --profile yoi --seed 1 --property-cases 64
    ::warning title=toy.hello.is-polite (toy%2C yoi)::expected `hello` & <b>peace</b>%0Aseen: `go | away`%0Ayoikit test toys/toy --case toy.hello.is-polite --profile yoi --seed 1 --property-cases 64 --strict
    ");
    let shy = Toy {
        shy: true,
        ..Toy::good()
    };
    let certified = Settings {
        certified: true,
        ..timeless()
    };
    insta::assert_snapshot!(report(&shy, &certified).to_annotations(), @"::error title=1 case without a verdict (toy%2C documented)::it is shy");
}

#[test]
fn a_long_step_is_cut_for_people_and_kept_for_programs() {
    let mut bad = bad();
    let Verdict::Fail(evidence) = &mut bad.cases[0].verdict else {
        panic!("it failed")
    };
    evidence.steps[0].text = "x".repeat(1000) + "… (24 bytes more)";
    let shown = "x".repeat(320) + "… (704 bytes more)";
    assert!(bad.to_text(Styles::PLAIN).contains(&shown));
    let kept = "x".repeat(1000) + "… (24 bytes more)";
    assert!(bad.to_junit().unwrap().contains(&kept));
}

#[test]
fn a_shard_speaks_for_itself_only_whether_it_fails_or_not() {
    let line = |toy: Toy| {
        let settings = Settings {
            shard: Some("1/2".parse().unwrap()),
            ..timeless()
        };
        report(&toy, &settings).verdict_line(0)
    };
    insta::assert_snapshot!(line(Toy::good()), @"documented: conforms in this shard (2 of 2 must)");
    let bad = Toy {
        small: 5,
        ..Toy::good()
    };
    insta::assert_snapshot!(line(bad), @"documented: does not conform in this shard (1 of 2 must, 1 failed)");
}

#[test]
fn a_summary_of_many_failures_is_bounded() {
    let bad = Toy {
        small: 5,
        ..Toy::good()
    };
    let many: Vec<_> = (0..60)
        .map(|number| entrant(&format!("toy{number}"), "documented", true, bad.clone()))
        .collect();
    let summary = run::run(&many, &timeless(), &mut ()).unwrap().to_summary();
    assert_eq!(summary.matches("| `toy.echo.any-number` |").count(), 50);
    assert!(
        summary.contains("\n10 more; the report has them all.\n"),
        "{summary}"
    );
}

#[test]
fn nine_annotations_are_shown_and_a_tenth_counts_the_rest() {
    let entrants = |number: usize| {
        let rude = Toy {
            rude: true,
            small: 5,
            ..Toy::good()
        };
        let names = (0..number).map(|number| format!("toy{number}"));
        names
            .map(|name| entrant(&name, "documented", true, rude.clone()))
            .collect::<Vec<_>>()
    };
    let annotations = |number: usize| {
        let report = run::run(&entrants(number), &timeless(), &mut ()).unwrap();
        report.to_annotations()
    };
    assert_eq!(annotations(4).lines().count(), 8);
    let many = annotations(6);
    let lines: Vec<_> = many.lines().collect();
    assert_eq!(lines.len(), 10);
    insta::assert_snapshot!(lines[0], @"::error title=toy.echo.any-number (toy0%2C documented)::expected 6%0Aseen: 5%0Ayoikit test toys/toy0 --case toy.echo.any-number --profile documented --seed 1 --property-cases 64");
    insta::assert_snapshot!(lines[9], @"::warning title=yoikit::3 more; the report has them all");
}

#[test]
fn a_summary_cannot_be_broken_by_what_a_target_says() {
    let bad = bad();
    insta::assert_snapshot!(bad.to_summary().replace(&bad.run.run, "RUN"), @r#"
    ## yoikit test

    - **toy** documented: does not conform (1 of 2 must, 1 failed, 1 advisory failed)
    - **toy** yoi: does not conform (2 of 3 must, 1 failed, 1 advisory failed) — not judged

    | case | target | expected | seen |
    |---|---|---|---|
    | `toy.echo.any-number` | toy, documented | 1001 | 1000 |
    | `toy.hello.is-polite` | toy, documented | \`hello\` &amp; &lt;b&gt;peace&lt;/b&gt; | \`go \| away\` |
    | `toy.echo.any-number` | toy, yoi | 1001 | 1000 |
    | `toy.hello.is-polite` | toy, yoi | \`hello\` &amp; &lt;b&gt;peace&lt;/b&gt; | \`go \| away\` |

    Seed 1, run `RUN`.
    "#);
}

#[test]
fn the_page_stands_by_itself_and_runs_nothing() {
    let page = bad().to_html();
    assert!(page.contains("&lt;b&gt;peace&lt;/b&gt;"));
    for outside in [
        "<script", "<link", "src=", "http://", "https://", "@import", "url(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains(">toy.echo.any-number</th>"));
    assert!(page.contains("id=\"toy.echo.any-number-0\""));
}

#[test]
fn targets_that_are_asked_less_have_no_verdict_there() {
    let page = run::run(&both(&Toy::good()), &timeless(), &mut ())
        .unwrap()
        .to_html();
    // `toy.there.twice` is asked under one of the two profiles.
    assert_eq!(page.matches("title=\"not asked of this target\"").count(), 1);
}

#[test]
fn targets_of_one_name_are_called_by_their_paths() {
    let names = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(std::path::PathBuf::from).collect();
        yoi_conformance::suites::plugin::open::names_of(&paths)
    };
    assert_eq!(names(&["a/it.wasm", "b/other.wasm"]), ["it.wasm", "other.wasm"]);
    assert_eq!(
        names(&["a/it.wasm", "c.wasm", "b/it.wasm"]),
        ["a/it.wasm", "c.wasm", "b/it.wasm"]
    );
    assert_eq!(names(&["it", "it"]), ["it", "it"]);
}
