//! The thread that owns the plugin's instance: it starts it, gives it one thing after the other, restarts it when it
//! broke, and ends it.
//!
//! **What is whose failure.** An answer with an error in it is a failure of the event: it is tried again, until its
//! deliveries are used up. A trap, a time-out and an answer against the contract are failures of the event *and* of
//! the plugin: the plugin is restarted, and the event tried again. `{"accepted": false}` is no failure. An event
//! that cannot be delivered at all is given up at once. A call that is ended because the service ends says nothing
//! about the event.
//!
//! In profile `yoi` nothing is tried again and nothing restarted; an answer that came too late is acted upon before
//! it is found to be late.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::commands::{CarriedOut, CommandResult, Office};
use super::desk::{After, Answered, Delivery, Request, Shared, Task};
use super::handle::Ending;
use super::happening::What;
use super::journal::Written;
use super::refusal::ToolFailure;
use super::reply::Answering;
use super::status::{DiagnosticKind, State};
use super::ticket::{Failure, Report, Settlement};
use crate::Profile;
use crate::component::World;
use crate::imports::Access;
use crate::plugin::instance::Handed;
use crate::plugin::message::{PluginStatus, ServiceOutput};
use crate::plugin::{CallError, Cause, GuestLog, Instance, Lifecycle};
use crate::world::Hold;

/// Owns the instance.
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    access: Access,
    /// None once it has ended.
    instance: Option<Instance>,
    /// When it was restarted, as far back as that counts.
    restarts: VecDeque<Instant>,
    /// Deliveries in a row that the journal did not let begin.
    unwritten: u32,
    /// Keeps a scripted clock while something goes on.
    hold: Option<Hold>,
    ended: Option<Answering<Ending>>,
}

impl Supervisor {
    pub(super) fn new(
        shared: Arc<Shared>,
        access: Access,
        instance: Instance,
        ended: Answering<Ending>,
    ) -> Self {
        Self {
            shared,
            access,
            instance: Some(instance),
            restarts: VecDeque::new(),
            unwritten: 0,
            hold: None,
            ended: Some(ended),
        }
    }

    /// The life of the service. How its first `start` went is told on the way.
    pub(super) fn run(mut self, started: &mpsc::Sender<Result<(), CallError>>) {
        self.hold = Some(self.shared.net.hold());
        self.shared.lock().go(&self.shared.net, State::Starting, None);
        let outcome = self.start(Instance::start);
        let failed = outcome.is_err();
        if !failed {
            self.hold = None;
            self.shared.open_sockets(self.access.authority());
            self.hold = Some(self.shared.net.hold());
        }
        // Whoever waits for it is there until it is told.
        let _ = started.send(outcome);
        if failed {
            return;
        }
        loop {
            let answered = match self.shared.next(&mut self.hold) {
                Task::Serve(request) => self.serve(request),
                Task::Deliver(delivery) => self.deliver(delivery),
                Task::Restart => self.restart(),
                Task::End => break,
            };
            self.look_after();
            answered.tell();
        }
        self.end();
    }

    fn instance(&mut self) -> &mut Instance {
        self.instance.as_mut().expect("it is there until the end")
    }

    /// Start or restart the plugin.
    fn start(
        &mut self,
        start: impl FnOnce(&mut Instance) -> Result<PluginStatus, CallError>,
    ) -> Result<(), CallError> {
        let shared = Arc::clone(&self.shared);
        let net = &shared.net;
        let started = start(self.instance());
        self.tell_host_calls();
        let mut desk = shared.lock();
        match started {
            Ok(status) => {
                desk.component_status = Some(status_value(&status));
                let (state, running) = match self.instance().plugin().world() {
                    World::Tool => (State::Ready, false),
                    World::Instance => (State::Running, true),
                };
                // An order to stop may have come meanwhile.
                desk.running = running;
                if desk.stop.is_none() {
                    desk.go(net, state, None);
                }
                Ok(())
            }
            Err(error) => {
                let why = format!("plugin instance startup failed closed: {error}");
                desk.last_error = Some(why.clone());
                desk.note(DiagnosticKind::Lifecycle, &why);
                drop(desk);
                self.tell_log_of(&error);
                Err(error)
            }
        }
    }

    fn serve(&mut self, request: Request) -> Answered {
        let shared = Arc::clone(&self.shared);
        match request {
            Request::Tool {
                name,
                input_json,
                answer,
            } => {
                let instance = self.instance();
                let called = instance.handle_tool(&name, &input_json);
                let wall = instance.last_call().map(|call| call.wall);
                self.tell_host_calls();
                let failure = called.as_ref().err().map(Failure::from);
                if let Err(error) = &called {
                    self.tell_log_of(error);
                }
                let mut desk = shared.lock();
                desk.metrics.tools += 1;
                desk.metrics.tool_failures += u64::from(failure.is_some());
                desk.happen(&shared.net, || What::Tool {
                    tool: crate::text::bounded(&name, 128).into_owned(),
                    failure,
                    wall,
                });
                Answered::Tool(answer, called.map_err(ToolFailure::from))
            }
            Request::Probe { answer } => {
                let said = self.instance().status();
                self.tell_host_calls();
                let failure = said.as_ref().err().map(Failure::from);
                if let Err(error) = &said {
                    self.tell_log_of(error);
                }
                let status = said.as_ref().ok().map(status_value);
                let mut desk = shared.lock();
                if status.is_some() {
                    desk.component_status.clone_from(&status);
                }
                desk.happen(&shared.net, || What::Status { status, failure });
                Answered::Probe(answer, said.map_err(ToolFailure::from))
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> Answered {
        let shared = Arc::clone(&self.shared);
        let event = &delivery.event;
        let begun = match shared.journal.begin(delivery.seq, event.attempt) {
            Written::Now(begun) => begun,
            Written::Later(begun) => pollster::block_on(begun),
        };
        if let Err(error) = begun {
            self.unwritten = self.unwritten.saturating_add(1);
            let backoff = shared.options.restart.backoff;
            let pause = backoff.pause(self.unwritten, shared.net.random());
            let why = format!("the journal failed, and is tried again: {error}");
            let mut desk = shared.lock();
            desk.note(DiagnosticKind::DispatchFailed, &why);
            desk.last_error = Some(why);
            drop(desk);
            let report = report_of(&delivery, None);
            return shared.delivered(delivery, report, After::Back { pause });
        }
        self.unwritten = 0;
        let Handed { answer, late } = self.instance().hand(&event.ingress_name, event);
        let measures = self.instance().last_call().copied();
        self.tell_host_calls();
        let mut report = report_of(&delivery, measures);
        let error = match answer {
            Ok(output) => {
                let counts = match shared.profile {
                    Profile::Documented => late.is_none(),
                    // Acted upon first, and judged afterwards.
                    Profile::Yoi => true,
                };
                if counts {
                    report.commands = self.carry_out(&output, &event.ingress_name);
                }
                report.output = Some(output);
                late
            }
            Err(error) => Some(error),
        };
        let after = match &error {
            None => match report.output.as_ref().is_none_or(|output| output.accepted) {
                true => After::Settled(Settlement::Accepted),
                false => After::Settled(Settlement::Declined),
            },
            Some(error) => {
                report.failure = Some(Failure::from(error));
                self.after_failure(error, event.attempt)
            }
        };
        self.count(&report, error.as_ref(), &after);
        if let Some(error) = &error {
            self.tell_log_of(error);
        }
        shared.delivered(delivery, report, after)
    }

    /// Do what an answer asks for, and tell what became of it.
    fn carry_out(&mut self, output: &ServiceOutput, ingress: &str) -> Vec<CommandResult> {
        // Sending may wait for the other side: a scripted clock is to go on then.
        self.hold = None;
        let sockets = self.shared.sockets();
        let office = Office {
            profile: self.shared.profile,
            authority: self.access.authority(),
            net: &self.shared.net,
            sockets: &sockets,
            cancel: &self.shared.cancel,
            ingress,
        };
        let CarriedOut { results, status } = office.carry_out(output);
        self.hold = Some(self.shared.net.hold());
        let mut desk = self.shared.lock();
        if status.is_some() {
            desk.component_status = status;
        }
        desk.note_commands(&self.shared.net, &results);
        results
    }

    /// What comes after a delivery that failed.
    fn after_failure(&self, error: &CallError, attempt: u32) -> After {
        let retry = self.shared.options.retry;
        match error {
            CallError::Fault(fault) if fault.cause == Cause::Cancelled => After::Back {
                pause: Duration::ZERO,
            },
            // It would be the same again.
            CallError::Input(_) | CallError::NoExport { .. } => After::Settled(Settlement::Dead),
            _ if attempt < retry.attempts => After::Again {
                pause: retry.backoff.pause(attempt, self.shared.net.random()),
            },
            _ => After::Settled(Settlement::Dead),
        }
    }

    fn count(&self, report: &Report, error: Option<&CallError>, after: &After) {
        let mut desk = self.shared.lock();
        desk.metrics.attempts += 1;
        desk.metrics.queued.note(report.queued);
        if let Some(measures) = &report.measures {
            desk.metrics.deliveries.note(measures.wall);
        }
        let Some(error) = error else {
            desk.counters.dispatched += 1;
            return;
        };
        if matches!(after, After::Back { .. }) {
            return;
        }
        desk.counters.failed += 1;
        desk.metrics.failures += 1;
        let (kind, message) = if is_time_out(error) {
            desk.counters.timed_out += 1;
            let message = format!("plugin ingress dispatch timed out: {error}");
            (DiagnosticKind::DispatchTimeout, message)
        } else {
            let message = format!("plugin ingress dispatch failed closed: {error}");
            (DiagnosticKind::DispatchFailed, message)
        };
        desk.note(kind, &message);
        desk.last_error = Some(message);
    }

    /// See whether the plugin broke, and what is to be done then.
    fn look_after(&mut self) {
        let shared = Arc::clone(&self.shared);
        let broken = self.instance().lifecycle() == Lifecycle::Failed;
        let desk = shared.lock();
        let noticed = matches!(desk.state, State::Restarting | State::Failed) || desk.stop.is_some();
        drop(desk);
        if !broken {
            return;
        }
        if noticed {
            shared.lock().running = false;
            return;
        }
        let why = self
            .instance()
            .last_error()
            .unwrap_or("the plugin failed")
            .to_owned();
        match shared.profile {
            Profile::Documented => self.plan_restart(why),
            // What broke there stays broken.
            Profile::Yoi => self.fail(why),
        }
    }

    fn plan_restart(&mut self, why: String) {
        let shared = Arc::clone(&self.shared);
        let policy = shared.options.restart;
        let now = shared.net.now();
        while let Some(first) = self.restarts.front()
            && now.saturating_duration_since(*first) >= policy.within
        {
            self.restarts.pop_front();
        }
        let before = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if before >= policy.most {
            let within = policy.within;
            self.fail(match before {
                0 => why,
                _ => format!("{why} (it was restarted {before} times within {within:?}, which is the limit)"),
            });
            return;
        }
        let count = before + 1;
        let pause = policy.backoff.pause(count, shared.net.random());
        self.restarts.push_back(now);
        let mut desk = shared.lock();
        desk.running = false;
        desk.restart_at = Some(now + pause);
        desk.last_error = Some(why.clone());
        desk.go(&shared.net, State::Restarting, Some(why.clone()));
        desk.happen(&shared.net, || What::Restart { count, pause, why });
    }

    fn restart(&mut self) -> Answered {
        self.shared.lock().metrics.restarts += 1;
        // Where it fails, the instance is failed, and that is looked after.
        let _ = self.start(Instance::restart);
        Answered::Nobody
    }

    /// It is broken for good. What is in the queue will not be delivered.
    fn fail(&mut self, why: String) {
        let mut desk = self.shared.lock();
        desk.running = false;
        desk.last_error = Some(why.clone());
        desk.go(&self.shared.net, State::Failed, Some(why));
        self.shared.abandon(&mut desk);
        drop(desk);
        match self.shared.profile {
            // What they bring would be refused.
            Profile::Documented => self.shared.sockets().end(),
            // They are read on, and each text is dropped.
            Profile::Yoi => {}
        }
    }

    /// End the plugin in order, as far as it lets itself be, and tell how it went.
    fn end(&mut self) {
        let shared = Arc::clone(&self.shared);
        let farewell = shared.lock().stop.as_ref().is_none_or(|order| order.farewell);
        shared.sockets().end();
        shared.abandon(&mut shared.lock());
        let stopped = match farewell {
            true => Some(self.instance().stop()),
            false => None,
        };
        self.tell_host_calls();
        let (status, error) = match stopped {
            None => (None, None),
            Some(Ok(status)) => (Some(status), None),
            Some(Err(error)) => (None, Some(format!("plugin component stop failed: {error}"))),
        };
        let closed = shared.journal.close().map_err(|error| error.to_string());
        let error = error.or(closed.err());
        let log = self.instance.take().and_then(Instance::into_log);
        let mut desk = shared.lock();
        let net = &shared.net;
        if let Some(status) = &status {
            desk.component_status = Some(status_value(status));
        }
        if let Some(error) = &error {
            desk.last_error = Some(error.clone());
        }
        desk.happen_log(net, log.as_ref());
        let state = if error.is_some() {
            State::Failed
        } else {
            State::Stopped
        };
        desk.go(net, state, error.clone());
        let ending = Ending {
            state,
            status,
            error,
            forced: shared.cancel.is_cancelled(),
            abandoned: desk.metrics.abandoned,
        };
        desk.close();
        drop(desk);
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(ending);
        }
    }

    /// The host calls that were not carried out in the guest's last call.
    fn tell_host_calls(&mut self) {
        let shared = Arc::clone(&self.shared);
        let failed: Vec<_> = self
            .instance()
            .host_calls()
            .iter()
            .filter_map(|call| call.error.as_ref().map(|error| (call, error)))
            .collect();
        if failed.is_empty() {
            return;
        }
        let mut desk = shared.lock();
        desk.metrics.host_call_failures += failed.len() as u64;
        for (call, error) in failed {
            desk.happen(&shared.net, || What::HostCall {
                import: call.import,
                message: error.message.clone(),
                missing: call.missing.clone(),
            });
        }
    }

    fn tell_log_of(&self, error: &CallError) {
        let log = error.fault().and_then(|fault| fault.log.as_ref());
        self.shared.lock().happen_log(&self.shared.net, log);
    }
}

impl super::desk::Desk {
    fn happen_log(&self, net: &crate::world::Net, log: Option<&GuestLog>) {
        if let Some(log) = log
            && !log.text.is_empty()
        {
            self.happen(net, || What::Log {
                text: log.text.clone(),
                lost_bytes: log.lost_bytes,
            });
        }
    }
}

impl Drop for Supervisor {
    /// Whatever ended the thread, nobody waits for it any more.
    fn drop(&mut self) {
        self.shared.sockets().end();
        let mut desk = self.shared.lock();
        if self.ended.is_some() {
            desk.running = false;
            desk.go(&self.shared.net, State::Failed, None);
            self.shared.abandon(&mut desk);
        }
        desk.close();
    }
}

fn report_of(delivery: &Delivery, measures: Option<crate::plugin::Measures>) -> Report {
    let event = &delivery.event;
    Report {
        correlation_id: event.correlation_id.clone(),
        ingress: event.ingress_name.clone(),
        source: event.source.clone(),
        kind: event.kind.clone(),
        attempt: event.attempt,
        output: None,
        failure: None,
        commands: Vec::new(),
        queued: delivery.queued,
        measures,
    }
}

fn status_value(status: &PluginStatus) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}

fn is_time_out(error: &CallError) -> bool {
    match error {
        CallError::TooLate { .. } => true,
        CallError::Fault(fault) => matches!(fault.cause, Cause::Deadline(_)),
        _ => false,
    }
}
