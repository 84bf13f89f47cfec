//! Bytes in, lines out. Any cutting of the same bytes gives the same lines.

use std::collections::VecDeque;

/// One line of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Text, without its end.
    Text(String),
    /// A line above the limit. It was skipped up to its end, and nothing of it kept.
    TooLong {
        /// How many bytes it had.
        bytes: u64,
    },
    /// A line that is no UTF-8.
    NotText {
        /// How many bytes it had.
        bytes: u64,
    },
}

/// Cuts a stream into lines of at most so many bytes.
///
/// A line ends with `\n` or `\r\n`; the last may lack its end. Lines of white space alone are left out. A mark of
/// the byte order is text like any other: whoever reads the line says what is wrong with it.
#[derive(Debug)]
pub struct Lines {
    limit: usize,
    /// The line under way, as far as it was kept.
    line: Vec<u8>,
    /// Bytes of it, those not kept included.
    bytes: u64,
    ready: VecDeque<Line>,
}

impl Lines {
    /// Lines of at most `limit` bytes, their end not counted.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            bytes: 0,
            ready: VecDeque::new(),
        }
    }

    /// Take what was read.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.extend(&bytes[..end]);
            self.end_line();
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    /// Nothing more is to be read: what is left is the last line.
    pub fn finish(&mut self) {
        if self.bytes > 0 {
            self.end_line();
        }
    }

    /// The next line that is whole.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that goes on after `None` would surprise"
    )]
    pub fn next(&mut self) -> Option<Line> {
        self.ready.pop_front()
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        // One more than allowed is kept, so that a carriage return before the end does not make a line too long.
        let room = (self.limit + 1).saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        let mut bytes = std::mem::take(&mut self.bytes);
        if line.len() as u64 == bytes && line.last() == Some(&b'\r') {
            line.pop();
            bytes -= 1;
        }
        if bytes > self.limit as u64 {
            self.ready.push_back(Line::TooLong { bytes });
            return;
        }
        match String::from_utf8(line) {
            Ok(text) if text.trim_ascii().is_empty() => {}
            Ok(text) => self.ready.push_back(Line::Text(text)),
            Err(_) => self.ready.push_back(Line::NotText { bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(limit: usize, pieces: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::new(limit);
        for piece in pieces {
            lines.push(piece);
        }
        lines.finish();
        std::iter::from_fn(|| lines.next()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn a_line_ends_with_a_newline_with_or_without_a_carriage_return() {
        assert_eq!(all(9, &[b"a\nb\r\nc"]), [text("a"), text("b"), text("c")]);
    }

    #[test]
    fn a_carriage_return_elsewhere_is_part_of_the_line() {
        assert_eq!(all(9, &[b"a\rb\r\r\n"]), [text("a\rb\r")]);
    }

    #[test]
    fn lines_of_white_space_are_left_out() {
        assert_eq!(all(9, &[b"\n \t\n\r\na\n  "]), [text("a")]);
    }

    #[test]
    fn a_mark_of_the_byte_order_stays_for_the_reader_of_the_line() {
        assert_eq!(all(9, &["\u{feff}{}\n".as_bytes()]), [text("\u{feff}{}")]);
    }

    #[test]
    fn a_line_above_the_limit_is_skipped_to_its_end_and_counted() {
        let long = [b"x".repeat(1000).as_slice(), b"\nnext\n"].concat();
        assert_eq!(all(4, &[&long]), [Line::TooLong { bytes: 1000 }, text("next")]);
        // The line's own end does not count.
        assert_eq!(
            all(4, &[b"1234\r\n12345\n"]),
            [text("1234"), Line::TooLong { bytes: 5 }]
        );
    }

    #[test]
    fn nothing_of_a_line_above_the_limit_is_held() {
        let mut lines = Lines::new(16);
        for _ in 0..1000 {
            lines.push(&[b'x'; 1000]);
            assert!(lines.line.capacity() <= 64, "{}", lines.line.capacity());
        }
        lines.push(b"\n");
        assert_eq!(lines.next(), Some(Line::TooLong { bytes: 1_000_000 }));
    }

    #[test]
    fn a_line_that_is_no_text_is_named_and_the_next_is_read() {
        assert_eq!(
            all(9, &[b"\xff\xfe\nok\n"]),
            [Line::NotText { bytes: 2 }, text("ok")]
        );
    }

    /// Bytes that meet every rule: ends of lines, white space, letters of several bytes, halves of them.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b" ".to_vec()),
            Just("語".as_bytes().to_vec()),
            Just("\u{feff}".as_bytes().to_vec()),
            Just(vec![0xe8, 0xaa]),
            "[a-z{}\"]{0,12}".prop_map(String::into_bytes),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_cutting_of_the_same_bytes_gives_the_same_lines(
            stream in stream(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
            limit in 0_usize..20,
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            pieces.push(&stream[from..]);
            prop_assert_eq!(all(limit, &pieces), all(limit, &[&stream]));
        }

        #[test]
        fn lines_without_ends_in_them_come_out_as_they_went_in(
            lines in prop::collection::vec("[a-z語 ]{0,9}[a-z語]", 0..10),
            end in prop_oneof![Just("\n"), Just("\r\n")],
        ) {
            let stream: String = lines.iter().flat_map(|line| [line.as_str(), end]).collect();
            let expected: Vec<Line> = lines.iter().map(|line| text(line)).collect();
            prop_assert_eq!(all(64, &[stream.as_bytes()]), expected);
        }
    }
}
