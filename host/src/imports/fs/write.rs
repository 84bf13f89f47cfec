//! `write`: a file, whole.

use std::io::{self, Write};

use cap_std::fs::Dir;
use serde::Serialize;

use super::descriptor::{self, WriteDescriptor};
use super::error::FsError;
use super::path::RequestPath;
use super::replace::replace;
use super::root::{descend, open_file};
use super::visit::Visit;
use crate::authority::FsOperation;
use crate::imports::HostError;
use crate::limits::FS_CONTENT_BYTES;

const OPERATION: FsOperation = FsOperation::Write;

#[derive(Serialize)]
struct Answer<'a> {
    path: &'a str,
    bytes_written: usize,
}

/// Create or replace a file: `{"path", "content"}` to `{"path", "bytes_written"}`.
///
/// The directory must be there. Whoever reads sees the old content or the new, also after a crash. A file
/// that is replaced keeps its permissions; its owner, where that is another user, becomes the host's.
///
/// # Errors
///
/// Everything that the module's `error` lists, but what is about `read` and `list`. The old content is then
/// untouched, unless the very last step failed, which makes the new name last.
pub(crate) fn write(visit: &mut Visit<'_>, json: &str) -> Result<String, HostError> {
    Ok(answer(visit, json)?)
}

fn answer(visit: &mut Visit<'_>, json: &str) -> Result<String, FsError> {
    descriptor::check_size(json)?;
    visit.permitted(OPERATION)?;
    let WriteDescriptor { path, content } = descriptor::parse(OPERATION, json)?;
    check_size(&content)?;
    let path = RequestPath::parse(&path)?;
    let (parents, name) = path
        .split()
        .filter(|_| !path.names_directory())
        .ok_or(FsError::NoFileName)?;
    let grants = visit.authority.fs(OPERATION).map_err(FsError::Operation)?;

    let (dir, exists) = visit.first_found(&grants, |root| locate(root, parents, name, &path))?;
    // Opening it tells whether it may be written in place: a file that its owner protects stays protected.
    let old = match exists {
        true => Some(open_file(&dir, name, OPERATION, &path)?.1),
        false => None,
    };
    replace(&dir, name, old.as_ref(), |file| match visit.switch {
        None => file.write_all(content.as_bytes()),
        Some(switch) => {
            let mut file = switch.file(file);
            file.write_all(content.as_bytes())?;
            file.flush()
        }
    })
    .map_err(|cause| FsError::Failed {
        operation: OPERATION,
        path: path.shown(),
        cause,
    })?;
    Ok(super::json(&Answer {
        path: &path.echo(),
        bytes_written: content.len(),
    }))
}

/// A descriptor of the size that is allowed holds no content larger than this; the bound is the contract's
/// nevertheless, and stands should the other one be raised.
fn check_size(content: &str) -> Result<(), FsError> {
    if content.len() > FS_CONTENT_BYTES {
        return Err(FsError::ContentTooLarge);
    }
    Ok(())
}

/// The directory that the file is, or is to be, in, and whether it is there.
fn locate(root: Dir, parents: &[&str], name: &str, path: &RequestPath<'_>) -> Result<(Dir, bool), FsError> {
    let dir = descend(root, parents, path)?;
    let entry = match dir.symlink_metadata(name) {
        Ok(entry) => entry,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok((dir, false)),
        Err(cause) => {
            return Err(FsError::Metadata {
                operation: OPERATION,
                path: path.shown(),
                cause,
            });
        }
    };
    if entry.is_symlink() {
        return Err(FsError::WriteSymlink { path: path.shown() });
    }
    if entry.is_dir() {
        return Err(FsError::WriteDirectory { path: path.shown() });
    }
    if !entry.is_file() {
        return Err(FsError::NotRegular {
            operation: OPERATION,
            path: path.shown(),
        });
    }
    Ok((dir, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_content_is_65536_bytes() {
        assert!(check_size(&"a".repeat(65_536)).is_ok());
        let error = check_size(&"a".repeat(65_537)).unwrap_err();
        insta::assert_snapshot!(error, @"FS write content exceeds 65536 bytes");
    }
}
