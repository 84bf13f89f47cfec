//! Events: what one has to be like, and to whom it is delivered.

use serde_json::{Value, json};

use super::super::door::Lifecycle;
use super::super::door::RefusalKind::{Denied, Fault, Input};
use super::inputs::expect_calls;
use super::plugin::{INGRESS, Plugin};
use super::puppet::{Part, Puppet, text};
use super::stage::{Stage, event};
use super::{HostTest, documented, must};
use crate::{Checked, Stop, expect, expect_eq};

const EVENTS: &str = "contracts/plugin.md#events";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.events.as-given",
            EVENTS,
            "A plugin gets an event with all its seven fields.",
            |stage| {
                let got = delivered(stage, event())?;
                expect_eq("the event", &event(), &got)
            },
        ),
        must(
            "plugin.host.events.any-payload",
            EVENTS,
            "The payload of an event may be any JSON.",
            |stage| {
                for payload in [
                    json!(null),
                    json!(1),
                    json!("日本語"),
                    json!([{}]),
                    json!({ "a": { "b": [] } }),
                ] {
                    let mut event = event();
                    event["payload"] = payload.clone();
                    let got = delivered(stage, event)?;
                    expect_eq("the payload", &payload, &got["payload"])?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.events.later-attempt",
            EVENTS,
            "An event that is delivered again says so.",
            |stage| {
                let mut event = event();
                event["attempt"] = json!(3);
                let got = delivered(stage, event)?;
                expect_eq("the attempt", &json!(3), &got["attempt"])
            },
        ),
        must(
            "plugin.host.events.order",
            EVENTS,
            "Events are delivered one at a time, in the order in which they come.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                for n in 2..10 {
                    let mut event = event();
                    event["correlation_id"] = json!(format!("e-{n}"));
                    let service = stage.deliver_event(INGRESS, event)?;
                    let service = stage.done("the event to be taken", service)?;
                    expect_eq(
                        "how often the plugin was entered",
                        &json!(format!("{n:08}")),
                        &service.data["calls"],
                    )?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.events.largest",
            EVENTS,
            "An event may have 65536 bytes.",
            |stage| {
                stage.run(&Plugin::of(taking_all()))?;
                let service = stage.deliver_event(INGRESS, event_of(65_536))?;
                stage
                    .done("an event of 65536 bytes to be taken", service)
                    .map(|_| ())
            },
        ),
        must(
            "plugin.host.events.too-large",
            EVENTS,
            "An event of more than 65536 bytes is refused, and the plugin is not entered.",
            |stage| refused(stage, event_of(65_537)),
        ),
        must(
            "plugin.host.events.unknown-ingress",
            EVENTS,
            "An ingress that the manifest does not declare takes nothing.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let mut event = event();
                event["ingress_name"] = json!("other");
                let service = stage.deliver_event("other", event)?;
                stage.refused(&[Denied, Input], service)?;
                expect_calls(stage, 2)
            },
        ),
        must(
            "plugin.host.events.declared-kind",
            EVENTS,
            "An ingress that names kinds of events takes those.",
            |stage| {
                let plugin = Plugin::of(Puppet::instance()).ingress("kinds", &["a", "b"]);
                stage.run(&plugin)?;
                for kind in ["a", "b"] {
                    let service = stage.deliver_event("kinds", of_kind(kind))?;
                    stage.done("the event to be taken", service)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.events.undeclared-kind",
            EVENTS,
            "An ingress that names kinds of events takes no others.",
            |stage| {
                let plugin = Plugin::of(Puppet::instance()).ingress("kinds", &["a", "b"]);
                stage.run(&plugin)?;
                for kind in ["c", "A", "a ", "ab"] {
                    let service = stage.deliver_event("kinds", of_kind(kind))?;
                    stage.refused(&[Denied, Input], service)?;
                }
                expect_calls(stage, 2)
            },
        ),
        must(
            "plugin.host.events.any-kind",
            EVENTS,
            "An ingress that names no kinds takes events of every kind.",
            |stage| {
                for kind in ["a", "websocket_text", "日本語"] {
                    let mut event = event();
                    event["kind"] = json!(kind);
                    let got = delivered(stage, event)?;
                    expect_eq("the kind", &json!(kind), &got["kind"])?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.events.trap-fails",
            EVENTS,
            "A plugin that traps in an event has failed, and takes no more.",
            |stage| {
                stage.run(&Plugin::of(
                    Puppet::instance().doing("handle-ingress", [Part::Trap]),
                ))?;
                let service = stage.deliver()?;
                stage.refused(&[Fault], service)?;
                stage.expect_lifecycle(Lifecycle::Failed)?;
                let service = stage.deliver()?;
                stage
                    .refused(&[super::super::door::RefusalKind::NotRunning], service)
                    .map(|_| ())
            },
        ),
        documented(
            "plugin.host.events.unknown-field",
            EVENTS,
            "An event has no fields but the seven.",
            |stage| {
                let mut event = event();
                event["priority"] = json!(1);
                refused(stage, event)
            },
        ),
    ];
    for (id, says, field, value) in BAD_FIELDS {
        tests.push(must(id, EVENTS, says, move |stage| {
            let mut event = event();
            event[*field] = value();
            refused(stage, event)
        }));
    }
    tests
}

type Field = fn() -> Value;

const BAD_FIELDS: &[(&str, &str, &str, Field)] = &[
    (
        "plugin.host.events.blank-source",
        "An event has a source.",
        "source",
        || json!(" "),
    ),
    (
        "plugin.host.events.other-ingress-name",
        "An event names the ingress that it is delivered to.",
        "ingress_name",
        || json!("other"),
    ),
    (
        "plugin.host.events.blank-kind",
        "An event has a kind.",
        "kind",
        || json!(""),
    ),
    (
        "plugin.host.events.blank-time",
        "An event has a time.",
        "created_at",
        || json!(""),
    ),
    (
        "plugin.host.events.no-attempt",
        "Attempts are counted from 1.",
        "attempt",
        || json!(0),
    ),
    (
        "plugin.host.events.negative-attempt",
        "Attempts are not negative.",
        "attempt",
        || json!(-1),
    ),
    (
        "plugin.host.events.blank-id",
        "An event has an id.",
        "correlation_id",
        || json!("\t"),
    ),
    (
        "plugin.host.events.id-number",
        "An id is a text.",
        "correlation_id",
        || json!(7),
    ),
];

/// An event of that kind for the ingress `kinds`, each with an id of its own.
fn of_kind(kind: &str) -> Value {
    let mut event = event();
    event["ingress_name"] = json!("kinds");
    event["kind"] = json!(kind);
    event["correlation_id"] = json!(format!("kind {kind}"));
    event
}

/// An event of so many bytes.
fn event_of(bytes: usize) -> Value {
    let mut event = event();
    event["payload"] = json!("");
    let frame = event.to_string().len();
    event["payload"] = json!("x".repeat(bytes - frame));
    event
}

/// Takes every event and says nothing of it.
fn taking_all() -> Puppet {
    Puppet::instance().doing("handle-ingress", [text("{}")])
}

/// What a plugin got of an event.
fn delivered(stage: &mut Stage<'_>, event: Value) -> Result<Value, Stop> {
    stage.run(&Plugin::of(Puppet::instance()))?;
    let service = stage.deliver_event(INGRESS, event)?;
    let service = stage.done("the event to be taken", service)?;
    let text = service.data["event"].as_str().unwrap_or_default();
    serde_json::from_str(text).map_err(|error| Stop::fail("an event in JSON", format!("{error}: {text}")))
}

/// That an event is refused, and that the plugin is neither entered nor the worse for it.
fn refused(stage: &mut Stage<'_>, event: Value) -> Checked {
    stage.run(&Plugin::of(Puppet::instance()))?;
    let service = stage.deliver_event(INGRESS, event)?;
    let refusal = stage.refused(&[Input, Denied], service)?;
    expect(
        refusal.message.len() <= 4096,
        || "a short reason".to_owned(),
        || format!("{} bytes", refusal.message.len()),
    )?;
    expect_calls(stage, 2)
}
