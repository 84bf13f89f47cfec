//! What an author wrote in a plugin's folder, told from what git is told to ignore and from what tools leave:
//! `target`, `node_modules`, `.venv`, archives and the like.
//!
//! A `.yoiignore` is not asked: it names sources, which are no part of a package and the very thing that is worked
//! on.

use std::ffi::OsStr;
use std::path::Path;

use ignore::{Walk, WalkBuilder};

use crate::limits::PACKAGE_FOLDERS_DEEP;

/// The folder, and all folders and files in it that count. Links are not followed.
pub(crate) fn walk(folder: &Path) -> Walk {
    WalkBuilder::new(folder)
        .hidden(false)
        .parents(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .max_depth(Some(PACKAGE_FOLDERS_DEEP))
        .filter_entry(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || !is_left_behind(entry.file_name(), is_folder)
        })
        .build()
}

/// Whether a name is one that tools leave behind, and nobody writes.
fn is_left_behind(name: &OsStr, is_folder: bool) -> bool {
    const FOLDERS: [&str; 7] = [
        ".git",
        ".venv",
        ".yoi",
        "__pycache__",
        "node_modules",
        "target",
        "venv",
    ];
    // Of packages, and of editors.
    const ENDS: [&str; 6] = [".yoi-plugin", ".swp", ".swx", ".swo", ".tmp", "~"];
    const STARTS: [&str; 2] = [".#", ".goutputstream-"];
    let Some(name) = name.to_str() else {
        return false;
    };
    if is_folder {
        return FOLDERS.contains(&name);
    }
    // The last is a file by which vim finds out whether it may write.
    ENDS.iter().any(|end| name.ends_with(end))
        || STARTS.iter().any(|start| name.starts_with(start))
        || name == "4913"
}
