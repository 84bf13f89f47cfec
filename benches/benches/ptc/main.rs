//! What code that calls tools costs: a fresh session, a call, and many of them at once.
//!
//! - `host`: Monty as an engine, in its sandbox, through a session
//! - `serve`: the same behind the protocol, through two pipes, as a client of another process would have it
//! - `bare pipe`: the same lines through the same pipes, to and fro, and no engine behind them
//! - `native`: Monty in this process, without any sandbox (`--features peers`)
//!
//! Then, of every engine that there is, how single runs are spread, and the same of the published runtime (where
//! YOIKIT_PTC_PUBLISHED names the folder of its `node-host.mjs`).

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

mod engines;
#[cfg(feature = "peers")]
mod native;
mod piped;
mod published;
mod table;

use std::hint::black_box;
use std::time::Instant;

use serde_json::value::RawValue;
use yoi_benches::{Bench, Race};
use yoi_host::ptc::{Envelope, Interpreter, Progress, PtcLimits, Session, ToolCall};

use piped::Piped;

/// Calls in a loop, so that what begins and ends a run counts for little.
const CALLS: u64 = 200;

/// Runs of one session. Monty keeps the source of each, for tracebacks, so that half a million would fill its memory.
const RUNS_OF_A_SESSION: u32 = 10_000;

/// Calls under one `gather`, in a race.
const AT_ONCE: u64 = 2000;

/// The same in the tables, where each is run a few times only.
const GATHERED: u64 = 20_000;

fn main() {
    // This program is also the host that its own clients start.
    if let Some(engine) = std::env::args().skip_while(|word| word != table::SERVE).nth(1) {
        return table::serve(&engine);
    }
    let mut bench = Bench::from_args();
    let subjects = engines::all();
    let monty = &subjects[0].interpreter;
    fresh_session(&mut bench, monty);
    warm_session(&mut bench, monty);
    let (one_by_one, at_once) = (
        engines::PYTHON.one_by_one(CALLS),
        engines::PYTHON.at_once(AT_ONCE),
    );
    calls(&mut bench, monty, "200 calls, one by one", CALLS, &one_by_one);
    calls(
        &mut bench,
        monty,
        "2000 calls under one gather",
        AT_ONCE,
        &at_once,
    );
    let test = bench.is_test();
    println!("{}", bench.finish());
    if test {
        return;
    }
    for subject in &subjects {
        table::of(subject);
    }
    published::table();
}

fn fresh_session(bench: &mut Bench, monty: &Interpreter) {
    let race = Race::new("fresh session, and 1+1")
        .rival("host", || {
            let mut session = Session::new(monty, PtcLimits::default());
            run(&mut session, black_box("1+1"))
        })
        .within_millis(1.0);
    #[cfg(feature = "peers")]
    let race = race.rival("native", || native::run(native::fresh(), black_box("1+1")));
    bench.run(race);
}

fn warm_session(bench: &mut Bench, monty: &Interpreter) {
    let mut warm = Warm::new(monty);
    let (mut client, mut bare) = (Piped::new(monty), Piped::bare(0));
    let race = Race::new("1+1 in a warm session")
        .rival("host", || run(warm.session(), black_box("1+1")))
        .rival("serve", || client.run(black_box("1+1")))
        .rival("bare pipe", || bare.run(black_box("1+1")));
    #[cfg(feature = "peers")]
    let race = {
        let (mut session, mut runs) = (Some(native::fresh()), 0);
        race.rival("native", move || {
            runs += 1;
            if runs % RUNS_OF_A_SESSION == 0 {
                session = Some(native::fresh());
            }
            session = session
                .take()
                .map(|session| native::run(session, black_box("1+1")));
        })
    };
    bench.run(race);
}

fn calls(bench: &mut Bench, monty: &Interpreter, name: &str, count: u64, code: &str) {
    let mut limits = PtcLimits::default();
    limits.calls_in_flight = usize::MAX;
    let mut session = Session::new(monty, limits);
    let (mut client, mut bare) = (Piped::new(monty), Piped::bare(count));
    let race = Race::new(name)
        .slow()
        .rival("host", || run(&mut session, code))
        .rival("serve", || client.run(code))
        .rival("bare pipe", || bare.run(code));
    #[cfg(feature = "peers")]
    let race = {
        let mut session = Some(native::fresh());
        let code = code.replace("tools.f", "f");
        race.rival("native", move || {
            session = session.take().map(|session| native::run(session, &code));
        })
    };
    bench.run(race);
}

/// A session that has run something, and is a new one before it holds too much.
struct Warm<'a> {
    monty: &'a Interpreter,
    session: Session,
    runs: u32,
}

impl<'a> Warm<'a> {
    fn new(monty: &'a Interpreter) -> Self {
        Self {
            monty,
            session: Session::new(monty, PtcLimits::default()),
            runs: 0,
        }
    }

    fn session(&mut self) -> &mut Session {
        self.runs += 1;
        if self.runs.is_multiple_of(RUNS_OF_A_SESSION) {
            self.session = Session::new(self.monty, PtcLimits::default());
        }
        &mut self.session
    }
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
