//! What an ingress is given.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Result, ToolError};

/// One event from outside. A host fills in every field; one that is missing has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressEvent {
    /// What happened: `websocket_text`, `websocket_close`, `websocket_error`, or another word of the source's.
    pub kind: String,
    /// Where it comes from, as `websocket:wss://host/path`.
    pub source: String,
    /// The ingress that it goes to, as the manifest declares it.
    pub ingress_name: String,
    /// What it carries; of a shape that depends on `kind`.
    pub payload: Value,
    /// When it happened: RFC 3339, UTC, milliseconds.
    pub created_at: String,
    /// Which delivery of the event this is, counted from 1.
    pub attempt: u32,
    /// The event's id, which a command in answer to it refers to.
    pub correlation_id: String,
}

impl Default for IngressEvent {
    fn default() -> Self {
        Self {
            kind: String::new(),
            source: String::new(),
            ingress_name: String::new(),
            payload: Value::Null,
            created_at: String::new(),
            attempt: 1,
            correlation_id: String::new(),
        }
    }
}

/// A text message that arrived at a WebSocket which the host keeps open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebsocketText<'a> {
    /// Where the connection goes: an answer is sent to the same URL.
    pub url: &'a str,
    /// The message.
    pub text: &'a str,
}

impl IngressEvent {
    /// The payload as a `T`, or [`InvalidInput`](crate::ToolErrorCode::InvalidInput) with what is wrong.
    pub fn parse_payload<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        T::deserialize(&self.payload).map_err(|error| {
            ToolError::invalid_input(format!("the payload is not what this ingress takes: {error}"))
        })
    }

    /// The message, if this event is one (`kind` is `websocket_text`).
    pub fn websocket_text(&self) -> Option<WebsocketText<'_>> {
        if self.kind != "websocket_text" {
            return None;
        }
        Some(WebsocketText {
            url: self.payload.get("url")?.as_str()?,
            text: self.payload.get("text")?.as_str()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_reads_from_what_a_host_sends() {
        let event: IngressEvent = serde_json::from_value(json!({
            "kind": "websocket_text",
            "source": "websocket:wss://example.com/",
            "ingress_name": "chat",
            "payload": { "url": "wss://example.com/", "text": "hi" },
            "created_at": "2026-01-02T03:04:05.678Z",
            "attempt": 2,
            "correlation_id": "e-1",
        }))
        .unwrap();

        assert_eq!(event.attempt, 2);
        let message = WebsocketText {
            url: "wss://example.com/",
            text: "hi",
        };
        assert_eq!(event.websocket_text(), Some(message));
    }

    #[test]
    fn a_field_that_is_missing_has_its_default() {
        let event: IngressEvent = serde_json::from_str("{}").unwrap();
        assert_eq!(event, IngressEvent::default());
        assert_eq!(event.attempt, 1);
    }

    #[test]
    fn an_event_of_another_kind_is_no_message() {
        let payload = json!({ "url": "wss://example.com/", "text": "hi" });
        let event = IngressEvent {
            kind: "other".into(),
            payload,
            ..IngressEvent::default()
        };
        assert_eq!(event.websocket_text(), None);
    }
}
