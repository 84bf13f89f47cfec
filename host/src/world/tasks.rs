//! Asynchronous work, waited for by threads that are not: a runtime of our own, of one thread.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::Clock;
use crate::limits::{ABORTED_TASK, LOOKUP_THREADS, PATIENCE_TICK};

/// Runs work beside the thread that waits for it. The thread is started with the first work.
#[derive(Default)]
pub(crate) struct Tasks {
    clock: Clock,
    running: Mutex<Option<Running>>,
}

/// A runtime and the thread that drives it.
enum Running {
    /// With a thread of its own.
    Real(Runtime),
    /// A clock can be scripted where one thread does everything, and it must be a thread of ours then. It ends
    /// when `_end` goes.
    Scripted {
        handle: Handle,
        _end: oneshot::Sender<()>,
    },
}

impl Running {
    fn start(clock: Clock) -> io::Result<Self> {
        let mut builder = match clock {
            Clock::Real => Builder::new_multi_thread(),
            Clock::Scripted => Builder::new_current_thread(),
        };
        builder
            .worker_threads(1)
            .max_blocking_threads(LOOKUP_THREADS)
            .thread_name(THREAD)
            .enable_all();
        if clock == Clock::Real {
            return builder.build().map(Running::Real);
        }
        let runtime = builder.start_paused(true).build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
            // It fails when the other half is dropped, which is what is waited for.
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Running::Scripted { handle, _end: end })
    }

    fn handle(&self) -> &Handle {
        match self {
            Running::Real(runtime) => runtime.handle(),
            Running::Scripted { handle, .. } => handle,
        }
    }
}

const THREAD: &str = "yoi-net";

/// A call that is to be made later. It is not made once this is dropped.
#[derive(Debug)]
pub(crate) struct Alarm(Option<AbortHandle>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// While it lives, a scripted clock does not jump. A real one goes on.
#[derive(Debug)]
pub(crate) struct Hold(
    #[expect(dead_code, reason = "dropping it is what lets the clock go")] Option<mpsc::Sender<Infallible>>,
);

/// Why waiting ended without a result.
#[derive(Debug)]
pub(crate) enum Unfinished<E> {
    /// The caller did not want to wait any longer.
    GivenUp(E),
    /// The runtime could not be started.
    NotStarted(io::Error),
    /// The work panicked, or did not let go when it was told to.
    Lost,
}

impl Tasks {
    /// None yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            running: Mutex::new(None),
        }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        if self.clock == Clock::Scripted
            && let Ok(handle) = self.handle()
        {
            let _entered = handle.enter();
            return tokio::time::Instant::now().into_std();
        }
        Instant::now()
    }

    /// Let time pass. A real clock does that by itself.
    pub(crate) fn advance(&self, by: Duration) {
        if self.clock == Clock::Scripted {
            // Whatever is lost with the runtime needs no time any more.
            let _ = self.run(tokio::time::advance(by), || Ok::<_, Infallible>(()));
        }
    }

    /// Carry out `work` and wait for it, asking `go_on` every few milliseconds whether to wait further. Where
    /// it says no, the work is ended where it stands before this returns; a result that was ready by then is
    /// returned all the same.
    ///
    /// It may be called from any thread, that of another runtime included: the thread waits and drives
    /// nothing.
    pub(crate) fn run<T: Send + 'static, E>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        go_on: impl Fn() -> Result<(), E>,
    ) -> Result<T, Unfinished<E>> {
        go_on().map_err(Unfinished::GivenUp)?;
        let handle = self.handle().map_err(Unfinished::NotStarted)?;
        let (done, result) = mpsc::sync_channel(1);
        let task = handle.spawn(async move {
            // It fails where nobody waits any more.
            let _ = done.send(work.await);
        });
        loop {
            match result.recv_timeout(PATIENCE_TICK) {
                Ok(value) => return Ok(value),
                Err(RecvTimeoutError::Disconnected) => return Err(Unfinished::Lost),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let Err(over) = go_on() else { continue };
            task.abort();
            // The channel tells when the work is dropped and everything it held is free again. A result that
            // came in the meantime must not be lost: it may be a message that no one will send twice.
            return match result.recv_timeout(ABORTED_TASK) {
                Ok(value) => Ok(value),
                Err(RecvTimeoutError::Disconnected) => Err(Unfinished::GivenUp(over)),
                Err(RecvTimeoutError::Timeout) => Err(Unfinished::Lost),
            };
        }
    }

    /// Carry out `work` and do not wait for it. It is dropped with this, done or not.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Ok(handle) = self.handle() {
            handle.spawn(work);
        }
    }

    /// Start the runtime, where nothing has done so yet.
    pub(crate) fn start(&self) -> io::Result<()> {
        self.handle().map(drop)
    }

    /// Call `ring` on the runtime's thread when it is `at`, unless the alarm is dropped before.
    pub(crate) fn alarm(&self, at: Instant, ring: impl FnOnce() + Send + 'static) -> Alarm {
        let work = async move {
            tokio::time::sleep_until(at.into()).await;
            ring();
        };
        Alarm(self.handle().ok().map(|handle| handle.spawn(work).abort_handle()))
    }

    /// Keep a scripted clock from jumping while something goes on that its runtime does not see.
    pub(crate) fn hold(&self) -> Hold {
        if self.clock == Clock::Real {
            return Hold(None);
        }
        let (held, released) = mpsc::channel::<Infallible>();
        if let Ok(handle) = self.handle() {
            // A paused clock stands still as long as blocking work is under way.
            handle.spawn_blocking(move || released.recv());
        }
        Hold(Some(held))
    }

    fn handle(&self) -> io::Result<Handle> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match &*running {
            Some(running) => Ok(running.handle().clone()),
            None => Ok(running.insert(Running::start(self.clock)?).handle().clone()),
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(Running::Real(runtime)) = running.take() {
            // Dropping it would wait, and panic on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn always() -> Result<(), Infallible> {
        Ok(())
    }

    #[test]
    fn work_is_done_and_its_result_returned() {
        let tasks = Tasks::default();
        assert_eq!(tasks.run(async { 7 }, always).unwrap(), 7);
        assert_eq!(tasks.run(async { 8 }, always).unwrap(), 8);
    }

    #[test]
    fn waiting_on_a_thread_of_another_runtime_does_not_panic() {
        let other = Builder::new_current_thread().build().unwrap();
        let answer = other.block_on(async {
            let tasks = Tasks::default();
            let answer = tasks.run(async { 7 }, always).unwrap();
            drop(tasks);
            answer
        });
        assert_eq!(answer, 7);
    }

    #[test]
    fn work_that_is_given_up_is_dropped_before_the_wait_ends() {
        struct Held(Arc<AtomicBool>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        let held = Held(Arc::clone(&dropped));
        let (began, has_begun) = mpsc::channel();
        let work = async move {
            began.send(()).unwrap();
            future::pending::<()>().await;
            drop(held);
        };
        let error = Tasks::default()
            .run(work, || match has_begun.try_recv() {
                Ok(()) => Err("enough"),
                Err(_) => Ok(()),
            })
            .unwrap_err();
        assert!(matches!(error, Unfinished::GivenUp("enough")), "{error:?}");
        assert!(dropped.load(Ordering::SeqCst));
    }

    #[test]
    fn a_result_that_is_ready_when_the_wait_is_given_up_is_returned() {
        let (give, given) = oneshot::channel::<()>();
        let give = Mutex::new(Some(give));
        let (finishing, finished) = mpsc::channel();
        let work = async move {
            given.await.unwrap();
            finishing.send(()).unwrap();
            7
        };
        let go_on = || {
            // The second time it is asked, the work finishes, and only then the wait is given up.
            let Some(give) = give.lock().unwrap().take() else {
                return Err("enough");
            };
            give.send(()).unwrap();
            Ok(())
        };
        let answer = Tasks::default().run(work, go_on);
        finished.recv().unwrap();
        assert_eq!(answer.unwrap(), 7);
    }

    #[test]
    fn a_scripted_clock_jumps_to_the_next_bound_when_everything_waits() {
        let tasks = Tasks::new(Clock::Scripted);
        let began = tasks.now();
        let hour = Duration::from_secs(3600);
        let work = async move {
            let (early, late) = tokio::join!(
                tokio::time::timeout(hour, future::pending::<()>()),
                tokio::time::timeout(2 * hour, tokio::time::sleep(hour + hour / 2)),
            );
            (early.is_err(), late.is_ok())
        };
        assert_eq!(tasks.run(work, always).unwrap(), (true, true));
        assert_eq!(tasks.now() - began, hour + hour / 2);
        tasks.advance(hour);
        assert_eq!(tasks.now() - began, 2 * hour + hour / 2);
    }

    #[test]
    fn an_alarm_rings_at_its_time_and_not_once_it_is_dropped() {
        let tasks = Tasks::new(Clock::Scripted);
        let began = tasks.now();
        let (ring, rung) = mpsc::channel();
        let minute = Duration::from_secs(60);
        let other = ring.clone();
        drop(tasks.alarm(began + minute, move || other.send("dropped").unwrap()));
        let _alarm = tasks.alarm(began + 2 * minute, move || ring.send("kept").unwrap());
        assert_eq!(rung.recv(), Ok("kept"));
        assert!(rung.recv().is_err());
        assert_eq!(tasks.now() - began, 2 * minute);
    }

    #[test]
    fn a_scripted_clock_that_is_held_does_not_jump() {
        let tasks = Tasks::new(Clock::Scripted);
        let began = tasks.now();
        let (ring, rung) = mpsc::channel();
        let hold = tasks.hold();
        let _alarm = tasks.alarm(began + Duration::from_secs(60), move || ring.send(()).unwrap());
        // Whatever could go on has gone on when this is done.
        tasks
            .run(async { tokio::task::yield_now().await }, always)
            .unwrap();
        assert_eq!(rung.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(hold);
        assert_eq!(rung.recv(), Ok(()));
    }

    #[test]
    fn work_that_nobody_wants_is_not_begun() {
        let work = async { panic!("it was begun") };
        let error = Tasks::default().run(work, || Err::<(), _>("no")).unwrap_err();
        assert!(matches!(error, Unfinished::GivenUp("no")), "{error:?}");
    }
}
