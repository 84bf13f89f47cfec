//! Where a guest spends its instructions.
//!
//! The engine gives a guest's code checkpoints, at the beginning of every function and at every turn of a loop, by
//! which a deadline is noticed. A sampled guest is stopped at each of them. What it has spent is known exactly
//! whenever it calls or leaves a function, so that between two checkpoints lies a *stretch* of which is known how many
//! instructions it took, and where the guest was when it began. Samples are stretches. Nothing here depends on the
//! clock: the same call gives the same samples.
//!
//! What is not known is where a stretch ended that began in a function which then returned: what the caller does from
//! there to its next checkpoint is counted for that function.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::{AsContext, WasmBacktrace};

use super::fault::name_of;
use crate::limits::{SAMPLE_MARGIN, SAMPLE_SEEN, SAMPLE_TURN};

/// Samples the calls of an instance. Cloned freely; all clones share what was found.
#[derive(Debug, Clone)]
pub struct Sampler {
    shared: Arc<Mutex<State>>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// The functions that were met.
    pub functions: Vec<Function>,
    /// The stacks that were met, each the numbers of its functions, outermost first. One that is deeper than what is
    /// kept lacks its outermost functions.
    pub stacks: Vec<Vec<usize>>,
    /// In order: where the guest was, as the number of a stack, and the instructions that count for it.
    pub samples: Vec<(usize, u64)>,
    /// Instructions of all sampled calls: the sum of the samples.
    pub fuel: u64,
    /// Of these, those for which it was not known where their stretch began: they count for where it ended, and at the
    /// end of a call for where the last sample was.
    pub late: u64,
    /// Instructions from one sample to the next at last. 1 where every stretch is a sample.
    pub period: u64,
}

/// A function of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name, or its number where it has none.
    pub name: String,
    /// Whether the component has a name for it.
    pub named: bool,
    /// The core module that it is in, where that has a name.
    pub module: Option<String>,
}

/// What tells functions apart: where the module keeps its name, the function's number, and where it begins. A module
/// lives as long as the engine that is sampled, and to copy its name for each frame of a deep stack takes longer than
/// all else.
type Key = (Option<usize>, u32, Option<usize>);

#[derive(Debug)]
struct State {
    found: Samples,
    functions: HashMap<Key, usize>,
    stacks: HashMap<Vec<usize>, usize>,
    random: fastrand::Rng,
    /// Functions on the stacks that were looked at, since the period was doubled.
    seen: u64,
    /// What the call under way may spend, and what all calls before it had.
    budget: u64,
    before: u64,
    /// What all calls had spent when the stretch under way began. It does not matter where one call ends and the next
    /// begins: who sampled anew with each of them would meet the same part of each.
    spent: u64,
    /// How often a loop has gone round in this stretch.
    turns: u64,
    /// What had been spent at the last sample.
    sampled: u64,
    /// From when on the next stretch that ends is a sample.
    next: u64,
    /// Where the stretch under way began, if that was looked at.
    here: Option<usize>,
}

impl Sampler {
    /// A sample every `period` instructions or so, 1 for every stretch. The interval is drawn by lot each time, always
    /// in the same way, so that it does not beat with a loop of the guest's. It is doubled whenever many samples were
    /// taken, so that long calls end as well.
    #[must_use]
    pub fn new(period: u64) -> Self {
        let found = Samples {
            period: period.max(1),
            ..Samples::default()
        };
        let mut state = State {
            found,
            functions: HashMap::new(),
            stacks: HashMap::new(),
            random: fastrand::Rng::with_seed(0),
            seen: 0,
            budget: 0,
            before: 0,
            spent: 0,
            turns: 0,
            sampled: 0,
            next: 0,
            here: None,
        };
        state.draw();
        Self {
            shared: Arc::new(Mutex::new(state)),
        }
    }

    /// What was found until now. What was spent since the last sample counts for where that was.
    #[must_use]
    pub fn samples(&self) -> Samples {
        let mut state = self.state();
        let mut found = state.found.clone();
        let rest = state.spent - state.sampled;
        found.fuel += rest;
        match found.samples.last_mut() {
            _ if rest == 0 => {}
            Some((_, fuel)) => *fuel += rest,
            None => {
                let nowhere = state.stack(Vec::new());
                found.stacks.clone_from(&state.found.stacks);
                found.samples.push((nowhere, rest));
            }
        }
        found
    }

    /// A call begins that may spend so much.
    pub(super) fn begin(&self, budget: u64) {
        let mut state = self.state();
        state.budget = budget;
        state.before = state.spent;
        state.turns = 0;
        state.here = None;
    }

    /// The guest is at a checkpoint.
    pub(super) fn checkpoint(&self, store: impl AsContext, left: u64) {
        let mut state = self.state();
        let spent = state.before + state.budget.saturating_sub(left);
        if spent == state.spent {
            // A loop goes round: the stretch goes on. It is looked at once it may be so long that a sample falls into it.
            state.turns += 1;
            if state.here.is_none() && state.turns.saturating_mul(SAMPLE_TURN) >= state.due_in() {
                state.here = Some(state.look(store));
            }
            return;
        }
        if spent >= state.next {
            let place = match state.here {
                Some(here) => here,
                None => {
                    state.found.late += spent - state.sampled;
                    state.look(&store)
                }
            };
            state.sample(place, spent);
        }
        state.spent = spent;
        state.turns = 0;
        state.here = (state.due_in() <= SAMPLE_MARGIN).then(|| state.look(store));
    }

    /// The call is over, and has spent so much.
    pub(super) fn end(&self, spent: u64) {
        let mut state = self.state();
        let spent = state.before + spent;
        if spent >= state.next {
            let place = state.here.or_else(|| {
                state.found.late += spent - state.sampled;
                state.found.samples.last().map(|(stack, _)| *stack)
            });
            let place = place.unwrap_or_else(|| state.stack(Vec::new()));
            state.sample(place, spent);
        }
        state.spent = spent;
        state.here = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How many instructions there are from the beginning of the stretch under way until a sample is due.
    fn due_in(&self) -> u64 {
        self.next.saturating_sub(self.spent)
    }

    /// All that was spent since the last sample counts for this place.
    fn sample(&mut self, place: usize, spent: u64) {
        let weight = spent - self.sampled;
        self.found.fuel += weight;
        match self.found.samples.last_mut() {
            Some((last, fuel)) if *last == place => *fuel += weight,
            _ => self.found.samples.push((place, weight)),
        }
        self.sampled = spent;
        self.draw();
    }

    /// Draw when the next sample is due: between half the period and one and a half of it.
    fn draw(&mut self) {
        let period = self.found.period;
        self.next = self.sampled + period / 2 + self.random.u64(0..period) + 1;
    }

    /// Where the guest is.
    fn look(&mut self, store: impl AsContext) -> usize {
        let trace = WasmBacktrace::force_capture(store);
        self.seen += trace.frames().len() as u64;
        if self.seen > SAMPLE_SEEN {
            self.seen = 0;
            // Below this nearly every checkpoint would be looked at all the same.
            self.found.period = self.found.period.saturating_mul(2).max(4 * SAMPLE_MARGIN);
        }
        let mut stack = Vec::with_capacity(trace.frames().len());
        for frame in trace.frames().iter().rev() {
            let begins = frame
                .module_offset()
                .zip(frame.func_offset())
                .map(|(at, within)| at - within);
            let module = frame.module().name();
            let key = (
                module.map(|name| name.as_ptr().addr()),
                frame.func_index(),
                begins,
            );
            let number = match self.functions.get(&key) {
                Some(number) => *number,
                None => {
                    let number = self.found.functions.len();
                    self.found.functions.push(Function {
                        name: name_of(frame),
                        named: frame.func_name().is_some(),
                        module: module.map(str::to_owned),
                    });
                    self.functions.insert(key, number);
                    number
                }
            };
            stack.push(number);
        }
        self.stack(stack)
    }

    fn stack(&mut self, stack: Vec<usize>) -> usize {
        if let Some(number) = self.stacks.get(&stack) {
            return *number;
        }
        let number = self.found.stacks.len();
        self.found.stacks.push(stack.clone());
        self.stacks.insert(stack, number);
        number
    }
}
