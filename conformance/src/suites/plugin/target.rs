//! What can stand behind the plugin contract on the guest's side. The cases cannot tell which it is.
//!
//! - [`GuestTarget`]: one that cases are held against; each case opens sessions of its own
//! - [`Session`]: one life of it, every call written into the transcript of the case
//! - `component`: in process, under our host
//! - [`process`]: a program of any language
//! - [`mcp`]: a server of tools that speaks MCP

mod component;
pub mod mcp;
pub mod process;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use yoi_host::authority::{Declared, Manifest};
use yoi_host::component::World;
use yoi_host::imports::Access;
use yoi_host::plugin::message::{IngressEvent, PluginStatus, ServiceOutput, ToolOutput};
use yoi_host::plugin::{CallError, Lifecycle, Measures};

use crate::context::Cost;
use crate::limits::{PROCESS_CALL_TIME, PROCESS_HELLO_TIME};
use crate::suite::in_trouble;
use crate::target::{ChildError, RpcError};
use crate::{About, Case, Checked, Clause, Context, Stop, Test, expect_eq};

pub use component::ComponentDoor;
pub use process::{Hello, HelloTool, HelloWorld};

const SPEAKS: Clause = Clause::new(
    "docs/plugin-process.md",
    "A plugin that is a process is asked what it is before anything else, and says so.",
);

const RENEWS: Clause = Clause::new(
    "docs/plugin-process.md",
    "A plugin that says that `hello` renews it is then as new as one that was just started.",
);

const RENEWS_STOPPED: Clause = Clause::new(
    "docs/plugin-process.md",
    "So is one that was stopped: what it was when it stopped is in no later life.",
);

/// What is asked of targets as such. A component is held against its world instead.
pub(super) fn tests() -> Vec<Test<GuestTarget>> {
    let speaks = Case::must("plugin.process.says-what-it-is", SPEAKS).example(|target: &GuestTarget, _| {
        // What does not speak keeps nothing and breaks nothing: it is no plugin.
        in_trouble(&target.about).map_or(Ok(()), Err)
    });
    let renews = Case::must("plugin.process.renews-itself", RENEWS)
        .example(renews)
        .applies(|target: &GuestTarget| matches!(&target.door, Door::Process(door) if door.renews()));
    let stopped = Case::must("plugin.process.renews-after-stop", RENEWS_STOPPED)
        .since(4)
        .example(renews_after_stop)
        .applies(|target: &GuestTarget| {
            let renews = matches!(&target.door, Door::Process(door) if door.renews());
            renews && target.world == Some(World::Instance)
        });
    vec![speaks.excused(super::guest::no_process), renews.since(3), stopped]
}

/// What a process says of itself from the beginning, twice: when it has worked, it is told `hello` again.
fn renews(target: &GuestTarget, ctx: &Context) -> Checked {
    as_new(target, ctx, false)
}

/// The same, where it was stopped in between.
fn renews_after_stop(target: &GuestTarget, ctx: &Context) -> Checked {
    as_new(target, ctx, true)
}

fn as_new(target: &GuestTarget, ctx: &Context, stopped: bool) -> Checked {
    let Door::Process(door) = &target.door else {
        return Err(Stop::Skip("it is no process".to_owned()));
    };
    if let Some(stop) = in_trouble(&target.about) {
        return Err(stop);
    }
    let [first, again] = door.twice(ctx, &target.tools, stopped)?;
    expect_eq("what it says of itself after another `hello`", &first, &again)
}

/// A plugin under one profile, whatever it is made of.
pub struct GuestTarget {
    about: About,
    world: Option<World>,
    tools: Vec<Tool>,
    ingresses: Vec<String>,
    manifest: Option<Manifest>,
    door: Door,
}

/// A tool that a plugin offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it takes: JSON Schema.
    pub input_schema: Value,
}

enum Door {
    Component(Box<ComponentDoor>),
    Process(process::ProcessDoor),
    Mcp(mcp::McpDoor),
}

/// How long a target that is a process is waited for.
#[derive(Debug, Clone, Copy)]
pub struct ProcessTimes {
    /// Until it says what it is.
    pub hello: Duration,
    /// Until it answers a call, and until it ends.
    pub call: Duration,
}

impl Default for ProcessTimes {
    fn default() -> Self {
        Self {
            hello: PROCESS_HELLO_TIME,
            call: PROCESS_CALL_TIME,
        }
    }
}

/// What a plugin is begun with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The operator's configuration, JSON.
    pub config: String,
    /// What it may reach.
    pub access: Access,
}

/// How a call of a plugin failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// Which of the known failures it is, as the host calls them: `fault.fuel`, `output.not-json`, `reported`.
    pub code: String,
    /// The same in words, without times or addresses.
    pub message: String,
    /// Whether the plugin is lost: nothing can be called any more.
    pub lost: bool,
}

/// One life of a plugin.
pub struct Session<'c> {
    context: &'c Context,
    life: Box<dyn Life + 'c>,
}

/// What a door has to do for a session.
trait Life {
    fn start(&mut self) -> Result<PluginStatus, CallFailure>;
    fn handle_tool(&mut self, name: &str, input_json: &str) -> Result<ToolOutput, CallFailure>;
    fn handle_ingress(&mut self, name: &str, event: &IngressEvent) -> Result<ServiceOutput, CallFailure>;
    fn status(&mut self) -> Result<PluginStatus, CallFailure>;
    fn stop(&mut self) -> Result<PluginStatus, CallFailure>;
    fn lifecycle(&self) -> Lifecycle;

    /// What the last call took, where that is measured.
    fn measures(&self) -> Option<Measures> {
        None
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: "null".into(),
            access: Access::none(),
        }
    }
}

impl Setup {
    /// With this configuration, and nothing to reach.
    #[must_use]
    pub fn config(config: impl Into<String>) -> Self {
        Self {
            config: config.into(),
            ..Self::default()
        }
    }
}

impl GuestTarget {
    /// What is known of it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The world that it stands in, where that is known.
    #[must_use]
    pub fn world(&self) -> Option<World> {
        self.world
    }

    /// Whether it has a life: `start`, events, `status`, `stop`.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.world == Some(World::Instance)
    }

    /// The tools that it says it has. A component without a manifest says nothing.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// Its manifest, where it has one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// What its manifest declares, where it has one.
    #[must_use]
    pub fn declared(&self) -> Option<&Declared> {
        self.manifest.as_ref().map(Manifest::declared)
    }

    /// The names of its ingresses.
    pub fn ingresses(&self) -> impl Iterator<Item = &str> {
        self.ingresses.iter().map(String::as_str)
    }

    /// The component that it is, if it is one.
    #[must_use]
    pub fn component(&self) -> Option<&ComponentDoor> {
        match &self.door {
            Door::Component(door) => Some(door),
            Door::Process(_) | Door::Mcp(_) => None,
        }
    }

    /// Begin a life of its own for a case. Nothing of the plugin has run before [`Session::start`].
    ///
    /// # Errors
    ///
    /// [`Stop::CouldNotRun`] where the target does nothing under its profile.
    pub fn open<'c>(&'c self, context: &'c Context, setup: Setup) -> Result<Session<'c>, Stop> {
        if let Some(stop) = in_trouble(&self.about) {
            return Err(stop);
        }
        let life: Box<dyn Life + 'c> = match &self.door {
            Door::Component(door) => Box::new(door.open(context, setup)?),
            Door::Process(door) => Box::new(door.open(context, setup)?),
            Door::Mcp(door) => Box::new(door.open(context)),
        };
        Ok(Session { context, life })
    }

    /// The same, started. In the world `tool` there is nothing to start.
    ///
    /// # Errors
    ///
    /// As [`GuestTarget::open`], and [`Stop::CouldNotRun`] where it does not start: other cases say why.
    pub fn started<'c>(&'c self, context: &'c Context, setup: Setup) -> Result<Session<'c>, Stop> {
        let mut session = self.open(context, setup)?;
        match session.start() {
            Ok(_) => Ok(session),
            Err(failure) => Err(Stop::CouldNotRun(format!("the target did not start: {failure}"))),
        }
    }
}

impl Session<'_> {
    /// Instantiate it and call its `start`.
    ///
    /// # Errors
    ///
    /// How the call failed, as everywhere below.
    pub fn start(&mut self) -> Result<PluginStatus, CallFailure> {
        self.context.sent("start", "");
        let answer = self.life.start();
        self.got("start", answer)
    }

    /// Call a tool.
    ///
    /// # Errors
    ///
    /// How the call failed. A tool that says in its answer that it failed has answered.
    pub fn handle_tool(&mut self, name: &str, input_json: &str) -> Result<ToolOutput, CallFailure> {
        let what = format!("handle-tool {name}");
        self.context.sent(&what, input_json);
        let answer = self.life.handle_tool(name, input_json);
        self.got(&what, answer)
    }

    /// Hand over an event.
    ///
    /// # Errors
    ///
    /// How the call failed.
    pub fn handle_ingress(&mut self, name: &str, event: &IngressEvent) -> Result<ServiceOutput, CallFailure> {
        let what = format!("handle-ingress {name}");
        self.context
            .sent(&what, &serde_json::to_string(event).unwrap_or_default());
        let answer = self.life.handle_ingress(name, event);
        self.got(&what, answer)
    }

    /// Ask how it is.
    ///
    /// # Errors
    ///
    /// How the call failed.
    pub fn status(&mut self) -> Result<PluginStatus, CallFailure> {
        self.context.sent("status", "");
        let answer = self.life.status();
        self.got("status", answer)
    }

    /// End it in order.
    ///
    /// # Errors
    ///
    /// How the call failed.
    pub fn stop(&mut self) -> Result<PluginStatus, CallFailure> {
        self.context.sent("stop", "");
        let answer = self.life.stop();
        self.got("stop", answer)
    }

    /// Where it stands in its life, as its host sees it.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.life.lifecycle()
    }

    /// What the last call took, where that is measured: of a component in process.
    #[must_use]
    pub fn measures(&self) -> Option<Measures> {
        self.life.measures()
    }

    fn got<T: Serialize>(&self, what: &str, answer: Result<T, CallFailure>) -> Result<T, CallFailure> {
        match &answer {
            Ok(value) => self
                .context
                .got(what, &serde_json::to_string(value).unwrap_or_default()),
            Err(failure) => {
                self.context
                    .got(what, &format!("{}: {}", failure.code, failure.message));
                if failure.lost {
                    self.context.broke(&failure.message);
                }
                if matches!(failure.code.as_str(), "process.silent" | "fault.deadline") {
                    self.context.hung();
                } else if failure.lost && failure.code.starts_with("process.") {
                    self.context.costs(Cost::Start);
                }
            }
        }
        answer
    }
}

impl From<CallError> for CallFailure {
    fn from(error: CallError) -> Self {
        let message = match &error {
            // How long it took differs from run to run.
            CallError::TooLate { entry, limit, .. } => {
                format!("`{entry}` answered too late: {limit:?} are allowed")
            }
            error => error.to_string(),
        };
        Self {
            code: error.code().to_string(),
            message,
            lost: error.fault().is_some(),
        }
    }
}

/// How a request to a process failed, as a call's failure. But for an answer that is an error, the two sides have lost
/// each other.
fn of_rpc(error: RpcError) -> CallFailure {
    let code = match &error {
        RpcError::Child(ChildError::Start { .. }) => "process.start",
        RpcError::Child(ChildError::Silent { .. }) => "process.silent",
        RpcError::Child(ChildError::Ended { .. }) => "process.ended",
        RpcError::Child(ChildError::Memory(_)) => "process.memory",
        RpcError::Child(ChildError::Flood(_)) => "process.flood",
        RpcError::Child(ChildError::NotJson(_)) => "process.not-json",
        RpcError::Child(ChildError::NotReading) => "process.not-reading",
        RpcError::Protocol(_) => "process.protocol",
        RpcError::Answered { .. } => "process.error",
        RpcError::Ended(_) => "fault.host-call",
    };
    CallFailure {
        code: code.to_owned(),
        message: error.to_string(),
        lost: !matches!(error, RpcError::Answered { .. }),
    }
}

/// A status that the host gives in a plugin's place.
fn host_status(state: &str) -> PluginStatus {
    PluginStatus {
        state: Some(state.to_owned()),
        data: Value::Null,
    }
}

impl fmt::Debug for GuestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestTarget")
            .field("about", &self.about)
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("lifecycle", &self.lifecycle())
            .finish_non_exhaustive()
    }
}
