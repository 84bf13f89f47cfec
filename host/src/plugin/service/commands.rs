//! What a plugin asks the host to do, carried out.
//!
//! A command comes here sound in itself and matched to its event ([`message`](crate::plugin::message)). Here every
//! one of a list is held against the grants before any is carried out, and one that is refused keeps all of them
//! from it. Nothing else leads from a guest's answer to the outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sockets::Sockets;
use super::time::timestamp;
use crate::Profile;
use crate::authority::{Authority, Missing};
use crate::engine::Cancel;
use crate::imports::{Destination, HostError, HostErrorCode, Protocol, redacted, request};
use crate::limits::{MESSAGE_BYTES, SOCKET_FRAME_BYTES};
use crate::plugin::message::{CommandKind, CommandRejection, OutputCommand, ServiceOutput};
use crate::text::bounded;
use crate::world::Net;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CommandResult {
    /// Its own id, where that could be read.
    pub correlation_id: Option<String>,
    /// The event that it answers, where that could be read.
    pub source_event_id: Option<String>,
    /// The plugin's id for it, where that could be read.
    pub command_id: Option<String>,
    /// What was to be done, where that could be read.
    pub kind: Option<CommandKind>,
    /// Whether it was.
    pub status: CommandStatus,
    /// The same in words, at most 512 bytes.
    pub message: String,
    /// When: RFC 3339, UTC.
    pub recorded_at: String,
    /// Where it was denied: the lines that would have allowed it, and where they belong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// Whether a command was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum CommandStatus {
    /// It was.
    Recorded,
    /// It was refused, or failed.
    Rejected,
    /// It is allowed, and nothing that a host does.
    Unsupported,
    /// It is sound, and was not carried out because another of its list was refused. Profile `yoi` does not tell
    /// of these.
    Withheld,
}

/// Who carries commands out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Office<'a> {
    pub(super) profile: Profile,
    pub(super) authority: &'a Authority,
    pub(super) net: &'a Net,
    pub(super) sockets: &'a Sockets,
    /// Ends what is waited for.
    pub(super) cancel: &'a Cancel,
    /// The ingress of the event that is answered.
    pub(super) ingress: &'a str,
}

/// What came of a list of commands.
#[derive(Debug, Default)]
pub(super) struct CarriedOut {
    /// One for each that is told of, in order; those to blame come first.
    pub(super) results: Vec<CommandResult>,
    /// The status that the plugin gave itself, if it did.
    pub(super) status: Option<Value>,
}

/// A command that may be carried out.
enum Job {
    Status { message: Option<String>, status: Value },
    Request,
    Send { url: String, text: String },
}

/// A command that is refused, and what would have allowed it.
struct Refused {
    rejection: CommandRejection,
    missing: Vec<Missing>,
}

impl Office<'_> {
    /// Carry out the commands of an answer: all of them, or none.
    pub(super) fn carry_out(&self, output: &ServiceOutput) -> CarriedOut {
        let mut jobs = Vec::with_capacity(output.output_commands.len());
        let sound = output.rejections.iter().map(|rejection| Refused {
            rejection: rejection.clone(),
            missing: Vec::new(),
        });
        let mut refused: Vec<Refused> = sound.collect();
        let mut withheld: Vec<&OutputCommand> = output.withheld.iter().collect();
        for command in &output.output_commands {
            match self.job(command) {
                Ok(job) => jobs.push((command, job)),
                Err(error) => refused.push(Refused {
                    rejection: CommandRejection::of(command, &error.message),
                    missing: error
                        .denial
                        .map_or_else(Vec::new, |denial| denial.lines().to_vec()),
                }),
            }
        }
        if refused.is_empty() {
            return self.run(jobs);
        }
        withheld.extend(jobs.iter().map(|(command, _)| *command));
        let mut results: Vec<CommandResult> = refused
            .into_iter()
            .map(|refused| self.rejected(refused))
            .collect();
        match self.profile {
            Profile::Documented => results.extend(withheld.into_iter().map(|command| {
                let why = "not carried out: another command of the same answer was refused";
                self.result(command, CommandStatus::Withheld, why)
            })),
            // The yoi host tells of those that are to blame, and of no others.
            Profile::Yoi => {}
        }
        CarriedOut {
            results,
            status: None,
        }
    }

    fn run(&self, jobs: Vec<(&OutputCommand, Job)>) -> CarriedOut {
        let mut carried_out = CarriedOut::default();
        for (command, job) in jobs {
            let (status, message) = match job {
                Job::Status { message, status } => {
                    if !status.is_null() {
                        carried_out.status = Some(status);
                    }
                    let message = message.unwrap_or_else(|| "plugin service status update recorded".to_owned());
                    (CommandStatus::Recorded, message)
                }
                Job::Request => (
                    CommandStatus::Unsupported,
                    "host_request_dispatch output command is grant-checked but transport dispatch is unsupported \
                     in v0"
                        .to_owned(),
                ),
                Job::Send { url, text } => {
                    let go_on = || !self.cancel.is_cancelled();
                    match self.sockets.send(self.net, go_on, self.ingress, &url, text) {
                        Ok(message) => (CommandStatus::Recorded, message),
                        Err(message) => (CommandStatus::Rejected, message),
                    }
                }
            };
            carried_out.results.push(self.result(command, status, &message));
        }
        carried_out
    }

    /// What is to be done for a command, if the grants allow it.
    fn job(&self, command: &OutputCommand) -> Result<Job, HostError> {
        #[derive(Deserialize)]
        struct Update {
            message: Option<String>,
            #[serde(default)]
            status: Value,
        }
        #[derive(Deserialize)]
        struct Send {
            url: String,
            text: String,
        }
        let misfit = |error: serde_json::Error| {
            let message = format!("payload does not fit its kind: {error}");
            HostError::new(HostErrorCode::Invalid, message)
        };
        let payload = &command.payload;
        match command.kind {
            CommandKind::DiagnosticStatusUpdate => {
                let Update { message, status } = Update::deserialize(payload).map_err(misfit)?;
                Ok(Job::Status { message, status })
            }
            CommandKind::HostRequestDispatch => {
                request::check(self.authority, &payload.to_string())
                    .map_err(|error| in_context("host_request_dispatch", error))?;
                Ok(Job::Request)
            }
            CommandKind::WebsocketSend => {
                let Send { url, text } = Send::deserialize(payload).map_err(misfit)?;
                if text.len() > SOCKET_FRAME_BYTES {
                    let message = format!("websocket_send text exceeds {SOCKET_FRAME_BYTES} bytes");
                    return Err(HostError::new(HostErrorCode::TooLarge, message));
                }
                let url = Protocol::Websocket
                    .parse(&url)
                    .map_err(|error| in_context("websocket_send", error))?;
                Destination::of_websocket(self.authority, &url)
                    .map_err(|error| in_context("websocket_send", error))?;
                Ok(Job::Send {
                    url: url.into(),
                    text,
                })
            }
        }
    }

    fn rejected(&self, refused: Refused) -> CommandResult {
        let CommandRejection {
            correlation_id,
            source_event_id,
            command_id,
            kind,
            message,
        } = refused.rejection;
        CommandResult {
            correlation_id,
            source_event_id,
            command_id,
            kind,
            status: CommandStatus::Rejected,
            message: worded(&message),
            recorded_at: timestamp(self.net.wall()),
            missing: refused.missing,
        }
    }

    fn result(&self, command: &OutputCommand, status: CommandStatus, message: &str) -> CommandResult {
        CommandResult {
            correlation_id: Some(command.correlation_id.clone()),
            source_event_id: Some(command.source_event_id.clone()),
            command_id: Some(command.command_id.clone()),
            kind: Some(command.kind),
            status,
            message: worded(message),
            recorded_at: timestamp(self.net.wall()),
            missing: Vec::new(),
        }
    }
}

/// In the words of the command: what was denied is not granted, what is malformed says so itself.
fn in_context(command: &str, error: HostError) -> HostError {
    let message = match error.denial {
        Some(_) => format!("{command} not granted: {}", error.message),
        None => format!("{command} refused: {}", error.message),
    };
    HostError { message, ..error }
}

/// One line, without credentials.
fn worded(message: &str) -> String {
    bounded(&redacted(message), MESSAGE_BYTES).into_owned()
}
