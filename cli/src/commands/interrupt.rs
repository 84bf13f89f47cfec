//! The signals that tell a program to end, for commands that have something to do about it.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::exit::Exit;

/// How soon after another a signal is the same order once more: `timeout`, for one, tells a program and then the group
/// that it is in.
pub(super) const ONE_ORDER: Duration = Duration::from_millis(500);

/// A signal that tells a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    Int,
    Term,
}

impl Interrupt {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Interrupt::Int => "SIGINT",
            Interrupt::Term => "SIGTERM",
        }
    }

    /// The exit status, as a shell has it.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Interrupt::Int => Exit::Interrupted,
            Interrupt::Term => Exit::Terminated,
        }
    }
}

/// Have `told` called with every signal from here on, and with whether it is a further order: by a thread of its own, so
/// that it may take its time.
///
/// # Errors
///
/// Where the system does not let anybody listen.
pub(super) fn listen(mut told: impl FnMut(Interrupt, bool) + Send + 'static) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut first: Option<Instant> = None;
        loop {
            let came = runtime.block_on(async {
                tokio::select! {
                    Some(()) = interrupt.recv() => Some(Interrupt::Int),
                    Some(()) = terminate.recv() => Some(Interrupt::Term),
                    else => None,
                }
            });
            let Some(came) = came else { return };
            match first {
                Some(first) if first.elapsed() < ONE_ORDER => {}
                Some(_) => told(came, true),
                None => {
                    first = Some(Instant::now());
                    told(came, false);
                }
            }
        }
    })?;
    Ok(())
}
