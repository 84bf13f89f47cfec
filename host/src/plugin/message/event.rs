//! The event that an ingress hands to a plugin.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::INGRESS_EVENT_BYTES;
use crate::text::bounded;

/// One event, as `handle-ingress` gets it. All seven fields are always there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IngressEvent {
    /// What happened: `websocket_text`, `websocket_close`, `websocket_error`, or a word of the source's own.
    pub kind: String,
    /// Where it comes from, as the manifest names it: `websocket:wss://host/path`.
    pub source: String,
    /// The ingress that it is for.
    pub ingress_name: String,
    /// The event itself.
    pub payload: Value,
    /// When it happened: RFC 3339, UTC, with milliseconds.
    pub created_at: String,
    /// How many times it has been delivered, this time included: 1 at first.
    pub attempt: u32,
    /// The event's id, which output commands answer to.
    pub correlation_id: String,
}

/// Why an event is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A field that may not be blank is.
    #[error("{0} must not be empty")]
    Blank(&'static str),
    /// The event names another ingress than it is delivered to.
    #[error("event ingress `{event}` does not match dispatch ingress `{dispatch}`")]
    OtherIngress {
        /// The ingress the event names.
        event: String,
        /// The ingress it is delivered to.
        dispatch: String,
    },
    /// Its time is none, so that no command could name it.
    #[error("created_at must be an RFC 3339 time")]
    NotATime,
    /// Deliveries are counted from one.
    #[error("attempt must be greater than zero")]
    NoAttempt,
    /// The whole event, serialised, is too large.
    #[error("plugin ingress event exceeds {limit} bytes (it has {bytes})")]
    TooLarge {
        /// Bytes of the event.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

impl IngressEvent {
    /// The JSON that the guest of ingress `name` gets, once every rule holds.
    ///
    /// # Errors
    ///
    /// The first rule broken, in the contract's order: source, name, kind, time, attempt, id, size.
    pub fn to_json_for(&self, name: &str) -> Result<String, EventError> {
        self.check(name)?;
        // A value, strings and a number: nothing that cannot be JSON.
        let json = serde_json::to_string(self).unwrap_or_default();
        if json.len() > INGRESS_EVENT_BYTES {
            return Err(EventError::TooLarge {
                bytes: json.len(),
                limit: INGRESS_EVENT_BYTES,
            });
        }
        Ok(json)
    }

    fn check(&self, name: &str) -> Result<(), EventError> {
        let blank = |text: &str| text.trim().is_empty();
        if blank(&self.source) {
            return Err(EventError::Blank("source"));
        }
        if self.ingress_name != name {
            return Err(EventError::OtherIngress {
                event: bounded(&self.ingress_name, 128).into_owned(),
                dispatch: bounded(name, 128).into_owned(),
            });
        }
        if blank(&self.kind) {
            return Err(EventError::Blank("event kind"));
        }
        if blank(&self.created_at) {
            return Err(EventError::Blank("created_at"));
        }
        if self.attempt == 0 {
            return Err(EventError::NoAttempt);
        }
        if blank(&self.correlation_id) {
            return Err(EventError::Blank("correlation_id"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> IngressEvent {
        IngressEvent {
            kind: "websocket_text".into(),
            source: "websocket:ws://127.0.0.1/".into(),
            ingress_name: "chat".into(),
            payload: json!({"text": "hi"}),
            created_at: "2026-11-20T10:00:00.000Z".into(),
            attempt: 1,
            correlation_id: "e-1".into(),
        }
    }

    fn refusal(change: impl FnOnce(&mut IngressEvent)) -> String {
        let mut event = event();
        change(&mut event);
        event.to_json_for("chat").unwrap_err().to_string()
    }

    #[test]
    fn all_seven_fields_are_sent() {
        let json: Value = serde_json::from_str(&event().to_json_for("chat").unwrap()).unwrap();
        assert_eq!(
            json,
            json!({
                "kind": "websocket_text",
                "source": "websocket:ws://127.0.0.1/",
                "ingress_name": "chat",
                "payload": {"text": "hi"},
                "created_at": "2026-11-20T10:00:00.000Z",
                "attempt": 1,
                "correlation_id": "e-1"
            })
        );
    }

    #[test]
    fn every_rule_has_its_message() {
        insta::assert_snapshot!(refusal(|e| e.source = " ".into()), @"source must not be empty");
        insta::assert_snapshot!(refusal(|e| e.ingress_name = "other".into()), @"event ingress `other` does not match dispatch ingress `chat`");
        insta::assert_snapshot!(refusal(|e| e.kind.clear()), @"event kind must not be empty");
        insta::assert_snapshot!(refusal(|e| e.created_at.clear()), @"created_at must not be empty");
        insta::assert_snapshot!(refusal(|e| e.attempt = 0), @"attempt must be greater than zero");
        insta::assert_snapshot!(refusal(|e| e.correlation_id.clear()), @"correlation_id must not be empty");
        insta::assert_snapshot!(refusal(|e| e.payload = "x".repeat(INGRESS_EVENT_BYTES).into()), @"plugin ingress event exceeds 65536 bytes (it has 65708)");
    }

    #[test]
    fn the_first_rule_broken_is_the_one_named() {
        let message = refusal(|e| {
            e.source.clear();
            e.attempt = 0;
        });
        assert_eq!(message, "source must not be empty");
    }
}
