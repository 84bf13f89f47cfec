//! Small components for tests, made by hand so that each has one known property.

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{Resolve, WorldId};

use super::contract::{World, resolve};

/// A core module's part that every guest has: memory, and a `cabi_realloc` that only ever moves on.
pub(crate) const MEMORY: &str = r#"
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
        (global.get $top)
        (global.set $top (i32.add (global.get $top) (local.get 3))))
"#;

/// The export `call`: answers with its input.
pub(crate) const CALL: &str = r#"
    (func (export "call") (param i32 i32 i32 i32) (result i32)
        (i32.store (i32.const 0) (local.get 2))
        (i32.store (i32.const 4) (local.get 3))
        (i32.const 0))
"#;

/// The five exports of an instance, each of which answers with nothing.
pub(crate) const INSTANCE: &str = r#"
    (func (export "start") (param i32 i32) (result i32) (i32.const 16))
    (func (export "handle-tool") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "handle-ingress") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "status") (result i32) (i32.const 16))
    (func (export "stop") (result i32) (i32.const 16))
"#;

/// The import of `yoi:host/request`, as a core module has it.
pub(crate) const REQUEST: &str =
    r#"(import "yoi:host/request@1.0.0" "request" (func $request (param i32 i32 i32)))"#;

/// A core module from its parts; imports come first.
pub(crate) fn core(parts: &[&str]) -> Vec<u8> {
    assemble(&format!("(module {})", parts.concat()))
}

/// The binary of a text.
pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text of a fixture is valid")
}

/// A component of a world of the contract.
pub(crate) fn component(world: World, parts: &[&str]) -> Vec<u8> {
    encode(resolve(), world.in_resolve(), core(parts))
}

/// A tool that imports nothing.
pub(crate) fn tool() -> Vec<u8> {
    component(World::Tool, &[MEMORY, CALL])
}

/// An instance that imports nothing.
pub(crate) fn instance() -> Vec<u8> {
    component(World::Instance, &[MEMORY, INSTANCE])
}

/// A component of the world `fixture` in a WIT text of several packages.
pub(crate) fn component_of(wit: &str, parts: &[&str]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_source("fixture.wit", wit)
        .expect("the WIT of a fixture is valid");
    let world = resolve
        .select_world(&[package], Some("fixture"))
        .expect("it has a world `fixture`");
    encode(&resolve, world, core(parts))
}

fn encode(resolve: &Resolve, world: WorldId, mut core: Vec<u8>) -> Vec<u8> {
    wit_component::embed_component_metadata(&mut core, resolve, world, StringEncoding::UTF8)
        .expect("a world can be embedded");
    ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode())
        .expect("the module of a fixture fits its world")
}
