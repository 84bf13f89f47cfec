//! What a service's handles and its supervisor share: the queue, what is asked, and how things stand.
//!
//! Whoever sends an event has it checked and queued on its own thread, so that the queue's bounds are exact and a
//! refusal is immediate. The supervisor takes one thing after the other. Nothing waits here with the desk locked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Notify, broadcast, oneshot};

use super::charter::{Charter, Event};
use super::commands::{CommandResult, CommandStatus};
use super::happening::{Happening, What};
use super::journal::{Journal, JournalError, Kept, Recovered, Seq, Written};
use super::known::Known;
use super::options::{ServiceOptions, StopTimes, WhenFull};
use super::queue::Queue;
use super::refusal::{Refusal, ToolFailure};
use super::reply::{Answering, Reply};
use super::sockets::Sockets;
use super::status::{DiagnosticKind, DispatchCounters, Metrics, Ring, ServiceStatus, State};
use super::ticket::{Failure, Outcome, Report, Settlement, Ticket};
use super::time::{new_id, timestamp};
use crate::Profile;
use crate::authority::{Authority, Surface};
use crate::engine::Cancel;
use crate::limits::{COMMAND_RESULTS, DEAD_LETTERS, SERVICE_REQUESTS};
use crate::plugin::message::{IngressEvent, PluginStatus, ToolOutput};
use crate::world::{Alarm, Hold, Net};

/// What handles and supervisor share.
pub(super) struct Shared {
    pub(super) plugin_ref: String,
    pub(super) profile: Profile,
    pub(super) charter: Charter,
    pub(super) options: ServiceOptions,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) net: Net,
    /// Ends the guest's call.
    pub(super) cancel: Cancel,
    /// Those that the host holds for the plugin: none before it has started.
    sockets: Mutex<Arc<Sockets>>,
    desk: Mutex<Desk>,
    /// There is something for the supervisor to look at.
    work: Condvar,
    /// There may be room in the queue.
    room: Notify,
}

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
    queue: Queue<Item>,
    known: Known,
    next_seq: Seq,
    requests: VecDeque<Request>,
    /// Whether what was taken last was an event: then a request goes first.
    event_was_last: bool,
    results: Ring<CommandResult>,
    diagnostics: Ring<super::status::Diagnostic>,
    dead: Ring<DeadLetter>,
    /// None once the service has ended.
    happenings: Option<broadcast::Sender<Arc<Happening>>>,
}

/// An event in the queue.
struct Item {
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

/// Something that a handle wants of the plugin.
pub(super) enum Request {
    Tool {
        name: String,
        input_json: String,
        answer: Answering<Result<ToolOutput, ToolFailure>>,
    },
    Probe {
        answer: Answering<Result<PluginStatus, ToolFailure>>,
    },
}

/// What the supervisor is to do next.
pub(super) enum Task {
    Serve(Request),
    Deliver(Delivery),
    Restart,
    End,
}

/// An answer, and who is to be told. It is told when what came of it has been seen to: whoever is told finds the
/// service in the state that follows.
pub(super) enum Answered {
    Nobody,
    Event(Answering<Outcome>, Outcome),
    Tool(
        Answering<Result<ToolOutput, ToolFailure>>,
        Result<ToolOutput, ToolFailure>,
    ),
    Probe(
        Answering<Result<PluginStatus, ToolFailure>>,
        Result<PluginStatus, ToolFailure>,
    ),
}

impl Answered {
    pub(super) fn tell(self) {
        // It fails where nobody wants to know any more.
        match self {
            Answered::Nobody => {}
            Answered::Event(tell, outcome) => drop(tell.send(outcome)),
            Answered::Tool(tell, answer) => drop(tell.send(answer)),
            Answered::Probe(tell, answer) => drop(tell.send(answer)),
        }
    }
}

/// An event that is under way.
pub(super) struct Delivery {
    pub(super) seq: Seq,
    pub(super) event: Box<IngressEvent>,
    /// Since it was accepted.
    pub(super) queued: Duration,
}

/// How the service is to end.
pub(super) struct StopOrder {
    drain_until: Instant,
    hard_at: Instant,
    /// Whether the plugin's `stop` is called.
    pub(super) farewell: bool,
    /// Cancels the guest.
    _hard: Alarm,
    /// The time of a scripted clock is not over because nobody happens to do anything.
    _hold: Hold,
}

/// An event that is sound and allowed.
pub(super) struct Prepared {
    event: Box<IngressEvent>,
    bytes: usize,
}

/// What came of trying to put an event into the queue.
pub(super) enum Admission {
    Accepted(Ticket),
    /// It is in the queue, and accepted once it is stored.
    Storing(Ticket, oneshot::Receiver<Result<(), JournalError>>),
    /// There is no room, and whoever sends it waits.
    NoRoom(Prepared),
    Refused(Refusal),
}

/// What comes after a delivery.
pub(super) enum After {
    Settled(Settlement),
    Again {
        pause: Duration,
    },
    /// It was none: it could not begin, or was ended with the service.
    Back {
        pause: Duration,
    },
}

impl Shared {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of a service, and they meet here only"
    )]
    pub(super) fn new(
        plugin_ref: String,
        profile: Profile,
        charter: Charter,
        options: ServiceOptions,
        journal: Arc<dyn Journal>,
        net: Net,
        cancel: Cancel,
        recovered: Recovered,
    ) -> Self {
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
            requests: VecDeque::new(),
            event_was_last: false,
            results: Ring::new(COMMAND_RESULTS),
            diagnostics: Ring::diagnostics(),
            dead: Ring::new(DEAD_LETTERS),
            happenings: Some(broadcast::Sender::new(options.happenings.max(1))),
        };
        for (id, settlement) in recovered.settled {
            desk.known.settle(&Arc::from(id), settlement);
        }
        let now = net.now();
        for Kept { seq, event } in recovered.events {
            let bytes = event
                .to_json_for(&event.ingress_name)
                .map_or(0, |json| json.len());
            // Whoever sent it is gone.
            drop(desk.insert(seq, Box::new(event), bytes, now));
            desk.queue.stored(seq);
            desk.next_seq = desk.next_seq.max(seq + 1);
        }
        Self {
            plugin_ref,
            profile,
            charter,
            options,
            journal,
            net,
            cancel,
            sockets: Mutex::new(Arc::new(Sockets::none())),
            desk: Mutex::new(desk),
            work: Condvar::new(),
            room: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sockets(&self) -> Arc<Sockets> {
        Arc::clone(&self.sockets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Connect the sources of the ingresses.
    pub(super) fn open_sockets(self: &Arc<Self>, authority: &Authority) {
        let opened = Arc::new(Sockets::open(self, authority));
        *self.sockets.lock().unwrap_or_else(PoisonError::into_inner) = opened;
    }

    // For handles.

    /// Accept an event, or say why not.
    pub(super) async fn send(self: &Arc<Self>, event: Event) -> Result<Ticket, Refusal> {
        let mut prepared = self.prepare(event)?;
        loop {
            // From here on it is noticed when something leaves.
            let room = self.room.notified();
            match self.admit(prepared) {
                Admission::Accepted(ticket) => return Ok(ticket),
                Admission::Refused(refusal) => return Err(refusal),
                Admission::NoRoom(again) => {
                    prepared = again;
                    room.await;
                }
                Admission::Storing(ticket, stored) => {
                    let lost = || Err(JournalError("the journal did not answer".to_owned()));
                    return match stored.await.unwrap_or_else(|_| lost()) {
                        Ok(()) => Ok(ticket),
                        Err(error) => Err(error.into()),
                    };
                }
            }
        }
    }

    /// An event with everything that an envelope has, if it may be delivered at all.
    fn prepare(&self, event: Event) -> Result<Prepared, Refusal> {
        let event = IngressEvent {
            kind: event.kind,
            source: event.source,
            ingress_name: event.ingress,
            payload: event.payload,
            created_at: event.created_at.unwrap_or_else(|| timestamp(self.net.wall())),
            attempt: event.attempt,
            correlation_id: event.correlation_id.unwrap_or_else(|| new_id(&self.net)),
        };
        match self.check(&event) {
            Ok(bytes) => Ok(Prepared {
                event: Box::new(event),
                bytes,
            }),
            Err(refusal) => {
                self.lock().note_refusal(&self.net, &event, &refusal);
                Err(refusal)
            }
        }
    }

    /// The bytes of an event that may be delivered, in the contract's order.
    fn check(&self, event: &IngressEvent) -> Result<usize, Refusal> {
        if !self.charter.has(Surface::Ingress) {
            return Err(Refusal::SurfaceOff);
        }
        self.lock().takes_events()?;
        self.charter.check_event(event)
    }

    /// Put an event into the queue, if there is room.
    fn admit(self: &Arc<Self>, prepared: Prepared) -> Admission {
        let Prepared { event, bytes } = prepared;
        let mut desk = self.lock();
        let refused = |mut desk: MutexGuard<'_, Desk>, event: &IngressEvent, refusal: Refusal| {
            desk.note_refusal(&self.net, event, &refusal);
            Admission::Refused(refusal)
        };
        if let Err(refusal) = desk.takes_events() {
            return refused(desk, &event, refusal);
        }
        if let Some(ticket) = desk.known.find(&event.correlation_id) {
            desk.metrics.duplicates += 1;
            desk.happen(&self.net, || What::Duplicate {
                correlation_id: event.correlation_id.clone(),
            });
            return Admission::Accepted(ticket);
        }
        let most = self.options.queue_events;
        let full = Refusal::Full { events: most };
        while desk.queue.len() >= most || desk.queue.bytes() + bytes > self.options.queue_bytes {
            let alone_too_large = bytes > self.options.queue_bytes || most == 0;
            match self.options.when_full {
                WhenFull::Wait if !alone_too_large => return Admission::NoRoom(Prepared { event, bytes }),
                WhenFull::DropOldest if !alone_too_large => match desk.queue.oldest_idle() {
                    Some(oldest) => self.drop_event(&mut desk, oldest),
                    None => return refused(desk, &event, full),
                },
                _ => return refused(desk, &event, full),
            }
        }
        let seq = desk.next_seq;
        desk.next_seq += 1;
        let written = self.journal.accept(seq, &event);
        if let Written::Now(Err(error)) = written {
            return refused(desk, &event, error.into());
        }
        desk.happen_accepted(&self.net, &event);
        let ticket = desk.insert(seq, event, bytes, self.net.now());
        match written {
            Written::Now(_) => {
                desk.queue.stored(seq);
                drop(desk);
                self.work.notify_all();
                Admission::Accepted(ticket)
            }
            Written::Later(written) => {
                drop(desk);
                let (tell, stored) = oneshot::channel();
                let shared = Arc::clone(self);
                self.net.spawn(async move {
                    let result = written.await;
                    shared.stored(seq, &result);
                    // It fails where the sender does not wait for it any more.
                    let _ = tell.send(result);
                });
                Admission::Storing(ticket, stored)
            }
        }
    }

    /// The journal has stored an event, or could not.
    fn stored(&self, seq: Seq, result: &Result<(), JournalError>) {
        let mut desk = self.lock();
        match result {
            Ok(()) => {
                desk.queue.stored(seq);
                drop(desk);
                self.work.notify_all();
            }
            Err(error) => {
                desk.metrics.refused += 1;
                desk.counters.rejected += 1;
                desk.last_error = Some(format!("an event could not be stored: {error}"));
                let left = desk.leave(seq, Settlement::Abandoned, None);
                drop(desk);
                if let Some((answered, _)) = left {
                    answered.tell();
                }
                self.room.notify_waiters();
            }
        }
    }

    fn drop_event(&self, desk: &mut Desk, seq: Seq) {
        self.journal.settle(seq, Settlement::Dropped, None);
        if let Some((answered, Some(event))) = desk.leave(seq, Settlement::Dropped, None) {
            desk.metrics.dropped += 1;
            desk.happen(&self.net, || What::Dropped {
                correlation_id: event.correlation_id.clone(),
                ingress: event.ingress_name.clone(),
            });
            answered.tell();
        }
    }

    /// Have something done by the plugin.
    pub(super) fn ask<T: Clone>(
        &self,
        request: impl FnOnce(Answering<Result<T, ToolFailure>>) -> Request,
    ) -> Reply<Result<T, ToolFailure>> {
        let lost = || Err(ToolFailure::Ended);
        let mut desk = self.lock();
        if desk.stop.is_some() || desk.happenings.is_none() {
            return Reply::now(Err(ToolFailure::Ended), lost);
        }
        if desk.requests.len() >= SERVICE_REQUESTS {
            return Reply::now(Err(ToolFailure::Busy), lost);
        }
        let (answer, reply) = Reply::new(lost);
        desk.requests.push_back(request(answer));
        drop(desk);
        self.work.notify_all();
        reply
    }

    /// Let the service end. The first order counts, and only a sooner end changes it.
    pub(super) fn order_stop(self: &Arc<Self>, times: StopTimes, farewell: bool) {
        let hold = self.net.hold();
        let now = self.net.now();
        let mut desk = self.lock();
        if desk.happenings.is_none() {
            return;
        }
        let drain = match self.profile {
            Profile::Documented => times.drain,
            // Its queue is emptied first of all.
            Profile::Yoi => Duration::ZERO,
        };
        let (drain_until, hard_at) = (now + drain, now + times.hard);
        let order = match desk.stop.take() {
            Some(order) if order.hard_at <= hard_at => StopOrder {
                drain_until: order.drain_until.min(drain_until),
                ..order
            },
            earlier => {
                let cancel = self.cancel.clone();
                StopOrder {
                    drain_until: earlier
                        .as_ref()
                        .map_or(drain_until, |order| order.drain_until.min(drain_until)),
                    hard_at,
                    farewell: earlier.as_ref().map_or(farewell, |order| order.farewell),
                    _hard: self.net.alarm(hard_at, move || cancel.cancel()),
                    _hold: hold,
                }
            }
        };
        desk.stop = Some(order);
        desk.go(&self.net, State::Stopping, None);
        drop(desk);
        self.work.notify_all();
        self.room.notify_waiters();
    }

    /// The host ends.
    pub(super) fn shut_down(self: &Arc<Self>, times: StopTimes) {
        let farewell = match self.profile {
            Profile::Documented => true,
            // Nobody calls `stop` there.
            Profile::Yoi => false,
        };
        self.order_stop(times, farewell);
    }

    /// End whatever runs, now.
    pub(super) fn kill(self: &Arc<Self>) {
        self.cancel.cancel();
        let times = StopTimes {
            drain: Duration::ZERO,
            hard: Duration::ZERO,
        };
        self.order_stop(times, true);
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Happening>> {
        match &self.lock().happenings {
            Some(happenings) => happenings.subscribe(),
            // Nothing will happen any more.
            None => broadcast::channel(1).1,
        }
    }

    pub(super) fn status(&self) -> ServiceStatus {
        let websocket_connections = self.sockets().status();
        let desk = self.lock();
        ServiceStatus {
            plugin_ref: self.plugin_ref.clone(),
            lifecycle: desk.state,
            component_status: desk.component_status.clone(),
            queue_depth: desk.queue.len(),
            queue_capacity: self.options.queue_events,
            last_error: desk.last_error.clone(),
            dispatch_counters: desk.counters,
            output_command_results: desk.results.to_vec(),
            websocket_connections,
            diagnostics: desk.diagnostics.to_vec(),
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        let desk = self.lock();
        let mut metrics = desk.metrics.clone();
        metrics.queue_depth = desk.queue.len();
        metrics.queue_bytes = desk.queue.bytes();
        metrics
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.lock().dead.to_vec()
    }

    // For the supervisor.

    /// What is to be done next; it is waited for. `hold` keeps a scripted clock while nothing is waited for.
    pub(super) fn next(self: &Arc<Self>, hold: &mut Option<Hold>) -> Task {
        let mut alarm: Option<(Instant, Alarm)> = None;
        let mut desk = self.lock();
        loop {
            let now = self.net.now();
            if let Some(task) = desk.task(now) {
                return task;
            }
            let wake = desk.next_wake();
            if wake != alarm.as_ref().map(|(at, _)| *at) {
                alarm = wake.map(|at| {
                    let shared = Arc::clone(self);
                    let ring = move || {
                        // Whoever is about to wait holds the lock: it waits before it is woken.
                        drop(shared.lock());
                        shared.work.notify_all();
                    };
                    (at, self.net.alarm(at, ring))
                });
            }
            *hold = None;
            desk = self.work.wait(desk).unwrap_or_else(PoisonError::into_inner);
            *hold = Some(self.net.hold());
        }
    }

    /// A delivery is over. Where the event is, what its sender is to be told is returned.
    pub(super) fn delivered(&self, delivery: Delivery, report: Report, after: After) -> Answered {
        let Delivery { seq, mut event, .. } = delivery;
        let report = Arc::new(report);
        let mut desk = self.lock();
        let happened = |desk: &mut Desk, settlement, retry_in| {
            desk.happen(&self.net, || What::Delivery {
                report: Arc::clone(&report),
                settlement,
                retry_in,
            });
        };
        match after {
            After::Back { pause } => {
                desk.back(seq, event, self.net.now() + pause);
                Answered::Nobody
            }
            After::Again { pause } => {
                happened(&mut desk, None, Some(pause));
                event.attempt = event.attempt.saturating_add(1);
                desk.back(seq, event, self.net.now() + pause);
                Answered::Nobody
            }
            After::Settled(settlement) => {
                let why = report.failure.as_ref().map(|failure| failure.message.as_str());
                self.journal.settle(seq, settlement, why);
                happened(&mut desk, Some(settlement), None);
                if settlement == Settlement::Dead
                    && let Some(failure) = &report.failure
                {
                    desk.dead.push(DeadLetter {
                        event: *event,
                        failure: failure.clone(),
                    });
                }
                match settlement {
                    Settlement::Accepted => desk.metrics.taken += 1,
                    Settlement::Declined => desk.metrics.declined += 1,
                    Settlement::Dead => desk.metrics.dead += 1,
                    Settlement::Dropped | Settlement::Abandoned => {}
                }
                let left = desk.leave(seq, settlement, Some(report));
                drop(desk);
                self.room.notify_waiters();
                left.map_or(Answered::Nobody, |(answered, _)| answered)
            }
        }
    }

    /// Nothing in the queue will be delivered any more.
    pub(super) fn abandon(&self, desk: &mut Desk) {
        let left = desk.queue.seqs();
        for seq in &left {
            if let Some((answered, _)) = desk.leave(*seq, Settlement::Abandoned, None) {
                answered.tell();
            }
        }
        desk.metrics.abandoned += left.len() as u64;
        if !left.is_empty() {
            desk.happen(&self.net, || What::Abandoned { events: left.len() });
        }
        self.room.notify_waiters();
    }
}

impl Desk {
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

    /// Go into another state.
    pub(super) fn go(&mut self, net: &Net, to: State, why: Option<String>) {
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
    pub(super) fn happen(&self, net: &Net, what: impl FnOnce() -> What) {
        if let Some(happenings) = &self.happenings
            && happenings.receiver_count() > 0
        {
            let at = timestamp(net.wall());
            // It fails where nobody watches any more.
            let _ = happenings.send(Arc::new(Happening { at, what: what() }));
        }
    }

    pub(super) fn note(&mut self, kind: DiagnosticKind, message: &str) {
        self.diagnostics.note(kind, self.state, message);
    }

    /// The results of commands are kept, counted and told.
    pub(super) fn note_commands(&mut self, net: &Net, results: &[CommandResult]) {
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

    fn note_refusal(&mut self, net: &Net, event: &IngressEvent, refusal: &Refusal) {
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
        if matches!(refusal, Refusal::Denied(_)) {
            self.metrics.denied += 1;
        }
        self.happen(net, || What::Refused {
            ingress: crate::text::bounded(&event.ingress_name, 128).into_owned(),
            correlation_id: Some(crate::text::bounded(&event.correlation_id, 128).into_owned()),
            why: Failure {
                code: refusal.code().to_owned(),
                message: message.clone(),
            },
            missing: refusal.missing().to_vec(),
        });
        // What made it fail is not to be covered by what came of that.
        if self.state != State::Failed {
            self.last_error = Some(message);
        }
    }

    fn happen_accepted(&self, net: &Net, event: &IngressEvent) {
        self.happen(net, || What::Accepted {
            correlation_id: event.correlation_id.clone(),
            ingress: event.ingress_name.clone(),
            source: event.source.clone(),
            kind: event.kind.clone(),
            queue_depth: self.queue.len() + 1,
        });
    }

    fn insert(&mut self, seq: Seq, event: Box<IngressEvent>, bytes: usize, now: Instant) -> Ticket {
        let id: Arc<str> = Arc::from(event.correlation_id.as_str());
        let (tell, ticket) = Ticket::new(Arc::clone(&id));
        self.known.begin(&id, &ticket);
        let lane = event.source.clone();
        let item = Item {
            id,
            event: Some(event),
            accepted: now,
            tell,
        };
        self.queue.push(seq, &lane, bytes, item);
        self.counters.enqueued += 1;
        self.metrics.accepted += 1;
        ticket
    }

    /// An event leaves the queue. What its sender is told goes with it, and the event, if it is not under way.
    fn leave(
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

    fn back(&mut self, seq: Seq, event: Box<IngressEvent>, at: Instant) {
        if let Some(item) = self.queue.put_back(seq, at) {
            item.event = Some(event);
        }
    }

    fn task(&mut self, now: Instant) -> Option<Task> {
        let goes_on = self.stop.as_ref().is_none_or(|order| now < order.drain_until);
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
        if self.stop.is_some() {
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

    fn next_wake(&self) -> Option<Instant> {
        let retry = if self.running {
            self.queue.next_wake()
        } else {
            None
        };
        [retry, self.restart_at].into_iter().flatten().min()
    }

    /// Nothing more is asked or told.
    pub(super) fn close(&mut self) {
        self.requests.clear();
        self.happenings = None;
        self.stop = None;
        self.restart_at = None;
        self.running = false;
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("plugin_ref", &self.plugin_ref)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
