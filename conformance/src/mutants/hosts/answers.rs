//! Hosts that are broken in what they make of a plugin's answers, and in what they let in to it.

use serde_json::{Value, json};

use super::super::Mutant;
use super::{also, altered_in, has_code, mutant, pardoned, says, some_service, some_status, some_tool};
use crate::suites::plugin::door::{Ask, Done, Load, Outcome, Refusal};
use crate::suites::plugin::host::plugin::TOOL;

pub(super) fn all() -> Vec<Mutant> {
    vec![
        // What it makes of answers.
        mutant(
            "takes-an-answer-too-large",
            "plugin.host.tool-output.too-large",
            takes_tool!(|refusal| has_code(refusal, "output.too-large")),
        ),
        mutant(
            "takes-a-summary-too-long",
            "plugin.host.tool-output.too-long-summary",
            takes_tool!(|refusal| says(refusal, "of 1025 bytes")),
        ),
        mutant(
            "counts-letters",
            "plugin.host.tool-output.summary-counts-bytes",
            takes_tool!(|refusal| says(refusal, "of 1026 bytes")),
        ),
        mutant(
            "takes-unknown-keys",
            "plugin.host.tool-output.unknown-key",
            takes_tool!(|refusal| says(refusal, "`attachments`")),
        ),
        mutant(
            "takes-an-empty-summary",
            "plugin.host.tool-output.summary-empty",
            takes_tool!(|refusal| says(refusal, "empty `summary`")),
        ),
        mutant(
            "takes-no-answer",
            "plugin.host.tool-output.nothing",
            takes_tool!(|refusal| has_code(refusal, "output.empty")),
        ),
        also(
            mutant(
                "takes-arrays",
                "plugin.host.tool-output.array",
                takes_tool!(|refusal| says(refusal, "an array")),
            ),
            &["plugin.host.tool-output.costs-its-call-only"],
            "its plugin answers with an array",
        ),
        mutant(
            "takes-what-is-no-text",
            "plugin.host.tool-output.not-text",
            takes_tool!(|refusal| says(refusal, "utf-8")),
        ),
        mutant("cuts-content", "plugin.host.tool-output.largest", || {
            altered_in(&["call"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Tool(mut tool)) => {
                    if let Some(content) = &mut tool.content
                        && content.len() > 60_000
                    {
                        content.truncate(60_000);
                    }
                    Outcome::Done(Done::Tool(tool))
                }
                other => other,
            })
        }),
        mutant(
            "overlooks-an-error-of-null",
            "plugin.host.status.error-null",
            takes_status!(|refusal| says(refusal, "\"error\":null")),
        ),
        mutant(
            "takes-a-status-too-large",
            "plugin.host.status.too-large",
            takes_status!(|refusal| has_code(refusal, "output.too-large")),
        ),
        mutant(
            "takes-a-status-that-is-no-json",
            "plugin.host.status.not-json",
            takes_status!(|refusal| has_code(refusal, "output.not-json")),
        ),
        mutant(
            "takes-a-status-without-state",
            "plugin.host.status.without-state",
            takes_status!(|refusal| says(refusal, "without `state`")),
        ),
        mutant(
            "accepts-errors",
            "plugin.host.service-output.error-key",
            takes_service!(|refusal| has_code(refusal, "reported")),
        ),
        mutant(
            "takes-a-service-output-too-large",
            "plugin.host.service-output.too-large",
            takes_service!(|refusal| has_code(refusal, "output.too-large")),
        ),
        mutant("loses-data", "plugin.host.service-output.data", || {
            altered_in(&["deliver"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Service(mut service)) if service.data.get("n").is_some() => {
                    service.data = Value::Null;
                    Outcome::Done(Done::Service(service))
                }
                other => other,
            })
        }),
        // What it lets in.
        mutant(
            "takes-an-input-too-large",
            "plugin.host.tool-input.too-large",
            changes_input!(|input| if input.len() > 65_536 {
                "null".to_owned()
            } else {
                input
            }),
        ),
        also(
            mutant(
                "takes-what-is-no-json",
                "plugin.host.tool-input.not-json",
                changes_input!(
                    |input| match serde_json::from_str::<serde::de::IgnoredAny>(&input) {
                        Err(_) if input.len() <= 65_536 => "null".to_owned(),
                        _ => input,
                    }
                ),
            ),
            &[
                "plugin.host.tool-input.nothing",
                "plugin.host.tool-input.more-than-json",
                "plugin.host.life.any-sequence",
            ],
            "they hand over what is no JSON as well",
        ),
        also(
            mutant(
                "writes-inputs-anew",
                "plugin.host.tool-input.blanks",
                changes_input!(|input| match serde_json::from_str::<Value>(&input) {
                    Ok(value) if input.len() <= 65_536 => value.to_string(),
                    _ => input,
                }),
            ),
            &[
                "plugin.host.tool-input.number",
                "plugin.host.tool-input.large-number",
                "plugin.host.tool-input.repeated-key",
                "plugin.host.tool-input.array",
                "plugin.host.tool-input.object",
                "plugin.host.tool-input.not-ascii",
            ],
            "what they hand over is written otherwise than serde writes it",
        ),
        also(
            mutant("calls-any-tool", "plugin.host.tool-input.unknown-tool", || {
                altered_in(&["load", "call"], |host, ask, memory| match ask {
                    Ask::Call { tool, input } => {
                        let offered = memory
                            .as_array()
                            .is_some_and(|tools| tools.contains(&json!(tool)));
                        let tool = if offered { tool } else { TOOL.to_owned() };
                        host(&Ask::Call { tool, input })
                    }
                    ask => {
                        let outcome = host(&ask);
                        if let Outcome::Done(Done::Loaded(loaded)) = &outcome {
                            *memory = json!(loaded.tools);
                        }
                        outcome
                    }
                })
            }),
            &["plugin.host.permissions.one-tool-only"],
            "it calls a tool that is not offered",
        ),
        mutant("calls-another-tool", "plugin.host.tool-input.name", || {
            altered_in(&["call"], |host, ask, _| match ask {
                Ask::Call { tool, input } if tool == "another-tool" => host(&Ask::Call {
                    tool: TOOL.to_owned(),
                    input,
                }),
                ask => host(&ask),
            })
        }),
        also(
            mutant(
                "loses-the-configuration",
                "plugin.host.configuration.as-given",
                changes_load!(|load| load.config = "null".to_owned()),
            ),
            &[
                "plugin.host.configuration.not-json",
                "plugin.host.life.restart-is-fresh",
                "plugin.host.sources.*",
                "plugin.host.queue.too-late",
                "plugin.host.websocket.lasts",
            ],
            "they give a configuration too, or tell a port by it",
        ),
        mutant(
            "makes-a-configuration-up",
            "plugin.host.configuration.absent",
            || {
                altered_in(&["load"], |host, ask, _| match ask {
                    Ask::Load(mut load) => {
                        if load.config == "null" {
                            load.config = "{}".to_owned();
                        }
                        host(&Ask::Load(load))
                    }
                    ask => host(&ask),
                })
            },
        ),
    ]
}
