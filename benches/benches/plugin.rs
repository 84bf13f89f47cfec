//! What the host adds to a call and to a fresh instance, beside wasmtime alone and beside another plugin system,
//! all with the same guest.
//!
//! - `host`: through the whole host: input and answer checked and read, budget, clock, limits, measures
//! - `raw`: wasmtime with the same engine and settings, a budget of fuel set for each call, the answer taken
//!   as a string and not looked at
//! - `bare`: wasmtime that cannot interrupt: neither fuel nor epochs, instances on demand
//! - `native`: the same work as a function of this process, without any sandbox
//! - `extism`, `extism metered`: that system as it is by default, and with instructions counted as ours are
//!   (`--features peers`)
//!
//! Guests that *pass on* copy their input into the answer and do not look at it; those that *parse* read it as JSON,
//! and write it as JSON, as nearly every plugin does.

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

use std::fs;
use std::hint::black_box;

use serde_json::{Value, json};
use yoi_benches::guest::{pass_on, passes_on, text_of};
use yoi_benches::{Bench, Race, Raw};
use yoi_host::engine::Engine;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::{Instance, Measures, Plugin};
use yoi_host::{Limits, Profile};

/// More instructions than any call here needs, so that the budget is met by none.
const FUEL: u64 = 1_000_000_000;

/// The tool of the guest that parses.
const PARSES: &str = "echo";

/// How a call stands to wasmtime with the same settings, at most, by the size of its input.
const SIZES: [(&str, usize, Option<f64>); 4] = [
    ("16 B", 16, None),
    ("100 B", 100, Some(1.5)),
    ("1 KiB", 1024, None),
    // An answer has room for the frame that the guest puts around its input, and for no more.
    ("64 KiB", 65_000, Some(1.2)),
];

fn main() {
    let mut bench = Bench::from_args();
    let engine = Engine::new(Profile::Documented).expect("an engine");
    let guest = Guest::new(&engine, passes_on(65_000));
    for (size, bytes, at_most) in SIZES {
        let peer = (bytes == 65_000).then_some(1.0 / 3.0);
        let native = |input: &str| pass_on(input);
        handle_tool(
            &mut bench,
            "passed on",
            size,
            bytes,
            &guest,
            native,
            [at_most, peer],
        );
    }
    too_large(&mut bench, &engine);
    let guest = Guest::new(&engine, read(yoi_guests::HOSTILE));
    for (size, bytes, at_most) in SIZES {
        handle_tool(
            &mut bench,
            "parsed",
            size,
            bytes,
            &guest,
            parse,
            [at_most, Some(1.0)],
        );
    }
    fresh_instance(&mut bench, &guest);
    tool_world(&mut bench, &engine);
    ingress(&mut bench, &engine);
    println!("{}", bench.finish());
}

/// A guest, and who runs it.
struct Guest {
    plugin: Plugin,
    raw: Raw,
    bare: Raw,
    #[cfg_attr(
        not(feature = "peers"),
        expect(dead_code, reason = "only a peer has to be given it")
    )]
    component: Vec<u8>,
}

impl Guest {
    fn new(engine: &Engine, component: Vec<u8>) -> Self {
        let limits = Limits::of(Profile::Documented).with_fuel(FUEL);
        Self {
            plugin: Plugin::load_with(engine, &component, limits).expect("the guest keeps the contract"),
            raw: Raw::new(engine.wasmtime(), &component, Some(FUEL)),
            bare: Raw::bare(&component),
            component,
        }
    }

    fn started(&self) -> Instance {
        let mut instance = self.plugin.instance("null").expect("a configuration");
        instance.start().expect("the guest starts");
        instance
    }
}

fn read(guest: yoi_guests::Guest) -> Vec<u8> {
    fs::read(guest.component()).expect("the guest is built")
}

fn handle_tool(
    bench: &mut Bench,
    kind: &str,
    size: &str,
    bytes: usize,
    guest: &Guest,
    native: impl Fn(&str) -> String,
    [raw_at_most, peer_at_most]: [Option<f64>; 2],
) {
    let input = text_of(bytes);
    let mut instance = guest.started();
    let (mut raw, mut bare) = (guest.raw.started(), guest.bare.started());
    let mut race = Race::new(format!("handle-tool {size}, {kind}"))
        .bytes(bytes)
        .rival("host", || {
            instance
                .handle_tool(PARSES, black_box(&input))
                .expect("the guest answers")
        })
        .rival("raw", || raw.handle_tool(PARSES, black_box(&input)));
    if let Some(times) = raw_at_most {
        race = race.at_most(times);
    }
    race = race
        .rival("bare", || bare.handle_tool(PARSES, black_box(&input)))
        .rival("native", || native(black_box(&input)));
    bench.run(peers(race, guest, &input, peer_at_most));
}

/// The same under other systems, where they were asked for.
#[cfg(feature = "peers")]
fn peers<'a>(mut race: Race<'a>, guest: &Guest, input: &'a str, at_most: Option<f64>) -> Race<'a> {
    use yoi_benches::extism::{Extism, call};
    for (name, fuel) in [("extism", None), ("extism metered", Some(FUEL))] {
        let mut plugin = Extism::new(&guest.component, PARSES, fuel).instance();
        race = race.rival(name, move || call(&mut plugin, black_box(input)));
        if let Some(times) = at_most {
            race = race.at_most(times);
        }
    }
    race
}

#[cfg(not(feature = "peers"))]
fn peers<'a>(race: Race<'a>, _: &Guest, _: &'a str, _: Option<f64>) -> Race<'a> {
    race
}

/// What the guest that parses does: it counts its calls, and writes its data into a string within its answer.
fn parse(input: &str) -> String {
    let input: Value = serde_json::from_str(input).unwrap_or(Value::Null);
    let data = json!({ "calls": 1, "input": input });
    json!({ "summary": PARSES, "content": data.to_string() }).to_string()
}

/// What no plugin of the contract is ever given: the host says so at once. Beside it, what the others make of it.
fn too_large(bench: &mut Bench, engine: &Engine) {
    const BYTES: usize = 1 << 20;
    let input = text_of(BYTES);
    let small = Guest::new(engine, passes_on(16));
    let component = passes_on(BYTES);
    let mut instance = small.started();
    let mut raw = Raw::new(engine.wasmtime(), &component, Some(FUEL)).started();
    let mut bare = Raw::bare(&component).started();
    let race = Race::new("handle-tool 1 MiB, passed on")
        .bytes(BYTES)
        .rival("host (refuses it)", || {
            instance
                .handle_tool(PARSES, black_box(&input))
                .expect_err("it is more than a tool may be given")
        })
        .rival("raw", || raw.handle_tool(PARSES, black_box(&input)))
        .rival("bare", || bare.handle_tool(PARSES, black_box(&input)))
        .rival("native", || pass_on(black_box(&input)));
    let large = Guest { component, ..small };
    bench.run(peers(race, &large, &input, None));
}

fn fresh_instance(bench: &mut Bench, guest: &Guest) {
    let race = Race::new("fresh instance, started")
        .rival("host", || guest.started())
        .rival("raw", || guest.raw.started())
        .at_most(1.5)
        .rival("bare", || guest.bare.started());
    #[cfg(feature = "peers")]
    let race = {
        let extism = yoi_benches::extism::Extism::new(&guest.component, PARSES, None);
        // It instantiates with the first call, which is the cheapest there is.
        race.rival("extism, with a call", move || {
            yoi_benches::extism::call(&mut extism.instance(), "0")
        })
    };
    bench.run(race);
    let part = |what: fn(&Instance) -> Option<&Measures>| {
        move |instance: &Instance| what(instance).expect("it was started").wall
    };
    let (made, begun) = (part(Instance::instantiation), part(Instance::last_call));
    bench.run(
        Race::new("instantiate")
            .timed("host", || made(&guest.started()))
            .timed("raw", || guest.raw.started_in_parts().1)
            .at_most(1.5)
            .timed("bare", || guest.bare.started_in_parts().1),
    );
    bench.run(
        Race::new("start")
            .timed("host", || begun(&guest.started()))
            .timed("raw", || guest.raw.started_in_parts().2)
            .timed("bare", || guest.bare.started_in_parts().2),
    );
}

/// A call in the world `tool`, which is an instance of its own each time.
fn tool_world(bench: &mut Bench, engine: &Engine) {
    const TOOL: &str = "example_echo";
    let guest = Guest::new(engine, read(yoi_guests::ECHO));
    let input = json!({ "text": "x".repeat(89) }).to_string();
    let mut instance = guest.plugin.instance("null").expect("a configuration");
    bench.run(
        Race::new("call 100 B, world tool")
            .rival("host", || {
                instance
                    .handle_tool(TOOL, black_box(&input))
                    .expect("the guest answers")
            })
            .rival("raw", || guest.raw.call(TOOL, black_box(&input)))
            .at_most(1.5)
            .rival("bare", || guest.bare.call(TOOL, black_box(&input))),
    );
}

fn ingress(bench: &mut Bench, engine: &Engine) {
    let event = |ingress: &str| IngressEvent {
        kind: "tick".to_owned(),
        source: "bench".to_owned(),
        ingress_name: ingress.to_owned(),
        payload: json!({ "text": "some words, as a chat message has them" }),
        created_at: "2026-01-01T00:00:00.000Z".to_owned(),
        attempt: 1,
        correlation_id: "00000000-0000-4000-8000-000000000000".to_owned(),
    };
    for (kind, component) in [("taken", passes_on(1024)), ("counted", read(yoi_guests::COUNTER))] {
        let guest = Guest::new(engine, component);
        let event = event("tick");
        let json = event.to_json_for("tick").expect("an event that keeps the rules");
        let mut instance = guest.started();
        let (mut raw, mut bare) = (guest.raw.started(), guest.bare.started());
        bench.run(
            Race::new(format!("handle-ingress 250 B, {kind}"))
                .rival("host", || {
                    instance
                        .handle_ingress("tick", black_box(&event))
                        .expect("the guest takes it")
                })
                .rival("raw", || raw.handle_ingress("tick", black_box(&json)))
                .rival("bare", || bare.handle_ingress("tick", black_box(&json))),
        );
    }
}
