//! What a host makes of what a plugin answers.

use serde_json::{Value, json};
use yoi_host::Profile;

use super::super::door::RefusalKind::{Fault, Output, Reported};
use super::super::door::{Lifecycle, RefusalKind};
use super::plugin::Plugin;
use super::puppet::{Part, Puppet, text};
use super::stage::{Stage, expect_text};
use super::{HostTest, documented, must, yoi};
use crate::{Checked, expect_eq};

const TOOL: &str = "contracts/plugin.md#tool-output";
const STATUS: &str = "contracts/plugin.md#status";
const SERVICE: &str = "contracts/plugin.md#service-output";

/// An answer of a tool around its content.
const FRAME: &str = r#"{"summary":"s","content":""}"#;

/// The most bytes of an answer.
const MOST: usize = 65_536;

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = Vec::new();
    for (id, says, answer, content) in TAKEN {
        tests.push(must(id, TOOL, says, move |stage| {
            let tool = tool_answering(stage, answer)?;
            let tool = stage.done("the answer to be taken", tool)?;
            let wanted: Value = serde_json::from_str(answer).expect("the suite's own answer is JSON");
            expect_eq("the summary", &wanted["summary"], &Value::from(tool.summary))?;
            expect_eq("the content", content, &tool.content.as_deref())
        }));
    }
    for (id, says, answer) in REFUSED {
        tests.push(must(id, TOOL, says, move |stage| {
            let tool = tool_answering(stage, answer)?;
            stage.refused(&[Output], tool).map(|_| ())
        }));
    }
    tests.extend(sizes_of_tools());
    tests.extend(statuses());
    tests.extend(services());
    tests
}

/// Answers of a tool that are taken.
const TAKEN: &[(&str, &str, &str, Option<&str>)] = &[
    (
        "plugin.host.tool-output.content-text",
        "Content is a text.",
        r#"{"summary":"s","content":"c"}"#,
        Some("c"),
    ),
    (
        "plugin.host.tool-output.content-null",
        "Content may be null.",
        r#"{"summary":"s","content":null}"#,
        None,
    ),
    (
        "plugin.host.tool-output.content-absent",
        "Content may be absent.",
        r#"{"summary":"s"}"#,
        None,
    ),
    (
        "plugin.host.tool-output.content-empty",
        "Content may be empty.",
        r#"{"summary":"s","content":""}"#,
        Some(""),
    ),
    (
        "plugin.host.tool-output.summary-blank",
        "A summary of blanks is a summary.",
        r#"{"summary":" "}"#,
        None,
    ),
    (
        "plugin.host.tool-output.not-ascii",
        "Any text may be answered.",
        "{\"summary\":\"日本語 \u{1f600}\",\"content\":\"é\\u0000\\n\"}",
        Some("é\u{0}\n"),
    ),
    (
        "plugin.host.tool-output.around-json",
        "Blanks around the JSON do not matter.",
        " \n{\"summary\":\"s\"}\t\n",
        None,
    ),
];

/// Answers of a tool that are refused.
const REFUSED: &[(&str, &str, &str)] = &[
    ("plugin.host.tool-output.nothing", "Nothing is no answer.", ""),
    (
        "plugin.host.tool-output.not-json",
        "An answer is JSON.",
        r#"{"summary": "cut o"#,
    ),
    (
        "plugin.host.tool-output.more-than-json",
        "An answer is one JSON value.",
        r#"{"summary":"s"} {}"#,
    ),
    (
        "plugin.host.tool-output.array",
        "An answer is an object: no array.",
        r#"["s"]"#,
    ),
    (
        "plugin.host.tool-output.string",
        "An answer is an object: no string.",
        r#""s""#,
    ),
    (
        "plugin.host.tool-output.null",
        "An answer is an object: not null.",
        "null",
    ),
    (
        "plugin.host.tool-output.number",
        "An answer is an object: no number.",
        "1",
    ),
    (
        "plugin.host.tool-output.unknown-key",
        "An answer has no keys but `summary` and `content`.",
        r#"{"summary":"s","attachments":[]}"#,
    ),
    (
        "plugin.host.tool-output.error-key",
        "An answer with an `error` key is refused as any other key is.",
        r#"{"error":{"message":"no"}}"#,
    ),
    (
        "plugin.host.tool-output.no-summary",
        "An answer has a summary.",
        r#"{"content":"c"}"#,
    ),
    (
        "plugin.host.tool-output.summary-null",
        "A summary is a text: not null.",
        r#"{"summary":null}"#,
    ),
    (
        "plugin.host.tool-output.summary-number",
        "A summary is a text: no number.",
        r#"{"summary":1}"#,
    ),
    (
        "plugin.host.tool-output.summary-empty",
        "A summary is not empty.",
        r#"{"summary":""}"#,
    ),
    (
        "plugin.host.tool-output.content-number",
        "Content is a text or null: no number.",
        r#"{"summary":"s","content":1}"#,
    ),
    (
        "plugin.host.tool-output.content-object",
        "Content is a text or null: no object.",
        r#"{"summary":"s","content":{}}"#,
    ),
    (
        "plugin.host.tool-output.content-boolean",
        "Content is a text or null: no boolean.",
        r#"{"summary":"s","content":false}"#,
    ),
];

fn tool_answering(
    stage: &mut Stage<'_>,
    answer: impl AsRef<[u8]>,
) -> Result<super::stage::Answered<super::super::door::Tool>, crate::Stop> {
    let plugin = Plugin::of(Puppet::tool([text(answer)]));
    stage.run(&plugin)?;
    stage.call("null")
}

fn sizes_of_tools() -> Vec<HostTest> {
    let of_size = |bytes: usize| {
        let content = "x".repeat(bytes - FRAME.len());
        format!(r#"{{"summary":"s","content":"{content}"}}"#)
    };
    let summary = |bytes: usize| format!(r#"{{"summary":"{}"}}"#, "s".repeat(bytes));
    vec![
        must(
            "plugin.host.tool-output.largest",
            TOOL,
            "An answer may have 65536 bytes.",
            move |stage| {
                let tool = tool_answering(stage, of_size(MOST))?;
                let tool = stage.done("an answer of 65536 bytes to be taken", tool)?;
                let bytes = tool.content.unwrap_or_default().len();
                expect_eq("the bytes of content", &(MOST - FRAME.len()), &bytes)
            },
        ),
        must(
            "plugin.host.tool-output.too-large",
            TOOL,
            "An answer of 65537 bytes is refused.",
            move |stage| {
                let tool = tool_answering(stage, of_size(MOST + 1))?;
                stage.refused(&[Output], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.longest-summary",
            TOOL,
            "A summary may have 1024 bytes.",
            move |stage| {
                let tool = tool_answering(stage, summary(1024))?;
                stage
                    .done("a summary of 1024 bytes to be taken", tool)
                    .map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.too-long-summary",
            TOOL,
            "A summary of 1025 bytes is refused.",
            move |stage| {
                let tool = tool_answering(stage, summary(1025))?;
                stage.refused(&[Output], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.summary-counts-bytes",
            TOOL,
            "A summary is measured in bytes, not in letters.",
            move |stage| {
                let tool = tool_answering(stage, format!(r#"{{"summary":"{}"}}"#, "あ".repeat(342)))?;
                stage.refused(&[Output], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.not-text",
            TOOL,
            "Bytes that are no UTF-8 are no answer.",
            |stage| {
                let tool = tool_answering(stage, b"{\"summary\":\"\xff\xfe\"}")?;
                stage.refused(&[Output, Fault], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.outside-memory",
            TOOL,
            "An answer outside the plugin's memory is none.",
            |stage| {
                stage.run(&Plugin::of(Puppet::tool([Part::Span(0xffff_fff0, 8)])))?;
                let tool = stage.call("null")?;
                stage.refused(&[Fault], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.beyond-memory",
            TOOL,
            "An answer that reaches beyond the plugin's memory is none.",
            |stage| {
                stage.run(&Plugin::of(Puppet::tool([Part::Span(16, 0x7fff_ffff)])))?;
                let tool = stage.call("null")?;
                stage.refused(&[Fault], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.tool-output.costs-its-call-only",
            TOOL,
            "An answer against the contract costs that call only.",
            |stage| {
                let puppet = Puppet::instance().answering("handle-tool", "[]");
                stage.run(&Plugin::of(puppet))?;
                let tool = stage.call("null")?;
                stage.refused(&[Output], tool)?;
                stage.expect_lifecycle(Lifecycle::Running)?;
                let status = stage.status()?;
                stage.done("the plugin to say how it is", status).map(|_| ())
            },
        ),
    ]
}

/// The exports that answer with a status.
const PHASES: [&str; 3] = ["start", "status", "stop"];

/// Have each of the exports that answer with a status give this answer.
fn in_every_phase(
    stage: &mut Stage<'_>,
    answer: &str,
    mut check: impl FnMut(&mut Stage<'_>, super::stage::Answered<super::super::door::Status>) -> Checked,
) -> Checked {
    for phase in PHASES {
        stage.ctx().note(&format!("{phase} answers"));
        let plugin = Plugin::of(Puppet::instance().answering(phase, answer));
        stage.load(&plugin)?;
        let mut came = stage.start()?;
        if phase != "start" {
            stage.done("the plugin to start", came)?;
            came = match phase {
                "status" => stage.status()?,
                _ => stage.stop()?,
            };
        }
        check(stage, came)?;
    }
    Ok(())
}

/// That each is refused in this way, and that the plugin counts as failed.
fn refused_in_every_phase(stage: &mut Stage<'_>, answer: &str, kind: RefusalKind) -> Checked {
    in_every_phase(stage, answer, |stage, came| {
        stage.refused(&[kind], came)?;
        stage.expect_lifecycle(Lifecycle::Failed)
    })
}

fn statuses() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.status.state-and-data",
            STATUS,
            "A status has a state and data, which are handed on.",
            |stage| {
                in_every_phase(stage, r#"{"state":"well","data":{"n":1}}"#, |stage, came| {
                    let status = stage.done("the status to be taken", came)?;
                    expect_text("the state", "well", status.state.as_deref())?;
                    expect_eq("the data", &json!({ "n": 1 }), &status.data)
                })
            },
        ),
        must(
            "plugin.host.status.without-data",
            STATUS,
            "A status may be without data.",
            |stage| {
                in_every_phase(stage, r#"{"state":"well"}"#, |stage, came| {
                    let status = stage.done("the status to be taken", came)?;
                    expect_eq("the data", &Value::Null, &status.data)
                })
            },
        ),
        must(
            "plugin.host.status.error-key",
            STATUS,
            "An answer with an `error` key says that the plugin failed.",
            |stage| refused_in_every_phase(stage, r#"{"error":{"message":"no"}}"#, Reported),
        ),
        must(
            "plugin.host.status.error-null",
            STATUS,
            "The key `error` counts, whatever its value.",
            |stage| refused_in_every_phase(stage, r#"{"state":"running","error":null}"#, Reported),
        ),
        must(
            "plugin.host.status.state-failed",
            STATUS,
            "The state `failed` says that the plugin failed.",
            |stage| refused_in_every_phase(stage, r#"{"state":"failed","data":null}"#, Reported),
        ),
        must(
            "plugin.host.status.long-error",
            STATUS,
            "A long reason in any script does no harm.",
            |stage| {
                let answer = json!({ "error": { "message": "あ".repeat(5000) } }).to_string();
                refused_in_every_phase(stage, &answer, Reported)
            },
        ),
        must(
            "plugin.host.status.not-json",
            STATUS,
            "A status is JSON.",
            |stage| refused_in_every_phase(stage, "well", Output),
        ),
        must(
            "plugin.host.status.nothing",
            STATUS,
            "Nothing is no status.",
            |stage| refused_in_every_phase(stage, "", Output),
        ),
        must(
            "plugin.host.status.largest",
            STATUS,
            "A status may have 65536 bytes.",
            |stage| {
                in_every_phase(stage, &status_of(MOST), |stage, came| {
                    stage
                        .done("a status of 65536 bytes to be taken", came)
                        .map(|_| ())
                })
            },
        ),
        must(
            "plugin.host.status.too-large",
            STATUS,
            "A status of 65537 bytes is refused.",
            |stage| refused_in_every_phase(stage, &status_of(MOST + 1), Output),
        ),
    ];
    for (id, id_of_yoi, says, answer) in [
        (
            "plugin.host.status.array",
            "plugin.host.status.yoi-takes-array",
            "A status is an object: no array.",
            "[]",
        ),
        (
            "plugin.host.status.string",
            "plugin.host.status.yoi-takes-string",
            "A status is an object: no string.",
            r#""well""#,
        ),
        (
            "plugin.host.status.without-state",
            "plugin.host.status.yoi-takes-no-state",
            "A status has a state.",
            r#"{"data":1}"#,
        ),
        (
            "plugin.host.status.state-number",
            "plugin.host.status.yoi-takes-number",
            "A state is a text.",
            r#"{"state":1}"#,
        ),
    ] {
        tests.push(documented(id, STATUS, says, move |stage| {
            refused_in_every_phase(stage, answer, Output)
        }));
        tests.push(yoi(
            id_of_yoi,
            STATUS,
            "The yoi host takes any JSON for a status.",
            move |stage| {
                in_every_phase(stage, answer, |stage, came| {
                    stage.done("any JSON to be taken", came).map(|_| ())
                })
            },
        ));
    }
    tests
}

fn status_of(bytes: usize) -> String {
    let frame = r#"{"state":"s","data":""}"#.len();
    format!(r#"{{"state":"s","data":"{}"}}"#, "x".repeat(bytes - frame))
}

fn after_event(
    stage: &mut Stage<'_>,
    answer: impl AsRef<[u8]>,
) -> Result<super::stage::Answered<super::super::door::Service>, crate::Stop> {
    stage.run(&Plugin::of(
        Puppet::instance().answering("handle-ingress", answer),
    ))?;
    stage.deliver()
}

fn services() -> Vec<HostTest> {
    let of_size = |bytes: usize| {
        let frame = r#"{"data":""}"#.len();
        format!(r#"{{"data":"{}"}}"#, "x".repeat(bytes - frame))
    };
    vec![
        must(
            "plugin.host.service-output.empty-object",
            SERVICE,
            "Every field may be absent; the event counts as accepted.",
            |stage| {
                let service = after_event(stage, "{}")?;
                let service = stage.done("the answer to be taken", service)?;
                expect_eq("accepted", &true, &service.accepted)?;
                expect_eq("the commands", &0, &service.commands.len())
            },
        ),
        must(
            "plugin.host.service-output.data",
            SERVICE,
            "What the plugin adds is handed on.",
            |stage| {
                let service = after_event(stage, r#"{"accepted":true,"data":{"n":[1]}}"#)?;
                let service = stage.done("the answer to be taken", service)?;
                expect_eq("the data", &json!({ "n": [1] }), &service.data)
            },
        ),
        documented(
            "plugin.host.service-output.not-accepted",
            SERVICE,
            "A plugin may say that it did not take an event.",
            |stage| {
                let service = after_event(stage, r#"{"accepted":false}"#)?;
                let service = stage.done("the answer to be taken", service)?;
                expect_eq("accepted", &false, &service.accepted)
            },
        ),
        documented(
            "plugin.host.service-output.error-key",
            SERVICE,
            "An answer with an `error` key says that the event was refused; the plugin goes on.",
            |stage| {
                let service = after_event(stage, r#"{"error":{"message":"no"}}"#)?;
                stage.refused(&[Reported], service)?;
                stage.expect_lifecycle(Lifecycle::Running)
            },
        ),
        yoi(
            "plugin.host.service-output.yoi-accepts-errors",
            SERVICE,
            "The yoi host counts an error as accepted.",
            |stage| {
                let service = after_event(stage, r#"{"error":{"message":"no"}}"#)?;
                let service = stage.done("the answer to be taken", service)?;
                expect_eq("accepted", &true, &service.accepted)
            },
        ),
        must(
            "plugin.host.service-output.not-json",
            SERVICE,
            "An answer is JSON. Any other fails the plugin.",
            |stage| {
                let service = after_event(stage, "{")?;
                stage.refused(&[Output], service)?;
                stage.expect_lifecycle(Lifecycle::Failed)
            },
        ),
        must(
            "plugin.host.service-output.nothing",
            SERVICE,
            "Nothing is no answer.",
            |stage| {
                let service = after_event(stage, "")?;
                stage.refused(&[Output], service).map(|_| ())
            },
        ),
        must(
            "plugin.host.service-output.largest",
            SERVICE,
            "An answer may have 65536 bytes.",
            move |stage| {
                let service = after_event(stage, of_size(MOST))?;
                stage
                    .done("an answer of 65536 bytes to be taken", service)
                    .map(|_| ())
            },
        ),
        must(
            "plugin.host.service-output.too-large",
            SERVICE,
            "An answer of 65537 bytes is refused.",
            move |stage| {
                let service = after_event(stage, of_size(MOST + 1))?;
                stage.refused(&[Output], service).map(|_| ())
            },
        ),
        must(
            "plugin.host.service-output.array",
            SERVICE,
            "An answer is an object; the yoi host takes any JSON.",
            |stage| {
                let service = after_event(stage, "[]")?;
                match stage.profile() {
                    Profile::Documented => stage.refused(&[Output], service).map(|_| ()),
                    Profile::Yoi => stage.done("any JSON to be taken", service).map(|_| ()),
                }
            },
        ),
        documented(
            "plugin.host.service-output.accepted-text",
            SERVICE,
            "`accepted` is a boolean.",
            |stage| {
                let service = after_event(stage, r#"{"accepted":"yes"}"#)?;
                stage.refused(&[Output], service).map(|_| ())
            },
        ),
    ]
}
