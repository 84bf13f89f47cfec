//! One engine for all tests, and sessions to try things in.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use serde_json::value::{RawValue, to_raw_value};
use yoi_engines::Recipe;
use yoi_host::engine::{CodeCache, Engine, EngineOptions};
use yoi_host::ptc::{
    Envelope, Interpreter, Progress, PtcLimits, Scripted, Session, ToolCall, ToolError, ToolResult,
};

/// Monty, compiled once for all runs of these tests.
pub(crate) fn monty() -> &'static Interpreter {
    static MONTY: OnceLock<Interpreter> = OnceLock::new();
    MONTY.get_or_init(|| Interpreter::load(&engine(), yoi_engines::MONTY).unwrap())
}

/// One for all of them; machine code is kept for later runs.
fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let make = || {
        let cache = CodeCache::open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code")).unwrap();
        EngineOptions::interpreters().cache(cache).build().unwrap()
    };
    ENGINE.get_or_init(make).clone()
}

pub(crate) fn session() -> Session {
    session_with(PtcLimits::default())
}

/// 2026-11-25 08:00:00.25 UTC, for code that asks.
pub(crate) const NOW: u64 = 1_795_593_600_250_000_000;

pub(crate) fn session_with(limits: PtcLimits) -> Session {
    Session::with_surroundings(monty(), limits, Arc::new(Scripted::new(NOW, 7)))
}

/// What `code` comes to where it needs no tool.
pub(crate) fn run(session: &mut Session, code: &str) -> Envelope {
    finished(session.start(code, &[], Instant::now()).unwrap())
}

/// With every timer gone off as soon as the run waits for it.
pub(crate) fn run_timed(session: &mut Session, code: &str) -> Envelope {
    let mut progress = session.start(code, &[], Instant::now()).unwrap();
    while matches!(progress, Progress::Waiting) {
        let due = session.due().unwrap();
        progress = session.go_on(due);
    }
    finished(progress)
}

pub(crate) fn finished(progress: Progress) -> Envelope {
    match progress {
        Progress::Finished(envelope) => envelope,
        Progress::Waiting => panic!("the run waits"),
    }
}

pub(crate) fn json(envelope: &Envelope) -> String {
    serde_json::to_string(envelope).unwrap()
}

/// The value alone, of a run that must have one.
pub(crate) fn value(envelope: &Envelope) -> String {
    match envelope.value() {
        Some(value) => value.get().to_owned(),
        None => panic!("no value: {}", json(envelope)),
    }
}

/// Error and message, of a run that must have failed.
pub(crate) fn error(envelope: &Envelope) -> String {
    let (name, message) = envelope
        .error()
        .unwrap_or_else(|| panic!("no error: {}", json(envelope)));
    format!("{name}: {message}")
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Run `code` with every call answered by `tool`, one after the other.
pub(crate) fn run_with(
    session: &mut Session,
    code: &str,
    tools: &[&str],
    mut tool: impl FnMut(&ToolCall) -> ToolResult,
) -> Envelope {
    let mut progress = session.start(code, &names(tools), Instant::now()).unwrap();
    while matches!(progress, Progress::Waiting) {
        let call = session
            .next_call(Instant::now())
            .expect("a run that waits has a call");
        let outcome = tool(&call);
        session.answer(call.id, outcome, Instant::now()).unwrap();
        progress = session.go_on(Instant::now());
    }
    finished(progress)
}

pub(crate) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "tools answer with results")]
pub(crate) fn answers(json: &str) -> ToolResult {
    Ok(raw(json))
}

/// A tool that answers with its arguments.
#[expect(clippy::unnecessary_wraps, reason = "tools answer with results")]
pub(crate) fn echo(call: &ToolCall) -> ToolResult {
    Ok(call.args.clone())
}

pub(crate) fn fails(name: &str, message: &str) -> ToolResult {
    Err(ToolError::new(name, message))
}

pub(crate) fn number(number: i64) -> Box<RawValue> {
    to_raw_value(&number).unwrap()
}

/// The engine of a recipe, where somebody made it; a test that lacks it says so.
pub(crate) fn made(recipe: Recipe) -> Option<Interpreter> {
    static CPYTHON: OnceLock<Option<Interpreter>> = OnceLock::new();
    static QUICKJS: OnceLock<Option<Interpreter>> = OnceLock::new();
    let once = match recipe {
        Recipe::CPython => &CPYTHON,
        Recipe::QuickJs => &QUICKJS,
    };
    let interpreter = once.get_or_init(|| {
        let component = yoi_engines::user_folder().and_then(|folder| recipe.kept(&folder))?;
        let component = std::fs::read(component).unwrap();
        Some(Interpreter::load(&engine(), &component).unwrap())
    });
    if interpreter.is_none() {
        let name = thread::current().name().unwrap_or_default().to_owned();
        // Past the capture: one that passes shows nothing of what it printed.
        let _ = writeln!(
            io::stderr(),
            "skipped {name}: the engine {recipe} is not made: `yoikit ptc build {recipe}`"
        );
    }
    interpreter.clone()
}
