//! A report for people: what failed and the smallest way to see it, what is not known and why, and a line for every
//! profile.
//!
//! Everything that a target said is made harmless for a terminal.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use yoi_host::harmless::{harmless, harmless_line};

use super::{CaseLine, Report};
use crate::Verdict;
use crate::limits::{STEP_SHOWN_BYTES, STEPS, TEXT_BYTES};
use crate::text::{bounded, bounded_further};
use crate::verdict::{Evidence, Way};

/// How the parts of a report look.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    good: Style,
    bad: Style,
    warn: Style,
    dim: Style,
}

impl Styles {
    /// Without any colour.
    pub const PLAIN: Self = Self {
        good: Style::new(),
        bad: Style::new(),
        warn: Style::new(),
        dim: Style::new(),
    };

    /// As on a terminal.
    pub const COLOURED: Self = Self {
        good: AnsiColor::Green.on_default(),
        bad: AnsiColor::Red.on_default().bold(),
        warn: AnsiColor::Yellow.on_default(),
        dim: Style::new().dimmed(),
    };
}

impl Report {
    /// The report as text, with a line break at its end.
    #[must_use]
    pub fn to_text(&self, styles: Styles) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = Writer {
            out: &mut text,
            styles,
            step_bytes: STEP_SHOWN_BYTES,
        }
        .whole(self);
        text
    }

    /// One failing case as text, its transcript as it was kept.
    #[must_use]
    pub fn case_to_text(&self, line: &CaseLine, styles: Styles) -> String {
        let mut text = String::new();
        let _ = Writer {
            out: &mut text,
            styles,
            step_bytes: TEXT_BYTES,
        }
        .case(self, line, &[]);
        text
    }
}

fn is_told(line: &CaseLine) -> bool {
    line.known.is_none() && matches!(line.verdict, Verdict::Fail(_) | Verdict::HarnessFault { .. })
}

impl Report {
    fn profile_of(&self, line: &CaseLine) -> &str {
        &self.run.subjects[line.subject].about.profile
    }

    /// Whether it is of a target that will not run: what is skipped of that is no news.
    fn is_in_trouble(&self, line: &CaseLine) -> bool {
        self.run.subjects[line.subject].about.trouble.is_some()
    }

    /// Whether two lines tell the same of the same target.
    fn is_same(&self, one: &CaseLine, other: &CaseLine) -> bool {
        let name = |line: &CaseLine| &self.run.subjects[line.subject].about.name;
        one.case == other.case && name(one) == name(other) && one.verdict == other.verdict
    }
}

struct Writer<'a> {
    out: &'a mut String,
    styles: Styles,
    /// How much of a step of a transcript is shown.
    step_bytes: usize,
}

impl Writer<'_> {
    fn whole(&mut self, report: &Report) -> fmt::Result {
        self.head(report)?;
        let told: Vec<&CaseLine> = report.cases.iter().filter(|line| is_told(line)).collect();
        for (number, line) in told.iter().enumerate() {
            // What fails in the same way under several profiles is told once.
            let same = |other: &&&CaseLine| report.is_same(line, other);
            if told[..number].iter().any(|other| same(&other)) {
                continue;
            }
            writeln!(self.out)?;
            let others = told[number + 1..].iter().filter(same);
            let others: Vec<&str> = others.map(|other| report.profile_of(other)).collect();
            self.case(report, line, &others)?;
        }
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

    fn head(&mut self, report: &Report) -> fmt::Result {
        let (run, dim) = (&report.run, self.styles.dim);
        self.label("suite")?;
        let mut revisions: Vec<_> = run
            .subjects
            .iter()
            .map(|subject| subject.revision.as_str())
            .collect();
        revisions.dedup();
        write!(self.out, "{}", revisions.join(", "))?;
        let shard = run
            .shard
            .map_or_else(String::new, |shard| format!(", shard {shard}"));
        writeln!(
            self.out,
            " {dim}({}, seed {}, {} inputs for a property{shard}){dim:#}",
            counted(run.cases.len(), "case"),
            run.seed,
            run.property_cases
        )?;
        let mut last = None;
        for subject in &run.subjects {
            let about = &subject.about;
            if last.replace((&about.name, &about.digest)) == Some((&about.name, &about.digest)) {
                continue;
            }
            self.label("target")?;
            let digest = about.digest.as_deref().map_or_else(String::new, |digest| {
                format!(", {}…", digest.get(..19).unwrap_or(digest))
            });
            writeln!(
                self.out,
                "{} {dim}({}{}){dim:#}",
                harmless_line(&about.name),
                about.door,
                harmless_line(&digest)
            )?;
            if let Some(remark) = &about.remark {
                self.label("")?;
                writeln!(self.out, "{dim}{}{dim:#}", harmless_line(remark))?;
            }
        }
        // What is passed on to whoever has to see it again.
        if report.cases.iter().any(is_told) {
            self.label("with")?;
            let of = |name: &str| run.versions.get(name).map_or("?", String::as_str);
            let (yoikit, wasmtime) = (harmless_line(of("yoikit")), harmless_line(of("wasmtime")));
            writeln!(self.out, "{dim}yoikit {yoikit}, wasmtime {wasmtime}{dim:#}")?;
        }
        Ok(())
    }

    fn case(&mut self, report: &Report, line: &CaseLine, also: &[&str]) -> fmt::Result {
        let Styles { bad, dim, warn, .. } = self.styles;
        let info = report.run.case(&line.case);
        let about = &report.run.subjects[line.subject].about;
        let level = info.map_or("must", |info| info.level.name());
        let profiles = [&[about.profile.as_str()], also].concat();
        let word = match &line.verdict {
            Verdict::HarnessFault { .. } => format!("{warn}harness{warn:#}     "),
            verdict => format!("{bad}{:<12}{bad:#}", verdict.name()),
        };
        writeln!(
            self.out,
            "{word}{} {dim}({level}, {}, {}){dim:#}",
            line.case,
            harmless_line(&about.name),
            profiles.join(" and ")
        )?;
        if let Some(info) = info {
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
        if let Some(reason) = &line.not_saved {
            self.text("not kept", reason)?;
        }
        if let Some(repeat) = &line.repeat {
            self.label("repeat")?;
            writeln!(self.out, "{}", harmless_line(repeat))?;
        }
        Ok(())
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
                    .push(report.profile_of(line));
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
            const SHOWN: usize = 6;
            for case in cases.iter().take(SHOWN) {
                writeln!(self.out, "{:12}{case}", "")?;
            }
            if cases.len() > SHOWN {
                writeln!(self.out, "{:12}{dim}and {} more{dim:#}", "", cases.len() - SHOWN)?;
            }
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

    fn text(&mut self, label: &str, text: &str) -> fmt::Result {
        let dim = self.styles.dim;
        for (number, line) in harmless(text).split('\n').enumerate() {
            self.label(if number == 0 { label } else { "" })?;
            match number {
                0 => writeln!(self.out, "{line}")?,
                // So that nothing a target says passes for a line of ours.
                _ => writeln!(self.out, "{dim}│{dim:#} {line}")?,
            }
        }
        Ok(())
    }

    fn label(&mut self, name: &str) -> fmt::Result {
        write!(self.out, "{name:<12}")
    }
}

fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
