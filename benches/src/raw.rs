//! wasmtime and nothing else: what a plugin costs without a host around it.

use std::time::{Duration, Instant};

use wasmtime::component::{Component, Func, InstancePre, Linker};
use wasmtime::{Config, Engine, Store};

/// A component, compiled and linked by wasmtime alone.
///
/// With a budget it is what a host has to do at least: the budget set for each call, the answer taken as a string
/// and not looked at. Without one it is an engine that cannot interrupt.
pub struct Raw {
    engine: Engine,
    pre: InstancePre<()>,
    fuel: Option<u64>,
}

/// An instance of the world `instance` that has had its `start`.
pub struct Started {
    store: Store<()>,
    handle_tool: Func,
    handle_ingress: Func,
    fuel: Option<u64>,
}

impl Raw {
    /// With this engine, and a budget for each call where it meters. The component imports nothing.
    #[must_use]
    pub fn new(engine: &Engine, component: &[u8], fuel: Option<u64>) -> Self {
        let component = Component::new(engine, component).expect("the guest compiles");
        Self::of(engine, &component, fuel)
    }

    /// The same of a component that this engine has compiled.
    #[must_use]
    pub fn of(engine: &Engine, component: &Component, fuel: Option<u64>) -> Self {
        let pre = Linker::new(engine)
            .instantiate_pre(component)
            .expect("the guest imports nothing");
        Self {
            engine: engine.clone(),
            pre,
            fuel,
        }
    }

    /// With an engine of its own, which has neither fuel nor epochs, and makes instances on demand.
    #[must_use]
    pub fn bare(component: &[u8]) -> Self {
        let mut config = Config::new();
        config.concurrency_support(false);
        Self::new(&Engine::new(&config).expect("an engine"), component, None)
    }

    /// A fresh instance of the world `instance`, started with the configuration `null`.
    #[must_use]
    pub fn started(&self) -> Started {
        self.started_in_parts().0
    }

    /// The same, and how long it took to make it, and to start it.
    #[must_use]
    pub fn started_in_parts(&self) -> (Started, Duration, Duration) {
        let began = Instant::now();
        let (mut store, instance) = self.instantiated();
        let made = began.elapsed();
        let began = Instant::now();
        let start = instance.get_func(&mut store, "start").expect("an export");
        let start = start.typed::<(&str,), (String,)>(&store).expect("its type");
        start.call(&mut store, ("null",)).expect("the guest starts");
        let started = began.elapsed();
        let mut export = |name| instance.get_func(&mut store, name).expect("an export");
        let instance = Started {
            handle_tool: export("handle-tool"),
            handle_ingress: export("handle-ingress"),
            store,
            fuel: self.fuel,
        };
        (instance, made, started)
    }

    /// A call of the world `tool`, in an instance of its own.
    #[must_use]
    pub fn call(&self, tool: &str, input: &str) -> String {
        let (mut store, instance) = self.instantiated();
        let call = instance.get_func(&mut store, "call").expect("an export");
        let call = call.typed::<(&str, &str), (String,)>(&store).expect("its type");
        call.call(&mut store, (tool, input)).expect("the guest answers").0
    }

    fn instantiated(&self) -> (Store<()>, wasmtime::component::Instance) {
        let mut store = Store::new(&self.engine, ());
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel).expect("the engine meters");
            // Far ahead: nothing is to be interrupted here, only to be interruptible.
            store.set_epoch_deadline(u64::MAX / 2);
        }
        let instance = self.pre.instantiate(&mut store).expect("the guest instantiates");
        (store, instance)
    }
}

impl Started {
    /// Call a tool.
    pub fn handle_tool(&mut self, tool: &str, input: &str) -> String {
        self.call(self.handle_tool, tool, input)
    }

    /// Hand over an event.
    pub fn handle_ingress(&mut self, ingress: &str, event: &str) -> String {
        self.call(self.handle_ingress, ingress, event)
    }

    fn call(&mut self, function: Func, name: &str, input: &str) -> String {
        if let Some(fuel) = self.fuel {
            self.store.set_fuel(fuel).expect("the engine meters");
        }
        function
            .typed::<(&str, &str), (String,)>(&self.store)
            .expect("its type")
            .call(&mut self.store, (name, input))
            .expect("the guest answers")
            .0
    }
}
