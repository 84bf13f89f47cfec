//! Failing inputs are kept, tried first, and played again.

use yoi_conformance::plan::Selection;
use yoi_conformance::regression::{File, Regressions};
use yoi_conformance::run::{self, Settings};
use yoi_conformance::{Exit, Verdict};

use crate::toy::{Toy, entrant, report, timeless};

#[test]
fn a_failing_input_is_kept_and_nothing_a_target_said_is() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let settings = || Settings {
        regressions: Some(Regressions::open(&kept).unwrap()),
        ..timeless()
    };
    let bad = Toy {
        small: 1000,
        ..Toy::good()
    };
    let first = report(&bad, &settings());
    let line = first.of_subject(0).next().unwrap();
    let name = line.saved.clone().unwrap();
    let text = std::fs::read_to_string(kept.join(&name)).unwrap();
    insta::assert_snapshot!(format!("{name}\n{text}"), @r#"
    toy.echo.any-number.documented.323cbaf3.json
    {
      "schema": "yoikit.regression/1",
      "case": "toy.echo.any-number",
      "revision": "toy/1",
      "profile": "documented",
      "seed": 1,
      "yoikit": "0.1.0",
      "target": "toy",
      "digest": "sha256:00112233445566778899",
      "expected": "1001",
      "input": 1001
    }
    "#);
    let repeat = line
        .repeat
        .clone()
        .unwrap()
        .replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(repeat, @"yoikit test toys/toy --replay FOLDER/kept/toy.echo.any-number.documented.323cbaf3.json");

    // The same failure is kept once, and found without any input being made up.
    let mut again = settings();
    again.options.property_cases = 1;
    let second = report(&bad, &again);
    let evidence = second
        .of_subject(0)
        .next()
        .unwrap()
        .verdict
        .evidence()
        .unwrap()
        .clone();
    assert_eq!(evidence.regression.as_deref(), Some(name.as_str()));
    assert_eq!(
        std::fs::read_dir(&kept).unwrap().count(),
        1,
        "one for the profile that is judged"
    );

    // Played by itself it fails where the target fails, and passes where it does not.
    let file = File::read(&kept.join(&name)).unwrap();
    let mut alone = timeless();
    alone.options.replay = Some(file.input);
    alone.selection = Selection {
        ids: vec![file.case],
        ..Selection::default()
    };
    assert_eq!(report(&bad, &alone).end.outcome, Exit::Fails);
    assert_eq!(report(&Toy::good(), &alone).cases[0].verdict, Verdict::Pass);
}

#[test]
fn a_kept_input_that_its_case_cannot_take_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let kept = r#"{
        "schema": "yoikit.regression/1", "case": "toy.echo.any-number", "revision": "toy/1", "profile": "documented",
        "seed": 1, "yoikit": "0.0.1", "target": "toy", "expected": "", "input": "a number"
    }"#;
    std::fs::write(folder.path().join("old.json"), kept).unwrap();
    let mut settings = Settings {
        regressions: Some(Regressions::open(folder.path()).unwrap()),
        ..timeless()
    };
    let refused = |settings: &Settings| {
        let entrants = crate::toy::both(&Toy::good());
        run::run(&entrants, settings, &mut ()).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused(&settings), @r#"old.json holds no input of `toy.echo.any-number`, or one of an older form: invalid type: string "a number", expected u32; it can be deleted"#);
    settings.regressions = None;
    settings.options.replay = Some(serde_json::json!(-1));
    settings.selection.ids = vec!["toy.echo.any-number".to_owned()];
    insta::assert_snapshot!(refused(&settings), @"what was kept holds no input of `toy.echo.any-number`, or one of an older form: invalid value: integer `-1`, expected u32; it can be deleted");
}

#[test]
fn a_folder_with_something_else_in_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not read").unwrap();
    assert!(Regressions::open(folder.path()).is_ok());
    std::fs::write(folder.path().join("a.json"), "{}").unwrap();
    let error = Regressions::open(folder.path()).unwrap_err().to_string();
    let error = error.replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(error, @"FOLDER/a.json is no kept input: missing field `schema` at line 1 column 2");
}

#[test]
fn what_another_target_failed_with_is_no_regression_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || {
        let mut settings = Settings {
            regressions: Some(Regressions::open(folder.path()).unwrap()),
            ..timeless()
        };
        settings.selection.ids = vec!["toy.echo.any-number".to_owned()];
        settings
    };
    let bad = || Toy {
        small: 1000,
        ..Toy::good()
    };
    let run = |name: &str| {
        let entrants = [entrant(name, "documented", true, bad())];
        let report = run::run(&entrants, &settings(), &mut ()).unwrap();
        let line = &report.cases[0];
        (
            line.saved.clone().unwrap(),
            line.verdict.evidence().unwrap().regression.clone(),
        )
    };
    let (one, _) = run("one.wasm");
    // The same input, and another failure.
    let (other, before) = run("two.wasm");
    assert_eq!(before, None);
    assert_ne!(one, other);
    let kept = Regressions::open(folder.path()).unwrap();
    assert_eq!(kept.only_of_others(&["three"]), ["one.wasm", "two.wasm"]);
    assert!(kept.only_of_others(&["three", "one"]).is_empty());
    // A folder, a component and a package are the same plugin.
    for name in ["one", "one.wasm", "one.yoi-plugin"] {
        assert_eq!(run(name), (one.clone(), Some(one.clone())));
    }
    // What an earlier version kept had a name of its own: it is tried, and not kept twice.
    std::fs::rename(folder.path().join(&one), folder.path().join("earlier.json")).unwrap();
    assert_eq!(
        run("one"),
        ("earlier.json".to_owned(), Some("earlier.json".to_owned()))
    );
}
