//! What a case is given: its seed, its time box, and a transcript to write down what is said.
//!
//! Cloning is cheap: the runner keeps one, to end a case whose time is over.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Case;
use crate::limits::{CAUSE_BYTES, HANGS_AFTER, STEPS, TEXT_BYTES};
use crate::text::bounded;
use crate::verdict::{Evidence, Finding, Step, Stop, Way};

/// What a case is given.
#[derive(Clone)]
pub struct Context {
    shared: Arc<Shared>,
}

struct Shared {
    case: Case,
    profile: String,
    seed: [u8; 32],
    property_cases: u32,
    saved: Vec<SavedInput>,
    shrink_steps: u32,
    time_box: Duration,
    until: Instant,
    interrupted: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: Steps,
    hooks: Vec<(u64, Hook)>,
    hooks_made: u64,
    /// What the target was being waited for, and long, when the time was over.
    waited_for: Option<String>,
    /// What is kept for the lives that follow, and how it is with that.
    kept: Vec<Box<dyn Any + Send>>,
    alone: bool,
    used_again: bool,
}

type Hook = Box<dyn FnOnce() + Send>;

/// The first and the last steps since the transcript began.
#[derive(Default)]
struct Steps {
    first: Vec<Step>,
    last: std::collections::VecDeque<Step>,
    left_out: u64,
    waiting_for: Option<(String, Instant)>,
    /// What asking the target once more costs, by what happened.
    cost: Cost,
    /// How the target broke.
    broke: Option<String>,
}

/// What it costs to try another input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cost {
    /// A call.
    #[default]
    Call,
    /// The start of a process.
    Start,
    /// All the time that a call has.
    Patience,
}

/// An input that failed before, to be played before any is made up.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedInput {
    /// The name of the file that it is from.
    pub name: String,
    /// The input.
    pub input: Value,
}

/// How a context is made.
pub struct ContextOptions {
    /// The profile.
    pub profile: String,
    /// The seed of this case.
    pub seed: [u8; 32],
    /// How many inputs are made up for a property.
    pub property_cases: u32,
    /// Inputs that come before those.
    pub saved: Vec<SavedInput>,
    /// How long the case may take.
    pub time_box: Duration,
    /// Most attempts at a smaller input that fails as well.
    pub shrink_steps: u32,
}

/// Keeps a hook in place; dropping it takes the hook away.
#[must_use = "the hook is taken away when this is dropped"]
pub struct OnInterrupt {
    context: Context,
    number: Option<u64>,
}

impl Context {
    /// A context whose time begins now.
    #[must_use]
    pub fn new(case: Case, options: ContextOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                case,
                profile: options.profile,
                seed: options.seed,
                property_cases: options.property_cases,
                saved: options.saved,
                shrink_steps: options.shrink_steps,
                time_box: options.time_box,
                until: Instant::now() + options.time_box,
                interrupted: AtomicBool::new(false),
                state: Mutex::default(),
            }),
        }
    }

    /// The case.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.shared.case
    }

    /// The profile that the target is held to.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.shared.profile
    }

    /// The case's own seed.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.shared.seed
    }

    /// How many inputs are made up for a property.
    #[must_use]
    pub fn property_cases(&self) -> u32 {
        self.shared.property_cases
    }

    pub(crate) fn shrink_steps(&self) -> u32 {
        self.shared.shrink_steps
    }

    pub(crate) fn saved(&self) -> &[SavedInput] {
        &self.shared.saved
    }

    /// How long the case may still take.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.until().saturating_duration_since(Instant::now())
    }

    pub(crate) fn until(&self) -> Instant {
        self.shared.until
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::Acquire)
    }

    /// Write down what goes to the target. Until something comes back it is the target that is waited for.
    pub fn sent(&self, what: &str, text: &str) {
        let mut state = self.state();
        state.steps.waiting_for = Some((what.to_owned(), Instant::now()));
        state.steps.push(Way::Sent, what, text);
    }

    /// Write down what came back.
    pub fn got(&self, what: &str, text: &str) {
        let mut state = self.state();
        state.steps.waiting_for = None;
        state.steps.push(Way::Got, what, text);
    }

    /// Write down something else that helps to understand a failure.
    pub fn note(&self, text: &str) {
        self.state().steps.push(Way::Note, text, "");
    }

    /// Write down that the target did not answer in the time that it has.
    pub fn hung(&self) {
        self.costs(Cost::Patience);
    }

    /// Write down that the target broke, and how. What breaks further is of the same cause.
    pub(crate) fn broke(&self, how: &str) {
        let end = how.floor_char_boundary(CAUSE_BYTES);
        self.state()
            .steps
            .broke
            .get_or_insert_with(|| how[..end].to_owned());
    }

    pub(crate) fn costs(&self, cost: Cost) {
        let mut state = self.state();
        state.steps.cost = state.steps.cost.max(cost);
    }

    /// What it cost to see what was seen since the transcript began.
    pub(crate) fn cost(&self) -> Cost {
        self.state().steps.cost
    }

    /// Begin the transcript anew: another input is tried.
    pub(crate) fn begin_transcript(&self) {
        let mut state = self.state();
        state.steps = Steps::default();
        state.used_again = false;
    }

    /// Keep something of one life for those that follow in this case. It ends with the case.
    pub(crate) fn keep(&self, it: impl Any + Send) {
        self.state().kept.push(Box::new(it));
    }

    /// What an earlier life of this case kept, unless the input is tried alone.
    pub(crate) fn kept<K: Any>(&self) -> Option<K> {
        let mut state = self.state();
        if state.alone {
            return None;
        }
        let place = state.kept.iter().rposition(|kept| kept.is::<K>())?;
        let kept = state.kept.remove(place).downcast().ok()?;
        state.used_again = true;
        Some(*kept)
    }

    /// From here on every input is tried alone: no life finds anything that an earlier one kept. Whether any did since
    /// the transcript began.
    pub(crate) fn alone(&self) -> bool {
        let mut state = self.state();
        state.alone = true;
        std::mem::take(&mut state.used_again)
    }

    /// What shows a failure, with the transcript so far.
    pub(crate) fn evidence(&self, finding: Finding) -> Evidence {
        let state = self.state();
        let broke = state.steps.broke.as_ref();
        Evidence {
            broke: broke
                .filter(|broke| finding.seen.contains(broke.as_str()))
                .cloned(),
            finding,
            input: None,
            regression: None,
            steps: state
                .steps
                .first
                .iter()
                .chain(&state.steps.last)
                .cloned()
                .collect(),
            steps_left_out: state.steps.left_out,
        }
    }

    /// Have `hook` called when the time is over, from another thread: to end the target, so that a call that waits
    /// for it returns. It is called at once where the time is over already.
    pub fn on_interrupt(&self, hook: impl FnOnce() + Send + 'static) -> OnInterrupt {
        let mut state = self.state();
        let mut number = None;
        if self.is_interrupted() {
            drop(state);
            hook();
        } else {
            state.hooks_made += 1;
            number = Some(state.hooks_made);
            let made = state.hooks_made;
            state.hooks.push((made, Box::new(hook)));
        }
        OnInterrupt {
            context: self.clone(),
            number,
        }
    }

    /// The time is over: end what the case waits for.
    pub(crate) fn interrupt(&self) {
        let hooks = {
            let mut state = self.state();
            // Under the lock, so that no hook comes too late to be called here and too early to call itself.
            self.shared.interrupted.store(true, Ordering::Release);
            // A target that answers, however slowly, does not hang.
            let long = (self.shared.time_box / 2).min(HANGS_AFTER);
            let waiting = state.steps.waiting_for.take();
            state.waited_for = waiting
                .filter(|(_, since)| since.elapsed() >= long)
                .map(|(what, _)| what);
            std::mem::take(&mut state.hooks)
        };
        for (_, hook) in hooks {
            hook();
        }
    }

    /// Why a case ended whose time was over. The target is to blame only where it hangs.
    pub(crate) fn overtime(&self) -> Stop {
        let time_box = self.shared.time_box;
        match &self.state().waited_for {
            Some(what) => Stop::fail(
                format!("an answer to `{what}` within {time_box:?}, the time of a case"),
                "none",
            ),
            None => Stop::CouldNotRun(format!(
                "its time, {time_box:?}, was over though nothing hangs: the machine is too slow for so many inputs"
            )),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave the state half changed.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Steps {
    fn push(&mut self, way: Way, what: &str, text: &str) {
        let step = Step {
            way,
            what: bounded(what, TEXT_BYTES),
            text: bounded(text, TEXT_BYTES),
        };
        if self.first.len() < STEPS / 2 {
            self.first.push(step);
            return;
        }
        self.last.push_back(step);
        if self.last.len() > STEPS / 2 {
            self.last.pop_front();
            self.left_out += 1;
        }
    }
}

impl Drop for OnInterrupt {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.context.state().hooks.retain(|(other, _)| *other != number);
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("case", &self.shared.case.id)
            .field("profile", &self.shared.profile)
            .finish_non_exhaustive()
    }
}
