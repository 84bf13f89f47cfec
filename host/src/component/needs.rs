//! What a component needs before its first instruction runs: core instances, memories, tables.
//!
//! The file holds definitions; what counts is how often each is instantiated, nested components included.
//! This file follows the definitions and must not know what they are allowed to need.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    Encoding, Instance, Payload,
};

const PAGE_BYTES_LOG2: u32 = 16;

/// What a component needs to be instantiated.
///
/// What it takes from modules or components that it imports is not included: a plugin has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Needs {
    /// Instantiations of core modules.
    pub core_instances: u64,
    /// Linear memories, sized in bytes.
    pub memories: Amount,
    /// Tables, sized in elements.
    pub tables: Amount,
}

/// A number of things that each begin with a size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Amount {
    /// How many there are.
    pub count: u64,
    /// The largest initial size.
    pub largest: u64,
    /// All initial sizes together.
    pub together: u64,
}

impl Amount {
    fn one(size: u64) -> Self {
        Self {
            count: 1,
            largest: size,
            together: size,
        }
    }

    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.largest = self.largest.max(other.largest);
        self.together = self.together.saturating_add(other.together);
    }
}

impl Needs {
    fn add(&mut self, other: &Self) {
        self.core_instances = self.core_instances.saturating_add(other.core_instances);
        self.memories.add(other.memories);
        self.tables.add(other.tables);
    }
}

/// Adds up [`Needs`] while a component is parsed. Takes only what has been validated.
#[derive(Default)]
pub(super) struct Counter {
    open: Vec<Definition>,
}

/// A module or component that is being defined.
struct Definition {
    encoding: Encoding,
    /// What one instance of it needs.
    needs: Needs,
    /// The core modules it can instantiate by index; None for one it imports.
    modules: Vec<Option<Arc<Needs>>>,
    /// The components it can instantiate by index; None for one it imports.
    components: Vec<Option<Arc<Needs>>>,
}

impl Counter {
    /// Takes the next payload. Gives the needs of the whole when it was the last one.
    pub(super) fn payload(&mut self, payload: &Payload<'_>) -> wasmparser::Result<Option<Needs>> {
        if let Payload::Version { encoding, .. } = payload {
            self.open.push(Definition {
                encoding: *encoding,
                needs: Needs::default(),
                modules: Vec::new(),
                components: Vec::new(),
            });
            return Ok(None);
        }
        if let Payload::End(_) = payload {
            return Ok(self.close());
        }
        if let Payload::ComponentAliasSection(section) = payload {
            for alias in section.clone() {
                self.alias(&alias?);
            }
            return Ok(None);
        }
        if let Some(definition) = self.open.last_mut() {
            definition.payload(payload)?;
        }
        Ok(None)
    }

    fn close(&mut self) -> Option<Needs> {
        let closed = self.open.pop()?;
        let Some(parent) = self.open.last_mut() else {
            return Some(closed.needs);
        };
        let list = match closed.encoding {
            Encoding::Module => &mut parent.modules,
            Encoding::Component => &mut parent.components,
        };
        list.push(Some(Arc::new(closed.needs)));
        None
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => {
                if let Some(list) = self.open.last_mut().and_then(|definition| definition.list(*kind)) {
                    list.push(None);
                }
            }
            ComponentAlias::Outer { kind, count, index } => {
                let kind = match kind {
                    ComponentOuterAliasKind::CoreModule => ComponentExternalKind::Module,
                    ComponentOuterAliasKind::Component => ComponentExternalKind::Component,
                    ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => return,
                };
                let outer = self.open.len().checked_sub(1 + *count as usize);
                let needs = outer
                    .and_then(|outer| self.open[outer].list(kind))
                    .and_then(|list| list.get(*index as usize).cloned())
                    .flatten();
                if let Some(list) = self.open.last_mut().and_then(|definition| definition.list(kind)) {
                    list.push(needs);
                }
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
        }
    }
}

impl Definition {
    fn list(&mut self, kind: ComponentExternalKind) -> Option<&mut Vec<Option<Arc<Needs>>>> {
        match kind {
            ComponentExternalKind::Module => Some(&mut self.modules),
            ComponentExternalKind::Component => Some(&mut self.components),
            _ => None,
        }
    }

    fn payload(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    let memory = memory?;
                    let page = memory.page_size_log2.unwrap_or(PAGE_BYTES_LOG2);
                    let bytes = memory.initial.saturating_mul(1 << page.min(PAGE_BYTES_LOG2));
                    self.needs.memories.add(Amount::one(bytes));
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    self.needs.tables.add(Amount::one(table?.ty.initial));
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        self.needs.core_instances = self.needs.core_instances.saturating_add(1);
                        if let Some(Some(needs)) = self.modules.get(module_index as usize) {
                            self.needs.add(needs);
                        }
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance?
                        && let Some(Some(needs)) = self.components.get(component_index as usize)
                    {
                        self.needs.add(needs);
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => self.modules.push(None),
                        ComponentTypeRef::Component(_) => self.components.push(None),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    // An export is a new name for an old thing, and a new index.
                    if let Some(list) = self.list(export.kind) {
                        list.push(list.get(export.index as usize).cloned().flatten());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, CALL, MEMORY, REQUEST, assemble};
    use super::super::{Preflight, World};
    use super::*;

    fn needs(text: &str) -> Needs {
        Preflight::of(&assemble(text)).unwrap().needs
    }

    /// Whether the engine instantiates a component that may have this much.
    fn instantiates(bytes: &[u8], instances: u64, memories: u64, tables: u64) -> bool {
        let engine = wasmtime::Engine::default();
        let component = wasmtime::component::Component::new(&engine, bytes).unwrap();
        let limits = wasmtime::StoreLimitsBuilder::new()
            .instances(instances as usize)
            .memories(memories as usize)
            .tables(tables as usize)
            .build();
        let mut store = wasmtime::Store::new(&engine, limits);
        store.limiter(|limits| limits);
        let mut linker = wasmtime::component::Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component).unwrap();
        linker.instantiate(&mut store, &component).is_ok()
    }

    #[test]
    fn the_count_is_that_of_the_engine() {
        let nested = assemble(
            r#"(component
                (component $inner
                    (core module $m (memory 1) (table 1 funcref))
                    (core instance (instantiate $m))
                    (core instance (instantiate $m)))
                (instance (instantiate $inner))
                (instance (instantiate $inner)))"#,
        );
        let importing = fixtures::component(World::Tool, &[REQUEST, MEMORY, CALL]);
        for bytes in [nested, importing, fixtures::tool()] {
            let Needs {
                core_instances,
                memories,
                tables,
            } = Preflight::of(&bytes).unwrap().needs;
            assert!(instantiates(&bytes, core_instances, memories.count, tables.count));
            assert!(!instantiates(
                &bytes,
                core_instances - 1,
                memories.count,
                tables.count
            ));
            assert!(!instantiates(
                &bytes,
                core_instances,
                memories.count - 1,
                tables.count
            ));
            if tables.count > 0 {
                assert!(!instantiates(
                    &bytes,
                    core_instances,
                    memories.count,
                    tables.count - 1
                ));
            }
        }
    }

    #[test]
    fn a_module_counts_as_often_as_it_is_instantiated() {
        let never = needs(r#"(component (core module (memory 2) (table 3 funcref)))"#);
        assert_eq!(never, Needs::default());
        let twice = needs(
            r#"(component
                (core module $m (memory 2) (table 3 funcref) (table 5 funcref))
                (core instance (instantiate $m))
                (core instance (instantiate $m)))"#,
        );
        assert_eq!(twice.core_instances, 2);
        assert_eq!(
            twice.memories,
            Amount {
                count: 2,
                largest: 2 * 65536,
                together: 4 * 65536
            }
        );
        assert_eq!(
            twice.tables,
            Amount {
                count: 4,
                largest: 5,
                together: 16
            }
        );
    }

    #[test]
    fn an_instance_that_only_bundles_exports_is_none() {
        let needs = needs(
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (core instance (export "g" (func $i "f"))))"#,
        );
        assert_eq!(needs.core_instances, 1);
    }

    #[test]
    fn nested_components_count_with_what_they_take_from_outside() {
        let needs = needs(
            r#"(component $outer
                (core module $m (memory 1))
                (component $inner
                    (alias outer $outer $m (core module $again))
                    (core instance (instantiate $again))
                    (core instance (instantiate $again)))
                (export $renamed "inner" (component $inner))
                (instance (instantiate $inner))
                (instance (instantiate $renamed)))"#,
        );
        assert_eq!(needs.core_instances, 4);
        assert_eq!(
            needs.memories,
            Amount {
                count: 4,
                largest: 65536,
                together: 4 * 65536
            }
        );
    }

    #[test]
    fn nesting_that_doubles_at_each_step_neither_overflows_nor_takes_long() {
        let mut text = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
        for step in 1..80 {
            text = format!(
                "(component $c{step} {text} (instance (instantiate $c{last})) (instance (instantiate $c{last})))",
                last = step - 1
            );
        }
        assert_eq!(needs(&text).core_instances, u64::MAX);
    }

    #[test]
    fn a_memory_with_small_pages_has_few_bytes() {
        let needs = needs(
            r#"(component (core module $m (memory 10 10 (pagesize 1))) (core instance (instantiate $m)))"#,
        );
        assert_eq!(needs.memories.together, 10);
    }
}
