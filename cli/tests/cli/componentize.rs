//! `yoikit componentize`.

use std::fs;
use std::path::Path;

use crate::run::{assert_ran, yoikit};

#[test]
fn a_component_with_wasi_becomes_one_that_can_be_called() {
    let folder = tempfile::tempdir().unwrap();
    let whole = yoi_guests::STD_RICH.component().to_str().unwrap();
    let ran = yoikit(folder.path(), &["componentize", whole, "-o", "out.wasm"]);
    assert_ran!(ran, @"
    exit 0
    --- stdout
    component   out.wasm ([SIZE], made of [SIZE])
                replaced wasi:clocks/monotonic-clock@0.2.6
                replaced wasi:clocks/wall-clock@0.2.6
                replaced wasi:random/insecure-seed@0.2.6
    ");
    let inspected = yoikit(folder.path(), &["inspect", "out.wasm"]);
    assert_eq!(inspected.status, 0, "{}", inspected.whole());
}

#[test]
fn what_cannot_be_made_a_component_leaves_the_output_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.wasm"), "(component)").unwrap();
    fs::write(folder.path().join("out.wasm"), "earlier").unwrap();
    assert_ran!(yoikit(folder.path(), &["componentize", "in.wasm", "-o", "out.wasm"]), @"
    exit 3
    --- stderr
    error: failed to make a component of in.wasm: not WebAssembly: the text form (WAT); it is to be assembled first
    ");
    assert_eq!(fs::read(folder.path().join("out.wasm")).unwrap(), b"earlier");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let whole = yoi_guests::ECHO.component().to_str().unwrap();
    let ran = yoikit(
        Path::new("/"),
        &["componentize", whole, "-o", "/no/such/folder/out.wasm"],
    );
    assert_ran!(ran, @"
    exit 3
    --- stderr
    error: failed to write /no/such/folder/out.wasm: No such file or directory (os error 2)
    ");
}
