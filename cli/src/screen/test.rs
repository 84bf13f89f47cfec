//! The screen of `yoikit test`.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use yoi_conformance::Verdict;
use yoi_conformance::suites::plugin::behaviours::{Area, Proof};

use super::{DIM, label};
use crate::harmless::harmless_line;
use crate::report::test::ListedReport;

/// How far a run is, on standard error. A pipe gets nothing of it.
pub(crate) struct Progress {
    bar: ProgressBar,
    failed: usize,
}

impl Progress {
    pub(crate) fn begin() -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        // A form that is wrong is seen by the tests.
        if let Ok(style) = ProgressStyle::with_template("{pos:>4}/{len} {bar:24} {elapsed:>4} {wide_msg}") {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Self { bar, failed: 0 }
    }

    pub(crate) fn of(&self, cases: usize) {
        self.bar.set_length(cases as u64);
    }

    pub(crate) fn starts(&self, case: &str) {
        self.bar.set_message(match self.failed {
            0 => case.to_owned(),
            failed => format!("{failed} failed, {case}"),
        });
    }

    pub(crate) fn ends(&mut self, case: &str, verdict: &Verdict) {
        self.bar.inc(1);
        if verdict.evidence().is_some() {
            self.failed += 1;
            // Whoever has the results elsewhere sees here that there is one.
            if !io::stdout().is_terminal() {
                self.bar.println(format!("fail        {case}"));
            }
        }
    }

    /// Say something beside it.
    pub(crate) fn warn(&self, what: &str) {
        self.bar.suspend(|| super::warning(what));
    }

    /// Print a part of the results, which come on the way.
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        self.bar.suspend(|| super::coloured(text))
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

pub(crate) fn listed(report: &ListedReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for target in &report.targets {
        label(&mut out, "target")?;
        let shard = report
            .shard
            .map_or_else(String::new, |shard| format!(", shard {shard}"));
        writeln!(
            out,
            "{} {DIM}({}, {} cases{shard}){DIM:#}",
            harmless_line(&target.name),
            target.profile,
            target.cases.len()
        )?;
    }
    if !report.targets.is_empty() {
        writeln!(out)?;
    }
    for case in &report.cases {
        writeln!(
            out,
            "{} {DIM}{}, {}, {}, {}{DIM:#}",
            case.id, case.level, case.side, case.kind, case.set
        )?;
        writeln!(out, "    {} {DIM}{}{DIM:#}", case.clause, case.section)?;
    }
    out.flush()
}

pub(crate) fn behaviours(areas: &[Area]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for (number, area) in areas.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", area.name)?;
        for behaviour in area.behaviours {
            writeln!(out, "  {}", behaviour.says)?;
            match behaviour.proof {
                Proof::Cases(cases) => writeln!(out, "      {DIM}{}{DIM:#}", cases.join(", "))?,
                Proof::Elsewhere(why) => writeln!(out, "      {DIM}no case: {why}{DIM:#}")?,
            }
        }
    }
    out.flush()
}
