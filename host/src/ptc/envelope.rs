//! What a run comes to.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::call::{CallFate, CallId, CallRecord};
use super::ended::Ended;

/// What a run came to. Serialised it is the contract's envelope, field by field and in its order; the fields that
/// only a host can fill, when it ended the run, come last.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// What the code printed.
    pub stdout: String,
    /// What it printed as an error, or was warned of.
    pub stderr: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The calls that it made, in the order in which it made them. They are no part of the serialised envelope.
    pub calls: Vec<CallRecord>,
    /// Whether the session's state is gone with the run: the next run begins a new one.
    pub session_lost: bool,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// With a value: JSON.
    Value(Box<RawValue>),
    /// With an error that the code did not catch.
    Raised(Uncaught),
    /// Before it began: the code is not of the language.
    Unreadable(Uncaught),
    /// By the host.
    Ended(Ended),
}

/// An error that the code did not catch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncaught {
    /// The bare name of its class.
    pub name: String,
    /// What it says.
    pub message: String,
    /// Where it was raised, as the language shows it.
    pub trace: Option<String>,
}

impl Envelope {
    /// The envelope of a run that was ended before it began.
    pub(super) fn unstarted(ended: Ended) -> Self {
        Self {
            stdout: String::new(),
            stderr: String::new(),
            outcome: Outcome::Ended(ended),
            calls: Vec::new(),
            session_lost: false,
        }
    }

    /// Whether the run ended with a value.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Value(_))
    }

    /// The value, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<&RawValue> {
        match &self.outcome {
            Outcome::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The error's name and message, where there is one.
    #[must_use]
    pub fn error(&self) -> Option<(&str, String)> {
        match &self.outcome {
            Outcome::Value(_) => None,
            Outcome::Raised(error) | Outcome::Unreadable(error) => Some((&error.name, error.message.clone())),
            Outcome::Ended(ended) => Some((ended.name(), format!("the run {ended}"))),
        }
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.naming(&|id| id.to_string()).serialize(to)
    }
}

/// An envelope in which calls stand under the names that its reader knows them by.
pub(super) struct Naming<'a> {
    envelope: &'a Envelope,
    name: &'a dyn Fn(CallId) -> String,
}

impl Envelope {
    pub(super) fn naming<'a>(&'a self, name: &'a dyn Fn(CallId) -> String) -> Naming<'a> {
        Naming { envelope: self, name }
    }

    fn output<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("stdout", &self.stdout)?;
        map.serialize_entry("stderr", &self.stderr)
    }
}

impl Serialize for Naming<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let envelope = self.envelope;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("ok", &envelope.is_ok())?;
        match &envelope.outcome {
            Outcome::Value(value) => {
                envelope.output(&mut map)?;
                map.serialize_entry("value", value)?;
            }
            Outcome::Raised(error) => {
                envelope.output(&mut map)?;
                map.serialize_entry("value", &())?;
                map.serialize_entry("error", &error.name)?;
                map.serialize_entry("message", &error.message)?;
                if let Some(trace) = &error.trace {
                    map.serialize_entry("traceback", trace)?;
                }
            }
            Outcome::Unreadable(error) => {
                map.serialize_entry("error", &error.name)?;
                map.serialize_entry("message", &error.message)?;
                envelope.output(&mut map)?;
            }
            Outcome::Ended(ended) => {
                envelope.output(&mut map)?;
                map.serialize_entry("value", &())?;
                map.serialize_entry("error", ended.name())?;
                map.serialize_entry("message", &format!("the run {ended}"))?;
                map.serialize_entry("error_code", ended.code())?;
                let calls = envelope.calls.iter();
                let pending: Vec<_> = calls
                    .filter(|call| call.fate == CallFate::Pending)
                    .map(|call| PendingCall {
                        id: (self.name)(call.id),
                        tool: &call.tool,
                    })
                    .collect();
                map.serialize_entry("calls_done", &(envelope.calls.len() - pending.len()))?;
                map.serialize_entry("calls_pending", &pending)?;
                map.serialize_entry("session_lost", &envelope.session_lost)?;
            }
        }
        map.end()
    }
}

/// A call that nobody waits for any more.
#[derive(Serialize)]
struct PendingCall<'a> {
    id: String,
    tool: &'a str,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn envelope(outcome: Outcome) -> String {
        let call = |number, fate| CallRecord {
            id: CallId::new(number),
            tool: "search".to_owned(),
            argument_bytes: 2,
            fate,
            began: None,
            took: None,
        };
        let envelope = Envelope {
            stdout: "out\n".to_owned(),
            stderr: String::new(),
            outcome,
            calls: vec![call(1, CallFate::TimedOut), call(2, CallFate::Pending)],
            session_lost: true,
        };
        serde_json::to_string(&envelope).unwrap()
    }

    fn error(trace: Option<&str>) -> Uncaught {
        Uncaught {
            name: "ValueError".to_owned(),
            message: "no".to_owned(),
            trace: trace.map(str::to_owned),
        }
    }

    #[test]
    fn an_envelope_has_the_contracts_fields_in_its_order() {
        let value = RawValue::from_string("{\"b\":1.0,\"a\":[18446744073709551616]}".to_owned()).unwrap();
        insta::assert_snapshot!(envelope(Outcome::Value(value)), @r#"{"ok":true,"stdout":"out\n","stderr":"","value":{"b":1.0,"a":[18446744073709551616]}}"#);
        insta::assert_snapshot!(envelope(Outcome::Raised(error(Some("Traceback")))), @r#"{"ok":false,"stdout":"out\n","stderr":"","value":null,"error":"ValueError","message":"no","traceback":"Traceback"}"#);
        insta::assert_snapshot!(envelope(Outcome::Raised(error(None))), @r#"{"ok":false,"stdout":"out\n","stderr":"","value":null,"error":"ValueError","message":"no"}"#);
        insta::assert_snapshot!(envelope(Outcome::Unreadable(error(None))), @r#"{"ok":false,"error":"ValueError","message":"no","stdout":"out\n","stderr":""}"#);
    }

    #[test]
    fn an_envelope_of_a_run_that_the_host_ended_says_what_is_known() {
        let ended = Ended::Deadline(Duration::from_secs(2));
        insta::assert_snapshot!(envelope(Outcome::Ended(ended)), @r#"{"ok":false,"stdout":"out\n","stderr":"","value":null,"error":"TimeoutError","message":"the run took longer than 2s","error_code":"run.deadline","calls_done":1,"calls_pending":[{"id":"2","tool":"search"}],"session_lost":true}"#);
    }
}
