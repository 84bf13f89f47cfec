//! Hosts that are broken where events wait.

use serde_json::{Value, json};

use super::super::Mutant;
use super::{also, altered_in, mutant, pardoned};
use crate::suites::plugin::door::{Ask, Done, Outcome, Refusal, RefusalKind, Service, Settled};

pub(super) fn all() -> Vec<Mutant> {
    vec![
        also(
            mutant("has-room-for-31", "plugin.host.queue.thirty-two", || {
                altered_in(&["enqueue"], |host, ask, memory| {
                    let waiting = memory.as_u64().unwrap_or(0);
                    match ask {
                        Ask::Enqueue { .. } if waiting >= 31 => {
                            Outcome::Refused(Refusal::new(RefusalKind::Full, "no more than 31 wait"))
                        }
                        Ask::Enqueue { .. } => {
                            *memory = json!(waiting + 1);
                            host(&ask)
                        }
                        ask => host(&ask),
                    }
                })
            }),
            &["plugin.host.queue.thirty-three", "plugin.host.queue.in-order"],
            "they fill the queue first",
        ),
        mutant("takes-every-event", "plugin.host.queue.thirty-three", || {
            altered_in(&["enqueue"], |host, ask, _| {
                let outcome = host(&ask);
                pardoned(outcome, |refusal| refusal.kind == RefusalKind::Full, Done::Queued)
            })
        }),
        mutant("delivers-as-it-likes", "plugin.host.queue.in-order", || {
            altered_in(&["settle"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Settled(mut settled)) => {
                    if settled.len() == 32 {
                        settled.swap(7, 8);
                    }
                    Outcome::Done(Done::Settled(settled))
                }
                other => other,
            })
        }),
        mutant("delivers-to-the-dead", "plugin.host.queue.too-late", || {
            altered_in(&["settle"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Settled(mut settled)) => {
                    for one in &mut settled {
                        let is_late = matches!(one, Settled::Refused(refusal) if refusal.kind == RefusalKind::NotRunning);
                        if is_late {
                            *one = Settled::Done(Service {
                                accepted: true,
                                data: Value::Null,
                                commands: Vec::new(),
                            });
                        }
                    }
                    Outcome::Done(Done::Settled(settled))
                }
                other => other,
            })
        }),
    ]
}
