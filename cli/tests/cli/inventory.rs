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
