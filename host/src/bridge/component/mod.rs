//! Dialects of somebody else's, as components of the world `yoi:bridge/dialect`.
//!
//! A dialect is given text and gives text; it imports nothing, so nothing has to be granted. Each exchange has an
//! instance of its own, and each call a budget of instructions that goes by the length of what is handed over. What
//! goes wrong with it fails that exchange, and no other.

mod guest;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{ComponentExportIndex, Func, InstancePre, Linker};

use super::broker::RuntimeBridge;
use super::dialect::{Dialect, Heard, Opening, Said};
use super::event::{BridgeFailure, FailureCode, NormalizedEvent};
use super::launch::Start;
use super::spec::{ExternalRuntimeSpec, Mode};
use crate::component::{Encoding, NotWasm};
use crate::engine::{Engine, EngineError};
use crate::limits::{DIALECT_MEMORY_BYTES, MESSAGE_BYTES};
use crate::text::bounded;
use crate::wire::child::{Ending, Environment, Launch};
use crate::{Limits, Profile};

use guest::{Guest, StoreData};

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
    /// It is no WebAssembly.
    #[error(transparent)]
    NotWasm(#[from] NotWasm),
    /// It is a core module.
    #[error("this is a core WebAssembly module, not a component: it has to be made one first")]
    CoreModule,
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

impl DialectComponent {
    /// Compile and link a component. Nothing of it runs.
    ///
    /// # Errors
    ///
    /// Where it is no sound component, wants to import anything, or does not have the exports.
    pub fn load(engine: &Engine, bytes: &[u8]) -> Result<Self, DialectError> {
        if Encoding::of(bytes)? == Encoding::CoreModule {
            return Err(DialectError::CoreModule);
        }
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
