//! The host's own dialects conform, and one that breaks the contract is told by the cases that say so.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use yoi_conformance::Exit;
use yoi_conformance::report::{Report, Styles};
use yoi_conformance::run::{self, Entrant, Settings};
use yoi_conformance::suites::bridge::open::Opening;
use yoi_conformance::suites::bridge::transcripts;
use yoi_host::Profile;
use yoi_host::bridge::{
    self, Adapter, Context, Dialect, DialectComponent, Mode, NormalizedEvent, Translation, Usage,
};
use yoi_host::engine::EngineOptions;
use yoi_host::wire::Line;
use yoi_host::wire::child::{Ending, How};

fn report(entrants: &[Entrant], settings: &Settings) -> Report {
    run::run(entrants, settings, &mut ()).unwrap()
}

fn conforms(report: &Report) {
    assert_eq!(
        report.end.outcome,
        Exit::Conforms,
        "{}",
        report.to_text(Styles::PLAIN)
    );
}

#[test]
fn the_hosts_own_dialects_conform_in_every_mode_that_they_have() {
    for adapter in Adapter::ALL {
        let mut entrants = Opening::default().native(adapter).unwrap();
        assert_eq!(entrants.len(), if adapter.is_of_reference() { 2 } else { 1 });
        for entrant in &mut entrants {
            entrant.judged = true;
        }
        conforms(&report(&entrants, &Settings::default()));
    }
}

/// Our own dialect as the component that is built of the same source.
fn component(adapter: Adapter, mode: Mode) -> DialectComponent {
    let name = match mode {
        Mode::Faithful => adapter.to_string(),
        Mode::Compat => format!("{adapter}-compat"),
    };
    let bytes = fs::read(yoi_guests::dialect(&name).unwrap()).unwrap();
    let engine = EngineOptions::new(Profile::Documented).instances(64).build();
    DialectComponent::load(&engine.unwrap(), &bytes).unwrap()
}

fn modes() -> impl Iterator<Item = (Adapter, Mode)> {
    let all = Adapter::ALL.into_iter();
    let all = all.flat_map(|adapter| Mode::ALL.iter().map(move |mode| (adapter, *mode)));
    all.filter(|(adapter, mode)| *mode == Mode::Faithful || adapter.is_of_reference())
}

#[test]
fn the_hosts_own_dialects_conform_as_components_and_agree_with_themselves() {
    for (adapter, mode) in modes() {
        let opening = Opening {
            modes: vec![mode],
            speaks: Some(adapter),
        };
        let entrants = opening.component(Path::new("own.wasm"), component(adapter, mode));
        let settings = Settings {
            strict: true,
            ..Settings::default()
        };
        conforms(&report(&entrants, &settings));
    }
}

/// What a dialect makes of lines that end after them, and what it says to the child.
fn told(
    dialect: Box<dyn Dialect>,
    mode: Mode,
    lines: &[String],
    ending: &Ending,
) -> (Vec<NormalizedEvent>, Vec<serde_json::Value>) {
    let mut translation = Translation::new(dialect, mode);
    let mut told = vec![translation.open()];
    told.extend(
        lines
            .iter()
            .map(|line| translation.line(&Line::Text(line.clone()))),
    );
    told.push(translation.end(ending));
    // A prompt may be said as it is.
    let json = |line: &String| serde_json::from_str(line).unwrap_or_else(|_| line.as_str().into());
    (
        told.iter().flat_map(|said| said.events.clone()).collect(),
        told.iter().flat_map(|said| said.lines.iter().map(json)).collect(),
    )
}

/// What real children said, as the host's own tests keep it.
fn recorded() -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/bridge/tests/recorded");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let recorded = files.iter().map(|file| fs::read_to_string(file).unwrap());
    recorded
        .map(|text| text.lines().map(str::to_owned).collect())
        .collect()
}

#[test]
fn native_and_component_tell_the_same_of_every_transcript_in_both_modes() {
    let openings = [
        bridge::Opening {
            prompt: "hello".to_owned(),
            context: Context::of_prompt("hello"),
            session_id: Some("another".to_owned()),
            delegate: Some("d".to_owned()),
            ..bridge::Opening::default()
        },
        bridge::Opening {
            prompt: "and \u{2028} now?".to_owned(),
            resume: Some("t".to_owned()),
            used: Some(Usage {
                input: 3,
                ..Usage::default()
            }),
            model: Some("m".to_owned()),
            cwd: Some("/w".to_owned()),
            ..bridge::Opening::default()
        },
    ];
    let endings = [How::Exited(0), How::Exited(1), How::Signalled(9), How::Silent].map(|how| Ending {
        how,
        stderr: "Error: no rollout found for thread id t".to_owned(),
        ..Ending::default()
    });
    let mut all = recorded();
    assert!(all.len() >= 3, "codex, its server and indusagi were recorded");
    all.extend(Adapter::ALL.into_iter().flat_map(transcripts::of));
    for (adapter, mode) in modes() {
        let component = component(adapter, mode);
        // Other children's transcripts are as good as any noise.
        for lines in &all {
            for (opening, ending) in openings.iter().flat_map(|o| endings.iter().map(move |e| (o, e))) {
                let native = bridge::dialect(adapter, mode, opening.clone()).unwrap();
                let native = told(native, mode, lines, ending);
                let guest = told(component.dialect(opening).unwrap(), mode, lines, ending);
                assert_eq!(native, guest, "{adapter} {mode:?} {lines:?}");
            }
        }
    }
}

#[test]
fn a_mode_that_a_dialect_does_not_have_is_refused() {
    let opening = Opening {
        modes: vec![Mode::Compat],
        ..Opening::default()
    };
    let refused = opening.native(Adapter::IndusagiWire).unwrap_err();
    insta::assert_snapshot!(refused, @"the reference has no `indusagi-wire`: there is no profile `compat` of it");
}

#[test]
fn the_sample_in_python_conforms_as_the_dialect_that_it_claims_to_be() {
    let mut python = Command::new("python3");
    python
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !python.status().is_ok_and(|status| status.success()) {
        return;
    }
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/process/dialect.py");
    let opening = Opening {
        speaks: Some(Adapter::IndusagiWire),
        ..Opening::default()
    };
    let mut settings = Settings::default();
    settings.options.property_cases = 4;
    // A machine that is busy starts an interpreter in seconds, and that is no fault of the target's.
    settings.options.time_box = Some(Duration::from_secs(600));
    let command = ["python3".to_owned(), sample.display().to_string()];
    conforms(&report(&opening.command(&command), &settings));
}

#[test]
fn a_program_that_does_not_answer_as_a_dialect_is_told_so() {
    let broken = |script: &str| {
        let command = ["/bin/sh", "-c", script].map(str::to_owned);
        let mut settings = Settings::default();
        settings.options.property_cases = 1;
        settings.selection.ids = vec!["bridge.dialect.takes-any-line".to_owned()];
        let report = report(&Opening::default().command(&command), &settings);
        let verdict = &report.cases[0].verdict;
        verdict.evidence().map_or_else(
            || verdict.name().to_owned(),
            |evidence| evidence.finding.seen.clone(),
        )
    };
    insta::assert_snapshot!(broken("read -r line; echo '{}'; exit 3"), @"the dialect failed: it ended with exit status 3");
    insta::assert_snapshot!(broken("while read -r line; do echo '[]'; done"), @"the dialect failed: its answer is none of a dialect: it is no object");
    insta::assert_snapshot!(broken("while read -r line; do echo '{}'; done"), @"pass");
}

#[test]
fn a_program_that_answers_nothing_is_given_up() {
    let command = ["/bin/sh", "-c", "echo no such dialect >&2; exit 3"].map(str::to_owned);
    let mut settings = Settings::default();
    settings.options.jobs = NonZeroUsize::MIN;
    let report = report(&Opening::default().command(&command), &settings);
    let verdicts = report.cases.iter().map(|case| &case.verdict);
    let reasons: Vec<String> = verdicts
        .filter(|verdict| verdict.name() == "could not run")
        .map(|verdict| format!("{verdict:?}"))
        .collect();
    assert!(reasons.len() > report.cases.len() / 2, "{reasons:?}");
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("no such dialect") && reason.contains("is not tried again")),
        "{reasons:?}"
    );
}

/// A component that answers every line with this, and else with nothing.
fn answering(answer: &str) -> DialectComponent {
    let bytes: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(component
          (core module $m
            (memory (export "memory") 4)
            (data (i32.const 0) "\20\00\00\00\02\00\00\00\00\01\00\00\{:02x}\00\00\00")
            (data (i32.const 32) "{{}}")
            (data (i32.const 256) "{bytes}")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "none") (param i32 i32) (result i32) (i32.const 0))
            (func (export "some") (param i32 i32) (result i32) (i32.const 8)))
          (core instance $i (instantiate $m))
          (func (export "open") (param "opening" string) (result string)
            (canon lift (core func $i "none") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
          (func (export "line") (param "line" string) (result string)
            (canon lift (core func $i "some") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
          (func (export "end") (param "ending" string) (result string)
            (canon lift (core func $i "none") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
        answer.len()
    );
    let engine = EngineOptions::new(Profile::Documented)
        .instances(64)
        .build()
        .unwrap();
    DialectComponent::load(&engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn failed(answer: &str, speaks: Option<Adapter>) -> Vec<String> {
    failed_with(answer, speaks, &Settings::default())
}

fn failed_with(answer: &str, speaks: Option<Adapter>, settings: &Settings) -> Vec<String> {
    let opening = Opening {
        speaks,
        ..Opening::default()
    };
    let entrants = opening.component(Path::new("broken.wasm"), answering(answer));
    let report = report(&entrants, settings);
    let failed = report.cases.iter().filter(|case| case.verdict.name() == "fail");
    failed.map(|case| case.case.clone()).collect()
}

#[test]
fn a_component_that_knows_nothing_and_says_so_conforms() {
    assert_eq!(failed(r#"{"heard":"unknown"}"#, None), [""; 0]);
}

#[test]
fn a_component_that_answers_in_no_word_of_the_contract_does_not_conform() {
    let mut next = Settings::default();
    next.selection.next = true;
    for echo in [r#"{"line":"{\"say\":\"hi\"}"}"#, "{}"] {
        assert_eq!(
            failed_with(echo, None, &next),
            [
                "bridge.dialect.says-what-it-does-not-understand",
                "bridge.dialect.keeps-what-is-new",
            ]
        );
    }
    assert_eq!(
        failed_with(r#"{"heard":"noise"}"#, None, &next),
        ["bridge.dialect.keeps-what-is-new"]
    );
}

#[test]
fn what_a_broken_dialect_breaks_is_told() {
    let over = r#"{"events":[{"kind":"finish","reason":"stop"}]}"#;
    assert_eq!(
        failed(over, None),
        [
            "bridge.dialect.noise-ends-nothing",
            "bridge.dialect.what-is-new-ends-nothing",
            "bridge.dialect.keeps-what-is-new",
        ]
    );
    let takes_back = r#"{"events":[{"kind":"discard","of":"text","bytes":5}]}"#;
    assert!(failed(takes_back, None).contains(&"bridge.dialect.takes-back-what-it-told-alone".to_owned()));
    assert!(failed("[]", None).contains(&"bridge.dialect.takes-any-line".to_owned()));
    let claims = failed("{}", Some(Adapter::IndusagiWire));
    assert!(
        claims.contains(&"bridge.indusagi-wire.the-result-ends-the-turn".to_owned()),
        "{claims:?}"
    );
}
