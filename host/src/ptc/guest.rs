//! One live engine, and the only place that enters it: under a deadline, on a stack that holds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{Linker, TypedFunc};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

use super::ended::Ended;
use super::interpreter::{Interpreter, InterpreterError};
use super::surroundings::Surroundings;
use super::wit::{self, Answer, Output, Step};
use crate::Limits;
use crate::engine::{Cancel, Deadline, Meter};
use crate::limits::{HOST_STACK_BYTES, INTERPRETER_STACK_BYTES, PtcLimits};

/// How long an engine may take to start. A language runtime with its library takes a millisecond.
const START_TIME: Duration = Duration::from_secs(10);

/// The state of an engine's imports and bounds.
#[derive(Debug)]
pub(super) struct StoreData {
    meter: Meter,
    deadline: Deadline,
    cancel: Cancel,
    printed: Printed,
    surroundings: Arc<dyn Surroundings>,
}

/// What the code of a run has printed.
#[derive(Debug, Default)]
pub(super) struct Printed {
    pub(super) stdout: String,
    pub(super) stderr: String,
    limit: usize,
}

/// A live engine.
pub(super) struct Guest {
    store: Store<StoreData>,
    run: TypedFunc<(String, Vec<String>), (Step,)>,
    resume: TypedFunc<(Vec<Answer>,), (Step,)>,
    abandon: TypedFunc<(), ()>,
}

/// When a run is to be over, and how long it was to take.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunTime {
    pub(super) began: Instant,
    pub(super) limit: Duration,
}

impl RunTime {
    pub(super) fn over(self) -> Instant {
        self.began + self.limit
    }
}

impl Guest {
    pub(super) fn new(
        interpreter: &Interpreter,
        limits: &PtcLimits,
        surroundings: Arc<dyn Surroundings>,
        cancel: Cancel,
    ) -> Result<Self, InterpreterError> {
        let mut bounds = Limits::of_interpreter();
        bounds.memory_bytes = limits.memory_bytes;
        let data = StoreData {
            meter: Meter::new(bounds),
            // Whoever cancels means the run: it ends as soon as it is entered, with an envelope.
            deadline: Deadline::new(
                interpreter.engine().clock(),
                Cancel::default(),
                START_TIME,
                Instant::now(),
            ),
            cancel,
            printed: Printed::default(),
            surroundings,
        };
        let mut store = Store::new(interpreter.engine().wasmtime(), data);
        store.limiter(|data| &mut data.meter);
        store.epoch_deadline_callback(|store| {
            store.data().deadline.tick()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let start = |error: wasmtime::Error| InterpreterError::Start(Ended::of(&error).to_string());
        let instance = enter(&mut store, |store| interpreter.pre().instantiate(store)).map_err(start)?;
        let world = |error: wasmtime::Error| InterpreterError::World(format!("{error:#}"));
        Ok(Self {
            run: instance.get_typed_func(&mut store, "run").map_err(world)?,
            resume: instance.get_typed_func(&mut store, "resume").map_err(world)?,
            abandon: instance.get_typed_func(&mut store, "abandon").map_err(world)?,
            store,
        })
    }

    pub(super) fn run(
        &mut self,
        code: &str,
        tools: &[String],
        time: RunTime,
        output_bytes: usize,
    ) -> Result<Step, Ended> {
        let data = self.store.data_mut();
        data.deadline.renew(data.cancel.clone(), time.limit, time.began);
        data.printed = Printed {
            limit: output_bytes,
            ..Printed::default()
        };
        let params = (code.to_owned(), tools.to_vec());
        let run = &self.run;
        enter(&mut self.store, |store| run.call(store, params))
            .map(|(step,)| step)
            .map_err(|error| Ended::of(&error))
    }

    pub(super) fn resume(&mut self, answers: Vec<Answer>) -> Result<Step, Ended> {
        let resume = &self.resume;
        enter(&mut self.store, |store| resume.call(store, (answers,)))
            .map(|(step,)| step)
            .map_err(|error| Ended::of(&error))
    }

    /// Give up what is paused. It gets a time of its own: the run's may be over.
    pub(super) fn abandon(&mut self) -> Result<(), Ended> {
        let deadline = &mut self.store.data_mut().deadline;
        deadline.renew(Cancel::default(), START_TIME, Instant::now());
        let abandon = &self.abandon;
        enter(&mut self.store, |store| abandon.call(store, ())).map_err(|error| Ended::of(&error))
    }

    /// What the run has printed so far.
    pub(super) fn printed(&mut self) -> &mut Printed {
        &mut self.store.data_mut().printed
    }

    /// Bytes of memory that the engine has taken.
    pub(super) fn memory_bytes(&self) -> usize {
        self.store.data().meter.memory_bytes()
    }
}

/// Define the world's own imports. What comes with a language's runtime is the matter of `wasi`.
pub(super) fn link(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    type Context<'a> = StoreContextMut<'a, StoreData>;

    let mut host = linker.instance(wit::HOST)?;
    host.func_wrap("write", |mut store: Context<'_>, (to, text): (Output, String)| {
        store.data_mut().printed.write(to, &text)?;
        Ok(())
    })?;
    host.func_wrap("now", |store: Context<'_>, (): ()| {
        Ok((store.data().surroundings.now(),))
    })?;
    host.func_wrap("random", |store: Context<'_>, (): ()| {
        Ok((store.data().surroundings.random(),))
    })
}

impl StoreData {
    pub(super) fn surroundings(&self) -> &dyn Surroundings {
        &*self.surroundings
    }
}

impl Printed {
    /// What is within the limit is kept, also of a text that goes past it.
    fn write(&mut self, to: Output, text: &str) -> Result<(), Ended> {
        let room = self.limit - (self.stdout.len() + self.stderr.len());
        let kept = &text[..text.floor_char_boundary(room)];
        match to {
            Output::Stdout => self.stdout.push_str(kept),
            Output::Stderr => self.stderr.push_str(kept),
        }
        if kept.len() < text.len() {
            return Err(Ended::Output { limit: self.limit });
        }
        Ok(())
    }
}

fn enter<R>(
    store: &mut Store<StoreData>,
    run: impl FnOnce(&mut Store<StoreData>) -> wasmtime::Result<R>,
) -> wasmtime::Result<R> {
    // Also before the first instruction: code that is short may never meet a tick.
    store.data().deadline.check(Instant::now())?;
    store.set_epoch_deadline(1);
    store.data().deadline.watch();
    let stack = INTERPRETER_STACK_BYTES + HOST_STACK_BYTES;
    stacker::maybe_grow(stack, stack, || run(store))
}
