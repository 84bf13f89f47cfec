//! Dialects of somebody else's, as components of the world `yoi:bridge/dialect`.
//!
//! A dialect is given text and gives text; it imports nothing, so nothing has to be granted. Each exchange has an
//! instance of its own, and each call a budget of instructions that goes by the length of what is handed over. What
//! goes wrong with it fails that exchange, and no other.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{ComponentExportIndex, Func, InstancePre, Linker};
use wasmtime::{Store, Trap, UpdateDeadline};

use super::broker::RuntimeBridge;
use super::dialect::{Answer, Dialect, Heard, Opening, Said};
use super::event::{BridgeFailure, FailureCode, NormalizedEvent};
use super::launch::Start;
use super::spec::{ExternalRuntimeSpec, Mode};
use crate::engine::{Cancel, Deadline, Denied, Engine, EngineError, Meter, Stopped};
use crate::limits::{
    DIALECT_ANSWER_BYTES, DIALECT_CALL_TIME, DIALECT_FUEL, DIALECT_FUEL_PER_BYTE, DIALECT_MEMORY_BYTES,
    HOST_STACK_BYTES, MESSAGE_BYTES, guest_stack_bytes,
};
use crate::text::bounded;
use crate::wire::child::{Ending, Environment, Launch};
use crate::{Limits, Profile};

/// A dialect that was compiled and linked, to be instantiated for every exchange. Cloning is cheap.
#[derive(Clone)]
pub struct DialectComponent {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    limits: Limits,
    pre: InstancePre<StoreData>,
    open: ComponentExportIndex,
    line: ComponentExportIndex,
    end: ComponentExportIndex,
}

/// Why a component is no dialect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// It does not compile.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It wants something of its host.
    #[error("a dialect has nothing but the text that it is given, and this imports {0}")]
    Imports(String),
    /// It lacks an export.
    #[error(
        "it does not export `{0}: func(string) -> string`: a dialect stands in the world yoi:bridge/dialect"
    )]
    NoExport(&'static str),
    /// It cannot be linked.
    #[error("failed to link the dialect: {0}")]
    Link(String),
    /// It cannot be instantiated.
    #[error("failed to make an instance of the dialect: {0}")]
    Instantiate(String),
}

struct StoreData {
    meter: Meter,
    deadline: Deadline,
}

impl DialectComponent {
    /// Compile and link a component. Nothing of it runs.
    ///
    /// # Errors
    ///
    /// Where it is no sound component, wants to import anything, or does not have the exports.
    pub fn load(engine: &Engine, bytes: &[u8]) -> Result<Self, DialectError> {
        let (component, _) = engine.compile(bytes)?;
        let wasmtime = engine.wasmtime();
        let wanted: Vec<String> = component
            .component_type()
            .imports(wasmtime)
            .map(|(name, _)| format!("`{}`", bounded(name, MESSAGE_BYTES)))
            .collect();
        if !wanted.is_empty() {
            return Err(DialectError::Imports(wanted.join(", ")));
        }
        let export = |name| {
            component
                .get_export_index(None, name)
                .ok_or(DialectError::NoExport(name))
        };
        let (open, line, end) = (export("open")?, export("line")?, export("end")?);
        let pre = Linker::new(wasmtime)
            .instantiate_pre(&component)
            .map_err(|error| DialectError::Link(format!("{error:#}")))?;
        let dialect = Self {
            shared: Arc::new(Shared {
                engine: engine.clone(),
                limits: Limits::of(Profile::Documented).with_memory_bytes(DIALECT_MEMORY_BYTES),
                pre,
                open,
                line,
                end,
            }),
        };
        // Whether the exports are functions of that type is seen in an instance only; better now than in the middle
        // of an exchange.
        Guest::new(&dialect)?;
        Ok(dialect)
    }

    /// The dialect for one exchange.
    ///
    /// # Errors
    ///
    /// Where there is no instance to be had.
    pub fn dialect(&self, opening: &Opening) -> Result<Box<dyn Dialect>, BridgeFailure> {
        let guest =
            Guest::new(self).map_err(|error| BridgeFailure::new(FailureCode::Dialect, error.to_string()))?;
        Ok(Box::new(Foreign {
            opening: opening.to_json(),
            guest: Some(guest),
        }))
    }
}

impl fmt::Debug for DialectComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialectComponent").finish_non_exhaustive()
    }
}

/// A live instance, and the only place that enters a dialect.
struct Guest {
    component: DialectComponent,
    store: Store<StoreData>,
    open: Func,
    line: Func,
    end: Func,
}

impl Guest {
    fn new(component: &DialectComponent) -> Result<Self, DialectError> {
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

    fn call(&mut self, function: Func, text: &str) -> Result<Answer, String> {
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

/// A dialect that lives in a component.
struct Foreign {
    opening: String,
    /// None after it failed: nothing is asked of it any more.
    guest: Option<Guest>,
}

impl Foreign {
    fn ask(&mut self, function: impl FnOnce(&Guest) -> Func, text: &str, said: &mut Said) -> Option<Heard> {
        let guest = self.guest.as_mut()?;
        let function = function(guest);
        match guest.call(function, text) {
            Ok(answer) => {
                *said = answer.said;
                answer.heard
            }
            Err(words) => {
                self.guest = None;
                let message = format!("the dialect failed: {words}");
                let error = BridgeFailure::new(FailureCode::Dialect, message);
                said.events.push(NormalizedEvent::Failed { error });
                None
            }
        }
    }
}

impl Dialect for Foreign {
    fn open(&mut self, said: &mut Said) {
        let opening = std::mem::take(&mut self.opening);
        self.ask(|guest| guest.open, &opening, said);
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        self.ask(|guest| guest.line, line, said)
            .unwrap_or(Heard::Understood)
    }

    fn end(&mut self, ending: &Ending, said: &mut Said) {
        self.ask(|guest| guest.end, &ending.to_json(), said);
    }
}

/// A child agent whose dialect is a component. What its program is started with is said by its spec alone.
#[derive(Debug, Clone)]
pub struct ComponentBridge {
    spec: ExternalRuntimeSpec,
    dialect: DialectComponent,
}

impl ComponentBridge {
    /// One for the adapter that the spec names.
    #[must_use]
    pub const fn new(spec: ExternalRuntimeSpec, dialect: DialectComponent) -> Self {
        Self { spec, dialect }
    }
}

impl RuntimeBridge for ComponentBridge {
    fn adapter(&self) -> &str {
        &self.spec.adapter
    }

    fn spec(&self) -> ExternalRuntimeSpec {
        self.spec.clone()
    }

    fn dialect(&self, mode: Mode, opening: Opening) -> Result<Box<dyn Dialect>, BridgeFailure> {
        match mode {
            Mode::Faithful => self.dialect.dialect(&opening),
            Mode::Compat => {
                let message = format!("the reference has no `{}`", self.spec.adapter);
                Err(BridgeFailure::new(FailureCode::Unsupported, message))
            }
        }
    }

    fn launch(&self, spec: &ExternalRuntimeSpec, start: &Start) -> Result<Launch, BridgeFailure> {
        let Some(program) = &spec.binary_path else {
            let message = format!("the spec of `{}` names no program", spec.adapter);
            return Err(BridgeFailure::new(FailureCode::NotStarted, message));
        };
        let mut environment = Environment::listed(&[]);
        for (name, value) in &spec.env {
            environment = environment.with(name, value);
        }
        Ok(Launch {
            program: program.into(),
            args: spec.args.iter().map(Into::into).collect(),
            environment,
            cwd: start.cwd.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{FinishReason, Translation};
    use crate::wire::Line;

    /// A component whose `line` is this body, and whose other exports answer with `{}`.
    fn component(line: &str) -> Vec<u8> {
        let exports: String = ["open", "line", "end"]
            .iter()
            .map(|name| {
                format!(
                    "(func (export \"{name}\") (param \"text\" string) (result string)
                       (canon lift (core func $i \"{name}\") (memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\"))))"
                )
            })
            .collect();
        let text = format!(
            "(component
              (core module $m
                (memory (export \"memory\") 2)
                (data (i32.const 0) \"\\20\\00\\00\\00\\02\\00\\00\\00\")
                (data (i32.const 32) \"{{}}\")
                (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
                (func (export \"open\") (param i32 i32) (result i32) (i32.const 0))
                (func (export \"end\") (param i32 i32) (result i32) (i32.const 0))
                {line})
              (core instance $i (instantiate $m))
              {exports})"
        );
        wat::parse_str(text).unwrap()
    }

    /// A `line` that always answers this.
    fn answering(answer: &str) -> Vec<u8> {
        let length = answer.len();
        let bytes: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let length: String = length.to_le_bytes()[..4]
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        component(&format!(
            "(data (i32.const 8) \"\\00\\01\\00\\00{length}\")
             (data (i32.const 256) \"{bytes}\")
             (func (export \"line\") (param i32 i32) (result i32) (i32.const 8))"
        ))
    }

    fn doing(body: &str) -> Vec<u8> {
        component(&format!(
            "(func (export \"line\") (param i32 i32) (result i32) {body} (i32.const 0))"
        ))
    }

    fn engine() -> Engine {
        Engine::new(Profile::Documented).unwrap()
    }

    fn heard(engine: &Engine, bytes: &[u8]) -> Vec<NormalizedEvent> {
        let component = DialectComponent::load(engine, bytes).unwrap();
        let dialect = component.dialect(&Opening::default()).unwrap();
        let mut translation = Translation::new(dialect, Mode::Faithful);
        let mut events = translation.open().events;
        events.extend(translation.line(&Line::Text("hello".to_owned())).events);
        events.extend(translation.end(&Ending::default()).events);
        events
    }

    fn failure(events: &[NormalizedEvent]) -> String {
        match events {
            [NormalizedEvent::Failed { error }] => format!("{:?}: {}", error.code.unwrap(), error.message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_component_says_is_told_as_it_was_written() {
        let answer = r#"{"events":[{"kind":"tool_call","call":{"id":"a","name":"b","arguments":{"z": 1.0, "a": 2}}},
            {"kind":"finish","reason":"length"}],"lines":["bye"],"noMoreLines":true}"#;
        let events = heard(&engine(), &answering(answer));
        let [
            NormalizedEvent::ToolCall { call },
            NormalizedEvent::Finish { reason },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        assert_eq!(
            (call.arguments.text(), *reason),
            (r#"{"z": 1.0, "a": 2}"#, FinishReason::Length)
        );
    }

    #[test]
    fn a_dialect_that_fails_fails_its_exchange_and_no_other() {
        let engine = engine();
        let cases = [
            (doing("unreachable"), "it trapped: "),
            (doing("(loop $l (br $l))"), "it used up its instructions"),
            (
                doing("(drop (memory.grow (i32.const 20000)))"),
                "memory would grow to ",
            ),
            (answering("[]"), "its answer is none of a dialect: "),
            (answering(r#"{"heard":"perhaps"}"#), "it says `perhaps` of a line"),
            (
                answering(r#"{"events":[{"kind":"song"}]}"#),
                "its event is none: unknown variant `song`",
            ),
            (
                answering(r#"{"lines":["one\ntwo"]}"#),
                "what it says to the child is more than a line: one two",
            ),
        ];
        for (bytes, words) in cases {
            let failure = failure(&heard(&engine, &bytes));
            let wanted = format!("Dialect: the dialect failed: {words}");
            assert!(failure.starts_with(&wanted), "{failure}");
        }
        let fine = heard(
            &engine,
            &answering(r#"{"events":[{"kind":"finish","reason":"stop"}]}"#),
        );
        assert!(matches!(fine[..], [NormalizedEvent::Finish { .. }]), "{fine:?}");
    }

    #[test]
    fn what_is_no_dialect_is_not_loaded() {
        let engine = engine();
        let import =
            wat::parse_str("(component (import \"wasi:clocks/wall-clock@0.2.6\" (instance)))").unwrap();
        let empty = wat::parse_str("(component)").unwrap();
        let refused =
            [import, empty].map(|bytes| DialectComponent::load(&engine, &bytes).unwrap_err().to_string());
        insta::assert_snapshot!(refused.join("\n"), @"
        a dialect has nothing but the text that it is given, and this imports `wasi:clocks/wall-clock@0.2.6`
        it does not export `open: func(string) -> string`: a dialect stands in the world yoi:bridge/dialect
        ");
    }
}
