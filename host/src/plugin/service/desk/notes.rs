//! What is kept and told of whatever happens to a service: its state, diagnostics, counters, and those who watch.

use std::sync::Arc;

use super::super::commands::{CommandResult, CommandStatus};
use super::super::happening::{Happening, What};
use super::super::journal::{JournalError, Seq};
use super::super::refusal::Refusal;
use super::super::status::{DiagnosticKind, State};
use super::super::ticket::Failure;
use super::super::time::timestamp;
use super::Desk;
use crate::limits::SHOWN_ID_BYTES;
use crate::plugin::GuestLog;
use crate::plugin::message::IngressEvent;
use crate::text::bounded;
use crate::world::Net;

impl Desk {
    /// Go into another state.
    pub(in super::super) fn go(&mut self, net: &Net, to: State, why: Option<String>) {
        let from = std::mem::replace(&mut self.state, to);
        if from == to {
            return;
        }
        if let Some(why) = &why {
            self.diagnostics.note(DiagnosticKind::Lifecycle, to, why);
        }
        self.happen(net, || What::State { from, to, why });
    }

    /// Tell whoever watches.
    pub(in super::super) fn happen(&self, net: &Net, what: impl FnOnce() -> What) {
        if let Some(happenings) = &self.happenings
            && happenings.receiver_count() > 0
        {
            let at = timestamp(net.wall());
            // It fails where nobody watches any more.
            let _ = happenings.send(Arc::new(Happening { at, what: what() }));
        }
    }

    /// Tell what the plugin had printed, if it had.
    pub(in super::super) fn happen_log(&self, net: &Net, log: Option<&GuestLog>) {
        if let Some(log) = log
            && !log.text.is_empty()
        {
            self.happen(net, || What::Log {
                text: log.text.clone(),
                lost_bytes: log.lost_bytes,
            });
        }
    }

    pub(in super::super) fn note(&mut self, kind: DiagnosticKind, message: &str) {
        self.diagnostics.note(kind, self.state, message);
    }

    /// The results of commands are kept, counted and told.
    pub(in super::super) fn note_commands(&mut self, net: &Net, results: &[CommandResult]) {
        for result in results {
            let kind = match result.status {
                CommandStatus::Recorded => DiagnosticKind::ServiceOutputCommandRecorded,
                CommandStatus::Unsupported => DiagnosticKind::ServiceOutputCommandUnsupported,
                CommandStatus::Rejected | CommandStatus::Withheld => {
                    DiagnosticKind::ServiceOutputCommandRejected
                }
            };
            let id = result.command_id.as_deref().unwrap_or("<malformed>");
            let what = result
                .kind
                .map_or_else(|| "unknown".to_owned(), |kind| kind.to_string());
            let message = format!("service output command {id} ({what}): {}", result.message);
            self.note(kind, &message);
            if result.status != CommandStatus::Recorded {
                self.last_error = Some(message);
            }
            self.metrics.commands.note(result.status);
            self.results.push(result.clone());
            self.happen(net, || What::Command(result.clone()));
        }
    }

    pub(in super::super) fn note_refusal(&mut self, net: &Net, event: &IngressEvent, refusal: &Refusal) {
        let kind = match refusal {
            Refusal::NotRunning(_) => DiagnosticKind::ServiceUnavailable,
            Refusal::Stopping(_) => DiagnosticKind::ServiceStopped,
            Refusal::Failed(_) => DiagnosticKind::ServiceFailed,
            Refusal::Full { .. } => DiagnosticKind::QueueFull,
            _ => DiagnosticKind::InvalidEvent,
        };
        let message = refusal.to_string();
        self.note(kind, &message);
        self.counters.rejected += 1;
        self.metrics.refused += 1;
        match refusal {
            Refusal::Denied(_) => self.metrics.denied += 1,
            Refusal::Full { .. } => self.metrics.full += 1,
            Refusal::NotStored(_) => self.metrics.not_stored += 1,
            _ => {}
        }
        self.happen(net, || What::Refused {
            ingress: bounded(&event.ingress_name, SHOWN_ID_BYTES).into_owned(),
            correlation_id: Some(bounded(&event.correlation_id, SHOWN_ID_BYTES).into_owned()),
            why: Failure {
                code: refusal.code(),
                message: message.clone(),
            },
            missing: refusal.missing().to_vec(),
        });
        // What made it fail is not to be covered by what came of that.
        if self.state != State::Failed {
            self.last_error = Some(message);
        }
    }

    /// An event is stored: only now is it accepted, and may be delivered.
    pub(in super::super) fn stored(&mut self, net: &Net, seq: Seq) {
        self.queue.stored(seq);
        let Some(event) = self.queue.get(seq).and_then(|item| item.event.as_ref()) else {
            return;
        };
        self.happen(net, || What::Accepted {
            correlation_id: event.correlation_id.clone(),
            ingress: event.ingress_name.clone(),
            source: event.source.clone(),
            kind: event.kind.clone(),
            queue_depth: self.depth(),
        });
    }

    /// An event could not be stored, and so is not accepted.
    pub(in super::super) fn not_stored(&mut self, net: &Net, seq: Seq, error: &JournalError) {
        let event = self.queue.get(seq).and_then(|item| item.event.clone());
        if let Some(event) = event {
            self.note_refusal(net, &event, &Refusal::NotStored(error.clone()));
        }
    }
}
