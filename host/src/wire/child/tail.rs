//! The end of what a child writes to standard error: bounded, whatever it writes.

use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct Tail {
    kept: VecDeque<u8>,
    limit: usize,
    cut: bool,
}

impl Tail {
    pub(crate) fn of(limit: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            limit,
            cut: false,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.limit)..];
        let surplus = (self.kept.len() + bytes.len()).saturating_sub(self.limit);
        self.cut |= surplus > 0 || bytes.len() == self.limit;
        self.kept.drain(..surplus);
        self.kept.extend(bytes);
    }

    /// The text, from the beginning of a line where its own beginning is lost.
    pub(crate) fn text(&self) -> String {
        let (front, back) = self.kept.as_slices();
        let bytes = [front, back].concat();
        let from = match self.cut {
            true => memchr::memchr(b'\n', &bytes).map_or(0, |end| end + 1),
            false => 0,
        };
        // Nothing but one long line: its end is all there is.
        let from = if from == bytes.len() { 0 } else { from };
        let text = String::from_utf8_lossy(&bytes[from..]);
        match self.cut {
            true => format!("…\n{text}"),
            false => text.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_kept_whole_and_of_a_long_one_the_last_lines() {
        let mut tail = Tail::of(12);
        tail.push(b"one\n");
        tail.push(b"two\n");
        assert_eq!(tail.text(), "one\ntwo\n");
        tail.push(b"three\nfour\n");
        assert_eq!(tail.text(), "…\nthree\nfour\n");
    }

    proptest! {
        #[test]
        fn the_end_of_any_text_is_kept_in_bounds(pieces in prop::collection::vec("[a-z\n]{0,20}", 0..20)) {
            let mut tail = Tail::of(16);
            for piece in &pieces {
                tail.push(piece.as_bytes());
                prop_assert!(tail.kept.len() <= 16);
            }
            let whole = pieces.concat();
            let kept = tail.text();
            prop_assert!(whole.ends_with(kept.trim_start_matches("…\n")));
        }
    }
}
