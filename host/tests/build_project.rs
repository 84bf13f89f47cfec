//! A Cargo project becomes a plugin: real cargo, real linker, and the engine that runs the result.

use std::path::Path;

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};
use wit_component::StringEncoding;
use wit_parser::Resolve;
use yoi_host::build::{BuildError, Mode, build_project};
use yoi_host::component::{Preflight, World};
use yoi_host::{Limits, Profile};

const MANIFEST: &str = r#"
[package]
name = "shouter"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

# A project of its own, wherever the temporary folder lies.
[workspace]
"#;

/// A tool without any bindings crate: it prints, which brings WASI in, and answers with its input.
const SOURCE: &str = r#"
#[unsafe(link_section = "component-type:shouter")]
pub static WORLD: [u8; include_bytes!("world").len()] = *include_bytes!("world");

#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    use std::alloc::{Layout, alloc, realloc};
    unsafe {
        if old_size == 0 {
            alloc(Layout::from_size_align_unchecked(size, align))
        } else {
            realloc(old, Layout::from_size_align_unchecked(old_size, align), size)
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn call(_: *const u8, _: usize, input: *const u8, length: usize) -> *const [usize; 2] {
    println!("{length} bytes at {:?}", std::time::Instant::now());
    Box::leak(Box::new([input as usize, length]))
}
"#;

fn write(path: &Path, contents: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, contents).unwrap();
}

/// The description of the world that a bindings generator leaves in a module.
fn world_section() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/plugin"))
        .unwrap();
    let world = resolve.select_world(&[package], Some("tool")).unwrap();
    wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None).unwrap()
}

#[test]
fn a_project_that_prints_becomes_a_component_without_wasi_that_runs() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("Cargo.toml"), MANIFEST);
    write(&dir.path().join("src/lib.rs"), SOURCE);
    write(&dir.path().join("src/world"), world_section());

    let built = build_project(dir.path(), Mode::Release).unwrap();
    assert_eq!(built.package, "shouter");
    assert!(
        built
            .denied
            .iter()
            .any(|name| name.starts_with("wasi:cli/stdout@")),
        "{:?}",
        built.denied
    );
    assert!(
        built
            .denied
            .iter()
            .any(|name| name.starts_with("wasi:clocks/monotonic-clock@"))
    );

    let preflight = Preflight::of(&built.bytes).unwrap();
    assert_eq!(preflight.world(), Some(World::Tool));
    for profile in Profile::ALL {
        assert_eq!(preflight.faults(profile, &Limits::of(profile)), []);
    }

    let engine = Engine::default();
    let component = Component::new(&engine, &built.bytes).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &component).unwrap();
    let call = instance
        .get_typed_func::<(&str, &str), (String,)>(&mut store, "call")
        .unwrap();
    for _ in 0..2 {
        assert_eq!(
            call.call(&mut store, ("shout", "[1]")).unwrap(),
            ("[1]".to_owned(),)
        );
    }
}

#[test]
fn a_package_that_is_no_cdylib_is_refused_after_it_was_built() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("Cargo.toml"), MANIFEST.replace("cdylib", "lib"));
    write(&dir.path().join("src/lib.rs"), "pub fn nothing() {}");
    assert!(matches!(
        build_project(dir.path(), Mode::Release),
        Err(BuildError::NotCdylib(_))
    ));
}
