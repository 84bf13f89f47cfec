//! Every way out of the root, and everything that is no file, refused.

use std::fs;

use serde_json::json;

use super::{SECRET, World, call, grant, granting, refusal, text};
use crate::authority::{Authority, FsOperation};
use crate::imports::HostErrorCode;

/// The three operations on one path.
fn all(world: &World, path: &str) -> String {
    [world.read(path), world.list(path), world.write(path, "")]
        .map(refusal)
        .join("\n")
}

#[test]
fn dot_dot_is_refused_even_where_it_stays_inside() {
    let world = World::new();
    world.dir("d");
    world.file("a", "");
    for path in ["..", "../outside/secret", "d/../a", "d/..", "d/../../outside"] {
        let denied = "denied: FS path traversal outside the grant root is denied";
        assert_eq!(all(&world, path), [denied; 3].join("\n"), "{path}");
    }
}

#[test]
fn an_absolute_path_is_refused_even_where_it_is_inside() {
    let world = World::new();
    world.file("a", "");
    let inside = world.at("root/a");
    for path in ["/", "/etc/passwd", inside.to_str().unwrap()] {
        let denied = "denied: FS request paths must be relative to a configured fs grant root";
        assert_eq!(all(&world, path), [denied; 3].join("\n"), "{path}");
    }
}

#[test]
fn a_path_is_neither_empty_nor_long_nor_holds_a_nul() {
    let world = World::new();
    world.file("a", "");
    insta::assert_snapshot!(refusal(world.read("")), @"invalid: FS path must not be empty");
    insta::assert_snapshot!(refusal(world.read("a\0")), @"invalid: FS path contains a NUL byte");
    insta::assert_snapshot!(refusal(world.read(&"a".repeat(4097))), @"too_large: FS path exceeds 4096 bytes");
    insta::assert_snapshot!(refusal(world.read(&"n".repeat(300))), @"io: FS path component is unavailable for nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…: File name too long (os error 36)");
    insta::assert_snapshot!(refusal(world.write(&"n".repeat(300), "")), @"io: FS write metadata failed for nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…: File name too long (os error 36)");
}

#[test]
fn the_root_itself_is_a_directory_like_any_other() {
    let world = World::new();
    assert!(world.list(".").is_ok());
    insta::assert_snapshot!(refusal(world.read(".")), @"invalid: FS read target is not a regular file: .");
    insta::assert_snapshot!(refusal(world.write(".", "")), @"invalid: FS write path must name a file");
}

#[test]
fn a_trailing_slash_makes_a_file_no_file_and_a_link_no_directory() {
    let world = World::new();
    world.file("a", "");
    world.dir("d");
    world.link("l", "d");
    world.link("out", world.at("outside"));
    insta::assert_snapshot!(all(&world, "a/"), @r"
    invalid: FS read target is not a regular file: a/
    invalid: FS list target is not a directory: a/
    invalid: FS write path must name a file
    ");
    insta::assert_snapshot!(all(&world, "l/"), @r"
    denied: FS path symlink escape is denied: l/
    denied: FS path symlink escape is denied: l/
    invalid: FS write path must name a file
    ");
    insta::assert_snapshot!(all(&world, "out/."), @r"
    denied: FS path symlink escape is denied: out/.
    denied: FS path symlink escape is denied: out/.
    invalid: FS write path must name a file
    ");
    insta::assert_snapshot!(refusal(world.write("new/", "")), @"invalid: FS write path must name a file");
    assert_eq!(world.names(), ["a", "d", "l", "out"]);
    assert!(world.list("d/").is_ok());
}

#[test]
fn what_is_not_there_is_not_found() {
    let world = World::new();
    world.file("a", "");
    insta::assert_snapshot!(refusal(world.read("b")), @"not_found: FS path component is unavailable for b: No such file or directory (os error 2)");
    insta::assert_snapshot!(all(&world, "b/c"), @r"
    not_found: FS path component is unavailable for b/c: No such file or directory (os error 2)
    not_found: FS path component is unavailable for b/c: No such file or directory (os error 2)
    not_found: FS path component is unavailable for b/c: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(all(&world, "a/c"), @r"
    not_found: FS path component is unavailable for a/c: Not a directory (os error 20)
    not_found: FS path component is unavailable for a/c: Not a directory (os error 20)
    not_found: FS path component is unavailable for a/c: Not a directory (os error 20)
    ");
}

#[test]
fn a_directory_is_no_file_and_a_file_no_directory() {
    let world = World::new();
    world.file("a", "");
    world.dir("d");
    insta::assert_snapshot!(refusal(world.read("d")), @"invalid: FS read target is not a regular file: d");
    insta::assert_snapshot!(refusal(world.list("a")), @"invalid: FS list target is not a directory: a");
    insta::assert_snapshot!(refusal(world.write("d", "")), @"invalid: FS write target is a directory: d");
}

#[test]
fn a_link_in_the_middle_is_not_followed_wherever_it_leads() {
    let world = World::new();
    world.dir("d");
    world.file("d/secret", "");
    world.link("in", "d");
    world.link("out", world.at("outside"));
    world.link("up", "../outside");
    world.link("self", "self");
    insta::assert_snapshot!(all(&world, "in/secret"), @r"
    denied: FS path symlink escape is denied: in/secret
    denied: FS path symlink escape is denied: in/secret
    denied: FS path symlink escape is denied: in/secret
    ");
    for path in ["out/secret", "up/secret", "self/secret", "out/new"] {
        let denied = format!("denied: FS path symlink escape is denied: {path}");
        assert_eq!(all(&world, path), [denied.as_str(); 3].join("\n"));
    }
    assert!(!world.at("outside/new").exists());
}

#[test]
fn a_link_at_the_end_is_not_followed_wherever_it_leads() {
    let world = World::new();
    world.file("a", "");
    world.link("in", "a");
    world.link("out", world.at("outside/secret"));
    world.link("dir", world.at("outside"));
    world.link("new", world.at("outside/new"));
    for path in ["in", "out", "dir", "new"] {
        let denied = format!("denied: FS path symlink escape is denied: {path}");
        let write = format!("denied: FS write target is a symlink: {path}");
        assert_eq!(all(&world, path), [denied.clone(), denied, write].join("\n"));
    }
    assert_eq!(fs::read_to_string(world.at("outside/secret")).unwrap(), SECRET);
    assert!(!world.at("outside/new").exists());
}

#[test]
fn a_file_of_several_names_is_refused_with_the_reason() {
    let world = World::new();
    world.hard_link("out", "outside/secret");
    world.file("a", "a");
    world.hard_link("b", "root/a");
    insta::assert_snapshot!(refusal(world.read("out")), @"denied: FS read target has other names (hard links), which may lie outside the grant root: out");
    insta::assert_snapshot!(refusal(world.write("out", "changed")), @"denied: FS write target has other names (hard links), which may lie outside the grant root: out");
    // Inside or outside: nobody can tell.
    assert_eq!(world.read("a").unwrap_err().code, HostErrorCode::Denied);
    assert_eq!(fs::read_to_string(world.at("outside/secret")).unwrap(), SECRET);

    fs::remove_file(world.at("root/b")).unwrap();
    assert!(world.read("a").is_ok());
}

#[test]
fn a_fifo_is_refused_at_once() {
    let world = World::new();
    world.fifo("pipe");
    insta::assert_snapshot!(all(&world, "pipe"), @r"
    invalid: FS read target is not a regular file: pipe
    invalid: FS list target is not a directory: pipe
    invalid: FS write target is not a regular file: pipe
    ");
    insta::assert_snapshot!(refusal(world.read("pipe/a")), @"not_found: FS path component is unavailable for pipe/a: Not a directory (os error 20)");
}

#[test]
fn a_socket_is_refused() {
    let world = World::new();
    let socket = std::os::unix::net::UnixListener::bind(world.at("root/socket")).unwrap();
    insta::assert_snapshot!(all(&world, "socket"), @r"
    invalid: FS read target is not a regular file: socket
    invalid: FS list target is not a directory: socket
    invalid: FS write target is not a regular file: socket
    ");
    drop(socket);
}

#[test]
fn a_device_is_refused() {
    let dev = granting(vec![grant("/dev".as_ref(), &FsOperation::ALL)]);
    let path = json!({"path": "null"});
    insta::assert_snapshot!(refusal(call(&dev, FsOperation::Read, &path)), @"invalid: FS read target is not a regular file: null");
    insta::assert_snapshot!(refusal(call(&dev, FsOperation::List, &path)), @"invalid: FS list target is not a directory: null");
    insta::assert_snapshot!(
        refusal(call(&dev, FsOperation::Write, &json!({"path": "null", "content": ""}))),
        @"invalid: FS write target is not a regular file: null"
    );
}

#[test]
fn a_directory_of_too_many_names_is_refused() {
    // The bound itself is tested where the names are counted; this is how it is told.
    let error = crate::imports::HostError::from(super::super::error::FsError::TooManyEntries {
        path: "many".to_owned(),
    });
    insta::assert_snapshot!(refusal(Err(error)), @"too_large: FS list target has more than 65536 entries: many");
}

#[test]
fn the_first_fault_in_the_order_of_the_contract_is_told() {
    let world = World::new();
    let nothing = Authority::none();
    let large = format!("{{\"path\": \"../{}\"}}", "a".repeat(65_536));
    let told = |authority, json: &str| {
        refusal(text(authority, FsOperation::Write, json).map(|answer| answer.into()))
    };
    insta::assert_snapshot!(told(&nothing, &large), @"too_large: FS request descriptor exceeds 65536 bytes");
    insta::assert_snapshot!(told(&nothing, "not JSON"), @"denied: plugin host API dispatch denied: requested host_api.fs permission is missing");
    insta::assert_snapshot!(told(&world.authority, r#"{"path": "../a"}"#), @"invalid: invalid FS write request JSON: missing field `content` at line 1 column 16");
    let reading = granting(vec![grant(&world.at("root"), &[FsOperation::Read])]);
    insta::assert_snapshot!(told(&reading, r#"{"path": "../a", "content": ""}"#), @"denied: FS path traversal outside the grant root is denied");
    insta::assert_snapshot!(told(&reading, r#"{"path": "a", "content": ""}"#), @"denied: host_api.fs write denied: no matching operation grant");
}

#[test]
fn a_denial_of_the_authority_goes_along_for_the_operator() {
    let world = World::new();
    let reading = granting(vec![grant(&world.at("root"), &[FsOperation::Read])]);
    for authority in [&Authority::none(), &reading] {
        let json = json!({"path": "a", "content": ""});
        let error = call(authority, FsOperation::Write, &json).unwrap_err();
        assert!(!error.denial.unwrap().lines().is_empty());
    }
    assert_eq!(world.read("../a").unwrap_err().denial, None);
}

#[test]
fn a_message_is_one_short_line_and_never_says_where_the_root_is() {
    let world = World::new();
    world.link("a\nb", "nowhere");
    insta::assert_snapshot!(refusal(world.read("a\nb")), @"denied: FS path symlink escape is denied: a b");
    let long = format!("{}/a", "d".repeat(200));
    insta::assert_snapshot!(refusal(world.read(&long)), @"not_found: FS path component is unavailable for dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd…: No such file or directory (os error 2)");
    for path in ["b/c", "a\nb/c", "../b", &long] {
        for line in all(&world, path).lines() {
            assert!(!line.contains(world.folder.path().to_str().unwrap()), "{line}");
        }
    }
}
