//! A plugin that our own host holds: where it stands in its life, and what is asked of it.

use serde_json::Value;
use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::plugin::message::{IngressEvent, PluginStatus};
use yoi_host::plugin::service::{
    CommandResult as Carried, CommandStatus, Ending, Outcome, Plan, Refusal as Unaccepted, Restart, Retry,
    Service as Running, ServiceOptions, SocketStatus, StartError, State, StopTimes, Ticket, ToolFailure,
};
use yoi_host::plugin::{CallError, FailureCode, service};

use super::InProcessEnder;
use crate::suites::plugin::door::{
    CommandResult, CommandVerdict, Lifecycle, Refusal, RefusalKind, Report, Service, Settled, Socket,
    SocketState, Status, Tool,
};

/// A plugin under its manifest and grants. Dropping it ends it.
pub(super) struct Held {
    plan: Plan,
    world: World,
    profile: Profile,
    ender: InProcessEnder,
    life: Life,
    /// Events that nobody waited for yet.
    sent: Vec<Ticket>,
}

/// Most events that are sent and not waited for: many times what a queue has room for.
const SENT: usize = 4096;

/// Where it stands.
enum Life {
    /// Nothing of it runs: not yet, or never.
    Idle(Lifecycle),
    /// Nothing that it offers is granted, in these words: it is never entered, and all that is asked of it is denied.
    Denied(String),
    /// It did not start, for this reason.
    Broken(String),
    /// It was started; it may have ended since.
    Begun(Running),
}

/// How our host runs a plugin that is looked at closely: what is seen of an event is what its one delivery came to,
/// a plugin that broke stays so until it is said to restart, the same event may be sent twice, and where the yoi host
/// calls the tools of a plugin that it stopped, so does this.
pub(super) fn options(profile: Profile) -> ServiceOptions {
    let usual = ServiceOptions::of(profile);
    ServiceOptions {
        retry: Retry {
            attempts: 1,
            ..usual.retry
        },
        restart: Restart {
            most: 0,
            ..usual.restart
        },
        known_events: 0,
        calls_stopped: profile == Profile::Yoi,
        ..usual
    }
}

impl Held {
    pub(super) fn new(plan: Plan, world: World, profile: Profile, ender: InProcessEnder) -> Self {
        Self {
            plan,
            world,
            profile,
            ender,
            life: Life::Idle(Lifecycle::Ready),
            sent: Vec::new(),
        }
    }

    pub(super) fn start(&mut self) -> Result<Status, Refusal> {
        match (self.world, &self.life) {
            (World::Tool, _) => Ok(said_by_the_host("ready")),
            (World::Instance, Life::Idle(Lifecycle::Ready)) => self.begin(),
            (World::Instance, _) => Err(self.not_running("`start` comes once")),
        }
    }

    pub(super) fn call(&mut self, name: &str, input: &str) -> Result<Tool, Refusal> {
        // In the world `tool` every call is a life of its own: there is nothing to be started before.
        if self.world == World::Tool && matches!(self.life, Life::Idle(_)) {
            self.begin()?;
        }
        let called = self.running()?.call_tool(name, input).wait();
        let output = called.map_err(|failure| tool_refusal(&failure))?;
        Ok(Tool {
            summary: output.summary,
            content: output.content,
        })
    }

    pub(super) fn deliver(&mut self, name: &str, event: &Value) -> Result<Service, Refusal> {
        settled(&self.send(name, event)?.wait())
    }

    pub(super) fn enqueue(&mut self, name: &str, event: &Value) -> Result<(), Refusal> {
        if self.sent.len() >= SENT {
            let why = format!("{SENT} events are sent already that nobody waits for");
            return Err(Refusal::new(RefusalKind::Unsupported, why));
        }
        let ticket = self.send(name, event)?;
        self.sent.push(ticket);
        Ok(())
    }

    pub(super) fn settle(&mut self) -> Vec<Settled> {
        let sent = std::mem::take(&mut self.sent).into_iter();
        sent.map(|ticket| match settled(&ticket.wait()) {
            Ok(service) => Settled::Done(service),
            Err(refusal) => Settled::Refused(refusal),
        })
        .collect()
    }

    fn send(&self, name: &str, event: &Value) -> Result<Ticket, Refusal> {
        let event: IngressEvent = serde_json::from_value(event.clone())
            .map_err(|error| Refusal::new(RefusalKind::Input, error.to_string()))?;
        if event.ingress_name != name {
            // A service goes by what the event says.
            event
                .to_json_for(name)
                .map_err(|error| Refusal::new(RefusalKind::Input, error.to_string()))?;
        }
        let sent = self.running()?.send_blocking(event);
        sent.map_err(|refusal| unaccepted(&refusal))
    }

    pub(super) fn status(&mut self) -> Result<Status, Refusal> {
        if self.world == World::Tool {
            return Ok(said_by_the_host("ready"));
        }
        let said = self.running()?.probe().wait();
        said.map(status).map_err(|failure| tool_refusal(&failure))
    }

    pub(super) fn stop(&mut self) -> Result<Status, Refusal> {
        let service = match (self.world, &self.life) {
            (World::Tool, _) => {
                self.end();
                self.life = Life::Idle(Lifecycle::Ready);
                return Ok(said_by_the_host("stopped"));
            }
            (World::Instance, Life::Begun(service)) => service,
            (World::Instance, Life::Broken(_)) => return Err(self.not_running("`stop` comes too late")),
            (World::Instance, Life::Idle(_) | Life::Denied(_)) => {
                self.life = Life::Idle(Lifecycle::Stopped);
                return Ok(said_by_the_host("stopped"));
            }
        };
        let Ending {
            status: last,
            error,
            code,
            ..
        } = service.stop(StopTimes::default()).wait();
        match (last, code) {
            (_, Some(code)) => Err(refusal(code, error.unwrap_or_default())),
            (Some(last), None) => Ok(status(last)),
            (None, None) => Ok(said_by_the_host("stopped")),
        }
    }

    pub(super) fn restart(&mut self) -> Result<Status, Refusal> {
        match self.profile {
            Profile::Documented => {}
            Profile::Yoi => return Err(call_refusal(&CallError::NoRestart)),
        }
        self.end();
        self.life = Life::Idle(Lifecycle::Ready);
        match self.world {
            World::Tool => Ok(said_by_the_host("ready")),
            World::Instance => self.begin(),
        }
    }

    pub(super) fn report(&self) -> Report {
        let (lifecycle, last_error) = match &self.life {
            Life::Idle(lifecycle) => (*lifecycle, None),
            Life::Denied(why) => (Lifecycle::Ready, Some(why.clone())),
            Life::Broken(why) => (Lifecycle::Failed, Some(why.clone())),
            Life::Begun(service) => {
                let seen = service.status();
                return Report {
                    lifecycle: lifecycle(seen.lifecycle),
                    last_error: seen.last_error,
                    component_status: seen.component_status,
                    sockets: seen.websocket_connections.iter().map(socket).collect(),
                };
            }
        };
        Report {
            lifecycle,
            last_error,
            component_status: None,
            sockets: Vec::new(),
        }
    }

    /// Begin its life, which is to begin.
    fn begin(&mut self) -> Result<Status, Refusal> {
        match Running::start(self.plan.clone()) {
            Ok(service) => {
                self.ender.hold(&service);
                let said = service.status().component_status.unwrap_or_default();
                self.life = Life::Begun(service);
                let said: PluginStatus = serde_json::from_value(said).unwrap_or(PluginStatus {
                    state: None,
                    data: Value::Null,
                });
                Ok(status(said))
            }
            Err(StartError::Denied(denial)) => {
                self.life = Life::Denied(denial.to_string());
                match self.world {
                    World::Tool => Err(Refusal::new(RefusalKind::Denied, denial.to_string())),
                    World::Instance => Ok(said_by_the_host("ready")),
                }
            }
            Err(StartError::Start(error)) => {
                self.life = Life::Broken(error.to_string());
                Err(call_refusal(&error))
            }
            // Without a journal that is the machine's fault.
            Err(other) => {
                self.life = Life::Broken(other.to_string());
                Err(Refusal::new(RefusalKind::Unsupported, other.to_string()))
            }
        }
    }

    /// The service, where one was begun.
    fn running(&self) -> Result<&Running, Refusal> {
        match &self.life {
            Life::Begun(service) => Ok(service),
            Life::Denied(why) => Err(Refusal::new(RefusalKind::Denied, why.clone())),
            Life::Idle(_) | Life::Broken(_) => Err(self.not_running("nothing is called of it")),
        }
    }

    fn not_running(&self, what: &str) -> Refusal {
        let Report {
            lifecycle,
            last_error,
            ..
        } = self.report();
        let because = last_error.map_or_else(String::new, |error| format!(" ({error})"));
        let message = format!("the plugin is {}{because}: {what}", lifecycle.name());
        refusal(FailureCode::NotRunning, message)
    }

    /// End what runs of it, without another word.
    fn end(&mut self) {
        if let Life::Begun(service) = &self.life {
            let _ = service.kill().wait();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.end();
    }
}

/// What became of an event that was taken on.
fn settled(outcome: &Outcome) -> Result<Service, Refusal> {
    let Some(report) = &outcome.report else {
        let why = "the plugin ended before the event was delivered";
        return Err(refusal(FailureCode::ServiceEnded, why));
    };
    if let Some(failure) = &report.failure {
        return Err(refusal(failure.code, &failure.message));
    }
    let output = report.output.as_ref();
    Ok(Service {
        accepted: output.is_none_or(|output| output.accepted),
        data: output.map_or(Value::Null, |output| output.data.clone()),
        commands: report.commands.iter().map(command).collect(),
    })
}

fn command(result: &Carried) -> CommandResult {
    CommandResult {
        command_id: result.command_id.clone(),
        verdict: match result.status {
            CommandStatus::Recorded => CommandVerdict::Recorded,
            CommandStatus::Rejected | CommandStatus::Withheld => CommandVerdict::Rejected,
            CommandStatus::Unsupported => CommandVerdict::Unsupported,
        },
        message: result.message.clone(),
    }
}

fn socket(seen: &SocketStatus) -> Socket {
    Socket {
        url: seen.url.clone(),
        ingress: seen.ingress_name.clone(),
        state: match seen.state {
            service::SocketState::Connecting => SocketState::Connecting,
            service::SocketState::Connected => SocketState::Connected,
            service::SocketState::Closed => SocketState::Closed,
            service::SocketState::Failed => SocketState::Failed,
        },
        received: seen.received_text_frames,
        sent: seen.sent_text_frames,
    }
}

fn status(said: PluginStatus) -> Status {
    Status {
        state: said.state,
        data: said.data,
    }
}

fn said_by_the_host(state: &str) -> Status {
    Status {
        state: Some(state.to_owned()),
        data: Value::Null,
    }
}

fn lifecycle(state: State) -> Lifecycle {
    match state {
        State::Ready => Lifecycle::Ready,
        State::Starting | State::Restarting => Lifecycle::Starting,
        State::Running => Lifecycle::Running,
        State::Stopping => Lifecycle::Stopping,
        State::Stopped => Lifecycle::Stopped,
        State::Failed => Lifecycle::Failed,
    }
}

fn call_refusal(error: &CallError) -> Refusal {
    refusal(error.code(), error.to_string())
}

fn tool_refusal(failure: &ToolFailure) -> Refusal {
    refusal(failure.code(), failure.to_string())
}

fn unaccepted(refused: &Unaccepted) -> Refusal {
    refusal(refused.code(), refused.to_string())
}

fn refusal(code: FailureCode, message: impl Into<String>) -> Refusal {
    Refusal {
        kind: kind(code),
        code: Some(code.to_string()),
        message: message.into(),
    }
}

/// Whose fault it is, in the words of the protocol.
fn kind(code: FailureCode) -> RefusalKind {
    use FailureCode as Code;
    match code {
        Code::InputTooLarge | Code::InputNotJson | Code::InputEvent | Code::IngressInvalid => {
            RefusalKind::Input
        }
        Code::IngressSurfaceOff
        | Code::IngressUndeclared
        | Code::IngressUndeclaredKind
        | Code::IngressDenied
        | Code::ToolSurfaceOff
        | Code::ToolUndeclared
        | Code::ToolDenied => RefusalKind::Denied,
        Code::NotRunning
        | Code::IngressNotRunning
        | Code::IngressStopping
        | Code::IngressFailed
        | Code::ServiceEnded => RefusalKind::NotRunning,
        Code::NoExport => RefusalKind::NoExport,
        Code::IngressFull => RefusalKind::Full,
        Code::NoRestart
        | Code::IngressNotStored
        | Code::ServiceBusy
        | Code::ServiceLost
        | Code::JournalFailed => RefusalKind::Unsupported,
        Code::OutputEmpty | Code::OutputTooLarge | Code::OutputNotJson | Code::OutputShape => {
            RefusalKind::Output
        }
        Code::Reported => RefusalKind::Reported,
        Code::TooLate => RefusalKind::Late,
        Code::Fuel
        | Code::Deadline
        | Code::Cancelled
        | Code::Stack
        | Code::Memory
        | Code::Table
        | Code::Panic
        | Code::Trap
        | Code::HostCall
        | Code::Replay
        | Code::NotAString
        | Code::Gone
        | Code::Setup => RefusalKind::Fault,
    }
}
