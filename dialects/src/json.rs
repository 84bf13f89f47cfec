//! JSON of a peer, read no deeper than it has to be.
//!
//! Most of what a peer says only passes through. So an object is cut into its members in one pass, the members
//! asked for are kept as they were written, and only they are looked at further.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A JSON value as somebody wrote it: order of keys, repeated keys and digits of numbers included.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self::of_text("{}").expect("an object")
    }

    /// The JSON that a text is, without white space around it; none if it is none.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Some(Self(raw.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The value, to be looked at further.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// The text without white space between its signs.
    #[must_use]
    pub fn compact(&self) -> String {
        let text = self.text();
        let mut compact = String::with_capacity(text.len());
        let (mut in_string, mut escaped) = (false, false);
        for c in text.chars() {
            if in_string {
                in_string = escaped || c != '"';
                escaped = !escaped && c == '\\';
            } else if c.is_ascii_whitespace() {
                continue;
            } else {
                in_string = c == '"';
            }
            compact.push(c);
        }
        compact
    }

    /// The value; `null` for one that no value holds, as nested too deep.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self::of_text(&value.to_string()).expect("a value is JSON")
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

// Not derived: within a tagged enum serde holds values of its own, which have no text.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(from).map(|value| Self::from(&value))
    }
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// The members of these names in a JSON text, the last where a name is repeated: no member is one that is not
/// there or `null`. None where the text is no object.
///
/// # Errors
///
/// Where the text is no JSON.
pub fn members<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> serde_json::Result<Option<[Option<&'a RawValue>; N]>> {
    let found = members_and_nulls(text, names)?;
    Ok(found.map(|found| found.map(|value| value.filter(|value| value.get() != "null"))))
}

/// The same, `null` being a member like any other.
///
/// # Errors
///
/// Where the text is no JSON.
pub fn members_and_nulls<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> serde_json::Result<Option<[Option<&'a RawValue>; N]>> {
    let mut from = serde_json::Deserializer::from_str(text);
    let found = Pick { names, first: false }.deserialize(&mut from)?;
    from.end()?;
    Ok(found)
}

/// The members of a value, none where it is no object.
pub fn of<'a, const N: usize>(value: Option<&'a RawValue>, names: [&str; N]) -> [Option<&'a RawValue>; N] {
    value
        .and_then(|value| members(value.get(), names).ok().flatten())
        .unwrap_or([None; N])
}

/// A member of a value, the first where the name is repeated.
pub fn first<'a>(value: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    let pick = Pick {
        names: [name],
        first: true,
    };
    let [found] = pick
        .deserialize(&mut serde_json::Deserializer::from_str(value.get()))
        .ok()??;
    found
}

/// The string that a value is. Half a surrogate pair, which some languages write, becomes U+FFFD.
pub fn string(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let text = value?.get();
    if !text.starts_with('"') {
        return None;
    }
    let Text(string) = serde_json::from_str(text).ok()?;
    Some(string)
}

/// The same, none where it is empty.
pub fn filled(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    string(value).filter(|string| !string.is_empty())
}

/// Whether a value is the object that it looks like: within valid JSON the first sign tells.
pub fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// Whether a value is `true`.
pub fn is_true(value: Option<&RawValue>) -> bool {
    value.is_some_and(|value| value.get() == "true")
}

/// The elements of a list, none where a value is no list.
pub fn elements(value: Option<&RawValue>) -> Vec<&RawValue> {
    value
        .and_then(|value| serde_json::from_str(value.get()).ok())
        .unwrap_or_default()
}

/// The whole number that a value is, zero where it is none.
pub fn number(value: Option<&RawValue>) -> u64 {
    value
        .and_then(|value| value.get().parse().ok())
        .unwrap_or_default()
}

/// A string, borrowed where it was written without escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            // The parser gives strings as bytes when asked so, and then does not mind half a surrogate pair.
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Text<'de>, E> {
                Ok(Text(String::from_utf8_lossy(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
            }
        }

        from.deserialize_bytes(Read)
    }
}

/// Looks for members by their names.
struct Pick<'n, const N: usize> {
    names: [&'n str; N],
    first: bool,
}

impl<'de, const N: usize> DeserializeSeed<'de> for Pick<'_, N> {
    type Value = Option<[Option<&'de RawValue>; N]>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Pick<'_, N> {
    type Value = Option<[Option<&'de RawValue>; N]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(which) = map.next_key_seed(Which(&self.names))? {
            let Some(which) = which else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = map.next_value()?;
            if !(self.first && found[which].is_some()) {
                found[which] = Some(value);
            }
        }
        Ok(Some(found))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// A key's place among the names asked for.
struct Which<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Which<'_, N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<usize>, D::Error> {
        let Text(key) = Text::deserialize(from)?;
        Ok(self.0.iter().position(|name| *name == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a, const N: usize>(json: &'a str, names: [&str; N]) -> [Option<&'a str>; N] {
        members(json, names)
            .unwrap()
            .unwrap()
            .map(|value| value.map(RawValue::get))
    }

    #[test]
    fn members_are_found_as_they_were_written() {
        assert_eq!(
            text(
                r#" {"b": [1, {"a":2}], "a" :1.50,"c":null} "#,
                ["a", "b", "c", "d"]
            ),
            [Some("1.50"), Some(r#"[1, {"a":2}]"#), None, None]
        );
        assert_eq!(text(r#"{"\u0061":1}"#, ["a"]), [Some("1")]);
    }

    #[test]
    fn of_a_repeated_key_the_last_counts_and_the_first_can_be_had() {
        let json = r#"{"id":"item_1","type":"web_search","id":"ws_1"}"#;
        assert_eq!(text(json, ["id"]), [Some("\"ws_1\"")]);
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(first(raw, "id").unwrap().get(), "\"item_1\"");
    }

    #[test]
    fn what_is_no_object_has_no_members_and_what_is_no_json_is_an_error() {
        for json in ["[1,{}]", "\"a\"", "12", "-1", "1e3", "true", "null"] {
            assert!(members(json, ["a"]).unwrap().is_none(), "{json}");
        }
        for noise in ["", "{", "{\"a\":}", "{} {}", "[SandboxDebug] {}", "NaN"] {
            assert!(members(noise, ["a"]).is_err(), "{noise}");
        }
    }

    #[test]
    fn an_object_of_any_depth_is_read() {
        let deep = format!(
            "{{\"a\":{}1{},\"type\":\"x\"}}",
            "[".repeat(50_000),
            "]".repeat(50_000)
        );
        assert_eq!(text(&deep, ["type"]), [Some("\"x\"")]);
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced_and_loses_nothing_else() {
        let raw: &RawValue = serde_json::from_str(r#""a\ud83dz""#).unwrap();
        assert!(string(Some(raw)).unwrap().contains('\u{fffd}'));
        assert!(string(Some(raw)).unwrap().ends_with('z'));
        let whole: &RawValue = serde_json::from_str(r#""\ud83d\ude00""#).unwrap();
        assert_eq!(string(Some(whole)).unwrap(), "😀");
    }

    #[test]
    fn compact_text_keeps_what_stands_in_strings() {
        let json = Json::of_text(" { \"a b\" : [ 1 ,\n \"x \\\" y\" ] } ").unwrap();
        assert_eq!(json.compact(), r#"{"a b":[1,"x \" y"]}"#);
    }
}
