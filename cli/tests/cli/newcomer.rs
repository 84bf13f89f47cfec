//! What somebody met who used the program for the first time.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Ran, yoikit, yoikit_with_env};

fn at(folder: &Path, words: &[&str]) -> Ran {
    yoikit_with_env(folder, words, &[("XDG_DATA_HOME", folder.as_os_str())])
}

/// A workspace with the package of a sample in it.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".yoi/plugins")).unwrap();
    let echo = yoi_guests::ECHO.package();
    let pack = [
        "plugin",
        "pack",
        echo.to_str().unwrap(),
        "-o",
        ".yoi/plugins/echo.yoi-plugin",
    ];
    assert_eq!(at(folder.path(), &pack).status, 0);
    folder
}

#[test]
fn a_file_that_cannot_be_had_is_3_and_one_that_cannot_be_meant_is_2() {
    let folder = workspace();
    fs::write(folder.path().join("bad"), "neither = [TOML, nor JSON").unwrap();
    let echo = yoi_guests::ECHO.package();
    let echo = echo.to_str().unwrap();
    let commands: [&[&str]; 7] = [
        &["call", echo, "example_echo", "{}", "--grants"],
        &["call", echo, "example_echo", "{}", "--fault"],
        &["serve", echo, "--grants"],
        &["send", echo, "events", "{}", "--fresh", "--grants"],
        &["plugin", "check", echo, "--grants"],
        &["plugin", "list", "--enablement"],
        &["test", echo, "--baseline"],
    ];
    for command in commands {
        for (file, exit) in [("none", 3), ("bad", 2)] {
            let ran = at(folder.path(), &[command, &[file]].concat());
            assert_eq!(ran.status, exit, "{command:?} {file}: {}", ran.whole());
        }
    }
}

#[test]
fn a_call_that_is_no_json_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let new = yoikit(folder.path(), &["plugin", "new", "rust-tool", "greeter"]);
    assert_eq!(new.status, 0, "{}", new.whole());
    let dev = [
        "plugin",
        "dev",
        "greeter",
        "--once",
        "--save",
        "--call",
        "greeter_greet",
        "{name",
    ];
    let ran = yoikit(folder.path(), &dev);
    assert_eq!(ran.status, 2, "{}", ran.whole());
    assert!(
        ran.stderr
            .contains("the input is not JSON, and nothing was saved"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path().join("greeter/.yoi").exists());
}

#[test]
fn what_is_not_built_yet_is_to_be_built_first() {
    let folder = tempfile::tempdir().unwrap();
    for template in ["rust-tool", "js"] {
        yoikit(folder.path(), &["plugin", "new", template, template]);
        let packed = yoikit(folder.path(), &["plugin", "pack", template]);
        assert_eq!(packed.status, 1, "{}", packed.whole());
        assert!(
            packed.stderr.contains("build it first: `yoikit plugin build`"),
            "{}",
            packed.stderr
        );
        let checked = yoikit(folder.path(), &["plugin", "check", template]);
        let next = format!("next        yoikit plugin build {template}");
        assert!(checked.stdout.contains(&next), "{}", checked.stdout);
    }
}

#[test]
fn whoever_packs_is_told_how_to_turn_it_on_and_it_works() {
    let folder = workspace();
    let echo = yoi_guests::ECHO.package();
    let packed = at(
        folder.path(),
        &[
            "plugin",
            "pack",
            echo.to_str().unwrap(),
            "-o",
            "e.yoi-plugin",
            "--json",
        ],
    );
    let packed: Value = serde_json::from_str(&packed.stdout).unwrap();
    let steps: Vec<&str> = packed["next_steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let [grant, copy, enable] = steps[..] else {
        panic!("{steps:?}");
    };
    assert!(
        grant.starts_with("yoikit grant ") && copy.contains("cp "),
        "{steps:?}"
    );
    assert_eq!(
        enable,
        "yoikit plugin enable project:yoikit.echo --grant grants.toml"
    );
    let grants = at(folder.path(), &["grant", echo.to_str().unwrap()]);
    fs::write(folder.path().join("grants.toml"), grants.stdout).unwrap();
    let words: Vec<&str> = enable.split(' ').skip(1).chain(["--yes"]).collect();
    let enabled = at(folder.path(), &words);
    assert_eq!(enabled.status, 0, "{}", enabled.whole());
}

#[test]
fn other_content_than_was_pinned_names_what_to_do() {
    let folder = workspace();
    let enabled = at(
        folder.path(),
        &["plugin", "enable", "project:yoikit.echo", "--yes"],
    );
    assert_eq!(enabled.status, 0, "{}", enabled.whole());
    let file = folder.path().join(".yoi/enablement.toml");
    let digest = |text: &str| text.find("sha256:").unwrap() + "sha256:".len();
    let text = fs::read_to_string(&file).unwrap();
    let at_digest = digest(&text);
    let zeros = "0".repeat(64);
    fs::write(
        &file,
        format!("{}{zeros}{}", &text[..at_digest], &text[at_digest + 64..]),
    )
    .unwrap();
    let remedy = "`yoikit plugin enable project:yoikit.echo` pins what is there now";
    let shown = at(folder.path(), &["plugin", "show", "project:yoikit.echo"]);
    assert!(shown.stdout.contains(remedy), "{}", shown.whole());
    let again = at(
        folder.path(),
        &["plugin", "enable", "project:yoikit.echo", "--yes"],
    );
    assert_eq!(again.status, 0, "{}", again.whole());
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn what_is_not_looked_at_in_a_store_is_said_where_a_package_is_looked_for_in_vain() {
    let folder = workspace();
    let store = folder.path().join(".yoi/plugins");
    fs::write(store.join("mine.zip"), "PK").unwrap();
    fs::create_dir(store.join("theirs")).unwrap();
    fs::write(store.join("theirs/plugin.toml"), "").unwrap();
    fs::create_dir(store.join("notes of mine")).unwrap();
    for number in 0..128 {
        fs::write(store.join(format!("a{number}.yoi-plugin")), "").unwrap();
    }
    let listed = at(folder.path(), &["plugin", "list", "--json"]);
    assert!(
        listed.stdout.contains("`mine.zip` is not looked at"),
        "{}",
        listed.stdout
    );
    for words in [
        &["plugin", "show", "project:mine"][..],
        &["plugin", "enable", "project:mine", "--yes"],
        &["serve", "project:mine"],
    ] {
        let ran = at(folder.path(), words);
        assert_eq!(ran.status, 3, "{}", ran.whole());
        let told = &ran.stderr;
        assert!(told.contains("`mine.zip` is not looked at"), "{told}");
        assert!(told.contains("`theirs` is not looked at"), "{told}");
        assert!(told.contains("the first 128 by name are read"), "{told}");
        assert!(!told.contains("notes of mine"), "{told}");
    }
}

#[test]
fn the_name_of_a_plugin_where_a_path_is_needed_says_which() {
    let folder = workspace();
    let ran = at(
        folder.path(),
        &["call", "project:yoikit.echo", "example_echo", "{}"],
    );
    assert_eq!(ran.status, 3);
    let hint = "`yoikit plugin show project:yoikit.echo` has that of the package";
    assert!(ran.stderr.contains(hint), "{}", ran.stderr);
}

#[test]
fn a_huge_file_that_is_no_baseline_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let echo = yoi_guests::ECHO.package();
    for bytes in [200_000, 1_500_000] {
        fs::write(folder.path().join("huge"), "x".repeat(bytes)).unwrap();
        let ran = yoikit(
            folder.path(),
            &["test", echo.to_str().unwrap(), "--baseline", "huge"],
        );
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr.contains("huge is no baseline: ") && ran.stderr.len() < 4000,
            "{}",
            ran.stderr.len()
        );
    }
}

#[test]
fn a_failure_is_one_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["bridge", "run", "none.wasm", "hello", "--json"][..],
        &["call", "none", "tool", "{}", "--json"],
    ] {
        let ran = yoikit(folder.path(), words);
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.whole());
        let failure: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(failure["schema"], "yoikit.failure/1");
    }
}

#[test]
fn a_tool_that_no_host_offers_is_warned_of_before_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let echo = yoi_guests::ECHO.package();
    for entry in fs::read_dir(echo).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let manifest = folder.path().join("plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let bad = text.replacen("type = \"object\"", "type = \"object\"\noneOf = []", 1);
    assert_ne!(bad, text);
    fs::write(&manifest, bad).unwrap();
    let ran = yoikit(
        folder.path(),
        &["test", ".", "--case", "plugin.tool.answers-what-fits"],
    );
    assert!(
        ran.stderr.contains("no host offers the tool `example_echo`") && ran.stderr.contains("oneOf"),
        "{}",
        ran.whole()
    );
}
