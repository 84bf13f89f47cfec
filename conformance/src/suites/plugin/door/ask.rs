//! What a host is asked, and what it answers: the protocol `yoikit.host/1`, whoever stands behind it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use yoi_host::Profile;

use super::catalogue::{Examine, Plugins, Rows, Survey};

/// The name of the protocol, which changes with every change of its meaning.
pub const PROTOCOL: &str = "yoikit.host/1";

/// What a host is asked to do. One plugin at a time: [`Ask::Load`] drops the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Who are you? Always first, and answered by `hello`.
    Hello {
        /// [`PROTOCOL`]. A host that does not speak it answers with a refusal.
        protocol: String,
    },
    /// Read a package and run nothing of it. Answered by `package`.
    Inspect {
        /// How it is to be read.
        profile: Profile,
        /// An archive, `*.yoi-plugin`.
        package: PathBuf,
    },
    /// Look into stores, and say what becomes of the plugins there and of those that are turned on; run nothing. Answered
    /// by `plugins`. Only hosts with the ability `stores` are asked.
    Survey(Survey),
    /// Say what of a package could be used under these grants, and run nothing. Answered by `rows`. Only hosts with the
    /// ability `inspection` are asked.
    Examine(Examine),
    /// Load a package's component under its manifest and these grants; do not start it. Answered by `loaded`.
    Load(Load),
    /// Start the plugin. Answered by `status`.
    Start,
    /// Call a tool. Answered by `tool`.
    Call {
        /// The tool's name.
        tool: String,
        /// Its input, meant to be JSON, to be taken as it is.
        input: String,
    },
    /// Deliver an event. Answered by `service`.
    Deliver {
        /// The ingress.
        ingress: String,
        /// The event, as the contract has it.
        event: Value,
    },
    /// Send an event and do not wait for what becomes of it. Answered by `queued` once it waits, or refused as `full`.
    /// Only hosts with the ability `queue` are asked.
    Enqueue {
        /// The ingress.
        ingress: String,
        /// The event, as the contract has it.
        event: Value,
    },
    /// Wait until every event that was sent so has come to something. Answered by `settled`.
    Settle,
    /// Ask the plugin how it is. Answered by `status`.
    Status,
    /// End the plugin in order. Answered by `status`.
    Stop,
    /// End it, whatever its state, and start it anew with the same configuration. Answered by `status`.
    Restart,
    /// Say what you know of the plugin, without entering it. Answered by `report`.
    Report,
}

/// A package to load, and what it gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Which promises the host is held to.
    pub profile: Profile,
    /// The archive, `*.yoi-plugin`. It is to be taken for one of the source `project`.
    pub package: PathBuf,
    /// What the operator gives: the content of a grants file, bound as the rules for an enabled plugin want it
    /// (`id`, `version`, `digest`). Empty where nothing is given.
    pub grants: String,
    /// What `start` is given, JSON.
    pub config: String,
    /// Names, and the addresses that they are to have for this plugin. Any other name does not exist. Only
    /// hosts with the ability `names` are asked for any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Vec<IpAddr>>,
    /// Certificates, PEM, of authorities that are to be trusted for this plugin besides those that always are. Only
    /// hosts with the ability `authorities` are given any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done(Done),
    /// It was not done, or the plugin did not do its part.
    Refused(Refusal),
}

/// What was done. Which of them it is follows from what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Who the host is.
    Hello(Hello),
    /// What a package is.
    Package(PackageFound),
    /// The plugins that there are, and those that were to be.
    Plugins(Plugins),
    /// What of a package could be used.
    Rows(Rows),
    /// What of a plugin can be used.
    Loaded(Loaded),
    /// How a plugin says it is.
    Status(Status),
    /// What a tool answered.
    Tool(Tool),
    /// What became of an event.
    Service(Service),
    /// An event waits.
    Queued,
    /// What became of the events that were sent without waiting, in the order in which they were sent.
    Settled(Vec<Settled>),
    /// What the host knows of the plugin.
    Report(Report),
}

/// What became of an event that was not waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// The plugin dealt with it.
    Done(Service),
    /// It did not.
    Refused(Refusal),
}

/// Who a host is, and what it can do beyond the least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: String,
    /// Its name.
    pub host: String,
    /// Its version.
    pub version: String,
    /// The profiles whose promises it makes.
    pub profiles: Vec<Profile>,
    /// What it can do beyond the least. Cases that need an ability which it lacks are skipped.
    #[serde(default)]
    pub abilities: Vec<Ability>,
}

/// What not every host can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Restart a plugin.
    Restart,
    /// Give names the addresses that it is told to.
    Names,
    /// Say what became of output commands.
    Commands,
    /// Hold the WebSockets that ingresses name as their sources, and say how they are.
    Sources,
    /// Let events wait for a plugin, and say later what became of them.
    Queue,
    /// Trust the authorities that it is told to.
    Authorities,
    /// Look into stores, and say what becomes of the plugins there.
    Stores,
    /// Say what of a package could be used, without running it.
    Inspection,
}

/// A package that keeps every rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageFound {
    /// The id in its manifest.
    pub id: String,
    /// The version in its manifest.
    pub version: String,
    /// What it is known by: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Its files, sorted.
    pub files: Vec<String>,
}

/// What of a plugin can be used under its grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loaded {
    /// The tools that are offered to a model, in the order of the manifest.
    pub tools: Vec<String>,
    /// The ingresses that events can be delivered to, in the order of the manifest.
    pub ingresses: Vec<String>,
}

/// What a life-cycle export answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Its `state`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Its `data`; the whole answer, where it has no `state`.
    #[serde(default)]
    pub data: Value,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The summary.
    pub summary: String,
    /// The content, if there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Whether the plugin took it.
    pub accepted: bool,
    /// What it added.
    #[serde(default)]
    pub data: Value,
    /// What became of its output commands, in order.
    #[serde(default)]
    pub commands: Vec<CommandResult>,
}

/// What became of an output command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandResult {
    /// The id that it gave itself, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    /// The verdict.
    pub verdict: CommandVerdict,
    /// The same in words.
    #[serde(default)]
    pub message: String,
}

/// The verdict on an output command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandVerdict {
    /// It was carried out.
    Recorded,
    /// It was not, because of what it is or asks for.
    Rejected,
    /// It may be asked for, and this host does not do it.
    Unsupported,
}

/// What the host knows of the plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Where the plugin stands in its life.
    pub lifecycle: Lifecycle,
    /// What went wrong last, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What the plugin last said of itself, or had said by a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component_status: Option<Value>,
    /// The WebSockets that the host holds for the plugin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<Socket>,
}

/// A WebSocket that the host holds for a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Socket {
    /// Where it leads.
    pub url: String,
    /// The ingress that its events are for.
    pub ingress: String,
    /// Whether it is connected.
    pub state: SocketState,
    /// Texts that came.
    #[serde(default)]
    pub received: u64,
    /// Texts that were sent.
    #[serde(default)]
    pub sent: u64,
}

/// Whether a socket is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SocketState {
    /// It is being connected, or waits to be.
    Connecting,
    /// It is.
    Connected,
    /// One of the sides ended it.
    Closed,
    /// It could not be connected, or broke.
    Failed,
}

/// Where a plugin stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum Lifecycle {
    Ready,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
}

/// Why something was not done. It is part of a host's work to refuse, and no failure of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Whose fault it is.
    pub kind: RefusalKind,
    /// The host's own name for it, which no case looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The same in words, which no case looks at but for their size.
    #[serde(default)]
    pub message: String,
}

/// Whose fault it is that something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The archive or its manifest breaks a rule.
    Package,
    /// The component does not fit the contract, or cannot be instantiated.
    Component,
    /// Who asked handed over what the contract does not allow. The plugin was not entered.
    Input,
    /// It is not declared, or not granted. The plugin was not entered.
    Denied,
    /// So many events wait for the plugin that there is no room for another.
    Full,
    /// The plugin is in no state for it. It was not entered.
    NotRunning,
    /// The plugin has no such export.
    NoExport,
    /// The plugin was ended: a trap, or a budget used up.
    Fault,
    /// The plugin answered against the contract.
    Output,
    /// The plugin answered that it failed.
    Reported,
    /// The plugin answered too late.
    Late,
    /// The host does not do this at all.
    Unsupported,
}

impl Ask {
    /// Its name in the protocol.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Ask::Hello { .. } => "hello",
            Ask::Inspect { .. } => "inspect",
            Ask::Survey(_) => "survey",
            Ask::Examine(_) => "examine",
            Ask::Load(_) => "load",
            Ask::Start => "start",
            Ask::Call { .. } => "call",
            Ask::Deliver { .. } => "deliver",
            Ask::Enqueue { .. } => "enqueue",
            Ask::Settle => "settle",
            Ask::Status => "status",
            Ask::Stop => "stop",
            Ask::Restart => "restart",
            Ask::Report => "report",
        }
    }
}

impl Lifecycle {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Lifecycle::Ready => "ready",
            Lifecycle::Starting => "starting",
            Lifecycle::Running => "running",
            Lifecycle::Stopping => "stopping",
            Lifecycle::Stopped => "stopped",
            Lifecycle::Failed => "failed",
        }
    }
}

impl Refusal {
    /// A refusal in these words.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
        }
    }
}
