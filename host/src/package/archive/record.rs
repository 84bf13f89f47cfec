//! The three records of a zip archive, field by field. What a value means is not decided here.

use super::super::PackageFault;

const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const CENTRAL_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const ZIP64_LOCATOR_SIGNATURE: [u8; 4] = *b"PK\x06\x07";

/// Bytes of an end record without its comment.
pub(super) const END_BYTES: usize = 22;

/// Bytes of an entry of the directory without its name, extra fields and comment.
pub(super) const CENTRAL_BYTES: usize = 46;

/// Bytes of a local header without its name and extra fields.
pub(super) const LOCAL_BYTES: usize = 30;

/// Bytes of the locator that stands before the end record of a ZIP64 archive.
const ZIP64_LOCATOR_BYTES: usize = 20;

/// How far from the end an end record can begin: its comment has at most 65 535 bytes.
const END_SEARCH_BYTES: usize = END_BYTES + u16::MAX as usize;

/// The record at an archive's end.
pub(super) struct End {
    pub(super) at: usize,
    pub(super) disk: u16,
    pub(super) directory_disk: u16,
    pub(super) entries_here: u16,
    pub(super) entries: u16,
    pub(super) directory_bytes: u32,
    pub(super) directory_start: u32,
    pub(super) comment_bytes: u16,
}

/// An entry of an archive's directory.
pub(super) struct Central<'a> {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u32,
    pub(super) uncompressed: u32,
    pub(super) attributes: u32,
    pub(super) local_at: u32,
    pub(super) name: &'a [u8],
    /// Its extra fields, as far as the directory has them.
    pub(super) extra: &'a [u8],
    /// Where the next entry begins.
    pub(super) next: usize,
}

/// What stands before an entry's content.
pub(super) struct Local<'a> {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u32,
    pub(super) uncompressed: u32,
    /// None if the archive ends within it.
    pub(super) name: Option<&'a [u8]>,
    /// Where the content begins.
    pub(super) data_at: u64,
}

impl End {
    /// The last of them in the archive.
    pub(super) fn find(archive: &[u8]) -> Result<Self, PackageFault> {
        let bytes = archive.len();
        let tail = bytes.saturating_sub(END_SEARCH_BYTES);
        let found = archive[tail..]
            .array_windows()
            .rposition(|bytes| *bytes == END_SIGNATURE);
        let (Some(found), true) = (found, bytes >= END_BYTES) else {
            return Err(PackageFault::NoEnd { bytes });
        };
        let at = tail + found;
        let Some(record) = archive[at..].first_chunk::<END_BYTES>() else {
            return Err(PackageFault::EndTruncated { at, bytes });
        };
        Ok(Self {
            at,
            disk: u16_in(record, 4),
            directory_disk: u16_in(record, 6),
            entries_here: u16_in(record, 8),
            entries: u16_in(record, 10),
            directory_bytes: u32_in(record, 12),
            directory_start: u32_in(record, 16),
            comment_bytes: u16_in(record, 20),
        })
    }

    /// Whether the record that leads to ZIP64's own end record stands before it.
    pub(super) fn has_zip64_locator(&self, archive: &[u8]) -> bool {
        let locator = self.at.checked_sub(ZIP64_LOCATOR_BYTES).map(|at| &archive[at..]);
        locator.is_some_and(|locator| locator.starts_with(&ZIP64_LOCATOR_SIGNATURE))
    }
}

impl<'a> Central<'a> {
    /// The entry of the directory (the part of the archive before `end`) that begins at `at`, and is the
    /// `number`th.
    pub(super) fn parse(
        archive: &'a [u8],
        end: usize,
        at: usize,
        number: usize,
    ) -> Result<Self, PackageFault> {
        let truncated = || PackageFault::CentralTruncated { number, at, end };
        let directory = &archive[..end];
        let rest = directory.get(at..).ok_or_else(truncated)?;
        let signature = rest.get(..4).ok_or_else(truncated)?;
        if signature != CENTRAL_SIGNATURE {
            return Err(PackageFault::CentralMalformed { number, at });
        }
        let record = rest.first_chunk::<CENTRAL_BYTES>().ok_or_else(truncated)?;
        let name_at = at + CENTRAL_BYTES;
        let extra_at = name_at + usize::from(u16_in(record, 28));
        let comment_at = extra_at + usize::from(u16_in(record, 30));
        let name = directory
            .get(name_at..extra_at)
            .ok_or(PackageFault::NameOutside {
                number,
                at: name_at,
                to: extra_at,
                end,
            })?;
        Ok(Self {
            flags: u16_in(record, 8),
            method: u16_in(record, 10),
            crc: u32_in(record, 16),
            compressed: u32_in(record, 20),
            uncompressed: u32_in(record, 24),
            attributes: u32_in(record, 38),
            local_at: u32_in(record, 42),
            name,
            extra: &directory[extra_at..comment_at.min(end)],
            next: comment_at + usize::from(u16_in(record, 32)),
        })
    }

    /// The kinds of its extra fields, as far as they can be told apart.
    pub(super) fn extra_kinds(&self) -> impl Iterator<Item = u16> {
        let mut rest = self.extra;
        std::iter::from_fn(move || {
            let head = rest.first_chunk::<4>()?;
            rest = rest.get(4 + usize::from(u16_in(head, 2))..).unwrap_or_default();
            Some(u16_in(head, 0))
        })
    }
}

impl<'a> Local<'a> {
    /// The header that begins at `at`, of this entry.
    pub(super) fn parse(archive: &'a [u8], at: u32, entry: &str) -> Result<Self, PackageFault> {
        let truncated = || PackageFault::LocalTruncated {
            entry: entry.to_owned(),
            at,
            archive: archive.len(),
        };
        let start = at as usize;
        let rest = archive.get(start..).ok_or_else(truncated)?;
        let signature = rest.get(..4).ok_or_else(truncated)?;
        if signature != LOCAL_SIGNATURE {
            let entry = entry.to_owned();
            return Err(PackageFault::LocalMalformed { entry, at });
        }
        let record = rest.first_chunk::<LOCAL_BYTES>().ok_or_else(truncated)?;
        let name_at = start + LOCAL_BYTES;
        let name_end = name_at + usize::from(u16_in(record, 26));
        Ok(Self {
            flags: u16_in(record, 6),
            method: u16_in(record, 8),
            crc: u32_in(record, 14),
            compressed: u32_in(record, 18),
            uncompressed: u32_in(record, 22),
            name: archive.get(name_at..name_end),
            data_at: (name_end + usize::from(u16_in(record, 28))) as u64,
        })
    }
}

/// A field of a record, at a place that the format fixes.
fn u16_in<const N: usize>(record: &[u8; N], at: usize) -> u16 {
    u16::from_le_bytes([record[at], record[at + 1]])
}

fn u32_in<const N: usize>(record: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}
