//! The plugins that are raced, beside the samples.

use std::fmt::Write as _;
use std::ops::Range;

use wasmparser::{Parser, Payload};

/// What the guest [`passes_on`] answers with, before its input and after it.
const FRAME: (&str, &str) = (r#"{"summary":"passed on","content":"#, "}");

const PAGE: usize = 64 * 1024;

/// An input of exactly so many bytes, at least two: a string as JSON, all of it text.
#[must_use]
pub fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

/// A component of the world `instance` that copies its input, which is a string as JSON, into its answer, and does
/// not look at it. It has room for inputs of `bytes` bytes.
///
/// Written by hand, so that nothing of a language's runtime is measured: what is left is what crosses the boundary.
#[must_use]
pub fn passes_on(bytes: usize) -> Vec<u8> {
    const STATUS: &str = r#"{"state":"running","data":null}"#;
    const TAKEN: &str = r#"{"accepted":true}"#;
    // Below are what is constant and the place of an answer's address, then the input, then the answer.
    let pages = 1 + 2 * (bytes + 1024).div_ceil(PAGE);
    let (before, after) = (FRAME.0.len(), FRAME.1.len());
    let data = |at: usize, text: &str| format!(r#"(data (i32.const {at}) "{}")"#, escaped(text.as_bytes()));
    // The address and the length of a text, and the text behind it.
    let stored = |at: usize, text: &str| {
        let word = |n: usize| u32::try_from(n).expect("a small number").to_le_bytes();
        let place = [word(at + 8), word(text.len())].concat();
        format!(
            r#"(data (i32.const {at}) "{}") {}"#,
            escaped(&place),
            data(at + 8, text)
        )
    };
    let text = format!(
        r#"(component
            (core module $guest
                (memory (export "memory") {pages})
                (global $next (mut i32) (i32.const {PAGE}))
                {status} {taken} {frame_before} {frame_after}
                (func $realloc (export "cabi_realloc") (param i32 i32 i32) (param $bytes i32) (result i32)
                    (local $at i32)
                    (local.set $at (global.get $next))
                    (global.set $next
                        (i32.and (i32.add (i32.add (local.get $at) (local.get $bytes)) (i32.const 15)) (i32.const -16)))
                    (local.get $at))
                (func (export "handle-tool") (param i32 i32) (param $input i32) (param $bytes i32) (result i32)
                    (local $out i32)
                    (local.set $out (global.get $next))
                    (memory.copy (local.get $out) (i32.const 1024) (i32.const {before}))
                    (memory.copy
                        (i32.add (local.get $out) (i32.const {before})) (local.get $input) (local.get $bytes))
                    (memory.copy
                        (i32.add (i32.add (local.get $out) (i32.const {before})) (local.get $bytes))
                        (i32.const 2048) (i32.const {after}))
                    (i32.store (i32.const 0) (local.get $out))
                    (i32.store (i32.const 4) (i32.add (local.get $bytes) (i32.const {around})))
                    (global.set $next (i32.const {PAGE}))
                    (i32.const 0))
                (func (export "handle-ingress") (param i32 i32 i32 i32) (result i32)
                    (global.set $next (i32.const {PAGE}))
                    (i32.const 256))
                (func (export "start") (param i32 i32) (result i32)
                    (global.set $next (i32.const {PAGE}))
                    (i32.const 128))
                (func (export "status") (result i32) (i32.const 128)))
            (core instance $guest (instantiate $guest))
            (alias core export $guest "memory" (core memory $mem))
            (alias core export $guest "cabi_realloc" (core func $realloc))
            (alias core export $guest "handle-tool" (core func $handle-tool))
            (alias core export $guest "handle-ingress" (core func $handle-ingress))
            (alias core export $guest "start" (core func $start))
            (alias core export $guest "status" (core func $status))
            (func (export "start") (param "config-json" string) (result string)
                (canon lift (core func $start) (memory $mem) (realloc $realloc)))
            (func (export "handle-tool") (param "name" string) (param "input-json" string) (result string)
                (canon lift (core func $handle-tool) (memory $mem) (realloc $realloc)))
            (func (export "handle-ingress") (param "name" string) (param "event-json" string) (result string)
                (canon lift (core func $handle-ingress) (memory $mem) (realloc $realloc)))
            (func (export "status") (result string)
                (canon lift (core func $status) (memory $mem) (realloc $realloc)))
            (func (export "stop") (result string)
                (canon lift (core func $status) (memory $mem) (realloc $realloc))))"#,
        status = stored(128, STATUS),
        taken = stored(256, TAKEN),
        frame_before = data(1024, FRAME.0),
        frame_after = data(2048, FRAME.1),
        around = before + after,
    );
    wat::parse_str(text).expect("the guest's text is valid")
}

/// What [`passes_on`] does, as a function of this process.
#[must_use]
pub fn pass_on(input: &str) -> String {
    [FRAME.0, input, FRAME.1].concat()
}

/// The core module in a component that has one and imports nothing: what a plugin of another system can be made
/// of, so that the guest is the same to the byte.
#[must_use]
pub fn core_module(component: &[u8]) -> &[u8] {
    let modules: Vec<Range<usize>> = Parser::new(0)
        .parse_all(component)
        .filter_map(|payload| match payload.expect("a component") {
            Payload::ModuleSection {
                unchecked_range: range,
                ..
            } => Some(range),
            _ => None,
        })
        .collect();
    let [module] = modules.as_slice() else {
        panic!("the guest has {} modules, not one", modules.len());
    };
    &component[module.clone()]
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Raw;

    #[test]
    fn what_is_passed_on_is_what_came_in() {
        for bytes in [2, 16, 1000, 1 << 20] {
            let input = text_of(bytes);
            let mut guest = Raw::bare(&passes_on(bytes)).started();
            for _ in 0..3 {
                assert_eq!(guest.handle_tool("any", &input), pass_on(&input));
            }
            assert_eq!(guest.handle_ingress("any", "{}"), r#"{"accepted":true}"#);
        }
    }

    #[test]
    fn a_guest_is_taken_out_of_its_component() {
        let component = passes_on(16);
        assert!(core_module(&component).starts_with(b"\0asm\x01\0\0\0"));
    }
}
