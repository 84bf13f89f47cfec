//! What may go into a plugin.

use serde_json::json;

use super::super::door::RefusalKind::{Denied, Input};
use super::plugin::{Plugin, TOOL};
use super::puppet::{Puppet, echo};
use super::stage::{Stage, expect_text};
use super::{HostTest, documented, must};
use crate::simpler::simpler;
use crate::{Case, Checked, Clause, Side, expect, expect_eq, shown};

const TOOLS: &str = "contracts/plugin.md#tool-input";
const CONFIG: &str = "contracts/plugin.md#configuration";

const MOST: usize = 65_536;

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.tool-input.largest",
            TOOLS,
            "An input may have 65536 bytes.",
            |stage| {
                stage.run(&Plugin::of(Puppet::tool(say_nothing())))?;
                let tool = stage.call(&text_of(MOST))?;
                stage
                    .done("an input of 65536 bytes to be taken", tool)
                    .map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-input.too-large",
            TOOLS,
            "An input of 65537 bytes is refused, and the plugin is not entered.",
            |stage| not_entered(stage, &text_of(MOST + 1)),
        ),
        must(
            "plugin.host.tool-input.not-json",
            TOOLS,
            "An input is JSON. Any other is refused, and the plugin is not entered.",
            |stage| not_entered(stage, "{\"cut"),
        ),
        must(
            "plugin.host.tool-input.nothing",
            TOOLS,
            "Nothing is no input.",
            |stage| not_entered(stage, ""),
        ),
        must(
            "plugin.host.tool-input.more-than-json",
            TOOLS,
            "An input is one JSON value.",
            |stage| not_entered(stage, "{} {}"),
        ),
        must(
            "plugin.host.tool-input.unknown-tool",
            TOOLS,
            "A tool that the manifest does not declare is not called.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let tool = stage.call_tool("other", "null")?;
                stage.refused(&[Denied], tool)?;
                expect_calls(stage, 2)
            },
        ),
        must(
            "plugin.host.tool-input.name",
            TOOLS,
            "The plugin gets the name of the tool that is called.",
            |stage| {
                use super::puppet::{Part, text};
                let puppet = Puppet::tool([text(r#"{"summary":"s","content":""#), Part::Name, text(r#""}"#)]);
                stage.run(&Plugin::of(puppet).tool("another-tool"))?;
                for name in [TOOL, "another-tool"] {
                    let tool = stage.call_tool(name, "null")?;
                    let tool = stage.done("an answer", tool)?;
                    expect_text("the name", name, tool.content.as_deref())?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.configuration.as-given",
            CONFIG,
            "`start` gets the configuration as it was given.",
            |stage| {
                let config = r#"{ "a": [1, 2.50, "é"],  "b": null }"#;
                stage.load(&Plugin::of(Puppet::instance()).config(config))?;
                let status = stage.start()?;
                let status = stage.done("the plugin to start", status)?;
                let got = status.data["config"].as_str().unwrap_or_default();
                // A host may write it anew; what it says has to be the same.
                expect_eq(
                    "the configuration",
                    &serde_json::from_str::<serde_json::Value>(config).ok(),
                    &serde_json::from_str(got).ok(),
                )
            },
        ),
        must(
            "plugin.host.configuration.absent",
            CONFIG,
            "Without a configuration `start` gets `null`.",
            |stage| {
                stage.load(&Plugin::of(Puppet::instance()))?;
                let status = stage.start()?;
                let status = stage.done("the plugin to start", status)?;
                expect_eq("the configuration", &json!("null"), &status.data["config"])
            },
        ),
        documented(
            "plugin.host.configuration.not-json",
            CONFIG,
            "A configuration that is no JSON is refused before the plugin is entered.",
            |stage| {
                let plugin = Plugin::of(Puppet::instance()).config("{]");
                let answer = stage.bring_to_life(&plugin)?;
                stage.refused(&[Input], answer).map(|_| ())
            },
        ),
    ];
    for (id, says, input) in PASSED_THROUGH {
        tests.push(must(id, TOOLS, says, move |stage| unchanged(stage, &input())));
    }
    tests.push(
        Case::must(
            "plugin.host.tool-input.any-json",
            Clause::new(TOOLS, "Any JSON is handed to the plugin as it is."),
        )
        .side(Side::Host)
        .property(
            |_: &super::HostTarget| json_text(),
            |target, ctx, input: &String| unchanged(&mut Stage::new(target, ctx)?, input),
        ),
    );
    tests
}

type Text = fn() -> String;

/// Inputs that reach the plugin as they are.
const PASSED_THROUGH: &[(&str, &str, Text)] = &[
    ("plugin.host.tool-input.object", "An object is an input.", || {
        r#"{"b":1,"a":{"c":[]}}"#.to_owned()
    }),
    ("plugin.host.tool-input.array", "An array is an input.", || {
        "[1, 2]".to_owned()
    }),
    ("plugin.host.tool-input.string", "A text is an input.", || {
        r#""text""#.to_owned()
    }),
    (
        "plugin.host.tool-input.number",
        "A number is an input, and stays as it was written.",
        || "1.50e+2".to_owned(),
    ),
    (
        "plugin.host.tool-input.large-number",
        "A number that no machine has is an input.",
        || "123456789012345678901234567890".to_owned(),
    ),
    ("plugin.host.tool-input.null", "Null is an input.", || {
        "null".to_owned()
    }),
    (
        "plugin.host.tool-input.repeated-key",
        "A key may be there twice.",
        || r#"{"a":1,"a":2}"#.to_owned(),
    ),
    ("plugin.host.tool-input.blanks", "Blanks stay.", || {
        " {\n \"a\" : 1 } ".to_owned()
    }),
    (
        "plugin.host.tool-input.not-ascii",
        "Any text stays as it is.",
        || "\"日本語 \u{1f600} \\u00e9\"".to_owned(),
    ),
    (
        "plugin.host.tool-input.deep",
        "Nesting has no bound of its own.",
        || format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
    ),
];

fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

fn say_nothing() -> Vec<super::puppet::Part> {
    vec![super::puppet::text(r#"{"summary":"s"}"#)]
}

/// That an input reaches the plugin as it is. The schema of the tool is for a model: no input is held against it.
fn unchanged(stage: &mut Stage<'_>, input: &str) -> Checked {
    stage.run(&Plugin::of(Puppet::tool(echo())))?;
    let tool = stage.call(input)?;
    let tool = stage.done("an answer", tool)?;
    expect(
        tool.content.as_deref() == Some(input),
        || format!("the plugin to get {input}"),
        || shown(&tool.content),
    )
}

/// That an input is refused, and never reaches the plugin.
fn not_entered(stage: &mut Stage<'_>, input: &str) -> Checked {
    stage.run(&Plugin::of(Puppet::instance()))?;
    let tool = stage.call(input)?;
    stage.refused(&[Input], tool)?;
    expect_calls(stage, 2)
}

/// That the plugin has been entered so many times, by now with the question for its status.
pub(super) fn expect_calls(stage: &mut Stage<'_>, calls: u32) -> Checked {
    let status = stage.status()?;
    let status = stage.done("the plugin to say how it is", status)?;
    expect_eq(
        "how often the plugin was entered",
        &json!(format!("{calls:08}")),
        &status.data["calls"],
    )
}

fn json_text() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        simpler(any::<i64>().prop_map(|value| json!(value))),
        simpler(".{0,20}").prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| json!(items)),
            prop::collection::btree_map(".{0,8}", inner, 0..5).prop_map(|members| json!(members)),
        ]
    })
    .prop_map(|value| value.to_string())
}
