//! Telling of an exchange, and ending it.
//!
//! Events are written by a thread of its own, which alone waits where nobody reads: the exchange keeps its bounds
//! meanwhile, and ends when it is asked to or its time is over. Then the reader has a moment for the rest. What is not
//! read by then is lost, and the exit status says so.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::sleep;
use yoi_host::bridge::{Exchange, ExchangeReport, FailureCode, Mode, NormalizedEvent, Watcher};
use yoi_host::limits::BRIDGE_UNREAD_TIME;

use super::super::signals::{Orders, Signal};
use super::advice::{Case, advice};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::bridge::{BridgeHead, BridgeLine, BridgeTail};
use crate::screen;
use crate::screen::bridge::Show;

/// What is said where the reader does not read.
const UNREAD: &str = "the exchange is over, and nobody reads what is told of it: the rest is lost";

/// What is said to whoever asked twice.
const LEFT: &str = "ended at once: the rest of the exchange is not told";

/// How long either may take to be said: where it goes may be read by nobody.
const SAID_TIME: Duration = Duration::from_millis(200);

/// Who is told of an exchange, and how.
pub(super) struct Telling {
    /// Whose lines are read.
    pub(super) name: String,
    /// Lines of JSON, for a program.
    pub(super) json: bool,
    /// Whether conversations are remembered.
    pub(super) links: bool,
    /// The program that was named, where one was.
    pub(super) binary: Option<String>,
}

/// Tell all of an exchange, until it is over.
pub(super) async fn drive(exchange: Exchange, telling: Telling) -> Result<Exit, Failure> {
    let mut orders = Orders::listen()?;
    let canceller = exchange.canceller();
    let mut watcher = exchange.watcher();
    let (done, told) = oneshot::channel();
    let runtime = Handle::current();
    let left = Arc::new(AtomicBool::new(false));
    thread::spawn({
        let left = Arc::clone(&left);
        move || {
            // Whoever waited for it may have given up.
            let _ = done.send(runtime.block_on(telling.tell(exchange, &left)));
        }
    });
    let asked: Cell<Option<Signal>> = Cell::new(None);
    let given_up = async {
        tokio::select! {
            signal = orders.first() => {
                asked.set(Some(signal));
                canceller.cancel();
            }
            () = stopped(&mut watcher) => {}
        }
        // Whoever asks twice does not want to wait.
        tokio::select! {
            signal = orders.further() => {
                asked.set(Some(signal));
                LEFT
            }
            () = async {
                watcher.ended().await;
                sleep(BRIDGE_UNREAD_TIME).await;
            } => UNREAD,
        }
    };
    tokio::select! {
        biased;
        told = told => match told {
            Ok(Ok(Told { exit, aborted })) => Ok(asked.get().filter(|_| aborted).map_or(exit, Signal::exit)),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::Other("the exchange was not told to its end".to_owned())),
        },
        why = given_up => {
            // What is known of an exchange that goes down with its executor is not what became of it.
            left.store(true, Ordering::Release);
            say(why);
            Ok(asked.get().map_or(Exit::CouldNotRun, Signal::exit))
        }
    }
}

/// Until the exchange is ended from outside. One that ends by itself leaves its reader all the time.
async fn stopped(watcher: &mut Watcher) {
    if !watcher.ended().await.stopped {
        std::future::pending::<()>().await;
    }
}

/// On standard error, in a thread that nobody waits for long: what is read by nobody may be that, too.
fn say(why: &'static str) {
    let (said, heard) = channel();
    thread::spawn(move || {
        let _ = writeln!(io::stderr(), "error: {why}");
        let _ = said.send(());
    });
    match heard.recv_timeout(SAID_TIME) {
        Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
    }
}

/// How an exchange ended that was told to its end.
struct Told {
    exit: Exit,
    /// Whether somebody ended it.
    aborted: bool,
}

impl Telling {
    /// Tell it, to its end or until it is left.
    async fn tell(&self, mut exchange: Exchange, left: &AtomicBool) -> Result<Told, Failure> {
        let mut show = Show::default();
        let (mut exit, mut code, mut aborted) = (Exit::Ok, None, false);
        if self.json {
            screen::bridge::line(&BridgeHead::of(&self.name, Mode::Faithful))?;
        }
        while let Some(event) = exchange.next().await {
            if let NormalizedEvent::Failed { error } = &event {
                aborted = error.aborted;
                code = error.code.filter(|_| !aborted);
                exit = match error.code {
                    Some(FailureCode::NotStarted) => Exit::CouldNotRun,
                    Some(FailureCode::BadToken) => Exit::Usage,
                    _ => Exit::PluginFailed,
                };
            }
            if self.json {
                screen::bridge::line(&BridgeLine::Event(event))?;
            } else {
                show.event(&event)?;
            }
        }
        let ExchangeReport {
            ending,
            counts,
            attempts,
            ..
        } = exchange.ended().await;
        if left.load(Ordering::Acquire) {
            return Ok(Told { exit, aborted });
        }
        let advice = advice(&Case {
            code,
            counts,
            binary: self.binary.as_deref(),
        });
        if self.json {
            screen::bridge::line(&BridgeLine::Tail(BridgeTail {
                kind: "tail",
                ended: ending.map(|ending| ending.to_string()),
                lines: counts,
                attempts,
                advice,
            }))?;
        } else {
            show.end(&counts, self.links, advice)?;
        }
        Ok(Told { exit, aborted })
    }
}
