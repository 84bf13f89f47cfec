//! What a run comes to: what is known, what is not and why, and a line for every profile.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use yoi_host::harmless::harmless_line;

use super::{Styles, Writer, counted};
use crate::Verdict;
use crate::report::{CaseLine, Report};

/// How many cases of a group are named.
const SHOWN: usize = 6;

impl Report {
    /// Whether it is of a target that will not run: what is skipped of that is no news.
    fn is_in_trouble(&self, line: &CaseLine) -> bool {
        self.run.subjects[line.subject].about.trouble.is_some()
    }
}

impl Writer<'_> {
    pub(super) fn summary(&mut self, report: &Report, told: &[CaseLine], again: &[CaseLine]) -> fmt::Result {
        self.again(report, told, again)?;
        self.known(report)?;
        self.grouped(report, "could not run", |line| match &line.verdict {
            Verdict::CouldNotRun { reason } => Some(reason),
            _ => None,
        })?;
        self.grouped(report, "skipped", |line| match &line.verdict {
            Verdict::Skipped {
                reason,
                optional: false,
            } if !report.is_in_trouble(line) => Some(reason),
            _ => None,
        })?;
        self.optional(report)?;
        for stale in &report.end.stale {
            let bad = self.styles.bad;
            writeln!(
                self.out,
                "\n{bad}stale{bad:#}       {} passes though the baseline lists it: take it out",
                harmless_line(stale)
            )?;
        }
        if let Some(said) = report.interruption() {
            let bad = self.styles.bad;
            writeln!(self.out, "\n{bad}{}{bad:#}", harmless_line(&said))?;
        }
        writeln!(self.out)?;
        self.verdicts(report)
    }

    /// What fails in the same way under several profiles was told once.
    fn again(&mut self, report: &Report, told: &[CaseLine], again: &[CaseLine]) -> fmt::Result {
        let mut groups: BTreeMap<(usize, &str, String), Vec<&str>> = BTreeMap::new();
        for line in again {
            let first = told.iter().find(|other| {
                other.case == line.case && report.run.name_of(other) == report.run.name_of(line)
            });
            let profile = first.map_or("", |first| report.run.profile_of(first));
            let group = (line.subject, profile, self.word(line));
            groups.entry(group).or_default().push(&line.case);
        }
        let dim = self.styles.dim;
        for ((subject, profile, word), cases) in groups {
            let under = &report.run.subjects[subject].about.profile;
            writeln!(
                self.out,
                "\n{word}{dim}({}, {under}){dim:#} as under {profile}",
                counted(cases.len(), "case"),
            )?;
            self.cases(&cases)?;
        }
        Ok(())
    }

    fn cases(&mut self, cases: &[&str]) -> fmt::Result {
        let dim = self.styles.dim;
        for case in cases.iter().take(SHOWN) {
            writeln!(self.out, "{:12}{case}", "")?;
        }
        if cases.len() > SHOWN {
            writeln!(self.out, "{:12}{dim}and {} more{dim:#}", "", cases.len() - SHOWN)?;
        }
        Ok(())
    }

    fn known(&mut self, report: &Report) -> fmt::Result {
        let Styles { dim, warn, .. } = self.styles;
        let mut known: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for line in report
            .cases
            .iter()
            .filter(|line| line.verdict.evidence().is_some())
        {
            if let Some(reason) = &line.known {
                known
                    .entry((&line.case, reason))
                    .or_default()
                    .push(report.run.profile_of(line));
            }
        }
        for ((case, reason), mut profiles) in known {
            profiles.dedup();
            writeln!(
                self.out,
                "\n{warn}known to fail{warn:#} {dim}({}){dim:#} {}\n{:12}{case}",
                profiles.join(" and "),
                harmless_line(reason),
                ""
            )?;
        }
        Ok(())
    }

    /// Cases of which nothing is known, by the reason.
    fn grouped(
        &mut self,
        report: &Report,
        what: &str,
        reason_of: impl Fn(&CaseLine) -> Option<&String>,
    ) -> fmt::Result {
        let mut groups: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
        for line in &report.cases {
            if let Some(reason) = reason_of(line) {
                groups.entry((line.subject, reason)).or_default().push(&line.case);
            }
        }
        let Styles { dim, warn, .. } = self.styles;
        for ((subject, reason), cases) in groups {
            let profile = &report.run.subjects[subject].about.profile;
            writeln!(
                self.out,
                "\n{warn}{what}{warn:#} {dim}({}, {profile}){dim:#} {}",
                counted(cases.len(), "case"),
                harmless_line(reason)
            )?;
            self.cases(&cases)?;
        }
        Ok(())
    }

    /// What the contract leaves to the targets that are judged, by the reason: a line each, for it is no trouble.
    fn optional(&mut self, report: &Report) -> fmt::Result {
        let mut reasons: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for line in &report.cases {
            if let Verdict::Skipped {
                reason,
                optional: true,
            } = &line.verdict
                && report.run.subjects[line.subject].judged
                && !report.is_in_trouble(line)
            {
                *reasons.entry((line.subject, reason)).or_default() += 1;
            }
        }
        let dim = self.styles.dim;
        for (number, ((subject, reason), count)) in reasons.into_iter().enumerate() {
            if number == 0 {
                writeln!(self.out)?;
            }
            self.label("skipped")?;
            let profile = &report.run.subjects[subject].about.profile;
            writeln!(
                self.out,
                "{} {dim}({}, {profile}){dim:#}",
                harmless_line(reason),
                counted(count, "case"),
            )?;
        }
        Ok(())
    }

    fn verdicts(&mut self, report: &Report) -> fmt::Result {
        let Styles { good, bad, dim, warn } = self.styles;
        let several = report
            .run
            .subjects
            .iter()
            .any(|subject| subject.about.name != report.run.subjects[0].about.name);
        for (number, subject) in report.run.subjects.iter().enumerate() {
            let line = report.verdict_line(number);
            let tally = &report.end.subjects[number];
            let style = if subject.about.trouble.is_some() || tally.failed > tally.advisory || tally.stale > 0
            {
                bad
            } else if tally.must_passed == tally.must && report.end.interrupted.is_none() {
                good
            } else {
                warn
            };
            if several {
                write!(self.out, "{}: ", harmless_line(&subject.about.name))?;
            }
            let judged = if subject.judged { "" } else { " — not judged" };
            writeln!(
                self.out,
                "{style}{}{style:#}{dim}{judged}{dim:#}",
                harmless_line(&line)
            )?;
        }
        Ok(())
    }
}
