//! The screens of `yoikit ptc run` and `yoikit ptc build`.

use std::io::{self, Write};
use std::path::Path;

use yoi_host::ptc::{CallFate, CallRecord, Outcome};

use super::call::replay;
use super::units::{bytes, time};
use super::{BAD, BOLD, DIM, WARN, block, label, note};
use crate::harmless::harmless_line;
use crate::report::ptc::RunReport;

/// Calls that are shown one by one; the report has all.
const CALLS: usize = 32;

pub(crate) fn ptc(report: &RunReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let envelope = &report.envelope;
    label(&mut out, "code")?;
    writeln!(
        out,
        "{} {DIM}(engine {}, {}, {} of memory){DIM:#}",
        harmless_line(&report.file),
        harmless_line(&report.engine),
        time(report.wall),
        bytes(report.memory_bytes as u64)
    )?;
    for (name, text) in [("stdout", &envelope.stdout), ("stderr", &envelope.stderr)] {
        if !text.is_empty() {
            label(&mut out, name)?;
            writeln!(out, "{DIM}{}{DIM:#}", bytes(text.len() as u64))?;
            block(&mut out, text.trim_end_matches('\n'))?;
        }
    }
    if let Some(replayed) = &report.replayed {
        replay(&mut out, replayed)?;
    }
    calls(&mut out, &envelope.calls)?;
    outcome(&mut out, report)?;
    for trouble in &report.troubles {
        label(&mut out, "error")?;
        writeln!(out, "{BAD}{}{BAD:#}", harmless_line(trouble))?;
    }
    out.flush()
}

/// Where an engine is that was made, or was there already.
pub(crate) fn ptc_build(engine: &str, path: &Path, size: u64, was_kept: bool) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "engine")?;
    let before = if was_kept { ", made before" } else { "" };
    writeln!(out, "{engine} {DIM}({}{before}){DIM:#}", bytes(size))?;
    label(&mut out, "kept as")?;
    writeln!(out, "{}", harmless_line(&path.display().to_string()))?;
    out.flush()
}

fn outcome(out: &mut impl Write, report: &RunReport) -> io::Result<()> {
    if let Some(value) = report.envelope.value() {
        label(out, "value")?;
        return writeln!(out, "{BOLD}{}{BOLD:#}", harmless_line(value.get()));
    }
    if let Some((name, message)) = report.envelope.error() {
        label(out, "error")?;
        let colon = if message.is_empty() { "" } else { ": " };
        writeln!(
            out,
            "{BAD}{}{BAD:#}{colon}{}",
            harmless_line(name),
            harmless_line(&message)
        )?;
    }
    match &report.envelope.outcome {
        Outcome::Raised(error) | Outcome::Unreadable(error) => {
            if let Some(trace) = &error.trace {
                block(out, trace)?;
            }
        }
        Outcome::Ended(ended) => note(out, ended.code())?,
        Outcome::Value(_) => {}
    }
    Ok(())
}

fn calls(out: &mut impl Write, calls: &[CallRecord]) -> io::Result<()> {
    label(out, "calls")?;
    if calls.is_empty() {
        return writeln!(out, "none");
    }
    writeln!(out, "{}", calls.len())?;
    for call in calls.iter().take(CALLS) {
        let took = call.took.map_or_else(|| "-".to_owned(), time);
        write!(
            out,
            "{:12}{DIM}{:>4}{DIM:#} {:<20} {took:>10}  ",
            "",
            call.id.get(),
            harmless_line(&call.tool)
        )?;
        match &call.fate {
            CallFate::Answered { bytes: answered } => {
                writeln!(
                    out,
                    "{DIM}{} → {}{DIM:#}",
                    bytes(call.argument_bytes as u64),
                    bytes(*answered as u64)
                )?;
            }
            CallFate::Failed { error } => writeln!(out, "{BAD}{}{BAD:#}", harmless_line(error))?,
            CallFate::Refused { error } => writeln!(out, "{WARN}refused: {}{WARN:#}", harmless_line(error))?,
            CallFate::TimedOut => writeln!(out, "{BAD}no answer in time{BAD:#}")?,
            CallFate::Pending => writeln!(out, "{WARN}not answered{WARN:#}")?,
        }
    }
    if calls.len() > CALLS {
        note(out, &format!("and more: {} in the report", calls.len()))?;
    }
    Ok(())
}
