//! The signals that tell a program to end, and what each order means: the same for every command that hears them.
//!
//! The first asks the command to end in order, which is its own affair. A further one ends it at once. Either way the exit
//! status of what was not done by then is that of the signal, as a shell has it. A command that has nothing to end leaves
//! signals to the system, and then the shell says the same.

use std::future::Future;
use std::io;
use std::process;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::failure::Failure;

/// How soon after the first a signal is the same order once more: `timeout`, for one, tells a program and then the group
/// that it is in, and a terminal that is closed tells both.
const ONE_ORDER: Duration = Duration::from_millis(500);

/// A signal that tells a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Terminate,
    HangUp,
}

impl Signal {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            Signal::HangUp => "SIGHUP",
        }
    }

    /// The exit status of what it ended.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
            Signal::HangUp => Exit::HungUp,
        }
    }
}

/// What a signal orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// To end in order.
    End(Signal),
    /// To end at once.
    AtOnce(Signal),
}

/// Orders as they come, for a command that lives in an executor.
pub(super) struct Orders {
    source: system::Source,
    heard: Heard,
}

impl Orders {
    /// Hear signals from here on. Within an executor.
    pub(super) fn listen() -> Result<Self, Failure> {
        let source = system::Source::open()
            .map_err(|cause| Failure::Other(format!("failed to listen for signals: {cause}")))?;
        Ok(Self {
            source,
            heard: Heard::default(),
        })
    }

    /// The next order. Nothing is lost where this is dropped while it waits.
    pub(super) async fn next(&mut self) -> Order {
        loop {
            let signal = self.source.next().await;
            if let Some(order) = self.heard.order(signal, Instant::now()) {
                return order;
            }
        }
    }

    /// The order to end.
    pub(super) async fn first(&mut self) -> Signal {
        loop {
            if let Order::End(signal) = self.next().await {
                return signal;
            }
        }
    }

    /// The order to end at once.
    pub(super) async fn further(&mut self) -> Signal {
        loop {
            if let Order::AtOnce(signal) = self.next().await {
                return signal;
            }
        }
    }
}

/// The signal that asked a command to end, for one that computes in its own thread.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<OnceLock<Signal>>);

impl Asked {
    /// Have `end` called with the first signal from here on, by a thread of its own, so that it may take its time. A
    /// further one, once that is done, calls `leave` and ends the program.
    pub(super) fn listen(
        end: impl FnOnce(Signal) + Send + 'static,
        leave: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Failure> {
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(|cause| Failure::Other(format!("failed to start an executor: {cause}")))?;
        let mut orders = {
            let _inside = executor.enter();
            Orders::listen()?
        };
        let asked = Self::default();
        let heard = asked.clone();
        let listen = move || {
            let signal = executor.block_on(orders.first());
            let _ = heard.0.set(signal);
            end(signal);
            let signal = executor.block_on(orders.further());
            leave();
            process::exit(signal.exit() as i32);
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)
            .map_err(|cause| Failure::Other(format!("failed to listen for signals: {cause}")))?;
        Ok(asked)
    }

    /// The signal that came first, if one came.
    pub(super) fn signal(&self) -> Option<Signal> {
        self.0.get().copied()
    }
}

/// When a signal came first.
#[derive(Debug, Default)]
struct Heard(Option<Instant>);

impl Heard {
    /// What a signal orders that comes now, if it is not an order that was heard already.
    fn order(&mut self, signal: Signal, now: Instant) -> Option<Order> {
        match self.0 {
            None => {
                self.0 = Some(now);
                Some(Order::End(signal))
            }
            Some(first) if now.duration_since(first) < ONE_ORDER => None,
            Some(_) => Some(Order::AtOnce(signal)),
        }
    }
}

#[cfg(unix)]
mod system {
    use std::fs;

    use tokio::signal::unix;
    use tokio::signal::unix::SignalKind;

    use super::{Future, Signal, io};

    pub(super) struct Source {
        interrupt: unix::Signal,
        terminate: unix::Signal,
        /// None where this program was started to ignore it.
        hang_up: Option<unix::Signal>,
    }

    impl Source {
        pub(super) fn open() -> io::Result<Self> {
            Ok(Self {
                interrupt: unix::signal(SignalKind::interrupt())?,
                terminate: unix::signal(SignalKind::terminate())?,
                hang_up: match ignores_hang_ups() {
                    true => None,
                    false => Some(unix::signal(SignalKind::hangup())?),
                },
            })
        }

        pub(super) fn next(&mut self) -> impl Future<Output = Signal> {
            let Self {
                interrupt,
                terminate,
                hang_up,
            } = self;
            async move {
                tokio::select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                    Some(_) = async { Some(hang_up.as_mut()?.recv().await) } => Signal::HangUp,
                }
            }
        }
    }

    /// Whether it was started by `nohup`, or by something like it. To listen would undo that. Where the system does not
    /// say so, it was not.
    fn ignores_hang_ups() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut lines = status.lines();
        let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // SIGHUP is the first of all signals.
        ignored.is_some_and(|mask| mask & 1 == 1)
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Future, Signal, io};

    pub(super) struct Source;

    impl Source {
        pub(super) fn open() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn next(&mut self) -> impl Future<Output = Signal> {
            async {
                // Where it cannot be listened for, the program ends by the system's own ways.
                if tokio::signal::ctrl_c().await.is_err() {
                    std::future::pending::<()>().await;
                }
                Signal::Interrupt
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_soon_after_the_first_is_the_same_order_and_a_later_one_another() {
        let mut heard = Heard::default();
        let began = Instant::now();
        let mut order = |signal, after| heard.order(signal, began + after);
        assert_eq!(
            order(Signal::Terminate, Duration::ZERO),
            Some(Order::End(Signal::Terminate))
        );
        assert_eq!(order(Signal::Terminate, Duration::ZERO), None);
        assert_eq!(
            order(Signal::Interrupt, ONE_ORDER - Duration::from_nanos(1)),
            None
        );
        assert_eq!(
            order(Signal::Interrupt, ONE_ORDER),
            Some(Order::AtOnce(Signal::Interrupt))
        );
        assert_eq!(
            order(Signal::HangUp, ONE_ORDER * 100),
            Some(Order::AtOnce(Signal::HangUp))
        );
    }
}
