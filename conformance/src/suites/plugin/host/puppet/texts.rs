//! What a puppet has to say, as its memory holds it; and ports, which do not stand there but are told.

use std::fmt::Write as _;

use super::written::{CONFIG, TEXTS};

/// How a component is told ports: an array of them.
pub(crate) fn told(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("[{}]", ports.join(","))
}

/// Digits of a port that a component is told. Others have fewer; those stand in it, which costs no more than time.
const PORT_DIGITS: usize = 5;

/// The texts of a component, one behind the other.
pub(super) struct Texts<'p> {
    bytes: Vec<u8>,
    /// Ports that do not stand in them, and where they would: which port, at which address.
    ports: &'p [u16],
    places: Vec<(usize, usize)>,
}

impl<'p> Texts<'p> {
    pub(super) fn without(ports: &'p [u16]) -> Self {
        Self {
            bytes: Vec::new(),
            ports,
            places: Vec::new(),
        }
    }

    pub(super) fn is_told(&self) -> bool {
        !self.places.is_empty()
    }

    /// A function that puts the ports, which it is given as [`told`] writes them, in their places.
    pub(super) fn telling(&self) -> String {
        let needed = 1 + self.ports.len() * (PORT_DIGITS + 1);
        let mut out = format!(
            "(func $told (param $at i32) (param $len i32)
                (if (i32.ne (local.get $len) (i32.const {needed})) (then (return)))"
        );
        for (which, place) in &self.places {
            let from = 1 + which * (PORT_DIGITS + 1);
            let _ = write!(
                out,
                "(memory.copy (i32.const {place}) (i32.add (local.get $at) (i32.const {from})) (i32.const {PORT_DIGITS}))"
            );
        }
        out.push_str(")\n");
        out
    }

    pub(super) fn add(&mut self, text: &[u8]) -> (usize, usize) {
        let at = TEXTS + self.bytes.len();
        self.bytes.extend_from_slice(text);
        for (which, port) in self.ports.iter().enumerate() {
            let written = format!(":{port}");
            if written.len() != PORT_DIGITS + 1 {
                continue;
            }
            let mut from = at - TEXTS;
            while let Some(found) = memchr::memmem::find(&self.bytes[from..], written.as_bytes()) {
                let port = from + found + 1;
                self.bytes[port..port + PORT_DIGITS].fill(b'0');
                self.places.push((which, TEXTS + port));
                from = port;
            }
        }
        assert!(TEXTS + self.bytes.len() <= CONFIG, "a puppet has too much to say");
        (at, text.len())
    }

    pub(super) fn data(&self) -> String {
        let mut out = format!("(data (i32.const {TEXTS}) \"");
        for byte in &self.bytes {
            match byte {
                b'"' | b'\\' | 0..0x20 | 0x7f.. => {
                    let _ = write!(out, "\\{byte:02x}");
                }
                _ => out.push(char::from(*byte)),
            }
        }
        out.push_str("\")");
        out
    }
}
