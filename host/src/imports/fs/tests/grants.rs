//! Which grant is used, and what a root has to be.

use std::fs;

use serde_json::json;

use super::{World, call, grant, granting, refusal};
use crate::authority::{FsGrant, FsOperation};

fn read_in(roots: Vec<FsGrant>, path: &str) -> Result<serde_json::Value, crate::imports::HostError> {
    call(&granting(roots), FsOperation::Read, &json!({ "path": path }))
}

fn root(root: &str) -> FsGrant {
    FsGrant {
        root: root.to_owned(),
        operations: vec![FsOperation::Read],
    }
}

#[test]
fn the_first_root_that_has_the_file_is_used() {
    let world = World::new();
    for dir in ["one", "two"] {
        fs::create_dir(world.at(dir)).unwrap();
        fs::write(world.at(dir).join("both"), dir).unwrap();
        fs::write(world.at(dir).join(dir), dir).unwrap();
    }
    let roots = || {
        vec![
            grant(&world.at("one"), &[FsOperation::Read]),
            grant(&world.at("two"), &[FsOperation::Read]),
        ]
    };
    assert_eq!(read_in(roots(), "both").unwrap()["content"], "one");
    assert_eq!(read_in(roots(), "one").unwrap()["content"], "one");
    assert_eq!(read_in(roots(), "two").unwrap()["content"], "two");
    insta::assert_snapshot!(refusal(read_in(roots(), "three")), @"not_found: FS path component is unavailable for three: No such file or directory (os error 2)");
}

#[test]
fn what_is_found_but_unfit_is_not_looked_for_elsewhere() {
    let world = World::new();
    world.dir("a");
    fs::create_dir(world.at("two")).unwrap();
    fs::write(world.at("two/a"), "two").unwrap();
    let roots = vec![
        grant(&world.at("root"), &[FsOperation::Read]),
        grant(&world.at("two"), &[FsOperation::Read]),
    ];
    insta::assert_snapshot!(refusal(read_in(roots, "a")), @"invalid: FS read target is not a regular file: a");
}

#[test]
fn a_link_under_the_first_root_does_not_hide_the_file_under_the_second() {
    let world = World::new();
    world.link("secret", world.at("outside/secret"));
    fs::create_dir(world.at("two")).unwrap();
    fs::write(world.at("two/secret"), "two").unwrap();
    let first = grant(&world.at("root"), &[FsOperation::Read]);
    let second = grant(&world.at("two"), &[FsOperation::Read]);
    let found = read_in(vec![first.clone(), second.clone()], "secret").unwrap();
    assert_eq!(found["content"], "two");
    // And the last error is the one told.
    insta::assert_snapshot!(refusal(read_in(vec![second, first], "a")), @"not_found: FS path component is unavailable for a: No such file or directory (os error 2)");
}

#[test]
fn a_new_file_goes_under_the_first_root_that_has_its_directory() {
    let world = World::new();
    for dir in ["one", "two", "two/d"] {
        fs::create_dir(world.at(dir)).unwrap();
    }
    let authority = granting(vec![
        grant(&world.at("one"), &[FsOperation::Write]),
        grant(&world.at("two"), &[FsOperation::Write]),
    ]);
    for path in ["d/a", "a"] {
        call(
            &authority,
            FsOperation::Write,
            &json!({"path": path, "content": ""}),
        )
        .unwrap();
    }
    assert!(world.at("two/d/a").exists());
    assert!(world.at("one/a").exists());
}

#[test]
fn no_operation_implies_another() {
    let world = World::new();
    world.file("a", "");
    for granted in FsOperation::ALL {
        let authority = granting(vec![grant(&world.at("root"), &[granted])]);
        for (operation, json) in [
            (FsOperation::Read, json!({"path": "a"})),
            (FsOperation::List, json!({"path": "."})),
            (FsOperation::Write, json!({"path": "b", "content": ""})),
        ] {
            let outcome = call(&authority, operation, &json);
            if operation == granted {
                outcome.unwrap();
            } else {
                assert_eq!(
                    refusal(outcome),
                    format!("denied: host_api.fs {operation} denied: no matching operation grant")
                );
            }
        }
    }
}

#[test]
fn a_root_without_the_operation_is_passed_over() {
    let world = World::new();
    world.file("a", "here");
    let roots = vec![
        grant(&world.at("outside"), &[FsOperation::List]),
        grant(&world.at("root"), &[FsOperation::Read]),
    ];
    assert_eq!(read_in(roots, "a").unwrap()["content"], "here");
}

#[test]
fn a_root_is_an_absolute_directory_and_no_link() {
    let world = World::new();
    world.file("a", "");
    let at = |path: &str| world.at(path).to_str().unwrap().to_owned();
    std::os::unix::fs::symlink(world.at("root"), world.at("link")).unwrap();
    // The root that is wrong comes last, so that its error is the one told.
    let told = |wrong: &str| refusal(read_in(vec![root(&at("outside")), root(wrong)], "a"));
    insta::assert_snapshot!(told(" "), @"denied: configured fs grant root is invalid");
    insta::assert_snapshot!(told(&format!("/{}", "a".repeat(4096))), @"denied: configured fs grant root is invalid");
    insta::assert_snapshot!(told("/a\0"), @"denied: configured fs grant root is invalid");
    insta::assert_snapshot!(told("root"), @"denied: configured fs grant root must be an absolute path");
    insta::assert_snapshot!(told(&at("nowhere")), @"io: configured fs grant root is unavailable");
    insta::assert_snapshot!(told(&at("link")), @"denied: configured fs grant root must not be a symlink");
    insta::assert_snapshot!(told(&at("link/")), @"denied: configured fs grant root must not be a symlink");
    insta::assert_snapshot!(told(&at("link/.")), @"denied: configured fs grant root must not be a symlink");
    insta::assert_snapshot!(told(&at("root/a")), @"denied: configured fs grant root must be a directory");
}

#[test]
fn a_root_is_taken_with_spaces_around_and_links_above_it() {
    let world = World::new();
    world.file("a", "here");
    std::os::unix::fs::symlink(world.folder.path(), world.at("above")).unwrap();
    let through = world.at("above/root");
    let found = read_in(vec![root(&format!(" {}/ ", through.to_str().unwrap()))], "a");
    assert_eq!(found.unwrap()["content"], "here");
}
