//! The same room once more, slow and obvious, on paths and with nothing but the standard library: sound as
//! long as nobody changes the tree. Both are asked the same on trees that are the same, and agree.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{World, call};
use crate::authority::FsOperation;
use crate::imports::HostErrorCode;

/// What a call should come to. `content` is for `write`.
fn reference(root: &Path, operation: FsOperation, path: &str, content: &str) -> Result<Value, HostErrorCode> {
    let target = resolve(root, operation, path)?;
    let kind = fs::symlink_metadata(&target).ok();
    if kind.as_ref().is_some_and(|kind| kind.is_symlink()) {
        return Err(HostErrorCode::Denied);
    }
    if operation == FsOperation::Write && kind.is_none() {
        fs::write(&target, content).unwrap();
        return Ok(json!({"path": path, "bytes_written": content.len()}));
    }
    let kind = kind.ok_or(HostErrorCode::NotFound)?;
    // From here on a path could be trusted to the system.
    let real = target.canonicalize().unwrap();
    assert!(
        real.starts_with(root.canonicalize().unwrap()),
        "{real:?} is outside"
    );

    if operation == FsOperation::List {
        if !kind.is_dir() {
            return Err(HostErrorCode::Invalid);
        }
        let mut entries: Vec<_> = fs::read_dir(&real).unwrap().map(Result::unwrap).collect();
        entries.sort_by_key(|entry| entry.file_name());
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| json!({"name": entry.file_name().to_str().unwrap(), "kind": word(&entry.path())}))
            .collect();
        return Ok(json!({"path": path, "entries": entries, "truncated": false}));
    }
    if !kind.is_file() || path.ends_with('/') || path.ends_with("/.") {
        return Err(HostErrorCode::Invalid);
    }
    if kind.nlink() > 1 {
        return Err(HostErrorCode::Denied);
    }
    if operation == FsOperation::Write {
        fs::write(&real, content).unwrap();
        return Ok(json!({"path": path, "bytes_written": content.len()}));
    }
    Ok(json!({"path": path, "content": fs::read_to_string(&real).unwrap(), "truncated": false}))
}

/// Where the path leads if no name on the way is a link.
fn resolve(root: &Path, operation: FsOperation, path: &str) -> Result<PathBuf, HostErrorCode> {
    if path.is_empty() {
        return Err(HostErrorCode::Invalid);
    }
    let mut names = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(HostErrorCode::Denied);
            }
        }
    }
    let names_directory = names.is_empty() || path.ends_with('/') || path.ends_with("/.");
    if operation == FsOperation::Write && names_directory {
        return Err(HostErrorCode::Invalid);
    }
    let last = names.pop();
    let mut current = root.to_owned();
    for name in names {
        current.push(name);
        let entry = fs::symlink_metadata(&current).map_err(|_| HostErrorCode::NotFound)?;
        if entry.is_symlink() {
            return Err(HostErrorCode::Denied);
        }
        if !entry.is_dir() {
            return Err(HostErrorCode::NotFound);
        }
    }
    current.extend(last);
    Ok(current)
}

fn word(path: &Path) -> &'static str {
    let kind = fs::symlink_metadata(path).unwrap().file_type();
    match () {
        () if kind.is_symlink() => "symlink",
        () if kind.is_dir() => "dir",
        () if kind.is_file() => "file",
        () => "other",
    }
}

/// Something to put into a tree. Paths are from the folder that holds the root.
#[derive(Debug, Clone)]
enum Node {
    Dir,
    File(String),
    Link(&'static str),
    HardLink(String),
    Fifo,
}

fn paths_in_tree() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof!["a", "b", "c"], 1..4)
        .prop_map(|names| format!("root/{}", names.join("/")))
}

fn nodes() -> impl Strategy<Value = Node> {
    prop_oneof![
        4 => Just(Node::Dir),
        3 => "[a-z]{0,8}".prop_map(Node::File),
        3 => proptest::sample::select(vec![
            "a", "b", "a/b", ".", "..", "../b", "../../outside", "../outside", "../outside/secret",
            "../root", "../root/a", "nowhere", "c",
        ]).prop_map(Node::Link),
        1 => prop_oneof![paths_in_tree(), Just("outside/secret".to_owned())].prop_map(Node::HardLink),
        1 => Just(Node::Fifo),
    ]
}

fn requested() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        4 => Just("a"),
        4 => Just("b"),
        3 => Just("c"),
        1 => Just("."),
        1 => Just(""),
        1 => Just(".."),
        1 => Just("secret"),
    ];
    proptest::collection::vec(segment, 0..5).prop_map(|segments| segments.join("/"))
}

fn calls() -> impl Strategy<Value = (FsOperation, String)> {
    (proptest::sample::select(FsOperation::ALL.to_vec()), requested())
}

/// Put a node in place, if the tree has room for it there.
fn plant(world: &World, path: &str, node: &Node) {
    let at = world.at(path);
    let Some(parent) = at.parent().filter(|parent| plain_directory(world, parent)) else {
        return;
    };
    assert!(parent.exists());
    let _ = match node {
        Node::Dir => fs::create_dir(&at),
        Node::File(content) if fs::symlink_metadata(&at).is_err() => fs::write(&at, content),
        Node::File(_) => Ok(()),
        Node::Link(target) => symlink(target, &at),
        Node::HardLink(original) if is_file(&world.at(original)) => fs::hard_link(world.at(original), &at),
        Node::HardLink(_) => Ok(()),
        Node::Fifo if fs::symlink_metadata(&at).is_err() => {
            super::fifo(&at);
            Ok(())
        }
        Node::Fifo => Ok(()),
    };
}

/// Whether it is a directory without a link on the way, so that nothing is planted outside.
fn plain_directory(world: &World, path: &Path) -> bool {
    let real = world.folder.path().canonicalize().unwrap();
    let inside = path.strip_prefix(world.folder.path()).unwrap();
    path.is_dir() && path.canonicalize().unwrap() == real.join(inside)
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|entry| entry.is_file())
}

/// Everything there is in a folder, a line each.
fn snapshot(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::symlink_metadata(&path).unwrap();
            let kind = data.file_type();
            let what = if kind.is_symlink() {
                format!("to {}", fs::read_link(&path).unwrap().display())
            } else if kind.is_file() {
                format!("{} {}", data.nlink(), fs::read_to_string(&path).unwrap())
            } else {
                format!("fifo {}", kind.is_fifo())
            };
            let mode = data.permissions().mode();
            let name = path.strip_prefix(folder).unwrap().display();
            lines.push(format!("{name} {mode:o} {what}"));
            if kind.is_dir() {
                folders.push(path);
            }
        }
    }
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_reference_agrees(
        tree in proptest::collection::vec((paths_in_tree(), nodes()), 0..16),
        calls in proptest::collection::vec(calls(), 1..24),
    ) {
        let ours = World::new();
        let theirs = World::new();
        for (path, node) in &tree {
            plant(&ours, path, node);
            plant(&theirs, path, node);
        }
        prop_assert_eq!(snapshot(ours.folder.path()), snapshot(theirs.folder.path()));

        for (number, (operation, path)) in calls.iter().enumerate() {
            let content = format!("written by call {number}");
            let mut request = json!({ "path": path });
            if *operation == FsOperation::Write {
                request["content"] = content.clone().into();
            }
            let outcome = call(&ours.authority, *operation, &request);
            let expected = reference(&theirs.at("root"), *operation, path, &content);
            prop_assert_eq!(outcome.map_err(|error| error.code), expected, "{} {}", operation, path);
        }
        prop_assert_eq!(snapshot(ours.folder.path()), snapshot(theirs.folder.path()));
    }
}
