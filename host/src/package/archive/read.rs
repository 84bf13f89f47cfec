//! From an archive's bytes to the files in it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::Range;

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::super::{Files, PackageFault};
use super::record::{Central, End, Local};
use crate::Profile;
use crate::authority::is_package_path;
use crate::limits::{PACKAGE_ARCHIVE_BYTES, PACKAGE_ENTRIES};

/// An entry's content follows in an archive of streams, with its CRC and sizes after it.
const HAS_DESCRIPTOR: u16 = 1 << 3;
const IS_ENCRYPTED: u16 = 1;
const STORED: u16 = 0;

/// The kind of a file in the upper half of an entry's attributes, as Unix writes it.
const KIND_MASK: u32 = 0o170_000;
const KIND_NONE: u32 = 0;
const KIND_FILE: u32 = 0o100_000;
const KIND_FOLDER: u32 = 0o040_000;
const KIND_LINK: u32 = 0o120_000;

/// The kind of an extra field with sizes of 64 bits.
const ZIP64_FIELD: u16 = 1;

/// The files in an archive, as a host of this profile reads it. Nothing is allocated for what an archive only
/// says of itself.
///
/// # Errors
///
/// The first thing, in the order of the contract, for which it is no archive of a package.
pub fn read(archive: &[u8], profile: Profile) -> Result<Files, PackageFault> {
    if archive.len() > PACKAGE_ARCHIVE_BYTES {
        let bytes = archive.len() as u64;
        return Err(PackageFault::ArchiveTooLarge { bytes });
    }
    let strict = profile == Profile::Documented;
    let end = End::find(archive)?;
    if let Some(part) = [end.disk, end.directory_disk].into_iter().find(|part| *part != 0)
        && !(strict && is_zip64(&end, archive))
    {
        return Err(PackageFault::MultiDisk { part });
    }
    if strict {
        is_alone(&end, archive)?;
    }
    if usize::from(end.entries) > PACKAGE_ENTRIES {
        let entries = end.entries;
        return Err(PackageFault::TooManyEntries { entries });
    }
    let directory = directory(&end, archive)?;
    let entries = entries(&end, archive, &directory, strict)?;

    let mut files = Files::new();
    let mut folders = BTreeSet::new();
    let mut extents = Vec::with_capacity(entries.len());
    for entry in &entries {
        let extent = entry.extent(archive, &files, strict)?;
        let content = &archive[extent.content.clone()];
        if strict {
            entry.check_content(content)?;
        }
        if !entry.is_folder {
            files.insert(entry.path.as_str(), content)?;
        } else if !folders.insert(entry.path.as_str()) {
            let entry = entry.path.clone();
            return Err(PackageFault::Duplicate { entry });
        }
        extents.push(extent);
    }
    if strict {
        no_overlaps(&entries, &extents, &directory)?;
        no_file_is_a_folder(&files, &folders)?;
        another_reader(archive, &entries, &extents)?;
    }
    Ok(files)
}

/// Whether the end record, or what stands before it, is that of a ZIP64 archive.
fn is_zip64(end: &End, archive: &[u8]) -> bool {
    let is_full = [end.disk, end.directory_disk, end.entries_here, end.entries].contains(&u16::MAX)
        || [end.directory_bytes, end.directory_start].contains(&u32::MAX);
    is_full || end.has_zip64_locator(archive)
}

/// That nobody can take something else for the archive's end.
fn is_alone(end: &End, archive: &[u8]) -> Result<(), PackageFault> {
    if is_zip64(end, archive) {
        let place = "its end record".to_owned();
        return Err(PackageFault::Zip64 { place });
    }
    let ends = (end.at + super::record::END_BYTES + usize::from(end.comment_bytes)) as u64;
    if ends != archive.len() as u64 {
        return Err(PackageFault::LooseEnd {
            part: "end record",
            ends,
            wanted: archive.len() as u64,
        });
    }
    if end.entries_here != end.entries {
        return Err(PackageFault::CountsDiffer {
            here: end.entries_here,
            all: end.entries,
        });
    }
    Ok(())
}

/// Where the directory is.
fn directory(end: &End, archive: &[u8]) -> Result<Range<usize>, PackageFault> {
    let directory = range(end.directory_start.into(), end.directory_bytes, archive);
    directory.ok_or(PackageFault::DirectoryOutside {
        start: end.directory_start,
        bytes: end.directory_bytes,
        archive: archive.len(),
    })
}

/// A range of the archive, if it is one.
fn range(start: u64, bytes: u32, archive: &[u8]) -> Option<Range<usize>> {
    let end = start.checked_add(bytes.into())?;
    (end <= archive.len() as u64).then_some(start as usize..end as usize)
}

/// An entry with a name that may be one in a package.
struct Entry<'a> {
    central: Central<'a>,
    path: String,
    is_folder: bool,
}

/// What of the archive is an entry's.
struct Extent {
    /// From its header to the end of its content.
    whole: Range<usize>,
    content: Range<usize>,
}

/// Every entry of the directory.
fn entries<'a>(
    end: &End,
    archive: &'a [u8],
    directory: &Range<usize>,
    strict: bool,
) -> Result<Vec<Entry<'a>>, PackageFault> {
    let mut entries = Vec::with_capacity(end.entries.into());
    let mut at = directory.start;
    for number in 1..=end.entries.into() {
        let central = Central::parse(archive, directory.end, at, number)?;
        at = central.next;
        let Ok(name) = str::from_utf8(central.name) else {
            let entry = String::from_utf8_lossy(central.name).into_owned();
            return Err(PackageFault::NameNotUtf8 { entry });
        };
        let folder = name.strip_suffix('/').filter(|_| strict);
        let path = folder.unwrap_or(name);
        if !is_package_path(path) {
            let entry = name.to_owned();
            return Err(PackageFault::Escapes { entry });
        }
        entries.push(Entry {
            path: path.to_owned(),
            is_folder: folder.is_some(),
            central,
        });
    }
    for (ends, wanted) in [(at, directory.end), (directory.end, end.at)] {
        if strict && ends != wanted {
            return Err(PackageFault::LooseEnd {
                part: "directory",
                ends: ends as u64,
                wanted: wanted as u64,
            });
        }
    }
    Ok(entries)
}

impl Entry<'_> {
    /// Where it is in the archive, if everything that is said of it fits together.
    fn extent(&self, archive: &[u8], files: &Files, strict: bool) -> Result<Extent, PackageFault> {
        let central = &self.central;
        let entry = || self.path.clone();
        if central.flags & IS_ENCRYPTED != 0 {
            return Err(PackageFault::Encrypted { entry: entry() });
        }
        let kind = (central.attributes >> 16) & KIND_MASK;
        if kind == KIND_LINK {
            return Err(PackageFault::Symlink {
                entry: entry(),
                in_folder: false,
            });
        }
        let own_kind = if self.is_folder { KIND_FOLDER } else { KIND_FILE };
        if strict && ![KIND_NONE, own_kind].contains(&kind) {
            return Err(PackageFault::Special { entry: entry() });
        }
        if central.method != STORED {
            let (entry, method) = (entry(), central.method);
            return Err(PackageFault::Compressed { entry, method });
        }
        if strict {
            self.check_zip64([central.compressed, central.uncompressed, central.local_at])?;
        }
        files.total_with(&self.path, central.uncompressed as usize)?;

        let local = Local::parse(archive, central.local_at, &self.path)?;
        self.agrees("flags", local.flags, central.flags)?;
        self.agrees("method", local.method, central.method)?;
        let content = range(local.data_at, central.compressed, archive);
        let content = content.ok_or_else(|| PackageFault::DataOutside {
            entry: entry(),
            start: local.data_at,
            bytes: central.compressed,
            archive: archive.len(),
        })?;
        if central.compressed != central.uncompressed {
            return Err(PackageFault::SizesDiffer {
                entry: entry(),
                stored: central.compressed,
                bytes: central.uncompressed,
            });
        }
        if strict {
            self.check_local(&local)?;
        }
        Ok(Extent {
            whole: central.local_at as usize..content.end,
            content,
        })
    }

    /// That none of these fields says that its value is in a field of 64 bits.
    fn check_zip64<const N: usize>(&self, fields: [u32; N]) -> Result<(), PackageFault> {
        if fields.contains(&u32::MAX) || self.central.extra_kinds().any(|kind| kind == ZIP64_FIELD) {
            let place = format!("the sizes of `{}`", self.path);
            return Err(PackageFault::Zip64 { place });
        }
        Ok(())
    }

    /// What the yoi host does not compare.
    fn check_local(&self, local: &Local<'_>) -> Result<(), PackageFault> {
        let central = &self.central;
        self.check_zip64([local.compressed, local.uncompressed])?;
        let name = local.name.unwrap_or_default();
        if name != central.name {
            return Err(PackageFault::HeadersDiffer {
                entry: self.path.clone(),
                field: "name",
                local: format!("`{}`", String::from_utf8_lossy(name)),
                central: format!("`{}`", String::from_utf8_lossy(central.name)),
            });
        }
        let follows = |field: u32| central.flags & HAS_DESCRIPTOR != 0 && field == 0;
        for (field, local, central) in [
            ("stored size", local.compressed, central.compressed),
            ("size", local.uncompressed, central.uncompressed),
        ] {
            if !follows(local) {
                self.agrees(field, local, central)?;
            }
        }
        if !follows(local.crc) {
            let [local, central] = [local.crc, central.crc].map(|crc| format!("{crc:08x}"));
            self.agrees("CRC", local, central)?;
        }
        Ok(())
    }

    fn agrees<T: PartialEq + ToString>(
        &self,
        field: &'static str,
        local: T,
        central: T,
    ) -> Result<(), PackageFault> {
        if local == central {
            return Ok(());
        }
        Err(PackageFault::HeadersDiffer {
            entry: self.path.clone(),
            field,
            local: local.to_string(),
            central: central.to_string(),
        })
    }

    fn check_content(&self, content: &[u8]) -> Result<(), PackageFault> {
        if self.is_folder && !content.is_empty() {
            return Err(PackageFault::FolderWithContent {
                entry: self.path.clone(),
                bytes: self.central.uncompressed,
            });
        }
        let stored = self.central.crc;
        if stored != 0 {
            let computed = crc32fast::hash(content);
            if computed != stored {
                return Err(PackageFault::Damaged {
                    entry: self.path.clone(),
                    stored,
                    computed,
                });
            }
        }
        Ok(())
    }
}

/// That no byte is part of two entries, or of an entry and the directory.
fn no_overlaps(
    entries: &[Entry<'_>],
    extents: &[Extent],
    directory: &Range<usize>,
) -> Result<(), PackageFault> {
    let named = entries.iter().zip(extents);
    let mut all: Vec<(&Range<usize>, Option<&Entry<'_>>)> = named
        .map(|(entry, extent)| (&extent.whole, Some(entry)))
        .collect();
    // Nothing comes after the directory but the end record, which ends the archive.
    all.push((directory, None));
    all.sort_by_key(|(range, _)| range.start);
    for pair in all.windows(2) {
        let [(first, one), (second, other)] = pair else {
            continue;
        };
        if first.end > second.start {
            let of = |entry: &Option<&Entry<'_>>| match entry {
                Some(entry) => Cow::Owned(format!("`{}`", entry.path)),
                None => Cow::Borrowed("the archive's directory"),
            };
            let (entry, other) = match one {
                Some(entry) => (entry.path.clone(), of(other)),
                None => (
                    other.map(|entry| entry.path.clone()).unwrap_or_default(),
                    of(&None),
                ),
            };
            return Err(PackageFault::Overlaps {
                entry,
                other: other.into_owned(),
            });
        }
    }
    Ok(())
}

fn no_file_is_a_folder(files: &Files, folders: &BTreeSet<&str>) -> Result<(), PackageFault> {
    let mut named = folders
        .iter()
        .copied()
        .filter(|folder| files.get(folder).is_some());
    match files.file_and_folder().or_else(|| named.next()) {
        Some(path) => Err(PackageFault::FileAndFolder {
            entry: path.to_owned(),
        }),
        None => Ok(()),
    }
}

/// That the crate `zip`, which knows far more of the format, finds the same in the archive.
fn another_reader(archive: &[u8], entries: &[Entry<'_>], extents: &[Extent]) -> Result<(), PackageFault> {
    let differs = |reason: String| PackageFault::OtherReader { reason };
    // Places count from the beginning of the file. Left to itself it would look for another beginning.
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut other =
        ZipArchive::with_config(config, Cursor::new(archive)).map_err(|cause| differs(cause.to_string()))?;
    if other.len() != entries.len() {
        return Err(differs(format!(
            "it counts {} entries, not {}",
            other.len(),
            entries.len()
        )));
    }
    for (index, (entry, extent)) in entries.iter().zip(extents).enumerate() {
        let found = other
            .by_index_raw(index)
            .map_err(|cause| differs(format!("`{}`: {cause}", entry.path)))?;
        let name = found.name().unwrap_or_default();
        if name.as_bytes() != entry.central.name {
            return Err(PackageFault::OtherName {
                entry: entry.path.clone(),
                other: name.into_owned(),
            });
        }
        let start = extent.content.start as u64;
        let place = (found.data_start(), found.compressed_size(), found.size());
        let bytes = extent.content.len() as u64;
        if place != (Some(start), bytes, bytes) {
            return Err(differs(format!("`{}` is elsewhere", entry.path)));
        }
    }
    Ok(())
}
