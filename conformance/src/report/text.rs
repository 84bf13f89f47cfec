//! A report for people: what failed and the smallest way to see it, what is not known and why, and a line for every
//! profile.
//!
//! It can be written while the run goes on: its head, each failure as it is known, and at the end what it comes to. What
//! has failed in the same way before, under another profile or in another case, is not told all over again.
//!
//! Everything that a target said is made harmless for a terminal.

mod case;
mod summary;

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use yoi_host::harmless::{harmless, harmless_line};

use super::{CaseLine, Line, Report, RunLine};
use crate::Verdict;
use crate::limits::{STEP_SHOWN_BYTES, TEXT_BYTES};
use case::Like;

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
        let mut telling = Telling::new(styles);
        let lines: String = self.lines().map(|line| telling.line(&line)).collect();
        lines + &telling.end(self)
    }

    /// One failing case as text, its transcript as it was kept.
    #[must_use]
    pub fn case_to_text(&self, line: &CaseLine, styles: Styles) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = Writer {
            out: &mut text,
            styles,
            step_bytes: TEXT_BYTES,
        }
        .case(&self.run, line);
        text
    }
}

/// A report for people in the making: what is given is to be written one after the other.
#[derive(Debug, Default)]
pub struct Telling {
    styles: Styles,
    run: Option<RunLine>,
    /// The failures that were told, in full or as being like one before.
    told: Vec<CaseLine>,
    /// Those that are like one of them under another profile.
    again: Vec<CaseLine>,
}

impl Telling {
    /// One of which nothing is told yet.
    #[must_use]
    pub fn new(styles: Styles) -> Self {
        Self {
            styles,
            ..Self::default()
        }
    }

    /// What is to be written when this line of the report is known.
    pub fn line(&mut self, line: &Line) -> String {
        let mut text = String::new();
        let mut writer = Writer::new(&mut text, self.styles);
        // Writing to a string does not fail.
        let _ = match line {
            Line::Run(run) => {
                self.run = Some(RunLine::clone(run));
                writer.head(run)
            }
            Line::Case(line) if is_told(line) => self.failure(line, &mut writer),
            Line::Case(_) | Line::End(_) => Ok(()),
        };
        text
    }

    fn failure(&mut self, line: &CaseLine, writer: &mut Writer<'_>) -> fmt::Result {
        let Some(run) = &self.run else {
            return Ok(());
        };
        // What is passed on to whoever has to see it again.
        if self.told.is_empty() {
            writer.versions(run)?;
        }
        let told = match run.like(&self.told, line) {
            Some(Like::Profile) => &mut self.again,
            Some(Like::Cause(other)) => {
                writer.alike(run, line, other)?;
                &mut self.told
            }
            None => {
                writeln!(writer.out)?;
                writer.case(run, line)?;
                &mut self.told
            }
        };
        told.push(line.clone());
        Ok(())
    }

    /// What is to be written at the end, when all is known.
    #[must_use]
    pub fn end(&self, report: &Report) -> String {
        let mut text = String::new();
        let _ = Writer::new(&mut text, self.styles).summary(report, &self.told, &self.again);
        text
    }
}

fn is_told(line: &CaseLine) -> bool {
    line.known.is_none() && matches!(line.verdict, Verdict::Fail(_) | Verdict::HarnessFault { .. })
}

impl RunLine {
    fn profile_of(&self, line: &CaseLine) -> &str {
        &self.subjects[line.subject].about.profile
    }

    fn name_of(&self, line: &CaseLine) -> &str {
        &self.subjects[line.subject].about.name
    }
}

struct Writer<'a> {
    out: &'a mut String,
    styles: Styles,
    /// How much of a step of a transcript is shown.
    step_bytes: usize,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut String, styles: Styles) -> Self {
        Self {
            out,
            styles,
            step_bytes: STEP_SHOWN_BYTES,
        }
    }

    fn head(&mut self, run: &RunLine) -> fmt::Result {
        let dim = self.styles.dim;
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
        Ok(())
    }

    fn versions(&mut self, run: &RunLine) -> fmt::Result {
        let dim = self.styles.dim;
        self.label("with")?;
        let of = |name: &str| run.versions.get(name).map_or("?", String::as_str);
        let (yoikit, wasmtime) = (harmless_line(of("yoikit")), harmless_line(of("wasmtime")));
        writeln!(self.out, "{dim}yoikit {yoikit}, wasmtime {wasmtime}{dim:#}")
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
