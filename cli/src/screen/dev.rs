//! The screen of `yoikit plugin dev`.

use std::io::{self, Write};

use yoi_host::Profile;

use super::units::{bytes, grouped};
use super::{BAD, BOLD, DIM, GOOD, call, label, note};
use crate::harmless::harmless_line;
use crate::report::dev::{DevOutcome, DevReport, Difference};

/// Files that are named; the report has more.
const FILES: usize = 4;

/// The line by which one time is told from the one before.
pub(crate) fn dev_begins(report: &DevReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    if report.round > 1 {
        writeln!(out)?;
    }
    label(&mut out, &format!("round {}", report.round))?;
    let files: Vec<_> = report
        .changed
        .iter()
        .take(FILES)
        .map(|file| harmless_line(file))
        .collect();
    let more = report.changed.len().saturating_sub(FILES);
    match (files.is_empty(), more) {
        (true, _) => writeln!(out, "{DIM}all as it is{DIM:#}")?,
        (false, 0) => writeln!(out, "{BOLD}{}{BOLD:#} changed", files.join(", "))?,
        (false, more) => writeln!(out, "{BOLD}{}{BOLD:#} and {more} more changed", files.join(", "))?,
    }
    out.flush()
}

/// All that comes after the build.
pub(crate) fn dev(report: &DevReport, profile: Profile) -> io::Result<()> {
    if report.outcome == DevOutcome::Failed {
        // It was told, on standard error.
        return Ok(());
    }
    let mut out = anstream::stdout().lock();
    if let Some(package) = &report.package {
        label(&mut out, "package")?;
        writeln!(
            out,
            "{BOLD}{}{BOLD:#} {}",
            harmless_line(&package.id),
            harmless_line(&package.version)
        )?;
        label(&mut out, "digest")?;
        match &package.digest {
            Some(digest) => writeln!(out, "{digest}")?,
            None => {
                writeln!(out, "{BAD}none{BAD:#}: the folder is no package as it is")?;
                note(
                    &mut out,
                    &harmless_line(package.not_a_package.as_deref().unwrap_or_default()),
                )?;
            }
        }
    }
    match report.outcome {
        DevOutcome::Unchanged => {
            label(&mut out, "status")?;
            writeln!(out, "{DIM}as before, not called again{DIM:#}")?;
        }
        DevOutcome::NoCall => {
            label(&mut out, profile.name())?;
            writeln!(out, "{GOOD}fits{GOOD:#}")?;
            note(
                &mut out,
                "nothing is called: say what, with `--call TOOL JSON` (and `--save`)",
            )?;
        }
        _ => {}
    }
    out.flush()?;
    drop(out);
    if let Some(called) = &report.call {
        call(called)?;
    }
    differences(&report.differences)
}

fn differences(differences: &[Difference]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for (n, difference) in differences.iter().enumerate() {
        label(&mut out, if n == 0 { "changed" } else { "" })?;
        match difference {
            Difference::Component { before, now } if before == now => writeln!(out, "the component")?,
            Difference::Component { before, now } => writeln!(
                out,
                "the component: {} → {}",
                bytes(*before as u64),
                bytes(*now as u64)
            )?,
            Difference::Outcome { now: true, .. } => writeln!(out, "{GOOD}it works now{GOOD:#}")?,
            Difference::Outcome { now: false, .. } => writeln!(out, "{BAD}it fails now{BAD:#}")?,
            Difference::Answer => writeln!(out, "the answer")?,
            Difference::Instructions { before, now } => {
                writeln!(out, "instructions: {} → {}", grouped(*before), grouped(*now))?;
            }
            Difference::Memory { before, now } => {
                writeln!(out, "memory: {} → {}", bytes(*before as u64), bytes(*now as u64))?;
            }
            Difference::HostCalls { before, now } => writeln!(out, "host calls: {before} → {now}")?,
        }
    }
    out.flush()
}
