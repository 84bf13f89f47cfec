//! One event, from the words that were typed to the report of what became of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use yoi_host::Profile;
use yoi_host::authority::{Ingress, Manifest};
use yoi_host::limits::INGRESS_EVENT_BYTES;
use yoi_host::plugin::service::{Event, Refusal, Service, Ticket};

use super::door::Answer;
use crate::report::service::SendReport;

/// Where an event comes from that was sent by hand, if it does not say.
const SOURCE: &str = "yoikit:send";

/// What happened, where neither event nor ingress says.
const KIND: &str = "manual";

/// Hands events to a service.
pub(super) struct Desk {
    service: Service,
    profile: Profile,
    plugin: String,
    ingresses: Vec<Ingress>,
}

/// An event that the service has accepted.
pub(super) struct HandedOver {
    ticket: Ticket,
    report: SendReport,
    /// Whether it is kept where the service does not get to it.
    kept: bool,
}

/// An event as it is typed: everything but the payload has a default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a `payload`")]
struct Typed {
    payload: Value,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    correlation_id: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    /// An event that was logged has these too. They say nothing new.
    #[serde(default)]
    ingress_name: Option<String>,
    #[serde(default, rename = "attempt")]
    _attempt: Option<u32>,
}

impl Desk {
    pub(super) fn new(service: Service, profile: Profile, plugin: &str, manifest: &Manifest) -> Self {
        Self {
            service,
            profile,
            plugin: plugin.to_owned(),
            ingresses: manifest.declared().ingresses.clone(),
        }
    }

    /// Hand over what was typed, or say at once what there is to say.
    pub(super) async fn hand_over(&self, ingress: &str, event: &str) -> Result<HandedOver, Answer> {
        let event = read(&self.ingresses, ingress, event).map_err(Answer::Usage)?;
        let id = event.correlation_id.clone();
        match self.service.send(event).await {
            Ok(ticket) => {
                let mut report = self.report(ingress, Some(ticket.correlation_id().to_owned()));
                report.duplicate = ticket.duplicate();
                Ok(HandedOver {
                    ticket,
                    report,
                    kept: self.service.keeps_events(),
                })
            }
            Err(refusal) => Err(Answer::Report(Box::new(self.refused(ingress, id, &refusal)))),
        }
    }

    fn refused(&self, ingress: &str, id: Option<String>, refusal: &Refusal) -> SendReport {
        let mut report = self.report(ingress, id);
        report.refused(refusal);
        report
    }

    fn report(&self, ingress: &str, id: Option<String>) -> SendReport {
        SendReport::begin(self.profile, &self.plugin, ingress, id)
    }
}

impl HandedOver {
    /// What the sender is told at once.
    pub(super) fn accepted(&self) -> Answer {
        Answer::Accepted {
            correlation_id: self.ticket.correlation_id().to_owned(),
            kept: self.kept,
        }
    }

    /// What became of it.
    pub(super) async fn settled(self) -> Answer {
        let mut report = self.report;
        report.settled(&self.ticket.await, self.kept);
        Answer::Report(Box::new(report))
    }
}

/// What was typed as an event of this ingress, or why it cannot be meant.
fn read(ingresses: &[Ingress], name: &str, typed: &str) -> Result<Event, String> {
    let Some(ingress) = ingresses.iter().find(|ingress| ingress.name == name) else {
        let names: Vec<&str> = ingresses.iter().map(|ingress| ingress.name.as_str()).collect();
        return Err(match names.as_slice() {
            [] => "the plugin declares no ingress: add `[[ingresses]]` to its plugin.toml".to_owned(),
            names => format!("the plugin has no ingress `{name}`; it has {}", list(names)),
        });
    };
    if typed.len() > INGRESS_EVENT_BYTES {
        return Err(format!(
            "the event has more than the {INGRESS_EVENT_BYTES} bytes that are allowed"
        ));
    }
    let value: Value =
        serde_json::from_str(typed).map_err(|error| format!("the event is not JSON: {error}"))?;
    // A value has the last of two members of one name, and whoever typed both meant one of them.
    if let Some(twice) = named_twice(typed) {
        return Err(format!("the event has two members `{twice}`"));
    }
    let event = Typed::deserialize(&value).map_err(|error| {
        // Whoever typed the payload alone sees how it is meant.
        let meant = serde_json::json!({ "payload": value }).to_string();
        let hint = if meant.len() < 200 {
            meant
        } else {
            r#"{"payload": …}"#.to_owned()
        };
        format!("this is no event: {error}\nif it is the payload, wrap it: {hint}")
    })?;
    if let Some(other) = event.ingress_name.filter(|other| other != name) {
        return Err(format!(
            "the event is for the ingress `{other}`, and it was to go to `{name}`"
        ));
    }
    let kinds: Vec<&str> = ingress.event_kinds.iter().map(String::as_str).collect();
    let kind = match (event.kind, kinds.as_slice()) {
        (Some(kind), []) => kind,
        (Some(kind), kinds) if kinds.contains(&kind.as_str()) => kind,
        (Some(kind), kinds) => {
            return Err(format!(
                "the ingress `{name}` takes no events of the kind `{kind}`; it takes {}",
                list(kinds)
            ));
        }
        (None, []) => KIND.to_owned(),
        (None, [only]) => (*only).to_owned(),
        (None, kinds) => {
            return Err(format!(
                "the event needs a `kind`; the ingress `{name}` takes {}",
                list(kinds)
            ));
        }
    };
    Ok(Event {
        ingress: name.to_owned(),
        kind,
        source: event.source.unwrap_or_else(|| SOURCE.to_owned()),
        payload: event.payload,
        created_at: event.created_at,
        correlation_id: event.correlation_id,
        attempt: 1,
    })
}

/// A name that two members of an object have.
fn named_twice(object: &str) -> Option<String> {
    struct Names(BTreeSet<String>);

    impl<'de> Visitor<'de> for Names {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut twice = None;
            while let Some((name, _)) = members.next_entry::<String, IgnoredAny>()? {
                if twice.is_none() && !self.0.insert(name.clone()) {
                    twice = Some(name);
                }
            }
            Ok(twice)
        }
    }
    let mut text = serde_json::Deserializer::from_str(object);
    // What is no object has no members.
    text.deserialize_map(Names(BTreeSet::new())).ok().flatten()
}

fn list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ingresses(manifest: &str) -> Vec<Ingress> {
        let manifest = format!(
            "schema_version = 1\nid = \"x\"\nname = \"X\"\nversion = \"1\"\nsurfaces = [\"ingress\"]\n\n[runtime]\nkind = \
             \"wasm-component\"\nworld = \"yoi:plugin/instance@1.0.0\"\ncomponent = \"x.wasm\"\n{manifest}"
        );
        let manifest = Manifest::parse_bytes(Some(manifest.as_bytes()), None).unwrap();
        manifest.declared().ingresses.clone()
    }

    fn room() -> Vec<Ingress> {
        ingresses(
            "[[ingresses]]\nname = \"room\"\ndescription = \"r\"\nevent_kinds = [\"text\", \"close\"]\n[[ingresses]]\nname \
             = \"any\"\ndescription = \"a\"\n[[ingresses]]\nname = \"one\"\ndescription = \"o\"\nevent_kinds = \
             [\"tick\"]\n",
        )
    }

    fn refusal(ingress: &str, typed: &str) -> String {
        read(&room(), ingress, typed).unwrap_err()
    }

    #[test]
    fn what_is_not_typed_has_a_default() {
        for (ingress, kind) in [("any", "manual"), ("one", "tick")] {
            let event = read(&room(), ingress, r#"{"payload": [1]}"#).unwrap();
            assert_eq!(
                (event.kind.as_str(), event.source.as_str()),
                (kind, "yoikit:send")
            );
            assert_eq!((event.created_at, event.correlation_id), (None, None));
            assert_eq!(event.payload, serde_json::json!([1]));
        }
    }

    #[test]
    fn an_event_that_was_logged_can_be_sent_again() {
        let logged = r#"{"kind":"text","source":"s","ingress_name":"room","payload":null,"created_at":"2026-11-20T10:00:00.000Z","attempt":3,"correlation_id":"e-1"}"#;
        let event = read(&room(), "room", logged).unwrap();
        assert_eq!((event.attempt, event.correlation_id.as_deref()), (1, Some("e-1")));
        insta::assert_snapshot!(refusal("any", logged), @"the event is for the ingress `room`, and it was to go to `any`");
    }

    #[test]
    fn what_cannot_be_meant_says_what_can() {
        insta::assert_snapshot!(refusal("rom", "{}"), @"the plugin has no ingress `rom`; it has `room`, `any`, `one`");
        insta::assert_snapshot!(refusal("room", "{"), @"the event is not JSON: EOF while parsing an object at line 1 column 1");
        insta::assert_snapshot!(refusal("room", r#"{"payload":1}"#), @"the event needs a `kind`; the ingress `room` takes `text`, `close`");
        insta::assert_snapshot!(refusal("any", r#"{"payload":1,"payload":2}"#), @"the event has two members `payload`");
        insta::assert_snapshot!(refusal("room", r#"{"payload":1,"kind":"dance"}"#), @"the ingress `room` takes no events of the kind `dance`; it takes `text`, `close`");
        insta::assert_snapshot!(refusal("room", r#"{"text":"hi"}"#), @r#"
        this is no event: unknown field `text`, expected one of `payload`, `kind`, `source`, `correlation_id`, `created_at`, `ingress_name`, `attempt`
        if it is the payload, wrap it: {"payload":{"text":"hi"}}
        "#);
        insta::assert_snapshot!(refusal("room", r#""hi""#), @r#"
        this is no event: invalid type: string "hi", expected an object with a `payload`
        if it is the payload, wrap it: {"payload":"hi"}
        "#);
        insta::assert_snapshot!(read(&[], "room", "{}").unwrap_err(), @"the plugin declares no ingress: add `[[ingresses]]` to its plugin.toml");
    }
}
