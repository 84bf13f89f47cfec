//! What the contract wants: its two worlds and the imports that a host has, read from the WIT itself.
//!
//! This file owns the embedded WIT. It must not know any component that is held against it.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentItem, ComponentTypeId};
use wasmparser::types::TypesRef;
use wasmparser::{Validator, WasmFeatures};
use wit_parser::{Resolve, SourceMap, WorldId};

use super::signature::Signature;

const HOST_WIT: [(&str, &str); 3] = [
    ("request.wit", include_str!("../../../wit/host/request.wit")),
    ("websocket.wit", include_str!("../../../wit/host/websocket.wit")),
    ("fs.wit", include_str!("../../../wit/host/fs.wit")),
];

const PLUGIN_WIT: [(&str, &str); 2] = [
    ("tool.wit", include_str!("../../../wit/plugin/tool.wit")),
    ("instance.wit", include_str!("../../../wit/plugin/instance.wit")),
];

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    // The sources are part of this program: what could be wrong with them is a test's to find.
    Contract::parse().expect("the contract's own WIT is valid")
});

/// A kind of plugin, as the contract tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum World {
    /// Without state: every call runs in an instance of its own.
    #[serde(rename = "yoi:plugin/tool@1.0.0")]
    Tool,
    /// One instance that lives as long as its host.
    #[serde(rename = "yoi:plugin/instance@1.0.0")]
    Instance,
}

impl World {
    /// Both worlds.
    pub const ALL: [World; 2] = [World::Tool, World::Instance];

    /// The full name, as a manifest has it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            World::Tool => "yoi:plugin/tool@1.0.0",
            World::Instance => "yoi:plugin/instance@1.0.0",
        }
    }

    /// The name within the package `yoi:plugin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            World::Tool => "tool",
            World::Instance => "instance",
        }
    }

    /// The export by which a component shows that it stands in this world: the one that is called first.
    #[must_use]
    pub const fn entry(self) -> &'static str {
        match self {
            World::Tool => "call",
            World::Instance => "start",
        }
    }

    /// The functions that a component of this world exports.
    #[must_use]
    pub fn exports(self) -> &'static [Function] {
        match self {
            World::Tool => &CONTRACT.tool.exports,
            World::Instance => &CONTRACT.instance.exports,
        }
    }

    /// The contract as files of WIT, by their paths in a folder, with this one world in it, whose imports are those
    /// host interfaces only that `is_wanted` by their short names: `request`, `websocket`, `fs`.
    pub(crate) fn wit(self, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let wanted: Vec<_> = HOST_WIT
            .into_iter()
            .filter(|(file, _)| file.strip_suffix(".wit").is_some_and(&is_wanted))
            .collect();
        let file = format!("{}.wit", self.name());
        let text = PLUGIN_WIT.into_iter().find(|(name, _)| *name == file);
        let text: String = text
            .map_or("", |(_, text)| text)
            .lines()
            .filter(|line| {
                // An import of the world, as `import yoi:host/fs@1.0.0;`.
                let interface = line.trim().strip_prefix("import yoi:host/");
                let name = interface.map(|rest| rest.split('@').next().unwrap_or(rest));
                name.is_none_or(&is_wanted)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let deps = wanted
            .into_iter()
            .map(|(file, text)| (format!("deps/yoi-host-1.0.0/{file}"), text.to_owned()));
        std::iter::once((file, text)).chain(deps).collect()
    }

    /// This world in [`resolve`].
    pub(crate) fn in_resolve(self) -> WorldId {
        match self {
            World::Tool => CONTRACT.tool.id,
            World::Instance => CONTRACT.instance.id,
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A name that is no world's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no world `{0}`: choose `{tool}` or `{instance}`", tool = World::Tool, instance = World::Instance)]
pub struct UnknownWorld(pub String);

impl FromStr for World {
    type Err = UnknownWorld;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|world| world.id() == id)
            .ok_or_else(|| UnknownWorld(id.to_owned()))
    }
}

/// A function of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name within its interface or world.
    pub name: String,
    /// What it takes and gives.
    pub signature: Signature,
}

/// An interface that a host offers to components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The full name under which a component imports it, version included.
    pub id: String,
    /// Its functions.
    pub functions: Vec<Function>,
}

impl Interface {
    /// The name without its version.
    #[must_use]
    pub fn unversioned(&self) -> &str {
        self.id.split('@').next().unwrap_or(&self.id)
    }
}

/// The interfaces that a host offers, the same in both worlds.
#[must_use]
pub fn host_imports() -> &'static [Interface] {
    &CONTRACT.imports
}

/// The parsed WIT of the contract.
pub(crate) fn resolve() -> &'static Resolve {
    &CONTRACT.resolve
}

struct Contract {
    resolve: Resolve,
    tool: ParsedWorld,
    instance: ParsedWorld,
    imports: Vec<Interface>,
}

struct ParsedWorld {
    id: WorldId,
    exports: Vec<Function>,
}

/// What is wrong with the embedded WIT.
#[derive(Debug, thiserror::Error)]
#[error("the embedded WIT: {0}")]
struct ContractError(String);

impl ContractError {
    fn new(reason: impl fmt::Display) -> Self {
        Self(format!("{reason:#}"))
    }
}

impl Contract {
    fn parse() -> Result<Self, ContractError> {
        let mut resolve = Resolve::default();
        push(&mut resolve, &HOST_WIT)?;
        let plugin = push(&mut resolve, &PLUGIN_WIT)?;

        // Written as a component type and read back, so that these functions go through the same reader
        // and printer as those of a component.
        let encoded = wit_component::encode(&resolve, plugin).map_err(ContractError::new)?;
        let validated = Validator::new_with_features(WasmFeatures::all())
            .validate_all(&encoded)
            .map_err(ContractError::new)?;
        let types = validated.as_ref();

        let world = |world: World| -> Result<(ParsedWorld, ComponentTypeId), ContractError> {
            let id = resolve
                .select_world(&[plugin], Some(world.name()))
                .map_err(ContractError::new)?;
            let ty = world_type(types, world)
                .ok_or_else(|| ContractError::new(format_args!("there is no world `{world}`")))?;
            let exports = types[ty]
                .exports
                .iter()
                .filter_map(|(name, item)| function(types, name, item));
            Ok((
                ParsedWorld {
                    id,
                    exports: exports.collect(),
                },
                ty,
            ))
        };
        let (tool, _) = world(World::Tool)?;
        let (instance, instance_type) = world(World::Instance)?;
        let imports = types[instance_type]
            .imports
            .iter()
            .filter_map(|(id, item)| interface(types, id, item))
            .collect();
        Ok(Self {
            resolve,
            tool,
            instance,
            imports,
        })
    }
}

fn push(resolve: &mut Resolve, files: &[(&str, &str)]) -> Result<wit_parser::PackageId, ContractError> {
    let mut sources = SourceMap::new();
    for (name, text) in files {
        sources.push_str(name, *text);
    }
    let group = sources.parse().map_err(|(_, error)| ContractError::new(error))?;
    resolve.push_group(group).map_err(ContractError::new)
}

/// A package is encoded as one type per world: a component type whose only export is the world, itself a
/// component type under its full name.
fn world_type(types: TypesRef<'_>, world: World) -> Option<ComponentTypeId> {
    let ComponentEntityType::Type {
        created: ComponentAnyTypeId::Component(wrapper),
        ..
    } = types.component_item_for_export(world.name())?.ty
    else {
        return None;
    };
    match types[wrapper].exports.get(world.id())?.ty {
        ComponentEntityType::Component(id) => Some(id),
        _ => None,
    }
}

fn function(types: TypesRef<'_>, name: &str, item: &ComponentItem) -> Option<Function> {
    match item.ty {
        ComponentEntityType::Func(id) => Some(Function {
            name: name.to_owned(),
            signature: Signature::of(types, id),
        }),
        _ => None,
    }
}

fn interface(types: TypesRef<'_>, id: &str, item: &ComponentItem) -> Option<Interface> {
    let ComponentEntityType::Instance(instance) = item.ty else {
        return None;
    };
    let functions = types[instance]
        .exports
        .iter()
        .filter_map(|(name, item)| function(types, name, item));
    Some(Interface {
        id: id.to_owned(),
        functions: functions.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_as_files_has_the_wanted_imports_and_all_its_exports() {
        for world in World::ALL {
            for wanted in [&["request", "websocket", "fs"][..], &["fs"], &[]] {
                let mut resolve = Resolve::default();
                let (deps, own): (Vec<_>, Vec<_>) = world
                    .wit(|name| wanted.contains(&name))
                    .into_iter()
                    .partition(|(path, _)| path.starts_with("deps/"));
                assert_eq!(deps.len(), wanted.len());
                let files = |files: &[(String, String)]| -> Vec<(&'static str, &'static str)> {
                    let leaked = |text: &String| &*text.clone().leak();
                    files
                        .iter()
                        .map(|(path, text)| (leaked(path), leaked(text)))
                        .collect()
                };
                if !deps.is_empty() {
                    push(&mut resolve, &files(&deps)).unwrap();
                }
                let package = push(&mut resolve, &files(&own)).unwrap();
                let id = resolve.select_world(&[package], Some(world.name())).unwrap();
                assert_eq!(resolve.worlds[id].imports.len(), wanted.len());
                assert_eq!(resolve.worlds[id].exports.len(), world.exports().len());
            }
        }
    }

    #[test]
    fn the_contract_parses_and_names_its_worlds() {
        let contract = Contract::parse().unwrap();
        for (world, parsed) in World::ALL.iter().zip([&contract.tool, &contract.instance]) {
            let found = &contract.resolve.worlds[parsed.id];
            let package = found.package.unwrap();
            assert_eq!(contract.resolve.id_of_name(package, &found.name), world.id());
            assert_eq!(world.id().parse(), Ok(*world));
            assert!(
                world
                    .exports()
                    .iter()
                    .any(|function| function.name == world.entry())
            );
        }
    }

    #[test]
    fn both_worlds_have_the_same_imports() {
        let imports = World::ALL.map(|world| {
            let names = resolve().worlds[world.in_resolve()].imports.keys();
            names.map(|key| resolve().name_world_key(key)).collect::<Vec<_>>()
        });
        assert_eq!(imports[0], imports[1]);
        assert_eq!(
            imports[0],
            host_imports()
                .iter()
                .map(|interface| interface.id.clone())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_component_that_finds_wit_in_both_folders_finds_the_same() {
        for (name, text) in HOST_WIT {
            let copy = format!(
                "{}/../wit/plugin/deps/yoi-host-1.0.0/{name}",
                env!("CARGO_MANIFEST_DIR")
            );
            assert_eq!(std::fs::read_to_string(copy).unwrap(), text, "{name}");
        }
    }

    #[test]
    fn what_is_wanted_is_what_the_wit_says() {
        let mut text = String::new();
        for interface in host_imports() {
            text += &format!("{}\n", interface.id);
            for function in &interface.functions {
                text += &format!("  {}: {}\n", function.name, function.signature);
            }
        }
        for world in World::ALL {
            text += &format!("{world}\n");
            for function in world.exports() {
                text += &format!("  {}: {}\n", function.name, function.signature);
            }
        }
        insta::assert_snapshot!(text, @"
        yoi:host/request@1.0.0
          request: func(request-json: string) -> string
        yoi:host/websocket@1.0.0
          open: func(request-json: string) -> string
          send-text: func(handle: u32, text: string) -> string
          recv: func(handle: u32, timeout-ms: u32) -> string
          close: func(handle: u32) -> string
        yoi:host/fs@1.0.0
          read: func(request-json: string) -> string
          list: func(request-json: string) -> string
          write: func(request-json: string) -> string
        yoi:plugin/tool@1.0.0
          call: func(tool-name: string, input-json: string) -> string
        yoi:plugin/instance@1.0.0
          start: func(config-json: string) -> string
          handle-tool: func(name: string, input-json: string) -> string
          handle-ingress: func(name: string, event-json: string) -> string
          status: func() -> string
          stop: func() -> string
        ");
    }

    #[test]
    fn an_unknown_world_names_the_choices() {
        let error = "yoi:plugin/tool".parse::<World>().unwrap_err();
        insta::assert_snapshot!(error, @"there is no world `yoi:plugin/tool`: choose `yoi:plugin/tool@1.0.0` or `yoi:plugin/instance@1.0.0`");
    }
}
