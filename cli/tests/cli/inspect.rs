//! `yoikit inspect` and `yoikit schema`.

use std::path::Path;

use serde_json::Value;

use crate::run::{assert_ran, yoikit};

#[test]
fn a_component_that_fits_is_said_to_fit() {
    assert_ran!(yoikit(yoi_guests::COUNTER.package(), &["inspect", "counter.wasm"]), @"
    exit 0
    --- stdout
    plugin      counter.wasm (instance, [SIZE], sha256 […])
    needs       1 core instance, memory from 1.1 MiB, tables from 91 elements
    made with [TOOLS]

    imports     none

    exports     5
      start func(config-json: string) -> string
      handle-tool func(name: string, input-json: string) -> string
      handle-ingress func(name: string, event-json: string) -> string
      status func() -> string
      stop func() -> string

    documented  fits
    yoi         fits
    ");
}

#[test]
fn a_component_with_imports_fits_one_profile_only() {
    assert_ran!(yoikit(yoi_guests::CALLER.package(), &["inspect", "caller.wasm"]), @"
    exit 0
    --- stdout
    plugin      caller.wasm (instance, [SIZE], sha256 […])
    needs       3 core instances, memory from 1.1 MiB, tables from 104 elements
    made with [TOOLS]

    imports     8
      yoi:host/request@1.0.0 request func(request-json: string) -> string
      yoi:host/websocket@1.0.0 open func(request-json: string) -> string
      yoi:host/websocket@1.0.0 send-text func(handle: u32, text: string) -> string
      yoi:host/websocket@1.0.0 recv func(handle: u32, timeout-ms: u32) -> string
      yoi:host/websocket@1.0.0 close func(handle: u32) -> string
      yoi:host/fs@1.0.0 read func(request-json: string) -> string
      yoi:host/fs@1.0.0 list func(request-json: string) -> string
      yoi:host/fs@1.0.0 write func(request-json: string) -> string

    exports     5
      start func(config-json: string) -> string
      handle-tool func(name: string, input-json: string) -> string
      handle-ingress func(name: string, event-json: string) -> string
      status func() -> string
      stop func() -> string

    documented  fits
    yoi         refused
      refused: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import
    ");
    let yoi = yoikit(
        yoi_guests::CALLER.package(),
        &["inspect", "caller.wasm", "--profile", "yoi"],
    );
    assert_eq!(yoi.status, 1);
}

#[test]
fn wasi_is_told_with_where_it_comes_from() {
    assert_ran!(yoikit(yoi_guests::STD_RICH.package(), &["inspect", "std-rich.wasm"]), @"
    exit 1
    --- stdout
    plugin      std-rich.wasm (tool, [SIZE], sha256 […])
    needs       3 core instances, memory from 1.1 MiB, tables from 97 elements
    made with [TOOLS]

    imports     3
      wasi:clocks/monotonic-clock@0.2.6 interface of 2 items
      wasi:clocks/wall-clock@0.2.6 interface of 2 items
      wasi:random/insecure-seed@0.2.6 interface of 1 item

    exports     1
      call func(tool-name: string, input-json: string) -> string

    documented  refused
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
    yoi         refused
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

#[test]
fn the_json_fits_its_schema() {
    let schema: Value = serde_json::from_str(&yoikit(Path::new("/"), &["schema", "inspect"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for guest in yoi_guests::all() {
        let file = format!("{}.wasm", guest.name());
        let ran = yoikit(guest.package(), &["inspect", &file, "--json"]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["schema"], "yoikit.inspect/1");
        let faults: Vec<_> = validator
            .iter_errors(&report)
            .map(|error| error.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}
