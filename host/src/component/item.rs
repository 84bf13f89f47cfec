//! One import or export, and what the contract says of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which way an item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The host gives it to the component.
    Import,
    /// The component gives it to the host.
    Export,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Import => "import",
            Direction::Export => "export",
        })
    }
}

/// An import or export that a component has, or should have.
///
/// An interface of the contract is listed by its functions, any other interface as one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Item {
    /// Which way it goes.
    pub direction: Direction,
    /// The name at the top level of the component: that of an export or of an imported interface.
    pub name: String,
    /// The function within the imported interface, for an import of the contract.
    pub function: Option<String>,
    /// The type that the contract names, as in WIT. None for what the contract does not know.
    pub wanted: Option<String>,
    /// The type that the component has, as in WIT. None for what it lacks.
    pub found: Option<String>,
    /// What the contract says of it.
    pub verdict: Verdict,
}

impl Item {
    /// Whether a plugin may have it as it is.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        matches!(self.verdict, Verdict::Matches | Verdict::Extra)
    }
}

/// What the contract says of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verdict {
    /// It is as the contract wants it.
    Matches,
    /// An export that nobody will call.
    Extra,
    /// An export that the world wants and the component lacks.
    Missing {
        /// An export whose name is close to the wanted one.
        nearest: Option<String>,
    },
    /// It has the right name and another type.
    WrongType,
    /// An import of a host interface in a version that the host does not have.
    WrongVersion {
        /// The interface as the host has it.
        available: String,
    },
    /// An import of WASI.
    Wasi,
    /// An import that no host has.
    Unknown {
        /// An import of the contract whose name is close to it.
        nearest: Option<String>,
    },
}
