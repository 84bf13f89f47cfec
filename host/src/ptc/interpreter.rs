//! From bytes to an engine that sessions can be made of.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{InstancePre, Linker};

use super::guest::{self, Guest, StoreData};
use super::surroundings::Machine;
use super::wasi;
use crate::component::{Encoding, NotWasm};
use crate::engine::{Cancel, Engine, EngineError, Origin};
use crate::limits::PtcLimits;

/// An engine of user code, compiled and linked: sessions are made of it. Cloning is cheap.
#[derive(Clone)]
pub struct Interpreter {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    pre: InstancePre<StoreData>,
    origin: Origin,
}

/// Why bytes are no engine of user code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterpreterError {
    /// They are no WebAssembly.
    #[error(transparent)]
    NotWasm(#[from] NotWasm),
    /// They are a core module.
    #[error("this is a core WebAssembly module, not a component: it has to be made one first")]
    CoreModule,
    /// It could not be compiled.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It imports something that is not there.
    #[error("the component is no engine of the world `yoi:ptc/engine`: {0}")]
    World(String),
    /// It cannot be instantiated.
    #[error("the engine does not start: {0}")]
    Start(String),
}

impl Interpreter {
    /// Compile `component`, link it, and start it once.
    ///
    /// An engine gets what `yoi:ptc/host` has. What its language's runtime imports of WASI is there as well: the
    /// clocks and random numbers are those of `yoi:ptc/host`, and everything else is refused or empty.
    ///
    /// # Errors
    ///
    /// What speaks against it.
    pub fn load(engine: &Engine, component: &[u8]) -> Result<Self, InterpreterError> {
        if Encoding::of(component)? == Encoding::CoreModule {
            return Err(InterpreterError::CoreModule);
        }
        let (compiled, origin) = engine.compile(component)?;
        let world = |error: wasmtime::Error| InterpreterError::World(format!("{error:#}"));
        let mut linker = Linker::new(engine.wasmtime());
        guest::link(&mut linker).map_err(world)?;
        wasi::link(&mut linker, engine.wasmtime(), &compiled).map_err(world)?;
        let pre = linker.instantiate_pre(&compiled).map_err(world)?;
        let interpreter = Self {
            shared: Arc::new(Shared {
                engine: engine.clone(),
                pre,
                origin,
            }),
        };
        // Whether its exports have the world's types, an instance tells.
        Guest::new(
            &interpreter,
            &PtcLimits::default(),
            Arc::new(Machine::default()),
            Cancel::default(),
        )?;
        Ok(interpreter)
    }

    /// Whether its machine code was in the cache.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.shared.origin
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(super) fn pre(&self) -> &InstancePre<StoreData> {
        &self.shared.pre
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter")
            .field("origin", &self.shared.origin)
            .finish_non_exhaustive()
    }
}
