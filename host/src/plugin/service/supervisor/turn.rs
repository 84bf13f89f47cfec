//! One turn of the plugin: something that was asked, or an event.

use std::sync::Arc;
use std::time::Duration;

use super::{Supervisor, status_value};
use crate::Profile;
use crate::limits::SHOWN_ID_BYTES;
use crate::plugin::instance::Handed;
use crate::plugin::message::ServiceOutput;
use crate::plugin::service::commands::{CarriedOut, CommandResult, Office};
use crate::plugin::service::desk::{After, Answered, Delivery, Request};
use crate::plugin::service::happening::What;
use crate::plugin::service::journal::{JournalError, Seq, Written};
use crate::plugin::service::refusal::ToolFailure;
use crate::plugin::service::status::DiagnosticKind;
use crate::plugin::service::ticket::{Failure, Report, Settlement};
use crate::plugin::{CallError, Cause, Measures};
use crate::text::bounded;

impl Supervisor {
    pub(super) fn serve(&mut self, request: Request) -> Answered {
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
                    tool: bounded(&name, SHOWN_ID_BYTES).into_owned(),
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

    pub(super) fn deliver(&mut self, delivery: Delivery) -> Answered {
        let shared = Arc::clone(&self.shared);
        let event = &delivery.event;
        let begun = match shared.journal.begin(delivery.seq, event.attempt) {
            Written::Now(begun) => begun,
            Written::Later(begun) => pollster::block_on(begun),
        };
        if let Err(error) = begun {
            let pause = self.journal_failed(&error);
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

    /// Read more of what an earlier service left.
    pub(super) fn read(&mut self, after: Option<Seq>, most: usize, bytes: usize) -> Answered {
        let shared = Arc::clone(&self.shared);
        match shared.journal.more(after, most, bytes) {
            Ok(kept) => {
                self.unwritten = 0;
                shared.lock().read(kept, shared.net.now());
                // It may have been the last of it.
                shared.room.notify_one();
            }
            Err(error) => {
                let pause = self.journal_failed(&error);
                shared.lock().unread(shared.net.now() + pause);
            }
        }
        Answered::Nobody
    }

    /// Tell that the journal failed, and say after which pause it is tried again.
    fn journal_failed(&mut self, error: &JournalError) -> Duration {
        self.unwritten = self.unwritten.saturating_add(1);
        let shared = &self.shared;
        let pause = shared
            .options
            .restart
            .backoff
            .pause(self.unwritten, shared.net.random());
        let why = format!("the journal failed, and is tried again: {error}");
        let mut desk = shared.lock();
        desk.note(DiagnosticKind::DispatchFailed, &why);
        desk.last_error = Some(why);
        pause
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
            _ if attempt < retry.attempts && retry.by_sender => After::Settled(Settlement::Returned),
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

    /// The host calls that were not carried out in the guest's last call.
    pub(super) fn tell_host_calls(&mut self) {
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

    pub(super) fn tell_log_of(&self, error: &CallError) {
        let log = error.fault().and_then(|fault| fault.log.as_ref());
        self.shared.lock().happen_log(&self.shared.net, log);
    }
}

fn report_of(delivery: &Delivery, measures: Option<Measures>) -> Report {
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

fn is_time_out(error: &CallError) -> bool {
    match error {
        CallError::TooLate { .. } => true,
        CallError::Fault(fault) => matches!(fault.cause, Cause::Deadline(_)),
        _ => false,
    }
}
