//! A running service, and how it is begun.

use std::fmt;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;

use schemars::JsonSchema;
use serde::Serialize;

use super::charter::{Charter, Event};
use super::desk::{DeadLetter, Request};
use super::happening::Observer;
use super::journal::{InMemory, Journal, JournalError};
use super::options::{ServiceOptions, StopTimes};
use super::refusal::{Refusal, ToolFailure};
use super::reply::Reply;
use super::shared::Shared;
use super::status::{Metrics, ServiceStatus, State};
use super::supervisor::Supervisor;
use super::ticket::Ticket;
use crate::authority::{Declared, Denial, Manifest, Surface};
use crate::imports::Access;
use crate::limits::calling_thread_stack_bytes;
use crate::plugin::message::{PluginStatus, ToolOutput};
use crate::plugin::{CallError, FailureCode, Plugin};

/// A running service. Cloning is cheap, and any thread may use it.
///
/// When the last handle is dropped the service ends by itself, as by [`Service::shut_down`], and is not waited for.
#[derive(Clone)]
pub struct Service {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    ended: Reply<Ending>,
}

/// What a service is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    plugin: Plugin,
    plugin_ref: String,
    config: String,
    access: Access,
    declared: Declared,
    surfaces: Vec<Surface>,
    options: ServiceOptions,
    journal: Arc<dyn Journal>,
}

/// Why a service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Nothing that the plugin offers is allowed.
    #[error("nothing that the plugin offers is granted: {0}")]
    Denied(Box<Denial>),
    /// The plugin did not start.
    #[error("plugin instance startup failed closed: {0}")]
    Start(#[from] CallError),
    /// What an earlier service left cannot be read.
    #[error("failed to read the journal: {0}")]
    Journal(#[from] JournalError),
    /// The system gave no thread.
    #[error("failed to start a thread for the service: {0}")]
    Thread(#[from] io::Error),
}

/// How a service ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Ending {
    /// Stopped or failed.
    pub state: State,
    /// What the plugin answered last, if its `stop` was called and answered.
    pub status: Option<PluginStatus>,
    /// What went wrong, if anything did.
    pub error: Option<String>,
    /// Which of the known failures that is.
    pub code: Option<FailureCode>,
    /// Whether a call had to be ended because the time was over.
    pub forced: bool,
    /// Events that were accepted and not dealt with.
    pub abandoned: u64,
    /// Whether the journal keeps those, for the next service.
    pub kept: bool,
}

impl Plan {
    /// The service of this plugin, with access to what was granted, and offering what its manifest declares.
    #[must_use]
    pub fn new(plugin: Plugin, access: Access, manifest: &Manifest) -> Self {
        let declared = manifest.declared().clone();
        Self {
            plugin_ref: declared.id.clone(),
            config: "null".to_owned(),
            options: ServiceOptions::of(plugin.profile()),
            journal: Arc::new(InMemory),
            surfaces: manifest.surfaces(),
            plugin,
            access,
            declared,
        }
    }

    /// Go by this name in status and messages; the id of the manifest, if not told otherwise.
    #[must_use]
    pub fn named(mut self, plugin_ref: impl Into<String>) -> Self {
        self.plugin_ref = plugin_ref.into();
        self
    }

    /// Give the plugin this configuration, JSON.
    #[must_use]
    pub fn config(mut self, json: impl Into<String>) -> Self {
        self.config = json.into();
        self
    }

    /// Turn on these surfaces only; all that the plugin declares, if there are none.
    #[must_use]
    pub fn surfaces(mut self, surfaces: &[Surface]) -> Self {
        if !surfaces.is_empty() {
            self.surfaces = surfaces.to_vec();
        }
        self
    }

    /// Run it like this.
    #[must_use]
    pub fn options(mut self, options: ServiceOptions) -> Self {
        self.options = options;
        self
    }

    /// Keep its events here until they are settled.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = journal;
        self
    }
}

impl Service {
    /// Start a service. It is waited for until the plugin's `start` has answered.
    ///
    /// # Errors
    ///
    /// Whatever kept it from starting. Nothing runs then.
    pub fn start(plan: Plan) -> Result<Self, StartError> {
        Self::start_observed(plan).map(|(service, _)| service)
    }

    /// The same, watched from before anything happens: events that a journal kept may be delivered before
    /// [`Service::observe`] could be called.
    ///
    /// # Errors
    ///
    /// As [`Service::start`].
    pub fn start_observed(plan: Plan) -> Result<(Self, Observer), StartError> {
        let Plan {
            plugin,
            plugin_ref,
            config,
            access,
            declared,
            surfaces,
            options,
            journal,
        } = plan;
        let profile = plugin.profile();
        let charter = Charter::new(profile, access.authority(), &declared, &surfaces);
        charter.offers_something().map_err(StartError::Denied)?;
        let net = access.net().clone();
        net.start()?;
        let recovered = journal.recover()?;
        let instance = plugin.instance_with(&config, access.clone())?;
        let cancel = instance.canceller();
        let shared = Arc::new(Shared::new(
            plugin_ref, profile, charter, options, journal, net, cancel, recovered,
        ));
        let observer = Observer::new(shared.subscribe());
        let (tell_ended, ended) = Reply::new(Ending::lost);
        let supervisor = Supervisor::new(Arc::clone(&shared), access, instance, tell_ended);
        let (started, has_started) = mpsc::channel();
        thread::Builder::new()
            .name("yoi-service".to_owned())
            .stack_size(calling_thread_stack_bytes(profile))
            .spawn(move || supervisor.run(&started))?;
        match has_started.recv() {
            Ok(started) => started?,
            Err(_) => return Err(io::Error::other("it ended before the plugin had started").into()),
        }
        let handle = Arc::new(Handle { shared, ended });
        Ok((Self { handle }, observer))
    }

    /// Accept an event. It is accepted when it is in the queue, and stored where there is a journal; what becomes
    /// of it is told by its ticket. With [`WhenFull::Wait`](super::WhenFull::Wait) it is waited for until there is
    /// room.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], and the event is not accepted.
    pub async fn send(&self, event: impl Into<Event>) -> Result<Ticket, Refusal> {
        let shared = &self.handle.shared;
        shared.send(event.into(), shared.options.when_full).await
    }

    /// The same on this thread, which must not be one that drives other futures.
    ///
    /// # Errors
    ///
    /// As [`Service::send`].
    pub fn send_blocking(&self, event: impl Into<Event>) -> Result<Ticket, Refusal> {
        pollster::block_on(self.send(event))
    }

    /// Call a tool with any JSON of at most 65536 bytes.
    ///
    /// It is held against manifest and grants at once; then it waits for its turn. A plugin that is being restarted
    /// is not waited for: that is a failure.
    pub fn call_tool(&self, name: &str, input_json: &str) -> Reply<Result<ToolOutput, ToolFailure>> {
        let shared = &self.handle.shared;
        if let Err(failure) = shared.charter.check_tool(name, input_json) {
            return Reply::now(Err(failure), || Err(ToolFailure::Ended));
        }
        shared.ask(|answer| Request::Tool {
            name: name.to_owned(),
            input_json: input_json.to_owned(),
            answer,
        })
    }

    /// Ask the plugin how it is. One that fails to say it is a plugin that failed.
    pub fn probe(&self) -> Reply<Result<PluginStatus, ToolFailure>> {
        self.handle.shared.ask(|answer| Request::Probe { answer })
    }

    /// Where it stands in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.handle.shared.lock().state
    }

    /// How it is, without asking the plugin or waiting for it.
    #[must_use]
    pub fn status(&self) -> ServiceStatus {
        self.handle.shared.status()
    }

    /// Its numbers.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.handle.shared.metrics()
    }

    /// The last events that were given up, the newest last.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.handle.shared.dead_letters()
    }

    /// How it is run.
    #[must_use]
    pub fn options(&self) -> &ServiceOptions {
        &self.handle.shared.options
    }

    /// Whether an event that the service does not get to is kept in its journal, for the next one.
    #[must_use]
    pub fn keeps_events(&self) -> bool {
        self.handle.shared.journal.keeps()
    }

    /// Watch what happens from now on.
    #[must_use]
    pub fn observe(&self) -> Observer {
        Observer::new(self.handle.shared.subscribe())
    }

    /// End it in order: no event is accepted any more; what is in the queue is delivered, as far as the time for
    /// that reaches; the plugin's `stop` is called. What still runs when all of the time is over is ended. In
    /// profile `yoi` what is in the queue is abandoned.
    pub fn stop(&self, times: StopTimes) -> Reply<Ending> {
        self.handle.shared.order_stop(times, true);
        self.ended()
    }

    /// End it because the host ends: as [`Service::stop`]. The yoi host has no such thing: in profile `yoi` the
    /// plugin's `stop` is not called.
    pub fn shut_down(&self, times: StopTimes) -> Reply<Ending> {
        self.handle.shared.shut_down(times);
        self.ended()
    }

    /// End it now, whatever runs.
    pub fn kill(&self) -> Reply<Ending> {
        self.handle.shared.kill();
        self.ended()
    }

    /// When it has ended, for whatever reason.
    pub fn ended(&self) -> Reply<Ending> {
        self.handle.ended.clone()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.shut_down(StopTimes::default());
        self.shared.let_go();
    }
}

impl Ending {
    fn lost() -> Self {
        Self {
            state: State::Failed,
            status: None,
            error: Some("the service's thread was lost".to_owned()),
            code: Some(FailureCode::ServiceLost),
            forced: false,
            abandoned: 0,
            kept: false,
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("shared", &self.handle.shared)
            .finish_non_exhaustive()
    }
}
