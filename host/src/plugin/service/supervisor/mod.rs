//! The thread that owns the plugin's instance: it starts it, gives it one thing after the other, restarts it when it
//! broke, and ends it.
//!
//! **What is whose failure.** An answer with an error in it is a failure of the event: it is tried again, until its
//! deliveries are used up. A trap, a time-out and an answer against the contract are failures of the event *and* of
//! the plugin: the plugin is restarted, and the event tried again. `{"accepted": false}` is no failure. An event
//! that cannot be delivered at all is given up at once. A call that is ended because the service ends says nothing
//! about the event.
//!
//! **A few events that break the plugin are not to take it from all others.** One that breaks it when it is tried again
//! is to blame itself, and that restart does not count against the limit; and as soon as anything goes well, no earlier
//! one does. What is left is a plugin that one thing after the other breaks: that one is failed.
//!
//! In profile `yoi` nothing is tried again and nothing restarted; an answer that came too late is acted upon before
//! it is found to be late.

mod turn;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use serde_json::Value;

use super::desk::{Answered, Task};
use super::handle::Ending;
use super::happening::What;
use super::reply::Answering;
use super::shared::Shared;
use super::status::{DiagnosticKind, State};
use crate::Profile;
use crate::component::World;
use crate::imports::Access;
use crate::plugin::message::PluginStatus;
use crate::plugin::{CallError, FailureCode, Instance, Lifecycle};
use crate::world::Hold;

/// Owns the instance.
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    access: Access,
    /// None once it has ended.
    instance: Option<Instance>,
    /// When it was restarted, as far as that counts.
    restarts: VecDeque<Instant>,
    /// Times in a row that the journal failed.
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
            let task = self.shared.next(&mut self.hold);
            let blame = match &task {
                Task::Deliver(delivery) if delivery.event.attempt > 1 => Blame::Event,
                _ => Blame::Plugin,
            };
            let answered = match task {
                Task::Serve(request) => self.serve(request),
                Task::Deliver(delivery) => self.deliver(delivery),
                Task::Read { after, most, bytes } => self.read(after, most, bytes),
                Task::Restart => self.restart(),
                Task::End => break,
            };
            if answered.went_well() {
                self.restarts.clear();
            }
            self.look_after(blame);
            answered.tell();
        }
        self.end();
        self.call_on();
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

    /// See whether the plugin broke, and what is to be done then.
    fn look_after(&mut self, blame: Blame) {
        let shared = Arc::clone(&self.shared);
        let broken = self.instance().lifecycle() == Lifecycle::Failed;
        if !broken {
            return;
        }
        let mut desk = shared.lock();
        desk.running = false;
        let seen_to = desk.restart_at.is_some() || desk.stop.is_some() || desk.state == State::Failed;
        drop(desk);
        if seen_to {
            return;
        }
        let why = self
            .instance()
            .last_error()
            .unwrap_or("the plugin failed")
            .to_owned();
        match shared.profile {
            Profile::Documented => self.plan_restart(why, blame),
            // What broke there stays broken.
            Profile::Yoi => self.fail(why),
        }
    }

    fn plan_restart(&mut self, why: String, blame: Blame) {
        let shared = Arc::clone(&self.shared);
        let policy = shared.options.restart;
        let now = shared.net.now();
        while let Some(first) = self.restarts.front()
            && now.saturating_duration_since(*first) >= policy.within
        {
            self.restarts.pop_front();
        }
        let before = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        let (count, pause) = match blame {
            // The event had a pause of its own.
            Blame::Event => (before, policy.backoff.pause(1, shared.net.random())),
            Blame::Plugin if before < policy.most => {
                self.restarts.push_back(now);
                let count = before + 1;
                (count, policy.backoff.pause(count, shared.net.random()))
            }
            Blame::Plugin => {
                let within = policy.within;
                self.fail(match before {
                    0 => why,
                    _ => format!(
                        "{why} (it was restarted {before} times within {within:?} and nothing went well meanwhile, \
                         which is the limit)"
                    ),
                });
                return;
            }
        };
        let mut desk = shared.lock();
        desk.running = false;
        desk.restart_at = Some(now + pause);
        desk.last_error = Some(why.clone());
        desk.go(&shared.net, State::Restarting, Some(why.clone()));
        desk.happen(&shared.net, || What::Restart {
            counts: blame == Blame::Plugin,
            count,
            pause,
            why,
        });
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
        let desk = shared.lock();
        // A plugin that broke, and was to be started anew, has nobody to say farewell to. That it broke was told.
        let is_there = desk.restart_at.is_none();
        let farewell = is_there && desk.stop.as_ref().is_none_or(|order| order.farewell);
        drop(desk);
        shared.sockets().end();
        shared.abandon(&mut shared.lock());
        let stopped = match farewell {
            true => Some(self.instance().stop()),
            false => None,
        };
        self.tell_host_calls();
        let (status, failure) = match stopped {
            None => (None, None),
            Some(Ok(status)) => (Some(status), None),
            Some(Err(error)) => {
                let message = format!("plugin component stop failed: {error}");
                (None, Some((error.code(), message)))
            }
        };
        let closed = shared.journal.close();
        let closed = closed.map_err(|error| (FailureCode::JournalFailed, error.to_string()));
        let (code, error) = failure.or(closed.err()).unzip();
        let calls_on = shared.options.calls_stopped && farewell;
        let log = match calls_on {
            // To read it ends the guest.
            true => None,
            false => self.instance.take().and_then(Instance::into_log),
        };
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
            code,
            forced: shared.cancel.is_cancelled(),
            abandoned: desk.metrics.abandoned,
            kept: shared.journal.keeps(),
        };
        desk.close();
        desk.calls_on = calls_on;
        drop(desk);
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(ending);
        }
    }

    /// Call the tools of a plugin that was stopped, where that is wanted, for as long as somebody has it.
    fn call_on(&mut self) {
        loop {
            self.hold = None;
            let Some(request) = self.shared.next_after_the_end() else {
                return;
            };
            self.hold = Some(self.shared.net.hold());
            self.serve(request).tell();
        }
    }
}

/// Who is to blame where the plugin breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// An event that was delivered before: it has so many deliveries and no more.
    Event,
    Plugin,
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

fn status_value(status: &PluginStatus) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}
