//! Secrets taken out of what others read.
//!
//! The text is somebody else's (a header, a parser's complaint, a file), so this goes by form: what follows a name
//! that sounds like a credential, or the word `Bearer` or `Basic`; the user and password in a URL; and what has
//! the look of a key itself. The whole value goes, not its first word. Too much taken out is a nuisance, too
//! little a leak; what has none of these forms stays.

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

/// Words of a name whose value is a credential, wherever in the name they stand.
const WORDS: [&str; 19] = [
    "authorization",
    "cookie",
    "cookies",
    "apikey",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "credentials",
    "jwt",
    "otp",
    "csrf",
    "signature",
    "sig",
    "sid",
    "sessionid",
];

/// Two words after one another that do the same.
const PAIRS: [[&str; 2]; 7] = [
    ["api", "key"],
    ["access", "key"],
    ["private", "key"],
    ["secret", "key"],
    ["ssh", "key"],
    ["session", "id"],
    ["pass", "word"],
];

/// Ends of words that were written together, as in `accesstoken`.
const ENDS: [&str; 4] = ["token", "password", "secret", "apikey"];

/// Words after which a credential stands without any name.
const SCHEMES: [&str; 4] = ["bearer", "basic", "negotiate", "apikey"];

/// How keys begin that services hand out.
const KEYS: [&str; 12] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
];

/// Shortest word that is taken for such a key, or for a signed token.
const KEY_BYTES: usize = 16;

/// Most bytes between `BEGIN` and `PRIVATE KEY`: ` ENCRYPTED `, ` OPENSSH `.
const TITLE_BYTES: usize = 16;

/// An error whose message quotes others: one line, bounded, without secrets.
pub(super) fn error(code: HostErrorCode, message: &str) -> HostError {
    HostError::new(code, redacted(&text::bounded(message, MESSAGE_BYTES)))
}

/// The text without credentials.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(word) = next_word(text, at) {
        at = word.end;
        let secret = value_of(text, &word)
            .or_else(|| credential_after(text, &word))
            .or_else(|| user_of(text, &word))
            .or_else(|| private_key(text, &word))
            .or_else(|| is_key(&text[word.clone()]).then(|| word.clone()));
        let Some(secret) = secret else {
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
    if !is_json(text) {
        return redacted(text);
    }
    clean(text, TEXTS_WITHIN).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// How often JSON may stand in a text of JSON and be read as such. Each time doubles its escapes.
const TEXTS_WITHIN: usize = 4;

/// Whether it is JSON of a depth that the parser goes down, and so may what follows it.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
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
fn clean(json: &str, within: usize) -> Option<String> {
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
                        _ => (value, clean(value, within)),
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
                .map(|value| (value.get(), clean(value.get(), within)))
                .collect();
            joined('[', std::iter::repeat(String::new()), &parts, ']')
        }
        _ => {
            let text = text_of(json)?;
            // A body of JSON, or a file of it. In one of anything else a number after a name is taken for a value.
            if text.trim_start().starts_with(['{', '[']) && within > 0 && is_json(&text) {
                return clean(&text, within - 1).map(|clean| quoted(&clean));
            }
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

/// Whether what has this name is a credential. Words are told apart by case and by what is no letter: `token`
/// is one in `accessToken` and in `ACCESS_TOKEN`, and none in `prompt_tokens`.
fn names_credential(name: &str) -> bool {
    let words = words(name);
    let known = |word: &String| WORDS.contains(&word.as_str()) || ENDS.iter().any(|end| word.ends_with(end));
    words.iter().any(known)
        || words.windows(2).any(|two| PAIRS.iter().any(|pair| two == pair))
        // By itself it is what tests do.
        || (words.len() > 1 && words.iter().any(|word| word == "pass"))
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if !word.is_empty() && (!c.is_alphanumeric() || (was_lower && c.is_uppercase())) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.push(word);
    words
}

/// Whether it has the look of a key that a service hands out, or of a signed token.
fn is_key(word: &str) -> bool {
    let begins = KEYS.iter().any(|key| word.starts_with(key));
    let is_signed = word.starts_with("eyJ") && word.matches('.').count() == 2;
    word.len() >= KEY_BYTES && (begins || is_signed)
}

// All positions below are of ASCII bytes or just behind one, so they are boundaries of characters.

/// The next run of letters, digits, `-`, `_`, `%` and, after a first one, `.`.
fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    let begins = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'%');
    let bytes = text.as_bytes();
    let start = from + bytes[from..].iter().position(begins)?;
    let goes_on = |byte: &&u8| begins(byte) || **byte == b'.';
    let length = bytes[start..].iter().take_while(goes_on).count();
    Some(start..start + length)
}

/// The value that belongs to `word`, if that is the name of a credential: `name=value`, `name: value`,
/// `"name": "value"`.
fn value_of(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let name = percent_decoded(&text[word.clone()]);
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
    // Whatever it is made of: only what cannot be part of it ends it.
    let ends =
        |byte: &u8| matches!(byte, b'"' | b'`' | b'\r' | b'\n') || (separator == b'=' && *byte == b'&');
    let length = bytes[at..].iter().take_while(|byte| !ends(byte)).count();
    not_empty(at..at + length)
}

/// The name as it was before it was put into a URL or a form.
fn percent_decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let pairs = url::form_urlencoded::parse(name.as_bytes());
    Cow::Owned(pairs.map(|(name, _)| name.into_owned()).collect())
}

/// User and password of the URL whose scheme ends `word`: `https://user:password@host`.
fn user_of(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let rest = text[word.end..].strip_prefix("://")?;
    let start = word.end + "://".len();
    let ends = |byte: &u8| {
        is_quote(*byte) || byte.is_ascii_whitespace() || matches!(byte, b'/' | b'?' | b'#' | b'<')
    };
    let authority = rest.as_bytes().iter().take_while(|byte| !ends(byte)).count();
    let at = rest[..authority].rfind('@')?;
    not_empty(start..start + at)
}

/// A private key as files have it, from behind its first line to its last, if `word` begins that.
fn private_key(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    if !text[word.clone()].ends_with("-----BEGIN") {
        return None;
    }
    let title = text[word.end..].find("PRIVATE KEY-----")?;
    // It is the same line.
    if title > TITLE_BYTES {
        return None;
    }
    let start = word.end + title + "PRIVATE KEY-----".len();
    let length = text[start..].find("-----END").unwrap_or(text.len() - start);
    not_empty(start..start + length)
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
            "https://h.test/cb?acc%65ss_token=abc, d;e f&state=xyz",
            "x-api-key = abc, next",
            "token=Bearer abc, next",
            "it said Bearer abc.def",
            "basic dXNlcjpwYXNz and more",
            "password=a,b;c d'e",
            "DB_PASS=abc",
            "accessToken: abc",
            "private_key = abc",
            "postgres://me:pw@db.test/x and https://me@h.test/",
            "it is sk-0123456789abcdef, or eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----",
            "SECRET: 語 語\nnext line",
        ];
        insta::assert_snapshot!(lines.map(redacted).join("\n"), @r#"
        Authorization: <redacted>
        authorization=<redacted>
        Set-Cookie: <redacted>
        unknown field `x`, {"password":"<redacted>","user":"me"}
        https://h.test/cb?access_token=<redacted>&state=xyz
        https://h.test/cb?acc%65ss_token=<redacted>&state=xyz
        x-api-key = <redacted>
        token=<redacted>
        it said Bearer <redacted>
        basic <redacted> and more
        password=<redacted>
        DB_PASS=<redacted>
        accessToken: <redacted>
        private_key = <redacted>
        postgres://<redacted>@db.test/x and https://<redacted>@h.test/
        it is <redacted>, or <redacted>
        -----BEGIN RSA PRIVATE KEY-----<redacted>-----END RSA PRIVATE KEY-----
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
            "max_tokens: 100, secretary: me",
            "pass: 3, fail: 1",
            "mail me@h.test or see https://h.test/@me",
            "a task-0123456789abcdef, an eyJ",
            "",
        ] {
            assert!(
                matches!(redacted(line), Cow::Borrowed(same) if same == line),
                "{line}: {}",
                redacted(line)
            );
        }
    }

    #[test]
    fn json_loses_its_credentials_and_nothing_else() {
        let texts = [
            r#"{"token": "abc", "n": 1e3, "tokens": ["Bearer abc"]}"#,
            r#"{"headers":[{"name":"X-Api-Key","value":"abc"},{"value":"abc","name":"Cookie"}]}"#,
            r#"{"body":"{\"access_token\":\"abc\",\"usage\":{\"total_tokens\":12,\"token\":null}}"}"#,
            r#"{"body":"[{\"name\":\"Authorization\",\"value\":\"abc\"}]"}"#,
            r#"{"data":"{\"data\":\"{\\\"pass\\u0077ord\\\":\\\"abc\\\"}\"}"}"#,
            r#"{"content":"API_KEY=abc\nNAME=me\n"}"#,
            "no JSON, but token=abc",
        ];
        insta::assert_snapshot!(texts.map(redacted_json).join("\n"), @r#"
        {"token":"<redacted>","n":1e3,"tokens":["Bearer <redacted>"]}
        {"headers":[{"name":"X-Api-Key","value":"<redacted>"},{"value":"<redacted>","name":"Cookie"}]}
        {"body":"{\"access_token\":\"<redacted>\",\"usage\":{\"total_tokens\":12,\"token\":null}}"}
        {"body":"[{\"name\":\"Authorization\",\"value\":\"<redacted>\"}]"}
        {"data":"{\"data\":\"{\\\"password\\\":\\\"<redacted>\\\"}\"}"}
        {"content":"API_KEY=<redacted>\nNAME=me\n"}
        no JSON, but token=<redacted>
        "#);
        for text in [
            r#"{ "prompt_tokens" : 5, "total_tokens":12.0, "ok":true, "a":[null, {}], "secretary":"me" }"#,
            r#"{"body":"{\"id\":\"x\",\"usage\":{\"prompt_tokens\":5,\"total_tokens\":12},\"ok\":true}"}"#,
        ] {
            assert!(
                matches!(redacted_json(text), Cow::Borrowed(_)),
                "{}",
                redacted_json(text)
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
        fn json_stays_json_and_clean(
            names in prop::collection::vec("(token|prompt_tokens|a|password|name|value)", 0..4),
            text in "\\PC{0,12}",
        ) {
            let members: serde_json::Map<_, _> = names
                .iter()
                .map(|name| (name.clone(), serde_json::json!(text)))
                .collect();
            let inner = serde_json::Value::from(members).to_string();
            let outer = serde_json::json!({ "body": inner, "n": [1, null, text] }).to_string();
            let clean = redacted_json(&outer).into_owned();
            let parsed: serde_json::Value = serde_json::from_str(&clean).unwrap();
            let body: serde_json::Value = serde_json::from_str(parsed["body"].as_str().unwrap()).unwrap();
            for (name, value) in body.as_object().unwrap() {
                let is_clean = !names_credential(name) || value == REDACTED || value == "";
                prop_assert!(is_clean, "{clean}");
            }
            prop_assert_eq!(redacted_json(&clean).into_owned(), clean);
        }

        #[test]
        fn any_text_is_safe_and_stays_clean(text: String) {
            let once = redacted(&text).into_owned();
            prop_assert_eq!(redacted(&once).into_owned(), once);
        }
    }
}
