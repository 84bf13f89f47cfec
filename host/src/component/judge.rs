//! Holding what was read against a profile and its limits.
//!
//! Which items deviate from the contract is known already; here it is decided what that leads to.

use super::contract::World;
use super::fault::{Fault, Nearest, Problem, Resource, Severity};
use super::item::{Item, Verdict};
use super::preflight::Preflight;
use super::wasi::WasiCause;
use crate::nearest::nearest;
use crate::{Limits, Profile};

pub(super) fn faults(preflight: &Preflight, profile: Profile, limits: &Limits) -> Vec<Fault> {
    let mut faults: Vec<Fault> = preflight
        .imports
        .iter()
        .filter_map(|item| import_problem(preflight, item))
        .map(|problem| Fault {
            severity: Severity::Refuses,
            problem,
        })
        .collect();
    faults.extend(export_faults(preflight, profile));
    let problems = need_problems(preflight, profile, limits);
    faults.extend(problems.into_iter().map(|problem| Fault {
        severity: Severity::Refuses,
        problem,
    }));
    faults
}

fn import_problem(preflight: &Preflight, item: &Item) -> Option<Problem> {
    let name = item.name.clone();
    Some(match (&item.verdict, &item.function) {
        (Verdict::Wasi, _) => Problem::WasiImport {
            cause: WasiCause::of(&name),
            name,
            toolchain: preflight.toolchain,
        },
        (Verdict::WrongVersion { available }, _) => Problem::ImportVersion {
            name,
            wanted: available.clone(),
        },
        (Verdict::Unknown { nearest }, Some(function)) => Problem::UnknownFunction {
            name,
            function: function.clone(),
            nearest: nearest.clone(),
        },
        (Verdict::Unknown { nearest }, None) => Problem::UnknownImport {
            name,
            nearest: nearest.clone(),
        },
        (Verdict::WrongType, function) => Problem::ImportType {
            name,
            function: function.clone(),
            wanted: item.wanted.clone(),
            found: item.found.clone().unwrap_or_default(),
        },
        (Verdict::Matches | Verdict::Extra | Verdict::Missing { .. }, _) => return None,
    })
}

fn export_faults(preflight: &Preflight, profile: Profile) -> Vec<Fault> {
    let refuses = |problem| {
        vec![Fault {
            severity: Severity::Refuses,
            problem,
        }]
    };
    match preflight.worlds[..] {
        [world] => preflight
            .exports
            .iter()
            .filter_map(|item| export_fault(item, world, profile))
            .collect(),
        [] => {
            let found = || preflight.exports.iter().map(|item| item.name.as_str());
            let near = World::ALL.into_iter().find_map(|world| {
                let found = nearest(world.entry(), found())?.to_owned();
                Some(Nearest {
                    found,
                    wanted: world.entry().to_owned(),
                })
            });
            refuses(Problem::NoWorld {
                nearest: near,
                within: preflight.entry_within.clone(),
            })
        }
        _ => refuses(Problem::BothWorlds),
    }
}

fn export_fault(item: &Item, world: World, profile: Profile) -> Option<Fault> {
    let name = item.name.clone();
    let wanted = item.wanted.clone().unwrap_or_default();
    let problem = match &item.verdict {
        Verdict::Missing { nearest } => Problem::MissingExport {
            world,
            name,
            wanted,
            nearest: nearest.clone(),
        },
        Verdict::WrongType => Problem::ExportType {
            world,
            name,
            wanted,
            found: item.found.clone().unwrap_or_default(),
        },
        _ => return None,
    };
    // The yoi host looks an export up when it is first called, and only the first of a world is called in
    // any case.
    let severity = match profile {
        Profile::Yoi if item.name != world.entry() => Severity::Warns,
        Profile::Yoi | Profile::Documented => Severity::Refuses,
    };
    Some(Fault { severity, problem })
}

fn need_problems(preflight: &Preflight, profile: Profile, limits: &Limits) -> Vec<Problem> {
    let needs = &preflight.needs;
    let too_many = |resource, needed: u64, limit: usize| {
        (needed > limit as u64).then_some(Problem::TooMany {
            resource,
            needed,
            limit: limit as u64,
            profile,
            uses_host_imports: preflight.uses_host_imports(),
        })
    };
    let too_large = |resource, needed: u64, limit: usize| {
        (needed > limit as u64).then_some(Problem::TooLarge {
            resource,
            needed,
            limit: limit as u64,
        })
    };
    // What lowers imports brings two core instances and a table of its own. They go when the imports go, so
    // they say nothing yet of a component that has to lose its WASI imports first.
    let only_wasi = !preflight.uses_host_imports() && imports_wasi(preflight);
    let instances = too_many(
        Resource::CoreInstances,
        needs.core_instances,
        limits.core_instances,
    );
    let tables = too_many(Resource::Tables, needs.tables.count, limits.tables);
    let (instances, tables) = match (instances, tables) {
        _ if only_wasi => (None, None),
        (Some(instances), _) if preflight.uses_host_imports() => (Some(instances), None),
        both => both,
    };
    [
        instances,
        tables,
        too_many(Resource::Memories, needs.memories.count, limits.memories),
        too_large(Resource::Memories, needs.memories.together, limits.memory_bytes),
        too_large(Resource::Tables, needs.tables.largest, limits.table_elements),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn imports_wasi(preflight: &Preflight) -> bool {
    preflight.imports.iter().any(|item| item.verdict == Verdict::Wasi)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, CALL, INSTANCE, MEMORY, REQUEST, assemble};
    use super::*;

    fn found(bytes: &[u8], profile: Profile) -> Vec<Fault> {
        Preflight::of(bytes)
            .unwrap()
            .faults(profile, &Limits::of(profile))
    }

    fn shown(bytes: &[u8], profile: Profile) -> String {
        super::super::render(&found(bytes, profile))
    }

    const LIFTED: &str = r#"
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))"#;

    #[test]
    fn a_component_without_imports_may_be_loaded_everywhere() {
        for profile in Profile::ALL {
            assert_eq!(found(&fixtures::tool(), profile), []);
            assert_eq!(found(&fixtures::instance(), profile), []);
        }
    }

    #[test]
    fn a_host_import_is_fine_where_the_host_can_instantiate_it() {
        let bytes = fixtures::component(World::Tool, &[REQUEST, MEMORY, CALL]);
        assert_eq!(found(&bytes, Profile::Documented), []);
        insta::assert_snapshot!(shown(&bytes, Profile::Yoi), @"refused: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import");
    }

    #[test]
    fn an_extra_export_is_no_fault() {
        let wit = "package a:b; world fixture { export call: func(a: string, b: string) -> string; export init: func(); }";
        let bytes = fixtures::component_of(wit, &[MEMORY, CALL, r#"(func (export "init"))"#]);
        assert_eq!(found(&bytes, Profile::Documented), []);
        let extra: Vec<String> = Preflight::of(&bytes)
            .unwrap()
            .extra_exports()
            .map(|item| item.name.clone())
            .collect();
        assert_eq!(extra, ["init"]);
    }

    #[test]
    fn every_foreign_import_is_named_with_what_was_meant() {
        let bytes = assemble(&format!(
            r#"(component
                (import "yoi:host/request@2.0.0" (instance))
                (import "yoi:host/request@1.0.1" (instance))
                (import "yoi:host/fs@1.0.0" (instance
                    (export "write" (func (param "path" string) (param "content" string)))
                    (export "lits" (func))))
                (import "yoi:host/websocket@1.0.0" (func))
                (import "yoi:hots/request@1.0.0" (instance (export "request" (func))))
                (import "log" (func (param "text" string)))
                {LIFTED}
                (export "call" (func $f)))"#
        ));
        insta::assert_snapshot!(shown(&bytes, Profile::Documented), @"
        refused: imports `yoi:host/request@2.0.0` where the host has `yoi:host/request@1.0.0`
          help: generate the guest's bindings from a WIT that imports `yoi:host/request@1.0.0`
        refused: imports `yoi:host/request@1.0.1` where the host has `yoi:host/request@1.0.0`
          help: generate the guest's bindings from a WIT that imports `yoi:host/request@1.0.0`
        refused: imports `write` of `yoi:host/fs@1.0.0` as `func(path: string, content: string)` instead of `func(request-json: string) -> string`
        refused: imports `lits` of `yoi:host/fs@1.0.0`, which has no such function
          help: is `list` meant?
        refused: imports `yoi:host/websocket@1.0.0` as `func()` instead of an interface
        refused: imports `yoi:hots/request@1.0.0`, which no yoi host has
          help: is `yoi:host/request@1.0.0` meant?
        refused: imports `log`, which no yoi host has
        refused: exports `call` as `func()` instead of `func(tool-name: string, input-json: string) -> string`
        ");
    }

    #[test]
    fn the_yoi_host_has_its_own_words_for_a_foreign_import() {
        let bytes = assemble(&format!(
            r#"(component (import "wasi:cli/exit@0.2.6" (instance)) {LIFTED} (export "call" (func $f)))"#
        ));
        let words: Vec<_> = found(&bytes, Profile::Yoi)
            .iter()
            .map(Fault::yoi_wording)
            .collect();
        insta::assert_snapshot!(words[0].as_ref().unwrap(), @"unsupported component import `wasi:cli/exit@0.2.6`; no WASI filesystem, ambient network, environment, or other imports are available");
        assert_eq!(words[1], None);
    }

    #[test]
    fn an_instance_that_lacks_exports_is_loaded_by_the_yoi_host_only() {
        let bytes = assemble(&format!(
            r#"(component
                {LIFTED}
                (core module $n
                    (memory (export "memory") 1)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                    (func (export "start") (param i32 i32) (result i32) unreachable))
                (core instance $j (instantiate $n))
                (func $start (param "config-json" string) (result string)
                    (canon lift (core func $j "start") (memory (core memory $j "memory"))
                        (realloc (core func $j "realloc"))))
                (export "start" (func $start))
                (export "handle-tools" (func $f))
                (export "status" (func $f)))"#
        ));
        insta::assert_snapshot!(shown(&bytes, Profile::Documented), @"
        refused: lacks the export `handle-tool` of world yoi:plugin/instance@1.0.0
          help: is the export `handle-tools` meant to be `handle-tool`?
        refused: lacks the export `handle-ingress` of world yoi:plugin/instance@1.0.0
          help: export handle-ingress: func(name: string, event-json: string) -> string
        refused: exports `status` as `func()` instead of `func() -> string`
        refused: lacks the export `stop` of world yoi:plugin/instance@1.0.0
          help: export stop: func() -> string
        ");
        let limits = Limits::of(Profile::Documented);
        let lazily = Preflight::of(&bytes).unwrap().faults(Profile::Yoi, &limits);
        assert!(!lazily.is_empty());
        assert!(lazily.iter().all(|fault| fault.severity == Severity::Warns));
    }

    #[test]
    fn a_component_of_no_world_or_of_both_is_refused() {
        let exporting = |names: &[&str]| {
            let exports: String = names
                .iter()
                .map(|name| format!("(export \"{name}\" (func $f))"))
                .collect();
            assemble(&format!("(component {LIFTED} {exports})"))
        };
        let within = assemble(&format!(
            r#"(component {LIFTED}
                (instance $i (export "call" (func $f)))
                (export "yoi:plugin/tools@1.0.0" (instance $i)))"#
        ));
        let shown = [
            exporting(&[]),
            exporting(&["calls"]),
            within,
            exporting(&["call", "start"]),
        ]
        .map(|bytes| shown(&bytes, Profile::Documented));
        insta::assert_snapshot!(shown.join("\n"), @"
        refused: exports neither `call` (world yoi:plugin/tool@1.0.0) nor `start` (world yoi:plugin/instance@1.0.0)

        refused: exports neither `call` (world yoi:plugin/tool@1.0.0) nor `start` (world yoi:plugin/instance@1.0.0)
          help: is the export `calls` meant to be `call`?

        refused: exports neither `call` (world yoi:plugin/tool@1.0.0) nor `start` (world yoi:plugin/instance@1.0.0)
          help: the interface `yoi:plugin/tools@1.0.0` holds it: export the function itself, at the top level of the world

        refused: exports both `call` (world yoi:plugin/tool@1.0.0) and `start` (world yoi:plugin/instance@1.0.0), but stands in one world only
        ");
    }

    #[test]
    fn needs_beyond_the_limits_are_refused() {
        let bytes = assemble(
            r#"(component
                (core module $m
                    (memory 33) (memory 1) (memory 1) (memory 1) (memory 1)
                    (table 9000 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
                    (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
                    (func (export "f")))
                (core module $n)
                (core instance (instantiate $n))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (export "init" (func $f)))"#,
        );
        insta::assert_snapshot!(shown(&bytes, Profile::Documented), @"
        refused: exports neither `call` (world yoi:plugin/tool@1.0.0) nor `start` (world yoi:plugin/instance@1.0.0)
        refused: needs 9 tables, the host allows 8
        refused: needs 5 memories, the host allows 4
        refused: begins with 2424832 bytes of memory, the host allows 2097152
        refused: begins with a table of 9000 elements, the host allows 8192
        ");
        insta::assert_snapshot!(shown(&bytes, Profile::Yoi), @"
        refused: exports neither `call` (world yoi:plugin/tool@1.0.0) nor `start` (world yoi:plugin/instance@1.0.0)
        refused: needs 2 core instances, the yoi host allows 1
        refused: needs 9 tables, the yoi host allows 1
        refused: needs 5 memories, the yoi host allows 1
        refused: begins with 2424832 bytes of memory, the host allows 2097152
        refused: begins with a table of 9000 elements, the host allows 256
        ");
    }

    #[test]
    fn an_instance_with_everything_passes_with_its_imports() {
        let bytes = fixtures::component(World::Instance, &[REQUEST, MEMORY, INSTANCE]);
        assert_eq!(found(&bytes, Profile::Documented), []);
    }

    #[test]
    fn a_fault_is_data() {
        let bytes = fixtures::component(World::Tool, &[REQUEST, MEMORY, CALL]);
        let json = serde_json::to_string(&found(&bytes, Profile::Yoi)).unwrap();
        insta::assert_snapshot!(json, @r#"[{"severity":"refuses","kind":"too_many","resource":"core_instances","needed":3,"limit":1,"profile":"yoi","uses_host_imports":true}]"#);
    }
}
