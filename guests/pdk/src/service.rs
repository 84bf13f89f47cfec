//! What an ingress answers with, and what it may ask the host to do.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Result, ToolError, to_json_within};
use crate::event::IngressEvent;
use crate::limits::{
    MAX_COMMAND_ID_BYTES, MAX_COMMAND_PAYLOAD_BYTES, MAX_LIFECYCLE_OUTPUT_BYTES, MAX_OUTPUT_COMMANDS,
};

/// The answer to an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceOutput {
    accepted: bool,
    data: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    output_commands: Vec<OutputCommand>,
}

impl ServiceOutput {
    /// The event was taken in.
    pub fn accepted(data: impl Into<Value>) -> Self {
        Self {
            accepted: true,
            data: data.into(),
            output_commands: Vec::new(),
        }
    }

    /// The event was looked at and not taken in, which is not an error.
    pub fn rejected(data: impl Into<Value>) -> Self {
        Self {
            accepted: false,
            ..Self::accepted(data)
        }
    }

    /// Asks the host to carry out `command` too, after those already asked for.
    ///
    /// Fails beyond [`MAX_OUTPUT_COMMANDS`]: a host refuses the whole list then.
    pub fn with_command(mut self, command: OutputCommand) -> Result<Self> {
        if self.output_commands.len() == MAX_OUTPUT_COMMANDS {
            return Err(ToolError::invalid_output(format!(
                "an event may be answered with at most {MAX_OUTPUT_COMMANDS} commands"
            )));
        }
        self.output_commands.push(command);
        Ok(self)
    }

    pub(crate) fn to_json_string(&self) -> Result<String> {
        to_json_within("answer to the event", self, MAX_LIFECYCLE_OUTPUT_BYTES)
    }
}

/// Something that the host is asked to do in the outside world, where the grants allow it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputCommand {
    correlation_id: String,
    source_event_id: String,
    command_id: String,
    kind: OutputCommandKind,
    payload: Value,
    requested_at: String,
}

/// What a host can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutputCommandKind {
    /// Send `{"url", "text"}` on a WebSocket that the host keeps open.
    WebsocketSend,
    /// Show `{"message"?, "status"?}` as the plugin's status.
    DiagnosticStatusUpdate,
    /// Make the request that the payload describes.
    HostRequestDispatch,
}

impl OutputCommand {
    /// A command in answer to `event`, with an id of the plugin's choice: 1 to [`MAX_COMMAND_ID_BYTES`] bytes
    /// without control characters.
    ///
    /// Fails on any other id, on a payload over [`MAX_COMMAND_PAYLOAD_BYTES`], and on an event without an id
    /// to answer to.
    pub fn new(
        event: &IngressEvent,
        command_id: &str,
        kind: OutputCommandKind,
        payload: impl Into<Value>,
    ) -> Result<Self> {
        let source_event_id = id("id of the event", &event.correlation_id)?;
        let command_id = id("id of a command", command_id)?;
        let payload = payload.into();
        to_json_within("payload of a command", &payload, MAX_COMMAND_PAYLOAD_BYTES)?;
        let requested_at = match event.created_at.as_str() {
            // A plugin has no clock. Any time will do: the host keeps its own record.
            "" => "1970-01-01T00:00:00Z",
            created_at => created_at,
        };
        Ok(Self {
            correlation_id: joined_id(&source_event_id, &command_id),
            source_event_id,
            command_id,
            kind,
            payload,
            requested_at: requested_at.to_owned(),
        })
    }

    /// Sends `text` on the WebSocket to `url` that the host keeps open.
    pub fn websocket_send(event: &IngressEvent, command_id: &str, url: &str, text: &str) -> Result<Self> {
        let payload = json!({ "url": url, "text": text });
        Self::new(event, command_id, OutputCommandKind::WebsocketSend, payload)
    }

    /// Shows `status` as the status of the plugin, with `message` beside it.
    pub fn status_update(
        event: &IngressEvent,
        command_id: &str,
        message: &str,
        status: impl Into<Value>,
    ) -> Result<Self> {
        let payload = json!({ "message": message, "status": status.into() });
        Self::new(
            event,
            command_id,
            OutputCommandKind::DiagnosticStatusUpdate,
            payload,
        )
    }
}

fn id(what: &str, text: &str) -> Result<String> {
    let problem = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > MAX_COMMAND_ID_BYTES {
        format!(
            "takes {} bytes, at most {MAX_COMMAND_ID_BYTES} are allowed",
            text.len()
        )
    } else if text.contains(char::is_control) {
        "has a control character in it".to_owned()
    } else {
        return Ok(text.to_owned());
    };
    Err(ToolError::invalid_output(format!("the {what} {problem}")))
}

/// `event:command`, cut to the size of an id.
fn joined_id(event: &str, command: &str) -> String {
    let mut id = format!("{event}:{command}");
    id.truncate(id.floor_char_boundary(MAX_COMMAND_ID_BYTES));
    id
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn event() -> IngressEvent {
        IngressEvent {
            correlation_id: "e-1".into(),
            created_at: "2026-01-02T03:04:05.678Z".into(),
            ..IngressEvent::default()
        }
    }

    fn message(result: Result<OutputCommand>) -> String {
        result.unwrap_err().message().to_owned()
    }

    #[test]
    fn an_output_without_commands_has_no_such_key() {
        assert_snapshot!(
            ServiceOutput::accepted(Value::Null).to_json_string().unwrap(),
            @r#"{"accepted":true,"data":null}"#
        );
    }

    #[test]
    fn a_command_answers_the_event() {
        let command = OutputCommand::websocket_send(&event(), "c-1", "wss://example.com/", "hi");
        let output = ServiceOutput::rejected(1).with_command(command.unwrap()).unwrap();
        assert_snapshot!(
            output.to_json_string().unwrap(),
            @r#"{"accepted":false,"data":1,"output_commands":[{"correlation_id":"e-1:c-1","source_event_id":"e-1","command_id":"c-1","kind":"websocket_send","payload":{"text":"hi","url":"wss://example.com/"},"requested_at":"2026-01-02T03:04:05.678Z"}]}"#
        );
    }

    #[test]
    fn a_command_without_a_time_has_one_all_the_same() {
        let event = IngressEvent {
            created_at: String::new(),
            ..event()
        };
        let command = OutputCommand::status_update(&event, "c", "m", Value::Null).unwrap();
        assert_eq!(command.requested_at, "1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_id_that_a_host_would_refuse_is_an_error() {
        let send = |event: &IngressEvent, id: &str| {
            message(OutputCommand::websocket_send(
                event,
                id,
                "wss://example.com/",
                "hi",
            ))
        };
        assert_snapshot!(send(&event(), ""), @"the id of a command is empty");
        assert_snapshot!(send(&event(), "a\nb"), @"the id of a command has a control character in it");
        assert_snapshot!(
            send(&event(), &"日".repeat(43)),
            @"the id of a command takes 129 bytes, at most 128 are allowed"
        );
        assert_snapshot!(send(&IngressEvent::default(), "c"), @"the id of the event is empty");
    }

    #[test]
    fn a_payload_over_the_bound_is_an_error() {
        let text = "x".repeat(MAX_COMMAND_PAYLOAD_BYTES);
        assert_snapshot!(
            message(OutputCommand::websocket_send(&event(), "c", "u", &text)),
            @"the payload of a command takes 16405 bytes as JSON, at most 16384 are allowed"
        );
    }

    #[test]
    fn a_command_too_many_is_an_error() {
        let command = OutputCommand::status_update(&event(), "c", "m", Value::Null).unwrap();
        let full = (0..MAX_OUTPUT_COMMANDS)
            .try_fold(ServiceOutput::accepted(Value::Null), |output, _| {
                output.with_command(command.clone())
            })
            .unwrap();
        assert_snapshot!(
            full.with_command(command).unwrap_err().message(),
            @"an event may be answered with at most 16 commands"
        );
    }

    proptest! {
        #[test]
        fn an_accepted_id_makes_ids_of_the_right_size(
            of_event in "[a日🦀]{1,40}",
            of_command in "[a日🦀]{1,40}",
        ) {
            let event = IngressEvent { correlation_id: of_event.clone(), ..event() };
            let command = OutputCommand::status_update(&event, &of_command, "m", Value::Null);
            prop_assume!(command.is_ok());
            let command = command.unwrap();

            prop_assert!(command.correlation_id.len() <= MAX_COMMAND_ID_BYTES);
            let joined = format!("{of_event}:{of_command}");
            prop_assert!(joined.starts_with(&command.correlation_id));
        }
    }
}
