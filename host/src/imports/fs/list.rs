//! `list`: what a directory holds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use cap_std::fs::{Dir, FileType};
use serde::Serialize;

use super::descriptor::{self, PathDescriptor};
use super::error::FsError;
use super::path::RequestPath;
use super::root::{descend, enter, entry};
use super::visit::Visit;
use crate::authority::FsOperation;
use crate::imports::HostError;
use crate::limits::{FS_ENTRIES, FS_ENTRIES_READ};
use crate::world::Switch;

const OPERATION: FsOperation = FsOperation::List;

#[derive(Serialize)]
struct Answer<'a> {
    path: &'a str,
    entries: Vec<Entry>,
    truncated: bool,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    File,
    Dir,
    Symlink,
    Other,
}

/// The first 256 names in a directory, by their bytes: `{"path"}` to `{"path", "entries", "truncated"}`.
///
/// # Errors
///
/// Everything that the module's `error` lists, but what is about `read` and `write`.
pub(crate) fn list(visit: &mut Visit<'_>, json: &str) -> Result<String, HostError> {
    Ok(answer(visit, json)?)
}

fn answer(visit: &mut Visit<'_>, json: &str) -> Result<String, FsError> {
    descriptor::check_size(json)?;
    visit.permitted(OPERATION)?;
    let PathDescriptor { path } = descriptor::parse(OPERATION, json)?;
    let path = RequestPath::parse(&path)?;
    let grants = visit.authority.fs(OPERATION).map_err(FsError::Operation)?;

    let dir = visit
        .first_found(&grants, |root| locate(root, &path))?
        .ok_or_else(|| FsError::NotDirectory { path: path.shown() })?;
    let failed = |cause| FsError::Failed {
        operation: OPERATION,
        path: path.shown(),
        cause,
    };
    let first = visit
        .switch
        .map_or(Ok(()), Switch::disk)
        .and_then(|()| dir.entries())
        .and_then(|entries| first(entries.map(|entry| named(&entry?))))
        .map_err(failed)?
        .ok_or_else(|| FsError::TooManyEntries { path: path.shown() })?;
    Ok(super::json(&Answer {
        path: &path.echo(),
        entries: first
            .names
            .into_iter()
            .map(|(name, kind)| shown(&dir, name, kind))
            .collect(),
        truncated: first.truncated,
    }))
}

/// The directory that a path names; none where something else has the name.
fn locate(root: Dir, path: &RequestPath<'_>) -> Result<Option<Dir>, FsError> {
    let Some((parents, name)) = path.split() else {
        return Ok(Some(root));
    };
    let dir = descend(root, parents, path)?;
    if !entry(&dir, name, path)?.is_dir() {
        return Ok(None);
    }
    enter(&dir, name, path).map(Some)
}

fn named(entry: &cap_std::fs::DirEntry) -> io::Result<(OsString, FileType)> {
    Ok((entry.file_name(), entry.file_type()?))
}

struct First<K> {
    names: BTreeMap<OsString, K>,
    truncated: bool,
}

/// The first names by their bytes, whatever the order in which the system gives them, holding no more than
/// them at a time; none where there are more than are read.
fn first<K>(entries: impl Iterator<Item = io::Result<(OsString, K)>>) -> io::Result<Option<First<K>>> {
    let mut names = BTreeMap::new();
    let mut truncated = false;
    for (count, entry) in entries.enumerate() {
        if count == FS_ENTRIES_READ {
            return Ok(None);
        }
        let (name, kind) = entry?;
        names.insert(name, kind);
        if names.len() > FS_ENTRIES {
            names.pop_last();
            truncated = true;
        }
    }
    Ok(Some(First { names, truncated }))
}

fn shown(dir: &Dir, name: OsString, kind: FileType) -> Entry {
    let kind = match Kind::of(kind) {
        // Some file systems do not say in a listing what a name stands for.
        Kind::Other => dir
            .symlink_metadata(&name)
            .map_or(Kind::Other, |entry| Kind::of(entry.file_type())),
        known => known,
    };
    Entry {
        name: name.to_string_lossy().into_owned(),
        kind,
    }
}

impl Kind {
    fn of(file_type: FileType) -> Self {
        if file_type.is_file() {
            Self::File
        } else if file_type.is_dir() {
            Self::Dir
        } else if file_type.is_symlink() {
            Self::Symlink
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_names_are_those_of_the_sorted_whole(
            numbers in proptest::collection::hash_set(0_u32..2000, 0..600),
        ) {
            let all: Vec<OsString> = numbers.iter().map(|number| number.to_string().into()).collect();
            let first = first(all.iter().map(|name| Ok((name.clone(), ())))).unwrap().unwrap();
            let mut sorted = all.clone();
            sorted.sort();
            sorted.truncate(256);
            prop_assert_eq!(first.names.into_keys().collect::<Vec<_>>(), sorted);
            prop_assert_eq!(first.truncated, all.len() > 256);
        }
    }

    #[test]
    fn a_directory_is_read_to_65536_entries_and_no_further() {
        let entries = |count: u32| (0..count).map(|number| Ok((number.to_string().into(), ())));
        assert!(first(entries(65_536)).unwrap().is_some());
        assert!(
            first(entries(65_537).chain(std::iter::repeat_with(|| panic!("read on"))))
                .unwrap()
                .is_none()
        );
    }
}
