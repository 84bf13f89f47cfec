//! One case that failed.

use std::fmt::{self, Write};

use yoi_host::harmless::harmless_line;

use super::{Styles, Writer};
use crate::Verdict;
use crate::limits::{STEPS, TEXT_BYTES};
use crate::report::{CaseLine, RunLine};
use crate::text::{bounded, bounded_further};
use crate::verdict::{Evidence, Way};

/// In what a failure is like one that was told.
pub(super) enum Like<'t> {
    /// It is the same case of the same target, which ends the same way under another profile.
    Profile,
    /// The target broke in the same way, and nothing else was seen of it.
    Cause(&'t CaseLine),
}

impl RunLine {
    /// In what a failure is like one of those that were told, if it is.
    pub(super) fn like<'t>(&self, told: &'t [CaseLine], line: &CaseLine) -> Option<Like<'t>> {
        let mut same_target = told
            .iter()
            .filter(|other| self.name_of(other) == self.name_of(line));
        if same_target
            .clone()
            .any(|other| other.case == line.case && other.verdict == line.verdict)
        {
            return Some(Like::Profile);
        }
        let broke = |line: &CaseLine| {
            line.verdict
                .evidence()
                .and_then(|evidence| evidence.broke.clone())
        };
        let cause = broke(line)?;
        same_target
            .find(|other| broke(other).as_ref() == Some(&cause))
            .map(Like::Cause)
    }
}

impl Writer<'_> {
    /// All that is known of it.
    pub(super) fn case(&mut self, run: &RunLine, line: &CaseLine) -> fmt::Result {
        let dim = self.styles.dim;
        self.title(run, line)?;
        if let Some(info) = run.case(&line.case) {
            self.label("clause")?;
            writeln!(self.out, "{} {dim}{}{dim:#}", info.clause, info.section)?;
        }
        match &line.verdict {
            Verdict::Fail(evidence) => self.evidence(evidence)?,
            Verdict::HarnessFault { message } => {
                self.text("seen", message)?;
                self.label("")?;
                writeln!(
                    self.out,
                    "{dim}nothing is known of the target here: this is a bug of the harness{dim:#}"
                )?;
            }
            _ => {}
        }
        self.repeat(line)
    }

    /// What stands for one that tells nothing but what another does.
    pub(super) fn alike(&mut self, run: &RunLine, line: &CaseLine, other: &CaseLine) -> fmt::Result {
        writeln!(self.out)?;
        self.title(run, line)?;
        self.label("seen")?;
        let under = match (run.profile_of(line), run.profile_of(other)) {
            (one, same) if one == same => String::new(),
            (_, profile) => format!(" under {profile}"),
        };
        writeln!(self.out, "the same end of the target as in {}{under}", other.case)?;
        if let Some(input) = line
            .verdict
            .evidence()
            .and_then(|evidence| evidence.input.as_ref())
        {
            self.text("input", &bounded(&input.to_string(), TEXT_BYTES))?;
        }
        self.repeat(line)
    }

    fn repeat(&mut self, line: &CaseLine) -> fmt::Result {
        if let Some(reason) = &line.not_saved {
            self.text("not kept", reason)?;
        }
        if let Some(repeat) = &line.repeat {
            self.label("repeat")?;
            writeln!(self.out, "{}", harmless_line(repeat))?;
        }
        Ok(())
    }

    /// How it ended, as wide as a label.
    pub(super) fn word(&self, line: &CaseLine) -> String {
        let Styles { bad, warn, .. } = self.styles;
        match &line.verdict {
            Verdict::HarnessFault { .. } => format!("{warn}harness{warn:#}     "),
            verdict => format!("{bad}{:<12}{bad:#}", verdict.name()),
        }
    }

    /// How it ended, and which it is.
    fn title(&mut self, run: &RunLine, line: &CaseLine) -> fmt::Result {
        let (word, dim) = (self.word(line), self.styles.dim);
        let level = run.case(&line.case).map_or("must", |info| info.level.name());
        writeln!(
            self.out,
            "{word}{} {dim}({level}, {}, {}){dim:#}",
            line.case,
            harmless_line(run.name_of(line)),
            run.profile_of(line)
        )
    }

    fn evidence(&mut self, evidence: &Evidence) -> fmt::Result {
        self.text("expected", &evidence.finding.expected)?;
        self.text("seen", &evidence.finding.seen)?;
        if let Some(input) = &evidence.input {
            self.text("input", &bounded(&input.to_string(), TEXT_BYTES))?;
        }
        if let Some(file) = &evidence.regression {
            self.text("kept", &format!("it failed before: {file}"))?;
        }
        let dim = self.styles.dim;
        for (number, step) in evidence.steps.iter().enumerate() {
            self.label(if number == 0 { "transcript" } else { "" })?;
            let arrow = match step.way {
                Way::Sent => '→',
                Way::Got => '←',
                Way::Note => '·',
            };
            writeln!(
                self.out,
                "{dim}{arrow}{dim:#} {}",
                harmless_line(
                    format!("{} {}", step.what, bounded_further(&step.text, self.step_bytes)).trim_end()
                )
            )?;
            let half = STEPS / 2;
            if evidence.steps_left_out > 0 && number + 1 == half {
                self.label("")?;
                writeln!(self.out, "{dim}… {} steps{dim:#}", evidence.steps_left_out)?;
            }
        }
        Ok(())
    }
}
