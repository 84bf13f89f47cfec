//! The failures that are known: a file that lists cases with the reason why each may fail.
//!
//! ```toml
//! schema = "yoikit.baseline/1"
//!
//! [[known]]
//! case = "plugin.tool.refuses-unknown-tools"
//! profile = "documented"    # optional: every profile
//! target = "counter.wasm"   # optional: every target
//! reason = "fixed by the next release of the SDK"
//! ```
//!
//! A known failure does not fail the run. One that is none any more does, so that the list stays true.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

/// What is known to fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: Vec<Known>,
}

/// A failure that is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The case's id.
    pub case: String,
    /// The profile that it is known under; every one where none is named.
    pub profile: Option<String>,
    /// The target's name; every one where none is named.
    pub target: Option<String>,
    /// Why it may fail.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    #[serde(default)]
    known: Vec<Known>,
}

/// Why a file is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// Not of the form.
    #[error("{}", .0.trim_end())]
    Form(String),
    /// Of another form.
    #[error("its schema is `{0}`; `yoikit.baseline/1` is read")]
    Schema(String),
    /// An entry says nothing.
    #[error("the entry for `{0}` has no reason: say why it may fail")]
    NoReason(String),
    /// An entry is for a case that there is not.
    #[error("there is no case `{0}`: was it renamed?")]
    NoCase(String),
    /// A case is listed twice for the same.
    #[error("`{0}` is listed twice for the same profile and target")]
    Twice(String),
}

impl Baseline {
    /// Read a baseline for suites that have these cases.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn parse(text: &str, cases: &BTreeSet<&str>) -> Result<Self, BaselineError> {
        let file: File = toml::from_str(text).map_err(|error| BaselineError::Form(error.to_string()))?;
        if file.schema != "yoikit.baseline/1" {
            return Err(BaselineError::Schema(file.schema));
        }
        let mut seen = BTreeSet::new();
        for known in &file.known {
            if known.reason.trim().is_empty() {
                return Err(BaselineError::NoReason(known.case.clone()));
            }
            if !cases.contains(known.case.as_str()) {
                return Err(BaselineError::NoCase(known.case.clone()));
            }
            if !seen.insert((&known.case, &known.profile, &known.target)) {
                return Err(BaselineError::Twice(known.case.clone()));
            }
        }
        Ok(Self { known: file.known })
    }

    /// The entry for this case of this target under this profile.
    #[must_use]
    pub fn find(&self, case: &str, profile: &str, target: &str) -> Option<&Known> {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        // A target that shares its name with another is called by its path.
        let short = Path::new(target).file_name().and_then(|name| name.to_str());
        let short = short.unwrap_or(target);
        self.known.iter().find(|known| {
            known.case == case
                && fits(&known.profile, profile)
                && (fits(&known.target, target) || fits(&known.target, short))
        })
    }

    /// Whether it lists nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Baseline, BaselineError> {
        Baseline::parse(text, &BTreeSet::from(["toy.a", "toy.b"]))
    }

    const HEAD: &str = "schema = \"yoikit.baseline/1\"\n";

    #[test]
    fn an_entry_holds_for_what_it_names() {
        let entries = "[[known]]\ncase = \"toy.a\"\nprofile = \"yoi\"\nreason = \"r\"\n[[known]]\ncase = \"toy.b\"\nreason = \"s\"\n";
        let baseline = parse(&format!("{HEAD}{entries}")).unwrap();
        assert_eq!(baseline.find("toy.a", "yoi", "x").unwrap().reason, "r");
        assert_eq!(baseline.find("toy.a", "documented", "x"), None);
        assert!(baseline.find("toy.b", "documented", "y").is_some());
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        let refused = |rest: &str| parse(&format!("{HEAD}{rest}")).unwrap_err().to_string();
        insta::assert_snapshot!(refused("[[known]]\ncase = \"toy.a\"\nreason = \" \"\n"), @"the entry for `toy.a` has no reason: say why it may fail");
        insta::assert_snapshot!(refused("[[known]]\ncase = \"toy.c\"\nreason = \"r\"\n"), @"there is no case `toy.c`: was it renamed?");
        let entry = "[[known]]\ncase = \"toy.a\"\nreason = \"r\"\n";
        insta::assert_snapshot!(refused(&format!("{entry}{entry}")), @"`toy.a` is listed twice for the same profile and target");
        insta::assert_snapshot!(parse("schema = \"yoikit.baseline/2\"").unwrap_err(), @"its schema is `yoikit.baseline/2`; `yoikit.baseline/1` is read");
        insta::assert_snapshot!(refused("known = 1"), @"
        TOML parse error at line 2, column 9
          |
        2 | known = 1
          |         ^
        invalid type: integer `1`, expected a sequence
        ");
    }
}
