//! What code that calls tools costs: a fresh session, a call, and many of them at once.
//!
//! - `host`: Monty as an engine, in its sandbox, through a session
//! - `serve`: the same behind the protocol, through two pipes, as a client of another process would have it

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _, pipe};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use yoi_host::engine::EngineOptions;
use yoi_host::ptc::{Envelope, Host, Interpreter, Progress, PtcLimits, Session, ToolCall};

/// Calls in a loop, so that what begins and ends a run counts for little.
const CALLS: u64 = 200;

/// Runs of one session. Monty keeps the source of each, for tracebacks, so that half a million would fill its memory.
const RUNS_OF_A_SESSION: u64 = 10_000;

/// Calls under one `gather`.
const GATHERED: u64 = 20_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let engine = EngineOptions::interpreters()
        .instances(4)
        .build()
        .expect("an engine");
    let monty = Interpreter::load(&engine, yoi_engines::MONTY).expect("Monty is an engine");

    sessions(&mut criterion, &monty);
    calls(&mut criterion, &monty);
    at_once(&mut criterion, &monty);
    criterion.final_summary();
    spread(&monty);
    ten_tools(&monty);
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
    let code = one_by_one(CALLS);
    let mut session = Session::new(monty, PtcLimits::default());
    group.bench_function("host", |bencher| bencher.iter(|| run(&mut session, &code)));
    let mut client = Piped::new(monty);
    group.bench_function("serve", |bencher| bencher.iter(|| client.run(&code)));
    group.finish();
}

fn at_once(criterion: &mut Criterion, monty: &Interpreter) {
    let mut group = criterion.benchmark_group("calls under one gather");
    group.throughput(Throughput::Elements(GATHERED)).sample_size(10);
    let code = gathered(GATHERED);
    let mut limits = PtcLimits::default();
    limits.calls_in_flight = usize::MAX;
    let mut session = Session::new(monty, limits);
    group.bench_function("host", |bencher| bencher.iter(|| run(&mut session, &code)));
    let mut client = Piped::new(monty);
    group.bench_function("serve", |bencher| bencher.iter(|| client.run(&code)));
    group.finish();
}

fn one_by_one(count: u64) -> String {
    format!("n = 0\nfor i in range({count}):\n    n += await tools.f(n=i)\nn")
}

fn gathered(count: u64) -> String {
    format!("import asyncio\nsum(await asyncio.gather(*[tools.f(n=i) for i in range({count})]))")
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

/// A host behind two pipes.
struct Piped {
    to: PipeWriter,
    from: BufReader<PipeReader>,
    line: String,
}

impl Piped {
    fn new(monty: &Interpreter) -> Self {
        let (input, to) = pipe().expect("a pipe");
        let (from, output) = pipe().expect("a pipe");
        let monty = monty.clone();
        thread::spawn(move || {
            let mut limits = PtcLimits::default();
            limits.calls_in_flight = usize::MAX;
            let host = Host {
                boot: &|| Ok(monty.clone()),
                engine: "monty",
                limits,
                process: std::process::id(),
            };
            host.serve(input, output, std::io::sink())
                .expect("the pipe can be read");
        });
        let mut client = Self {
            to,
            from: BufReader::new(from),
            line: String::new(),
        };
        client.read();
        client
    }

    fn read(&mut self) -> Value {
        self.line.clear();
        self.from.read_line(&mut self.line).expect("a line");
        serde_json::from_str(&self.line).expect("JSON")
    }

    fn run(&mut self, code: &str) -> Value {
        let request = json!({"id": 1, "method": "runPtc", "params": {"code": code, "tools": ["f"]}});
        writeln!(self.to, "{request}").expect("a host");
        loop {
            let mut message = self.read();
            if message["type"] != "host_call" {
                assert_eq!(message["result"]["envelope"]["ok"], true, "{message}");
                return message;
            }
            let answer =
                json!({"type": "host_call_result", "id": message["id"].take(), "ok": true, "value": 1});
            // In one piece: a pipe is written to at every turn of a formatter.
            self.to
                .write_all(format!("{answer}\n").as_bytes())
                .expect("a host");
        }
    }
}

/// How single runs are spread: criterion's figures are means of many.
fn spread(monty: &Interpreter) {
    println!();
    let fresh = || {
        let mut session = Session::new(monty, PtcLimits::default());
        run(&mut session, "1+1")
    };
    percentiles("fresh session and 1+1", 1000, 1, fresh);
    let mut session = Session::new(monty, PtcLimits::default());
    percentiles("1+1 in a warm session", 1000, 1, || run(&mut session, "1+1"));
    let one_call = "await tools.f(n=1)";
    let mut session = Session::new(monty, PtcLimits::default());
    percentiles("a run with one call, in process", 1000, 1, || {
        run(&mut session, one_call)
    });
    let mut client = Piped::new(monty);
    percentiles("a run with one call, by the protocol", 1000, 1, || {
        client.run(one_call)
    });
    let code = one_by_one(CALLS);
    percentiles("each of 200 calls in a loop, in process", 50, CALLS, || {
        run(&mut session, &code)
    });
    percentiles("each of 200 calls in a loop, by the protocol", 50, CALLS, || {
        client.run(&code)
    });
}

fn percentiles<R>(name: &str, runs: usize, calls: u64, mut run: impl FnMut() -> R) {
    let mut took: Vec<f64> = (0..runs)
        .map(|_| {
            let began = Instant::now();
            black_box(run());
            began.elapsed().as_secs_f64() * 1e6 / calls as f64
        })
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| took[(runs - 1) * percent / 100];
    println!(
        "{name:<46} p50 {:>8.1} µs  p95 {:>8.1} µs  p99 {:>8.1} µs",
        at(50),
        at(95),
        at(99)
    );
}

/// Ten tools of 50 ms each under one `gather`: what is above 50 ms is ours.
fn ten_tools(monty: &Interpreter) {
    const TOOL: Duration = Duration::from_millis(50);
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("an executor");
    let mut session = Session::new(monty, PtcLimits::default());
    let code = gathered(10);
    let tool = |_: ToolCall| async {
        tokio::time::sleep(TOOL).await;
        Ok(one())
    };
    let mut took: Vec<Duration> = (0..20)
        .map(|_| {
            let began = Instant::now();
            let envelope = executor
                .block_on(session.run(&code, &["f".to_owned()], &tool))
                .expect("a run");
            assert!(envelope.is_ok(), "{envelope:?}");
            began.elapsed()
        })
        .collect();
    took.sort_unstable();
    println!(
        "ten tools of 50 ms under one gather             p50 {:>9.1?}   worst {:.1?}",
        took[10], took[19]
    );
}
