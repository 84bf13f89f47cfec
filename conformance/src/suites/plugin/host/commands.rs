//! What a plugin may ask for in answer to an event, and what becomes of it.

use serde_json::{Value, json};

use super::super::door::CommandVerdict::{Recorded, Rejected, Unsupported};
use super::super::door::{Ability, CommandVerdict, Lifecycle};
use super::plugin::Plugin;
use super::puppet::Puppet;
use super::stage::{Stage, verdicts};
use super::{HostTest, must};
use crate::{Checked, Stop, expect_eq, shown};

const COMMANDS: &str = "contracts/plugin.md#output-commands";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.commands.status-update",
            COMMANDS,
            "A `diagnostic_status_update` is carried out.",
            |stage| {
                come_to(stage, plugin(json!([update("one")])), &[Recorded])?;
                let report = stage.report()?;
                let shown = report.component_status.unwrap_or_default().to_string();
                crate::expect(
                    shown.contains("set by one"),
                    || "the plugin's status to be the one of the command".to_owned(),
                    || shown.clone(),
                )
            },
        ),
        must(
            "plugin.host.commands.in-order",
            COMMANDS,
            "Commands are carried out in order, all of them.",
            |stage| {
                let service = answered(
                    stage,
                    plugin(json!([update("one"), update("two"), update("three")])),
                )?;
                let ids: Vec<&str> = service
                    .commands
                    .iter()
                    .filter_map(|command| command.command_id.as_deref())
                    .collect();
                expect_eq("the commands", ["one", "two", "three"].as_slice(), &ids)?;
                expect_eq("their verdicts", [Recorded; 3].as_slice(), &verdicts(&service))?;
                let shown = stage.report()?.component_status.unwrap_or_default().to_string();
                crate::expect(
                    shown.contains("set by three"),
                    || "the status of the last command".to_owned(),
                    || shown.clone(),
                )
            },
        ),
        must(
            "plugin.host.commands.sixteen",
            COMMANDS,
            "An answer may have 16 commands.",
            |stage| come_to(stage, plugin(many(16)), &[Recorded; 16]),
        ),
        must(
            "plugin.host.commands.seventeen",
            COMMANDS,
            "An answer of 17 commands is refused, and none is carried out.",
            |stage| none_runs(stage, plugin(many(17))),
        ),
        must(
            "plugin.host.commands.largest-payload",
            COMMANDS,
            "A payload may have 16384 bytes.",
            |stage| come_to(stage, plugin(json!([with_payload_of(16_384)])), &[Recorded]),
        ),
        must(
            "plugin.host.commands.too-large-payload",
            COMMANDS,
            "A payload of 16385 bytes is refused.",
            |stage| none_runs(stage, plugin(json!([with_payload_of(16_385)]))),
        ),
        must(
            "plugin.host.commands.not-an-array",
            COMMANDS,
            "Commands are a list.",
            |stage| none_runs(stage, plugin(json!("none"))),
        ),
        must(
            "plugin.host.commands.all-or-nothing",
            COMMANDS,
            "One command that is refused is enough for none to be carried out.",
            |stage| {
                let mut bad = update("bad");
                bad["source_event_id"] = json!("another event");
                let service = answered(stage, plugin(json!([update("good"), bad])))?;
                let carried_out = verdicts(&service).contains(&Recorded);
                expect_eq("whether one was carried out", &false, &carried_out)?;
                not_set(stage)
            },
        ),
        must(
            "plugin.host.commands.event-counts",
            COMMANDS,
            "An event whose commands are refused counts as delivered.",
            |stage| {
                let service = answered(stage, plugin(json!("none")))?;
                expect_eq("accepted", &true, &service.accepted)?;
                stage.expect_lifecycle(Lifecycle::Running)
            },
        ),
        must(
            "plugin.host.commands.request-not-asked",
            COMMANDS,
            "A `host_request_dispatch` to a target that is not asked for is refused.",
            |stage| none_runs(stage, plugin(json!([request("http://a.test/")]))),
        ),
        must(
            "plugin.host.commands.request-not-granted",
            COMMANDS,
            "A `host_request_dispatch` to a target that is not granted is refused.",
            |stage| {
                let plugin = plugin(json!([request("http://a.test/")]))
                    .asks("{ kind = \"host_api\", api = \"request\" }")
                    .asks_for_targets(TARGET);
                none_runs(stage, plugin)
            },
        ),
        must(
            "plugin.host.commands.request-unsupported",
            COMMANDS,
            "A `host_request_dispatch` that is granted is checked, and never sent.",
            |stage| {
                let plugin = plugin(json!([request("http://a.test/v1")]))
                    .host_api("request")
                    .targets(TARGET);
                come_to(stage, plugin, &[Unsupported])
            },
        ),
        must(
            "plugin.host.commands.request-other-path",
            COMMANDS,
            "A `host_request_dispatch` is held against the targets as a request is.",
            |stage| {
                let plugin = plugin(json!([request("http://a.test/v2")]))
                    .host_api("request")
                    .targets(TARGET);
                none_runs(stage, plugin)
            },
        ),
        must(
            "plugin.host.commands.long-method",
            COMMANDS,
            "What a command says is bounded wherever it is repeated.",
            |stage| {
                let mut long = request("http://a.test/v1");
                long["payload"]["method"] = json!("あ".repeat(2000));
                let plugin = plugin(json!([long])).host_api("request").targets(TARGET);
                let service = answered(stage, plugin)?;
                let longest = service
                    .commands
                    .iter()
                    .map(|command| command.message.len())
                    .max()
                    .unwrap_or(0);
                crate::expect(
                    longest <= 1024,
                    || "short reasons".to_owned(),
                    || format!("{longest} bytes"),
                )?;
                stage.expect_lifecycle(Lifecycle::Running)
            },
        ),
        must(
            "plugin.host.commands.socket-not-granted",
            COMMANDS,
            "A `websocket_send` to a target that is not granted is refused.",
            |stage| none_runs(stage, plugin(json!([send("ws://a.test/")]))),
        ),
        must(
            "plugin.host.commands.socket-not-open",
            COMMANDS,
            "A `websocket_send` where the host holds no socket is refused.",
            |stage| {
                let target = "[[websocket]]\nscheme = \"ws\"\nhost = \"a.test\"\npath_prefixes = [\"/\"]";
                let plugin = plugin(json!([send("ws://a.test/")]))
                    .host_api("websocket")
                    .targets(target);
                come_to(stage, plugin, &[Rejected])
            },
        ),
        must(
            "plugin.host.commands.socket-http",
            COMMANDS,
            "A `websocket_send` goes to `ws` or `wss`.",
            |stage| none_runs(stage, plugin(json!([send("http://a.test/")]))),
        ),
    ];
    for (id, says, change) in BROKEN {
        tests.push(must(id, COMMANDS, says, move |stage| {
            let mut command = update("one");
            change(&mut command);
            none_runs(stage, plugin(json!([command])))
        }));
    }
    tests
}

const TARGET: &str =
    "[[request]]\nscheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]";

type Change = fn(&mut Value);

/// Commands that are refused for their shape.
const BROKEN: &[(&str, &str, Change)] = &[
    (
        "plugin.host.commands.other-event",
        "A command answers the event that it came with.",
        |command| command["source_event_id"] = json!("e-2"),
    ),
    (
        "plugin.host.commands.empty-id",
        "A command has an id.",
        |command| command["command_id"] = json!(""),
    ),
    (
        "plugin.host.commands.long-id",
        "An id has 128 bytes at most.",
        |command| command["command_id"] = json!("x".repeat(129)),
    ),
    (
        "plugin.host.commands.control-in-id",
        "An id has no control characters.",
        |command| command["correlation_id"] = json!("a\nb"),
    ),
    (
        "plugin.host.commands.unknown-kind",
        "There are three kinds of commands.",
        |command| command["kind"] = json!("shell"),
    ),
    (
        "plugin.host.commands.unknown-field",
        "A command has no fields but those of the contract.",
        |command| command["priority"] = json!(1),
    ),
    (
        "plugin.host.commands.missing-field",
        "Every field of a command is needed.",
        |command| {
            command
                .as_object_mut()
                .map(|command| command.remove("requested_at"));
        },
    ),
    (
        "plugin.host.commands.no-time",
        "`requested_at` is a time of RFC 3339.",
        |command| command["requested_at"] = json!("yesterday"),
    ),
    (
        "plugin.host.commands.unknown-payload-field",
        "The payload of a status update has no fields but those of the contract.",
        |command| command["payload"] = json!({ "status": 1, "more": 2 }),
    ),
    (
        "plugin.host.commands.payload-number",
        "The message of a status update is a text.",
        |command| command["payload"] = json!({ "message": 1 }),
    ),
];

/// A plugin that answers every event with these commands.
fn plugin(commands: Value) -> Plugin {
    let answer = json!({ "accepted": true, "output_commands": commands });
    Plugin::of(Puppet::instance().answering("handle-ingress", answer.to_string()))
}

fn command(id: &str, kind: &str, payload: Value) -> Value {
    json!({
        "correlation_id": format!("e-1:{id}"),
        "source_event_id": "e-1",
        "command_id": id,
        "kind": kind,
        "payload": payload,
        "requested_at": "2026-11-20T10:00:00.000Z",
    })
}

fn update(id: &str) -> Value {
    command(
        id,
        "diagnostic_status_update",
        json!({ "message": "an update", "status": { "state": "running", "data": format!("set by {id}") } }),
    )
}

fn request(url: &str) -> Value {
    command(
        "request",
        "host_request_dispatch",
        json!({ "method": "GET", "url": url }),
    )
}

fn send(url: &str) -> Value {
    command("send", "websocket_send", json!({ "url": url, "text": "hello" }))
}

fn many(count: usize) -> Value {
    (0..count)
        .map(|n| {
            command(
                &format!("c-{n}"),
                "diagnostic_status_update",
                json!({ "message": "m" }),
            )
        })
        .collect()
}

fn with_payload_of(bytes: usize) -> Value {
    let frame = json!({ "message": "" }).to_string().len();
    command(
        "large",
        "diagnostic_status_update",
        json!({ "message": "x".repeat(bytes - frame) }),
    )
}

fn answered(stage: &mut Stage<'_>, plugin: Plugin) -> Result<super::super::door::Service, Stop> {
    stage.needs(Ability::Commands)?;
    stage.run(&plugin)?;
    let service = stage.deliver()?;
    stage.done("the event to be delivered", service)
}

fn come_to(stage: &mut Stage<'_>, plugin: Plugin, wanted: &[CommandVerdict]) -> Checked {
    let service = answered(stage, plugin)?;
    expect_eq("the verdicts", wanted, &verdicts(&service))
}

/// That something is refused and nothing carried out.
fn none_runs(stage: &mut Stage<'_>, plugin: Plugin) -> Checked {
    let service = answered(stage, plugin)?;
    let verdicts = verdicts(&service);
    crate::expect(
        !verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == Rejected),
        || "every command that is told of to be rejected".to_owned(),
        || shown(&verdicts),
    )?;
    not_set(stage)
}

/// That no command has replaced what the plugin said of itself.
fn not_set(stage: &mut Stage<'_>) -> Checked {
    let shown = stage.report()?.component_status.unwrap_or_default().to_string();
    crate::expect(
        !shown.contains("set by"),
        || "no command to be carried out".to_owned(),
        || shown.clone(),
    )
}
