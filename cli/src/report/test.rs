//! What `yoikit test` prints for machines beside its report, which is `yoi_conformance::report`'s.

use schemars::JsonSchema;
use serde::Serialize;
use yoi_conformance::mutants::Judged;
use yoi_conformance::plan::Shard;
use yoi_conformance::report::CaseInfo;
use yoi_conformance::suites::plugin::behaviours::{Area, Proof};

/// What `yoikit test --list --json` and `--dry-run --json` print.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedReport {
    /// `yoikit.cases/1`.
    pub schema: &'static str,
    /// The cases that are selected.
    pub cases: Vec<CaseInfo>,
    /// The targets, and what would be run against each; none where nothing was opened.
    pub targets: Vec<ListedTarget>,
    /// Which part of it would be run.
    pub shard: Option<Shard>,
}

/// A target, and what would be run against it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedTarget {
    /// What it is called.
    pub name: String,
    /// The profile.
    pub profile: String,
    /// The ids of the cases.
    pub cases: Vec<String>,
}

/// What `yoikit test --behaviours --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BehavioursReport {
    /// `yoikit.behaviours/1`.
    pub schema: &'static str,
    /// What is promised.
    pub behaviours: Vec<ListedBehaviour>,
}

/// Something that is promised.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedBehaviour {
    /// What it is about.
    pub area: &'static str,
    /// What is promised, in a sentence.
    pub says: &'static str,
    /// The ids of the cases that prove it.
    pub cases: Vec<&'static str>,
    /// Why no case does, where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<&'static str>,
}

/// What `yoikit test --mutants --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MutantsReport {
    /// `yoikit.mutants/1`.
    pub schema: &'static str,
    /// What became of each.
    pub mutants: Vec<Judged>,
}

impl BehavioursReport {
    pub(crate) fn of(areas: &'static [Area]) -> Self {
        let behaviours = areas.iter().flat_map(|area| {
            area.behaviours.iter().map(|behaviour| {
                let (cases, elsewhere) = match behaviour.proof {
                    Proof::Cases(cases) => (cases.to_vec(), None),
                    Proof::Elsewhere(why) => (Vec::new(), Some(why)),
                };
                ListedBehaviour {
                    area: area.name,
                    says: behaviour.says,
                    cases,
                    elsewhere,
                }
            })
        });
        Self {
            schema: "yoikit.behaviours/1",
            behaviours: behaviours.collect(),
        }
    }
}

impl MutantsReport {
    pub(crate) fn new(mutants: Vec<Judged>) -> Self {
        Self {
            schema: "yoikit.mutants/1",
            mutants,
        }
    }
}
