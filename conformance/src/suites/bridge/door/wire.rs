//! The near end of the wire: what is asked goes out under a number, and the answer of that number comes back to whoever
//! waits for it, in whatever order.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use yoi_host::bridge::{ExternalRuntimeSpec, Model};
use yoi_host::world::Pending;

use super::{Ask, Begin, ChildHost, Credential, Done, Exchange, Hello, NotDone, Outcome, Recalled, Told};
use crate::limits::{BRIDGE_HOST_LINE_BYTES, CHILD_LINES, PROCESS_CALL_TIME};
use crate::target::{Line, next_line};

/// How long an adapter may take for whatever is not an event: what a process may take, and as long again for the host's
/// own work on a busy machine.
const PATIENCE: Duration = PROCESS_CALL_TIME.saturating_mul(2);

/// Takes a line to the other end.
type Speak = dyn Fn(Vec<u8>) -> Result<(), String> + Send + Sync;

/// A host at the other end of a wire.
#[derive(Clone)]
pub(crate) struct Wire {
    hello: Hello,
    ends: Arc<Ends>,
}

struct Ends {
    speak: Box<Speak>,
    asked: AtomicU64,
    begun: AtomicU64,
    /// Whether it has answered anything but `hello`.
    has_worked: AtomicBool,
    waiting: Mutex<Waiting>,
}

/// Who waits for an answer.
#[derive(Default)]
struct Waiting {
    answers: HashMap<u64, oneshot::Sender<Result<Outcome, String>>>,
    /// How the wire broke: nobody waits for anything any more.
    broken: Option<String>,
}

/// An answer that is waited for.
type Answer = oneshot::Receiver<Result<Outcome, String>>;

impl Wire {
    /// A wire whose lines are taken by `speak`, and given by `hear`, which may have none yet, until it fails.
    pub(super) fn of(
        speak: impl Fn(Vec<u8>) -> Result<(), String> + Send + Sync + 'static,
        mut hear: impl FnMut() -> Result<Option<Vec<u8>>, String> + Send + 'static,
    ) -> Self {
        let ends = Arc::new(Ends {
            speak: Box::new(speak),
            asked: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            has_worked: AtomicBool::new(false),
            waiting: Mutex::default(),
        });
        let heard = Arc::downgrade(&ends);
        thread::spawn(move || {
            loop {
                let line = hear();
                // Where nobody can ask any more, nobody waits.
                let Some(ends) = heard.upgrade() else { return };
                let taken = match line {
                    Ok(Some(line)) => ends.take(&line),
                    Ok(None) => Ok(()),
                    Err(fault) => Err(fault),
                };
                if let Err(fault) = taken {
                    ends.breaks(&fault);
                    return;
                }
            }
        });
        Self {
            hello: super::own::unknown(),
            ends,
        }
    }

    /// A wire through a pair of pipes.
    pub(crate) fn piped(
        input: impl BufRead + Send + 'static,
        mut output: impl Write + Send + 'static,
    ) -> Self {
        let (speak, spoken) = sync_channel::<Vec<u8>>(CHILD_LINES);
        thread::spawn(move || {
            while let Ok(line) = spoken.recv() {
                if output.write_all(&line).and_then(|()| output.flush()).is_err() {
                    return;
                }
            }
        });
        let mut input = input;
        let hear = move || {
            let mut line = Vec::new();
            match next_line(&mut input, BRIDGE_HOST_LINE_BYTES, &mut line) {
                Ok(true) => Ok(Some(line)),
                Ok(false) => Err("the other end of the wire is closed".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        };
        let speak = move |line| {
            let sent = speak.try_send(line);
            sent.map_err(|_| "the other end of the wire does not read".to_owned())
        };
        Self::of(speak, hear)
    }

    /// Ask who stands at the other end, and hear it within this time.
    pub(crate) async fn greet(&mut self, patience: Duration) -> Result<(), String> {
        let hello = Ask::Hello {
            protocol: super::PROTOCOL.to_owned(),
        };
        let protocol = super::PROTOCOL;
        match self.ends.done(&hello, patience).await {
            Ok(Done::Hello(hello)) if hello.protocol == protocol => {
                self.hello = hello;
                Ok(())
            }
            Ok(Done::Hello(hello)) => Err(format!("the host speaks {}, not {protocol}", hello.protocol)),
            Ok(_) => Err("the host answers `hello` with something else than that".to_owned()),
            Err(NotDone::Refused(refusal)) => {
                Err(format!("the host does not speak {protocol}: {}", refusal.message))
            }
            Err(NotDone::Gone(fault)) => Err(fault),
        }
    }

    /// Whether it has answered anything but `hello`.
    pub(super) fn has_worked(&self) -> bool {
        self.ends.has_worked.load(Ordering::Relaxed)
    }

    /// How it broke, if it did.
    pub(super) fn broken(&self) -> Option<String> {
        self.ends.waiting().broken.clone()
    }

    /// The number of the next exchange, or of the next play.
    pub(crate) fn number(&self) -> u64 {
        self.ends.begun.fetch_add(1, Ordering::Relaxed)
    }
}

impl Ends {
    /// Ask something. What goes wrong is the answer.
    fn ask(&self, ask: &Ask) -> Answer {
        let id = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if let Some(fault) = &waiting.broken {
                let _ = answer.send(Err(fault.clone()));
                return answered;
            }
            waiting.answers.insert(id, answer);
        }
        let line = serde_json::to_vec(&Line { id, what: ask });
        let mut line = line.expect("what is asked is JSON");
        line.push(b'\n');
        if let Err(fault) = (self.speak)(line) {
            self.breaks(&fault);
        }
        answered
    }

    async fn done(&self, ask: &Ask, patience: Duration) -> Result<Done, NotDone> {
        let answer = self.ask(ask);
        let outcome = match timeout(patience, answer).await {
            Ok(answer) => answered(ask.name(), answer)?,
            Err(_) => {
                let fault = format!("it said nothing on standard output for {patience:?}");
                self.breaks(&fault);
                return Err(gone(ask.name(), &fault));
            }
        };
        if !matches!(ask, Ask::Hello { .. }) {
            self.has_worked.store(true, Ordering::Relaxed);
        }
        match outcome {
            Outcome::Done(done) => Ok(done),
            Outcome::Refused(refusal) => Err(NotDone::Refused(refusal)),
        }
    }

    fn take(&self, line: &[u8]) -> Result<(), String> {
        let line = Line::<Outcome>::answered(line)?;
        let waits = self.waiting().answers.remove(&line.id);
        match waits {
            Some(waits) => {
                // Whoever asked may have gone: an event of an exchange that was let go of.
                let _ = waits.send(Ok(line.what));
                Ok(())
            }
            None => Err(format!(
                "it answered under number {}, under which nothing was asked that is not answered",
                line.id
            )),
        }
    }

    fn breaks(&self, fault: &str) {
        let mut waiting = self.waiting();
        let fault = waiting.broken.get_or_insert_with(|| fault.to_owned()).clone();
        for (_, waits) in waiting.answers.drain() {
            let _ = waits.send(Err(fault.clone()));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing under the lock can leave it half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone(name: &str, fault: &str) -> NotDone {
    NotDone::Gone(format!("the host was asked `{name}`: {fault}"))
}

fn answered(
    name: &str,
    answer: Result<Result<Outcome, String>, oneshot::error::RecvError>,
) -> Result<Outcome, NotDone> {
    let answer = answer.unwrap_or_else(|_| Err("it is gone".to_owned()));
    answer.map_err(|fault| gone(name, &fault))
}

/// An answer that there is, but to something else.
fn unlike(name: &str) -> NotDone {
    gone(name, "it answered with something else than that is answered with")
}

impl ChildHost for Wire {
    fn hello(&self) -> Hello {
        self.hello.clone()
    }

    fn begin<'a>(&'a self, begin: &'a Begin) -> Pending<'a, Result<Box<dyn Exchange>, NotDone>> {
        Box::pin(async {
            let ask = Ask::Begin(Box::new(begin.clone()));
            match self.ends.done(&ask, PATIENCE).await? {
                Done::Begun => Ok(Box::new(OverWire {
                    ends: Arc::clone(&self.ends),
                    exchange: begin.exchange,
                    next: None,
                }) as Box<dyn Exchange>),
                _ => Err(unlike("begin")),
            }
        })
    }

    fn remember<'a>(&'a self, model: &'a Model, token: &'a str) -> Pending<'a, Result<(), NotDone>> {
        Box::pin(async {
            let ask = Ask::Remember {
                model: model.clone(),
                token: token.to_owned(),
            };
            match self.ends.done(&ask, PATIENCE).await? {
                Done::Remembered => Ok(()),
                _ => Err(unlike("remember")),
            }
        })
    }

    fn recall<'a>(&'a self, model: &'a Model) -> Pending<'a, Result<Option<String>, NotDone>> {
        Box::pin(async {
            let ask = Ask::Recall { model: model.clone() };
            match self.ends.done(&ask, PATIENCE).await? {
                Done::Recalled(Recalled { token }) => Ok(token),
                _ => Err(unlike("recall")),
            }
        })
    }

    fn requires_credential<'a>(
        &'a self,
        spec: &'a ExternalRuntimeSpec,
    ) -> Pending<'a, Result<bool, NotDone>> {
        Box::pin(async {
            let ask = Ask::Credential { spec: spec.clone() };
            match self.ends.done(&ask, PATIENCE).await? {
                Done::Credential(Credential { required }) => Ok(required),
                _ => Err(unlike("credential")),
            }
        })
    }
}

/// An exchange at the other end.
struct OverWire {
    ends: Arc<Ends>,
    exchange: u64,
    /// What was asked for and has not come yet: nothing is lost where nobody waits for it any more.
    next: Option<Answer>,
}

impl Exchange for OverWire {
    fn next(&mut self) -> Pending<'_, Result<Option<Told>, NotDone>> {
        Box::pin(async {
            let exchange = self.exchange;
            let next = self
                .next
                .get_or_insert_with(|| self.ends.ask(&Ask::Next { exchange }));
            let answer = next.await;
            self.next = None;
            let outcome = answered("next", answer)?;
            self.ends.has_worked.store(true, Ordering::Relaxed);
            match outcome {
                Outcome::Done(Done::Event(event)) => Ok(Some(Told::Event(event))),
                Outcome::Done(Done::Framework(event)) => Ok(Some(Told::Framework(event))),
                Outcome::Done(Done::Over) => Ok(None),
                Outcome::Done(_) => Err(unlike("next")),
                Outcome::Refused(refusal) => Err(NotDone::Refused(refusal)),
            }
        })
    }

    fn abort(&mut self) -> Pending<'_, Result<(), NotDone>> {
        Box::pin(async {
            let exchange = self.exchange;
            match self.ends.done(&Ask::Abort { exchange }, PATIENCE).await? {
                Done::Aborted => Ok(()),
                _ => Err(unlike("abort")),
            }
        })
    }
}

impl Drop for OverWire {
    fn drop(&mut self) {
        // Nobody waits for the answer; what is wrong with it breaks the wire.
        let exchange = self.exchange;
        drop(self.ends.ask(&Ask::Drop { exchange }));
    }
}
