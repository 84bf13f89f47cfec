//! What becomes of a call where it is not alone: on two cores at once, and among thousands of live instances.
//!
//! Neither is criterion's business: what counts is the throughput of threads, and the slowest of many calls.
//!
//! - `two at once`: threads with an instance each, in turns with one thread that has both cores to itself; the floor
//!   is wasmtime alone with the same engine, which says what the machine and the engine give
//! - `live instances`: instances of the sample `counter`, each called in turn. A call to one that was last called
//!   thousands of calls ago finds nothing of it in the caches, by wasmtime alone as little as by the host. The slowest
//!   call of a run is the machine's as often as ours: so there is also the slowest instance, each by its best of several
//!   calls.

#![expect(clippy::print_stdout, reason = "the figures are what the run is for")]

use std::fs;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use yoi_benches::guest::{passes_on, text_of};
use yoi_benches::{Raw, Started, kept, settle_the_allocator};
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::plugin::{Instance, Plugin};
use yoi_host::{Limits, Profile};

/// How many times one thread's throughput that of two is at least.
const TWO_AT_LEAST: f64 = 1.8;

/// How many times the median among few instances a call among many may take.
const SLOWEST_AT_MOST: f64 = 3.0;

/// How many instances are few.
const FEW: u32 = 10;

/// Most KiB that all of them take.
const RESIDENT_AT_MOST: u64 = 4 * 1024 * 1024;

/// More instructions than any call here needs.
const FUEL: u64 = 1_000_000_000;

/// The tool that every guest here has.
const TOOL: &str = "echo";

/// How much is done.
struct Size {
    instances: u32,
    rounds: usize,
    turns: usize,
    turn: Duration,
}

fn main() {
    let bench = std::env::args().any(|argument| argument == "--bench");
    let size = if bench {
        Size {
            instances: 10_000,
            rounds: 30,
            turns: 15,
            turn: Duration::from_millis(150),
        }
    } else {
        // As a test, to see that it runs.
        Size {
            instances: 20,
            rounds: 2,
            turns: 1,
            turn: Duration::from_millis(1),
        }
    };
    settle_the_allocator();
    two_at_once(&size);
    live_instances(&size);
}

fn two_at_once(size: &Size) {
    let engine = Engine::new(Profile::Documented).expect("an engine");
    let parses = fs::read(yoi_guests::HOSTILE.component()).expect("the guest is built");
    for (kind, bytes, component) in [
        ("100 B, passed on", 100, passes_on(100)),
        ("100 B, parsed", 100, parses.clone()),
        ("64 KiB, passed on", 65_000, passes_on(65_000)),
        ("64 KiB, parsed", 65_000, parses),
    ] {
        let input = text_of(bytes);
        let limits = Limits::of(Profile::Documented).with_fuel(FUEL);
        let plugin = Plugin::load_with(&engine, &component, limits).expect("the guest keeps the contract");
        let raw = Raw::new(engine.wasmtime(), &component, Some(FUEL));
        let ours = || {
            let mut instance = started(&plugin);
            move |input: &str| {
                black_box(instance.handle_tool(TOOL, input).expect("the guest answers"));
            }
        };
        let floor = || {
            let mut started = raw.started();
            move |input: &str| {
                black_box(started.handle_tool(TOOL, input));
            }
        };
        println!();
        gained("host", kind, &input, size, ours, Some(TWO_AT_LEAST));
        gained("raw", kind, &input, size, floor, None);
    }
}

/// How much more two threads do than one, in turns.
fn gained<C: FnMut(&str) + Send>(
    who: &str,
    kind: &str,
    input: &str,
    size: &Size,
    make: impl Fn() -> C,
    at_least: Option<f64>,
) {
    let mut callers = [make(), make()];
    let (mut alone, mut both) = (Vec::new(), Vec::new());
    for _ in 0..size.turns {
        alone.push(calls_a_second(&mut callers[..1], input, size.turn));
        both.push(calls_a_second(&mut callers, input, size.turn));
    }
    let (alone, both) = (median(&mut alone), median(&mut both));
    let times = both / alone;
    let verdict = at_least.map_or_else(String::new, |least| {
        format!("  (at least {least}: {})", kept(times >= least))
    });
    println!(
        "two at once    {kind:<20} {who:<6} {alone:>10.0} calls a second alone, {both:>10.0} together: {times:.2} \
         times{verdict}"
    );
}

/// Calls a second of all callers, each on a thread of its own.
fn calls_a_second<C: FnMut(&str) + Send>(callers: &mut [C], input: &str, time: Duration) -> f64 {
    let (over, ready) = (AtomicBool::new(false), Barrier::new(callers.len() + 1));
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .iter_mut()
            .map(|call| {
                let (over, ready) = (&over, &ready);
                scope.spawn(move || {
                    call(input);
                    ready.wait();
                    let (began, mut calls) = (Instant::now(), 0_u32);
                    while !over.load(Ordering::Relaxed) {
                        call(input);
                        calls += 1;
                    }
                    f64::from(calls) / began.elapsed().as_secs_f64()
                })
            })
            .collect();
        ready.wait();
        thread::sleep(time);
        over.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no call fails"))
            .sum()
    })
}

fn live_instances(size: &Size) {
    const INPUT: &str = r#"{"by":1}"#;
    const COUNTS: &str = "counter_add";
    let engine = EngineOptions::new(Profile::Documented)
        .instances(size.instances + FEW)
        .build()
        .expect("address space for the instances");
    let component = fs::read(yoi_guests::COUNTER.component()).expect("the guest is built");
    let plugin = Plugin::load(&engine, &component).expect("the guest keeps the contract");
    let raw = Raw::new(engine.wasmtime(), &component, Some(FUEL));
    let ours = |instance: &mut Instance| {
        black_box(instance.handle_tool(COUNTS, INPUT).expect("it counts"));
    };
    live("host", size, || started(&plugin), ours, Some(SLOWEST_AT_MOST));
    let floor = |instance: &mut Started| {
        black_box(instance.handle_tool(COUNTS, INPUT));
    };
    live("raw", size, || raw.started(), floor, None);
}

/// What a call costs among few instances, and among many.
fn live<I>(who: &str, size: &Size, make: impl Fn() -> I, call: impl Fn(&mut I), at_most: Option<f64>) {
    let call = |instance: &mut I| {
        let began = Instant::now();
        call(instance);
        u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    };
    let mut few: Vec<I> = (0..FEW).map(|_| make()).collect();
    let (few_times, _) = rounds(&mut few, size.rounds * size.instances as usize / 10, call);
    let median = few_times.value_at_quantile(0.5);

    let before = resident();
    let began = Instant::now();
    let mut many: Vec<I> = (0..size.instances).map(|_| make()).collect();
    let took = began.elapsed();
    let (many_times, best) = rounds(&mut many, size.rounds, call);
    let resident = resident();
    let taken = resident.saturating_sub(before);

    println!();
    println!(
        "{who}: live instances {} of `counter`, each started in {:.1} µs",
        size.instances,
        took.as_secs_f64() * 1e6 / f64::from(size.instances)
    );
    // Of whoever comes first: an engine keeps what its instances had for the next ones.
    if at_most.is_some() {
        println!(
            "resident       {} MiB, {} KiB for each instance  (at most {} MiB: {})",
            resident / 1024,
            taken / u64::from(size.instances),
            RESIDENT_AT_MOST / 1024,
            kept(resident < RESIDENT_AT_MOST)
        );
    }
    told("a call among 10", &few_times);
    told("a call among all", &many_times);
    let against = |what: &str, nanos: u64| {
        let times = nanos as f64 / median as f64;
        println!(
            "{what:<30} {:>8.1} µs: {times:.2} times the median among 10{}",
            nanos as f64 / 1e3,
            at_most.map_or_else(String::new, |most| format!(
                "  (at most {most}: {})",
                kept(times <= most)
            ))
        );
    };
    against("the slowest call among all", many_times.max());
    against("99 of 100 among all", many_times.value_at_quantile(0.99));
    against(
        "the slowest instance, its best",
        best.into_iter().max().unwrap_or(0),
    );
    println!(
        "{:<30} {:>8.1} µs: what the machine alone makes of a call",
        "the slowest call among 10",
        few_times.max() as f64 / 1e3
    );
}

/// Call each instance in turn, so many rounds, and one before that is not counted: all times, and the best of each.
fn rounds<I>(instances: &mut [I], rounds: usize, call: impl Fn(&mut I) -> u64) -> (Histogram<u64>, Vec<u64>) {
    let mut times = Histogram::new(3).expect("three digits are a precision that there is");
    let mut best = vec![u64::MAX; instances.len()];
    for instance in &mut *instances {
        call(instance);
    }
    for _ in 0..rounds {
        for (instance, best) in instances.iter_mut().zip(&mut best) {
            let took = call(instance);
            *best = took.min(*best);
            times += took;
        }
    }
    (times, best)
}

fn told(what: &str, times: &Histogram<u64>) {
    let at = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "{what:<20} p50 {:>6.1} µs   p95 {:>6.1} µs   p99 {:>6.1} µs   most {:>8.1} µs",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
}

fn started(plugin: &Plugin) -> Instance {
    let mut instance = plugin.instance("null").expect("a configuration");
    instance.start().expect("the guest starts");
    instance
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// KiB of this process that are in memory; none where the system does not say.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
