//! The guest log: what the plugin prints, kept where a host can find it from outside.
//!
//! A component without WASI has no way to say anything but its answers, and a trap takes even those. So
//! whatever is written to standard output and standard error, the message of a panic first of all, goes to a
//! ring of the last [`CAPACITY`] bytes in linear memory. A host that wants it looks through the memory, after a
//! trap in the core dump, for [`MAGIC`], which occurs once:
//!
//! | offset | type         | field      |                                                               |
//! |--------|--------------|------------|---------------------------------------------------------------|
//! | 0      | `[u8; 16]`   | `magic`    | [`MAGIC`]                                                     |
//! | 16     | `u32`        | `written`  | how many bytes were ever written, modulo 2³²                  |
//! | 20     | `u32`        | `capacity` | [`CAPACITY`]                                                  |
//! | 24     | `[u8; 4096]` | `bytes`    | byte number `n`, from 0, at `n % capacity`                    |
//!
//! Numbers are little-endian. As `capacity` divides 2³², positions stay right when `written` wraps. The bytes
//! are whatever the plugin printed: not always UTF-8, and not safe to show on a terminal as they are.

#[cfg(any(test, target_os = "wasi"))]
pub(crate) use self::ring::GuestLog;

/// How many of the last bytes the log keeps.
pub const CAPACITY: usize = 4096;

/// What the log begins with.
pub const MAGIC: [u8; 16] = *b"yoi-guest-log/1\0";

/// `used` keeps the parts together: nobody in here reads the magic, so the optimiser could leave it out.
#[cfg(target_os = "wasi")]
#[used]
pub(crate) static LOG: GuestLog = GuestLog::new();

#[cfg(any(test, target_os = "wasi"))]
mod ring {
    use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

    use super::{CAPACITY, MAGIC};

    /// The ring. Atomics, which cost a component without threads nothing, spare it any unsafe code.
    #[repr(C)]
    pub(crate) struct GuestLog {
        pub(super) magic: [u8; 16],
        pub(super) written: AtomicU32,
        pub(super) capacity: u32,
        pub(super) bytes: [AtomicU8; CAPACITY],
    }

    impl GuestLog {
        pub(crate) const fn new() -> Self {
            Self {
                magic: MAGIC,
                written: AtomicU32::new(0),
                capacity: CAPACITY as u32,
                bytes: [const { AtomicU8::new(0) }; CAPACITY],
            }
        }

        pub(crate) fn append(&self, text: &[u8]) {
            let start = self.written.load(Relaxed);
            // Of a long text only the end can stay.
            let skipped = text.len().saturating_sub(CAPACITY);
            for (i, &byte) in text.iter().enumerate().skip(skipped) {
                self.bytes[(start as usize + i) % CAPACITY].store(byte, Relaxed);
            }
            self.written.store(start.wrapping_add(text.len() as u32), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};
    use std::sync::atomic::Ordering::Relaxed;

    use proptest::prelude::*;

    use super::*;

    /// What a host makes of the ring, from its description alone.
    fn read(log: &GuestLog) -> Vec<u8> {
        let written = log.written.load(Relaxed);
        let kept = written.min(log.capacity);
        (0..kept)
            .map(|i| written.wrapping_sub(kept).wrapping_add(i))
            .map(|n| log.bytes[(n % log.capacity) as usize].load(Relaxed))
            .collect()
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        assert_eq!(offset_of!(GuestLog, magic), 0);
        assert_eq!(offset_of!(GuestLog, written), 16);
        assert_eq!(offset_of!(GuestLog, capacity), 20);
        assert_eq!(offset_of!(GuestLog, bytes), 24);
        assert_eq!(size_of::<GuestLog>(), 24 + CAPACITY);
        assert_eq!(GuestLog::new().magic, MAGIC);
    }

    #[test]
    fn positions_stay_right_when_the_count_wraps() {
        let log = GuestLog::new();
        log.written.store(u32::MAX - 1, Relaxed);
        log.append(b"abcd");
        assert_eq!(log.written.load(Relaxed), 2);
        assert_eq!(log.bytes[CAPACITY - 2].load(Relaxed), b'a');
        assert_eq!(log.bytes[0].load(Relaxed), b'c');
        assert_eq!(log.bytes[1].load(Relaxed), b'd');
    }

    proptest! {
        #[test]
        fn the_log_keeps_the_last_bytes(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6000), 0..4),
        ) {
            let log = GuestLog::new();
            for text in &texts {
                log.append(text);
            }
            let all = texts.concat();
            prop_assert_eq!(read(&log), &all[all.len().saturating_sub(CAPACITY)..]);
        }
    }
}
