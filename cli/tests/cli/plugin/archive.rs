//! Making an archive of a package, and what is said of it to programs.

use super::*;

/// The members of a check, as the contract orders them.
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
