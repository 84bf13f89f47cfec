//! What guests spend: the same number on every machine, as long as the guest is the same.

use std::fs;

use serde_json::json;
use yoi_benches::Counts;
use yoi_benches::guest::{passes_on, text_of};
use yoi_host::engine::Engine;
use yoi_host::plugin::{Instance, Plugin};
use yoi_host::{Limits, Profile};

/// More instructions than any call here needs.
const FUEL: u64 = 1_000_000_000;

/// All of it, by name.
pub(super) fn counts() -> Counts {
    let engine = Engine::new(Profile::Documented).expect("an engine");
    let load = |component: &[u8]| {
        let limits = Limits::of(Profile::Documented).with_fuel(FUEL);
        Plugin::load_with(&engine, component, limits).expect("the guest keeps the contract")
    };
    let sample = |guest: yoi_guests::Guest| load(&fs::read(guest.component()).expect("the guest is built"));
    let echo_input = |bytes: usize| json!({ "text": "x".repeat(bytes - 11) }).to_string();

    let (echo, counter, hostile) = (
        sample(yoi_guests::ECHO),
        sample(yoi_guests::COUNTER),
        sample(yoi_guests::HOSTILE),
    );
    let mut counts = Counts::new();
    let mut note = |name: &str, spent: u64| counts.insert(name.to_owned(), spent);
    note(
        "echo-100-b",
        called(&mut started(&echo), "example_echo", &echo_input(100)),
    );
    note(
        "echo-60-kib",
        called(&mut started(&echo), "example_echo", &echo_input(60_000)),
    );
    note(
        "counter-add",
        called(&mut started(&counter), "counter_add", r#"{"by":1}"#),
    );
    note("counter-start", {
        let counter = started(&counter);
        counter.last_call().expect("it was started").fuel
    });
    note(
        "parsed-64-kib",
        called(&mut started(&hostile), "echo", &text_of(65_000)),
    );
    let passes = load(&passes_on(65_000));
    note(
        "passed-on-64-kib",
        called(&mut started(&passes), "any", &text_of(65_000)),
    );
    counts
}

fn started(plugin: &Plugin) -> Instance {
    let mut instance = plugin.instance("null").expect("a configuration");
    instance.start().expect("the guest starts");
    instance
}

/// What the second call of a tool spends: the first may have to make something ready.
fn called(instance: &mut Instance, tool: &str, input: &str) -> u64 {
    for _ in 0..2 {
        instance.handle_tool(tool, input).expect("the guest answers");
    }
    instance.last_call().expect("it was called").fuel
}
