//! A run in parts, each by a machine of its own.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Part `number` of `of`; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// Where a build service says which part a machine does.
struct Service {
    name: &'static str,
    number: &'static str,
    of: &'static str,
    first: u32,
}

const SERVICES: [Service; 4] = [
    Service {
        name: "an indexed Kubernetes job",
        number: "JOB_COMPLETION_INDEX",
        of: "JOB_COMPLETIONS",
        first: 0,
    },
    Service {
        name: "GitLab",
        number: "CI_NODE_INDEX",
        of: "CI_NODE_TOTAL",
        first: 1,
    },
    Service {
        name: "CircleCI",
        number: "CIRCLE_NODE_INDEX",
        of: "CIRCLE_NODE_TOTAL",
        first: 0,
    },
    Service {
        name: "Buildkite",
        number: "BUILDKITE_PARALLEL_JOB",
        of: "BUILDKITE_PARALLEL_JOB_COUNT",
        first: 0,
    },
];

/// Why something says nothing of a part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Not of the form.
    #[error("`{0}` is no shard: write `K/N`, from `1/N` to `N/N`")]
    Form(String),
    /// A build service's variables that make no sense.
    #[error("{number}={index} and {of}={total} name no shard")]
    Variables {
        /// The variable for the part.
        number: &'static str,
        /// Its value.
        index: String,
        /// The variable for how many there are.
        of: &'static str,
        /// Its value.
        total: String,
    },
}

impl Shard {
    /// Whether the case of this number in the whole plan is in it. Neighbours go to different parts: slow cases
    /// stand together.
    #[must_use]
    pub fn has(self, number: usize) -> bool {
        number as u64 % u64::from(self.of) == u64::from(self.number - 1)
    }

    /// The part that a build service's variables name, and the service. A service that runs one machine only says
    /// `1/1`, which is the whole run and no shard.
    ///
    /// # Errors
    ///
    /// [`ShardError::Variables`] where there are both variables and they make no sense.
    pub fn of_environment(
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<(Self, &'static str)>, ShardError> {
        for service in &SERVICES {
            let (Some(index), Some(total)) = (read(service.number), read(service.of)) else {
                continue;
            };
            let shard = index.parse().ok().and_then(|index: u32| {
                Self::new(
                    index.checked_sub(service.first)?.checked_add(1)?,
                    total.parse().ok()?,
                )
            });
            return match shard {
                Some(Shard { of: 1, .. }) => Ok(None),
                Some(shard) => Ok(Some((shard, service.name))),
                None => Err(ShardError::Variables {
                    number: service.number,
                    index,
                    of: service.of,
                    total,
                }),
            };
        }
        Ok(None)
    }

    fn new(number: u32, of: u32) -> Option<Self> {
        (number >= 1 && number <= of).then_some(Self { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once('/')
            .and_then(|(number, of)| Self::new(number.parse().ok()?, of.parse().ok()?))
            .ok_or_else(|| ShardError::Form(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Result<Option<(Shard, &'static str)>, ShardError> {
        Shard::of_environment(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_case_is_in_exactly_one_part() {
        for of in 1..8 {
            for case in 0..40 {
                let parts = (1..=of).filter(|number| Shard { number: *number, of }.has(case));
                assert_eq!(parts.count(), 1);
            }
        }
    }

    #[test]
    fn a_part_is_between_the_first_and_the_last() {
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "3", "a/b", "1/0", "1/2/3", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn build_services_count_from_where_they_like() {
        let second = Shard { number: 2, of: 3 };
        for (number, index, of) in [
            ("JOB_COMPLETION_INDEX", "1", "JOB_COMPLETIONS"),
            ("CI_NODE_INDEX", "2", "CI_NODE_TOTAL"),
            ("CIRCLE_NODE_INDEX", "1", "CIRCLE_NODE_TOTAL"),
            ("BUILDKITE_PARALLEL_JOB", "1", "BUILDKITE_PARALLEL_JOB_COUNT"),
        ] {
            let found = environment(&[(number, index), (of, "3")]).unwrap();
            assert_eq!(found.map(|(shard, _)| shard), Some(second), "{number}");
        }
    }

    #[test]
    fn half_of_the_variables_or_one_machine_is_the_whole_run() {
        assert_eq!(environment(&[("JOB_COMPLETION_INDEX", "1")]), Ok(None));
        assert_eq!(
            environment(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "1")]),
            Ok(None)
        );
    }

    #[test]
    fn variables_that_make_no_sense_are_told() {
        let error = environment(&[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "3")]).unwrap_err();
        insta::assert_snapshot!(error, @"CI_NODE_INDEX=0 and CI_NODE_TOTAL=3 name no shard");
        insta::assert_snapshot!("3/2".parse::<Shard>().unwrap_err(), @"`3/2` is no shard: write `K/N`, from `1/N` to `N/N`");
    }
}
