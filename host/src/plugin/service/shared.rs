//! What a service's handles and its supervisor share: the desk, and who is woken when something on it changed.
//!
//! Nothing waits here with the desk locked.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, broadcast};

use super::charter::Charter;
use super::desk::{After, Answered, DeadLetter, Delivery, Desk, Request, StopOrder, Task};
use super::happening::{Happening, What};
use super::journal::{Journal, Recovered};
use super::options::{ServiceOptions, StopTimes};
use super::refusal::ToolFailure;
use super::reply::{Answering, Reply};
use super::sockets::Sockets;
use super::status::{Metrics, ServiceStatus, State};
use super::ticket::{Report, Settlement};
use crate::Profile;
use crate::authority::Authority;
use crate::engine::Cancel;
use crate::limits::SERVICE_REQUESTS;
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
    pub(super) work: Condvar,
    /// There may be room in the queue. One who waits is woken for each event that leaves, and wakes the next if there
    /// was room for it: so nobody is woken for nothing, and nobody is forgotten.
    pub(super) room: Notify,
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
        let desk = Desk::new(&options, recovered, net.now());
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

    /// Have something done by the plugin.
    pub(super) fn ask<T: Clone>(
        &self,
        request: impl FnOnce(Answering<Result<T, ToolFailure>>) -> Request,
    ) -> Reply<Result<T, ToolFailure>> {
        let lost = || Err(ToolFailure::Ended);
        let mut desk = self.lock();
        let over = desk.stop.is_some() || desk.happenings.is_none();
        if over && (!desk.calls_on || desk.let_go) {
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
        self.let_go();
    }

    /// Nobody calls anything any more.
    pub(super) fn let_go(&self) {
        self.lock().let_go = true;
        self.work.notify_all();
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
            queue_depth: desk.depth(),
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
        metrics.queue_depth = desk.depth();
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

    /// What is asked of a plugin that was stopped, while anything may be; it is waited for.
    pub(super) fn next_after_the_end(&self) -> Option<Request> {
        let mut desk = self.lock();
        while desk.calls_on && !desk.let_go {
            if let Some(request) = desk.requests.pop_front() {
                return Some(request);
            }
            desk = self.work.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        None
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
                    // It failed, and that is counted. It is not dealt with.
                    Settlement::Returned | Settlement::Dropped | Settlement::Abandoned => {}
                }
                let left = desk.leave(seq, settlement, Some(report));
                drop(desk);
                self.room.notify_one();
                left.map_or(Answered::Nobody, |(answered, _)| answered)
            }
        }
    }

    /// Nothing in the queue will be delivered any more.
    pub(super) fn abandon(&self, desk: &mut Desk) {
        let left = desk.queue.seqs();
        let abandoned = desk.depth();
        desk.backlog = None;
        for seq in &left {
            if let Some((answered, _)) = desk.leave(*seq, Settlement::Abandoned, None) {
                answered.tell();
            }
        }
        desk.metrics.abandoned += abandoned as u64;
        if abandoned > 0 {
            desk.happen(&self.net, || What::Abandoned {
                events: abandoned,
                kept: self.journal.keeps(),
            });
        }
        self.room.notify_waiters();
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
