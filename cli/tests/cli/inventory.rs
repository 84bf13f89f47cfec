//! `yoikit plugin list` and `show`: real packages in a real workspace.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Ran, assert_ran, yoikit, yoikit_with_env};

/// A workspace with the packages of two samples in it and one that is broken, and its digests.
fn workspace() -> (tempfile::TempDir, [String; 2]) {
    let workspace = tempfile::tempdir().unwrap();
    let store = workspace.path().join(".yoi/plugins");
    fs::create_dir_all(&store).unwrap();
    let digests = [yoi_guests::NOTES, yoi_guests::ECHO].map(|guest| {
        let output = store.join(guest.name()).with_extension("yoi-plugin");
        let words = [
            "plugin",
            "pack",
            guest.package().to_str().unwrap(),
            "-o",
            output.to_str().unwrap(),
            "--json",
        ];
        let packed: Value = serde_json::from_str(&yoikit(workspace.path(), &words).stdout).unwrap();
        packed["package"]["digest"].as_str().unwrap().to_owned()
    });
    fs::write(store.join("broken.yoi-plugin"), "no archive").unwrap();
    (workspace, digests)
}

/// Run it with a home of its own.
fn plugin(workspace: &Path, words: &[&str]) -> Ran {
    let words = [&["plugin"], words].concat();
    yoikit_with_env(workspace, &words, &[("XDG_DATA_HOME", workspace.as_os_str())])
}

fn listed(workspace: &Path) -> Vec<(String, String)> {
    let ran = plugin(workspace, &["list", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let items = report["items"].as_array().unwrap().iter();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    items
        .map(|item| (text(item, "reference"), text(item, "status")))
        .collect()
}

#[test]
fn what_lies_in_a_workspace_is_listed_and_nothing_runs_unless_it_is_turned_on() {
    let (workspace, [notes, _]) = workspace();
    let pair = |reference: &str, status: &str| (reference.to_owned(), status.to_owned());
    assert_eq!(
        listed(workspace.path()),
        [
            pair("project:broken", "rejected"),
            pair("project:yoikit.echo", "disabled"),
            pair("project:yoikit.notes", "disabled"),
        ]
    );
    let enablement = format!(
        "[feature.plugins]\nenabled = true\n\n[[plugins.enabled]]\nid = \"project:yoikit.notes\"\ndigest = \"{notes}\"\n\n\
         [[plugins.enabled]]\nid = \"project:none\"\n"
    );
    fs::write(workspace.path().join(".yoi/enablement.toml"), &enablement).unwrap();
    let statuses = listed(workspace.path());
    assert!(
        statuses.contains(&pair("project:none", "missing")),
        "{statuses:?}"
    );
    let notes = statuses
        .iter()
        .find(|(reference, _)| reference == "project:yoikit.notes");
    assert!(matches!(
        notes.unwrap().1.as_str(),
        "rejected" | "partial" | "active"
    ));

    // Another content is another plugin.
    let other = enablement.replace("sha256:", "sha256:0");
    fs::write(workspace.path().join("other.toml"), other).unwrap();
    let shown = plugin(
        workspace.path(),
        &["show", "yoikit.notes", "--enablement", "other.toml"],
    );
    assert!(
        shown.stdout.contains("enabled plugin digest pin does not match"),
        "{}",
        shown.whole()
    );
}

#[test]
fn a_plugin_is_shown_with_what_it_lacks() {
    let (workspace, [_, echo]) = workspace();
    let shown = plugin(workspace.path(), &["show", "yoikit.echo"]);
    assert_eq!(shown.status, 0, "{}", shown.whole());
    assert!(shown.stdout.contains(&echo), "{}", shown.stdout);
    assert!(
        shown.stdout.contains("plugins are turned off"),
        "{}",
        shown.stdout
    );
    assert_ran!(plugin(workspace.path(), &["show", "none"]), @"
    exit 3
    --- stderr
    error: plugin package `none` was not found
    ");
    fs::write(workspace.path().join("bad.toml"), "[plugins]\nenable = []\n").unwrap();
    assert_ran!(plugin(workspace.path(), &["list", "--enablement", "bad.toml"]), @"
    exit 2
    --- stderr
    error: the enablements cannot be used
    refused: unknown field `plugins.enable`
      in bad.toml:2:1
      2 | enable = []
        | ^^^^^^
      help: is `enabled` meant?
    ");
    assert_ran!(plugin(workspace.path(), &["list", "--enablement", "none.toml"]), @"
    exit 3
    --- stderr
    error: failed to read the enablements in none.toml: No such file or directory (os error 2)
    ");
    assert_ran!(plugin(workspace.path(), &["list", "--workspace", "no/such/folder"]), @"
    exit 3
    --- stderr
    error: failed to find the workspace no/such/folder: No such file or directory (os error 2)
    ");
}

#[test]
fn a_plugin_is_turned_on_with_its_content_pinned_and_never_wider_unasked() {
    let (workspace, [digest, _]) = workspace();
    let folder = workspace.path();
    let file = folder.join(".yoi/enablement.toml");
    let grants = |operations: &str| {
        let grants = format!(
            "permissions = [\n    {{ kind = \"surface\", surface = \"tool\" }},\n    {{ kind = \"tool_namespace\", namespace = \
             \"notes_\" }},\n    {{ kind = \"host_api\", api = \"fs\" }},\n]\n\n[[fs]]\nroot = \"/srv\"\noperations = [{operations}]\n"
        );
        fs::write(folder.join("grants.toml"), grants).unwrap();
    };
    grants("\"read\"");
    let enable = |words: &[&str]| plugin(folder, &[&["enable", "yoikit.notes"], words].concat());
    // Nobody is there to ask.
    let unasked = enable(&["--grant", "grants.toml"]);
    assert_ran!(unasked, @"
    exit 2
    --- stderr
    error: this would give project:yoikit.notes more than it has; look at it, and add `--yes`:
      surfaces.tool
      tool_namespace.notes_
      host_api.fs
      fs read /srv
    ");
    assert!(!file.exists());

    let enabled = enable(&["--grant", "grants.toml", "--yes", "--json"]);
    assert_eq!(enabled.status, 0, "{}", enabled.whole());
    let report: Value = serde_json::from_str(&enabled.stdout).unwrap();
    assert_eq!(report["news"].as_array().unwrap().len(), 4);
    let written = fs::read_to_string(&file).unwrap();
    insta::assert_snapshot!(written.replace(&digest, "DIGEST"), @r#"
    [feature.plugins]
    enabled = true

    [[plugins.enabled]]
    id = "project:yoikit.notes"
    version = "0.1.0"
    digest = "DIGEST"

    [plugins.enabled.grants]
    id = "project:yoikit.notes"
    version = "0.1.0"
    digest = "DIGEST"
    permissions = [
        { kind = "surface", surface = "tool" },
        { kind = "tool_namespace", namespace = "notes_" },
        { kind = "host_api", api = "fs" },
    ]

    [[plugins.enabled.grants.fs]]
    root = "/srv"
    operations = ["read"]
    "#);
    assert_eq!(report["status"], "active");
    let shown = plugin(folder, &["show", "yoikit.notes"]);
    assert!(shown.stdout.contains("active"), "{}", shown.whole());

    // The same once more, and less, need no question; what a person wrote around it stays.
    fs::write(&file, format!("# mine\n{written}\n[other]\nkept = 1 # too\n")).unwrap();
    assert_eq!(enable(&["--grant", "grants.toml"]).status, 0);
    assert_eq!(enable(&[]).status, 0);
    let again = fs::read_to_string(&file).unwrap();
    assert_eq!(again, format!("# mine\n{written}\n[other]\nkept = 1 # too\n"));
    grants("\"read\", \"write\"");
    let wider = enable(&["--grant", "grants.toml"]);
    assert_eq!(wider.status, 2);
    assert!(wider.stderr.contains("fs write /srv"), "{}", wider.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), again);

    // What is lost is told, and what becomes of the plugin.
    fs::write(folder.join("grants.toml"), "").unwrap();
    let none = enable(&["--grant", "grants.toml"]);
    assert_eq!(none.status, 0);
    assert!(
        none.stderr
            .contains("project:yoikit.notes is rejected all the same"),
        "{}",
        none.stderr
    );
    assert!(
        none.stdout.contains("rejected") && none.stdout.contains("fs read /srv"),
        "{}",
        none.stdout
    );
}

#[test]
fn an_enablement_that_never_ends_is_refused() {
    let (workspace, _) = workspace();
    let folder = workspace.path();
    std::os::unix::fs::symlink("/dev/zero", folder.join("endless.toml")).unwrap();
    let ran = plugin(
        folder,
        &["enable", "yoikit.notes", "--enablement", "endless.toml"],
    );
    assert_eq!(ran.status, 2, "{}", ran.whole());
    assert!(ran.stderr.contains("65536 bytes"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_turned_on_says_why_and_changes_nothing() {
    let (workspace, _) = workspace();
    let folder = workspace.path();
    let file = folder.join(".yoi/enablement.toml");
    let refused = |text: Option<&str>, reference: &str| {
        match text {
            Some(text) => fs::write(&file, text).unwrap(),
            None => drop(fs::remove_file(&file)),
        }
        let ran = plugin(folder, &["enable", reference]);
        assert_ne!(ran.status, 0, "{text:?}");
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), text);
        ran.stderr
            .replace(folder.canonicalize().unwrap().to_str().unwrap(), "[FOLDER]")
    };
    let twice = "[[plugins.enabled]]\nid = \"project:yoikit.notes\"\n".repeat(2);
    let refusals = [
        refused(None, "none"),
        refused(None, "broken"),
        refused(
            Some("[plugins]\nenabled = [{ id = \"project:a\" }]\n"),
            "yoikit.notes",
        ),
        refused(
            Some("feature = { plugins = { enabled = true } }\nplugins = {}\n"),
            "yoikit.notes",
        ),
        refused(Some(&twice), "yoikit.notes"),
        refused(Some("[plugins\n"), "yoikit.notes"),
    ];
    insta::assert_snapshot!(refusals.join(""), @"
    error: there is no package `none` that can be used: `yoikit plugin list` has those that are there
    error: there is no package `broken` that can be used: `yoikit plugin list` has those that are there
    error: [FOLDER]/.yoi/enablement.toml cannot be added to: its `plugins.enabled` is not written as `[[plugins.enabled]]`
    error: [FOLDER]/.yoi/enablement.toml cannot be added to: its `plugins` is no table of its own
    error: [FOLDER]/.yoi/enablement.toml turns project:yoikit.notes on more than once: keep one of them
    error: the enablements cannot be used
    refused: not valid TOML: unclosed table, expected `]`
      in [FOLDER]/.yoi/enablement.toml:1:9
      1 | [plugins
        |         ^
    ");
}

#[test]
fn reports_are_as_their_schemas_say() {
    let (workspace, _) = workspace();
    for (words, schema) in [
        (&["enable", "yoikit.notes", "--json"][..], "plugin-enable"),
        (&["list", "--json"], "plugin-list"),
        (&["show", "yoikit.notes", "--json"], "plugin-show"),
    ] {
        let report: Value = serde_json::from_str(&plugin(workspace.path(), words).stdout).unwrap();
        let schema = yoikit(workspace.path(), &["schema", schema]).stdout;
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&report)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{words:?}: {faults:?}");
    }
}
