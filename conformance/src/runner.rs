//! Runs cases: several at a time, each in its time box.
//!
//! One thread, the dispatcher, knows how things stand and tells it, in an order of its own making; those who run
//! cases only send it how they ended. A case whose target hangs costs itself: when its time is over the target is
//! told to end, and a case that does not let go even then is left behind with its thread.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::context::{Context, ContextOptions, SavedInput};
use crate::limits::{LETTING_GO, PROPERTY_CASES, REASON_BYTES, SHRINK_STEPS};
use crate::plan::{Plan, Planned};
use crate::text::bounded;
use crate::{Seed, Subject, Verdict};

pub use halt::Halt;

/// How cases are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What all inputs are derived from.
    pub seed: Seed,
    /// How many inputs are made up for each property.
    pub property_cases: u32,
    /// How many cases run at a time.
    pub jobs: NonZeroUsize,
    /// How long a case may take, where it is not what its kind takes.
    pub time_box: Option<Duration>,
    /// Inputs that failed before; they are tried first.
    pub saved: Vec<Saved>,
    /// The only input that is tried.
    pub replay: Option<Value>,
    /// Most attempts at a smaller input that fails as well.
    pub shrink_steps: u32,
    /// What ends the run before its time.
    pub halt: Halt,
}

/// An input that failed before, and the case that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The case's id.
    pub case: String,
    /// The profile.
    pub profile: String,
    /// The name of the target that failed.
    pub target: String,
    /// The input.
    pub input: SavedInput,
}

/// How one case of one subject ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Which.
    pub planned: Planned,
    /// How.
    pub verdict: Verdict,
    /// How long it took.
    pub wall: Duration,
}

/// What happens in a run, as it happens: cases end in any order.
#[derive(Debug)]
pub enum Event<'a> {
    /// A case began.
    Started(Planned),
    /// A case ended.
    Finished(&'a Outcome),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: Seed(1),
            property_cases: PROPERTY_CASES,
            jobs: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            time_box: None,
            saved: Vec::new(),
            replay: None,
            shrink_steps: SHRINK_STEPS,
            halt: Halt::default(),
        }
    }
}

/// Run what is planned here, and give how each case ended, in the order of the plan: those that ended before the run
/// was halted, if it was.
pub fn run(
    subjects: &[Arc<dyn Subject>],
    plan: &Plan,
    options: &Options,
    mut tell: impl FnMut(Event<'_>),
) -> Vec<Outcome> {
    let (sender, receiver) = channel();
    options.halt.tell(sender.clone());
    let mut dispatcher = Dispatcher {
        subjects,
        options,
        sender,
        running: BTreeMap::new(),
        ended: BTreeMap::new(),
        is_halted: options.halt.is_halted(),
    };
    let mut waiting = plan.here().enumerate().peekable();
    while !dispatcher.is_halted && (waiting.peek().is_some() || !dispatcher.running.is_empty()) {
        while dispatcher.running.len() < options.jobs.get() {
            let Some((number, planned)) = waiting.next() else {
                break;
            };
            tell(Event::Started(planned));
            dispatcher.begin(number, planned, &mut tell);
        }
        // Where none could begin there is nothing to wait for.
        if !dispatcher.running.is_empty() {
            dispatcher.wait(&receiver, &mut tell);
        }
    }
    dispatcher.ended.into_values().collect()
}

struct Dispatcher<'a> {
    subjects: &'a [Arc<dyn Subject>],
    options: &'a Options,
    sender: Sender<Told>,
    running: BTreeMap<usize, Running>,
    ended: BTreeMap<usize, Outcome>,
    is_halted: bool,
}

/// What the dispatcher is told.
enum Told {
    /// How the case of this number ended.
    Ended(usize, Verdict),
    /// To end the run.
    Halt,
}

struct Running {
    planned: Planned,
    context: Context,
    began: Instant,
    /// When something has to be done about it.
    due: Instant,
}

impl Dispatcher<'_> {
    fn begin(&mut self, number: usize, planned: Planned, tell: &mut impl FnMut(Event<'_>)) {
        let subject = &self.subjects[planned.subject];
        let context = self.context(subject.as_ref(), planned);
        let began = Instant::now();
        let due = context.until();
        let running = Running {
            planned,
            context: context.clone(),
            began,
            due,
        };
        self.running.insert(number, running);
        let (subject, sender) = (Arc::clone(subject), self.sender.clone());
        let replay = self.options.replay.clone();
        let spawned = thread::Builder::new()
            .name(context.case().id.to_owned())
            .spawn(move || {
                let judged = catch_unwind(AssertUnwindSafe(|| match &replay {
                    Some(input) => subject.replay(planned.case, &context, input),
                    None => subject.judge(planned.case, &context),
                }));
                let verdict = judged.unwrap_or_else(|panic| Verdict::HarnessFault {
                    message: bounded(&format!("the case panicked: {}", said(&*panic)), REASON_BYTES),
                });
                // A dispatcher that is gone has left this case behind.
                let _ = sender.send(Told::Ended(number, verdict));
            });
        if let Err(error) = spawned {
            let message = format!("no thread could be started for it: {error}");
            self.end(number, Verdict::HarnessFault { message }, tell);
        }
    }

    fn context(&self, subject: &dyn Subject, planned: Planned) -> Context {
        let case = subject.case(planned.case).clone();
        let profile = subject.about().profile.clone();
        let saved = self.options.saved.iter();
        let saved = saved.filter(|saved| saved.is_for(case.id, subject.about()));
        let saved: Vec<SavedInput> = saved.map(|saved| saved.input.clone()).collect();
        let inputs = self
            .options
            .property_cases
            .saturating_add(u32::try_from(saved.len()).unwrap_or(u32::MAX));
        let options = ContextOptions {
            shrink_steps: self.options.shrink_steps,
            seed: self.options.seed.of_case(case.id),
            property_cases: self.options.property_cases,
            time_box: self
                .options
                .time_box
                .unwrap_or_else(|| case.kind.time_box(inputs, subject.pace())),
            profile,
            saved,
        };
        Context::new(case, options)
    }

    /// Wait until a case ends, its time is over, or the run's is.
    fn wait(&mut self, receiver: &Receiver<Told>, tell: &mut impl FnMut(Event<'_>)) {
        let now = Instant::now();
        let due = self
            .running
            .values()
            .map(|running| running.due)
            .min()
            .unwrap_or(now);
        match receiver.recv_timeout(due.saturating_duration_since(now)) {
            // One that was left behind has its verdict already.
            Ok(Told::Ended(number, _)) if !self.running.contains_key(&number) => {}
            Ok(Told::Ended(number, verdict)) => self.end(number, verdict, tell),
            Ok(Told::Halt) => self.leave_all(),
            // The dispatcher holds a sender itself.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.end_overdue(tell),
        }
    }

    fn end_overdue(&mut self, tell: &mut impl FnMut(Event<'_>)) {
        let now = Instant::now();
        let mut left_behind = Vec::new();
        for (number, running) in self.running.iter_mut().filter(|(_, running)| running.due <= now) {
            if running.context.is_interrupted() {
                left_behind.push(*number);
            } else {
                running.context.interrupt();
                running.due = Instant::now() + LETTING_GO;
            }
        }
        for number in left_behind {
            let context = self.running[&number].context.clone();
            let verdict = context.overtime().verdict(|finding| context.evidence(finding));
            self.end(number, verdict, tell);
        }
    }

    /// The run is over: what runs is told to end, and how it does means nothing.
    fn leave_all(&mut self) {
        self.is_halted = true;
        for running in std::mem::take(&mut self.running).into_values() {
            running.context.interrupt();
        }
    }

    fn end(&mut self, number: usize, verdict: Verdict, tell: &mut impl FnMut(Event<'_>)) {
        let Some(running) = self.running.remove(&number) else {
            return;
        };
        let outcome = Outcome {
            planned: running.planned,
            verdict,
            wall: running.began.elapsed(),
        };
        tell(Event::Finished(&outcome));
        self.ended.insert(number, outcome);
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("nothing that can be shown")
}

mod halt;
#[cfg(test)]
mod tests;
