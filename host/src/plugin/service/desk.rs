//! How things stand with a service: its queue, what is asked of it, its counters, and what is to be done next.
//!
//! Nothing here waits, and nothing is locked: whoever has the desk has all of it.
//!
//! - `notes`: what is kept and told of whatever happens
//! - `task`: what is asked of a service, what its supervisor is to do, and what came of it

mod notes;
mod task;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::broadcast;

use super::commands::CommandResult;
use super::happening::Happening;
use super::journal::{Kept, Recovered, Seq};
use super::known::Known;
use super::options::ServiceOptions;
use super::queue::Queue;
use super::refusal::Refusal;
use super::reply::Answering;
use super::status::{Diagnostic, DispatchCounters, Metrics, Ring, State};
use super::ticket::{Failure, Outcome, Report, Settlement, Ticket};
use crate::limits::{COMMAND_RESULTS, DEAD_LETTERS};
use crate::plugin::message::IngressEvent;
use crate::world::{Alarm, Hold};

pub(super) use task::{After, Answered, Delivery, Request, Task};

/// How things stand.
pub(super) struct Desk {
    pub(super) state: State,
    /// Whether the plugin can be given events.
    pub(super) running: bool,
    pub(super) restart_at: Option<Instant>,
    pub(super) stop: Option<StopOrder>,
    pub(super) last_error: Option<String>,
    pub(super) component_status: Option<Value>,
    pub(super) counters: DispatchCounters,
    pub(super) metrics: Metrics,
    pub(super) queue: Queue<Item>,
    pub(super) known: Known,
    pub(super) next_seq: Seq,
    /// What an earlier service left and is not in the queue yet.
    pub(super) backlog: Option<Backlog>,
    /// The queue's bounds, in events and bytes.
    most: (usize, usize),
    /// Whether an event that failed comes again as a new one.
    by_sender: bool,
    pub(super) requests: VecDeque<Request>,
    /// Whether what was taken last was an event: then a request goes first.
    event_was_last: bool,
    pub(super) results: Ring<CommandResult>,
    pub(super) diagnostics: Ring<Diagnostic>,
    pub(super) dead: Ring<DeadLetter>,
    /// Whether the plugin's tools are called though it was stopped.
    pub(super) calls_on: bool,
    /// Whether nobody can call anything any more.
    pub(super) let_go: bool,
    /// None once the service has ended.
    pub(super) happenings: Option<broadcast::Sender<Arc<Happening>>>,
}

/// Events that are kept in the journal, and are to be in the queue before any new one.
pub(super) struct Backlog {
    /// The last that is in the queue, or was.
    after: Option<Seq>,
    /// How many there are.
    left: u64,
    /// When the journal may be asked again, where it could not give them.
    not_before: Option<Instant>,
}

/// An event in the queue.
pub(super) struct Item {
    id: Arc<str>,
    /// None while it is under way.
    event: Option<Box<IngressEvent>>,
    accepted: Instant,
    tell: Answering<Outcome>,
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The event, as it was delivered last.
    pub event: IngressEvent,
    /// Why that failed.
    pub failure: Failure,
}

/// How the service is to end.
pub(super) struct StopOrder {
    pub(super) drain_until: Instant,
    pub(super) hard_at: Instant,
    /// Whether the plugin's `stop` is called.
    pub(super) farewell: bool,
    /// Cancels the guest.
    pub(super) _hard: Alarm,
    /// The time of a scripted clock is not over because nobody happens to do anything.
    pub(super) _hold: Hold,
}

impl Desk {
    /// How things stand at the beginning: nothing but what an earlier service left.
    pub(super) fn new(options: &ServiceOptions, recovered: Recovered, now: Instant) -> Self {
        let mut desk = Desk {
            state: State::Ready,
            running: false,
            restart_at: None,
            stop: None,
            last_error: None,
            component_status: None,
            counters: DispatchCounters::default(),
            metrics: Metrics::default(),
            queue: Queue::new(),
            known: Known::new(options.known_events),
            next_seq: recovered.next,
            backlog: (recovered.left > 0).then(|| Backlog {
                after: recovered.events.last().map(|kept| kept.seq),
                left: recovered.left,
                not_before: None,
            }),
            most: (options.queue_events, options.queue_bytes),
            by_sender: options.retry.by_sender,
            requests: VecDeque::new(),
            event_was_last: false,
            results: Ring::new(COMMAND_RESULTS),
            diagnostics: Ring::diagnostics(),
            dead: Ring::new(DEAD_LETTERS),
            calls_on: false,
            let_go: false,
            happenings: Some(broadcast::Sender::new(options.happenings.max(1))),
        };
        for (id, settlement) in recovered.settled {
            desk.known.settle(&Arc::from(id), settlement);
        }
        desk.take_back(recovered.events, now);
        desk
    }

    /// Events that were accepted by an earlier service are in the queue again.
    fn take_back(&mut self, kept: Vec<Kept>, now: Instant) {
        for Kept { seq, event } in kept {
            let bytes = event
                .to_json_for(&event.ingress_name)
                .map_or(0, |json| json.len());
            // Whoever sent it is gone.
            drop(self.insert(seq, Box::new(event), bytes, now));
            self.queue.stored(seq);
            self.next_seq = self.next_seq.max(seq + 1);
        }
    }

    /// More of what is kept was read.
    pub(super) fn read(&mut self, kept: Vec<Kept>, now: Instant) {
        let Some(backlog) = &mut self.backlog else {
            return;
        };
        backlog.left = backlog.left.saturating_sub(kept.len() as u64);
        backlog.after = kept.last().map(|kept| kept.seq).or(backlog.after);
        if backlog.left == 0 || kept.is_empty() {
            self.backlog = None;
        }
        self.take_back(kept, now);
    }

    /// It could not be read, and is tried again then.
    pub(super) fn unread(&mut self, again: Instant) {
        if let Some(backlog) = &mut self.backlog {
            backlog.not_before = Some(again);
        }
    }

    /// Events that wait, in the queue and outside.
    pub(super) fn depth(&self) -> usize {
        let left = self.backlog.as_ref().map_or(0, |backlog| backlog.left);
        self.queue
            .len()
            .saturating_add(usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Whether there is room for one more event of so many bytes. There is none while older ones are outside.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let (events, most_bytes) = self.most;
        self.backlog.is_none() && self.queue.len() < events && self.queue.bytes() + bytes <= most_bytes
    }

    /// What to read, when the queue is half empty: so it is read in pieces that are worth it, and one is always there
    /// to be delivered.
    fn to_read(&self, now: Instant) -> Option<Task> {
        let backlog = self.backlog.as_ref()?;
        let (events, bytes) = self.most;
        let is_low = self.queue.len() <= events / 2 && self.queue.bytes() <= bytes / 2;
        (is_low && backlog.not_before.is_none_or(|at| at <= now)).then(|| Task::Read {
            after: backlog.after,
            most: (events - self.queue.len()).max(1),
            bytes: bytes - self.queue.bytes(),
        })
    }

    /// Whether events are accepted.
    pub(super) fn takes_events(&self) -> Result<(), Refusal> {
        match self.state {
            State::Running | State::Restarting => Ok(()),
            State::Ready | State::Starting => Err(Refusal::NotRunning(self.state)),
            State::Stopping | State::Stopped => Err(Refusal::Stopping(self.state)),
            State::Failed => Err(Refusal::Failed(
                self.last_error
                    .clone()
                    .unwrap_or_else(|| "service is failed".to_owned()),
            )),
        }
    }

    pub(super) fn insert(
        &mut self,
        seq: Seq,
        event: Box<IngressEvent>,
        bytes: usize,
        now: Instant,
    ) -> Ticket {
        let id: Arc<str> = Arc::from(event.correlation_id.as_str());
        let (tell, ticket) = Ticket::new(Arc::clone(&id));
        self.known.begin(&id, &ticket);
        let lane = event.source.clone();
        let tried = event.attempt > 1;
        let item = Item {
            id,
            event: Some(event),
            accepted: now,
            tell,
        };
        self.queue.push(seq, &lane, bytes, now, tried, item);
        self.counters.enqueued += 1;
        // One that comes again was counted when it came first.
        self.metrics.accepted += u64::from(!(self.by_sender && tried));
        ticket
    }

    /// An event leaves the queue. What its sender is told goes with it, and the event, if it is not under way.
    pub(super) fn leave(
        &mut self,
        seq: Seq,
        settlement: Settlement,
        report: Option<Arc<Report>>,
    ) -> Option<(Answered, Option<Box<IngressEvent>>)> {
        let item = self.queue.remove(seq)?;
        self.known.settle(&item.id, settlement);
        let outcome = Outcome { settlement, report };
        Some((Answered::Event(item.tell, outcome), item.event))
    }

    pub(super) fn back(&mut self, seq: Seq, event: Box<IngressEvent>, at: Instant) {
        if let Some(item) = self.queue.put_back(seq, at, event.attempt > 1) {
            item.event = Some(event);
        }
    }

    pub(super) fn task(&mut self, now: Instant) -> Option<Task> {
        let goes_on = self.stop.as_ref().is_none_or(|order| now < order.drain_until);
        if goes_on
            && self.running
            && let Some(read) = self.to_read(now)
        {
            return Some(read);
        }
        let event = goes_on && self.running && self.queue.has_ready(now);
        let request = goes_on && !self.requests.is_empty();
        if request && (self.event_was_last || !event) {
            self.event_was_last = false;
            return self.requests.pop_front().map(Task::Serve);
        }
        if event && let Some(delivery) = self.take(now) {
            self.event_was_last = true;
            return Some(Task::Deliver(delivery));
        }
        // What waits is worth the restart that was planned before, as long as there is time for it.
        let restarts = goes_on && self.restart_at.is_some() && self.queue.has_ready(now);
        if self.stop.is_some() && !restarts {
            return Some(Task::End);
        }
        if self.restart_at.is_some_and(|at| at <= now) {
            self.restart_at = None;
            return Some(Task::Restart);
        }
        None
    }

    fn take(&mut self, now: Instant) -> Option<Delivery> {
        let (seq, item) = self.queue.take(now)?;
        Some(Delivery {
            seq,
            queued: now.saturating_duration_since(item.accepted),
            event: item.event.take()?,
        })
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        let retry = if self.running {
            self.queue.next_wake()
        } else {
            None
        };
        let read = self.backlog.as_ref().and_then(|backlog| backlog.not_before);
        let drained = self.stop.as_ref().map(|order| order.drain_until);
        [retry, read.filter(|_| self.running), self.restart_at, drained]
            .into_iter()
            .flatten()
            .min()
    }

    /// Nothing more is asked or told.
    pub(super) fn close(&mut self) {
        self.requests.clear();
        self.happenings = None;
        self.stop = None;
        self.restart_at = None;
        self.running = false;
        self.calls_on = false;
    }
}
