//! What happens to a service, line by line.
//!
//! Lines are printed by a thread of their own: where nobody reads them, the service, its signals and its doors go on.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use yoi_host::plugin::service::{Happening, Observed, Observer, What};

use crate::failure::Failure;
use crate::report::service::{ProgramEvent, ServeEvent, ServeLine};
use crate::screen;

/// Lines that wait to be printed. What watches the service waits for them, and misses what it cannot keep.
const WAITING: usize = 64;

/// How long refusals that say the same are counted before that is told.
const BURST: Duration = Duration::from_secs(1);

/// The lines, and the threads that print them.
pub(super) struct Log {
    lines: SyncSender<ServeEvent>,
    closed: watch::Receiver<bool>,
    watcher: JoinHandle<()>,
    printer: JoinHandle<io::Result<()>>,
}

impl Log {
    /// Print this, and then what happens to a service.
    pub(super) fn start(json: bool, observer: Observer, first: ProgramEvent) -> io::Result<Self> {
        let (lines, come) = mpsc::sync_channel(WAITING);
        let (tell_closed, closed) = watch::channel(false);
        // There is room for one.
        let _ = lines.try_send(first.into());
        let told = lines.clone();
        let printer = thread::Builder::new().name("log".to_owned()).spawn(move || {
            let printed = print(json, &come);
            let _ = tell_closed.send(true);
            printed
        })?;
        let watcher = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch_over(observer, &told))?;
        Ok(Self {
            lines,
            closed,
            watcher,
            printer,
        })
    }

    /// Print something of the program's.
    pub(super) fn tell(&self, event: ProgramEvent) {
        // Where nobody reads, or not now, a line is no reason to wait.
        let _ = self.lines.try_send(event.into());
    }

    /// Whoever else has something to tell.
    #[cfg(feature = "nats")]
    pub(super) fn teller(&self) -> impl Fn(ProgramEvent) + Send + Sync + 'static {
        let lines = self.lines.clone();
        move |event| {
            let _ = lines.try_send(event.into());
        }
    }

    /// When nothing can be printed any more.
    pub(super) async fn closed(&self) {
        let mut closed = self.closed.clone();
        let _ = closed.wait_for(|closed| *closed).await;
    }

    /// Print what is left, and this at the end.
    pub(super) fn end(self, last: ProgramEvent) -> Result<(), Failure> {
        // The service has ended, and so does what watches it.
        let _ = self.watcher.join();
        let _ = self.lines.send(last.into());
        drop(self.lines);
        match self.printer.join() {
            Ok(printed) => Ok(printed?),
            Err(_) => Err(Failure::Other("the log has broken off".to_owned())),
        }
    }
}

fn watch_over(mut observer: Observer, lines: &SyncSender<ServeEvent>) {
    while let Some(observed) = observer.wait() {
        let line = match observed {
            Observed::Happened(happening) => ServeEvent::Service(Box::new(Happening::clone(&happening))),
            Observed::Missed(count) => ProgramEvent::Missed { count }.into(),
        };
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn print(json: bool, lines: &Receiver<ServeEvent>) -> io::Result<()> {
    if json {
        return lines
            .iter()
            .try_for_each(|line| screen::json_line(&ServeLine::of(line)));
    }
    let mut burst: Option<Burst> = None;
    loop {
        let next = match &burst {
            None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(burst) => lines.recv_timeout(burst.until.saturating_duration_since(Instant::now())),
        };
        if let Ok(line) = &next
            && let Some(burst) = burst.as_mut().filter(|burst| burst.is_of(line))
        {
            burst.more += 1;
            continue;
        }
        if let Some(Burst { more: more @ 1.., .. }) = burst.take() {
            screen::service::refused_as_well(more)?;
        }
        match next {
            Ok(line) => {
                screen::service::line(&line)?;
                burst = Burst::begun_by(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Refusals that say the same, one right after the other: the first is a line, and the others are counted.
struct Burst {
    first: Box<Happening>,
    more: u64,
    until: Instant,
}

impl Burst {
    fn begun_by(line: ServeEvent) -> Option<Self> {
        match line {
            ServeEvent::Service(first) if matches!(first.what, What::Refused { .. }) => Some(Self {
                first,
                more: 0,
                until: Instant::now() + BURST,
            }),
            _ => None,
        }
    }

    fn is_of(&self, line: &ServeEvent) -> bool {
        let ServeEvent::Service(other) = line else {
            return false;
        };
        let said = |happening: &Happening| match &happening.what {
            What::Refused { ingress, why, .. } => Some((ingress.clone(), why.message.clone())),
            _ => None,
        };
        said(other).is_some_and(|other| Some(other) == said(&self.first))
    }
}
