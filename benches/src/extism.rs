//! Another plugin system beside ours: extism, with the very guest that we run.
//!
//! An extism plugin is a core module that fetches its input from a memory of the system, eight bytes a call, and
//! puts its answer there in the same way. The shim here does that as extism's own kit for Rust does, and calls the
//! guest's core module as it was taken out of its component. So the work, the compiler and the allocator are the
//! same, and the difference is that of the systems.

use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};

use crate::guest::core_module;

/// A plugin of extism.
pub struct Extism {
    compiled: CompiledPlugin,
}

impl Extism {
    /// A component of the world `instance` that imports nothing, as a plugin whose one tool is `tool`. With `fuel`
    /// instructions are counted, as ours are; without, extism leaves them uncounted, which is its default.
    #[must_use]
    pub fn new(component: &[u8], tool: &str, fuel: Option<u64>) -> Self {
        Self {
            compiled: builder(component, tool, fuel)
                .compile()
                .expect("the plugin compiles"),
        }
    }

    /// An instance.
    #[must_use]
    pub fn instance(&self) -> Plugin {
        Plugin::new_from_compiled(&self.compiled).expect("the plugin instantiates")
    }
}

/// Call the tool, and take its answer as a string.
pub fn call(plugin: &mut Plugin, input: &str) -> String {
    plugin
        .call::<&str, String>("call", input)
        .expect("the guest answers")
}

fn builder(component: &[u8], tool: &str, fuel: Option<u64>) -> PluginBuilder<'static> {
    let guest = Wasm::data(core_module(component).to_vec()).with_name("guest");
    let main = Wasm::data(shim(tool)).with_name("main");
    let builder = PluginBuilder::new(Manifest::new([guest, main])).with_cache_disabled();
    match fuel {
        Some(fuel) => builder.with_fuel_limit(fuel),
        None => builder,
    }
}

/// The module that stands between the system's memory and the guest's.
fn shim(tool: &str) -> Vec<u8> {
    let bytes = tool.len();
    let name: String = tool
        .bytes()
        .enumerate()
        .map(|(n, byte)| format!("(i32.store8 offset={n} (local.get $name) (i32.const {byte}))"))
        .collect();
    let text = format!(
        r#"(module
            (import "extism:host/env" "input_length" (func $input_length (result i64)))
            (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
            (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
            (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
            (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
            (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
            (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
            (import "guest" "memory" (memory 0))
            (import "guest" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
            (import "guest" "handle-tool" (func $handle_tool (param i32 i32 i32 i32) (result i32)))
            (func (export "call") (result i32)
                (local $name i32) (local $input i32) (local $bytes i32) (local $n i32)
                (local $answer i32) (local $out i64)
                (local.set $bytes (i32.wrap_i64 (call $input_length)))
                (local.set $name (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const {bytes})))
                {name}
                (local.set $input (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $bytes)))
                (block $read
                    (loop $again
                        (br_if $read (i32.gt_u (i32.add (local.get $n) (i32.const 8)) (local.get $bytes)))
                        (i64.store (i32.add (local.get $input) (local.get $n))
                            (call $input_load_u64 (i64.extend_i32_u (local.get $n))))
                        (local.set $n (i32.add (local.get $n) (i32.const 8)))
                        (br $again)))
                (block $read
                    (loop $again
                        (br_if $read (i32.ge_u (local.get $n) (local.get $bytes)))
                        (i32.store8 (i32.add (local.get $input) (local.get $n))
                            (call $input_load_u8 (i64.extend_i32_u (local.get $n))))
                        (local.set $n (i32.add (local.get $n) (i32.const 1)))
                        (br $again)))
                (local.set $answer
                    (call $handle_tool
                        (local.get $name) (i32.const {bytes}) (local.get $input) (local.get $bytes)))
                (local.set $bytes (i32.load offset=4 (local.get $answer)))
                (local.set $answer (i32.load (local.get $answer)))
                (local.set $out (call $alloc (i64.extend_i32_u (local.get $bytes))))
                (local.set $n (i32.const 0))
                (block $written
                    (loop $again
                        (br_if $written (i32.gt_u (i32.add (local.get $n) (i32.const 8)) (local.get $bytes)))
                        (call $store_u64
                            (i64.add (local.get $out) (i64.extend_i32_u (local.get $n)))
                            (i64.load (i32.add (local.get $answer) (local.get $n))))
                        (local.set $n (i32.add (local.get $n) (i32.const 8)))
                        (br $again)))
                (block $written
                    (loop $again
                        (br_if $written (i32.ge_u (local.get $n) (local.get $bytes)))
                        (call $store_u8
                            (i64.add (local.get $out) (i64.extend_i32_u (local.get $n)))
                            (i32.load8_u (i32.add (local.get $answer) (local.get $n))))
                        (local.set $n (i32.add (local.get $n) (i32.const 1)))
                        (br $again)))
                (call $output_set (local.get $out) (i64.extend_i32_u (local.get $bytes)))
                (i32.const 0)))"#
    );
    wat::parse_str(text).expect("the shim's text is valid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{pass_on, passes_on, text_of};

    #[test]
    fn a_guest_of_ours_answers_under_extism_as_it_does_here() {
        for bytes in [2, 15, 16, 1000] {
            let input = text_of(bytes);
            let component = passes_on(bytes);
            for fuel in [None, Some(1_000_000)] {
                let mut plugin = Extism::new(&component, "any", fuel).instance();
                for _ in 0..3 {
                    assert_eq!(call(&mut plugin, &input), pass_on(&input));
                }
            }
        }
    }
}
