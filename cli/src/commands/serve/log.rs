//! What happens to a service, line by line.
//!
//! Lines are printed by a thread of their own: where nobody reads them, the service, its signals and its doors go on.

use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;
use yoi_host::plugin::service::{Happening, Observed, Observer};

use crate::failure::Failure;
use crate::report::service::{ProgramEvent, ServeEvent, ServeLine};
use crate::screen;

/// Lines that wait to be printed. What watches the service waits for them, and misses what it cannot keep.
const WAITING: usize = 64;

/// The lines, and the threads that print them.
pub(super) struct Log {
    lines: SyncSender<ServeEvent>,
    closed: watch::Receiver<bool>,
    watcher: JoinHandle<()>,
    printer: JoinHandle<io::Result<()>>,
}

impl Log {
    /// Print this, and then what happens to a service.
    pub(super) fn start(json: bool, observer: Observer, first: ServeEvent) -> io::Result<Self> {
        let (lines, come) = mpsc::sync_channel(WAITING);
        let (tell_closed, closed) = watch::channel(false);
        // There is room for one.
        let _ = lines.try_send(first);
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
    pub(super) fn tell(&self, event: ServeEvent) {
        // Where nobody reads, or not now, a line is no reason to wait.
        let _ = self.lines.try_send(event);
    }

    /// Whoever else has something to tell.
    #[cfg(feature = "nats")]
    pub(super) fn teller(&self) -> impl Fn(ServeEvent) + Send + Sync + 'static {
        let lines = self.lines.clone();
        move |event| {
            let _ = lines.try_send(event);
        }
    }

    /// When nothing can be printed any more.
    pub(super) async fn closed(&self) {
        let mut closed = self.closed.clone();
        let _ = closed.wait_for(|closed| *closed).await;
    }

    /// Print what is left, and this at the end.
    pub(super) fn end(self, last: ServeEvent) -> Result<(), Failure> {
        // The service has ended, and so does what watches it.
        let _ = self.watcher.join();
        let _ = self.lines.send(last);
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
            Observed::Missed(count) => ServeEvent::Program(ProgramEvent::Missed { count }),
        };
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn print(json: bool, lines: &Receiver<ServeEvent>) -> io::Result<()> {
    for line in lines {
        if json {
            screen::json_line(&ServeLine::of(line))?;
        } else {
            screen::service::line(&line)?;
        }
    }
    Ok(())
}
