//! What a guest printed, found in its memory.
//!
//! The contract gives guests no way to log. A guest built with our PDK keeps what it prints (and what its
//! panics say) in a ring in its own memory; here it is read from outside, once the guest has ended. A guest
//! built otherwise has no log.

use memchr::memmem;
use schemars::JsonSchema;
use serde::Serialize;

/// Marks the ring. After it come, little-endian, the number of bytes ever written (`u32`, wrapping) and the
/// capacity (`u32`), then the bytes: number `n` stands at `n % capacity`.
const MAGIC: &[u8; 16] = b"yoi-guest-log/1\0";

/// Largest ring that is believed. The PDK's has 4096 bytes.
const MAX_CAPACITY: usize = 1024 * 1024;

/// What a guest printed, as far as its ring still holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GuestLog {
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// How many bytes before it are lost.
    pub lost_bytes: u64,
}

impl GuestLog {
    /// The log in a guest's memory, if it keeps one.
    pub(crate) fn find(memory: &[u8]) -> Option<Self> {
        memmem::find_iter(memory, MAGIC).find_map(|at| Self::read(&memory[at + MAGIC.len()..]))
    }

    fn read(memory: &[u8]) -> Option<Self> {
        let (written, rest) = read_u32(memory)?;
        let (capacity, rest) = read_u32(rest)?;
        if capacity == 0 || capacity > MAX_CAPACITY {
            return None;
        }
        let ring = rest.get(..capacity)?;
        let bytes = match written.checked_sub(capacity) {
            None | Some(0) => ring[..written].to_vec(),
            Some(_) => {
                let (newest, oldest) = ring.split_at(written % capacity);
                [oldest, newest].concat()
            }
        };
        // A ring cuts wherever it likes: what remains of a cut character is not worth a replacement mark.
        let torn = bytes
            .iter()
            .take(3)
            .take_while(|byte| **byte & 0xc0 == 0x80)
            .count();
        let lost = written.saturating_sub(capacity);
        let skip = if lost > 0 { torn } else { 0 };
        Some(Self {
            text: String::from_utf8_lossy(&bytes[skip..]).into_owned(),
            lost_bytes: (lost + skip) as u64,
        })
    }

    /// What the last panic said, and where, if the log ends with one.
    pub(crate) fn last_panic(&self) -> Option<Panic> {
        const AT: &str = "panicked at ";
        let report = &self.text[self.text.rfind(AT)? + AT.len()..];
        let (place, message) = report.split_once(":\n")?;
        let message = message.split("\nnote: ").next().unwrap_or(message);
        Some(Panic {
            message: message.trim_end().to_owned(),
            place: place.to_owned(),
        })
    }
}

/// What a Rust guest's panic reported.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    pub(crate) message: String,
    pub(crate) place: String,
}

fn read_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*word) as usize, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Memory as a guest leaves it that printed `text` into a ring of `capacity` bytes.
    fn memory(text: &[u8], capacity: usize) -> Vec<u8> {
        let mut ring = vec![0; capacity];
        for (n, byte) in text.iter().enumerate() {
            ring[n % capacity] = *byte;
        }
        let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        [
            b"before".as_slice(),
            MAGIC,
            &word(text.len()),
            &word(capacity),
            &ring,
            b"after",
        ]
        .concat()
    }

    fn found(text: &str, capacity: usize) -> (String, u64) {
        let log = GuestLog::find(&memory(text.as_bytes(), capacity)).unwrap();
        (log.text, log.lost_bytes)
    }

    #[test]
    fn a_log_that_fits_is_whole() {
        assert_eq!(found("", 8), (String::new(), 0));
        assert_eq!(found("one\ntwo\n", 8), ("one\ntwo\n".into(), 0));
    }

    #[test]
    fn a_full_ring_holds_the_newest_and_counts_the_rest() {
        assert_eq!(found("abcdefghij", 4), ("ghij".into(), 6));
        assert_eq!(found("aaé12", 4), ("é12".into(), 2));
        assert_eq!(found("aaaé12", 3), ("12".into(), 5));
    }

    #[test]
    fn memory_without_a_log_has_none() {
        assert_eq!(GuestLog::find(b""), None);
        assert_eq!(GuestLog::find(MAGIC), None);
        assert_eq!(GuestLog::find(&[MAGIC.as_slice(), &[0; 8]].concat()), None);
        assert_eq!(GuestLog::find(&[MAGIC.as_slice(), &[0xff; 64]].concat()), None);
    }

    #[test]
    fn a_panic_is_found_at_the_end_of_the_log() {
        let log = GuestLog {
            text: "\nthread '<unnamed>' (1) panicked at src/lib.rs:7:9:\nno such\nthing\nnote: run with \
                   `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
                .into(),
            lost_bytes: 0,
        };
        assert_eq!(
            log.last_panic(),
            Some(Panic {
                message: "no such\nthing".into(),
                place: "src/lib.rs:7:9".into()
            })
        );
        assert_eq!(GuestLog::default().last_panic(), None);
    }

    proptest! {
        #[test]
        fn any_memory_is_searched_without_a_panic(tail: Vec<u8>) {
            let _ = GuestLog::find(&[MAGIC.as_slice(), &tail].concat());
        }

        #[test]
        fn the_newest_bytes_are_always_kept(text in "[a-z\n]{0,60}", capacity in 1_usize..20) {
            let (kept, lost) = found(&text, capacity);
            prop_assert_eq!(&text[usize::try_from(lost).unwrap()..], kept);
        }
    }
}
