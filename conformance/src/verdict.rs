//! How a case ended. The five ways never mix: whoever reads "failed" may blame the target.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::limits::{REASON_BYTES, TEXT_BYTES};
use crate::text::bounded;

/// What checking a case comes to: nothing to say, or why it was stopped.
pub type Checked = Result<(), Stop>;

/// Why a check goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The target does not keep the clause.
    Fail(Finding),
    /// The target could not be brought to where the clause can be seen.
    CouldNotRun(String),
    /// Nobody asks here.
    Skip(String),
    /// The contract leaves it to the target, which does nothing of the kind.
    Exempt(String),
    /// The harness is at fault, and nothing is known of the target.
    Harness(String),
}

/// What was expected of a target, and what was seen instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What the clause asks, here.
    pub expected: String,
    /// What the target did.
    pub seen: String,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The target keeps the clause, as far as was looked.
    Pass,
    /// It does not.
    Fail(Box<Evidence>),
    /// Nothing is known of the clause: the target could not be brought so far.
    CouldNotRun {
        /// What stood in the way.
        reason: String,
    },
    /// It was not asked.
    Skipped {
        /// Why.
        reason: String,
        /// Whether the contract leaves it to the target, so that nothing is left open.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        optional: bool,
    },
    /// The harness broke. Nothing is known of the target.
    HarnessFault {
        /// What happened.
        message: String,
    },
}

/// What shows that a target does not keep a clause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What was expected and seen.
    #[serde(flatten)]
    pub finding: Finding,
    /// The smallest input found that shows it, where inputs were made up. It is played again by itself.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "present"
    )]
    pub input: Option<Value>,
    /// How the target broke, where nothing else was seen: what it has in common with all that shows the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub broke: Option<String>,
    /// The saved input that showed it, where it was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub regression: Option<String>,
    /// What went to the target and came back, in order.
    pub steps: Vec<Step>,
    /// How many steps between the first and the last of them are left out.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub steps_left_out: u64,
}

/// One step of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which way it went.
    pub way: Way,
    /// What it was: `start`, `handle-tool counter_add`.
    pub what: String,
    /// What was said.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub text: String,
}

/// Which way a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the target.
    Sent,
    /// From the target.
    Got,
    /// A remark of the case's.
    Note,
}

/// What is there, `null` included: it is an input as any other.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Stop {
    /// The target does not keep the clause.
    pub fn fail(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Fail(Finding {
            expected: bounded(&expected.into(), TEXT_BYTES),
            seen: bounded(&seen.into(), TEXT_BYTES),
        })
    }

    /// The verdict that this is; a failure by fixed steps has nothing beside what was seen.
    pub(crate) fn verdict(self, evidence: impl FnOnce(Finding) -> Evidence) -> Verdict {
        match self {
            Stop::Fail(finding) => Verdict::Fail(Box::new(evidence(finding))),
            Stop::CouldNotRun(reason) => Verdict::CouldNotRun {
                reason: bounded(&reason, REASON_BYTES),
            },
            Stop::Skip(reason) => Verdict::Skipped {
                reason: bounded(&reason, REASON_BYTES),
                optional: false,
            },
            Stop::Exempt(reason) => Verdict::Skipped {
                reason: bounded(&reason, REASON_BYTES),
                optional: true,
            },
            Stop::Harness(message) => Verdict::HarnessFault {
                message: bounded(&message, REASON_BYTES),
            },
        }
    }
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::CouldNotRun { .. } => "could not run",
            Verdict::Skipped { .. } => "skipped",
            Verdict::HarnessFault { .. } => "fault of the harness",
        }
    }

    /// What shows the failure, if it is one.
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Verdict::Fail(evidence) => Some(evidence),
            _ => None,
        }
    }
}

/// Stop with a failure unless `holds`.
///
/// # Errors
///
/// [`Stop::Fail`] where it does not hold.
pub fn expect(holds: bool, expected: impl FnOnce() -> String, seen: impl FnOnce() -> String) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Stop::fail(expected(), seen()))
    }
}

/// Stop with a failure unless what was seen of `what` is what was wanted.
///
/// # Errors
///
/// [`Stop::Fail`] where it is not.
pub fn expect_eq<T: PartialEq + Serialize + ?Sized>(what: &str, wanted: &T, seen: &T) -> Checked {
    expect(
        wanted == seen,
        || format!("{what} to be {}", shown(wanted)),
        || shown(seen),
    )
}

/// A value as it is shown to people, whatever they write their own in: as JSON.
pub fn shown<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}

/// A word of the contract, without the quotation marks that it has in JSON.
pub(crate) fn word(value: &impl Serialize) -> String {
    shown(value).trim_matches('"').to_owned()
}
