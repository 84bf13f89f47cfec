//! Inputs that fit a tool's schema, made up.
//!
//! Of strings a schema says nothing but that they are strings. What one is meant for is guessed from its name, so that
//! a tool which takes a URL or a path gets as far as to ask its host for it.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::simpler::simpler;

/// What strings of a meaning may be.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    pub(super) urls: Vec<String>,
    pub(super) paths: Vec<String>,
}

/// Anything that fits `schema`.
pub(super) fn fitting(schema: &Value, words: &Words) -> BoxedStrategy<Value> {
    node("", schema, words)
}

fn node(name: &str, schema: &Value, words: &Words) -> BoxedStrategy<Value> {
    if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.is_empty()) {
        return select(choices.clone()).boxed();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "string" => text(name, words),
        // A number of the middle rarely breaks what one at an edge does.
        "integer" => {
            let integer = prop_oneof![
                4 => -100_i64..100,
                2 => select(INTEGER_EDGES),
                1 => any::<i64>(),
            ];
            simpler(integer.prop_map(Value::from)).boxed()
        }
        "number" => simpler(prop_oneof![
            3 => (-1000_i32..1000).prop_map(|n| json!(f64::from(n) / 8.0)),
            1 => any::<i32>().prop_map(Value::from),
            1 => select(NUMBER_EDGES).prop_map(Value::from),
        ])
        .boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "null" => Just(Value::Null).boxed(),
        "array" => prop::collection::vec(node(name, &schema["items"], words), 0..4)
            .prop_map(Value::from)
            .boxed(),
        "object" => object(schema, words),
        _ => any_json().boxed(),
    }
}

/// Where arithmetic and conversions go wrong: around nothing, and at the ends of what 32 bits, a double and 64 bits hold.
const INTEGER_EDGES: &[i64] = &[0, 1, -1, i32::MAX as i64 + 1, (1 << 53) + 1, i64::MAX, i64::MIN];

/// The same of numbers.
const NUMBER_EDGES: &[f64] = &[0.0, -0.0, 1e-300, 1e300];

fn object(schema: &Value, words: &Words) -> BoxedStrategy<Value> {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = schema["properties"].as_object() else {
        return Just(json!({})).boxed();
    };
    let members: Vec<BoxedStrategy<Option<(String, Value)>>> = properties
        .iter()
        .map(|(name, schema)| {
            let member = node(name, schema, words);
            let required = required.contains(&name.as_str());
            let name = name.clone();
            let named = member.prop_map(move |value| (name.clone(), value));
            match required {
                true => named.prop_map(Some).boxed(),
                false => prop::option::of(named).boxed(),
            }
        })
        .collect();
    members
        .prop_map(|members| Value::Object(members.into_iter().flatten().collect::<Map<_, _>>()))
        .boxed()
}

fn text(name: &str, words: &Words) -> BoxedStrategy<Value> {
    let name = name.to_ascii_lowercase();
    let names_one = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let known = if names_one(&["url", "uri", "href", "link", "endpoint", "address"]) {
        &words.urls
    } else if names_one(&["path", "file", "dir", "folder"]) {
        &words.paths
    } else {
        return any_text().boxed();
    };
    if known.is_empty() {
        return any_text().boxed();
    }
    prop_oneof![
        4 => select(known.clone()).prop_map(Value::from),
        1 => any_text(),
    ]
    .boxed()
}

fn any_text() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        4 => "[a-zA-Z0-9 ._-]{0,24}",
        2 => ".{0,16}",
        1 => Just("日本語 \u{1f600} \u{0}\u{7}\"\\\n".to_owned()),
    ];
    simpler(text.prop_map(Value::from))
}

/// One value of each sort, the plainest first.
pub(super) fn plain_json() -> Vec<Value> {
    vec![
        json!(null),
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(i64::MAX),
        json!(true),
        json!(""),
        json!("a"),
        json!("aaa"),
        json!("aaaaaaaaaaaaaaaa"),
        json!([]),
        json!([0]),
        json!({}),
        json!({ "a": 0 }),
    ]
}

/// Any JSON of a modest size.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        simpler(any::<i64>().prop_map(Value::from)),
        simpler(".{0,16}".prop_map(Value::from)),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    fn some(schema: &Value, words: &Words) -> Vec<Value> {
        let mut runner = TestRunner::deterministic();
        let strategy = fitting(schema, words);
        (0..64)
            .map(|_| strategy.new_tree(&mut runner).unwrap().current())
            .collect()
    }

    #[test]
    fn inputs_fit_their_schema() {
        let schema = json!({
            "type": "object",
            "required": ["a", "kind"],
            "additionalProperties": false,
            "properties": {
                "a": { "type": "array", "items": { "type": "integer" } },
                "b": { "type": "object", "properties": { "c": { "type": "boolean" } } },
                "kind": { "type": "string", "enum": ["x", "y"] },
            },
        });
        for value in some(&schema, &Words::default()) {
            assert!(
                value["a"].as_array().unwrap().iter().all(Value::is_i64),
                "{value}"
            );
            assert!(value["kind"] == "x" || value["kind"] == "y", "{value}");
            assert!(
                value["b"]["c"].is_null() || value["b"]["c"].is_boolean(),
                "{value}"
            );
        }
    }

    #[test]
    fn integers_reach_the_edges_of_what_they_may_be() {
        let values = some(&json!({ "type": "integer" }), &Words::default());
        for edge in [0, i64::MIN, i64::MAX] {
            assert!(values.contains(&json!(edge)), "{edge} among {values:?}");
        }
    }

    #[test]
    fn strings_are_what_their_names_say() {
        let words = Words {
            urls: vec!["http://a.test/".to_owned()],
            paths: vec!["a.txt".to_owned()],
        };
        let schema = json!({
            "type": "object",
            "required": ["url", "path"],
            "properties": { "url": { "type": "string" }, "path": { "type": "string" } },
        });
        let values = some(&schema, &words);
        assert!(values.iter().any(|value| value["url"] == "http://a.test/"));
        assert!(values.iter().any(|value| value["path"] == "a.txt"));
    }
}
