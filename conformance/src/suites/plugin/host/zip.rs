//! Archives byte by byte, with anything wrong in them that a case wants.

/// An entry of an archive. What differs from a sound one is said field by field.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) attributes: u32,
    /// In the central directory.
    pub(crate) compressed: Option<u32>,
    pub(crate) uncompressed: Option<u32>,
    /// In the local header, where it is to differ.
    pub(crate) local_flags: Option<u16>,
    pub(crate) local_method: Option<u16>,
    pub(crate) local_signature: [u8; 4],
    pub(crate) central_signature: [u8; 4],
}

/// An archive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Zip {
    pub(crate) entries: Vec<Entry>,
    pub(crate) disk: u16,
    pub(crate) count: Option<u16>,
    pub(crate) directory_at: Option<u32>,
    pub(crate) comment: Vec<u8>,
}

impl Entry {
    pub(crate) fn new(name: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
            flags: 0x0800,
            method: 0,
            attributes: 0,
            compressed: None,
            uncompressed: None,
            local_flags: None,
            local_method: None,
            local_signature: *b"PK\x03\x04",
            central_signature: *b"PK\x01\x02",
        }
    }
}

impl Zip {
    pub(crate) fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let at = u32::try_from(out.len()).expect("archives of the suite are small");
            let length = u32::try_from(entry.content.len()).expect("archives of the suite are small");
            let name = u16::try_from(entry.name.len()).expect("names of the suite are short");
            let crc = crc32fast::hash(&entry.content);
            out.extend_from_slice(&entry.local_signature);
            for number in [
                20,
                entry.local_flags.unwrap_or(entry.flags),
                entry.local_method.unwrap_or(entry.method),
                0,
                0,
            ] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            for number in [crc, length, length] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(&name.to_le_bytes());
            out.extend_from_slice(&[0; 2]);
            out.extend_from_slice(&entry.name);
            out.extend_from_slice(&entry.content);

            directory.extend_from_slice(&entry.central_signature);
            for number in [0x0314, 20, entry.flags, entry.method, 0, 0] {
                directory.extend_from_slice(&u16::to_le_bytes(number));
            }
            for number in [
                crc,
                entry.compressed.unwrap_or(length),
                entry.uncompressed.unwrap_or(length),
            ] {
                directory.extend_from_slice(&number.to_le_bytes());
            }
            directory.extend_from_slice(&name.to_le_bytes());
            directory.extend_from_slice(&[0; 8]);
            directory.extend_from_slice(&entry.attributes.to_le_bytes());
            directory.extend_from_slice(&at.to_le_bytes());
            directory.extend_from_slice(&entry.name);
        }
        let at = u32::try_from(out.len()).expect("archives of the suite are small");
        let length = u32::try_from(directory.len()).expect("archives of the suite are small");
        let count = u16::try_from(self.entries.len()).expect("archives of the suite have few entries");
        let count = self.count.unwrap_or(count);
        out.extend_from_slice(&directory);
        out.extend_from_slice(b"PK\x05\x06");
        for number in [self.disk, self.disk, count, count] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&self.directory_at.unwrap_or(at).to_le_bytes());
        let comment = u16::try_from(self.comment.len()).expect("comments of the suite are short");
        out.extend_from_slice(&comment.to_le_bytes());
        out.extend_from_slice(&self.comment);
        out
    }
}
