//! What the host adds to a call and to a fresh instance, beside wasmtime alone on the same guest.
//!
//! - `host`: through the whole host: input and answer checked and read, budget, clock, limits, measures
//! - `raw`: wasmtime with the same engine and settings, a budget of fuel set for each call, the answer taken
//!   as a string and not looked at
//! - `bare`: wasmtime that cannot interrupt: neither fuel nor epochs, instances on demand

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

use std::fs;
use std::hint::black_box;
use std::time::SystemTime;

use criterion::{Criterion, Throughput};
use wasmtime::component::{Component, Func, InstancePre, Linker};
use wasmtime::{Config, Engine as Wasmtime, Store};
use yoi_benches::{Claim, Compare, criterion_home, judge};
use yoi_host::engine::Engine;
use yoi_host::plugin::Plugin;
use yoi_host::{Limits, Profile};

/// More instructions than any call here needs, so that the budget is met by none.
const FUEL: u64 = 1_000_000_000;

/// The guest: it reads its input as JSON and answers with it.
const TOOL: &str = "echo";

/// Inputs by their size as JSON.
const SIZES: [(&str, usize); 2] = [("100 B", 100), ("64 KiB", 65_000)];

fn main() {
    let began = SystemTime::now();
    let mut criterion = Criterion::default().configure_from_args();
    let component = fs::read(yoi_guests::HOSTILE.component()).expect("the guest is built");
    let engine = Engine::new(Profile::Documented).expect("an engine");
    let limits = Limits::of(Profile::Documented).with_fuel(FUEL);
    let plugin = Plugin::load_with(&engine, &component, limits).expect("the guest keeps the contract");
    let raw = Raw::new(engine.wasmtime(), &component, Some(FUEL));
    let bare = Raw::new(&bare_engine(), &component, None);

    for (size, bytes) in SIZES {
        handle_tool(&mut criterion, size, bytes, &plugin, &raw, &bare);
    }
    fresh_instance(&mut criterion, &plugin, &raw, &bare);
    criterion.final_summary();
    claims(began);
}

fn handle_tool(criterion: &mut Criterion, size: &str, bytes: usize, plugin: &Plugin, raw: &Raw, bare: &Raw) {
    // The quotes are part of the JSON.
    let input = format!("\"{}\"", "x".repeat(bytes - 2));
    let mut group = criterion.benchmark_group(format!("handle-tool {size}"));
    group.throughput(Throughput::Bytes(bytes as u64));

    let mut instance = plugin.instance("null").expect("a configuration");
    instance.start().expect("the guest starts");
    group.bench_function("host", |bencher| {
        bencher.iter(|| {
            instance
                .handle_tool(TOOL, black_box(&input))
                .expect("the guest answers")
        });
    });
    let mut started = raw.started();
    group.bench_function("raw", |bencher| {
        bencher.iter(|| started.handle_tool(black_box(&input)));
    });
    let mut started = bare.started();
    group.bench_function("bare", |bencher| {
        bencher.iter(|| started.handle_tool(black_box(&input)));
    });
    group.finish();
}

fn fresh_instance(criterion: &mut Criterion, plugin: &Plugin, raw: &Raw, bare: &Raw) {
    let mut group = criterion.benchmark_group("fresh instance");
    group.bench_function("host", |bencher| {
        bencher.iter(|| {
            let mut instance = plugin.instance("null").expect("a configuration");
            instance.start().expect("the guest starts");
            instance
        });
    });
    group.bench_function("raw", |bencher| bencher.iter(|| raw.started()));
    group.bench_function("bare", |bencher| bencher.iter(|| bare.started()));
    group.finish();
}

fn claims(began: SystemTime) {
    let home = criterion_home();
    let claim = |group, function, floor, at_most| {
        judge(
            &home,
            began,
            &Claim {
                ours: (group, function),
                floor: (group, floor),
                compare: Compare::Ratio,
                at_most,
            },
        )
    };
    println!();
    for group in ["handle-tool 100 B", "handle-tool 64 KiB", "fresh instance"] {
        for (floor, at_most) in [("raw", Some(1.5)), ("bare", None)] {
            // A filter on the command line may have left one of them out.
            if let Ok(line) = claim(group, "host", floor, at_most) {
                println!("{line}");
            }
        }
    }
}

/// wasmtime and nothing else.
struct Raw {
    engine: Wasmtime,
    pre: InstancePre<()>,
    fuel: Option<u64>,
}

/// An instance that has had its `start`.
struct Started {
    store: Store<()>,
    handle_tool: Func,
    fuel: Option<u64>,
}

fn bare_engine() -> Wasmtime {
    let mut config = Config::new();
    config.concurrency_support(false);
    Wasmtime::new(&config).expect("an engine")
}

impl Raw {
    fn new(engine: &Wasmtime, component: &[u8], fuel: Option<u64>) -> Self {
        let component = Component::new(engine, component).expect("the guest compiles");
        let pre = Linker::new(engine)
            .instantiate_pre(&component)
            .expect("the guest imports nothing");
        Self {
            engine: engine.clone(),
            pre,
            fuel,
        }
    }

    fn started(&self) -> Started {
        let mut store = Store::new(&self.engine, ());
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel).expect("the engine meters");
            // Far ahead: nothing is to be interrupted here, only to be interruptible.
            store.set_epoch_deadline(u64::MAX / 2);
        }
        let instance = self.pre.instantiate(&mut store).expect("the guest instantiates");
        let start = instance.get_func(&mut store, "start").expect("an export");
        let start = start.typed::<(&str,), (String,)>(&store).expect("its type");
        start.call(&mut store, ("null",)).expect("the guest starts");
        let handle_tool = instance.get_func(&mut store, "handle-tool").expect("an export");
        Started {
            store,
            handle_tool,
            fuel: self.fuel,
        }
    }
}

impl Started {
    fn handle_tool(&mut self, input: &str) -> String {
        if let Some(fuel) = self.fuel {
            self.store.set_fuel(fuel).expect("the engine meters");
        }
        let function = self
            .handle_tool
            .typed::<(&str, &str), (String,)>(&self.store)
            .expect("its type");
        function
            .call(&mut self.store, (TOOL, input))
            .expect("the guest answers")
            .0
    }
}
