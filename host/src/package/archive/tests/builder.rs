//! Archives with anything in any field.

/// An entry. What is None follows from the rest.
#[derive(Clone, Default)]
pub(super) struct Item {
    pub(super) name: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) attributes: u32,
    pub(super) extra: Vec<u8>,
    pub(super) crc: Option<u32>,
    pub(super) compressed: Option<u32>,
    pub(super) uncompressed: Option<u32>,
    pub(super) at: Option<u32>,
    pub(super) local: Header,
    /// What follows the content.
    pub(super) after: Vec<u8>,
}

/// Where a local header says something else than the directory.
#[derive(Clone, Default)]
pub(super) struct Header {
    pub(super) signature: Option<[u8; 4]>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) flags: Option<u16>,
    pub(super) method: Option<u16>,
    pub(super) crc: Option<u32>,
    pub(super) compressed: Option<u32>,
    pub(super) uncompressed: Option<u32>,
}

pub(super) fn item(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Item {
    Item {
        name: name.as_ref().to_vec(),
        content: content.as_ref().to_vec(),
        ..Item::default()
    }
}

/// The archive of these entries, without a comment.
pub(super) fn zip(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for item in items {
        let at = item.at.unwrap_or(out.len() as u32);
        let crc = item.crc.unwrap_or_else(|| crc32fast::hash(&item.content));
        let compressed = item.compressed.unwrap_or(item.content.len() as u32);
        let uncompressed = item.uncompressed.unwrap_or(item.content.len() as u32);
        let local = &item.local;
        let name = local.name.as_ref().unwrap_or(&item.name);
        out.extend(local.signature.unwrap_or(*b"PK\x03\x04"));
        short(
            &mut out,
            &[
                20,
                local.flags.unwrap_or(item.flags),
                local.method.unwrap_or(item.method),
                0,
                0,
            ],
        );
        long(
            &mut out,
            &[
                local.crc.unwrap_or(crc),
                local.compressed.unwrap_or(compressed),
                local.uncompressed.unwrap_or(uncompressed),
            ],
        );
        short(&mut out, &[name.len() as u16, 0]);
        out.extend(name);
        out.extend(&item.content);
        out.extend(&item.after);

        directory.extend(b"PK\x01\x02");
        short(&mut directory, &[20, 20, item.flags, item.method, 0, 0]);
        long(&mut directory, &[crc, compressed, uncompressed]);
        short(
            &mut directory,
            &[item.name.len() as u16, item.extra.len() as u16, 0, 0, 0],
        );
        long(&mut directory, &[item.attributes, at]);
        directory.extend(&item.name);
        directory.extend(&item.extra);
    }
    let start = out.len() as u32;
    let (count, bytes) = (items.len() as u16, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06");
    short(&mut out, &[0, 0, count, count]);
    long(&mut out, &[bytes, start]);
    short(&mut out, &[0]);
    out
}

/// An archive with some bytes of its end record overwritten.
pub(super) fn with_end(mut archive: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let at = archive.len() - 22 + at;
    archive[at..at + bytes.len()].copy_from_slice(bytes);
    archive
}

/// An archive with some bytes put in before its end record, whose own fields stay as they are.
pub(super) fn before_end(mut archive: Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    let at = archive.len() - 22;
    archive.splice(at..at, bytes.iter().copied());
    archive
}

/// An extra field.
pub(super) fn field(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    short(&mut out, &[kind, content.len() as u16]);
    out.extend(content);
    out
}

fn short(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn long(out: &mut Vec<u8>, values: &[u32]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}
