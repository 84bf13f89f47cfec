//! A live instance of a dialect: the only place that enters one.

use std::time::Instant;

use wasmtime::component::{ComponentExportIndex, Func};
use wasmtime::{Store, Trap, UpdateDeadline};

use super::{DialectComponent, DialectError, Shared};
use crate::bridge::dialect::Answer;
use crate::engine::{Cancel, Deadline, Denied, Meter, Stopped};
use crate::limits::{
    DIALECT_ANSWER_BYTES, DIALECT_CALL_TIME, DIALECT_FUEL, DIALECT_FUEL_PER_BYTE, HOST_STACK_BYTES,
    MESSAGE_BYTES, guest_stack_bytes,
};
use crate::text::bounded;

pub(super) struct StoreData {
    meter: Meter,
    deadline: Deadline,
}

/// A live instance.
pub(super) struct Guest {
    component: DialectComponent,
    store: Store<StoreData>,
    pub(super) open: Func,
    pub(super) line: Func,
    pub(super) end: Func,
}

impl Guest {
    pub(super) fn new(component: &DialectComponent) -> Result<Self, DialectError> {
        let shared = &component.shared;
        let data = StoreData {
            meter: Meter::new(shared.limits.clone()),
            deadline: Deadline::new(
                shared.engine.clock(),
                Cancel::default(),
                DIALECT_CALL_TIME,
                Instant::now(),
            ),
        };
        let mut store = Store::new(shared.engine.wasmtime(), data);
        store.limiter(|data| &mut data.meter);
        store.epoch_deadline_callback(|store| {
            store.data().deadline.tick()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let instance = enter(shared, &mut store, DIALECT_FUEL, |store| {
            shared.pre.instantiate(store)
        })
        .map_err(|error| DialectError::Instantiate(words(&error)))?;
        let mut function = |name: &'static str, index: &ComponentExportIndex| {
            let function = instance.get_func(&mut store, index);
            let function = function.filter(|function| function.typed::<(&str,), (String,)>(&store).is_ok());
            function.ok_or(DialectError::NoExport(name))
        };
        let open = function("open", &shared.open)?;
        let line = function("line", &shared.line)?;
        let end = function("end", &shared.end)?;
        Ok(Self {
            component: component.clone(),
            store,
            open,
            line,
            end,
        })
    }

    pub(super) fn call(&mut self, function: Func, text: &str) -> Result<Answer, String> {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let budget = DIALECT_FUEL.saturating_add(length.saturating_mul(DIALECT_FUEL_PER_BYTE));
        self.store.data_mut().deadline.begin(Instant::now());
        let answer = enter(&self.component.shared, &mut self.store, budget, |store| {
            function
                .typed::<(&str,), (String,)>(&*store)?
                .call(store, (text,))
        });
        let (answer,) = answer.map_err(|error| words(&error))?;
        if answer.len() > DIALECT_ANSWER_BYTES {
            return Err(format!(
                "it answers with {} bytes, more than {DIALECT_ANSWER_BYTES}",
                answer.len()
            ));
        }
        Answer::read(&answer).map_err(|error| error.to_string())
    }
}

/// Enter the guest: with a budget, under the clock, on a stack that holds it.
fn enter<R>(
    shared: &Shared,
    store: &mut Store<StoreData>,
    budget: u64,
    run: impl FnOnce(&mut Store<StoreData>) -> wasmtime::Result<R>,
) -> wasmtime::Result<R> {
    store.set_fuel(budget)?;
    store.set_epoch_deadline(1);
    store.data().deadline.watch();
    let stack = guest_stack_bytes(shared.engine.profile()) + HOST_STACK_BYTES;
    stacker::maybe_grow(stack, stack, || run(store))
}

/// What ended a call, in words.
fn words(error: &wasmtime::Error) -> String {
    if let Some(denied) = error.downcast_ref::<Denied>() {
        return denied.to_string();
    }
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return stopped.to_string();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => "it used up its instructions".to_owned(),
        Some(trap) => format!("it trapped: {trap}"),
        None => bounded(&format!("{error:#}"), MESSAGE_BYTES).into_owned(),
    }
}
