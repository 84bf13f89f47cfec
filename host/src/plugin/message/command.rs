//! What a plugin asks the host to do, in answer to an event.
//!
//! Shapes and bounds only: whether a command may be carried out is for the grants to say.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::limits::{COMMAND_ID_BYTES, COMMAND_PAYLOAD_BYTES, MESSAGE_BYTES, OUTPUT_COMMANDS};
use crate::text::bounded;

/// One thing that a plugin wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputCommand {
    /// The command's own id, for whoever follows it: 1 to 128 bytes without control characters.
    pub correlation_id: String,
    /// The `correlation_id` of the event that it answers.
    pub source_event_id: String,
    /// The plugin's id for it: 1 to 128 bytes without control characters.
    pub command_id: String,
    /// What is to be done.
    pub kind: CommandKind,
    /// With what, at most 16384 bytes; the shape depends on the kind.
    pub payload: Value,
    /// When it was asked for: RFC 3339.
    pub requested_at: String,
}

/// What the host can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// Replace the plugin's status: `{"message"?: string, "status"?: any}`.
    DiagnosticStatusUpdate,
    /// Make an HTTP request: what the import `request` takes.
    HostRequestDispatch,
    /// Send text on a socket that the host holds for the plugin: `{"url": string, "text": string}`.
    WebsocketSend,
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CommandKind::DiagnosticStatusUpdate => "diagnostic_status_update",
            CommandKind::HostRequestDispatch => "host_request_dispatch",
            CommandKind::WebsocketSend => "websocket_send",
        })
    }
}

/// A command that is not carried out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommandRejection {
    /// Its own id, where that could be read.
    pub correlation_id: Option<String>,
    /// The event that it says it answers, where that could be read.
    pub source_event_id: Option<String>,
    /// The plugin's id for it, where that could be read.
    pub command_id: Option<String>,
    /// What it wanted done, where that could be read.
    pub kind: Option<CommandKind>,
    /// Why it is refused.
    pub message: String,
}

/// A list of commands that is not carried out.
#[derive(Debug, PartialEq)]
pub(super) struct RefusedList {
    /// Those that are to blame, in order; at least one.
    pub(super) rejections: Vec<CommandRejection>,
    /// The others, in order.
    pub(super) withheld: Vec<OutputCommand>,
}

impl CommandRejection {
    /// A command that cannot be read is refused with this message.
    fn unread(message: &str) -> Self {
        Self {
            correlation_id: None,
            source_event_id: None,
            command_id: None,
            kind: None,
            message: bounded(message, MESSAGE_BYTES).into_owned(),
        }
    }

    /// This command is refused with this message.
    pub(crate) fn of(command: &OutputCommand, message: &str) -> Self {
        let id = |id: &str| Some(bounded(id, COMMAND_ID_BYTES).into_owned());
        Self {
            correlation_id: id(&command.correlation_id),
            source_event_id: id(&command.source_event_id),
            command_id: id(&command.command_id),
            kind: Some(command.kind),
            message: bounded(message, MESSAGE_BYTES).into_owned(),
        }
    }
}

/// Read what stands under `output_commands`. Either every command is sound, or none is carried out and
/// those that are not are named.
pub(super) fn read_commands(list: Value, event_id: &str) -> Result<Vec<OutputCommand>, RefusedList> {
    let refused = |message: &str| RefusedList {
        rejections: vec![CommandRejection::unread(message)],
        withheld: Vec::new(),
    };
    let Value::Array(list) = list else {
        return Err(refused("service output_commands must be an array"));
    };
    if list.len() > OUTPUT_COMMANDS {
        return Err(refused(&format!(
            "service output_commands exceeds {OUTPUT_COMMANDS} commands"
        )));
    }
    let mut commands = Vec::with_capacity(list.len());
    let mut rejections = Vec::new();
    for item in list {
        match read_command(item, event_id) {
            Ok(command) => commands.push(command),
            Err(rejection) => rejections.push(rejection),
        }
    }
    if rejections.is_empty() {
        Ok(commands)
    } else {
        Err(RefusedList {
            rejections,
            withheld: commands,
        })
    }
}

fn read_command(item: Value, event_id: &str) -> Result<OutputCommand, CommandRejection> {
    // serde would take an array for the fields in their order.
    if !item.is_object() {
        return Err(CommandRejection::unread(
            "malformed service output command envelope: not an object",
        ));
    }
    let command: OutputCommand = serde_json::from_value(item).map_err(|error| {
        CommandRejection::unread(&format!("malformed service output command envelope: {error}"))
    })?;
    match check(&command, event_id) {
        Ok(()) => Ok(command),
        Err(message) => Err(CommandRejection::of(&command, &message)),
    }
}

fn check(command: &OutputCommand, event_id: &str) -> Result<(), String> {
    for (name, id) in [
        ("correlation_id", &command.correlation_id),
        ("source_event_id", &command.source_event_id),
        ("command_id", &command.command_id),
    ] {
        if id.is_empty() || id.len() > COMMAND_ID_BYTES || id.contains(char::is_control) {
            return Err(format!(
                "{name} must be 1 to {COMMAND_ID_BYTES} bytes without control characters"
            ));
        }
    }
    if command.source_event_id != event_id {
        return Err("source_event_id must match the ingress event correlation_id".to_owned());
    }
    if OffsetDateTime::parse(&command.requested_at, &Rfc3339).is_err() {
        return Err("requested_at must be an RFC 3339 time".to_owned());
    }
    let bytes = command.payload.to_string().len();
    if bytes > COMMAND_PAYLOAD_BYTES {
        return Err(format!(
            "payload has {bytes} bytes, {COMMAND_PAYLOAD_BYTES} are allowed"
        ));
    }
    check_payload(command.kind, &command.payload)
}

fn check_payload(kind: CommandKind, payload: &Value) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct StatusUpdate {
        #[serde(default, rename = "message")]
        _message: Option<String>,
        #[serde(default, rename = "status")]
        _status: Value,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct WebsocketSend {
        #[serde(rename = "url")]
        _url: String,
        #[serde(rename = "text")]
        _text: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct HostRequest {
        #[serde(rename = "method")]
        _method: String,
        #[serde(rename = "url")]
        _url: String,
        #[serde(default, rename = "headers")]
        _headers: Vec<Header>,
        #[serde(default, rename = "body")]
        _body: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Header {
        #[serde(rename = "name")]
        _name: String,
        #[serde(rename = "value")]
        _value: String,
    }
    if !payload.is_object() {
        return Err("payload does not fit its kind: not an object".to_owned());
    }
    let shape = match kind {
        CommandKind::DiagnosticStatusUpdate => StatusUpdate::deserialize(payload).err(),
        CommandKind::WebsocketSend => WebsocketSend::deserialize(payload).err(),
        CommandKind::HostRequestDispatch => HostRequest::deserialize(payload).err(),
    };
    shape.map_or(Ok(()), |error| {
        Err(format!("payload does not fit its kind: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn command() -> Value {
        json!({
            "correlation_id": "c-1",
            "source_event_id": "e-1",
            "command_id": "reply",
            "kind": "websocket_send",
            "payload": {"url": "wss://host/path", "text": "hello"},
            "requested_at": "2026-11-20T10:00:00Z"
        })
    }

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        let mut command = command();
        change(&mut command);
        read_command(command, "e-1").unwrap_err().message
    }

    #[test]
    fn a_sound_list_is_read_in_order() {
        let mut second = command();
        second["command_id"] = "again".into();
        let commands = read_commands(json!([command(), second]), "e-1").unwrap();
        let ids: Vec<_> = commands
            .iter()
            .map(|command| command.command_id.as_str())
            .collect();
        assert_eq!(ids, ["reply", "again"]);
    }

    #[test]
    fn every_bound_has_its_message() {
        insta::assert_snapshot!(refusal(|c| c["extra"] = 1.into()), @"malformed service output command envelope: unknown field `extra`, expected one of `correlation_id`, `source_event_id`, `command_id`, `kind`, `payload`, `requested_at`");
        insta::assert_snapshot!(refusal(|c| *c = json!(["c-1", "e-1", "reply", "websocket_send", {}, "2026-11-20T10:00:00Z"])), @"malformed service output command envelope: not an object");
        insta::assert_snapshot!(refusal(|c| c["payload"] = json!(["wss://host/path", "hello"])), @"payload does not fit its kind: not an object");
        insta::assert_snapshot!(refusal(|c| c["kind"] = "dance".into()), @"malformed service output command envelope: unknown variant `dance`, expected one of `diagnostic_status_update`, `host_request_dispatch`, `websocket_send`");
        insta::assert_snapshot!(refusal(|c| c["command_id"] = "".into()), @"command_id must be 1 to 128 bytes without control characters");
        insta::assert_snapshot!(refusal(|c| c["correlation_id"] = "é".repeat(65).into()), @"correlation_id must be 1 to 128 bytes without control characters");
        insta::assert_snapshot!(refusal(|c| c["source_event_id"] = "e-2".into()), @"source_event_id must match the ingress event correlation_id");
        insta::assert_snapshot!(refusal(|c| c["requested_at"] = "today".into()), @"requested_at must be an RFC 3339 time");
        insta::assert_snapshot!(refusal(|c| c["payload"]["text"] = "x".repeat(COMMAND_PAYLOAD_BYTES).into()), @"payload has 16419 bytes, 16384 are allowed");
        insta::assert_snapshot!(refusal(|c| c["payload"]["to"] = "x".into()), @"payload does not fit its kind: unknown field `to`, expected `url` or `text`");
    }

    #[test]
    fn each_kind_has_its_own_payload() {
        for (kind, payload, sound) in [
            ("diagnostic_status_update", json!({}), true),
            (
                "diagnostic_status_update",
                json!({"message": "m", "status": null}),
                true,
            ),
            ("diagnostic_status_update", json!({"message": 1}), false),
            (
                "host_request_dispatch",
                json!({"method": "GET", "url": "http://h/"}),
                true,
            ),
            ("host_request_dispatch", json!({"url": "http://h/"}), false),
            ("websocket_send", json!({"url": "ws://h/"}), false),
        ] {
            let mut command = command();
            command["kind"] = kind.into();
            command["payload"] = payload.clone();
            assert_eq!(read_command(command, "e-1").is_ok(), sound, "{kind} {payload}");
        }
    }

    #[test]
    fn one_unsound_command_refuses_all() {
        let refused = read_commands(json!([command(), {"kind": "dance"}]), "e-1").unwrap_err();
        assert_eq!(refused.rejections.len(), 1);
        assert_eq!(refused.withheld.len(), 1);
    }

    #[test]
    fn a_list_has_its_own_bounds() {
        let many = Value::Array(vec![command(); OUTPUT_COMMANDS + 1]);
        let message = |list| {
            read_commands(list, "e-1")
                .unwrap_err()
                .rejections
                .remove(0)
                .message
        };
        insta::assert_snapshot!(message(many), @"service output_commands exceeds 16 commands");
        insta::assert_snapshot!(message(json!({})), @"service output_commands must be an array");
    }
}
