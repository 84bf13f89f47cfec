//! JSON of which most is text, looked over faster than it can be parsed.
//!
//! What a tool is given and what it answers is mostly one long string, which passes through. A parser takes it a
//! word at a time; here it is 64 bytes at a time, which is four to eight times as fast. Nothing here refuses anything:
//! what is not recognised is left to the parser, which says what is wrong, if something is.

/// Bytes looked at in one step: the compiler makes a handful of vector instructions of each.
const STEP: usize = 64;

/// And of what is left of a long text, or of a short one: one instruction.
const SHORT_STEP: usize = 16;
const SHORTEST_STEP: usize = 8;

/// Whether `text` is JSON beyond doubt. Where not, it may be JSON all the same.
pub(in crate::plugin) fn is_surely_json(text: &str) -> bool {
    Scanner::new(text).is_json().is_some()
}

/// The strings of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    pub(super) summary: &'a str,
    pub(super) content: Option<&'a str>,
}

impl<'a> Plain<'a> {
    /// Of a tool's answer in the form in which PDKs write it, where neither string has an escape in it, and both are
    /// ASCII. That it is text at all does not have to be known.
    pub(super) fn of(answer: &'a [u8]) -> Option<Self> {
        let mut scanner = Scanner { bytes: answer, at: 0 };
        scanner.expect(br#"{"summary":"#)?;
        let summary = scanner.ascii_string()?;
        let content = match scanner.expect(br#","content":"#) {
            Some(()) => Some(scanner.ascii_string()?),
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
            self.at += plain_bytes::<ANY>(&self.bytes[self.at..]);
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

    /// The text of a string without escapes, in which all is ASCII.
    fn ascii_string(&mut self) -> Option<&'a str> {
        self.expect(b"\"")?;
        let rest = &self.bytes[self.at..];
        let text = &rest[..plain_bytes::<ASCII>(rest)];
        self.at += text.len();
        self.expect(b"\"")?;
        #[expect(
            unsafe_code,
            reason = "to check it again would take twice as long as to look at it once"
        )]
        // SAFETY: it is ASCII, as `plain_bytes` says.
        Some(unsafe { str::from_utf8_unchecked(text) })
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

/// Whether bytes beyond ASCII are plain as well.
const ANY: bool = false;
const ASCII: bool = true;

/// How many bytes at the beginning stand in a string as they are: up to a quote, an escape, a control character, or,
/// where all has to be ASCII, a byte that is not.
fn plain_bytes<const ONLY_ASCII: bool>(bytes: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= 2 * STEP && is_x86_feature_detected!("avx2") {
        #[expect(
            unsafe_code,
            reason = "a program for every such processor may not use what only most of them have"
        )]
        // SAFETY: this one has it.
        return unsafe { plain_bytes_avx2::<ONLY_ASCII>(bytes) };
    }
    plain_bytes_in_steps::<ONLY_ASCII>(bytes)
}

/// The same, compiled for vectors of twice the size.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn plain_bytes_avx2<const ONLY_ASCII: bool>(bytes: &[u8]) -> usize {
    plain_bytes_in_steps::<ONLY_ASCII>(bytes)
}

#[inline(always)]
fn plain_bytes_in_steps<const ONLY_ASCII: bool>(bytes: &[u8]) -> usize {
    let mut whole = plain_steps::<ONLY_ASCII, STEP>(bytes);
    whole += plain_steps::<ONLY_ASCII, SHORT_STEP>(&bytes[whole..]);
    whole += plain_steps::<ONLY_ASCII, SHORTEST_STEP>(&bytes[whole..]);
    let rest = bytes[whole..]
        .iter()
        .position(|&byte| is_special::<ONLY_ASCII>(byte));
    rest.map_or(bytes.len(), |rest| whole + rest)
}

/// Bytes of all the steps at the beginning that have nothing special in them.
#[inline(always)]
fn plain_steps<const ONLY_ASCII: bool, const BYTES: usize>(bytes: &[u8]) -> usize {
    let (steps, _) = bytes.as_chunks::<BYTES>();
    let plain = steps.iter().take_while(|step| {
        let special = step.iter().map(|&byte| is_special::<ONLY_ASCII>(byte));
        // Without a way out of the middle, so that it is done in vectors.
        !special.fold(false, |any, special| any | special)
    });
    plain.count() * BYTES
}

#[inline(always)]
const fn is_special<const ONLY_ASCII: bool>(byte: u8) -> bool {
    // As a signed number what is beyond ASCII is below zero: one comparison for both.
    let below_space = if ONLY_ASCII {
        byte.cast_signed() < 0x20
    } else {
        byte < 0x20
    };
    below_space || byte == b'"' || byte == b'\\'
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
            for before in 0..3 * STEP + 3 {
                let text = format!("{}{special}{}", "é".repeat(before), "x".repeat(STEP));
                assert_eq!(plain_bytes::<ANY>(text.as_bytes()), 2 * before);
                let text = text.replace('é', "e");
                assert_eq!(plain_bytes::<ASCII>(text.as_bytes()), before);
            }
        }
        let text = " ~é\u{7f}".repeat(80);
        assert_eq!(plain_bytes::<ANY>(text.as_bytes()), text.len());
        assert_eq!(plain_bytes::<ASCII>(text.as_bytes()), 2);
    }

    proptest! {
        #[test]
        fn whatever_is_recognised_is_json(text in r#"[\[\]{}:,"a-u0-9\\ .\n-]{0,24}"#) {
            if is_surely_json(&text) {
                prop_assert!(parses(&text));
            }
        }

        #[test]
        fn the_longest_text_before_a_special_byte_is_plain(
            plain in prop::collection::vec(0x23_u8..0x5c, 0..300),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = [plain, bytes].concat();
            let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
            let slowly = |special: &dyn Fn(&u8) -> bool| bytes.iter().position(special).unwrap_or(bytes.len());
            let (any, ascii) = (slowly(&special), slowly(&|byte| special(byte) || !byte.is_ascii()));
            prop_assert_eq!(plain_bytes::<ANY>(&bytes), any);
            prop_assert_eq!(plain_bytes::<ASCII>(&bytes), ascii);
            // As on a processor without wide vectors.
            prop_assert_eq!(plain_bytes_in_steps::<ANY>(&bytes), any);
            prop_assert_eq!(plain_bytes_in_steps::<ASCII>(&bytes), ascii);
        }
    }
}
