//! Where the inputs of a run come from.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The number that all inputs of a run are derived from. The same seed gives the same inputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// Another one every time. It is told in the report, so that the run can be had again.
    #[must_use]
    pub fn random() -> Self {
        // The standard library's hasher has keys of the system's.
        Self(RandomState::new().hash_one(()))
    }

    /// The seed of one case. It depends on the case alone, so that the case gets the same inputs by itself, in a
    /// shard and in the whole run, and under every profile.
    #[must_use]
    pub fn of_case(self, id: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"yoikit.seed/1\0");
        hash.update(self.0.to_le_bytes());
        hash.update(id.as_bytes());
        hash.finalize().into()
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        }
        .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_a_seed_of_its_own_that_never_changes() {
        let seed = Seed(7);
        assert_ne!(seed.of_case("a"), seed.of_case("b"));
        assert_ne!(seed.of_case("a"), Seed(8).of_case("a"));
        // Whoever kept a seed has to find its inputs again.
        insta::assert_snapshot!(hex(&seed.of_case("plugin.a")), @"a0ab2b43e79d46d1d11899649da83980c411a2da6fdb8a26dd704cc654679235");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn seeds_are_read_as_they_are_written() {
        assert_eq!("0xff".parse(), Ok(Seed(255)));
        assert_eq!(Seed(u64::MAX).to_string().parse(), Ok(Seed(u64::MAX)));
        assert!("-1".parse::<Seed>().is_err());
    }
}
