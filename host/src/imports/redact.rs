//! Secrets taken out of what others read.
//!
//! The text is somebody else's (a header, a parser's complaint), so this goes by form: what follows a name
//! that sounds like a credential, or the word `Bearer` or `Basic`. The whole value goes, not its first word.
//! Too much taken out is a nuisance, too little a leak.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{HostError, HostErrorCode};
use crate::limits::MESSAGE_BYTES;
use crate::text;

/// What stands in for a secret.
const REDACTED: &str = "<redacted>";

/// A name that contains one of these has a credential for its value.
const NAMES: [&str; 9] = [
    "authorization",
    "cookie",
    "api-key",
    "api_key",
    "apikey",
    "token",
    "secret",
    "password",
    "passwd",
];

/// Words after which a credential stands without any name.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// An error whose message quotes others: one line, bounded, without secrets.
pub(super) fn error(code: HostErrorCode, message: &str) -> HostError {
    HostError::new(code, redacted(&text::bounded(message, MESSAGE_BYTES)))
}

/// The text without credentials.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(word) = next_word(text, at) {
        at = word.end;
        let Some(secret) = value_of(text, &word).or_else(|| credential_after(text, &word)) else {
            continue;
        };
        clean.push_str(&text[kept..secret.start]);
        clean.push_str(REDACTED);
        kept = secret.end;
        at = secret.end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept..]);
    Cow::Owned(clean)
}

/// The text without credentials, in all the texts that it has where it is JSON. Nothing else of it changes, and
/// nothing at all where there is none.
///
/// JSON has one more place for them: a member whose name sounds like a credential, and the `value` of an object
/// whose `name` does, as a header has it.
pub(super) fn redacted_json(text: &str) -> Cow<'_, str> {
    // It bounds the depth, and with it what goes down.
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        return redacted(text);
    }
    clean(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The members of an object in their order, twins included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// JSON of a bounded depth without credentials, if it has any.
fn clean(json: &str) -> Option<String> {
    match json.trim_start().as_bytes().first()? {
        b'{' => {
            let Members(members) = serde_json::from_str(json).ok()?;
            let is_header = members.iter().any(|(key, value)| {
                key == "name" && text_of(value.get()).is_some_and(|name| names_credential(&name))
            });
            let parts: Vec<(&str, Option<String>)> = members
                .iter()
                .map(|(key, value)| {
                    let value = value.get();
                    let secret = names_credential(key) || (is_header && key == "value");
                    match text_of(value).filter(|_| secret) {
                        Some(text) if text != REDACTED && !text.is_empty() => (value, Some(quoted(REDACTED))),
                        _ => (value, clean(value)),
                    }
                })
                .collect();
            let keys = members.iter().map(|(key, _)| quoted(key) + ":");
            joined('{', keys, &parts, '}')
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            let parts: Vec<(&str, Option<String>)> = elements
                .iter()
                .map(|value| (value.get(), clean(value.get())))
                .collect();
            joined('[', std::iter::repeat(String::new()), &parts, ']')
        }
        _ => {
            let text = text_of(json)?;
            let clean = redacted(&text);
            (clean != text).then(|| quoted(&clean))
        }
    }
}

/// The parts in new words where they have some, if any has.
fn joined(
    open: char,
    keys: impl Iterator<Item = String>,
    parts: &[(&str, Option<String>)],
    close: char,
) -> Option<String> {
    parts.iter().find(|(_, new)| new.is_some())?;
    let mut json = String::from(open);
    for (n, (key, (old, new))) in keys.zip(parts).enumerate() {
        if n > 0 {
            json.push(',');
        }
        json.push_str(&key);
        json.push_str(new.as_deref().unwrap_or(old));
    }
    json.push(close);
    Some(json)
}

fn text_of(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn names_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|known| name.contains(known))
}

// All positions below are of ASCII bytes or just behind one, so they are boundaries of characters.

/// The next run of letters, digits, `-` and `_`.
fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let bytes = text.as_bytes();
    let start = from + bytes[from..].iter().position(is_word)?;
    let length = bytes[start..].iter().take_while(|byte| is_word(byte)).count();
    Some(start..start + length)
}

/// The value that belongs to `word`, if that is the name of a credential: `name=value`, `name: value`,
/// `"name": "value"`.
fn value_of(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let name = text[word.clone()].to_ascii_lowercase();
    if !names_credential(&name) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = word.end;
    if bytes.get(at).copied().is_some_and(is_quote) {
        at += 1;
    }
    at = skip_blanks(bytes, at);
    let separator = *bytes.get(at)?;
    if !matches!(separator, b'=' | b':') {
        return None;
    }
    at = skip_blanks(bytes, at + 1);
    let quote = *bytes.get(at)?;
    if is_quote(quote) {
        return not_empty(at + 1..end_of_quoted(bytes, at + 1, quote));
    }
    // A header's value goes to the end of the line, with blanks and separators of its own. A parameter's ends
    // with it, unless it begins with a scheme, behind which the credential itself comes.
    let to_line_end = separator == b':' || name.contains("authorization") || name.contains("cookie");
    let ends = |byte: &u8| matches!(byte, b'\r' | b'\n') || (!to_line_end && ends_parameter(*byte));
    let mut end = at;
    loop {
        end += bytes[end..].iter().take_while(|byte| !ends(byte)).count();
        let first = text[at..end].to_ascii_lowercase();
        if to_line_end || !SCHEMES.contains(&first.as_str()) || bytes.get(end) != Some(&b' ') {
            return not_empty(at..end);
        }
        at = skip_blanks(bytes, end);
        end = at;
    }
}

/// What stands behind `word`, if that is a scheme: `Bearer abc`.
fn credential_after(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let scheme = &text[word.clone()];
    if !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let bytes = text.as_bytes();
    let at = skip_blanks(bytes, word.end);
    if at == word.end {
        return None;
    }
    let length = bytes[at..]
        .iter()
        .take_while(|byte| !ends_parameter(**byte))
        .count();
    not_empty(at..at + length)
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

fn end_of_quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if byte == quote => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn ends_parameter(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b';' | b'&')
}

fn not_empty(range: Range<usize>) -> Option<Range<usize>> {
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_value_of_a_credential_goes() {
        let lines = [
            "Authorization: Bearer abc.def",
            "authorization=Bearer abc.def trailing words",
            "Set-Cookie: id=1; Path=/; Secure",
            r#"unknown field `x`, {"password":"a \" b","user":"me"}"#,
            "https://h.test/cb?access_token=abc&state=xyz",
            "x-api-key = abc, next",
            "token=Bearer abc, next",
            "it said Bearer abc.def",
            "basic dXNlcjpwYXNz and more",
            "SECRET: 語 語\nnext line",
        ];
        insta::assert_snapshot!(lines.map(redacted).join("\n"), @r#"
        Authorization: <redacted>
        authorization=<redacted>
        Set-Cookie: <redacted>
        unknown field `x`, {"password":"<redacted>","user":"me"}
        https://h.test/cb?access_token=<redacted>&state=xyz
        x-api-key = <redacted>, next
        token=Bearer <redacted>, next
        it said Bearer <redacted>
        basic <redacted> and more
        SECRET: <redacted>
        next line
        "#);
    }

    #[test]
    fn words_that_only_sound_like_credentials_stay() {
        for line in [
            "tokens.txt is missing",
            "request header `authorization` is credential-like",
            "the bearer",
            "password=",
            "a cookie, a secret",
            "",
        ] {
            assert!(
                matches!(redacted(line), Cow::Borrowed(same) if same == line),
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_bearer_token_never_survives(before in "\\PC{0,20}", after in "\\PC{0,20}", gap in "[ \t]{1,3}") {
            let text = format!("{before} Bearer{gap}s3cr3t.t0k3n {after}");
            prop_assert!(!redacted(&text).contains("s3cr3t"));
        }

        #[test]
        fn a_named_secret_never_survives(
            before in "\\PC{0,20}",
            name in "(x-)?(api-key|token|password|authorization)",
            separator in " ?[=:] ?",
            scheme in "(Bearer |Basic )?",
        ) {
            let text = format!("{before} {name}{separator}{scheme}s3cr3t");
            prop_assert!(!redacted(&text).contains("s3cr3t"), "{}", redacted(&text));
        }

        #[test]
        fn any_text_is_safe_and_stays_clean(text: String) {
            let once = redacted(&text).into_owned();
            prop_assert_eq!(redacted(&once).into_owned(), once);
        }
    }
}
