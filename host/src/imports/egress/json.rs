//! The JSON that a guest hands in: objects, their fields known and there once.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A value written as an object. An array of its fields' values would do as well for a derived `Deserialize`.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

/// The object of which `json` is the text.
///
/// # Errors
///
/// What is wrong with it, and where. Of the text itself it has the names of fields, and no values.
pub(crate) fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    match serde_json::from_str::<Object<T>>(json) {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(without_value(&error.to_string())),
    }
}

/// The message without the value that was met, which may be a secret in the wrong place.
fn without_value(message: &str) -> String {
    let met = ["invalid type", "invalid value"]
        .into_iter()
        .find(|kind| message.starts_with(kind))
        .zip(message.rfind(", expected "));
    match met {
        Some((kind, at)) => format!("{kind}{}", &message[at..]),
        None => message.to_owned(),
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Object)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
        #[serde(default)]
        inner: Vec<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        number: u8,
    }

    #[test]
    fn objects_are_read_and_text_is_borrowed() {
        let sample: Sample<'_> = parse(r#"{"inner": [{"number": 7}], "text": "plain"}"#).unwrap();
        assert!(matches!(sample.text, Cow::Borrowed("plain")));
        assert_eq!(sample.inner[0].0.number, 7);
    }

    #[test]
    fn anything_else_is_refused_in_words_without_its_values() {
        let faults = [
            "",
            "{",
            r#"["hidden"]"#,
            r#""hidden""#,
            r#"{"text": "a", "text": "b"}"#,
            r#"{"text": "a", "more": "hidden"}"#,
            r#"{"text": ["hidden"]}"#,
            r#"{"text": "a", "inner": [[7]]}"#,
            r#"{"text": "a", "inner": [{"number": "hidden, expected nothing"}]}"#,
            r#"{"text": "a", "inner": [{"number": 256}]}"#,
            r#"{"text": "a", "inner": null}"#,
            r#"{"text": "a"} {}"#,
            "{\"text\": \"\\ud800\"}",
        ]
        .map(|json| parse::<Sample<'_>>(json).unwrap_err());
        insta::assert_snapshot!(faults.join("\n"), @r"
        EOF while parsing a value at line 1 column 0
        EOF while parsing an object at line 1 column 1
        invalid type, expected an object at line 1 column 0
        invalid type, expected an object at line 1 column 8
        duplicate field `text` at line 1 column 20
        unknown field `more`, expected `text` or `inner` at line 1 column 20
        invalid type, expected a string at line 1 column 9
        invalid type, expected an object at line 1 column 24
        invalid type, expected u8 at line 1 column 61
        invalid value, expected u8 at line 1 column 38
        invalid type, expected a sequence at line 1 column 27
        trailing characters at line 1 column 15
        unexpected end of hex escape at line 1 column 17
        ");
    }
}
