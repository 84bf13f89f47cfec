//! What the processor spends, counted by callgrind: gungraun starts this program once for each function here, and
//! nothing but the function itself counts.
//!
//! Components come out of a cache that the first run fills: to compile one below valgrind takes half a minute.

#![expect(unused_qualifications, reason = "gungraun's macros write them")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gungraun::{library_benchmark, library_benchmark_group, main};
use serde_json::{Value, json};
use yoi_benches::guest::{self, text_of};
use yoi_benches::{Counts, Raw, Started};
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::bridge::{Adapter, MessageSeed, Mode, Opening, Sink, StreamEvent, Translation, dialect};
use yoi_host::component::{Preflight, PreflightError};
use yoi_host::engine::{Cancel, CodeCache, Engine, EngineOptions};
use yoi_host::imports::{Access, Asked, Import, ImportsCtx, Patience};
use yoi_host::plugin::message::{IngressEvent, ServiceOutput, ToolOutput};
use yoi_host::plugin::{Instance, Plugin};
use yoi_host::wire::Lines;
use yoi_host::world::Net;
use yoi_host::{Limits, Profile};

/// Where gungraun keeps what it measured, and the components are kept.
pub(super) const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/budgets");

/// Set for the run that hands everything to gungraun.
const HANDED_OVER: &str = "YOI_BENCHES_BUDGETS";

/// The version of gungraun that this is built with, which its runner has to have.
const RUNNER: &str = "0.20.0";

/// Whether it is gungraun's turn.
pub(super) fn is_under_valgrind() -> bool {
    std::env::args()
        .nth(1)
        .is_some_and(|argument| argument == "--gungraun-run")
        || std::env::var_os(HANDED_OVER).is_some()
}

/// All counts, by name, or what is missing here.
pub(super) fn counts() -> Result<Counts, String> {
    for (tool, how) in [
        ("valgrind", "apt-get install valgrind".to_owned()),
        (
            "gungraun-runner",
            format!("cargo install --locked gungraun-runner --version {RUNNER}"),
        ),
    ] {
        let there = Command::new(tool)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if there.is_err() {
            return Err(format!("{tool} ({how})"));
        }
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--bench", "--output-format=json"])
        .arg(format!("--home={FOLDER}"))
        .env(HANDED_OVER, "1")
        .stderr(Stdio::inherit())
        .output()
        .expect("this program starts once more");
    assert!(
        output.status.success(),
        "gungraun failed:\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(read(&output.stdout))
}

/// The counts out of what gungraun's runner writes: a summary for each function.
fn read(told: &[u8]) -> Counts {
    let summaries = serde_json::Deserializer::from_slice(told).into_iter::<Value>();
    summaries
        .map(|summary| {
            let summary = summary.expect("a summary of gungraun's");
            let word = |key: &str| summary[key].as_str().expect("a name");
            let name = format!("{}-{}", word("function_name"), word("id")).replace('_', "-");
            let all_threads = &summary["profiles"][0]["data"]["total"]["metrics"];
            let count = all_threads["Ir"]["values"]["new"].as_u64();
            (name, count.expect("callgrind counts instructions"))
        })
        .collect()
}

/// Components ready to be called, as the host has them after their first call.
mod ready {
    use super::*;

    const FUEL: u64 = 1_000_000_000;

    fn engine() -> Engine {
        let cache = CodeCache::open(Path::new(FOLDER).join("code")).expect("a folder of our own");
        EngineOptions::new(Profile::Documented)
            // What valgrind has address space for.
            .instances(4)
            .cache(cache)
            .build()
            .expect("an engine")
    }

    pub(super) fn plugin(component: &[u8]) -> Plugin {
        let engine = engine();
        let limits = Limits::of(Profile::Documented)
            .with_fuel(FUEL)
            // Below valgrind a call takes fifty times as long.
            .with_call_timeout(Duration::from_secs(600));
        Plugin::load_with(&engine, component, limits).expect("the guest keeps the contract")
    }

    pub(super) fn sample(guest: yoi_guests::Guest) -> Plugin {
        plugin(&fs::read(guest.component()).expect("the guest is built"))
    }

    pub(super) fn started(plugin: &Plugin) -> Instance {
        let mut instance = plugin.instance("null").expect("a configuration");
        instance.start().expect("the guest starts");
        instance
    }

    pub(super) fn passes_on(bytes: usize) -> (Instance, String) {
        let input = text_of(bytes);
        let mut instance = started(&plugin(&guest::passes_on(bytes)));
        instance.handle_tool("any", &input).expect("the guest answers");
        (instance, input)
    }

    /// The same by wasmtime alone, with the same settings.
    pub(super) fn floor(bytes: usize) -> (Started, String) {
        let input = text_of(bytes);
        let engine = engine();
        let (component, _) = engine
            .compile(&guest::passes_on(bytes))
            .expect("the guest compiles");
        let mut started = Raw::of(engine.wasmtime(), &component, Some(FUEL)).started();
        started.handle_tool("any", &input);
        (started, input)
    }

    pub(super) fn fresh() -> Plugin {
        let plugin = plugin(&guest::passes_on(100));
        drop(started(&plugin));
        plugin
    }

    pub(super) fn echo() -> (Instance, String) {
        let mut instance = sample(yoi_guests::ECHO)
            .instance("null")
            .expect("a configuration");
        let input = json!({ "text": "x".repeat(89) }).to_string();
        instance
            .handle_tool("example_echo", &input)
            .expect("the guest answers");
        (instance, input)
    }

    pub(super) fn ingress() -> (Instance, IngressEvent) {
        let event = IngressEvent {
            kind: "tick".to_owned(),
            source: "bench".to_owned(),
            ingress_name: "tick".to_owned(),
            payload: json!({ "text": "some words, as a chat message has them" }),
            created_at: "2026-01-01T00:00:00.000Z".to_owned(),
            attempt: 1,
            correlation_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        };
        let mut instance = started(&plugin(&guest::passes_on(1024)));
        instance
            .handle_ingress("tick", &event)
            .expect("the guest takes it");
        (instance, event)
    }

    /// A request that is granted, in a call that was cancelled: it goes as far as the network's door.
    pub(super) fn request() -> (ImportsCtx, String) {
        let target =
            "[[request]]\nscheme = 'https'\nhost = 'api.test'\nmethods = ['POST']\npath_prefixes = ['/v1']\n";
        let permissions = "permissions = [{ kind = 'surface', surface = 'tool' }, { kind = 'tool', name = 'bench' }, \
                           { kind = 'host_api', api = 'request' }]\n";
        let manifest = format!(
            "schema_version = 1\nid = 'bench'\nname = 'Bench'\nversion = '1.0.0'\nsurfaces = ['tool']\n{permissions}\
             [runtime]\nkind = 'wasm-component'\ncomponent = 'bench.wasm'\nworld = 'yoi:plugin/instance@1.0.0'\n\
             [[tools]]\nname = 'bench'\ndescription = 'Calls'\ninput_schema = {{ type = 'object' }}\n{target}"
        );
        let authority = Authority::new(
            &Manifest::parse(&manifest).expect("a manifest"),
            Grants::parse(&format!("{permissions}{target}")).expect("grants"),
            &Binding::Unbound,
        );
        let cancel = Cancel::default();
        cancel.cancel();
        let mut imports = ImportsCtx::new(Profile::Documented, Access::new(authority, Net::new()));
        imports.begin(Patience::endless(cancel));
        let url = "https://api.test/v1";
        let text = json!({ "method": "POST", "url": url, "body": "x".repeat(900) }).to_string();
        (imports, text)
    }

    pub(super) fn component() -> Vec<u8> {
        fs::read(yoi_guests::ECHO.component()).expect("the guest is built")
    }

    pub(super) fn manifest() -> String {
        let manifest = yoi_guests::CHATBOT.package().join("plugin.toml");
        fs::read_to_string(manifest).expect("its manifest")
    }

    pub(super) fn answer(bytes: usize) -> String {
        guest::pass_on(&text_of(bytes))
    }

    pub(super) fn deltas(count: usize) -> (Translation, Sink, Vec<u8>) {
        let delta = r#"{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"twenty bytes of text"}},"session_id":"5b1f","parent_tool_use_id":null}"#;
        let dialect = dialect(Adapter::ClaudeCli, Mode::Faithful, Opening::default()).expect("a dialect");
        let sink = Sink::new(MessageSeed {
            api: "a".to_owned(),
            provider: "p".to_owned(),
            model: "m".to_owned(),
            timestamp: 0,
        });
        let lines = format!("{delta}\n").repeat(count).into_bytes();
        (Translation::new(dialect, Mode::Faithful), sink, lines)
    }
}

// A call of a tool, through the whole host and the guest.
#[library_benchmark]
#[bench::b100(args = (100,), setup = ready::passes_on)]
#[bench::kib64(args = (65_000,), setup = ready::passes_on)]
fn tool_passed_on((mut instance, input): (Instance, String)) -> (Instance, ToolOutput) {
    let output = instance
        .handle_tool("any", black_box(&input))
        .expect("the guest answers");
    (instance, output)
}

// The floor below it: the same guest, and wasmtime alone.
#[library_benchmark]
#[bench::b100(args = (100,), setup = ready::floor)]
#[bench::kib64(args = (65_000,), setup = ready::floor)]
fn floor_passed_on((mut started, input): (Started, String)) -> (Started, String) {
    let output = started.handle_tool("any", black_box(&input));
    (started, output)
}

// The same in the world `tool`: an instance, and the call.
#[library_benchmark]
#[bench::b100(setup = ready::echo)]
fn world_tool((mut instance, input): (Instance, String)) -> (Instance, ToolOutput) {
    let output = instance
        .handle_tool("example_echo", black_box(&input))
        .expect("the guest answers");
    (instance, output)
}

// Instantiate and start.
#[library_benchmark]
#[bench::started(setup = ready::fresh)]
fn fresh_instance(plugin: Plugin) -> (Instance, Plugin) {
    (ready::started(&plugin), plugin)
}

// An event, to a guest that does nothing with it.
#[library_benchmark]
#[bench::b250(setup = ready::ingress)]
fn ingress((mut instance, event): (Instance, IngressEvent)) -> (Instance, ServiceOutput) {
    let output = instance
        .handle_ingress("tick", black_box(&event))
        .expect("the guest takes it");
    (instance, output)
}

// A granted request, up to the network.
#[library_benchmark]
#[bench::kib1(setup = ready::request)]
fn import_request((mut imports, text): (ImportsCtx, String)) -> (ImportsCtx, String) {
    let asked = Asked {
        import: Import::Request,
        handle: 0,
        timeout_ms: 0,
        text: black_box(&text),
    };
    let (answer,) = imports.serve(asked).expect("the guest is answered");
    (imports, answer)
}

// What is looked at in a component before anything of it runs.
#[library_benchmark]
#[bench::echo(setup = ready::component)]
fn preflight(component: Vec<u8>) -> Result<Preflight, PreflightError> {
    Preflight::of(black_box(&component))
}

#[library_benchmark]
#[bench::chatbot(setup = ready::manifest)]
fn manifest(text: String) -> Manifest {
    Manifest::parse(black_box(&text)).expect("a manifest that keeps every rule")
}

#[library_benchmark]
#[bench::kib64(args = (65_000,), setup = ready::answer)]
fn tool_output(answer: String) -> ToolOutput {
    ToolOutput::read(black_box(&answer)).expect("an answer that keeps every rule")
}

// Pieces of text from a child agent, from the bytes of its pipe to the framework's events.
#[library_benchmark]
#[bench::deltas_1000(args = (1000,), setup = ready::deltas)]
fn bridge((mut translation, mut sink, bytes): (Translation, Sink, Vec<u8>)) -> Vec<StreamEvent> {
    let (mut lines, mut told) = (Lines::new(1 << 20), Vec::new());
    for piece in bytes.chunks(64 * 1024) {
        lines.push(piece);
        while let Some(line) = lines.next() {
            for event in translation.line(&line).events {
                sink.take(event, &mut told);
            }
        }
    }
    told
}

library_benchmark_group!(
    name = plugins,
    benchmarks = [
        tool_passed_on,
        floor_passed_on,
        world_tool,
        fresh_instance,
        ingress,
        import_request,
        preflight,
        manifest,
        tool_output
    ]
);

library_benchmark_group!(name = bridges, benchmarks = [bridge]);

main!(library_benchmark_groups = [plugins, bridges]);

/// What gungraun's macro makes of all this: it measures one function, or has its runner do so with each.
pub(super) fn measured() {
    main();
}
