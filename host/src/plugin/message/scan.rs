//! JSON of which most is text, looked over faster than it can be parsed.
//!
//! What a tool is given and what it answers is mostly one long string, which passes through. A parser takes it a
//! word at a time; here it is 64 bytes at a time, which is four times as fast. Nothing here refuses anything: what
//! is not recognised is left to the parser, which says what is wrong, if something is.

use std::ops::Range;

/// Bytes looked at in one step: the compiler makes a handful of vector instructions of each.
const STEP: usize = 64;

/// Whether `text` is JSON beyond doubt. Where not, it may be JSON all the same.
pub(in crate::plugin) fn is_surely_json(text: &str) -> bool {
    Scanner::new(text).is_json().is_some()
}

/// Where in an answer its strings stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) summary: Range<usize>,
    pub(super) content: Option<Range<usize>>,
}

impl Plain {
    /// Of a tool's answer in the form in which PDKs write it, where neither string has an escape in it.
    pub(super) fn of(answer: &str) -> Option<Self> {
        let mut scanner = Scanner::new(answer);
        scanner.expect(br#"{"summary":"#)?;
        let summary = scanner.plain_string()?;
        let content = match scanner.expect(br#","content":"#) {
            Some(()) => Some(scanner.plain_string()?),
            None => None,
        };
        scanner.expect(b"}")?;
        scanner.is_at_end().then_some(Self { summary, content })
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
        }
    }

    const fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, wanted: &[u8]) -> Option<()> {
        self.bytes[self.at..]
            .starts_with(wanted)
            .then(|| self.at += wanted.len())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// One value, and nothing behind it.
    fn is_json(&mut self) -> Option<()> {
        // What is open: of each level one bit, whether it is an object. Deeper ones are the parser's.
        let (mut open, mut depth) = (0_u64, 0_u32);
        loop {
            self.skip_space();
            let opened = match self.next()? {
                b'"' => self.rest_of_string().map(|()| false)?,
                b'{' | b'[' if depth == u64::BITS => return None,
                bracket @ (b'{' | b'[') => {
                    (open, depth) = (open << 1 | u64::from(bracket == b'{'), depth + 1);
                    true
                }
                b't' => self.expect(b"rue").map(|()| false)?,
                b'f' => self.expect(b"alse").map(|()| false)?,
                b'n' => self.expect(b"ull").map(|()| false)?,
                first @ (b'-' | b'0'..=b'9') => self.rest_of_integer(first).map(|()| false)?,
                _ => return None,
            };
            let mut first = opened;
            // What follows a value, or an opening bracket: closing ones, and what leads to the next value.
            loop {
                self.skip_space();
                if depth == 0 {
                    return self.is_at_end().then_some(());
                }
                let in_object = open & 1 == 1;
                match (self.peek()?, in_object) {
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        (open, depth, first) = (open >> 1, depth - 1, false);
                        continue;
                    }
                    (b',', _) if !first => {
                        self.at += 1;
                        self.skip_space();
                    }
                    _ if !first => return None,
                    _ => {}
                }
                if in_object {
                    self.expect(b"\"")?;
                    self.rest_of_string()?;
                    self.skip_space();
                    self.expect(b":")?;
                }
                break;
            }
        }
    }

    /// Behind the quote that begins a string, to behind the one that ends it.
    fn rest_of_string(&mut self) -> Option<()> {
        loop {
            self.at += plain_bytes(&self.bytes[self.at..]);
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next()?.is_ascii_hexdigit().then_some(())?;
                        }
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    /// Where the text of a string without escapes stands.
    fn plain_string(&mut self) -> Option<Range<usize>> {
        self.expect(b"\"")?;
        let from = self.at;
        self.at += plain_bytes(&self.bytes[from..]);
        let text = from..self.at;
        self.expect(b"\"")?;
        Some(text)
    }

    /// An integer's digits behind the first byte. Other numbers are the parser's.
    fn rest_of_integer(&mut self, first: u8) -> Option<()> {
        let leading = if first == b'-' { self.next()? } else { first };
        match leading {
            b'0' => {}
            b'1'..=b'9' => {
                while let Some(b'0'..=b'9') = self.peek() {
                    self.at += 1;
                }
            }
            _ => return None,
        }
        (!matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'e' | b'E'))).then_some(())
    }
}

/// How many bytes at the beginning stand in a string as they are: up to a quote, an escape, or a control character.
fn plain_bytes(bytes: &[u8]) -> usize {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let (steps, _) = bytes.as_chunks::<STEP>();
    let whole = steps
        .iter()
        // Without a way out of the middle, so that it is done in vectors.
        .take_while(|step| !step.iter().fold(false, |any, &byte| any | special(byte)))
        .count()
        * STEP;
    let rest = bytes[whole..].iter().position(|&byte| special(byte));
    rest.map_or(bytes.len(), |rest| whole + rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn parses(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn what_is_written_without_fractions_is_recognised() {
        for text in [
            "null",
            " [ ] ",
            "{}",
            r#"{"a":[1,-2,0,{"b":{}},[[]]],"c":"\u00e9\n\"","d":true,"e":false}"#,
            "\t{\r\n\"a\" : [ null , \"\" ] }\n",
            &format!("\"{}\"", "x".repeat(1000)),
        ] {
            assert!(is_surely_json(text), "{text}");
            assert!(parses(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_never_taken_for_it() {
        for text in [
            "",
            " ",
            "{",
            "]",
            "[1,]",
            "[,1]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{1:2}"#,
            "[1 2]",
            "01",
            "-",
            "1x",
            "tru",
            "nulll",
            "\"",
            "\"\\",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "[}",
            "{]",
            "1 1",
            "[1],",
        ] {
            assert!(!is_surely_json(text), "{text}");
            assert!(!parses(text), "{text}");
        }
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for special in ["\"", "\\", "\u{1f}", "\0"] {
            for before in 0..2 * STEP + 3 {
                let text = format!("{}{special}{}", "é".repeat(before), "x".repeat(STEP));
                assert_eq!(plain_bytes(text.as_bytes()), 2 * before);
            }
        }
        assert_eq!(plain_bytes(" ~é\u{7f}".repeat(40).as_bytes()), 200);
    }

    proptest! {
        #[test]
        fn whatever_is_recognised_is_json(text in r#"[\[\]{}:,"a-u0-9\\ .\n-]{0,24}"#) {
            if is_surely_json(&text) {
                prop_assert!(parses(&text));
            }
        }

        #[test]
        fn the_longest_text_before_a_special_byte_is_plain(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
            let slowly = bytes.iter().position(special).unwrap_or(bytes.len());
            prop_assert_eq!(plain_bytes(&bytes), slowly);
        }
    }
}
