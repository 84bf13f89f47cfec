//! What it takes to deliver events to services: how long one waits, whether any is lost, what memory does.
//!
//! Three runs, all with the sample `counter`, which counts its events, so that the plugin itself is asked whether
//! all of them came:
//!
//! - `one by one`: one service, and each event is sent when the one before was taken: what a delivery costs where
//!   nothing else goes on. From the call of `send` to the outcome, both threads' wake-ups included.
//! - `all at once`: many services, each with a sender that keeps its queue full. With more services than cores, an
//!   event waits for its turn most of the time; how long, and how evenly, is what the percentiles show. From the
//!   acceptance of an event to the end of its call.
//!
//! - `left on disk`: a host accepted events into its journal and died; the next one finds all of them there. How long
//!   it takes to store them with a sync before each is acknowledged (in groups, as senders at once have it), to open
//!   what was left until the first is delivered, and to deliver the rest, each marked on the disk before its guest is
//!   entered. Memory is that of the queue's bound and not of what is left: what is resident at the end is compared
//!   with what was when a tenth was delivered.
//!
//! 20 services with 10 000 events each, and 20 000 left; `-- --full` makes that 100 services, and a million left.
//! The claims: no event is lost, and memory is flat: what is resident at the end is at most a tenth more than when half of the events were delivered. Until
//! then it grows, by the ids of settled events that each service remembers, 4096 of them. Every figure that is kept
//! is written to memory that was there before.

#![expect(clippy::print_stdout, reason = "the figures are what the run is for")]

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use yoi_host::Profile;
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::Plugin;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::disk::DiskJournal;
use yoi_host::plugin::service::{
    Event, Journal, Outcome, Plan, Service, ServiceOptions, Settlement, StopTimes, Ticket, WhenFull, Written,
};
use yoi_host::world::Net;

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    services: usize,
    events: usize,
    left: usize,
}

/// Events in each queue: enough that a service never waits for its sender.
const QUEUE: usize = 64;

/// How much more may be resident at the end than when half was delivered.
const GROWTH_AT_MOST: f64 = 1.1;

fn main() -> ExitCode {
    let asked = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let size = match (asked("--bench"), asked("--full")) {
        (true, true) => Size {
            services: 100,
            events: 10_000,
            left: 1_000_000,
        },
        (true, false) => Size {
            services: 20,
            events: 10_000,
            left: 20_000,
        },
        // As a test, to see that it runs.
        (false, _) => Size {
            services: 2,
            events: 50,
            left: 100,
        },
    };
    let counter = Counter::load();
    one_by_one(&counter, size.events);
    let at_once = all_at_once(&counter, size);
    let left = left_on_disk(&counter, size.left);
    if at_once && left {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The sample, compiled once.
struct Counter {
    plugin: Plugin,
    manifest: Manifest,
    net: Net,
}

impl Counter {
    fn load() -> Self {
        let engine: Engine = EngineOptions::new(Profile::Documented)
            .instances(128)
            .build()
            .expect("address space for the instances");
        let component = fs::read(yoi_guests::COUNTER.component()).expect("the sample was built");
        let manifest = yoi_guests::COUNTER.package().join("plugin.toml");
        Self {
            plugin: Plugin::load(&engine, &component).expect("the sample fits"),
            manifest: Manifest::parse(&fs::read_to_string(manifest).expect("its manifest"))
                .expect("its manifest keeps every rule"),
            net: Net::new(),
        }
    }

    fn service(&self) -> Service {
        Service::start(self.plan()).expect("the sample starts")
    }

    fn plan(&self) -> Plan {
        let mut grants = Grants::default();
        grants
            .permissions
            .clone_from(&self.manifest.declared().permissions);
        let authority = Authority::new(&self.manifest, grants, &Binding::Unbound);
        let access = Access::new(authority, self.net.clone());
        let mut options = ServiceOptions::of(Profile::Documented);
        options.queue_events = QUEUE;
        options.when_full = WhenFull::Wait;
        Plan::new(self.plugin.clone(), access, &self.manifest).options(options)
    }
}

fn tick(n: usize) -> Event {
    Event {
        ingress: "tick".to_owned(),
        kind: "tick".to_owned(),
        source: "bench".to_owned(),
        payload: json!({ "n": n, "text": "some words, as a chat message has them" }),
        created_at: None,
        correlation_id: None,
        attempt: 1,
    }
}

fn one_by_one(counter: &Counter, events: usize) {
    let service = counter.service();
    let mut micros = Vec::with_capacity(events);
    for n in 0..events {
        let began = Instant::now();
        let outcome = service.send_blocking(tick(n)).expect("there is room").wait();
        micros.push(in_micros(began.elapsed()));
        assert_eq!(outcome.settlement, Settlement::Accepted);
    }
    let _ = service.stop(StopTimes::default()).wait();
    println!("one by one     {events} events      {}", percentiles(&mut micros));
}

/// Whether every claim was kept.
fn all_at_once(counter: &Counter, size: Size) -> bool {
    let Size { services, events, .. } = size;
    let total = services * events;
    // Written once, so that it is resident before anything is measured.
    let mut latencies = vec![vec![u32::MAX; events]; services];
    let running: Vec<Service> = (0..services).map(|_| counter.service()).collect();
    let started = resident();
    let delivered = AtomicU64::new(0);
    let at_half = AtomicU64::new(0);
    let half = (total / 2).max(1) as u64;
    let began = Instant::now();
    thread::scope(|scope| {
        for (service, latencies) in running.iter().zip(&mut latencies) {
            let (delivered, at_half) = (&delivered, &at_half);
            scope.spawn(move || {
                feed(service, latencies, || {
                    if delivered.fetch_add(1, Ordering::Relaxed) + 1 == half {
                        at_half.store(resident(), Ordering::Relaxed);
                    }
                });
            });
        }
    });
    let took = began.elapsed();
    let end = resident();
    let lost: usize = running.iter().map(|service| events - counted(service)).sum();
    let mut micros: Vec<u32> = latencies.into_iter().flatten().collect();
    let missing = micros.iter().filter(|micros| **micros == u32::MAX).count();
    let half = at_half.load(Ordering::Relaxed);
    for service in running {
        let _ = service.stop(StopTimes::default()).wait();
    }

    let per_second = total as f64 / took.as_secs_f64();
    println!(
        "all at once    {services} services, {events} events each, in {:.1} s ({per_second:.0} a second)",
        took.as_secs_f64()
    );
    println!("               {}", percentiles(&mut micros));
    let none_lost = lost == 0 && missing == 0;
    println!(
        "lost           {} of {total}  ({})",
        lost.max(missing),
        kept(none_lost)
    );
    let growth = end as f64 / half.max(1) as f64;
    let flat = end == 0 || growth <= GROWTH_AT_MOST;
    println!(
        "resident       {} KiB when started, {half} KiB at half, {end} KiB at the end: {growth:.2} times  (at most \
         {GROWTH_AT_MOST}: {})",
        started,
        kept(flat)
    );
    none_lost && flat
}

/// Whether every event that was left was delivered, and memory stayed flat.
fn left_on_disk(counter: &Counter, events: usize) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events");
    let stored = store(&file, events);
    let size = fs::metadata(&file).map_or(0, |metadata| metadata.len());

    let before = resident();
    let began = Instant::now();
    let journal = DiskJournal::open(&file, "bench").expect("what was closed can be opened");
    let service = Service::start(counter.plan().journal(Arc::new(journal))).expect("the sample starts");
    // The plugin counts, and is asked now and then: it answers between two events.
    let mut first = None;
    let mut at_tenth = 0;
    loop {
        let count = counted(&service);
        if count > 0 && first.is_none() {
            first = Some(began.elapsed());
        }
        if count * 10 >= events && at_tenth == 0 {
            at_tenth = resident();
        }
        if count == events || service.state().is_over() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let took = began.elapsed();
    let end = resident();
    let lost = events - counted(&service);
    let _ = service.stop(StopTimes::default()).wait();

    let rate = |took: Duration| events as f64 / took.as_secs_f64();
    println!(
        "left on disk   {events} events, {} KiB: stored in {:.1} s ({:.0} a second), the first delivered {:.0} ms after \
         the journal was opened, all in {:.1} s ({:.0} a second)",
        size / 1024,
        stored.as_secs_f64(),
        rate(stored),
        first.unwrap_or(took).as_secs_f64() * 1e3,
        took.as_secs_f64(),
        rate(took),
    );
    println!("lost           {lost} of {events}  ({})", kept(lost == 0));
    let growth = end as f64 / at_tenth.max(1) as f64;
    let flat = end == 0 || growth <= GROWTH_AT_MOST;
    println!(
        "resident       {before} KiB before, {at_tenth} KiB at a tenth, {end} KiB at the end: {growth:.2} times  (at \
         most {GROWTH_AT_MOST}: {})",
        kept(flat)
    );
    lost == 0 && flat
}

/// Have a journal accept events, as many at once as a queue has room for, and end before any was delivered.
fn store(file: &Path, events: usize) -> Duration {
    let journal = DiskJournal::open(file, "bench").expect("a new file");
    journal.recover().expect("nothing is in it");
    let runtime = Builder::new_current_thread().build().expect("it needs no driver");
    let began = Instant::now();
    let mut waiting = VecDeque::with_capacity(QUEUE);
    for seq in 0..events {
        if waiting.len() == QUEUE
            && let Some(written) = waiting.pop_front()
        {
            stored(&runtime, written);
        }
        let Event {
            ingress,
            kind,
            source,
            payload,
            ..
        } = tick(seq);
        let event = IngressEvent {
            kind,
            source,
            ingress_name: ingress,
            payload,
            created_at: "2026-01-01T00:00:00.000Z".to_owned(),
            attempt: 1,
            correlation_id: format!("event-{seq}"),
        };
        waiting.push_back(journal.accept(seq as u64, &event));
    }
    for written in waiting {
        stored(&runtime, written);
    }
    journal.close().expect("the disk takes it");
    began.elapsed()
}

fn stored(runtime: &Runtime, written: Written) {
    match written {
        Written::Now(result) => result,
        Written::Later(later) => runtime.block_on(later),
    }
    .expect("the disk takes it");
}

/// Send a service its events as fast as it takes them, and note how long each took.
fn feed(service: &Service, latencies: &mut [u32], mut taken: impl FnMut()) {
    let mut waiting: VecDeque<(usize, Ticket)> = VecDeque::with_capacity(QUEUE);
    for n in 0..latencies.len() {
        if waiting.len() == QUEUE
            && let Some((n, ticket)) = waiting.pop_front()
        {
            latencies[n] = latency(&ticket.wait());
            taken();
        }
        let ticket = service.send_blocking(tick(n)).expect("the sender waits for room");
        waiting.push_back((n, ticket));
    }
    for (n, ticket) in waiting {
        latencies[n] = latency(&ticket.wait());
        taken();
    }
}

/// From acceptance to the end of the call, in microseconds; of an event that was not taken, the most there is.
fn latency(outcome: &Outcome) -> u32 {
    match (&outcome.report, outcome.settlement) {
        (Some(report), Settlement::Accepted) => {
            let wall = report.measures.map_or(Duration::ZERO, |measures| measures.wall);
            in_micros(report.queued + wall)
        }
        _ => u32::MAX,
    }
}

/// How many events the plugin says that it had.
fn counted(service: &Service) -> usize {
    let status = service.probe().wait().expect("the sample says how it is");
    let count = status.data["count"].as_u64().expect("it counts");
    usize::try_from(count).expect("no more than were sent")
}

fn in_micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX - 1)
}

fn percentiles(micros: &mut [u32]) -> String {
    micros.sort_unstable();
    let at = |percent: usize| micros[(micros.len() * percent / 100).min(micros.len() - 1)];
    format!(
        "p50 {} µs   p95 {} µs   p99 {} µs   most {} µs",
        at(50),
        at(95),
        at(99),
        at(100)
    )
}

/// KiB of this process that are in memory; none where the system does not say.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn kept(kept: bool) -> &'static str {
    if kept { "kept" } else { "NOT KEPT" }
}
