//! From bytes to a plugin.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use super::Entry;
use super::error::{CallError, LoadError};
use super::guest::StoreData;
use super::instance::{Instance, check_json};
use crate::component::{Encoding, Preflight, Severity, World};
use crate::engine::{Engine, Origin};
use crate::imports::{self, Access};
use crate::limits::CONFIG_BYTES;
use crate::{Limits, Profile};

/// A component that keeps the contract as far as that can be told without running it: checked, compiled,
/// linked, ready to be instantiated any number of times. Cloning is cheap.
#[derive(Clone)]
pub struct Plugin {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    limits: Limits,
    preflight: Preflight,
    world: World,
    pre: InstancePre<StoreData>,
    exports: Exports,
    origin: Origin,
}

/// Where in the component each export is. Looked up once: by name it would be a search in every call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exports {
    call: Option<ComponentExportIndex>,
    start: Option<ComponentExportIndex>,
    handle_tool: Option<ComponentExportIndex>,
    handle_ingress: Option<ComponentExportIndex>,
    status: Option<ComponentExportIndex>,
    stop: Option<ComponentExportIndex>,
}

impl Exports {
    fn of(component: &Component) -> Self {
        let index = |entry: Entry| component.get_export_index(None, entry.name());
        Self {
            call: index(Entry::Call),
            start: index(Entry::Start),
            handle_tool: index(Entry::HandleTool),
            handle_ingress: index(Entry::HandleIngress),
            status: index(Entry::Status),
            stop: index(Entry::Stop),
        }
    }

    pub(super) fn get(&self, entry: Entry) -> Option<&ComponentExportIndex> {
        match entry {
            Entry::Instantiate => None,
            Entry::Call => self.call.as_ref(),
            Entry::Start => self.start.as_ref(),
            Entry::HandleTool => self.handle_tool.as_ref(),
            Entry::HandleIngress => self.handle_ingress.as_ref(),
            Entry::Status => self.status.as_ref(),
            Entry::Stop => self.stop.as_ref(),
        }
    }
}

impl Plugin {
    /// Check, compile and link `component` under the limits of the engine's profile.
    ///
    /// # Errors
    ///
    /// As [`Plugin::load_with`].
    pub fn load(engine: &Engine, component: &[u8]) -> Result<Self, LoadError> {
        Self::load_with(engine, component, Limits::of(engine.profile()))
    }

    /// Check, compile and link `component` under limits of your own.
    ///
    /// # Errors
    ///
    /// [`LoadError::Refused`] with everything that speaks against it, where the component breaks the
    /// contract; the other variants where it is no sound component, or where the engine fails.
    pub fn load_with(engine: &Engine, component: &[u8], limits: Limits) -> Result<Self, LoadError> {
        if Encoding::of(component)? == Encoding::CoreModule {
            return Err(LoadError::CoreModule);
        }
        let preflight = Preflight::of(component)?;
        let world = admitted(&preflight, engine.profile(), &limits)?;
        let (compiled, origin) = engine.compile(component)?;
        let mut linker = Linker::new(engine.wasmtime());
        let link_error = |error: wasmtime::Error| LoadError::Link(format!("{error:#}"));
        imports::link(&mut linker).map_err(link_error)?;
        let pre = linker.instantiate_pre(&compiled).map_err(link_error)?;
        Ok(Self {
            shared: Arc::new(Shared {
                engine: engine.clone(),
                limits,
                preflight,
                world,
                exports: Exports::of(&compiled),
                pre,
                origin,
            }),
        })
    }

    /// The same plugin under other limits: checked again, and not compiled again.
    ///
    /// # Errors
    ///
    /// [`LoadError::Refused`] where these limits leave too little for the component.
    pub fn with_limits(&self, limits: Limits) -> Result<Self, LoadError> {
        let shared = &self.shared;
        Ok(Self {
            shared: Arc::new(Shared {
                engine: shared.engine.clone(),
                world: admitted(&shared.preflight, self.profile(), &limits)?,
                limits,
                preflight: shared.preflight.clone(),
                exports: shared.exports,
                pre: shared.pre.clone(),
                origin: shared.origin,
            }),
        })
    }

    /// One plugin with this configuration, to which nothing is granted. Nothing of it runs before
    /// [`Instance::start`].
    ///
    /// `config` is JSON, `null` where the operator gives none; the world `tool` never sees it.
    ///
    /// # Errors
    ///
    /// [`CallError::Input`] where `config` is not JSON or larger than 64 KiB.
    pub fn instance(&self, config: &str) -> Result<Instance, CallError> {
        self.instance_with(config, Access::none())
    }

    /// The same, with access to what was granted.
    ///
    /// # Errors
    ///
    /// As [`Plugin::instance`].
    pub fn instance_with(&self, config: &str, access: Access) -> Result<Instance, CallError> {
        check_json("configuration", config, CONFIG_BYTES)?;
        Ok(Instance::new(self.clone(), config.to_owned(), access))
    }

    /// The world it stands in.
    #[must_use]
    pub fn world(&self) -> World {
        self.shared.world
    }

    /// What was found in the component before anything ran.
    #[must_use]
    pub fn preflight(&self) -> &Preflight {
        &self.shared.preflight
    }

    /// What its instances may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The profile it is held to.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.shared.engine.profile()
    }

    /// Whether its machine code was in the cache.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.shared.origin
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(super) fn exports(&self) -> &Exports {
        &self.shared.exports
    }

    pub(super) fn pre(&self) -> &InstancePre<StoreData> {
        &self.shared.pre
    }
}

/// The world of a component against which nothing speaks under these limits.
fn admitted(preflight: &Preflight, profile: Profile, limits: &Limits) -> Result<World, LoadError> {
    let faults = preflight.faults(profile, limits);
    let refused = faults.iter().any(|fault| fault.severity == Severity::Refuses);
    match preflight.world() {
        Some(world) if !refused => Ok(world),
        _ => Err(LoadError::Refused { profile, faults }),
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("world", &self.shared.world)
            .field("profile", &self.profile())
            .finish_non_exhaustive()
    }
}
