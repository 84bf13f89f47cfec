//! Values, across the boundary and back.
//!
//! Nothing is lost on the way where JSON has a place for it: `None` is `null`, whole floats stay floats, integers
//! keep all their digits, objects keep their order. What JSON has no place for is written as its `repr` in a
//! result, and refused in an argument, where a tool would take the repr for data.

use std::borrow::Cow;
use std::fmt::Write as _;

use monty_types::{ExcType, MontyObject};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// How deep a value may be nested, on either way. Each level takes a frame of the stack.
const DEPTH: usize = 500;

/// Most characters of a repr in a result.
const REPR_CHARS: usize = 4000;

/// The key under which serde_json hands over a number with all its digits.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// Why a value cannot be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It contains itself, or nearly so.
    TooDeep,
    /// JSON has nothing like it.
    NoJson(String),
    /// A key of a dict that stands for no text.
    NoKey(String),
}

impl Unfit {
    /// The exception that says so.
    pub(crate) fn class(&self) -> ExcType {
        match self {
            Unfit::TooDeep => ExcType::RecursionError,
            Unfit::NoJson(_) | Unfit::NoKey(_) => ExcType::TypeError,
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unfit::TooDeep => f.write_str("maximum recursion depth exceeded"),
            Unfit::NoJson(name) => write!(f, "Object of type {name} is not JSON serializable"),
            Unfit::NoKey(name) => write!(f, "keys must be str, int, float, bool or None, not {name}"),
        }
    }
}

/// The result of a run.
pub(crate) fn result(value: &MontyObject) -> Result<String, Unfit> {
    let mut out = String::new();
    write(&mut out, value, Lenience::Result, 0)?;
    Ok(out)
}

/// The arguments of a call: an object.
pub(crate) fn arguments(kwargs: &[(MontyObject, MontyObject)]) -> Result<String, Unfit> {
    let mut out = String::new();
    object(&mut out, kwargs.iter(), Lenience::Argument, 0)?;
    Ok(out)
}

/// What becomes of a value that JSON has no place for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lenience {
    Result,
    Argument,
}

fn write(out: &mut String, value: &MontyObject, lenience: Lenience, depth: usize) -> Result<(), Unfit> {
    if depth > DEPTH {
        return Err(Unfit::TooDeep);
    }
    match value {
        MontyObject::None => out.push_str("null"),
        MontyObject::Bool(true) => out.push_str("true"),
        MontyObject::Bool(false) => out.push_str("false"),
        MontyObject::Int(int) => written(out, int),
        MontyObject::BigInt(int) => written(out, int),
        MontyObject::Float(float) if float.is_finite() => written(out, &monty_types::FormatFloat(*float)),
        // As every other host of this contract has it.
        MontyObject::Float(_) => out.push_str("null"),
        MontyObject::String(text) => string(out, text),
        MontyObject::List(items)
        | MontyObject::Tuple(items)
        | MontyObject::NamedTuple { values: items, .. } => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(out, item, lenience, depth + 1)?;
            }
            out.push(']');
        }
        MontyObject::Dict(pairs) => object(out, pairs.iter(), lenience, depth)?,
        MontyObject::Cycle(..) => return Err(Unfit::TooDeep),
        other if lenience == Lenience::Argument => return Err(Unfit::NoJson(other.type_name().to_owned())),
        MontyObject::Repr(repr) => string(out, &shortened(repr)),
        other => string(out, &shortened(&other.py_repr())),
    }
    Ok(())
}

/// The last of several equal keys counts, in the place of the first: as in a dict.
fn object<'a>(
    out: &mut String,
    pairs: impl Iterator<Item = &'a (MontyObject, MontyObject)>,
    lenience: Lenience,
    depth: usize,
) -> Result<(), Unfit> {
    let mut members: Vec<(Cow<'a, str>, &'a MontyObject)> = Vec::new();
    let mut all_text = true;
    for (key, value) in pairs {
        all_text &= matches!(key, MontyObject::String(_));
        let key = key_of(key, lenience)?;
        // Text keys of a dict differ from each other; others may be written alike.
        let same = (!all_text)
            .then(|| members.iter().position(|(known, _)| *known == key))
            .flatten();
        match same {
            Some(at) => members[at].1 = value,
            None => members.push((key, value)),
        }
    }
    out.push('{');
    for (n, (key, value)) in members.into_iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        string(out, &key);
        out.push(':');
        write(out, value, lenience, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn key_of(key: &MontyObject, lenience: Lenience) -> Result<Cow<'_, str>, Unfit> {
    match key {
        MontyObject::String(text) => Ok(Cow::Borrowed(text)),
        MontyObject::None
        | MontyObject::Bool(_)
        | MontyObject::Int(_)
        | MontyObject::BigInt(_)
        | MontyObject::Float(_) => Ok(Cow::Owned(key.to_string())),
        other if lenience == Lenience::Argument => Err(Unfit::NoKey(other.type_name().to_owned())),
        other => Ok(Cow::Owned(other.to_string())),
    }
}

fn written(out: &mut String, value: &impl std::fmt::Display) {
    write!(out, "{value}").expect("a string takes everything");
}

fn string(out: &mut String, text: &str) {
    // Nothing in a string can fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn shortened(repr: &str) -> Cow<'_, str> {
    match repr.char_indices().nth(REPR_CHARS) {
        None => Cow::Borrowed(repr),
        Some(_) => {
            let kept = repr.chars().take(REPR_CHARS - 1);
            Cow::Owned(kept.chain(['…']).collect())
        }
    }
}

/// A tool's answer.
pub(crate) fn parse(json: &str) -> Result<MontyObject, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(json);
    // The depth is bounded below, with the same number for both ways.
    parser.disable_recursion_limit();
    let value = Value { depth: 0 }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Value {
    depth: usize,
}

impl Value {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH {
            return Err(E::custom(format_args!(
                "it is nested more than {DEPTH} levels deep"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = MontyObject;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<MontyObject, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = MontyObject;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<MontyObject, E> {
        Ok(MontyObject::None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<MontyObject, E> {
        Ok(MontyObject::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<MontyObject, E> {
        Ok(MontyObject::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<MontyObject, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(MontyObject::Int(value)),
            Err(_) => number(&value.to_string()),
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<MontyObject, E> {
        Ok(MontyObject::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<MontyObject, E> {
        Ok(MontyObject::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<MontyObject, E> {
        Ok(MontyObject::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<MontyObject, A::Error> {
        let each = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(each)? {
            items.push(item);
        }
        Ok(MontyObject::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MontyObject, A::Error> {
        let each = self.deeper()?;
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if pairs.is_empty() && key == NUMBER_KEY {
                return number(&map.next_value::<String>()?);
            }
            pairs.push((MontyObject::String(key), map.next_value_seed(each)?));
        }
        Ok(MontyObject::dict(pairs))
    }
}

/// As Python's own `json` reads it: with a point or an exponent a float, else an integer of any size.
fn number<E: serde::de::Error>(digits: &str) -> Result<MontyObject, E> {
    let unreadable = || E::custom("a number that cannot be read");
    if digits.contains(['.', 'e', 'E']) {
        return digits.parse().map(MontyObject::Float).map_err(|_| unreadable());
    }
    if let Ok(int) = digits.parse() {
        return Ok(MontyObject::Int(int));
    }
    digits.parse().map(MontyObject::BigInt).map_err(|_| unreadable())
}
