//! wasmtime as this project uses it: one engine per profile, compiled components kept on disk, a clock that
//! interrupts, and meters that count and refuse.
//!
//! This room knows components and their resources, and nothing of plugins or of what they import.
//!
//! - [`Engine`]: settings, compiler and clock, shared by everything of one profile
//! - [`CodeCache`]: compiled components on disk
//! - [`Store`](wasmtime::Store) data: `Meter` (memory, tables, instances) and `Deadline` (time)

mod cache;
mod clock;
mod deadline;
mod meter;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use wasmtime::component::Component;
use wasmtime::{Config, Enabled, PoolingAllocationConfig};

use crate::{Profile, limits};

pub use cache::{CacheError, CodeCache};
use clock::Clock;
pub(crate) use deadline::Deadline;
pub use deadline::{Cancel, Stopped};
pub use meter::Denied;
pub(crate) use meter::Meter;

/// Settings, compiler and clock, shared by everything of one profile. Cloning is cheap.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    profile: Profile,
    wasmtime: wasmtime::Engine,
    clock: Arc<Clock>,
    cache: Option<CodeCache>,
}

/// How an [`Engine`] is made.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    profile: Profile,
    guests: Guests,
    instances: u32,
    cache: Option<CodeCache>,
    frames: Option<NonZeroUsize>,
}

/// What an engine is tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guests {
    /// Small components, each call with a budget of instructions.
    Plugins,
    /// Whole interpreters, bounded by time and memory alone: counting what they do would make them slower by a
    /// fifth, and says nothing about the code that they run.
    Interpreters,
}

/// Where a compiled component came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was found in the cache.
    Cache,
    /// It was compiled now, and stored if there is a cache.
    Compiler,
}

/// Why there is no engine, or no compiled component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The pool of instances could not be reserved.
    #[error(
        "failed to reserve address space for {instances} instances: {cause} (a limit on virtual memory \
         may stand in the way: `ulimit -v`)"
    )]
    Pool {
        /// How many instances were asked for.
        instances: u32,
        /// What wasmtime said.
        cause: String,
    },
    /// The thread that interrupts guests could not be started.
    #[error("failed to start the clock: {0}")]
    Clock(std::io::Error),
    /// The component could not be compiled.
    #[error("failed to compile the component: {0}")]
    Compile(String),
    /// The cache could not be used. Compiling without it is still possible.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl EngineOptions {
    /// How many instances an engine has room for unless told otherwise.
    pub const DEFAULT_INSTANCES: u32 = 1000;

    /// An engine for `profile`, with room for [`Self::DEFAULT_INSTANCES`] and without a cache on disk.
    #[must_use]
    pub const fn new(profile: Profile) -> Self {
        Self {
            profile,
            guests: Guests::Plugins,
            instances: Self::DEFAULT_INSTANCES,
            cache: None,
            frames: None,
        }
    }

    /// How many interpreters an engine has room for unless told otherwise.
    pub const DEFAULT_INTERPRETERS: u32 = 100;

    /// An engine for interpreters: [`crate::ptc`] runs them. Room for [`Self::DEFAULT_INTERPRETERS`], no cache.
    #[must_use]
    pub const fn interpreters() -> Self {
        Self {
            profile: Profile::Documented,
            guests: Guests::Interpreters,
            instances: Self::DEFAULT_INTERPRETERS,
            cache: None,
            frames: None,
        }
    }

    /// Room for `count` instances at a time, of components that have one linear memory each; one that has more
    /// takes the place of as many. Each memory reserves 4 GiB of address space and nothing else.
    #[must_use]
    pub const fn instances(mut self, count: u32) -> Self {
        self.instances = count;
        self
    }

    /// Keep compiled components in `cache`.
    #[must_use]
    pub fn cache(mut self, cache: CodeCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// See stacks as deep as a [`Sampler`](crate::plugin::Sampler) wants them. Traces of faults cost more then.
    #[must_use]
    pub fn for_sampling(mut self) -> Self {
        self.frames = NonZeroUsize::new(limits::SAMPLE_FRAMES);
        self
    }

    /// Make the engine.
    ///
    /// # Errors
    ///
    /// [`EngineError::Pool`] where the address space cannot be had.
    pub fn build(self) -> Result<Engine, EngineError> {
        let mut config = wasmtime_config(self.guests, self.profile, self.instances);
        if self.frames.is_some() {
            config.wasm_backtrace_max_frames(self.frames);
        }
        let wasmtime = wasmtime::Engine::new(&config).map_err(|cause| EngineError::Pool {
            instances: self.instances,
            cause: format!("{cause:#}"),
        })?;
        let clock = Clock::start(&wasmtime)
            .map(Arc::new)
            .map_err(EngineError::Clock)?;
        Ok(Engine {
            shared: Arc::new(Shared {
                profile: self.profile,
                wasmtime,
                clock,
                cache: self.cache,
            }),
        })
    }
}

impl Engine {
    /// An engine for `profile` with the default options.
    ///
    /// # Errors
    ///
    /// As [`EngineOptions::build`].
    pub fn new(profile: Profile) -> Result<Self, EngineError> {
        EngineOptions::new(profile).build()
    }

    /// The profile whose settings these are.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.shared.profile
    }

    /// wasmtime's own engine, for what this crate does not wrap.
    #[must_use]
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.shared.wasmtime
    }

    /// Machine code for `component`: from the cache where it is there, else compiled and stored.
    ///
    /// # Errors
    ///
    /// [`EngineError::Compile`] for bytes that are not a valid component, [`EngineError::Cache`] where the
    /// cache cannot be read or written.
    pub fn compile(&self, component: &[u8]) -> Result<(Component, Origin), EngineError> {
        let compile = || {
            Component::new(self.wasmtime(), component)
                .map_err(|cause| EngineError::Compile(format!("{cause:#}")))
        };
        let Some(cache) = &self.shared.cache else {
            return Ok((compile()?, Origin::Compiler));
        };
        let key = cache.key(self.wasmtime(), component);
        if let Some(found) = cache.load(self.wasmtime(), &key)? {
            return Ok((found, Origin::Cache));
        }
        let compiled = compile()?;
        cache.store(&key, &compiled)?;
        Ok((compiled, Origin::Compiler))
    }

    pub(crate) fn clock(&self) -> Arc<Clock> {
        Arc::clone(&self.shared.clock)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("profile", &self.shared.profile)
            .finish_non_exhaustive()
    }
}

fn wasmtime_config(guests: Guests, profile: Profile, instances: u32) -> Config {
    // What the pool has room for, per instance, in either profile: the store's limits refuse the rest, and
    // with the words of the contract.
    let (per_instance, stack) = match guests {
        Guests::Plugins => (
            crate::Limits::of(Profile::Documented),
            limits::guest_stack_bytes(profile),
        ),
        Guests::Interpreters => (crate::Limits::of_interpreter(), limits::INTERPRETER_STACK_BYTES),
    };
    let times = |count: usize| instances.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(times(per_instance.core_instances))
        // Nearly every component has one, and address space is not endless.
        .total_memories(instances.max(u32::try_from(per_instance.memories).unwrap_or(u32::MAX)))
        .total_tables(times(per_instance.tables))
        .max_memories_per_module(u32::try_from(per_instance.memories).unwrap_or(u32::MAX))
        .max_tables_per_module(u32::try_from(per_instance.tables).unwrap_or(u32::MAX));
    // Where the system does not tell which pages were written to, all of them would be written back.
    if guests == Guests::Interpreters && PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(limits::INTERPRETER_KEPT_BYTES);
    }

    let mut config = Config::new();
    config
        .allocation_strategy(pool)
        .memory_init_cow(true)
        // The worlds are synchronous; without the bookkeeping for concurrency a small call is three times
        // cheaper.
        .concurrency_support(false)
        .consume_fuel(guests == Guests::Plugins)
        .epoch_interruption(true)
        .max_wasm_stack(stack)
        // Costs nothing until a trap, which then tells where the guest was and what it had logged. Of an
        // interpreter it would copy all that the code has made, and what the code printed is known.
        .coredump_on_trap(guests == Guests::Plugins)
        .parallel_compilation(true);
    config
}
