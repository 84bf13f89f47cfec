//! What is not a plugin, and how that is said.

use yoi_host::Profile;
use yoi_host::plugin::{LoadError, Plugin};

use crate::support::{bytes_of, engine};

fn refusal(bytes: &[u8]) -> String {
    Plugin::load(engine(Profile::Documented), bytes)
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_no_component_is_named() {
    insta::assert_snapshot!(refusal(b""), @"the file is empty");
    insta::assert_snapshot!(refusal(b"hello"), @"not WebAssembly: a text file");
    insta::assert_snapshot!(refusal(b"\0asm\x01\0\0\0"), @"this is a core WebAssembly module, not a component: it has to be made one first");
    insta::assert_snapshot!(refusal(b"\0as"), @"the file ends within its header, after 3 of 8 bytes");
}

#[test]
fn a_truncated_component_is_refused_wherever_it_is_cut() {
    let whole = bytes_of(yoi_guests::ECHO);
    for eighth in 1..8 {
        let cut = &whole[..whole.len() * eighth / 8];
        let error = Plugin::load(engine(Profile::Documented), cut).unwrap_err();
        assert!(
            matches!(error, LoadError::Preflight(_) | LoadError::Refused { .. }),
            "{error}"
        );
    }
}

#[test]
fn broken_code_in_a_sound_frame_is_the_compilers_to_refuse() {
    let mut bytes = bytes_of(yoi_guests::ECHO);
    // Somewhere in the middle is code; its bodies are not looked at before the engine does.
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    let error = Plugin::load(engine(Profile::Documented), &bytes).unwrap_err();
    assert!(
        matches!(error, LoadError::Engine(_) | LoadError::Preflight(_)),
        "{error}"
    );
}

#[test]
fn a_world_that_is_not_the_contracts_is_refused_item_by_item() {
    let component = wat::parse_str(
        r#"(component
            (import "yoi:host/request@2.0.0" (instance
                (export "request" (func (param "request-json" string) (result string)))))
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "f") (param i32 i32) (result i32) unreachable))
            (core instance $i (instantiate $m))
            (func (export "start") (param "config-json" string) (result string)
                (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (func (export "handel-tool") (param "name" string) (result string)
                (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
    )
    .unwrap();
    insta::assert_snapshot!(refusal(&component), @"
    the component does not fit the contract under profile `documented`:
    refused: imports `yoi:host/request@2.0.0` where the host has `yoi:host/request@1.0.0`
      help: generate the guest's bindings from a WIT that imports `yoi:host/request@1.0.0`
    refused: lacks the export `handle-tool` of world yoi:plugin/instance@1.0.0
      help: is the export `handel-tool` meant to be `handle-tool`?
    refused: lacks the export `handle-ingress` of world yoi:plugin/instance@1.0.0
      help: export handle-ingress: func(name: string, event-json: string) -> string
    refused: lacks the export `status` of world yoi:plugin/instance@1.0.0
      help: export status: func() -> string
    refused: lacks the export `stop` of world yoi:plugin/instance@1.0.0
      help: export stop: func() -> string
    ");
}

#[test]
fn wasi_is_refused_with_the_way_to_be_rid_of_it() {
    insta::assert_snapshot!(refusal(&bytes_of(yoi_guests::STD_RICH)), @"
    the component does not fit the contract under profile `documented`:
    refused: 3 imports of WASI, which a yoi host does not have
      from Rust's standard library: `Instant`
        wasi:clocks@0.2.6: monotonic-clock
        help: take the time from the input; a plugin has no clock
      from Rust's standard library: `SystemTime`
        wasi:clocks@0.2.6: wall-clock
        help: take the time from the input; a plugin has no clock
      from Rust's standard library: the random seed of `HashMap` and `HashSet`
        wasi:random@0.2.6: insecure-seed
        help: use `BTreeMap` and `BTreeSet`, or a hasher with a fixed seed
      help: `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function
    ");
}
