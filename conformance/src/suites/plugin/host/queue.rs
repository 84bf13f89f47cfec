//! The queue of events: how many wait, in which order they are delivered, and what becomes of one too many.
//!
//! The plugin waits in its first event for somebody to speak, so that whatever is sent meanwhile waits too.

use serde_json::{Value, json};

use super::super::door::RefusalKind::{Fault, Full, Late, NotRunning};
use super::super::door::{Ability, Lifecycle};
use super::peer::{Peer, Turn};
use super::plugin::{INGRESS, Plugin};
use super::puppet::{Condition, HostCall, HostFunction, Part, Puppet, text};
use super::stage::{Answered, Stage, event};
use super::{HostTest, documented};
use crate::{Stop, expect, expect_eq};

const QUEUE: &str = "contracts/plugin.md#queue";

/// Events that a queue has room for.
const ROOM: usize = 32;

pub(super) fn tests() -> Vec<HostTest> {
    vec![
        documented(
            "plugin.host.queue.thirty-two",
            QUEUE,
            "Of the events that came, 32 are with a plugin or wait for it.",
            |stage| {
                let peer = filled(stage)?;
                peer.release();
                delivered(stage, ROOM).map(|_| ())
            },
        ),
        documented(
            "plugin.host.queue.thirty-three",
            QUEUE,
            "An event for which there is no room is refused, and costs no other.",
            |stage| {
                let peer = filled(stage)?;
                let one_more = stage.enqueue(INGRESS, numbered(ROOM))?;
                stage.refused(&[Full], one_more)?;
                peer.release();
                delivered(stage, ROOM)?;
                stage.expect_lifecycle(Lifecycle::Running)?;
                let again = stage.deliver_event(INGRESS, numbered(ROOM))?;
                stage
                    .done("an event to be taken when there is room again", again)
                    .map(|_| ())
            },
        ),
        documented(
            "plugin.host.queue.in-order",
            QUEUE,
            "Events that wait are delivered in the order in which they came, each once.",
            |stage| {
                let peer = filled(stage)?;
                peer.release();
                for (place, service) in delivered(stage, ROOM)?.iter().enumerate() {
                    expect_eq(
                        &format!("how often the plugin was entered before event {place}"),
                        &json!(format!("{:08}", place + 2)),
                        &service["calls"],
                    )?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.queue.too-late",
            QUEUE,
            "An event that takes a plugin longer than a second ends it, and what waits is not delivered.",
            |stage| {
                let _peer = waiting(stage)?;
                for number in 0..2 {
                    let taken = stage.enqueue(INGRESS, numbered(number))?;
                    stage.done("the event to wait", taken)?;
                }
                let mut settled = stage.settle()?.into_iter();
                let first = settled.next().unwrap_or(Ok(Value::Null));
                stage.refused(&[Fault, Late], first)?;
                let second = settled.next().unwrap_or(Ok(Value::Null));
                stage.refused(&[NotRunning, Fault], second)?;
                stage.expect_lifecycle(Lifecycle::Failed)
            },
        ),
    ]
}

/// A plugin that waits in its first event until the other side speaks.
fn waiting(stage: &mut Stage<'_>) -> Result<Peer, Stop> {
    stage.needs(Ability::Queue)?;
    let peer = Peer::websocket(vec![Turn::Text("go on".to_owned()), Turn::Linger])?;
    peer.hold();
    stage.reach(peer.port, "PORT");
    let open = HostCall::of(
        HostFunction::Open,
        format!(r#"{{"url":"ws://127.0.0.1:{}/"}}"#, peer.port),
    );
    let wait = HostCall::of(HostFunction::Recv, "").on(1).within(5000);
    let puppet = Puppet::instance().doing(
        "handle-ingress",
        [
            Part::If(
                Condition::CallIs(2),
                vec![Part::Quietly(open), Part::Quietly(wait)],
                vec![],
            ),
            text(r#"{"accepted":true,"data":{"calls":""#),
            Part::Calls,
            text(r#""}}"#),
        ],
    );
    let plugin = Plugin::of(puppet)
        .host_api("websocket")
        .targets("[[websocket]]\nscheme = \"ws\"\nhost = \"127.0.0.1\"\npath_prefixes = [\"/\"]");
    stage.run(&plugin)?;
    Ok(peer)
}

/// The same, with as many events as there is room for.
fn filled(stage: &mut Stage<'_>) -> Result<Peer, Stop> {
    let peer = waiting(stage)?;
    for number in 0..ROOM {
        let taken = stage.enqueue(INGRESS, numbered(number))?;
        stage.done(&format!("event {number} to be taken"), taken)?;
    }
    Ok(peer)
}

/// What the plugin said of each event, all of which it took.
fn delivered(stage: &mut Stage<'_>, count: usize) -> Result<Vec<Value>, Stop> {
    let settled: Vec<Answered<Value>> = stage.settle()?;
    expect(
        settled.len() == count,
        || format!("{count} events to be told of"),
        || settled.len().to_string(),
    )?;
    let all = settled.into_iter();
    all.map(|service| stage.done("every event to be taken", service))
        .collect()
}

fn numbered(number: usize) -> Value {
    let mut event = event();
    event["correlation_id"] = json!(format!("e-{number}"));
    event
}
