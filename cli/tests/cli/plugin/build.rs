//! Building a project.

use super::*;

#[test]
fn what_cannot_be_built_says_why() {
    let place = Place::with("rust-tool", "greeter");
    fs::create_dir(place.path("empty")).unwrap();
    assert_plugin!(place.build(&["empty"]), @"
    exit 3
    --- stderr
    error: failed to read empty/plugin.toml: No such file or directory (os error 2)
    ");
    place.edit("greeter/plugin.toml", "[runtime]", "[rundime]");
    assert_plugin!(place.build(&["greeter"]), @"
    exit 3
    --- stderr
    error: the manifest cannot be used
    refused: unknown field `rundime`
      in greeter/plugin.toml:8:2
      8 | [rundime]
        |  ^^^^^^^
      help: is `runtime` meant?
    ");
    let nothing = "schema_version = 1\nid = \"x\"\nname = \"x\"\nversion = \"1\"\n";
    fs::write(place.path("empty/plugin.toml"), nothing).unwrap();
    assert_plugin!(place.build(&["empty"]), @"
    exit 3
    --- stderr
    error: empty/plugin.toml names no component under `[runtime]`, so there is nothing to build
    ");
    let code =
        "[runtime]\nkind = \"wasm-component\"\ncomponent = \"x.wasm\"\nworld = \"yoi:plugin/tool@1.0.0\"\n";
    fs::write(place.path("empty/plugin.toml"), [nothing, code].concat()).unwrap();
    assert_plugin!(place.build(&["empty"]), @"
    exit 4
    --- stderr
    building empty
    error: there is no project in empty: no Cargo.toml, no package.json that asks for `componentize-qjs`, no requirements.txt that asks for `componentize-py`
    ");
    assert_plugin!(place.build(&["empty", "--dev", "--release"]), @"
    exit 2
    --- stderr
    error: the argument '--dev' cannot be used with '--release'

    Usage: yoikit plugin build --dev <FOLDER>

    For more information, try '--help'.
    ");
}

#[test]
fn a_component_that_does_not_fit_its_manifest_is_built_and_refused() {
    let place = Place::with("rust-tool", "other");
    place.edit("other/plugin.toml", "plugin/tool@", "plugin/instance@");
    // Where it goes is the manifest's to say.
    place.edit("other/plugin.toml", "\"other.wasm\"", "\"dist/wasm/other.wasm\"");
    let clock = "ToolOutput::new(format!(\"{:?}\", std::time::Instant::now()))";
    place.edit("other/src/lib.rs", "ToolOutput::new(\"greeted\")", clock);
    assert_plugin!(place.build(&["other"]), @r#"
    exit 1
    --- stdout
    built       other (cargo, release, [SIZE])
    component   other/dist/wasm/other.wasm (tool, [SIZE])
                [SIZE] smaller without debugging information and the like
                warning: wasi:clocks/monotonic-clock@0.2.6 replaced by local functions, since no host has it
                warning: wasi:clocks/wall-clock@0.2.6 replaced by local functions, since no host has it
    documented  refused
      refused: the component stands in the world yoi:plugin/tool@1.0.0, and the manifest says yoi:plugin/instance@1.0.0
        help: write `world = "yoi:plugin/tool@1.0.0"` under `[runtime]`
    --- stderr
    building other
    "#);
    assert_eq!(place.names("other/dist/wasm"), ["other.wasm"]);
    let report: Value = serde_json::from_str(&place.build(&["other", "--json"]).stdout).unwrap();
    assert_eq!(report["status"], "rejected");
    assert_eq!(report["diagnostics"][0]["code"], "other_world");
}

#[test]
fn a_project_for_cargo_component_is_built_by_that_where_it_is_installed() {
    let place = Place::with("rust-tool", "older");
    place.edit(
        "older/Cargo.toml",
        "[workspace]",
        "[package.metadata.component]\npackage = \"my:older\"\n\n[workspace]",
    );
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    let program = bin.join("cargo-component");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let built = |script: &str| {
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let env = [&Place::env()[..], &[("PATH", OsStr::new(&path))]].concat();
        let mut ran = yoikit_with_env(place.0.path(), &["plugin", "build", "older"], &env);
        ran.stderr = ours(&ran.stderr);
        ran
    };
    assert_plugin!(built("exit 1"), @"
    exit 0
    --- stdout
    built       older (cargo, release, [SIZE])
    component   older/older.wasm (tool, [SIZE])
                [SIZE] smaller without debugging information and the like
    documented  fits
    next        yoikit plugin check older
                yoikit plugin pack older
    --- stderr
    building older
    warning: the project was made for `cargo component`, which is not installed: it was built by cargo
    ");
    assert_plugin!(built("shift; [ \"$1\" = --version ] || exec cargo \"$@\""), @"
    exit 0
    --- stdout
    built       older (cargo component, release, [SIZE])
    component   older/older.wasm (tool, [SIZE])
                [SIZE] smaller without debugging information and the like
    documented  fits
    next        yoikit plugin check older
                yoikit plugin pack older
    --- stderr
    building older
    ");
    assert_plugin!(built("[ \"$2\" = --version ] || exit 7"), @"
    exit 4
    --- stderr
    building older
    error: `cargo component build` ended with exit status: 7
    ");
}

#[test]
fn a_build_as_json_fits_its_schema() {
    let place = Place::with("rust-tool", "data");
    let ran = place.build(&["data", "--json", "--dev"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    holds("plugin-build", &report);
    assert_eq!(
        (&report["status"], &report["mode"]),
        (&Value::from("built"), &Value::from("dev"))
    );
    let bytes = |key: &str| report[key].as_u64().unwrap();
    let written = fs::metadata(place.path("data/data.wasm")).unwrap().len();
    assert_eq!(report["component"]["bytes"], written);
    // A development build is debugging information for the most part.
    assert!(bytes("stripped_bytes") > 4 * written, "{report}");
    assert!(bytes("artifact_bytes") > bytes("stripped_bytes"), "{report}");
}
