//! From a grant to a handle on its root, and from there, a handle at a time, to what a path names.
//!
//! After the root is open no path is resolved by the system any more: each step opens one name within one
//! open directory and never follows a link. What is renamed or replaced meanwhile cannot lead elsewhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

use super::error::FsError;
use super::path::RequestPath;
use crate::authority::FsOperation;
use crate::limits::FS_PATH_BYTES;

/// Open the directory that a grant names: the one place where a path of the host's is resolved.
pub(super) fn open_root(root: &str) -> Result<Dir, FsError> {
    let root = root.trim();
    if root.is_empty() || root.len() > FS_PATH_BYTES || root.contains('\0') {
        return Err(FsError::RootInvalid);
    }
    let root = Path::new(root);
    if !root.is_absolute() {
        return Err(FsError::RootRelative);
    }
    // Without a trailing slash or dot, which would have the system follow a link that the root itself is.
    let root: PathBuf = root.components().collect();
    let seen = fs::symlink_metadata(&root).map_err(|_| FsError::RootUnavailable)?;
    if seen.is_symlink() {
        return Err(FsError::RootSymlink);
    }
    if !seen.is_dir() {
        return Err(FsError::RootNoDirectory);
    }
    let dir = Dir::open_ambient_dir(&root, ambient_authority()).map_err(|_| FsError::RootUnavailable)?;
    let opened = dir.dir_metadata().map_err(|_| FsError::RootUnavailable)?;
    if (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) {
        // It was replaced between the two looks, possibly by a link.
        return Err(FsError::RootUnavailable);
    }
    Ok(dir)
}

/// Go down a directory for each name.
pub(super) fn descend(root: Dir, names: &[&str], path: &RequestPath<'_>) -> Result<Dir, FsError> {
    names.iter().try_fold(root, |dir, name| enter(&dir, name, path))
}

/// One directory down.
pub(super) fn enter(dir: &Dir, name: &str, path: &RequestPath<'_>) -> Result<Dir, FsError> {
    dir.open_dir_nofollow(name)
        .map_err(|cause| match dir.symlink_metadata(name) {
            _ if led_outside(&cause) => FsError::Symlink { path: path.shown() },
            Ok(entry) if entry.is_symlink() => FsError::Symlink { path: path.shown() },
            _ => FsError::Unavailable {
                path: path.shown(),
                cause,
            },
        })
}

/// What a name stands for in a directory; it is there, and no link.
pub(super) fn entry(dir: &Dir, name: &str, path: &RequestPath<'_>) -> Result<Metadata, FsError> {
    let entry = dir.symlink_metadata(name).map_err(|cause| FsError::Unavailable {
        path: path.shown(),
        cause,
    })?;
    if entry.is_symlink() {
        return Err(FsError::Symlink { path: path.shown() });
    }
    Ok(entry)
}

/// Open a regular file with one name.
///
/// The caller has seen that it is a regular file, so that nothing is done to a device by opening it. That it
/// still was one when it was opened, the handle says: a link is not followed, and a FIFO does not block.
pub(super) fn open_file(
    dir: &Dir,
    name: &str,
    operation: FsOperation,
    path: &RequestPath<'_>,
) -> Result<(File, Metadata), FsError> {
    let mut options = OpenOptions::new();
    match operation {
        FsOperation::Write => options.write(true),
        FsOperation::Read | FsOperation::List => options.read(true),
    };
    options.follow(FollowSymlinks::No).nonblock(true);
    let file = dir
        .open_with(name, &options)
        .map_err(|cause| not_opened(dir, name, cause, operation, path))?;
    let opened = file.metadata().map_err(|cause| FsError::Metadata {
        operation,
        path: path.shown(),
        cause,
    })?;
    if !opened.is_file() {
        return Err(FsError::NotRegular {
            operation,
            path: path.shown(),
        });
    }
    if opened.nlink() > 1 {
        return Err(FsError::HardLink {
            operation,
            path: path.shown(),
        });
    }
    Ok((file, opened))
}

fn not_opened(
    dir: &Dir,
    name: &str,
    cause: io::Error,
    operation: FsOperation,
    path: &RequestPath<'_>,
) -> FsError {
    let path = path.shown();
    match dir.symlink_metadata(name) {
        _ if led_outside(&cause) => FsError::Symlink { path },
        Ok(entry) if entry.is_symlink() => FsError::Symlink { path },
        Ok(entry) if !entry.is_file() => FsError::NotRegular { operation, path },
        _ => FsError::Failed {
            operation,
            path,
            cause,
        },
    }
}

/// Whether a name was not followed because it led out of its directory, which only a link does. The link may
/// be gone when one looks for it; this error, the directory's own and no call's, still says that it was there.
fn led_outside(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// What the calls below meet when the tree is changed after they have looked at it: the look is left out.
    fn opened(name: &str, operation: FsOperation) -> String {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::write(at("first"), "").unwrap();
        fs::hard_link(at("first"), at("second")).unwrap();
        fs::create_dir(at("dir")).unwrap();
        symlink("file", at("link")).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let dir = open_root(folder.path().to_str().unwrap()).unwrap();
        let path = RequestPath::parse(name).unwrap();
        match open_file(&dir, name, operation, &path) {
            Ok(_) => "opened".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_handle_is_judged_and_not_what_was_seen_before() {
        let opened = |name| {
            [FsOperation::Read, FsOperation::Write]
                .map(|operation| opened(name, operation))
                .join("\n")
        };
        assert_eq!(opened("file"), "opened\nopened");
        insta::assert_snapshot!(opened("link"), @r"
        FS path symlink escape is denied: link
        FS path symlink escape is denied: link
        ");
        insta::assert_snapshot!(opened("dir"), @r"
        FS read target is not a regular file: dir
        FS write target is not a regular file: dir
        ");
        insta::assert_snapshot!(opened("fifo"), @r"
        FS read target is not a regular file: fifo
        FS write target is not a regular file: fifo
        ");
        insta::assert_snapshot!(opened("second"), @r"
        FS read target has other names (hard links), which may lie outside the grant root: second
        FS write target has other names (hard links), which may lie outside the grant root: second
        ");
        insta::assert_snapshot!(opened("nothing"), @r"
        FS read failed for nothing: No such file or directory (os error 2)
        FS write failed for nothing: No such file or directory (os error 2)
        ");
    }

    #[test]
    fn what_led_outside_is_said_to_be_a_link_though_it_is_none_any_more() {
        let folder = tempfile::tempdir().unwrap();
        symlink("/", folder.path().join("link")).unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let dir = open_root(folder.path().to_str().unwrap()).unwrap();
        let path = RequestPath::parse("file").unwrap();
        let reason = |cause| not_opened(&dir, "file", cause, FsOperation::Read, &path).to_string();
        insta::assert_snapshot!(reason(dir.open("link").unwrap_err()), @"FS path symlink escape is denied: file");
        insta::assert_snapshot!(
            reason(io::Error::from_raw_os_error(13)),
            @"FS read failed for file: Permission denied (os error 13)"
        );
    }

    #[test]
    fn a_link_is_not_entered() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("dir")).unwrap();
        symlink("dir", folder.path().join("link")).unwrap();
        let root = || open_root(folder.path().to_str().unwrap()).unwrap();
        let path = RequestPath::parse("link").unwrap();
        assert!(enter(&root(), "dir", &path).is_ok());
        assert!(matches!(
            enter(&root(), "link", &path),
            Err(FsError::Symlink { .. })
        ));
    }

    #[test]
    fn a_directory_that_is_moved_while_it_is_open_is_still_the_same() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("dir")).unwrap();
        fs::write(folder.path().join("dir/a"), "inside").unwrap();
        let root = open_root(folder.path().to_str().unwrap()).unwrap();
        let path = RequestPath::parse("dir/a").unwrap();
        let dir = descend(root, &["dir"], &path).unwrap();
        fs::rename(folder.path().join("dir"), folder.path().join("moved")).unwrap();
        symlink("/", folder.path().join("dir")).unwrap();
        assert!(open_file(&dir, "a", FsOperation::Read, &path).is_ok());
    }
}
