//! The clock that lets the host look at a running guest.
//!
//! One thread per engine advances the engine's epoch every [`CLOCK_TICK`]; a guest notices at its next loop
//! or function entry. The thread sleeps while no guest runs, so that an idle host does not wake up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};

use crate::limits::CLOCK_TICK;

pub(crate) struct Clock {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    /// Calls under way.
    running: AtomicUsize,
    /// Whether the thread waits to be woken.
    asleep: AtomicBool,
    /// Whether the engine is gone.
    over: AtomicBool,
}

/// A call under way: the clock ticks as long as one exists.
pub(crate) struct Ticking<'a> {
    shared: &'a Shared,
}

impl Clock {
    pub(crate) fn start(engine: &wasmtime::Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let handle = thread::Builder::new().name("yoi-clock".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            let engine = engine.weak();
            move || tick(&shared, &engine)
        })?;
        Ok(Self {
            shared,
            thread: handle.thread().clone(),
        })
    }

    /// Keep the clock ticking until the guard is dropped.
    pub(crate) fn run(&self) -> Ticking<'_> {
        // Sequentially consistent, as is the thread's own pair of accesses below: either the thread sees
        // this call before it falls asleep, or this call sees it asleep and wakes it.
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Ticking { shared: &self.shared }
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

fn tick(shared: &Shared, engine: &wasmtime::EngineWeak) {
    // Falling asleep after the first idle tick would make every call of a slow caller pay for waking the
    // thread; a second of idle ticks costs a hundred wake-ups once.
    const IDLE_TICKS: u32 = 100;
    let mut idle = 0;
    while !shared.over.load(Ordering::SeqCst) {
        if shared.running.load(Ordering::SeqCst) > 0 {
            idle = 0;
        } else {
            idle += 1;
        }
        if idle < IDLE_TICKS {
            thread::park_timeout(CLOCK_TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            continue;
        }
        shared.asleep.store(true, Ordering::SeqCst);
        while shared.running.load(Ordering::SeqCst) == 0 && !shared.over.load(Ordering::SeqCst) {
            thread::park();
        }
        shared.asleep.store(false, Ordering::SeqCst);
        idle = 0;
    }
}
