//! Hosts that are broken in what becomes of events, and in how long a plugin lives.

use serde_json::{Value, json};

use super::super::Mutant;
use super::{also, altered_in, has_code, mutant, pardoned, says, some_tool};
use crate::suites::plugin::door::{Ask, Done, Lifecycle, Outcome};

pub(super) fn all() -> Vec<Mutant> {
    vec![
        // Events.
        also(
            mutant(
                "counts-no-attempts",
                "plugin.host.events.later-attempt",
                changes_event!(|event| event["attempt"] = json!(1)),
            ),
            &[
                "plugin.host.events.no-attempt",
                "plugin.host.events.negative-attempt",
            ],
            "they are about attempts as well",
        ),
        mutant(
            "drops-unknown-fields",
            "plugin.host.events.unknown-field",
            changes_event!(|event| {
                event.as_object_mut().map(|event| event.remove("priority"));
            }),
        ),
        mutant(
            "takes-a-blank-source",
            "plugin.host.events.blank-source",
            changes_event!(|event| {
                if event["source"] == " " {
                    event["source"] = json!("unknown");
                }
            }),
        ),
        mutant(
            "takes-a-blank-time",
            "plugin.host.events.blank-time",
            changes_event!(|event| {
                if event["created_at"] == "" {
                    event["created_at"] = json!("2026-11-20T10:00:00.000Z");
                }
            }),
        ),
        mutant(
            "takes-any-kind",
            "plugin.host.events.undeclared-kind",
            changes_event!(|event| {
                if event["ingress_name"] == "kinds" {
                    event["kind"] = json!("a");
                }
            }),
        ),
        mutant(
            "takes-an-event-too-large",
            "plugin.host.events.too-large",
            changes_event!(|event| {
                if event.to_string().len() > 65_536 {
                    event["payload"] = Value::Null;
                }
            }),
        ),
        mutant("mixes-events-up", "plugin.host.events.order", || {
            altered_in(&["deliver"], |host, ask, memory| {
                let fifth = matches!(&ask, Ask::Deliver { event, .. } if event["correlation_id"] == "e-5");
                let outcome = host(&ask);
                let before = memory.take();
                *memory = serde_json::to_value(&outcome).unwrap_or_default();
                match serde_json::from_value(before) {
                    Ok(before) if fifth => before,
                    _ => outcome,
                }
            })
        }),
        // Its life.
        mutant("mixes-calls-up", "plugin.host.life.order", || {
            altered_in(&["call"], |host, ask, memory| {
                let fifth = matches!(&ask, Ask::Call { input, .. } if input == "5");
                let outcome = host(&ask);
                let before = memory.take();
                *memory = serde_json::to_value(&outcome).unwrap_or_default();
                match serde_json::from_value(before) {
                    Ok(before) if fifth => before,
                    _ => outcome,
                }
            })
        }),
        mutant("stops-twice", "plugin.host.life.stop-once", || {
            altered_in(&["stop"], |host, ask, memory| {
                let outcome = host(&ask);
                match (&ask, outcome) {
                    (Ask::Stop, Outcome::Done(Done::Status(mut status))) => {
                        if memory["calls"].is_string() {
                            status.data = json!({ "calls": "00000003" });
                        }
                        *memory = status.data.clone();
                        Outcome::Done(Done::Status(status))
                    }
                    (_, outcome) => outcome,
                }
            })
        }),
        also(
            mutant(
                "keeps-state-after-a-restart",
                "plugin.host.life.restart-is-fresh",
                || {
                    altered_in(&["restart"], |host, ask, _| match ask {
                        Ask::Restart => host(&Ask::Status),
                        ask => host(&ask),
                    })
                },
            ),
            &[
                "plugin.host.life.restart-after-trap",
                "plugin.host.life.restart-after-stop",
                "plugin.host.life.any-sequence",
            ],
            "they restart too",
        ),
        also(
            mutant("calls-what-is-stopped", "plugin.host.life.stop-is-final", || {
                altered_in(&["call"], |host, ask, _| {
                    let is_call = matches!(ask, Ask::Call { .. });
                    let outcome = host(&ask);
                    match is_call {
                        true => pardoned(
                            outcome,
                            |refusal| {
                                says(refusal, "the plugin is stopped") || has_code(refusal, "service.ended")
                            },
                            some_tool(),
                        ),
                        false => outcome,
                    }
                })
            }),
            &["plugin.host.life.any-sequence"],
            "it calls what is stopped as well",
        ),
        also(
            mutant(
                "says-that-all-is-well",
                "plugin.host.containment.dead-is-dead",
                || {
                    altered_in(&["report"], |host, ask, _| match host(&ask) {
                        Outcome::Done(Done::Report(mut report)) => {
                            if report.lifecycle == Lifecycle::Failed {
                                report.lifecycle = Lifecycle::Running;
                            }
                            Outcome::Done(Done::Report(report))
                        }
                        other => other,
                    })
                },
            ),
            &[
                "plugin.host.containment.*",
                "plugin.host.status.*",
                "plugin.host.service-output.not-json",
                "plugin.host.life.*",
                "plugin.host.events.trap-fails",
                "plugin.host.queue.too-late",
            ],
            "they look whether a plugin has failed",
        ),
    ]
}
