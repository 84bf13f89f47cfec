//! Real guests, sampled.

use std::fs;
use std::path::Path;
use std::time::Duration;

use yoi_host::imports::Access;
use yoi_host::source::Source;
use yoi_host::{Limits, Profile};
use yoi_meter::Stop;
use yoi_meter::bench::Target;
use yoi_meter::profile::{Extent, FunctionLine, Profiled, functions, profile};

/// A tool whose `hot` goes round a loop, and whose `warm` calls `leaf` in one, both a known number of times.
const KNOWN: &str = r#"(module $guest
    (memory (export "memory") 1)
    (data (i32.const 16) "\20\00\00\00\10\00\00\00")
    (data (i32.const 32) "{\22summary\22:\22hi\22}")
    (global $next (mut i32) (i32.const 1024))
    (func $hot (local $left i32)
        (local.set $left (i32.const 10000))
        (loop $again
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
    (func $leaf (result i32) (i32.mul (i32.const 3) (i32.const 4)))
    (func $warm (local $left i32)
        (local.set $left (i32.const 1000))
        (loop $again
            (drop (call $leaf))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
    (func $both (call $hot) (call $warm))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (global.get $next))
        (global.set $next (i32.add (global.get $next) (local.get 3)))
        (local.get $at))
    (func $call (export "call") (param i32 i32 i32 i32) (result i32) (call $both) (i32.const 16)))"#;

fn sampled(component: &[u8], tool: &str, input: &str, calls: u64, period: u64) -> Profiled {
    let target = Target {
        component,
        // A sampled call is slow, and is to end for another reason.
        limits: Limits::of(Profile::Documented).with_call_timeout(Duration::from_secs(3600)),
        profile: Profile::Documented,
        cache: None,
        config: "null",
        access: Access::none(),
        tool,
        input,
    };
    profile(&target, Extent::Calls(calls), period, &Stop::default()).unwrap()
}

fn known() -> Vec<u8> {
    component_of(KNOWN)
}

fn component_of(core: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("core.wasm");
    fs::write(&file, wat::parse_str(core).unwrap()).unwrap();
    Source::open(&file, Profile::Documented, |_: &Path| {})
        .unwrap()
        .component
}

/// A tool that recurses, works on the way back, and then calls a function that does next to nothing.
fn recursive() -> Vec<u8> {
    let work = "(local.set $work (i32.add (local.get $work) (i32.const 3)))".repeat(10);
    let core = KNOWN.replace(
        "(func $both (call $hot) (call $warm))",
        &format!(
            "(func $down (param $left i32) (local $work i32)
                    (if (local.get $left) (then (call $down (i32.sub (local.get $left) (i32.const 1)))))
                    {work})
                 (func $after (drop (call $leaf)))
                 (func $both (call $down (i32.const 2000)) (call $after))"
        ),
    );
    assert_ne!(core, KNOWN);
    component_of(&core)
}

fn line<'a>(lines: &'a [FunctionLine], name: &str) -> &'a FunctionLine {
    let found = lines.iter().find(|line| line.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {lines:?}"))
}

#[test]
fn a_function_that_is_known_to_spend_most_comes_first() {
    let profiled = sampled(&known(), "any", "{}", 1, 1);
    let lines = functions(&profiled.samples);
    assert_eq!(lines[0].name, "hot");
    // Each turn is get, const, sub, tee and br_if.
    let hot = lines[0].own;
    assert!((50_000..50_010).contains(&hot), "{hot}");
    // Each turn is call, tee, get, const, sub, br_if and what the leaf does; drop and loop cost nothing.
    let warm = line(&lines, "warm").total;
    assert!((9_000..12_000).contains(&warm), "{warm}");
    assert_eq!(
        line(&lines, "both").total,
        line(&lines, "call").total - line(&lines, "call").own
    );
    assert_eq!(profiled.samples.late, 0);
}

#[test]
fn the_functions_own_instructions_are_those_of_the_call() {
    let component = fs::read(yoi_guests::ECHO.component()).unwrap();
    let input = format!(r#"{{"text":"{}"}}"#, "x".repeat(2000));
    let profiled = sampled(&component, "example_echo", &input, 2, 1);
    let own: u64 = functions(&profiled.samples).iter().map(|line| line.own).sum();
    assert_eq!(own, profiled.samples.fuel);

    let engine = yoi_host::engine::Engine::new(Profile::Documented).unwrap();
    let plugin = yoi_host::plugin::Plugin::load(&engine, &component).unwrap();
    let mut instance = plugin.instance("null").unwrap();
    instance.handle_tool("example_echo", &input).unwrap();
    assert_eq!(
        own,
        2 * instance.last_call().unwrap().fuel,
        "sampling changes no count"
    );
}

#[test]
fn the_same_call_has_the_same_profile() {
    let component = fs::read(yoi_guests::ECHO.component()).unwrap();
    let run = |period| sampled(&component, "example_echo", r#"{"text":"hello"}"#, 3, period).samples;
    assert_eq!(run(1), run(1));
    assert_eq!(run(100), run(100));
}

#[test]
fn a_sparse_profile_is_like_the_whole_one() {
    let [whole, sparse] = [1, 500].map(|period| sampled(&known(), "any", "{}", 1, period));
    assert_eq!(whole.samples.fuel, sparse.samples.fuel);
    assert!(sparse.samples.samples.len() * 2 < whole.samples.samples.len());
    let of = |profiled: &Profiled| line(&functions(&profiled.samples), "hot").own as f64;
    assert!(
        (of(&sparse) / of(&whole) - 1.0).abs() < 0.05,
        "{} of {}",
        of(&sparse),
        of(&whole)
    );
}

#[test]
fn a_profile_of_many_calls_is_like_that_of_one_however_long_its_intervals_are() {
    let shares = |calls, period| {
        let profiled = sampled(&known(), "any", "{}", calls, period);
        let lines = functions(&profiled.samples);
        let own: u64 = lines.iter().map(|line| line.own).sum();
        assert_eq!(own, profiled.samples.fuel, "all counts for some function");
        line(&lines, "hot").own as f64 / own as f64
    };
    let one = shares(1, 1);
    // A call is some 60 000 instructions: intervals shorter than that, about as long, and longer.
    for period in [10_000, 60_000, 100_000] {
        let many = shares(60, period);
        assert!(
            (many - one).abs() < 0.12,
            "{many}, of one call {one}, with {period}"
        );
    }
}

#[test]
fn a_recursion_of_two_thousand_levels_counts_for_itself_on_its_way_back() {
    let component = recursive();
    let profiled = sampled(&component, "any", "{}", 1, 1);
    let lines = functions(&profiled.samples);
    let [down, after] = ["down", "after"].map(|name| line(&lines, name).own);
    assert!(down > 20 * after, "{down} and {after}: {lines:?}");
    assert_eq!(profiled.samples.late, 0);
}

#[test]
fn names_are_those_of_the_source() {
    let component = fs::read(yoi_guests::ECHO.component()).unwrap();
    let lines = functions(&sampled(&component, "example_echo", r#"{"text":"hello"}"#, 1, 1).samples);
    assert!(
        lines.iter().any(|line| line.name.contains("serde_json::")),
        "{lines:?}"
    );
    assert!(lines.iter().all(|line| !line.name.contains("_ZN")), "{lines:?}");
}

#[test]
fn a_call_that_ends_badly_has_a_profile_too() {
    let component = fs::read(yoi_guests::HOSTILE.component()).unwrap();
    for (tool, code) in [
        ("loop", "fault.fuel"),
        ("recursion", "fault.stack"),
        ("trap", "fault.trap"),
    ] {
        let profiled = sampled(&component, tool, "null", 2, 1);
        assert!(profiled.samples.fuel > 0, "{tool}");
        let subject = yoi_meter::report::Subject {
            file: String::new(),
            sha256: String::new(),
            bytes: 0,
            world: yoi_host::component::World::Instance,
            profile: Profile::Documented,
            tool: tool.to_owned(),
            input_sha256: String::new(),
            input_bytes: 0,
        };
        let report = profiled.report(subject);
        assert_eq!(
            (report.errors[0].code.as_str(), report.errors[0].calls),
            (code, 2)
        );
    }
}
