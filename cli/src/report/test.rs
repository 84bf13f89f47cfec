//! What `yoikit test` prints for machines beside its report, which is `yoi_conformance::report`'s.

use schemars::JsonSchema;
use serde::Serialize;
use yoi_conformance::plan::Shard;
use yoi_conformance::report::CaseInfo;

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
