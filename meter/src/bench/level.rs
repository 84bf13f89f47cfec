//! One level of concurrency: workers that begin together, and what they come to.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use yoi_host::limits::calling_thread_stack_bytes;
use yoi_host::plugin::Plugin;

use super::seat::Seat;
use super::{BenchError, Plan, Target, tally, worker};
use crate::Stop;
use crate::report::Level;

pub(super) fn measure(
    plugin: &Plugin,
    target: &Target<'_>,
    plan: &Plan,
    concurrency: usize,
    stop: &Stop,
) -> Result<Level, BenchError> {
    let gate = Gate::default();
    let ended = thread::scope(|scope| {
        let mut workers = Vec::with_capacity(concurrency);
        for number in 0..concurrency {
            let gate = &gate;
            let work = move || {
                let mut seat = Seat::new(plugin, target, stop, number);
                // A plugin that does not start is met again, and told, when it is called.
                let _ = seat.ready();
                let begin = gate.wait()?;
                let all = (concurrency, number);
                Some(worker::work(&mut seat, (target, plan, stop), all, begin))
            };
            let stack = calling_thread_stack_bytes(plugin.profile());
            let thread = thread::Builder::new().stack_size(stack);
            match thread.spawn_scoped(scope, work) {
                Ok(worker) => workers.push(worker),
                Err(cause) => {
                    gate.open(None);
                    return Err(BenchError::Io {
                        doing: "start one more thread",
                        cause,
                    });
                }
            }
        }
        gate.open_when_all_wait(concurrency);
        let join = |worker: thread::ScopedJoinHandle<'_, _>| match worker.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Ok(workers.into_iter().filter_map(join).collect())
    })?;
    Ok(tally::level(plan, ended))
}

/// Where workers wait until all are there.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: usize,
    /// When they begin; none of them at all where that is none.
    open: Option<Option<Instant>>,
}

impl Gate {
    /// When to begin. None where nothing comes of it.
    fn wait(&self) -> Option<Instant> {
        let mut state = self.state();
        state.waiting += 1;
        self.changed.notify_all();
        loop {
            if let Some(begin) = state.open {
                return begin;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open_when_all_wait(&self, all: usize) {
        let mut state = self.state();
        while state.waiting < all {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.open(Some(Instant::now()));
    }

    fn open(&self, begin: Option<Instant>) {
        self.state().open = Some(begin);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
