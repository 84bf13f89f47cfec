//! The life of a plugin: what may be called when, and what each profile makes of a failure.

use std::fmt;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::answer::ToolAnswer;
use super::error::{CallError, InputError};
use super::export::{self, Export};
use super::guest::{Clockwork, Guest, Measures};
use super::message::{IngressEvent, OutputError, PluginStatus, ServiceOutput, ToolOutput};
use super::message::{ServiceAnswer, StatusAnswer, is_surely_json};
use super::{Entry, GuestLog, Lifecycle, Plugin, Sampler};
use crate::Profile;
use crate::component::World;
use crate::engine::Cancel;
use crate::imports::{Access, HostCall};
use crate::limits::TOOL_INPUT_BYTES;

/// How many times its limit a call may take in profile `yoi`, whose host looks at the clock only when the
/// guest is done. Without a bound of ours a raised budget of instructions could keep a caller for hours.
const YOI_PATIENCE: u32 = 10;

/// One plugin that can be called. Calls come one at a time; dropping it ends it without `stop`.
///
/// In the world `tool` every [`Instance::handle_tool`] runs in a fresh instance, nothing has to be started,
/// and a fault costs its own call only.
pub struct Instance {
    plugin: Plugin,
    config: String,
    access: Access,
    cancel: Cancel,
    guest: Option<Guest>,
    lifecycle: Lifecycle,
    last_error: Option<String>,
    instantiation: Option<Measures>,
    last_call: Option<Measures>,
    log: Option<GuestLog>,
    sampler: Option<Sampler>,
}

/// What came of handing an event over.
#[derive(Debug)]
pub(super) struct Handed {
    /// What the plugin answered.
    pub(super) answer: Result<ServiceOutput, CallError>,
    /// Why it does not count all the same, where the profile's host sees only afterwards that it came too late.
    pub(super) late: Option<CallError>,
}

impl Instance {
    pub(super) fn new(plugin: Plugin, config: String, access: Access) -> Self {
        Self {
            plugin,
            config,
            access,
            cancel: Cancel::default(),
            guest: None,
            lifecycle: Lifecycle::Ready,
            last_error: None,
            instantiation: None,
            last_call: None,
            log: None,
            sampler: None,
        }
    }

    /// Instantiate the plugin and call its `start`. In the world `tool` there is nothing to do.
    ///
    /// # Errors
    ///
    /// Whatever went wrong; the plugin is [`Lifecycle::Failed`] then.
    pub fn start(&mut self) -> Result<PluginStatus, CallError> {
        if self.plugin.world() == World::Tool {
            return Ok(host_status("ready"));
        }
        if self.lifecycle != Lifecycle::Ready {
            return Err(self.not_running(Entry::Start));
        }
        self.lifecycle = Lifecycle::Starting;
        let started = self.instantiate_and_start();
        self.settle(Lifecycle::Running, started)
    }

    /// Call a tool with any JSON of at most 65536 bytes.
    ///
    /// # Errors
    ///
    /// [`CallError::Input`] where the input is too large or no JSON, [`CallError::Output`] where the answer
    /// breaks the contract, [`CallError::Fault`] where there is none. A tool that says in its answer that it
    /// failed has answered.
    pub fn handle_tool(&mut self, name: &str, input_json: &str) -> Result<ToolOutput, CallError> {
        check_json("tool input", input_json, TOOL_INPUT_BYTES)?;
        let answer: ToolAnswer = match self.plugin.world() {
            World::Tool => self.call_in_fresh_guest(name, input_json)?,
            World::Instance => {
                self.expect_callable(Entry::HandleTool)?;
                let called = self.call::<export::HandleTool>((name, input_json));
                self.fail_on_fault(called)?
            }
        };
        let entry = self.tool_entry();
        answer.output.map_err(|error| CallError::Output { entry, error })
    }

    /// Hand an event to the ingress `name`.
    ///
    /// # Errors
    ///
    /// [`CallError::Input`] for an event that breaks a rule, [`CallError::NoExport`] in the world `tool`;
    /// else as [`Instance::handle_tool`], and [`CallError::Reported`] where the answer is an error. An
    /// answer that breaks the contract fails the plugin.
    pub fn handle_ingress(&mut self, name: &str, event: &IngressEvent) -> Result<ServiceOutput, CallError> {
        let Handed { answer, late } = self.hand(name, event);
        match late {
            Some(late) => Err(late),
            None => answer,
        }
    }

    /// The same, with what the answer was worth apart from when it came: the yoi host looks at the clock only
    /// when it has done what the answer asks for.
    pub(super) fn hand(&mut self, name: &str, event: &IngressEvent) -> Handed {
        let entered = self.enter_ingress(name, event);
        let late = match &entered {
            Ok(_) => self.lateness(Entry::HandleIngress),
            Err(_) => None,
        };
        let answer = entered.and_then(|answer| self.read_output(&answer, &event.correlation_id));
        if let Some(late) = &late {
            self.lifecycle = Lifecycle::Failed;
            self.last_error = Some(late.to_string());
        }
        Handed { answer, late }
    }

    /// Ask the plugin how it is. In the world `tool` the host answers.
    ///
    /// # Errors
    ///
    /// As [`Instance::start`].
    pub fn status(&mut self) -> Result<PluginStatus, CallError> {
        if self.plugin.world() == World::Tool {
            return Ok(host_status("ready"));
        }
        if self.lifecycle != Lifecycle::Running {
            return Err(self.not_running(Entry::Status));
        }
        let called = self.call::<export::Status>(());
        let status = called.and_then(|answer| self.read_status(Entry::Status, &answer));
        self.settle(Lifecycle::Running, status)
    }

    /// End the plugin in order. One that is stopped, or was never started, has nothing to do; one that
    /// failed but can still be entered gets its chance.
    ///
    /// # Errors
    ///
    /// As [`Instance::start`].
    pub fn stop(&mut self) -> Result<PluginStatus, CallError> {
        match self.lifecycle {
            Lifecycle::Ready | Lifecycle::Stopped => {
                self.lifecycle = match self.plugin.world() {
                    World::Tool => Lifecycle::Ready,
                    World::Instance => Lifecycle::Stopped,
                };
                return Ok(host_status("stopped"));
            }
            _ if self.guest.is_none() => return Err(self.not_running(Entry::Stop)),
            _ => {}
        }
        self.lifecycle = Lifecycle::Stopping;
        let called = self.call::<export::Stop>(());
        let status = called.and_then(|answer| self.read_status(Entry::Stop, &answer));
        self.settle(Lifecycle::Stopped, status)
    }

    /// Drop the instance, whatever its state, and start a new one with the same configuration.
    ///
    /// # Errors
    ///
    /// [`CallError::NoRestart`] in profile `yoi`, where a plugin that died stays dead; else as
    /// [`Instance::start`].
    pub fn restart(&mut self) -> Result<PluginStatus, CallError> {
        if self.plugin.profile() == Profile::Yoi {
            return Err(CallError::NoRestart);
        }
        self.guest = None;
        self.log = None;
        self.last_error = None;
        self.lifecycle = Lifecycle::Ready;
        self.start()
    }

    /// End the plugin without `stop`, and give what it printed, where it keeps a log.
    ///
    /// In the world `tool` that is what the last call printed.
    #[must_use]
    pub fn into_log(mut self) -> Option<GuestLog> {
        self.log.take().or_else(|| self.guest.take()?.into_log())
    }

    /// The plugin that this is an instance of.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Where it stands in its life.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// What the last instantiation took.
    #[must_use]
    pub fn instantiation(&self) -> Option<&Measures> {
        self.instantiation.as_ref()
    }

    /// What the last call that entered the guest took.
    #[must_use]
    pub fn last_call(&self) -> Option<&Measures> {
        self.last_call.as_ref()
    }

    /// The host calls that the guest made in its last call, the first 256 of them.
    #[must_use]
    pub fn host_calls(&self) -> &[HostCall] {
        self.guest.as_ref().map_or(&[], |guest| guest.imports().calls())
    }

    /// Sample where the guest spends its instructions, in all calls from now on that enter it, or in no more. A call is
    /// slower then by many times, and its instructions are the same.
    pub fn sample(&mut self, sampler: Option<Sampler>) {
        if let Some(guest) = &mut self.guest {
            guest.sample(sampler.clone());
        }
        self.sampler = sampler;
    }

    /// What ends a call from another thread.
    #[must_use]
    pub fn canceller(&self) -> Cancel {
        self.cancel.clone()
    }

    fn tool_entry(&self) -> Entry {
        match self.plugin.world() {
            World::Tool => Entry::Call,
            World::Instance => Entry::HandleTool,
        }
    }

    fn instantiate_and_start(&mut self) -> Result<PluginStatus, CallError> {
        let (guest, measures) = Guest::new(&self.plugin, self.clockwork(), &self.access, false)?;
        self.adopt(guest, measures);
        let config = std::mem::take(&mut self.config);
        let called = self.call::<export::Start>((config.as_str(),));
        self.config = config;
        called.and_then(|answer| self.read_status(Entry::Start, &answer))
    }

    fn call_in_fresh_guest(&mut self, name: &str, input_json: &str) -> Result<ToolAnswer, CallError> {
        // The last call's guest is kept until now, for its log and its host calls.
        self.guest = None;
        self.log = None;
        let (guest, measures) = Guest::new(&self.plugin, self.clockwork(), &self.access, true)?;
        self.adopt(guest, measures);
        self.call::<export::Call>((name, input_json))
    }

    fn adopt(&mut self, mut guest: Guest, instantiation: Measures) {
        guest.sample(self.sampler.clone());
        self.guest = Some(guest);
        self.instantiation = Some(instantiation);
    }

    fn enter_ingress(&mut self, name: &str, event: &IngressEvent) -> Result<String, CallError> {
        let entry = Entry::HandleIngress;
        if self.plugin.world() == World::Tool {
            return Err(CallError::NoExport {
                entry,
                world: World::Tool,
            });
        }
        if self.lifecycle != Lifecycle::Running {
            return Err(self.not_running(entry));
        }
        let json = event.to_json_for(name).map_err(InputError::from)?;
        let called = self.enter::<export::HandleIngress>((name, json.as_str()));
        self.fail_on_fault(called)
    }

    fn read_output(&mut self, answer: &str, event_id: &str) -> Result<ServiceOutput, CallError> {
        let entry = Entry::HandleIngress;
        match ServiceOutput::read(self.plugin.profile(), answer, event_id) {
            Ok(ServiceAnswer::Output(output)) => Ok(output),
            Ok(ServiceAnswer::Failure(answer)) => Err(reported(entry, &answer)),
            Err(error) => self.fail(CallError::Output { entry, error }),
        }
    }

    /// Enter the guest. In profile `yoi` an answer may come too late to count.
    fn call<E: Export>(&mut self, params: E::Params<'_>) -> Result<E::Answer, CallError> {
        let answer = self.enter::<E>(params)?;
        match self.lateness(E::ENTRY) {
            Some(late) => Err(late),
            None => Ok(answer),
        }
    }

    /// Enter the guest and keep the measures.
    fn enter<E: Export>(&mut self, params: E::Params<'_>) -> Result<E::Answer, CallError> {
        let Some(guest) = &mut self.guest else {
            return Err(self.not_running(E::ENTRY));
        };
        let measures = Measures::begin(E::ENTRY, E::input_bytes(&params));
        let answer = guest.call::<E>(params, self.last_call.insert(measures));
        if let Err(CallError::Fault(fault)) = &answer
            && fault.log.is_some()
        {
            self.log.clone_from(&fault.log);
        }
        answer
    }

    /// Whether the answer of the last call came too late to count, for a host that looks at the clock only
    /// then.
    fn lateness(&self, entry: Entry) -> Option<CallError> {
        let took = self.last_call?.wall;
        let limit = self.plugin.limits().call_timeout;
        let judged = matches!(entry, Entry::Call | Entry::HandleTool | Entry::HandleIngress);
        match self.plugin.profile() {
            Profile::Yoi if judged && took > limit => Some(CallError::TooLate { entry, took, limit }),
            // It was ended when its time was over.
            Profile::Yoi | Profile::Documented => None,
        }
    }

    fn clockwork(&self) -> Clockwork {
        let timeout = self.plugin.limits().call_timeout;
        Clockwork {
            cancel: self.cancel.clone(),
            timeout: match self.plugin.profile() {
                Profile::Documented => timeout,
                Profile::Yoi => timeout.checked_mul(YOI_PATIENCE).unwrap_or(Duration::MAX),
            },
        }
    }

    fn read_status(&self, entry: Entry, answer: &str) -> Result<PluginStatus, CallError> {
        match PluginStatus::read(self.plugin.profile(), answer) {
            Ok(StatusAnswer::Status(status)) => Ok(status),
            Ok(StatusAnswer::Failure(answer)) => Err(reported(entry, &answer)),
            Err(error) => Err(output_error(entry, error)),
        }
    }

    /// Whether a tool may be called. The yoi host does not ask: a tool of a plugin that failed or stopped
    /// is entered all the same.
    fn expect_callable(&self, entry: Entry) -> Result<(), CallError> {
        let callable = match self.plugin.profile() {
            Profile::Documented => self.lifecycle == Lifecycle::Running,
            Profile::Yoi => self.guest.is_some(),
        };
        if callable {
            Ok(())
        } else {
            Err(self.not_running(entry))
        }
    }

    /// The next state of a life-cycle call: `then`, or failed.
    fn settle<T>(&mut self, then: Lifecycle, result: Result<T, CallError>) -> Result<T, CallError> {
        match result {
            Ok(value) => {
                self.lifecycle = then;
                Ok(value)
            }
            Err(error) => self.fail(error),
        }
    }

    /// The next state after a tool or an event: a guest that was lost is a plugin that failed. The yoi host
    /// learns of a trap in a tool only when it next asks for the status; a late answer it takes for a failure.
    fn fail_on_fault<T>(&mut self, result: Result<T, CallError>) -> Result<T, CallError> {
        match result {
            Err(error @ CallError::Fault(_)) => {
                let unnoticed = self.plugin.profile() == Profile::Yoi
                    && error
                        .fault()
                        .is_some_and(|fault| fault.entry == Entry::HandleTool);
                if unnoticed { Err(error) } else { self.fail(error) }
            }
            Err(error @ CallError::TooLate { .. }) => self.fail(error),
            other => other,
        }
    }

    fn fail<T>(&mut self, error: CallError) -> Result<T, CallError> {
        self.lifecycle = Lifecycle::Failed;
        self.last_error = Some(error.to_string());
        // Nothing can enter a guest after a fault; the yoi host keeps it and tries.
        if error.fault().is_some() && self.plugin.profile() == Profile::Documented {
            self.guest = None;
        }
        Err(error)
    }

    fn not_running(&self, entry: Entry) -> CallError {
        CallError::NotRunning {
            entry,
            lifecycle: self.lifecycle,
            last_error: self.last_error.clone(),
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("plugin", &self.plugin)
            .field("lifecycle", &self.lifecycle)
            .field("last_error", &self.last_error)
            .finish_non_exhaustive()
    }
}

/// Whether `json` may be handed to a guest. It is not built, only read over: it passes through as it is.
pub(super) fn check_json(what: &'static str, json: &str, limit: usize) -> Result<(), InputError> {
    if json.len() > limit {
        return Err(InputError::TooLarge {
            what,
            bytes: json.len(),
            limit,
        });
    }
    if is_surely_json(json) {
        return Ok(());
    }
    match serde_json::from_str::<IgnoredAny>(json) {
        Ok(_) => Ok(()),
        Err(error) => Err(InputError::NotJson {
            what,
            error: error.to_string(),
        }),
    }
}

fn host_status(state: &str) -> PluginStatus {
    PluginStatus {
        state: Some(state.to_owned()),
        data: Value::Null,
    }
}

fn reported(entry: Entry, answer: &Value) -> CallError {
    CallError::Reported {
        entry,
        answer: answer.to_string(),
    }
}

fn output_error(entry: Entry, error: OutputError) -> CallError {
    CallError::Output { entry, error }
}
