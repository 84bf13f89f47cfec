//! What code that calls tools costs: a fresh session, a call, and many of them at once.
//!
//! - `host`: Monty as an engine, in its sandbox, through a session
//! - `serve`: the same behind the protocol, through two pipes, as a client of another process would have it
//!
//! Then, of every engine that there is, how single runs are spread, beside Monty without any sandbox (with `--features
//! peers`) and the published runtime (where YOIKIT_PYODIDE_RUNTIME names the folder of its `node-host.mjs`).

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

mod engines;
#[cfg(feature = "peers")]
mod native;
mod piped;
mod published;
mod table;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use serde_json::value::RawValue;
use yoi_host::ptc::{Envelope, Interpreter, Progress, PtcLimits, Session, ToolCall};

use piped::Piped;

/// Calls in a loop, so that what begins and ends a run counts for little.
const CALLS: u64 = 200;

/// Runs of one session. Monty keeps the source of each, for tracebacks, so that half a million would fill its memory.
const RUNS_OF_A_SESSION: u64 = 10_000;

/// Calls under one `gather`.
const GATHERED: u64 = 20_000;

fn main() {
    // This program is also the host that its own clients start.
    if let Some(engine) = std::env::args().skip_while(|word| word != table::SERVE).nth(1) {
        return table::serve(&engine);
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let subjects = engines::all();
    let monty = &subjects[0].interpreter;
    sessions(&mut criterion, monty);
    calls(&mut criterion, monty);
    at_once(&mut criterion, monty);
    criterion.final_summary();

    for subject in &subjects {
        table::of(subject);
    }
    #[cfg(feature = "peers")]
    native::table();
    published::table();
}

fn sessions(criterion: &mut Criterion, monty: &Interpreter) {
    let mut group = criterion.benchmark_group("1+1");
    group.bench_function("fresh session", |bencher| {
        bencher.iter(|| {
            let mut session = Session::new(monty, PtcLimits::default());
            run(&mut session, black_box("1+1"))
        });
    });
    group.bench_function("warm session", |bencher| {
        bencher.iter_custom(|runs| {
            let mut took = Duration::ZERO;
            let mut left = runs;
            while left > 0 {
                let mut session = Session::new(monty, PtcLimits::default());
                run(&mut session, "1+1");
                let these = left.min(RUNS_OF_A_SESSION);
                let began = Instant::now();
                for _ in 0..these {
                    black_box(run(&mut session, black_box("1+1")));
                }
                took += began.elapsed();
                left -= these;
            }
            took
        });
    });
    group.finish();
}

fn calls(criterion: &mut Criterion, monty: &Interpreter) {
    let mut group = criterion.benchmark_group("calls one by one");
    group.throughput(Throughput::Elements(CALLS));
    let code = engines::PYTHON.one_by_one(CALLS);
    let mut session = Session::new(monty, PtcLimits::default());
    group.bench_function("host", |bencher| bencher.iter(|| run(&mut session, &code)));
    let mut client = Piped::new(monty);
    group.bench_function("serve", |bencher| bencher.iter(|| client.run(&code)));
    group.finish();
}

fn at_once(criterion: &mut Criterion, monty: &Interpreter) {
    let mut group = criterion.benchmark_group("calls under one gather");
    group.throughput(Throughput::Elements(GATHERED)).sample_size(10);
    let code = engines::PYTHON.at_once(GATHERED);
    let mut limits = PtcLimits::default();
    limits.calls_in_flight = usize::MAX;
    let mut session = Session::new(monty, limits);
    group.bench_function("host", |bencher| bencher.iter(|| run(&mut session, &code)));
    let mut client = Piped::new(monty);
    group.bench_function("serve", |bencher| bencher.iter(|| client.run(&code)));
    group.finish();
}

/// What the tool answers.
fn one() -> Box<RawValue> {
    RawValue::from_string("1".to_owned()).expect("JSON")
}

/// Run code whose tool answers at once, and make sure that it did not fail.
fn run(session: &mut Session, code: &str) -> Envelope {
    let tools = ["f".to_owned()];
    let mut progress = session.start(code, &tools, Instant::now()).expect("a run");
    loop {
        match progress {
            Progress::Finished(envelope) => {
                assert!(envelope.is_ok(), "{envelope:?}");
                return envelope;
            }
            Progress::Waiting => {
                let now = Instant::now();
                let calls: Vec<ToolCall> = std::iter::from_fn(|| session.next_call(now)).collect();
                for call in calls {
                    session.answer(call.id, Ok(one()), now).expect("it waits");
                }
                progress = session.go_on(Instant::now());
            }
        }
    }
}
