//! The tools of a plugin.

use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yoi_host::plugin::message::ToolOutput;

use super::excuses::{a_life, any, no_text, no_tools, nothing_required};
use super::schema::{any_json, fitting, plain_json};
use super::{GuestTest, told, words};
use crate::suites::plugin::target::{GuestTarget, Setup};
use crate::{Case, Checked, Clause, Context, Level, Stop, expect, expect_eq, shown};

const TOOLS: &str = "wit/plugin/tool.wit#call";
const OUTPUT: &str = "wit/plugin/tool.wit#output";

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) input: Value,
}

/// Calls of the target's tools that fit their schemas.
pub(super) fn fitting_calls(target: &GuestTarget) -> BoxedStrategy<Call> {
    let words = words(target);
    let tools = target.tools().iter().map(|tool| {
        let name = tool.name.clone();
        fitting(&tool.input_schema, &words)
            .prop_map(move |input| Call {
                tool: name.clone(),
                input,
            })
            .boxed()
    });
    prop::strategy::Union::new(tools).boxed()
}

pub(super) fn tests() -> Vec<GuestTest> {
    let mut tests = vec![
        Case::must(
            "plugin.tool.answers-what-fits",
            Clause::new(TOOLS, "A tool answers a ToolOutput to every input that fits its schema."),
        )
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            answers(target, ctx, &call.tool, &call.input.to_string()).map(|_| ())
        })
        .excused(no_tools),
        Case::must(
            "plugin.tool.answers-any-json",
            Clause::new(
                TOOLS,
                "`input-json` is any JSON value of at most 65536 bytes; the host does not hold it against the tool's \
                 schema. The answer is a ToolOutput.",
            ),
        )
        .property_from(
            plain_json,
            |_| any_json(),
            |target: &GuestTarget, ctx, input: &Value| {
                for tool in target.tools() {
                    answers(target, ctx, &tool.name, &input.to_string())?;
                }
                Ok(())
            },
        )
        .excused(no_tools),
        Case::must(
            "plugin.tool.declared-are-served",
            Clause::new(TOOLS, "Every tool that the manifest declares is served."),
        )
        .example(|target: &GuestTarget, ctx| {
            for tool in target.tools() {
                let output = answers(target, ctx, &tool.name, "{}")?;
                let unsupported = output.reported_error().is_some_and(|error| error.code == "unsupported_tool");
                expect(!unsupported, || format!("`{}` to be served", tool.name), || output.summary.clone())?;
            }
            Ok(())
        })
        .excused(no_tools),
        Case::must(
            "plugin.tool.unknown-does-not-trap",
            Clause::new(TOOLS, "A tool that there is not is answered with a ToolOutput that says so."),
        )
        .example(|target: &GuestTarget, ctx| {
            for name in NO_TOOLS {
                answers(target, ctx, name, "{}")?;
            }
            Ok(())
        })
        .excused(no_tools),
        Case::should(
            "plugin.tool.unknown-is-refused",
            Clause::new(TOOLS, "A tool that there is not does nothing: its answer is an error in the form `tool error: CODE`."),
        )
        .example(|target: &GuestTarget, ctx| {
            for name in NO_TOOLS {
                let output = answers(target, ctx, name, "{}")?;
                is_error(&output)?;
            }
            Ok(())
        })
        .excused(no_tools),
        Case::should(
            "plugin.tool.missing-is-refused",
            Clause::new(TOOLS, "An input without what the schema requires is answered with an error, not with a success."),
        )
        .example(|target: &GuestTarget, ctx| {
            for tool in requiring(target) {
                let output = answers(target, ctx, &tool, "{}")?;
                is_error(&output)?;
            }
            Ok(())
        })
        .excused(nothing_required),
        Case::should(
            "plugin.tool.wrong-type-is-refused",
            Clause::new(TOOLS, "An input that is no object is answered with an error, not with a success."),
        )
        .example(|target: &GuestTarget, ctx| {
            for tool in requiring(target) {
                for input in ["null", "[]", "7", "\"text\""] {
                    let output = answers(target, ctx, &tool, input)?;
                    is_error(&output)?;
                }
            }
            Ok(())
        })
        .excused(nothing_required),
        Case::must(
            "plugin.tool.stateless",
            Clause::new(TOOLS, "In the world `tool` a call knows nothing of another: equal calls have equal answers."),
        )
        .property(
            |target: &GuestTarget| prop::collection::vec(fitting_calls(target), 1..4),
            |target: &GuestTarget, ctx, calls: &Vec<Call>| {
                let alone: Vec<Value> = calls
                    .iter()
                    .map(|call| {
                        let mut session = target.started(ctx, Setup::default())?;
                        Ok(told(session.handle_tool(&call.tool, &call.input.to_string())))
                    })
                    .collect::<Result<_, Stop>>()?;
                let mut session = target.started(ctx, Setup::default())?;
                for (call, alone) in calls.iter().zip(&alone) {
                    let together = told(session.handle_tool(&call.tool, &call.input.to_string()));
                    expect_eq(&format!("the answer of `{}`", call.tool), alone, &together)?;
                }
                Ok(())
            },
        )
        .excused(|target| any([a_life(target), no_tools(target)])),
        Case::should(
            "plugin.tool-output.summary-for-a-line",
            Clause::new(OUTPUT, "A summary is for one line: it has no control characters."),
        )
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            let output = answers(target, ctx, &call.tool, &call.input.to_string())?;
            expect(
                !output.summary.contains(|c: char| c.is_control()),
                || "a summary without control characters".to_owned(),
                || shown(&output.summary),
            )
        })
        .excused(no_tools),
        Case::should(
            "plugin.tool-output.summary-says-something",
            Clause::new(OUTPUT, "A summary is not blank."),
        )
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            let output = answers(target, ctx, &call.tool, &call.input.to_string())?;
            expect(
                !output.summary.trim().is_empty(),
                || "a summary that says something".to_owned(),
                || shown(&output.summary),
            )
        })
        .excused(no_tools),
        Case::should(
            "plugin.tool-output.errors-have-their-form",
            Clause::new(OUTPUT, "An answer that calls itself `tool error: CODE` has the error in its content, with that code."),
        )
        .property(
            |target: &GuestTarget| {
                let names: Vec<String> = target.tools().iter().map(|tool| tool.name.clone()).collect();
                (select(names), any_json()).prop_map(|(tool, input)| Call { tool, input })
            },
            |target: &GuestTarget, ctx, call: &Call| {
                let output = answers(target, ctx, &call.tool, &call.input.to_string())?;
                match output.summary.starts_with("tool error") {
                    true => is_error(&output),
                    false => Ok(()),
                }
            },
        )
        .excused(no_tools),
    ];
    for (id, says, level, input) in STRANGE {
        let clause = Clause::new(TOOLS, says);
        let case = match level {
            Level::Must => Case::must(id, clause),
            _ => Case::should(id, clause),
        };
        let as_text = AS_TEXT.contains(id);
        tests.push(
            case.example(move |target: &GuestTarget, ctx| {
                for tool in target.tools() {
                    answers(target, ctx, &tool.name, &input())?;
                }
                Ok(())
            })
            .excused(move |target| any([no_tools(target), no_text(target).filter(|_| as_text)])),
        );
    }
    tests
}

/// Names that no plugin has for a tool.
const NO_TOOLS: [&str; 3] = ["there-is-no-such-tool", "", "日本語"];

type Text = fn() -> String;

/// What only a plugin can be given that gets its inputs as text: other doors hand over what a parser made of them.
const AS_TEXT: [&str; 4] = [
    "plugin.tool.deep-input",
    "plugin.tool.deeper-input",
    "plugin.tool.lone-surrogate",
    "plugin.tool.large-numbers",
];

/// Inputs to which every tool has an answer; whether all must, or should.
const STRANGE: &[(&str, &str, Level, Text)] = &[
    (
        "plugin.tool.deep-input",
        "Deep nesting is answered.",
        Level::Must,
        || format!("{}{}", "[".repeat(1000), "]".repeat(1000)),
    ),
    (
        "plugin.tool.deeper-input",
        "The deepest nesting that an input has room for is answered.",
        Level::Should,
        || format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)),
    ),
    (
        "plugin.tool.long-input",
        "A text of 16 KiB is answered.",
        Level::Must,
        || json!({ "text": "x".repeat(16_000), "input": "x" }).to_string(),
    ),
    (
        "plugin.tool.longest-input",
        "The longest input there may be is answered.",
        Level::Should,
        || json!({ "text": "x".repeat(65_000) }).to_string(),
    ),
    (
        "plugin.tool.many-members",
        "An object of many members is answered.",
        Level::Must,
        || Value::Object((0..1000).map(|n| (format!("k{n}"), json!(n))).collect()).to_string(),
    ),
    (
        "plugin.tool.not-ascii",
        "Any text is answered.",
        Level::Must,
        || "{\"日本語\":\"\u{1f600}\\ud83d\\ude00\\u0000\\u001b[31m\"}".to_owned(),
    ),
    (
        "plugin.tool.lone-surrogate",
        "Half a character is answered.",
        Level::Must,
        || "{\"text\":\"\\ud83d\"}".to_owned(),
    ),
    (
        "plugin.tool.large-numbers",
        "Numbers that no machine has are answered.",
        Level::Must,
        || "[1e999,-1e999,123456789012345678901234567890,1e-999]".to_owned(),
    ),
    (
        "plugin.tool.repeated-keys",
        "A key that is there twice is answered.",
        Level::Must,
        || "{\"a\":1,\"a\":2}".to_owned(),
    ),
    (
        "plugin.tool.blanks",
        "Blanks around an input are answered.",
        Level::Must,
        || " \n\t{} \r\n".to_owned(),
    ),
];

/// The tools that require something.
pub(super) fn requiring(target: &GuestTarget) -> Vec<String> {
    let requires = |schema: &Value| {
        schema["required"]
            .as_array()
            .is_some_and(|names| !names.is_empty())
    };
    let tools = target.tools().iter().filter(|tool| requires(&tool.input_schema));
    tools.map(|tool| tool.name.clone()).collect()
}

/// The answer of a plugin that was just started.
pub(super) fn answers(
    target: &GuestTarget,
    ctx: &Context,
    tool: &str,
    input: &str,
) -> Result<ToolOutput, Stop> {
    let mut session = target.started(ctx, Setup::default())?;
    session
        .handle_tool(tool, input)
        .map_err(|failure| Stop::fail(format!("a ToolOutput from `{tool}`"), failure.message))
}

fn is_error(output: &ToolOutput) -> Checked {
    expect(
        output.reported_error().is_some(),
        || "the summary `tool error: CODE`, and the error in the content".to_owned(),
        || shown(output),
    )
}
