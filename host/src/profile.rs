//! Which host a plugin is held to.
//!
//! This room owns the choice and its name. What the choice changes in numbers is in [`crate::limits`]; what
//! it changes in behaviour is decided where the behaviour lives, by a `match` on the profile.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which host a plugin is held to. Every result names it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// What the documents of the contract promise: imports work, a trap keeps its cause, time-outs cancel,
    /// and an instance that died can be restarted.
    #[default]
    Documented,
    /// What the yoi host does today, faults included: one core instance only, every failure of an import is
    /// a trap, a trap ends the instance for good.
    Yoi,
}

impl Profile {
    /// Every profile, the default first.
    pub const ALL: [Profile; 2] = [Profile::Documented, Profile::Yoi];

    /// The name under which it is chosen and reported.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Documented => "documented",
            Profile::Yoi => "yoi",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no profile's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile `{0}`: choose `documented` or `yoi`")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
        }
    }

    #[test]
    fn an_unknown_profile_names_the_choices() {
        let error = "strict".parse::<Profile>().unwrap_err();
        insta::assert_snapshot!(error, @"there is no profile `strict`: choose `documented` or `yoi`");
    }
}
