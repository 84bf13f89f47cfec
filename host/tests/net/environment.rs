//! Proxies, and everything else that an environment could ask of a client.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// `HTTP_PROXY`, `ALL_PROXY` and their like have no effect because nothing on the way out looks for them: not
/// our code, and none of the crates it uses (hyper's connection, rustls and tungstenite are given a stream).
#[test]
fn nothing_on_the_way_out_reads_an_environment_variable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folders = ["world", "imports/egress", "imports/request", "imports/websocket"];
    let files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .collect();
    assert!(files.len() > 15, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for word in ["env::", "var_os", "PROXY"] {
            assert!(!text.contains(word), "{} has `{word}`", file.display());
        }
    }
}
