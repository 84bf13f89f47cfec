//! The clock that lets the host look at a running guest.
//!
//! One thread per engine advances the engine's epoch every [`CLOCK_TICK`]; a guest notices at its next loop
//! or function entry. The thread sleeps while no guest runs, so that an idle host does not wake up.
//!
//! Nobody counts the calls under way: two threads that call would hand the count to and fro. A call only sees to it that
//! `ran` is set, which it nearly always is, so that every core has its own copy of it; the thread clears it at each
//! tick. A guest that runs on meets the tick and sets it again, and so does one that comes out of a host call, however
//! long that took and whatever the thread did meanwhile.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};

use crate::limits::CLOCK_TICK;

/// Every store has it, so that it ticks for as long as there is one.
#[derive(Default)]
pub(crate) struct Clock {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether a guest ran since the last tick.
    ran: AtomicBool,
    /// Whether the thread waits to be woken.
    asleep: AtomicBool,
    /// Whether the engine is gone.
    over: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Clock {
    pub(crate) fn start(engine: &wasmtime::Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let handle = thread::Builder::new().name("yoi-clock".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            let engine = engine.weak();
            move || tick(&shared, &engine)
        })?;
        let _ = shared.thread.set(handle.thread().clone());
        Ok(Self { shared })
    }

    /// A guest runs, and its deadline is the next tick: there will be one.
    pub(crate) fn beat(&self) {
        // Sequentially consistent, as are the thread's own accesses. Either the thread sees this before it falls asleep,
        // or it is seen asleep here and woken. If it was set already, the thread has yet to see it, and ticks on after that.
        if !self.shared.ran.load(Ordering::SeqCst) {
            self.shared.ran.store(true, Ordering::SeqCst);
        }
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.shared.wake();
        }
    }
}

impl Shared {
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.shared.wake();
    }
}

fn tick(shared: &Shared, engine: &wasmtime::EngineWeak) {
    // Falling asleep after the first idle tick would make every call of a slow caller pay for waking the
    // thread; a second of idle ticks costs a hundred wake-ups once.
    const IDLE_TICKS: u32 = 100;
    let mut idle = 0;
    while !shared.over.load(Ordering::SeqCst) {
        idle = if shared.ran.swap(false, Ordering::SeqCst) {
            0
        } else {
            idle + 1
        };
        if idle < IDLE_TICKS {
            thread::park_timeout(CLOCK_TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            continue;
        }
        shared.asleep.store(true, Ordering::SeqCst);
        while !shared.ran.load(Ordering::SeqCst) && !shared.over.load(Ordering::SeqCst) {
            thread::park();
        }
        shared.asleep.store(false, Ordering::SeqCst);
        idle = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_fell_asleep_ticks_again_when_a_guest_runs() {
        let wait_until = |condition: &dyn Fn() -> bool| {
            while !condition() {
                thread::yield_now();
            }
        };
        let engine = wasmtime::Engine::default();
        let clock = Clock::start(&engine).unwrap();
        let seen = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
        for _ in 0..2 {
            wait_until(&|| seen(&clock.shared.asleep));
            clock.beat();
            wait_until(&|| !seen(&clock.shared.asleep) && !seen(&clock.shared.ran));
        }
    }
}
