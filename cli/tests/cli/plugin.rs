//! `yoikit plugin`: a plugin from its first line to its archive.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{HOUSE, Ran, VARIES, yoikit, yoikit_with_env};

/// What of these commands differs from build to build and from place to place, beside all else.
const MORE: [(&str, &str); 4] = [
    (r"sha256:[0-9a-f]{64}", "sha256:[…]"),
    (r"[\d.]+ (B|KiB|MiB)(\)| smaller)", "[SIZE]$2"),
    (r"/\S*/(\w+\.yoi-plugin)", "[PLACE]/$1"),
    (r"\d{5,} bytes hold", "[N] bytes hold"),
];

macro_rules! assert_plugin {
    ($ran:expr, @$snapshot:literal) => {{
        let whole = $ran.whole();
        insta::with_settings!({ filters => [&VARIES[..], &MORE[..]].concat() }, {
            insta::assert_snapshot!(whole, @$snapshot);
        });
    }};
}

/// A folder to work in. Projects in it are built by the toolchain of this repository, with crates that it has
/// fetched already, beside what the sample guests left.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let toolchain = Path::new(HOUSE).join("rust-toolchain.toml");
        fs::copy(toolchain, place.path().join("rust-toolchain.toml")).unwrap();
        Self(place)
    }

    /// With a project in it, from a template.
    fn with(template: &str, name: &str) -> Self {
        let place = Self::new();
        let ran = place.run(&["plugin", "new", template, name]);
        assert_eq!(ran.status, 0, "{}", ran.whole());
        place.lock(name);
        place
    }

    /// Give a project the versions that the sample guests have.
    fn lock(&self, name: &str) {
        let lock = Path::new(HOUSE).join("guests/rust/Cargo.lock");
        fs::copy(lock, self.path(name).join("Cargo.lock")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Ran {
        yoikit_with_env(self.0.path(), words, &Self::env())
    }

    /// A build, without what cargo says while it works.
    fn build(&self, words: &[&str]) -> Ran {
        let mut ran = self.run(&[&["plugin", "build"], words].concat());
        ran.stderr = ours(&ran.stderr);
        ran
    }

    /// Cargo itself, in a project.
    fn cargo(&self, project: &str, words: &[&str]) {
        let output = Command::new("cargo")
            .args(words)
            .current_dir(self.path(project))
            .envs(Self::env())
            .env_remove("RUSTUP_TOOLCHAIN")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn env() -> [(&'static str, &'static OsStr); 2] {
        const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/rust/target");
        [
            ("CARGO_TARGET_DIR", OsStr::new(TARGET)),
            ("CARGO_NET_OFFLINE", OsStr::new("true")),
        ]
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let file = self.path(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(&file, text.replace(old, new)).unwrap();
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What is ours on standard error: cargo begins each line with a verb, at the right of twelve columns.
fn ours(stderr: &str) -> String {
    let is_cargos = |line: &str| {
        let verb = line.trim_start();
        line.len() - verb.len() >= 3 && verb.starts_with(|c: char| c.is_ascii_uppercase())
    };
    let ours = stderr.lines().filter(|line| !is_cargos(line));
    ours.map(|line| format!("{line}\n")).collect()
}

/// The sample `notes`, which asks for files, as an author has it after a build.
fn notes() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("notes")).unwrap();
    for file in ["plugin.toml", "notes.wasm"] {
        fs::copy(
            yoi_guests::NOTES.package().join(file),
            place.path("notes").join(file),
        )
        .unwrap();
    }
    place
}

#[test]
fn a_tool_goes_from_its_first_line_to_its_archive() {
    let place = Place::with("rust-tool", "greeter");
    place.cargo("greeter", &["test"]);
    place.cargo("greeter", &["build", "--target", "wasm32-wasip2", "--release"]);
    // What is not built yet is told so.
    assert_plugin!(place.run(&["plugin", "check", "greeter"]), @r#"
    exit 1
    --- stdout
    package     greeter

    refused: plugin manifest references a path not present in the package
      in greeter/plugin.toml:10:13
      10 | component = "greeter.wasm"
         |             ^^^^^^^^^^^^^^

    status      rejected (profile documented)
    next        yoikit plugin build greeter
    "#);
    assert_plugin!(place.build(&["greeter"]), @"
    exit 0
    --- stdout
    built       greeter (cargo, release, [SIZE])
    component   greeter/greeter.wasm (tool, [SIZE])
                [SIZE] smaller without debugging information and the like
    documented  fits
    next        yoikit plugin check greeter
                yoikit plugin pack greeter
    --- stderr
    building greeter
    ");
    assert_plugin!(place.run(&["plugin", "check", "greeter"]), @"
    exit 0
    --- stdout
    package     greeter (folder, 3 files)
    plugin      greeter 0.1.0
    digest      sha256:[…]
    component   greeter.wasm (tool, [SIZE])
    documented  fits

    grants      all that the manifest asks for
    tool        greeter_greet  eligible

    status      active (profile documented)
    next        yoikit plugin pack greeter
    ");
    assert_plugin!(place.run(&["plugin", "pack", "greeter"]), @"
    exit 0
    --- stdout
    package     [PLACE]/greeter.yoi-plugin ([SIZE], 3 files)
    plugin      greeter 0.1.0
    digest      sha256:[…]
    files       README.md, greeter.wasm, plugin.toml
    left out    .gitignore, .yoiignore, Cargo.lock, Cargo.toml, src/
    next        yoikit grant greeter > grants.toml
                mkdir -p .yoi/plugins && cp [PLACE]/greeter.yoi-plugin .yoi[PLACE]/greeter.yoi-plugin
                yoikit plugin enable project:greeter --grant grants.toml
    ");
    assert_plugin!(place.run(&["plugin", "check", "greeter.yoi-plugin", "--profile", "yoi"]), @"
    exit 0
    --- stdout
    package     greeter.yoi-plugin (archive, 3 files)
    plugin      greeter 0.1.0
    digest      sha256:[…]
    component   greeter.wasm (tool, [SIZE])
    yoi         fits

    grants      all that the manifest asks for
    tool        greeter_greet  eligible

    status      active (profile yoi)
    ");
    let call = |path: &str| place.run(&["call", path, "greeter_greet", r#"{"name":"Ada"}"#]);
    for path in ["greeter", "greeter/greeter.wasm"] {
        let called = call(path);
        assert_eq!(called.status, 0, "{}", called.whole());
        assert!(called.stdout.contains("Hello, Ada!"), "{}", called.stdout);
    }
    // Another build of the same is the same archive.
    let before = fs::read(place.path("greeter.yoi-plugin")).unwrap();
    place.build(&["greeter", "--release"]);
    place.run(&["plugin", "pack", "greeter"]);
    assert_eq!(fs::read(place.path("greeter.yoi-plugin")).unwrap(), before);
}

#[test]
fn a_service_goes_from_its_first_line_to_its_archive() {
    // By the name that the yoi program has for it.
    let place = Place::with("rust-component-service", "my-events");
    place.cargo("my-events", &["test"]);
    assert_plugin!(place.build(&["my-events"]), @"
    exit 0
    --- stdout
    built       my-events (cargo, release, [SIZE])
    component   my-events/my-events.wasm (instance, [SIZE])
                [SIZE] smaller without debugging information and the like
    documented  fits
    next        yoikit plugin check my-events
                yoikit plugin pack my-events
    --- stderr
    building my-events
    ");
    assert_plugin!(place.run(&["plugin", "check", "my-events"]), @"
    exit 0
    --- stdout
    package     my-events (folder, 3 files)
    plugin      my-events 0.1.0
    digest      sha256:[…]
    component   my-events.wasm (instance, [SIZE])
    documented  fits

    grants      all that the manifest asks for
    tool        my_events_count  eligible
    service     my-events  eligible
    ingress     events  eligible

    status      active (profile documented)
    next        yoikit plugin pack my-events
    ");
    let packed = place.run(&["plugin", "pack", "my-events", "-o", "out/events.zip"]);
    assert_eq!(packed.status, 0, "{}", packed.whole());
    let checked = place.run(&["plugin", "check", "out/events.zip", "--profile", "yoi"]);
    assert_eq!(checked.status, 0, "{}", checked.whole());
    let words = [
        "call",
        "my-events",
        "my_events_count",
        "{}",
        "--config",
        r#"{"start":10}"#,
    ];
    let called = place.run(&words);
    assert!(called.stdout.contains("10 so far"), "{}", called.whole());
}

#[test]
fn what_the_guests_readme_says_is_true_when_typed() {
    let readme = fs::read_to_string(Path::new(HOUSE).join("guests/README.md")).unwrap();
    let (_, section) = readme
        .split_once("## A plugin of your own, in five minutes\n")
        .unwrap();
    let lines: Vec<_> = section
        .lines()
        .skip_while(|line| *line != "```console")
        .skip(1)
        .take_while(|line| *line != "```")
        .map(|line| line.strip_prefix("$ ").unwrap())
        .collect();
    assert_eq!(lines.len(), 10);
    let place = Place::new();
    let programs = Path::new(env!("CARGO_BIN_EXE_yoikit")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    for line in lines {
        // Nobody is there to be asked.
        let is_asked = line.starts_with("yoikit plugin enable ");
        let line = if is_asked {
            format!("{line} --yes")
        } else {
            line.to_owned()
        };
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(place.0.path())
            .envs(Place::env())
            .env("PATH", &path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {told}");
        place.lock("greeter");
    }
}

#[test]
fn a_project_says_what_comes_next() {
    let place = Place::new();
    assert_plugin!(place.run(&["plugin", "new", "rust-tool", "plugins/my greeter", "--name", "greeter"]), @r#"
    exit 0
    --- stdout
    plugin      greeter (rust-tool, in plugins/my greeter)
    files       Cargo.toml, plugin.toml, src/lib.rs, README.md, .gitignore, .yoiignore
    next        yoikit plugin build 'plugins/my greeter'
                yoikit call 'plugins/my greeter' greeter_greet '{"name":"Ada"}'
                yoikit plugin pack 'plugins/my greeter'
    "#);
    assert_eq!(
        place.names("plugins/my greeter"),
        [
            ".gitignore",
            ".yoiignore",
            "Cargo.toml",
            "README.md",
            "plugin.toml",
            "src"
        ]
    );
    // An empty folder will do, and so will the one that is worked in.
    fs::create_dir(place.path("here")).unwrap();
    let ran = yoikit(&place.path("here"), &["plugin", "new", "rust-service", "."]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let manifest = fs::read_to_string(place.path("here/plugin.toml")).unwrap();
    assert!(manifest.contains("id = \"here\""), "{manifest}");
}

#[test]
fn a_project_is_written_over_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    symlink("empty", place.path("link")).unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    fs::write(place.path("file"), "mine").unwrap();
    fs::create_dir_all(place.path("full/of")).unwrap();
    let before = place.names(".");
    let new = |words: &[&str]| place.run(&[&["plugin", "new", "rust-tool"], words].concat());
    assert_plugin!(new(&["link"]), @"
    exit 2
    --- stderr
    error: link is a symbolic link: name the folder itself
    ");
    assert_eq!(new(&["link/"]).whole(), new(&["link"]).whole());
    assert_plugin!(new(&["dangling"]), @"
    exit 2
    --- stderr
    error: dangling is a symbolic link: name the folder itself
    ");
    assert_plugin!(new(&["file"]), @"
    exit 2
    --- stderr
    error: file is there already, and is not a folder
    ");
    assert_plugin!(new(&["full"]), @"
    exit 2
    --- stderr
    error: full is not empty: a project gets a folder of its own
    ");
    assert_plugin!(new(&["file/within"]), @"
    exit 3
    --- stderr
    error: failed to look at file/within: Not a directory (os error 20)
    ");
    assert_plugin!(new(&["Greeter"]), @"
    exit 2
    --- stderr
    error: a plugin cannot be called `Greeter`: it has to begin with a letter from a to z; choose another with `--name`
    ");
    assert_plugin!(new(&["new/one", "--pdk", "full"]), @"
    exit 2
    --- stderr
    error: there is no crate `yoi-pdk` in full
    ");
    assert_plugin!(place.run(&["plugin", "new", "python-tool", "new"]), @"
    exit 2
    --- stderr
    error: invalid value 'python-tool' for '<TEMPLATE>'
      [possible values: rust-tool, rust-service, js, python]

      tip: a similar value exists: 'python'

    For more information, try '--help'.
    ");
    assert_eq!(place.names("."), before);
    assert_eq!(place.names("empty"), [""; 0]);
    assert_eq!(place.names("full"), ["of"]);
}

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
fn a_plugin_that_asks_for_a_host_api_is_not_refused_for_that() {
    let place = notes();
    assert_plugin!(place.run(&["plugin", "check", "notes"]), @"
    exit 0
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (tool, [SIZE])
    documented  fits

    grants      all that the manifest asks for
    tool        notes_read  eligible
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  eligible

    status      active (profile documented)
    next        yoikit plugin pack notes
    ");
    // The yoi host makes no instance of it, which is another matter.
    assert_plugin!(place.run(&["plugin", "check", "notes", "--profile", "yoi"]), @"
    exit 1
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (tool, [SIZE])
    yoi         refused
      refused: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import

    grants      all that the manifest asks for
    tool        notes_read  eligible
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  eligible

    status      rejected (profile yoi)
    ");
    fs::write(place.path("none.toml"), "").unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes", "--grants", "none.toml"]), @r#"
    exit 1
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (tool, [SIZE])
    documented  fits

    grants      those of the file
    tool        notes_read  not eligible: granted surfaces.tool permission is missing
    tool        notes_list  not eligible: granted surfaces.tool permission is missing
    tool        notes_write  not eligible: granted surfaces.tool permission is missing
    host api    host_api.fs  not eligible: granted host_api.fs permission is missing
                all that it asks for, as grants:

                permissions = [
                    { kind = "surface", surface = "tool" },
                    { kind = "tool", name = "notes_read" },
                    { kind = "tool", name = "notes_list" },
                    { kind = "tool", name = "notes_write" },
                    { kind = "host_api", api = "fs" },
                ]

                [[fs]]
                root = "/path/to/folder"
                operations = ["read", "list", "write"]

    status      rejected (profile documented)
    "#);
    let asked = yoikit(place.0.path(), &["grant", "notes"]).stdout;
    let tools = "permissions = [{ kind = \"surface\", surface = \"tool\" }, { kind = \"tool_namespace\", namespace = \
                 \"notes_\" }]\n";
    fs::write(place.path("all.toml"), asked).unwrap();
    fs::write(place.path("tools.toml"), tools).unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes", "--grants", "all.toml"]), @"
    exit 0
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (tool, [SIZE])
    documented  fits

    grants      those of the file
    tool        notes_read  eligible
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  eligible

    status      active (profile documented)
    next        yoikit plugin pack notes
    ");
    assert_plugin!(place.run(&["plugin", "check", "notes", "--grants", "tools.toml"]), @r#"
    exit 0
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (tool, [SIZE])
    documented  fits

    grants      those of the file
    tool        notes_read  eligible
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  not eligible: granted host_api.fs permission is missing
                all that it asks for, as grants:

                permissions = [
                    { kind = "surface", surface = "tool" },
                    { kind = "tool", name = "notes_read" },
                    { kind = "tool", name = "notes_list" },
                    { kind = "tool", name = "notes_write" },
                    { kind = "host_api", api = "fs" },
                ]

                [[fs]]
                root = "/path/to/folder"
                operations = ["read", "list", "write"]

    status      partial (profile documented)
    next        yoikit plugin pack notes
    "#);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let place = notes();
    let manifest = fs::read_to_string(place.path("notes/plugin.toml")).unwrap();
    let breaks = [
        ("schema_version = 1", "schema_version = 2"),
        (
            "kind = \"wasm-component\"",
            "kind = \"wasm-component\"\nabi = \"old\"",
        ),
        ("surfaces = [\"tool\"]", "surface = [\"tool\"]"),
    ];
    let broken = breaks.iter().fold(manifest.clone(), |text, (old, new)| {
        assert!(text.contains(old), "{text}");
        text.replace(old, new)
    });
    fs::write(place.path("notes/plugin.toml"), broken).unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes"]), @r#"
    exit 1
    --- stdout
    package     notes

    refused: plugin schema/API version is unsupported
      in notes/plugin.toml:1:18
      1 | schema_version = 2
        |                  ^
      help: write `schema_version = 1`
    refused: unknown field `surface`
      in notes/plugin.toml:6:1
      6 | surface = ["tool"]
        | ^^^^^^^
      help: is `surfaces` meant?
    refused: plugin component runtime must not declare raw WASM ABI metadata
      in notes/plugin.toml:10:7
      10 | abi = "old"
         |       ^^^^^
      help: remove `entry` and `abi`

    status      rejected (profile documented)
    "#);
    assert_plugin!(place.run(&["plugin", "pack", "notes"]), @r#"
    exit 1
    --- stderr
    error: the folder is not packed
    refused: plugin schema/API version is unsupported
      in notes/plugin.toml:1:18
      1 | schema_version = 2
        |                  ^
      help: write `schema_version = 1`
    refused: unknown field `surface`
      in notes/plugin.toml:6:1
      6 | surface = ["tool"]
        | ^^^^^^^
      help: is `surfaces` meant?
    refused: plugin component runtime must not declare raw WASM ABI metadata
      in notes/plugin.toml:10:7
      10 | abi = "old"
         |       ^^^^^
      help: remove `entry` and `abi`
    "#);
    assert!(
        place
            .run(&["plugin", "check", "notes", "--profile", "yoi"])
            .stdout
            .contains("the yoi host shows: ")
    );

    // What counts as a manifest, and could still not be installed.
    let broken = manifest.replacen("type = \"string\"", "type = \"text\"", 1);
    assert_ne!(broken, manifest);
    fs::write(place.path("notes/plugin.toml"), broken).unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes"]), @r#"
    exit 1
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (tool, [SIZE])
    documented  fits

    not installable: tool `notes_read` has invalid input_schema: $.properties.path: unsupported schema type `text`
      in notes/plugin.toml:23:8
      23 | type = "text"
         |        ^^^^^^

    grants      all that the manifest asks for
    tool        notes_read  not eligible: tool `notes_read` has invalid input_schema: $.properties.path: unsupported schema type `text`
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  eligible

    status      rejected (profile documented)
    "#);
}

#[test]
fn a_component_is_looked_into() {
    let place = notes();
    fs::write(place.path("notes/notes.wasm"), "not wasm").unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes"]), @"
    exit 1
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (no world, [SIZE])
    documented  refused
      refused: not WebAssembly: a text file

    grants      all that the manifest asks for
    tool        notes_read  eligible
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  eligible

    status      rejected (profile documented)
    ");
    assert_plugin!(place.run(&["plugin", "pack", "notes"]), @"
    exit 0
    --- stdout
    package     [PLACE]/notes.yoi-plugin ([SIZE], 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    files       notes.wasm, plugin.toml
    --- stderr
    warning: a host of profile `documented` refuses notes.wasm: `yoikit plugin check` says why
    ");
    fs::copy(yoi_guests::CALLER.component(), place.path("notes/notes.wasm")).unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes"]), @r#"
    exit 1
    --- stdout
    package     notes (folder, 2 files)
    plugin      yoikit.notes 0.1.0
    digest      sha256:[…]
    component   notes.wasm (instance, [SIZE])
    documented  refused
      refused: the component stands in the world yoi:plugin/instance@1.0.0, and the manifest says yoi:plugin/tool@1.0.0
        help: write `world = "yoi:plugin/instance@1.0.0"` under `[runtime]`
      warning: the component imports yoi:host/request, and the manifest does not ask for `host_api.request`: every call is denied
        help: add `[[permissions]]` with `kind = "host_api"` and `api = "request"` to plugin.toml
      warning: the component imports yoi:host/websocket, and the manifest does not ask for `host_api.websocket`: every call is denied
        help: add `[[permissions]]` with `kind = "host_api"` and `api = "websocket"` to plugin.toml

    grants      all that the manifest asks for
    tool        notes_read  eligible
    tool        notes_list  eligible
    tool        notes_write  eligible
    host api    host_api.fs  eligible

    status      rejected (profile documented)
    "#);
    // The same holds of an archive.
    place.run(&["plugin", "pack", "notes"]);
    let folder = place.run(&["plugin", "check", "notes", "--json"]);
    let archive = place.run(&["plugin", "check", "notes.yoi-plugin", "--json"]);
    let diagnostics = |ran: &Ran| serde_json::from_str::<Value>(&ran.stdout).unwrap()["diagnostics"].clone();
    assert_eq!(diagnostics(&folder), diagnostics(&archive));
    assert_eq!((folder.status, archive.status), (1, 1));
}

#[test]
fn what_is_no_package_is_named() {
    let place = notes();
    assert_plugin!(place.run(&["plugin", "check", "gone"]), @"
    exit 3
    --- stdout
    package     gone

    refused: failed to look at gone: No such file or directory (os error 2)

    status      rejected (profile documented)
    ");
    assert_plugin!(place.run(&["plugin", "check", "notes/notes.wasm"]), @"
    exit 1
    --- stdout
    package     notes/notes.wasm

    refused: this is no zip archive, or its end is missing: [N] bytes hold no end record

    status      rejected (profile documented)
    next        yoikit inspect notes/notes.wasm
    ");
    fs::write(place.path("text"), "text").unwrap();
    assert_plugin!(place.run(&["plugin", "check", "text", "--profile", "yoi"]), @"
    exit 1
    --- stdout
    package     text

    refused: this is no zip archive, or its end is missing: 4 bytes hold no end record
    the yoi host shows: zip end-of-central-directory was not found

    status      rejected (profile yoi)
    ");
    symlink("plugin.toml", place.path("notes/link")).unwrap();
    assert_plugin!(place.run(&["plugin", "check", "notes"]), @"
    exit 1
    --- stdout
    package     notes

    refused: `link` is a symbolic link
      help: put a file in its place, or name it in a `.yoiignore` at the package's top

    status      rejected (profile documented)
    ");
    assert_plugin!(place.run(&["plugin", "check", "notes", "--grants", "gone.toml"]), @"
    exit 3
    --- stderr
    error: failed to read the grants in gone.toml: No such file or directory (os error 2)
    ");
}

#[test]
fn what_cannot_be_packed_leaves_nothing() {
    let place = notes();
    let before = place.names("notes");
    assert_plugin!(place.run(&["plugin", "pack", "gone"]), @"
    exit 3
    --- stderr
    error: failed to look at gone: No such file or directory (os error 2)
    ");
    assert_plugin!(place.run(&["plugin", "pack", "notes/plugin.toml"]), @"
    exit 3
    --- stderr
    error: notes/plugin.toml is not a folder
    ");
    assert_plugin!(place.run(&["plugin", "pack", "notes", "-o", "notes/notes.zip"]), @"
    exit 2
    --- stderr
    error: notes/notes.zip would be part of the package itself: name a file outside, or a `*.yoi-plugin`
    ");
    assert_plugin!(place.run(&["plugin", "pack", "/"]), @"
    exit 2
    --- stderr
    error: / has no name to call the archive after: name the archive
    ");
    symlink("plugin.toml", place.path("notes/link")).unwrap();
    assert_plugin!(place.run(&["plugin", "pack", "notes"]), @"
    exit 1
    --- stderr
    error: `link` is a symbolic link
    help: put a file in its place, or name it in a `.yoiignore` at the package's top
    ");
    fs::remove_file(place.path("notes/link")).unwrap();
    assert_eq!(place.names("notes"), before);
    assert_eq!(place.names("."), ["notes", "rust-toolchain.toml"]);
}

#[test]
fn the_json_fits_its_schema_and_has_the_shape_of_the_contract() {
    let place = notes();
    fs::write(place.path("none.toml"), "").unwrap();
    symlink("notes", place.path("link")).unwrap();
    let cases: [(&str, &[&str], &[&str]); 6] = [
        (
            "plugin-new",
            &["new", "rust-tool", "greeter"],
            &[
                "command",
                "template",
                "destination",
                "files",
                "safety",
                "next_steps",
            ],
        ),
        ("plugin-check", &["check", "notes"], &CHECK),
        (
            "plugin-check",
            &["check", "notes", "--grants", "none.toml"],
            &CHECK,
        ),
        ("plugin-check", &["check", "gone"], &CHECK),
        ("plugin-check", &["check", "notes", "--profile", "yoi"], &CHECK),
        (
            "plugin-pack",
            &["pack", "notes"],
            &[
                "command",
                "status",
                "input_path",
                "output_path",
                "package",
                "safety",
            ],
        ),
    ];
    for (schema, words, keys) in cases {
        let ran = place.run(&[&["plugin"], words, &["--json"]].concat());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        holds(schema, &report);
        assert_eq!(report["schema"], format!("yoikit.{schema}/1"));
        assert_eq!(report["command"], words[0]);
        for key in keys {
            assert!(report.get(key).is_some(), "{schema}: {key}");
        }
        for key in [
            "no_network",
            "no_plugin_execution",
            "no_enablement_config_mutation",
            "no_secrets_generated",
        ] {
            assert_eq!(report["safety"][key], true);
        }
    }
    // There is no result.
    let ran = place.run(&["plugin", "new", "rust-tool", "link", "--json"]);
    let failure: Value = serde_json::from_str(&ran.stdout).unwrap();
    holds("failure", &failure);
    assert_eq!((ran.status, &failure["exit"]), (2, &Value::from(2)));
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

const CHECK: [&str; 9] = [
    "command",
    "status",
    "input_path",
    "input_kind",
    "package",
    "diagnostics",
    "static_inspection",
    "safety",
    "next_steps",
];

fn holds(schema: &str, report: &Value) {
    let schema: Value = serde_json::from_str(&yoikit(Path::new("/"), &["schema", schema]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(report)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}
