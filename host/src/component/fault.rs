//! What can be wrong with a component, as data with a message and, apart from it, an advice.
//!
//! Which of these a component has is found in `judge`; how several are printed is in `render`.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::contract::World;
use super::producers::Toolchain;
use super::wasi::{self, WasiCause};
use crate::Profile;

/// One thing that speaks against loading a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// Whether the component can be loaded all the same.
    pub severity: Severity,
    /// What it is.
    #[serde(flatten)]
    pub problem: Problem,
}

/// What a fault leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The component is loaded; a call that needs the missing part will fail.
    Warns,
    /// The component is not loaded.
    Refuses,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warns => "warning",
            Severity::Refuses => "refused",
        })
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// It exports the first function of no world.
    NoWorld {
        /// An export whose name is close to a wanted one, and that one.
        nearest: Option<Nearest>,
        /// An exported interface that holds the function, which belongs at the top level.
        within: Option<String>,
    },
    /// It exports the first function of both worlds.
    BothWorlds,
    /// An export of its world is missing.
    MissingExport {
        /// Its world.
        world: World,
        /// The missing function.
        name: String,
        /// The type it should have.
        wanted: String,
        /// An export whose name is close to it.
        nearest: Option<String>,
    },
    /// An export has another type than its world wants.
    ExportType {
        /// Its world.
        world: World,
        /// The export.
        name: String,
        /// The type it should have.
        wanted: String,
        /// The type it has, or what it is instead of a function.
        found: String,
    },
    /// An import that no host has.
    UnknownImport {
        /// The import.
        name: String,
        /// An import of the contract whose name is close to it.
        nearest: Option<String>,
    },
    /// An import of a host interface in another version.
    ImportVersion {
        /// The import.
        name: String,
        /// The interface as the host has it.
        wanted: String,
    },
    /// An import of WASI.
    WasiImport {
        /// The import.
        name: String,
        /// What it is there for.
        cause: WasiCause,
        /// What the component was built with.
        toolchain: Toolchain,
    },
    /// An imported function, or a whole interface, with another type than the host's.
    ImportType {
        /// The interface.
        name: String,
        /// The function in it; None if the import is no interface at all.
        function: Option<String>,
        /// The type that the host's function has.
        wanted: Option<String>,
        /// The type that is imported, or what is imported instead of a function.
        found: String,
    },
    /// An imported function that the host's interface does not have.
    UnknownFunction {
        /// The interface.
        name: String,
        /// The function.
        function: String,
        /// A function of the interface whose name is close to it.
        nearest: Option<String>,
    },
    /// It needs more of something than an instance may have.
    TooMany {
        /// What there are too many of.
        resource: Resource,
        /// How many it needs.
        needed: u64,
        /// How many it may have.
        limit: u64,
        /// The profile whose limit it is.
        profile: Profile,
        /// Whether the component calls a function of the host.
        uses_host_imports: bool,
    },
    /// Its memory or a table begins larger than it may ever be.
    TooLarge {
        /// What is too large: memories in bytes, tables in elements.
        resource: Resource,
        /// The initial size.
        needed: u64,
        /// The largest size.
        limit: u64,
    },
}

/// A name that is close to a wanted one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Nearest {
    /// The name that is there.
    pub found: String,
    /// The name that was probably meant.
    pub wanted: String,
}

/// What an instance has a limited number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Instances of core modules.
    CoreInstances,
    /// Linear memories.
    Memories,
    /// Tables.
    Tables,
}

impl Fault {
    /// Whether the component is not loaded because of it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Refuses
    }

    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match &self.problem {
            Problem::NoWorld {
                within: Some(interface),
                ..
            } => Some(format!(
                "the interface `{interface}` holds it: export the function itself, at the top level of the world"
            )),
            Problem::NoWorld {
                nearest: Some(Nearest { found, wanted }),
                ..
            } => Some(format!("is the export `{found}` meant to be `{wanted}`?")),
            Problem::MissingExport {
                name,
                nearest: Some(nearest),
                ..
            } => Some(format!("is the export `{nearest}` meant to be `{name}`?")),
            Problem::MissingExport { name, wanted, .. } => Some(format!("export {name}: {wanted}")),
            Problem::UnknownImport {
                nearest: Some(nearest),
                ..
            } => Some(format!("is `{nearest}` meant?")),
            Problem::UnknownFunction {
                nearest: Some(nearest),
                ..
            } => Some(format!("is `{nearest}` meant?")),
            Problem::ImportVersion { wanted, .. } => Some(format!(
                "generate the guest's bindings from a WIT that imports `{wanted}`"
            )),
            Problem::WasiImport { cause, toolchain, .. } => {
                let (origin, remedy) = (cause.origin(*toolchain), cause.remedy(*toolchain));
                let last_resort = if wasi::can_be_denied(*toolchain) {
                    format!("; or {}", wasi::DENY)
                } else {
                    String::new()
                };
                Some(format!("it comes from {origin}; {remedy}{last_resort}"))
            }
            _ => None,
        }
    }

    /// The yoi host's own words for it, if it is the gate for imports that refuses it there.
    #[must_use]
    pub fn yoi_wording(&self) -> Option<String> {
        let (Problem::UnknownImport { name, .. }
        | Problem::ImportVersion { name, .. }
        | Problem::WasiImport { name, .. }) = &self.problem
        else {
            return None;
        };
        Some(format!(
            "unsupported component import `{name}`; no WASI filesystem, ambient network, environment, or other \
             imports are available"
        ))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoWorld { .. } => write!(
                f,
                "exports neither `call` (world {tool}) nor `start` (world {instance})",
                tool = World::Tool,
                instance = World::Instance
            ),
            Problem::BothWorlds => write!(
                f,
                "exports both `call` (world {tool}) and `start` (world {instance}), but stands in one world only",
                tool = World::Tool,
                instance = World::Instance
            ),
            Problem::MissingExport { world, name, .. } => {
                write!(f, "lacks the export `{name}` of world {world}")
            }
            Problem::ExportType {
                name, wanted, found, ..
            } => {
                write!(f, "exports `{name}` as `{found}` instead of `{wanted}`")
            }
            Problem::UnknownImport { name, .. } => write!(f, "imports `{name}`, which no yoi host has"),
            Problem::ImportVersion { name, wanted } => {
                write!(f, "imports `{name}` where the host has `{wanted}`")
            }
            Problem::WasiImport { name, .. } => write!(f, "imports `{name}`, and a yoi host has no WASI"),
            Problem::ImportType {
                name,
                function: Some(function),
                wanted: Some(wanted),
                found,
            } => {
                write!(
                    f,
                    "imports `{function}` of `{name}` as `{found}` instead of `{wanted}`"
                )
            }
            Problem::ImportType { name, found, .. } => {
                write!(f, "imports `{name}` as `{found}` instead of an interface")
            }
            Problem::UnknownFunction { name, function, .. } => {
                write!(f, "imports `{function}` of `{name}`, which has no such function")
            }
            Problem::TooMany {
                resource,
                needed,
                limit,
                profile,
                uses_host_imports,
            } => {
                let host = match profile {
                    Profile::Yoi => "the yoi host",
                    Profile::Documented => "the host",
                };
                write!(f, "needs {needed} {resource}, {host} allows {limit}")?;
                if matches!((profile, resource), (Profile::Yoi, Resource::CoreInstances))
                    && *uses_host_imports
                {
                    write!(f, ": it cannot instantiate a component that uses a host import")?;
                }
                Ok(())
            }
            Problem::TooLarge {
                resource: Resource::Tables,
                needed,
                limit,
            } => {
                write!(
                    f,
                    "begins with a table of {needed} elements, the host allows {limit}"
                )
            }
            Problem::TooLarge { needed, limit, .. } => {
                write!(f, "begins with {needed} bytes of memory, the host allows {limit}")
            }
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::CoreInstances => "core instances",
            Resource::Memories => "memories",
            Resource::Tables => "tables",
        })
    }
}
