//! How single runs of one engine are spread. criterion's figures are means of many.

use std::fs;
use std::hint::black_box;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;
use tokio::runtime::Runtime;
use yoi_host::ptc::{Client, Host, PtcLimits, Session, ToolCall};

use crate::engines::{self, Language, Subject};
use crate::{CALLS, GATHERED, one, run};

/// The word before an engine's name that makes a host of this program.
pub(crate) const SERVE: &str = "serve-engine";

/// What ten tools of 50 ms take under one `gather`, without anything of ours.
const TOOL: Duration = Duration::from_millis(50);

/// Live sessions whose memory is taken.
const LIVE: u64 = 20;

/// Be the host of the protocol.
pub(crate) fn serve(engine: &str) {
    let mut limits = PtcLimits::default();
    limits.calls_in_flight = usize::MAX;
    let host = Host {
        boot: &|| engines::of(engine).ok_or_else(|| format!("{engine} is not made")),
        engine,
        limits,
        process: std::process::id(),
    };
    host.serve(io::stdin(), io::stdout(), io::stderr())
        .expect("the client can be read");
}

/// Everything of one engine.
pub(crate) fn of(subject: &Subject) {
    let Subject {
        name,
        interpreter,
        language,
        ..
    } = subject;
    println!("\n{name}");
    let session = || Session::new(interpreter, limits());
    spread("fresh session and 1+1", 1000, 1, subject.fresh_at_most, || {
        run(&mut session(), "1+1")
    });
    let mut warm = session();
    spread("1+1 in a warm session", 1000, 1, None, || run(&mut warm, "1+1"));
    let one_call = language.one_call();
    spread("a run with one call", 1000, 1, None, || run(&mut warm, &one_call));
    let code = language.one_by_one(CALLS);
    spread("each of 200 calls in a loop", 50, CALLS, Some(30.0), || {
        run(&mut warm, &code)
    });
    let code = language.at_once(GATHERED);
    spread("20,000 calls at once", 5, 1, Some(1e6), || {
        run(&mut session(), &code)
    });
    ten_tools(subject);
    if let Some(bytes) = per_session(subject) {
        let promise = promise(
            bytes as f64,
            subject.memory_at_most.map(|most| most as f64),
            |bytes| format!("{:.0} MiB", bytes / 1048576.0),
        );
        println!(
            "  {:<38} {:>9.1} MiB{promise}",
            "memory of a live session",
            bytes as f64 / 1048576.0
        );
    }
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args([SERVE, name]);
    Driven::start(&mut command).table(*language, Some(150.0));
}

fn limits() -> PtcLimits {
    let mut limits = PtcLimits::default();
    limits.calls_in_flight = usize::MAX;
    limits
}

/// Ten tools of 50 ms each under one `gather`: what is above 50 ms is ours.
fn ten_tools(subject: &Subject) {
    let executor = executor();
    let mut session = Session::new(&subject.interpreter, limits());
    let code = subject.language.at_once(10);
    let tool = |_: ToolCall| async {
        tokio::time::sleep(TOOL).await;
        Ok(one())
    };
    spread("ten tools of 50 ms at once", 20, 1, Some(65_000.0), || {
        let names = ["f".to_owned()];
        let envelope = executor
            .block_on(session.run(&code, &names, &tool))
            .expect("a run");
        assert!(envelope.is_ok(), "{envelope:?}");
    });
}

/// Bytes of memory that a session takes which has run something and waits for more. What several share counts for
/// each in part; none where the system does not tell.
fn per_session(subject: &Subject) -> Option<u64> {
    let of = || {
        let mut session = Session::new(&subject.interpreter, limits());
        run(&mut session, "1+1");
        session
    };
    let first = of();
    let before = proportional_bytes()?;
    let live: Vec<Session> = (0..LIVE).map(|_| of()).collect();
    let after = proportional_bytes()?;
    drop((first, live));
    Some(after.saturating_sub(before) / LIVE)
}

fn proportional_bytes() -> Option<u64> {
    kibibytes("/proc/self/smaps_rollup", "Pss:")
}

/// A figure of one of the system's lists.
fn kibibytes(path: &str, name: &str) -> Option<u64> {
    let list = fs::read_to_string(path).ok()?;
    let line = list.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// A host in a process of its own, driven by the client of this library.
pub(crate) struct Driven {
    executor: Runtime,
    client: Client,
}

impl Driven {
    pub(crate) fn start(command: &mut Command) -> Self {
        let executor = executor();
        let began = Instant::now();
        let client = executor.block_on(async {
            let mut client = Client::spawn(command).await.expect("a host");
            client.request("init", json!({})).await.expect("it begins");
            client
        });
        println!(
            "  {:<38} {:>9.1} ms",
            "by the protocol: until it is ready",
            began.elapsed().as_secs_f64() * 1e3
        );
        Self { executor, client }
    }

    /// `call_at_most`: microseconds of one call, by promise.
    pub(crate) fn table(&mut self, language: Language, call_at_most: Option<f64>) {
        spread("by the protocol: 1+1, warm", 500, 1, None, || self.run("1+1"));
        let one_call = language.one_call();
        spread("by the protocol: a run with one call", 500, 1, None, || {
            self.run(&one_call);
        });
        let code = language.one_by_one(CALLS);
        spread(
            "by the protocol: each of 200 calls",
            20,
            CALLS,
            call_at_most,
            || self.run(&code),
        );
        if let Some(bytes) = kibibytes(&format!("/proc/{}/status", self.client.process()), "VmRSS:") {
            println!(
                "  {:<38} {:>9.1} MiB",
                "by the protocol: memory of its process",
                bytes as f64 / 1048576.0
            );
        }
    }

    fn run(&mut self, code: &str) {
        let tool = |_: ToolCall| async { Ok(one()) };
        let names = ["f".to_owned()];
        let envelope = self
            .executor
            .block_on(self.client.run(code, &names, &tool, json!({})))
            .expect("a run");
        assert!(envelope.ok, "{envelope:?}");
    }
}

fn executor() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an executor")
}

/// Run something many times; what is told are microseconds of each of the `calls` in it.
pub(crate) fn spread<R>(
    name: &str,
    runs: usize,
    calls: u64,
    at_most: Option<f64>,
    mut run: impl FnMut() -> R,
) {
    black_box(run());
    let mut took: Histogram<u64> = Histogram::new(3).expect("three digits");
    for _ in 0..runs {
        let began = Instant::now();
        black_box(run());
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        took.record(nanos / calls).expect("it grows as it must");
    }
    let at = |quantile| took.value_at_quantile(quantile) as f64 / 1e3;
    let promise = promise(at(0.5), at_most, |micros| format!("p50 {micros} µs"));
    println!(
        "  {name:<38} p50 {:>10.1} µs  p95 {:>10.1} µs  p99 {:>10.1} µs{promise}",
        at(0.5),
        at(0.95),
        at(0.99)
    );
}

fn promise(found: f64, at_most: Option<f64>, shown: impl Fn(f64) -> String) -> String {
    match at_most {
        None => String::new(),
        Some(most) if found <= most => format!("  (at most {}: kept)", shown(most)),
        Some(most) => format!("  (at most {}: NOT KEPT)", shown(most)),
    }
}
