//! What it takes until a component can be called, for the first time and ever after.
//!
//! - `host`: checked against the contract, compiled or found in the cache, linked
//! - `raw`: wasmtime alone, with the same engine
//! - `compile per call`: what a host does that keeps nothing: engine settings are kept, all else is made anew

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

use std::fs;
use std::hint::black_box;

use serde_json::json;
use yoi_benches::{Bench, Race, Raw};
use yoi_host::Profile;
use yoi_host::component::Preflight;
use yoi_host::engine::{CodeCache, Engine, EngineOptions, Origin};
use yoi_host::plugin::Plugin;

/// Most milliseconds that a cached component may take to be ready.
const CACHED_MILLIS: f64 = 2.0;

fn main() {
    let mut bench = Bench::from_args();
    let folder = tempfile::tempdir().expect("a folder");
    let cache = CodeCache::open(folder.path()).expect("a cache of our own");
    let plain = Engine::new(Profile::Documented).expect("an engine");
    let caching = EngineOptions::new(Profile::Documented)
        .cache(cache)
        .build()
        .expect("an engine");
    for guest in [yoi_guests::ECHO, yoi_guests::COUNTER] {
        let name = guest.name();
        let component = fs::read(guest.component()).expect("the guest is built");
        let load = |engine: &Engine| Plugin::load(engine, black_box(&component)).expect("it fits");
        load(&caching);
        assert_eq!(load(&caching).origin(), Origin::Cache);
        bench.run(
            Race::new(format!("load {name}, cold"))
                .bytes(component.len())
                .slow()
                .rival("host", || load(&plain))
                .rival("raw", || Raw::new(plain.wasmtime(), &component, None)),
        );
        bench.run(
            Race::new(format!("load {name}, cached"))
                .bytes(component.len())
                .rival("host", || load(&caching))
                .within_millis(CACHED_MILLIS)
                .rival("its preflight alone", || Preflight::of(black_box(&component))),
        );
    }
    per_call(&mut bench, &plain);
    println!("{}", bench.finish());
}

fn per_call(bench: &mut Bench, engine: &Engine) {
    const TOOL: &str = "example_echo";
    let component = fs::read(yoi_guests::ECHO.component()).expect("the guest is built");
    let input = json!({ "text": "x".repeat(89) }).to_string();
    let plugin = Plugin::load(engine, &component).expect("it fits");
    let mut warm = plugin.instance("null").expect("a configuration");
    bench.run(
        Race::new("call of the world tool")
            .slow()
            .rival("warm", || {
                warm.handle_tool(TOOL, black_box(&input)).expect("an answer")
            })
            .rival("compile per call", || {
                let plugin = Plugin::load(engine, black_box(&component)).expect("it fits");
                let mut instance = plugin.instance("null").expect("a configuration");
                instance.handle_tool(TOOL, &input).expect("an answer")
            })
            .at_most(0.001)
            .rival("compile per call, wasmtime alone", || {
                Raw::new(engine.wasmtime(), black_box(&component), Some(5_000_000)).call(TOOL, &input)
            })
            .at_most(0.001),
    );
}
