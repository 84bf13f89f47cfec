//! What a case is: plain data, the same for every target.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One clause of a contract, and how it is looked at. Its id never changes its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// A stable name, from the large to the small: `plugin.lifecycle.stop-is-final`.
    pub id: &'static str,
    /// What it proves.
    pub clause: Clause,
    /// How much it is asked.
    pub level: Level,
    /// Who is asked.
    pub side: Side,
    /// How it is looked at.
    pub kind: Kind,
    /// The profiles that it holds for; all where none is named.
    pub profiles: &'static [&'static str],
    /// The set that it belongs to.
    pub set: Set,
}

/// A sentence of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Clause {
    /// Where it stands, in files that come with this project: `wit/plugin/instance.wit#start`.
    pub section: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// How much a clause asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Who does otherwise breaks the contract.
    Must,
    /// Who does otherwise needs a good reason.
    Should,
    /// As one likes; it is good to know.
    May,
}

/// The two sides of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who stands behind the contract.
    Guest,
    /// Who runs it.
    Host,
}

/// How a clause is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// By fixed steps.
    Example,
    /// By many inputs that are made up.
    Property,
    /// By breaking something on purpose.
    Fault,
}

/// Which set a case belongs to. A set that was named never changes: a new case waits in the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// The set of this number and of all that follow: `plugin/1`.
    Revision(u32),
    /// The set that is not named yet. Nobody is held to it.
    Next,
}

impl Case {
    /// Whether it is asked under this profile.
    #[must_use]
    pub fn holds_for(&self, profile: &str) -> bool {
        self.profiles.is_empty() || self.profiles.contains(&profile)
    }

    /// Whether its id is `pattern`, or begins with it and a dot.
    #[must_use]
    pub fn is_under(&self, pattern: &str) -> bool {
        let pattern = pattern.trim_end_matches(".*");
        self.id
            .strip_prefix(pattern)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || pattern.ends_with('.'))
    }
}

impl Clause {
    /// This sentence of that section.
    #[must_use]
    pub const fn new(section: &'static str, text: &'static str) -> Self {
        Self { section, text }
    }
}

macro_rules! named {
    ($type:ident: $($variant:ident = $name:literal),+) => {
        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The word for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named!(Level: Must = "must", Should = "should", May = "may");
named!(Side: Guest = "guest", Host = "host");
named!(Kind: Example = "example", Property = "property", Fault = "fault");

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &'static str) -> Case {
        Case {
            id,
            clause: Clause::new("s", "t"),
            level: Level::Must,
            side: Side::Guest,
            kind: Kind::Example,
            profiles: &["documented"],
            set: Set::Revision(1),
        }
    }

    #[test]
    fn a_prefix_ends_at_a_dot() {
        let case = case("plugin.tool.answers");
        for pattern in [
            "plugin",
            "plugin.",
            "plugin.tool",
            "plugin.tool.*",
            "plugin.tool.answers",
            "",
        ] {
            assert_eq!(case.is_under(pattern), !pattern.is_empty(), "{pattern}");
        }
        for pattern in ["plug", "plugin.to", "tool", "plugin.tool.answers.more"] {
            assert!(!case.is_under(pattern), "{pattern}");
        }
    }

    #[test]
    fn a_case_holds_for_the_profiles_it_names_or_for_all() {
        let mut case = case("a.b");
        assert!(case.holds_for("documented") && !case.holds_for("yoi"));
        case.profiles = &[];
        assert!(case.holds_for("yoi"));
    }
}
