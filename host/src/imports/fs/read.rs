//! `read`: the beginning of a file.

use std::io::{self, Read};

use cap_std::fs::Dir;
use serde::Serialize;

use super::descriptor::{self, PathDescriptor};
use super::error::FsError;
use super::path::RequestPath;
use super::root::{descend, entry, open_file};
use super::visit::Visit;
use crate::authority::FsOperation;
use crate::imports::HostError;
use crate::limits::FS_READ_BYTES;

const OPERATION: FsOperation = FsOperation::Read;

#[derive(Serialize)]
struct Answer<'a> {
    path: &'a str,
    content: &'a str,
    truncated: bool,
}

/// The first 65 536 bytes of a file: `{"path"}` to `{"path", "content", "truncated"}`.
///
/// What is not UTF-8 is replaced, a character that the end cuts through as well.
///
/// # Errors
///
/// Everything that the module's `error` lists, but what is about `list` and `write`.
pub(crate) fn read(visit: &mut Visit<'_>, json: &str) -> Result<String, HostError> {
    Ok(answer(visit, json)?)
}

fn answer(visit: &mut Visit<'_>, json: &str) -> Result<String, FsError> {
    descriptor::check_size(json)?;
    visit.permitted(OPERATION)?;
    let PathDescriptor { path } = descriptor::parse(OPERATION, json)?;
    let path = RequestPath::parse(&path)?;
    let grants = visit.authority.fs(OPERATION).map_err(FsError::Operation)?;

    let (dir, name) = visit
        .first_found(&grants, |root| locate(root, &path))?
        .ok_or_else(|| FsError::NotRegular {
            operation: OPERATION,
            path: path.shown(),
        })?;
    let (file, _) = open_file(&dir, name, OPERATION, &path)?;
    let beginning = match visit.switch {
        None => beginning(file),
        Some(switch) => beginning(switch.file(file)),
    };
    let (bytes, truncated) = beginning.map_err(|cause| FsError::Failed {
        operation: OPERATION,
        path: path.shown(),
        cause,
    })?;
    Ok(super::json(&Answer {
        path: &path.echo(),
        content: &String::from_utf8_lossy(&bytes),
        truncated,
    }))
}

/// The directory that a file is in, and its name there; none where something else has it.
fn locate<'a>(root: Dir, path: &RequestPath<'a>) -> Result<Option<(Dir, &'a str)>, FsError> {
    let Some((parents, name)) = path.split() else {
        return Ok(None);
    };
    let dir = descend(root, parents, path)?;
    let regular = entry(&dir, name, path)?.is_file() && !path.names_directory();
    Ok(regular.then_some((dir, name)))
}

fn beginning(file: impl Read) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    file.take(FS_READ_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let truncated = bytes.len() > FS_READ_BYTES;
    bytes.truncate(FS_READ_BYTES);
    Ok((bytes, truncated))
}
