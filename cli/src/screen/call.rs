//! The screen of `yoikit call`.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::Style;
use yoi_host::authority::Missing;
use yoi_host::plugin::Measures;

use super::units::{bytes, grouped, time};
use super::{BAD, BOLD, DIM, GOOD, WARN, block, label, note, plugin_line};
use crate::harmless::harmless_line;
use crate::report::{CallReport, ErrorReport, LimitsReport, ReplayReport};

/// Frames of a trace that are shown; the report has more.
const FRAMES: usize = 8;

/// Host calls that are shown one by one.
const HOST_CALLS: usize = 16;

pub(crate) fn call(report: &CallReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    plugin_line(&mut out, &report.plugin, &format!("profile {}", report.profile))?;
    label(&mut out, "tool")?;
    writeln!(out, "{}", harmless_line(&report.tool))?;
    if let Some(output) = &report.output {
        label(&mut out, "answer")?;
        writeln!(out, "{BOLD}{}{BOLD:#}", harmless_line(&output.summary))?;
        if let Some(content) = &output.content {
            block(&mut out, content)?;
        }
    }
    status(&mut out, report)?;
    writeln!(out)?;
    measures(&mut out, report)?;
    writeln!(out)?;
    host_calls(&mut out, report)?;
    log(&mut out, report)?;
    out.flush()
}

fn status(out: &mut impl Write, report: &CallReport) -> io::Result<()> {
    label(out, "status")?;
    if report.ok {
        write!(out, "{GOOD}ok{GOOD:#}")?;
        if let Some(status) = &report.status {
            let state = status.state.as_deref().unwrap_or("(no state)");
            write!(out, "  {}", harmless_line(state))?;
            if !status.data.is_null() {
                write!(out, " {DIM}{}{DIM:#}", harmless_line(&status.data.to_string()))?;
            }
        }
        return writeln!(out);
    }
    for (n, error) in report.errors.iter().enumerate() {
        if n > 0 {
            label(out, "")?;
        }
        fault(out, error)?;
    }
    Ok(())
}

fn fault(out: &mut impl Write, error: &ErrorReport) -> io::Result<()> {
    writeln!(
        out,
        "{BAD}failed{BAD:#}: {} {DIM}[{}]{DIM:#}",
        harmless_line(&error.message),
        error.code
    )?;
    for (n, frame) in error.trace.iter().take(FRAMES).enumerate() {
        let at = frame
            .offset
            .map_or_else(String::new, |offset| format!(" at {offset:#x}"));
        note(out, &format!("{n}: {}{at}", harmless_line(&frame.function)))?;
    }
    if error.trace.len() > FRAMES {
        note(out, &format!("and more: {} in the report", error.trace.len()))?;
    }
    if let Some(yoi) = &error.yoi_message {
        note(out, &format!("the yoi host shows: {}", harmless_line(yoi)))?;
    }
    Ok(())
}

/// A table: what each entry took, and what it may take.
fn measures(out: &mut impl Write, report: &CallReport) -> io::Result<()> {
    writeln!(
        out,
        "{DIM}{:<14} {:>10} {:>14} {:>10} {:>10} {:>10}{DIM:#}",
        "", "wall", "instructions", "memory", "in", "out"
    )?;
    let limits = &report.limits;
    for call in &report.calls {
        row(out, call, limits)?;
    }
    writeln!(
        out,
        "{DIM}{:<14} {:>10} {:>14} {:>10} {:>10} {:>10}{DIM:#}",
        "limit",
        time(Duration::from_micros(limits.call_timeout_us)),
        grouped(limits.fuel),
        bytes(limits.memory_bytes as u64),
        bytes(limits.tool_input_bytes as u64),
        bytes(limits.output_bytes as u64),
    )
}

fn row(out: &mut impl Write, call: &Measures, limits: &LimitsReport) -> io::Result<()> {
    let over = |over: bool| if over { BAD } else { Style::new() };
    let slow = over(call.wall.as_micros() > u128::from(limits.call_timeout_us));
    let spent = over(call.fuel >= limits.fuel);
    let long = over(call.output_bytes.is_some_and(|bytes| bytes > limits.output_bytes));
    // A guest that is ended between two function calls takes its latest count with it.
    let fuel = match call.output_bytes {
        None if call.fuel < limits.fuel => format!("≥ {}", grouped(call.fuel)),
        _ => grouped(call.fuel),
    };
    let answered = call
        .output_bytes
        .map_or_else(|| "none".to_owned(), |count| bytes(count as u64));
    writeln!(
        out,
        "{:<14} {slow}{:>10}{slow:#} {spent}{:>14}{spent:#} {:>10} {:>10} {long}{:>10}{long:#}",
        call.entry.name(),
        time(call.wall),
        fuel,
        bytes(call.memory_bytes as u64),
        bytes(call.input_bytes as u64),
        answered,
    )
}

/// Where what was asked is answered from, if not from the world.
pub(super) fn replay(out: &mut impl Write, replayed: &ReplayReport) -> io::Result<()> {
    label(out, "replay")?;
    writeln!(out, "{}", harmless_line(&replayed.file))?;
    for what in &replayed.differs {
        writeln!(
            out,
            "{:12}{WARN}warning{WARN:#}: recorded with {}",
            "",
            harmless_line(what)
        )?;
    }
    Ok(())
}

fn host_calls(out: &mut impl Write, report: &CallReport) -> io::Result<()> {
    if let Some(replayed) = &report.replayed {
        replay(out, replayed)?;
    }
    label(out, "host calls")?;
    let count: u64 = report.calls.iter().map(|call| call.host_calls).sum();
    if count == 0 {
        return writeln!(out, "none");
    }
    writeln!(out, "{count}")?;
    for call in report.host_calls.iter().take(HOST_CALLS) {
        let ended = match &call.error {
            None => format!("{} back", bytes(call.answer_bytes as u64)),
            Some(error) => format!("{BAD}refused{BAD:#}: {}", harmless_line(&error.message)),
        };
        let broken = call.fault.map_or_else(String::new, |kind| {
            format!(", {WARN}broken on purpose: {kind}{WARN:#}")
        });
        writeln!(
            out,
            "{:12}{}  {} given, {ended}{broken}",
            "",
            call.import.name(),
            bytes(call.request_bytes as u64)
        )?;
    }
    let shown = report.host_calls.len().min(HOST_CALLS) as u64;
    if count > shown {
        note(out, &format!("and {} more", count - shown))?;
    }
    // Each once: a guest that is refused tends to ask again.
    let mut told: Vec<&Missing> = Vec::new();
    for missing in report.host_calls.iter().flat_map(|call| &call.missing) {
        if !told.contains(&missing) {
            told.push(missing);
        }
    }
    for missing in told {
        for line in missing.to_string().lines() {
            match line.trim() {
                "" => writeln!(out)?,
                _ => writeln!(out, "{:12}{GOOD}{}{GOOD:#}", "", harmless_line(line))?,
            }
        }
    }
    Ok(())
}

fn log(out: &mut impl Write, report: &CallReport) -> io::Result<()> {
    label(out, "log")?;
    match &report.log {
        None => writeln!(out, "{DIM}the guest keeps none{DIM:#}"),
        Some(log) if log.text.is_empty() => writeln!(out, "empty"),
        Some(log) => {
            let lost = match log.lost_bytes {
                0 => String::new(),
                lost => format!(", the last of it: {} before are lost", bytes(lost)),
            };
            let lines = log.text.trim().lines().count();
            writeln!(out, "{lines} {}{lost}", if lines == 1 { "line" } else { "lines" })?;
            block(out, log.text.trim_matches('\n'))
        }
    }
}
