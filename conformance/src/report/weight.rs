//! What the end of one case means for the run that it is of: said once, so that the exit status and every form of the
//! report agree about what is a failure.

use super::{CaseLine, RunLine, Tally};
use crate::{Level, Verdict};

/// How much the end of a case weighs. The heaviest decides how the run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing is wrong, or what is wrong is known, or the contract leaves it to the target.
    Nothing,
    /// Something is wrong that nobody is judged for: it only should hold, or the profile is not one that counts.
    Advice,
    /// A target that is judged could not be brought to where the case looks.
    Open,
    /// A target that is judged does not keep what it must, or passes what the baseline lists, or left something out of a
    /// run in which nothing may be.
    Failure,
    /// The harness broke. Whoever is judged, every other word about the run is doubtful.
    Breakage,
}

impl RunLine {
    /// How much this line of the run weighs.
    #[must_use]
    pub fn weight(&self, line: &CaseLine) -> Weight {
        let judged = self.subjects[line.subject].judged;
        let heavy = |weight| if judged { weight } else { Weight::Advice };
        match &line.verdict {
            Verdict::HarnessFault { .. } => Weight::Breakage,
            Verdict::Pass if line.known.is_some() && judged => Weight::Failure,
            Verdict::Pass => Weight::Nothing,
            Verdict::Fail(_) if line.known.is_some() => Weight::Nothing,
            Verdict::Fail(_) if self.binds(line) => heavy(Weight::Failure),
            Verdict::Fail(_) => Weight::Advice,
            Verdict::CouldNotRun { .. } if self.certified => heavy(Weight::Failure),
            Verdict::CouldNotRun { .. } => heavy(Weight::Open),
            Verdict::Skipped { optional: false, .. } if self.certified && judged => Weight::Failure,
            Verdict::Skipped { .. } => Weight::Nothing,
        }
    }

    /// Whether a case is one that has to hold in this run.
    pub(crate) fn binds(&self, line: &CaseLine) -> bool {
        let level = self.case(&line.case).map_or(Level::Must, |case| case.level);
        level == Level::Must || self.strict && level == Level::Should
    }

    /// Whether a target left something out though the run allows nothing to be.
    pub(super) const fn leaves_out(&self, tally: &Tally) -> bool {
        self.certified && tally.could_not_run + tally.skipped > tally.optional
    }
}
