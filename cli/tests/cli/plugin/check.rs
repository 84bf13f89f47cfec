//! Looking at a package.

use super::*;

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
