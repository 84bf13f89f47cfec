//! What is told of a service: the lines of `yoikit serve --json`, and the report of `yoikit send --json`.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use yoi_host::Profile;
use yoi_host::plugin::message::CommandKind;
use yoi_host::plugin::service::{
    CommandResult, CommandStatus, Ending, Happening, Outcome, Refusal, ServiceStatus, Settlement,
};

use super::PluginReport;

/// A line of what `yoikit serve --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServeLine {
    /// `yoikit.serve/1`.
    pub schema: &'static str,
    /// What there is to tell.
    #[serde(flatten)]
    pub line: ServeEvent,
}

/// What there is to tell: `event` says which.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ServeEvent {
    /// Something of the program's.
    Program(ProgramLine),
    /// Something that happened to the service.
    Service(Box<Happening>),
}

/// Something that the program does.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProgramLine {
    /// When: RFC 3339, UTC.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: ProgramEvent,
}

/// What the program itself does.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ProgramEvent {
    /// The plugin has started, and events are taken.
    Serving {
        /// The profile that everything holds under.
        profile: Profile,
        /// What is run.
        plugin: Box<PluginReport>,
        /// What it goes by.
        name: String,
        /// Where `yoikit send` reaches it.
        socket: Option<String>,
        /// Where its numbers are.
        metrics: Option<String>,
        /// The file that keeps its events.
        durable: Option<String>,
        /// The stream that events are taken from as well.
        stream: Option<String>,
        /// How it is.
        status: Box<ServiceStatus>,
    },
    /// Something became of an event of the stream.
    #[cfg(feature = "nats")]
    Stream {
        /// What.
        #[serde(flatten)]
        taken: yoi_host::plugin::service::nats::Taken,
    },
    /// A signal came: it stops in order, or, at the second, at once.
    Signal {
        /// Whether it is the second.
        again: bool,
    },
    /// More happened than could be printed: so much was missed.
    Missed {
        /// How many happenings.
        count: u64,
    },
    /// It has ended. The last line.
    Ended {
        /// The exit status.
        exit: u8,
        /// How the service ended.
        ending: Box<Ending>,
    },
}

impl From<ProgramEvent> for ServeEvent {
    /// It happens now.
    fn from(what: ProgramEvent) -> Self {
        let at = yoi_host::plugin::service::now();
        Self::Program(ProgramLine { at, what })
    }
}

impl ServeLine {
    pub(crate) fn of(line: ServeEvent) -> Self {
        Self {
            schema: "yoikit.serve/1",
            line,
        }
    }
}

/// Where the numbers of a service are.
pub(crate) fn metrics_url(address: SocketAddr) -> String {
    format!("http://{address}/metrics")
}

/// What `yoikit send --json` prints.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SendReport {
    /// `yoikit.send/1`.
    pub schema: String,
    /// The profile that the result holds under.
    #[serde(with = "profile_name")]
    #[schemars(with = "Profile")]
    pub profile: Profile,
    /// What the plugin goes by.
    pub plugin: String,
    /// Whether an instance was started for the event and stopped again; else it went to a running `yoikit serve`.
    pub fresh: bool,
    /// The ingress.
    pub ingress: String,
    /// The event's id.
    pub correlation_id: Option<String>,
    /// Whether an event with this id was known already: nothing was delivered again.
    pub duplicate: bool,
    /// Whether everything went well: the plugin dealt with the event, and all that it asked for was done.
    pub ok: bool,
    /// How the event ended, where it was accepted.
    pub settlement: Option<Settlement>,
    /// Whether a journal keeps it, since the service ended before: the next one delivers it.
    pub kept: bool,
    /// Why it was not accepted, or why its last delivery failed.
    pub failure: Option<SendFailure>,
    /// Which delivery was the last.
    pub attempt: Option<u32>,
    /// What the plugin answered.
    pub answer: Option<Value>,
    /// What became of each thing that the plugin asked for.
    pub commands: Vec<SendCommand>,
    /// What the plugin said last, where it was stopped again.
    pub status: Option<Value>,
    /// What went wrong when it was.
    pub stop_error: Option<String>,
}

/// Why an event came to nothing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SendFailure {
    /// A stable name, for machines.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// Where it was denied: the lines that would have allowed it, and where they belong.
    pub missing: Vec<String>,
}

/// What became of an output command.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SendCommand {
    /// The plugin's id for it, where that could be read.
    pub command_id: Option<String>,
    /// What was to be done, where that could be read.
    pub kind: Option<CommandKind>,
    /// Whether it was: `recorded`, `rejected`, `unsupported` or `withheld`.
    pub verdict: Verdict,
    /// The same in words.
    pub message: String,
    /// Where it was denied: the lines that would have allowed it, and where they belong.
    pub missing: Vec<String>,
}

/// Whether an output command was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Recorded,
    /// It was refused, or failed.
    Rejected,
    /// It is allowed, and nothing that a host does.
    Unsupported,
    /// It was not carried out because another one was refused.
    Withheld,
}

impl From<CommandStatus> for Verdict {
    fn from(status: CommandStatus) -> Self {
        match status {
            CommandStatus::Recorded => Self::Recorded,
            CommandStatus::Rejected => Self::Rejected,
            CommandStatus::Unsupported => Self::Unsupported,
            CommandStatus::Withheld => Self::Withheld,
        }
    }
}

impl SendReport {
    pub(crate) fn begin(profile: Profile, plugin: &str, ingress: &str, id: Option<String>) -> Self {
        Self {
            schema: "yoikit.send/1".to_owned(),
            profile,
            plugin: plugin.to_owned(),
            fresh: false,
            ingress: ingress.to_owned(),
            correlation_id: id,
            duplicate: false,
            ok: false,
            settlement: None,
            kept: false,
            failure: None,
            attempt: None,
            answer: None,
            commands: Vec::new(),
            status: None,
            stop_error: None,
        }
    }

    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        self.failure = Some(SendFailure {
            code: refusal.code().to_string(),
            message: refusal.to_string(),
            missing: refusal.missing().iter().map(ToString::to_string).collect(),
        });
    }

    /// What became of it; where it was left, whether it is kept.
    pub(crate) fn settled(&mut self, outcome: &Outcome, kept: bool) {
        self.settlement = Some(outcome.settlement);
        self.kept = kept && outcome.settlement == Settlement::Abandoned;
        let settled = matches!(outcome.settlement, Settlement::Accepted | Settlement::Declined);
        if let Some(report) = &outcome.report {
            self.attempt = Some(report.attempt);
            self.answer = report.output.as_ref().map(|output| output.data.clone());
            self.commands = report.commands.iter().map(SendCommand::of).collect();
            self.failure = report.failure.as_ref().map(|failure| SendFailure {
                code: failure.code.to_string(),
                message: failure.message.clone(),
                missing: Vec::new(),
            });
        }
        let done = |command: &SendCommand| command.verdict == Verdict::Recorded;
        self.ok = settled && self.failure.is_none() && self.commands.iter().all(done);
    }
}

impl SendCommand {
    fn of(result: &CommandResult) -> Self {
        Self {
            command_id: result.command_id.clone(),
            kind: result.kind,
            verdict: result.status.into(),
            message: result.message.clone(),
            missing: result.missing.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A profile by its name.
mod profile_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use yoi_host::Profile;

    pub(super) fn serialize<S: Serializer>(profile: &Profile, to: S) -> Result<S::Ok, S::Error> {
        profile.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Profile, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}
