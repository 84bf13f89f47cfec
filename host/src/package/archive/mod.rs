//! Packages as zip archives (`*.yoi-plugin`), of the one narrow kind that the contract takes: entries are
//! stored, not compressed, and there is one honest way to read them.
//!
//! **Reading.** The records are walked here, by hand, in the contract's order: its refusals name a single
//! field of a single record, and what an archive may have is far less than a general reader takes. In the
//! profile [`Documented`](crate::Profile::Documented) the crate `zip` then reads the same archive, and one in
//! which it finds other names, places or sizes is refused: nobody else will see another package in it.
//!
//! | | `documented` | `yoi` |
//! |---|---|---|
//! | entries for folders (`a/`) | dropped | refused, as paths that escape |
//! | CRC | checked, unless it is 0 | not looked at |
//! | header and directory | agree on flags, method, name, sizes, CRC | agree on flags and method |
//! | entries that overlap; pipes, devices; a file that is a folder too | refused | taken |
//! | bytes after the end, ZIP64, two counts, names that others read differently | refused | not looked at |
//!
//! A CRC of 0 counts as none in both profiles, because the yoi packer writes 0 for every file: its packages
//! load here. Data descriptors are tolerated in both: the header may then have 0 for CRC and sizes, and
//! the directory's count. Bytes between entries belong to no file and no digest, and are not looked at.
//!
//! **Writing** is by hand as well. The layout is the yoi packer's, so that equal files are equal archives, byte
//! for byte, there and here: sorted, version 2.0, the flag for UTF-8 on every name, no date, no attributes. The
//! writer of the crate `zip` cannot be brought to it (the flag only where a name is not ASCII, a date not
//! before 1980, the system's attributes). The one difference is the CRC, which is real here: that host does not
//! look at it, and `unzip -t` is content.

mod read;
mod record;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::write;
