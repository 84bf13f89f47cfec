//! One live instance, and the only place that enters guest code.
//!
//! Every entry has a budget of instructions, a deadline, a stack that holds it, and leaves measures behind.
//! This file knows how to enter and what ended a run; when to enter, and what an answer means, is the
//! business of `instance`.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use wasmtime::component::{Func, Instance, TypedFunc};
use wasmtime::{Store, UpdateDeadline, WasmCoreDump};

use super::answer::Answer;
use super::export::{Call, Export, Start};
use super::fault::{Bounds, Cause, Fault, trace_of};
use super::{CallError, Entry, GuestLog, Plugin, Sampler};
use crate::component::World;
use crate::engine::{Cancel, Deadline, Meter};
use crate::imports::{Access, ImportsCtx, ImportsView, Patience};
use crate::limits::{HOST_STACK_BYTES, guest_stack_bytes};

/// What a call took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Measures {
    /// What was called.
    pub entry: Entry,
    /// Wall time in the guest and the host calls it made, in microseconds.
    #[serde(rename = "wall_us", serialize_with = "crate::text::micros")]
    #[schemars(with = "f64")]
    pub wall: Duration,
    /// Instructions, in wasmtime's fuel. Of a call that ended without an answer, a lower bound: what the
    /// guest had counted when it last entered or left a function.
    pub fuel: u64,
    /// Bytes of linear memory after the call. Memory never shrinks: this is the peak as well.
    pub memory_bytes: usize,
    /// Bytes handed over.
    pub input_bytes: usize,
    /// Bytes answered, whatever they were worth; `None` where there was no answer.
    pub output_bytes: Option<usize>,
    /// Host calls made.
    pub host_calls: u64,
}

impl Measures {
    /// Before the guest is entered.
    pub(super) fn begin(entry: Entry, input_bytes: usize) -> Self {
        Self {
            entry,
            wall: Duration::ZERO,
            fuel: 0,
            memory_bytes: 0,
            input_bytes,
            output_bytes: None,
            host_calls: 0,
        }
    }
}

/// The state that the engine and the imports keep in a store.
#[derive(Debug)]
pub(super) struct StoreData {
    meter: Meter,
    deadline: Deadline,
    imports: ImportsCtx,
    sampler: Option<Sampler>,
}

impl ImportsView for StoreData {
    fn imports(&mut self) -> &mut ImportsCtx {
        &mut self.imports
    }
}

/// A live instance.
pub(super) struct Guest {
    plugin: Plugin,
    store: Store<StoreData>,
    functions: Functions,
    /// Instructions left of a budget that the next entry shares.
    carried: Option<u64>,
}

/// How long a guest may run. It is usually the plugin's limit; a profile may judge lateness by itself.
#[derive(Debug, Clone)]
pub(super) struct Clockwork {
    pub(super) cancel: Cancel,
    pub(super) timeout: Duration,
}

impl Guest {
    /// Instantiate the plugin. With `share_budget`, the next entry goes on with what is left of the
    /// instructions, else it gets its own.
    pub(super) fn new(
        plugin: &Plugin,
        clockwork: Clockwork,
        access: &Access,
        share_budget: bool,
    ) -> Result<(Self, Measures), CallError> {
        let mut measures = Measures::begin(Entry::Instantiate, 0);
        let began = Instant::now();
        let Clockwork { cancel, timeout } = clockwork;
        let deadline = Deadline::new(plugin.engine().clock(), cancel.clone(), timeout, began);
        let mut imports = ImportsCtx::new(plugin.profile(), access.clone());
        imports.begin(Patience::new(cancel, deadline.at()));
        let data = StoreData {
            meter: Meter::new(plugin.limits().clone()),
            deadline,
            imports,
            sampler: None,
        };
        let mut store = Store::new(plugin.engine().wasmtime(), data);
        store.limiter(|data| &mut data.meter);
        store.epoch_deadline_callback(|store| {
            store.data().deadline.tick()?;
            let Some(sampler) = store.data().sampler.clone() else {
                return Ok(UpdateDeadline::Continue(1));
            };
            sampler.checkpoint(&store, store.get_fuel()?);
            // Over at once, so that the next checkpoint is one as well.
            Ok(UpdateDeadline::Continue(0))
        });
        let budget = plugin.limits().fuel;
        let made = enter(plugin, &mut store, budget, began, |store| {
            plugin.pre().instantiate(store)
        });
        measures.wall = began.elapsed();
        let left = store.get_fuel().unwrap_or(0);
        measures.fuel = budget - left;
        measures.memory_bytes = store.data().meter.memory_bytes();
        match made {
            Ok(instance) => {
                let guest = Self {
                    plugin: plugin.clone(),
                    store,
                    functions: Functions { instance, last: None },
                    carried: share_budget.then_some(left),
                };
                Ok((guest, measures))
            }
            Err(error) => Err(fault(plugin, &store, Entry::Instantiate, budget, &error).into()),
        }
    }

    /// Call an export. The measures hold whether it answers or not.
    pub(super) fn call<E: Export>(
        &mut self,
        params: E::Params<'_>,
        measures: &mut Measures,
    ) -> Result<E::Answer, CallError> {
        let Some(function) = self.functions.get::<E>(&self.plugin, &mut self.store) else {
            let world = self.plugin.world();
            return Err(CallError::NoExport {
                entry: E::ENTRY,
                world,
            });
        };
        let budget = self.carried.take().unwrap_or(self.plugin.limits().fuel);
        let began = Instant::now();
        let data = self.store.data_mut();
        data.deadline.begin(began);
        data.imports.begin_until(data.deadline.at());
        if let Some(sampler) = &data.sampler {
            sampler.begin(budget);
        }
        let answer = enter(&self.plugin, &mut self.store, budget, began, |store| {
            function.call(store, params)
        });
        measures.wall = began.elapsed();
        measures.fuel = budget - self.store.get_fuel().unwrap_or(0);
        let data = self.store.data();
        if let Some(sampler) = &data.sampler {
            sampler.end(measures.fuel);
        }
        measures.memory_bytes = data.meter.memory_bytes();
        measures.host_calls = data.imports.count();
        match answer {
            Ok((answer,)) => {
                measures.output_bytes = Some(answer.bytes());
                Ok(answer)
            }
            Err(error) => Err(fault(&self.plugin, &self.store, E::ENTRY, budget, &error).into()),
        }
    }

    /// Sample the calls from now on, or no more.
    pub(super) fn sample(&mut self, sampler: Option<Sampler>) {
        self.store.data_mut().sampler = sampler;
    }

    /// The imports' state, with the calls of the last entry.
    pub(super) fn imports(&self) -> &ImportsCtx {
        &self.store.data().imports
    }

    /// End the instance and read what it printed.
    ///
    /// A component's memory can be looked at only through the core dump of a trap. So the guest is entered
    /// once more without a single instruction to spend: it traps before it does anything.
    pub(super) fn into_log(mut self) -> Option<GuestLog> {
        let error = match self.plugin.world() {
            World::Tool => self.die::<Call>(("", "")),
            World::Instance => self.die::<Start>(("",)),
        };
        log_of(&self.store, &error?)
    }

    fn die<E: Export>(&mut self, params: E::Params<'_>) -> Option<wasmtime::Error> {
        let function = self.functions.get::<E>(&self.plugin, &mut self.store)?;
        let died = enter(&self.plugin, &mut self.store, 0, Instant::now(), |store| {
            function.call(store, params)
        });
        died.err()
    }
}

/// What can be called of an instance. Who calls often calls the same: it is looked up, and its type checked, once.
struct Functions {
    instance: Instance,
    last: Option<(Entry, Func)>,
}

impl Functions {
    fn get<'a, E: Export>(
        &mut self,
        plugin: &Plugin,
        store: &mut Store<StoreData>,
    ) -> Option<TypedFunc<E::Params<'a>, (E::Answer,)>> {
        if let Some((known, function)) = self.last
            && known == E::ENTRY
        {
            #[expect(
                unsafe_code,
                reason = "to check the type again takes as long as to copy the input in"
            )]
            // SAFETY: it was checked for this very export when it became the last, just below; an entry is that of one
            // export only, and a check does not see lifetimes.
            return Some(unsafe { TypedFunc::new_unchecked(function) });
        }
        let index = plugin.exports().get(E::ENTRY)?;
        let function = self.instance.get_func(&mut *store, index)?;
        // The preflight has compared the types: this is but how wasmtime is told so.
        let typed = function.typed(&*store).ok()?;
        self.last = Some((E::ENTRY, function));
        Some(typed)
    }
}

/// Enter the guest at `now`: with a budget, under the clock, on a stack that holds it.
fn enter<R>(
    plugin: &Plugin,
    store: &mut Store<StoreData>,
    budget: u64,
    now: Instant,
    run: impl FnOnce(&mut Store<StoreData>) -> wasmtime::Result<R>,
) -> wasmtime::Result<R> {
    // Also before the first instruction: a guest that is short may never meet a tick.
    store.data().deadline.check(now)?;
    store.set_fuel(budget)?;
    // A guest that is sampled stops at every checkpoint.
    store.set_epoch_deadline(u64::from(store.data().sampler.is_none()));
    store.data().deadline.watch();
    // The guest may use this much from here on, whatever the thread has left: a thread that has less gets a
    // second stack for the time of the call.
    let stack = guest_stack_bytes(plugin.profile()) + HOST_STACK_BYTES;
    stacker::maybe_grow(stack, stack, || run(store))
}

fn fault(
    plugin: &Plugin,
    store: &Store<StoreData>,
    entry: Entry,
    fuel: u64,
    error: &wasmtime::Error,
) -> Fault {
    let log = log_of(store, error);
    let bounds = Bounds {
        entry,
        fuel,
        stack: guest_stack_bytes(plugin.profile()),
    };
    let cause = Cause::of(error, bounds, log.as_ref());
    Fault {
        entry,
        trace: trace_of(error, &cause),
        cause,
        log,
    }
}

fn log_of(store: &Store<StoreData>, error: &wasmtime::Error) -> Option<GuestLog> {
    let dump = error.downcast_ref::<WasmCoreDump>()?;
    dump.memories()
        .iter()
        .find_map(|memory| GuestLog::find(memory.data(store)))
}
