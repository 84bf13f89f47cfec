//! From files to an archive.

use super::super::Files;
use super::record::{CENTRAL_BYTES, END_BYTES, LOCAL_BYTES};

/// The version of the format that is needed: 2.0, the least for entries in folders.
const VERSION: u16 = 20;

/// That names are UTF-8.
const FLAGS: u16 = 0x0800;

/// The archive of these files: equal files, equal bytes.
///
/// It may have more bytes than an archive is read with, where the files have.
#[must_use]
pub fn write(files: &Files) -> Vec<u8> {
    let names: usize = files.iter().map(|(path, _)| path.len()).sum();
    let directory_bytes = files.len() * CENTRAL_BYTES + names;
    let entry_bytes = files.len() * LOCAL_BYTES + names + files.bytes();
    let mut out = Vec::with_capacity(entry_bytes + directory_bytes + END_BYTES);
    let mut directory = Vec::with_capacity(directory_bytes);
    for (path, content) in files.iter() {
        let local_at = out.len();
        // What a header and an entry of the directory have in common.
        let mut common = Vec::with_capacity(26);
        put(&mut common, &[VERSION, FLAGS]);
        // Stored, with neither time nor date.
        put(&mut common, &[0, 0, 0]);
        put_wide(&mut common, crc32fast::hash(content));
        put_wide(&mut common, content.len());
        put_wide(&mut common, content.len());
        // The name's length, then that of no extra fields.
        put(&mut common, &[narrow(path.len()), 0]);

        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(path.as_bytes());
        out.extend(content);

        directory.extend(b"PK\x01\x02");
        put(&mut directory, &[VERSION]);
        directory.extend(&common);
        // No comment, the first disk, no attributes.
        put(&mut directory, &[0, 0, 0]);
        put_wide(&mut directory, 0_u32);
        put_wide(&mut directory, local_at);
        directory.extend(path.as_bytes());
    }
    let (start, count) = (out.len(), narrow(files.len()));
    out.extend(&directory);
    out.extend(b"PK\x05\x06");
    put(&mut out, &[0, 0, count, count]);
    put_wide(&mut out, directory.len());
    put_wide(&mut out, start);
    put(&mut out, &[0]);
    out
}

fn put(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn put_wide(out: &mut Vec<u8>, value: impl TryInto<u32>) {
    // Files are bounded far below this.
    let value = value.try_into().unwrap_or(u32::MAX);
    out.extend(value.to_le_bytes());
}

fn narrow(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
