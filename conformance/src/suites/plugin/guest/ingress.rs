//! The events of a plugin.

use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;
use yoi_host::plugin::message::{CommandKind, IngressEvent, ServiceOutput};

use super::excuses::{any, no_declared_ingresses, no_events};
use super::schema::any_json;
use super::{GuestTest, refused_well};
use crate::simpler::simpler;
use crate::suites::plugin::target::{CallFailure, GuestTarget, Setup};
use crate::{Case, Checked, Clause, Context, Stop, expect, expect_eq, shown};

const EVENTS: &str = "wit/plugin/instance.wit#handle-ingress";
const COMMANDS: &str = "contracts/plugin.md#output-commands";

pub(super) fn tests() -> Vec<GuestTest> {
    vec![
        Case::must(
            "plugin.ingress.answers-declared-kinds",
            Clause::new(EVENTS, "Every event of a kind that the ingress declares is answered: with a ServiceOutput, or with an error."),
        )
        .property(
            |_| any_json(),
            |target: &GuestTarget, ctx, payload: &Value| {
                each(target, ctx, payload, |answer| match answer {
                    Ok(_) => Ok(()),
                    Err(failure) => refused_well("a ServiceOutput, or an error", &failure),
                })
            },
        )
        .excused(no_events),
        Case::must(
            "plugin.ingress.undeclared-does-not-trap",
            Clause::new(EVENTS, "An event of an ingress that there is not is answered, with an error, and does no harm."),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            let event = event("there-is-no-such-ingress", "test", json!({}));
            match session.handle_ingress("there-is-no-such-ingress", &event) {
                Ok(_) => Ok(()),
                Err(failure) => refused_well("a ServiceOutput, or an error", &failure),
            }
        })
        .excused(no_events),
        Case::should(
            "plugin.ingress.undeclared-is-refused",
            Clause::new(EVENTS, "An event of an ingress that there is not is not accepted."),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            let event = event("there-is-no-such-ingress", "test", json!({}));
            match session.handle_ingress("there-is-no-such-ingress", &event) {
                Ok(output) => expect(!output.accepted, || "the event not to be accepted".to_owned(), || "it was".to_owned()),
                Err(failure) => refused_well("an error", &failure),
            }
        })
        .excused(no_events),
        Case::must(
            "plugin.ingress.commands-are-sound",
            Clause::new(COMMANDS, "Every command in an answer keeps the rules: its event, its ids, its payload, how many there are."),
        )
        .property(
            |_| payloads(),
            |target: &GuestTarget, ctx, payload: &Value| {
                each(target, ctx, payload, |answer| {
                    let Ok(output) = answer else { return Ok(()) };
                    expect(
                        output.rejections.is_empty(),
                        || "commands that the host carries out".to_owned(),
                        || shown(&output.rejections),
                    )
                })
            },
        )
        .excused(no_events),
        Case::should(
            "plugin.ingress.commands-are-asked-for",
            Clause::new(COMMANDS, "A plugin sends commands only to where its manifest asks to go."),
        )
        .property(
            |_| payloads(),
            |target: &GuestTarget, ctx, payload: &Value| {
                each(target, ctx, payload, |answer| match answer {
                    Ok(output) => within_the_manifest(target, &output),
                    Err(_) => Ok(()),
                })
            },
        )
        .excused(|target| any([no_events(target), no_declared_ingresses(target)])),
        Case::should(
            "plugin.ingress.command-ids-differ",
            Clause::new(COMMANDS, "No two commands of one answer have the same id."),
        )
        .property(
            |_| payloads(),
            |target: &GuestTarget, ctx, payload: &Value| {
                each(target, ctx, payload, |answer| {
                    let Ok(output) = answer else { return Ok(()) };
                    let mut ids: Vec<_> = output.output_commands.iter().map(|command| &command.command_id).collect();
                    let all = ids.len();
                    ids.sort();
                    ids.dedup();
                    expect_eq("how many ids there are", &all, &ids.len())
                })
            },
        )
        .excused(no_events),
        Case::must(
            "plugin.ingress.redelivered",
            Clause::new(EVENTS, "An event may come again, with its attempt raised: it is answered as well."),
        )
        .example(|target: &GuestTarget, ctx| {
            for Taken { ingress, kinds } in taken(target) {
                let mut session = target.started(ctx, Setup::default())?;
                for attempt in 1..4 {
                    let mut event = event(ingress, kinds[0], json!({ "text": "again" }));
                    event.attempt = attempt;
                    if let Err(failure) = session.handle_ingress(ingress, &event) {
                        refused_well("a ServiceOutput, or an error", &failure)?;
                    }
                }
            }
            Ok(())
        })
        .excused(no_events),
        Case::must(
            "plugin.ingress.lives-on",
            Clause::new(EVENTS, "A plugin that has refused an event goes on."),
        )
        .example(|target: &GuestTarget, ctx| {
            for Taken { ingress, kinds } in taken(target) {
                let mut session = target.started(ctx, Setup::default())?;
                for payload in [json!(null), json!([]), json!({ "call": "nothing" }), json!("text")] {
                    let _ = session.handle_ingress(ingress, &event(ingress, kinds[0], payload));
                }
                if let Err(failure) = session.status() {
                    return Err(Stop::fail("a PluginStatus after the events", failure.message));
                }
            }
            Ok(())
        })
        .excused(no_events),
    ]
}

/// Events that a target takes.
struct Taken<'t> {
    ingress: &'t str,
    /// At least one.
    kinds: Vec<&'t str>,
}

/// What a manifest declares, or, of a target that has none, what it says itself: it names no kinds, and so takes any.
fn taken(target: &GuestTarget) -> Vec<Taken<'_>> {
    const ANY: [&str; 2] = ["test", "websocket_text"];
    let declared = target.declared().map(|declared| {
        let ingresses = declared.ingresses.iter().map(|ingress| Taken {
            ingress: &ingress.name,
            kinds: match ingress.event_kinds.as_slice() {
                [] => ANY.to_vec(),
                kinds => kinds.iter().map(String::as_str).collect(),
            },
        });
        ingresses.collect()
    });
    declared.unwrap_or_else(|| {
        let named = target.ingresses().map(|ingress| Taken {
            ingress,
            kinds: ANY.to_vec(),
        });
        named.collect()
    })
}

/// Payloads, those of the host's own sources among them.
fn payloads() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => any_json(),
        1 => simpler(".{0,40}").prop_map(|text| json!({ "url": "wss://a.test/", "text": text })),
        1 => Just(json!({ "url": "wss://a.test/", "reason": "host-owned WebSocket closed by peer" })),
    ]
}

pub(super) fn event(ingress: &str, kind: &str, payload: Value) -> IngressEvent {
    IngressEvent {
        kind: kind.to_owned(),
        source: "suite".to_owned(),
        ingress_name: ingress.to_owned(),
        payload,
        created_at: "2026-11-20T10:00:00.000Z".to_owned(),
        attempt: 1,
        correlation_id: "e-1".to_owned(),
    }
}

/// Hand this payload to every ingress, in an event of every kind that it takes.
fn each(
    target: &GuestTarget,
    ctx: &Context,
    payload: &Value,
    check: impl Fn(Result<ServiceOutput, CallFailure>) -> Checked,
) -> Checked {
    for Taken { ingress, kinds } in taken(target) {
        for kind in kinds {
            let mut session = target.started(ctx, Setup::default())?;
            let event = event(ingress, kind, payload.clone());
            check(session.handle_ingress(ingress, &event))?;
        }
    }
    Ok(())
}

/// That every command goes to where some target of the manifest leads.
fn within_the_manifest(target: &GuestTarget, output: &ServiceOutput) -> Checked {
    let Some(declared) = target.declared() else {
        return Ok(());
    };
    for command in &output.output_commands {
        let url = command.payload["url"]
            .as_str()
            .and_then(|url| Url::parse(url).ok());
        let asked = match (command.kind, url) {
            (CommandKind::DiagnosticStatusUpdate, _) => true,
            (CommandKind::HostRequestDispatch, Some(url)) => {
                let method = command.payload["method"].as_str().unwrap_or_default();
                declared.request.iter().any(|target| target.matches(method, &url))
            }
            (CommandKind::WebsocketSend, Some(url)) => {
                declared.websocket.iter().any(|target| target.matches(&url))
            }
            (_, None) => false,
        };
        expect(
            asked,
            || "a command to where the manifest asks to go".to_owned(),
            || format!("{} to {}", shown(&command.kind), command.payload["url"]),
        )?;
    }
    Ok(())
}
