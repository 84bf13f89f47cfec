//! The suite in a plugin's own tests.
//!
//! As one test, under `cargo test` and `cargo nextest`:
//!
//! ```no_run
//! #[test]
//! fn conforms() {
//!     yoi_conformance::check(env!("CARGO_MANIFEST_DIR"));
//! }
//! # fn main() {}
//! ```
//!
//! Or one test for each case, in `tests/conformance.rs`, with `harness = false` under `[[test]]` in `Cargo.toml`:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     yoi_conformance::Check::new(env!("CARGO_MANIFEST_DIR")).regressions("tests/regressions").harness()
//! }
//! ```
//!
//! The path is what `yoikit test` takes: a component, a package, a plugin's folder, a Cargo project, which is built.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use yoi_host::Profile;

use super::open::Opening;
use crate::plan::{Plan, Selection};
use crate::regression::Regressions;
use crate::report::{Report, Styles};
use crate::run::{self, Entrant, Settings};
use crate::{Exit, Seed, Verdict};

/// Hold a plugin to the contract, under the default profile.
///
/// # Panics
///
/// With the report where it does not conform, or cannot be judged.
#[track_caller]
pub fn check(path: impl AsRef<Path>) {
    Check::new(path).run();
}

/// A check, and what is to be different about it.
#[derive(Debug, Clone)]
#[must_use = "nothing is checked before `run` or `harness`"]
pub struct Check {
    path: PathBuf,
    opening: Opening,
    settings: Settings,
    regressions: Option<PathBuf>,
}

impl Check {
    /// Check what stands at this path, under the default profile.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            opening: Opening {
                profiles: vec![Profile::default()],
                ..Opening::usual()
            },
            settings: Settings::default(),
            regressions: None,
        }
    }

    /// Under this profile instead.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.opening.profiles = vec![profile];
        self
    }

    /// Only cases with this id, or below it. Several add up.
    pub fn case(mut self, id: impl Into<String>) -> Self {
        self.settings.selection.ids.push(id.into());
        self
    }

    /// With this seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.options.seed = Seed(seed);
        self
    }

    /// With so many inputs for each property.
    pub fn property_cases(mut self, number: u32) -> Self {
        self.settings.options.property_cases = number;
        self
    }

    /// With what should hold judged like what must.
    pub fn strict(mut self) -> Self {
        self.settings.strict = true;
        self
    }

    /// With failing inputs kept in this folder, which is safe to commit, and tried first from then on.
    pub fn regressions(mut self, folder: impl Into<PathBuf>) -> Self {
        self.regressions = Some(folder.into());
        self
    }

    /// Run it.
    ///
    /// # Panics
    ///
    /// With the report where the plugin does not conform, or cannot be judged.
    #[track_caller]
    pub fn run(self) {
        let (entrants, settings) = self.prepare().unwrap_or_else(|why| panic!("{why}"));
        let report = run::run(&entrants, &settings, &mut ()).unwrap_or_else(|error| panic!("{error}"));
        if report.end.outcome != Exit::Conforms {
            panic!("the plugin does not conform\n{}", report.to_text(Styles::PLAIN));
        }
    }

    /// Run it as a test binary of its own: every case is a test, with the arguments of every test binary.
    #[must_use]
    pub fn harness(self) -> ExitCode {
        let arguments = Arguments::from_args();
        let (entrants, settings) = match self.prepare() {
            Ok(prepared) => prepared,
            // The reason has to be seen as a test's: a binary that fails to list its tests says nothing.
            Err(why) => {
                let trial = Trial::test("conformance", move || Err(Failed::from(why)));
                return libtest_mimic::run(&arguments, vec![trial]).exit_code();
            }
        };
        libtest_mimic::run(&arguments, trials(&entrants, &settings)).exit_code()
    }

    fn prepare(mut self) -> Result<(Vec<Entrant>, Settings), String> {
        // A project may take minutes to build.
        let suite = super::guest();
        let cases: Vec<_> = suite.cases().collect();
        if let Some(unknown) = self.settings.selection.unknown(&cases) {
            return Err(unknown.to_string());
        }
        if let Some(folder) = &self.regressions {
            self.settings.regressions = Some(Regressions::open(folder).map_err(|error| error.to_string())?);
        }
        let entrants = self
            .opening
            .open(&self.path, |_| {})
            .map_err(|error| error.to_string())?;
        Ok((entrants, self.settings))
    }
}

/// A test for each case that is asked.
fn trials(entrants: &[Entrant], settings: &Settings) -> Vec<Trial> {
    let subjects: Vec<_> = entrants
        .iter()
        .map(|entrant| Arc::clone(&entrant.subject))
        .collect();
    let plan = match Plan::of(&subjects, &settings.selection, None) {
        Ok(plan) => plan,
        Err(error) => return vec![Trial::test("conformance", move || Err(Failed::from(error)))],
    };
    let trials = plan.whole.iter().map(|planned| {
        let entrant = entrants[planned.subject].clone();
        let case = entrant.subject.case(planned.case);
        let (id, level) = (case.id, case.level.name());
        let settings = Settings {
            selection: Selection {
                ids: vec![id.to_owned()],
                next: settings.selection.next,
                ..Selection::default()
            },
            ..settings.clone()
        };
        // A test binary knows of tests that are ignored, and of no others that are skipped.
        let excused = entrant.subject.excuse(planned.case).is_some();
        Trial::test(id, move || judge(&entrant, &settings))
            .with_kind(level)
            .with_ignored_flag(excused)
    });
    trials.collect()
}

fn judge(entrant: &Entrant, settings: &Settings) -> Result<(), Failed> {
    let report: Report = run::run(std::slice::from_ref(entrant), settings, &mut ())?;
    // An id is never the beginning of another's, so there is one line.
    let Some(line) = report.cases.first() else {
        return Err(Failed::from("the case was not run"));
    };
    match &line.verdict {
        Verdict::Pass | Verdict::Skipped { .. } => Ok(()),
        Verdict::CouldNotRun { reason } => Err(Failed::from(format!("could not run: {reason}"))),
        // What should hold, or may, is told by `yoikit test`; it fails no build.
        Verdict::Fail(_) if report.end.outcome == Exit::Conforms => Ok(()),
        Verdict::Fail(_) | Verdict::HarnessFault { .. } => {
            Err(Failed::from(report.case_to_text(line, Styles::PLAIN)))
        }
    }
}
