//! What is read, listed and written when all is well.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{World, text};
use crate::authority::FsOperation;

#[test]
fn answers_have_their_fields_in_the_order_of_the_contract() {
    let world = World::new();
    world.file("a", "text");
    let answer = |operation, json| text(&world.authority, operation, json).unwrap();
    insta::assert_snapshot!(
        answer(FsOperation::Read, r#"{"path":"a"}"#),
        @r#"{"path":"a","content":"text","truncated":false}"#
    );
    insta::assert_snapshot!(
        answer(FsOperation::List, r#"{"path":"."}"#),
        @r#"{"path":".","entries":[{"name":"a","kind":"file"}],"truncated":false}"#
    );
    insta::assert_snapshot!(
        answer(FsOperation::Write, r#"{"path":"a","content":"é"}"#),
        @r#"{"path":"a","bytes_written":2}"#
    );
}

#[test]
fn the_path_in_an_answer_is_the_one_asked_for() {
    let world = World::new();
    world.dir("secrets");
    world.file("secrets/tokens.txt", "");
    let path = "./secrets//tokens.txt";
    assert_eq!(world.read(path).unwrap()["path"], path);
    assert_eq!(world.write(path, "").unwrap()["path"], path);
    assert_eq!(world.list("./secrets/").unwrap()["path"], "./secrets/");

    let long = format!("{}secrets/tokens.txt", "./".repeat(100));
    assert_eq!(
        world.read(&long).unwrap()["path"],
        format!("{}…", "./".repeat(80))
    );
}

#[test]
fn a_file_is_read_to_65536_bytes() {
    let world = World::new();
    for (bytes, truncated) in [(65_535, false), (65_536, false), (65_537, true), (200_000, true)] {
        world.file("a", &"x".repeat(bytes));
        let answer = world.read("a").unwrap();
        assert_eq!(answer["content"].as_str().unwrap().len(), bytes.min(65_536));
        assert_eq!(answer["truncated"], truncated, "{bytes}");
    }
}

#[test]
fn what_is_not_text_is_replaced() {
    let world = World::new();
    fs::write(world.at("root/a"), b"a\xffb\0").unwrap();
    assert_eq!(world.read("a").unwrap()["content"], "a\u{fffd}b\0");

    // The end of what is read goes through a character of two bytes.
    world.file("b", &format!("x{}", "é".repeat(40_000)));
    let answer = world.read("b").unwrap();
    let content = answer["content"].as_str().unwrap();
    assert!(content.ends_with("é\u{fffd}"));
    assert_eq!(content.chars().count(), 1 + 32_767 + 1);
}

#[test]
fn a_listing_is_sorted_by_bytes_and_says_what_each_name_stands_for() {
    let world = World::new();
    world.dir("b");
    world.file("B", "");
    world.file("é", "");
    world.link("a", "b");
    world.link("dangling", "nowhere");
    world.fifo("pipe");
    let socket = std::os::unix::net::UnixListener::bind(world.at("root/socket")).unwrap();
    assert_eq!(
        world.list(".").unwrap()["entries"],
        json!([
            {"name": "B", "kind": "file"},
            {"name": "a", "kind": "symlink"},
            {"name": "b", "kind": "dir"},
            {"name": "dangling", "kind": "symlink"},
            {"name": "pipe", "kind": "other"},
            {"name": "socket", "kind": "other"},
            {"name": "é", "kind": "file"},
        ])
    );
    drop(socket);
}

#[test]
fn a_name_that_is_not_text_is_shown_with_replacements() {
    let world = World::new();
    fs::write(world.at("root").join(OsStr::from_bytes(b"a\xff")), "").unwrap();
    assert_eq!(world.list(".").unwrap()["entries"][0]["name"], "a\u{fffd}");
}

#[test]
fn a_long_listing_is_its_first_256_names_whatever_the_order_on_the_disk() {
    let world = World::new();
    // Created neither forwards nor backwards.
    for number in (0..300).map(|number| number * 7 % 300) {
        world.file(&format!("{number:03}"), "");
    }
    let answer = world.list(".").unwrap();
    let names: Vec<_> = answer["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        (0..256).map(|number| format!("{number:03}")).collect::<Vec<_>>()
    );
    assert_eq!(answer["truncated"], true);

    for number in 256..300 {
        fs::remove_file(world.at(&format!("root/{number}"))).unwrap();
    }
    assert_eq!(world.list(".").unwrap()["truncated"], false);
}

#[test]
fn a_file_is_created_and_replaced() {
    let world = World::new();
    world.dir("d");
    assert_eq!(
        world.write("d/a", "first, long").unwrap(),
        json!({"path": "d/a", "bytes_written": 11})
    );
    world.write("d/a", "then").unwrap();
    assert_eq!(fs::read_to_string(world.at("root/d/a")).unwrap(), "then");
    assert_eq!(world.list("d").unwrap()["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn a_reader_that_has_the_old_file_open_keeps_it_whole() {
    use std::io::Read;
    let world = World::new();
    world.file("a", "old");
    let mut open = fs::File::open(world.at("root/a")).unwrap();
    world.write("a", "new").unwrap();
    let mut content = String::new();
    open.read_to_string(&mut content).unwrap();
    assert_eq!(content, "old");
}

#[test]
fn a_replaced_file_keeps_its_permissions_without_those_that_lend_its_owner() {
    let world = World::new();
    for (before, after) in [(0o640, 0o640), (0o600, 0o600), (0o777, 0o777), (0o4755, 0o755)] {
        world.file("a", "old");
        fs::set_permissions(world.at("root/a"), fs::Permissions::from_mode(before)).unwrap();
        world.write("a", "new").unwrap();
        let mode = fs::metadata(world.at("root/a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, after);
    }
}

#[test]
fn a_new_file_has_the_permissions_that_any_new_file_has() {
    let world = World::new();
    world.write("a", "").unwrap();
    world.file("b", "");
    let mode = |path| fs::metadata(world.at(path)).unwrap().permissions().mode();
    assert_eq!(mode("root/a"), mode("root/b"));
}

#[test]
fn names_of_every_kind_are_ordinary() {
    let world = World::new();
    for name in [
        "...",
        " ",
        r"a\b",
        "~",
        "-rf",
        "con",
        "a\nb",
        "日本語",
        "a:b",
        "*",
    ] {
        world.write(name, name).unwrap();
        assert_eq!(world.read(name).unwrap()["content"], name);
    }
}
