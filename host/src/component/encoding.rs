//! What kind of file some bytes are, told from their first bytes.
//!
//! This file looks at the header only: its cost does not depend on the length of the bytes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `\0asm`, a version and a layer, two bytes each.
const HEADER_BYTES: usize = 8;
const MAGIC: [u8; 4] = *b"\0asm";

/// How far text is looked at to tell it from binary data.
const TEXT_BYTES: usize = 512;

/// The two kinds of WebAssembly binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// A component, as a plugin is one.
    Component,
    /// A core module: what a component is made from.
    CoreModule,
}

impl Encoding {
    /// The kind of a WebAssembly binary.
    ///
    /// # Errors
    ///
    /// If the bytes do not begin with the header of a component or of a core module.
    pub fn of(bytes: &[u8]) -> Result<Self, NotWasm> {
        if bytes.is_empty() {
            return Err(NotWasm::Empty);
        }
        if bytes.len() < HEADER_BYTES {
            return Err(
                if MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) && bytes[0] == 0 {
                    NotWasm::TruncatedHeader { length: bytes.len() }
                } else {
                    NotWasm::other(bytes)
                },
            );
        }
        let Some(header) = bytes.strip_prefix(&MAGIC) else {
            return Err(NotWasm::other(bytes));
        };
        let version = u16::from_le_bytes([header[0], header[1]]);
        let layer = u16::from_le_bytes([header[2], header[3]]);
        match (version, layer) {
            (1, 0) => Ok(Encoding::CoreModule),
            (0xd, 1) => Ok(Encoding::Component),
            _ => Err(NotWasm::UnknownVersion { version, layer }),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Component => "component",
            Encoding::CoreModule => "core module",
        })
    }
}

/// Why some bytes are no WebAssembly binary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWasm {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file ends within the first eight bytes.
    #[error("the file ends within its header, after {length} of {HEADER_BYTES} bytes")]
    TruncatedHeader {
        /// The bytes there are.
        length: usize,
    },
    /// The header is one of WebAssembly, but of none that is known here.
    #[error(
        "the header names version {version}, layer {layer}; a component has version 13, layer 1, a core module \
         version 1, layer 0"
    )]
    UnknownVersion {
        /// The header's version.
        version: u16,
        /// The header's layer: 0 for core modules, 1 for components.
        layer: u16,
    },
    /// The file is something else.
    #[error("not WebAssembly: {what}")]
    Other {
        /// What it looks like, with its first bytes where nothing is known of them.
        what: String,
    },
}

impl NotWasm {
    fn other(bytes: &[u8]) -> Self {
        Self::Other {
            what: recognise(bytes),
        }
    }
}

/// What a file is that people take for a component by mistake.
fn recognise(bytes: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 12] = [
        (b"\x7fELF", "a native program or library (ELF)"),
        (b"\xcf\xfa\xed\xfe", "a native program or library (Mach-O)"),
        (
            b"\xca\xfe\xba\xbe",
            "a native program (universal Mach-O) or a Java class",
        ),
        (b"MZ", "a native program or library (Windows)"),
        (
            b"PK\x03\x04",
            "a zip archive; a packed plugin holds its component within",
        ),
        (b"PK\x05\x06", "an empty zip archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
        (b"BC\xc0\xde", "LLVM bitcode"),
        (b"!<arch>\n", "a static library"),
        (b"#!", "a script"),
        (
            b"version https://git-lfs",
            "a Git LFS pointer; the file itself was not fetched",
        ),
    ];
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return (*what).to_owned();
    }
    let head = &bytes[..bytes.len().min(TEXT_BYTES)];
    if let Some(text) = as_text(head) {
        let text = text.trim_start();
        return if text.starts_with("(component") || text.starts_with("(module") || text.starts_with(";;") {
            "the text form (WAT); it is to be assembled first".to_owned()
        } else if text.starts_with("package ") || text.starts_with("interface ") || text.starts_with("world ")
        {
            "a WIT file; it describes a component but is none".to_owned()
        } else if text.starts_with('<') {
            "an HTML or XML document".to_owned()
        } else {
            "a text file".to_owned()
        };
    }
    if head.iter().all(|byte| *byte == 0) {
        return "the file begins with zeros".to_owned();
    }
    let shown: Vec<String> = bytes
        .iter()
        .take(HEADER_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("the file begins with {}", shown.join(" "))
}

/// The bytes as text, if they can be. A character that is cut off at their end does no harm.
fn as_text(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let printable = |c: char| !c.is_control() || c.is_whitespace();
    (!text.is_empty() && text.chars().all(printable)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_kinds_are_told_apart_by_eight_bytes() {
        assert_eq!(Encoding::of(b"\0asm\x0d\0\x01\0"), Ok(Encoding::Component));
        assert_eq!(Encoding::of(b"\0asm\x01\0\0\0"), Ok(Encoding::CoreModule));
    }

    #[test]
    fn a_file_that_is_no_webassembly_is_recognised() {
        let files: [&[u8]; 17] = [
            b"",
            b"\0as",
            b"\0asm\x0d\0",
            b"\0asm\x02\0\0\0",
            b"\0asm\x0a\0\x01\0",
            b"\x7fELF\x02\x01\x01\0",
            b"PK\x03\x04\x14\0\0\0",
            b"\x1f\x8b\x08\0\0\0\0\0",
            b"(component (import \"a\" (func)))",
            b"package yoi:plugin@1.0.0;",
            b"<!DOCTYPE html>",
            b"schema_version = 1",
            "プラグイン".as_bytes(),
            b"hi",
            b"version https://git-lfs.github.com/spec/v1",
            b"\0\0\0\0\0\0\0\0\0\0",
            b"\x93NUMPY\x01\0\xff\xfe",
        ];
        let messages: Vec<String> = files
            .iter()
            .map(|file| Encoding::of(file).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @"
        the file is empty
        the file ends within its header, after 3 of 8 bytes
        the file ends within its header, after 6 of 8 bytes
        the header names version 2, layer 0; a component has version 13, layer 1, a core module version 1, layer 0
        the header names version 10, layer 1; a component has version 13, layer 1, a core module version 1, layer 0
        not WebAssembly: a native program or library (ELF)
        not WebAssembly: a zip archive; a packed plugin holds its component within
        not WebAssembly: a gzip archive
        not WebAssembly: the text form (WAT); it is to be assembled first
        not WebAssembly: a WIT file; it describes a component but is none
        not WebAssembly: an HTML or XML document
        not WebAssembly: a text file
        not WebAssembly: a text file
        not WebAssembly: a text file
        not WebAssembly: a Git LFS pointer; the file itself was not fetched
        not WebAssembly: the file begins with zeros
        not WebAssembly: the file begins with 93 4e 55 4d 50 59 01 00
        ");
    }

    #[test]
    fn a_huge_file_costs_no_more_than_a_small_one() {
        let zeros = vec![0; 100 * 1024 * 1024];
        assert_eq!(
            Encoding::of(&zeros),
            Err(NotWasm::Other {
                what: "the file begins with zeros".to_owned()
            })
        );
    }

    #[test]
    fn a_character_cut_off_at_the_end_of_the_look_is_still_text() {
        let text = "あ".repeat(TEXT_BYTES);
        insta::assert_snapshot!(Encoding::of(text.as_bytes()).unwrap_err(), @"not WebAssembly: a text file");
    }
}
