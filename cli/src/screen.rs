//! What a person sees. Everything a guest wrote goes through [`harmless`] first.
//!
//! Results go to standard output, progress and failures to standard error, so that a pipe gets results only.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use yoi_host::build::Built;
use yoi_host::component::{Direction, Item, Verdict, World, render};
use yoi_host::plugin::Measures;

use crate::commands::Failure;
use crate::harmless::{harmless, harmless_line};
use crate::report::{
    CallReport, ErrorReport, InspectReport, LimitsReport, PluginReport, StepReport, VerdictReport,
};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default();

/// Frames of a trace that are shown; the report has more.
const FRAMES: usize = 8;

/// Host calls that are shown one by one.
const HOST_CALLS: usize = 16;

/// Say what takes a while.
pub(crate) fn progress(what: &str) {
    // Nobody to tell is no reason to stop.
    let _ = writeln!(anstream::stderr(), "{DIM}{}{DIM:#}", harmless_line(what));
}

/// Say what is wrong but stops nothing.
pub(crate) fn warning(what: &str) {
    let _ = writeln!(anstream::stderr(), "{WARN}warning{WARN:#}: {}", harmless(what));
}

/// Say why there is no result.
pub(crate) fn failure(failure: &Failure) {
    if failure.is_silent() {
        return;
    }
    let mut err = anstream::stderr().lock();
    let _ = writeln!(
        err,
        "{BAD}error{BAD:#}: {}",
        harmless(failure.to_string().trim_end())
    );
    if let Some(advice) = failure.advice() {
        let _ = writeln!(err, "{GOOD}help{GOOD:#}: {}", harmless(advice));
    }
}

/// One JSON object, on lines.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

pub(crate) fn call(report: &CallReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    plugin_line(&mut out, &report.plugin, &format!("profile {}", report.profile))?;
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

fn plugin_line(out: &mut impl Write, plugin: &PluginReport, rest: &str) -> io::Result<()> {
    label(out, "plugin")?;
    let world = plugin.world.map_or("no world", World::name);
    writeln!(
        out,
        "{} {DIM}({world}, {}, {rest}){DIM:#}",
        harmless_line(&plugin.file),
        bytes(plugin.bytes as u64),
    )?;
    for step in &plugin.steps {
        match step {
            StepReport::Built { .. } => {}
            StepReport::Componentized => note(out, "a core module, made a component in memory")?,
            StepReport::WasiDenied { imports } => {
                let what = match imports.as_slice() {
                    [one] => one.clone(),
                    many => format!("{} imports of WASI", many.len()),
                };
                note(
                    out,
                    &format!("{what} replaced: clocks stand still, the rest does nothing or traps"),
                )?;
            }
        }
    }
    Ok(())
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
        note(out, &format!("and {} frames more", error.trace.len() - FRAMES))?;
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

fn host_calls(out: &mut impl Write, report: &CallReport) -> io::Result<()> {
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
        writeln!(
            out,
            "{:12}{}  {} given, {ended}",
            "",
            call.import.name(),
            bytes(call.request_bytes as u64)
        )?;
    }
    let shown = report.host_calls.len().min(HOST_CALLS) as u64;
    if count > shown {
        note(out, &format!("and {} more", count - shown))?;
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
            writeln!(out, "{} lines{lost}", log.text.trim_end().lines().count())?;
            block(out, log.text.trim_matches('\n'))
        }
    }
}

pub(crate) fn inspect(report: &InspectReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    plugin_line(
        &mut out,
        &report.plugin,
        &format!("sha256 {}…", &report.plugin.sha256[..12]),
    )?;
    let needs = &report.preflight.needs;
    label(&mut out, "needs")?;
    writeln!(
        out,
        "{} core {}, memory from {}, tables from {} elements",
        needs.core_instances,
        plural(needs.core_instances, "instance", "instances"),
        bytes(needs.memories.together),
        needs.tables.together
    )?;
    if !report.preflight.producers.is_empty() {
        label(&mut out, "made with")?;
        let producers: Vec<_> = report
            .preflight
            .producers
            .iter()
            .map(|made| harmless_line(format!("{} {}", made.name, made.version).trim_end()))
            .collect();
        writeln!(out, "{}", producers.join(", "))?;
    }
    items(&mut out, "imports", &report.preflight.imports)?;
    items(&mut out, "exports", &report.preflight.exports)?;
    writeln!(out)?;
    for verdict in &report.verdicts {
        say_verdict(&mut out, verdict)?;
    }
    out.flush()
}

fn items(out: &mut impl Write, title: &str, items: &[Item]) -> io::Result<()> {
    writeln!(out)?;
    label(out, title)?;
    if items.is_empty() {
        return writeln!(out, "none");
    }
    writeln!(out, "{}", items.len())?;
    for item in items {
        let style = match item.verdict {
            Verdict::Matches => GOOD,
            Verdict::Extra => DIM,
            _ => BAD,
        };
        let name = match (&item.function, item.direction) {
            (Some(function), Direction::Import) => format!("{} {function}", item.name),
            _ => item.name.clone(),
        };
        let found = item.found.as_deref().unwrap_or("missing");
        writeln!(
            out,
            "  {style}{}{style:#} {DIM}{}{DIM:#}",
            harmless_line(&name),
            harmless_line(found)
        )?;
        if let Some(wanted) = item
            .wanted
            .as_deref()
            .filter(|wanted| item.found.as_deref() != Some(wanted))
        {
            writeln!(out, "    {BAD}wanted{BAD:#} {}", harmless_line(wanted))?;
        }
    }
    Ok(())
}

fn say_verdict(out: &mut impl Write, verdict: &VerdictReport) -> io::Result<()> {
    label(out, verdict.profile.name())?;
    if verdict.fits {
        writeln!(out, "{GOOD}fits{GOOD:#}")?;
    } else {
        writeln!(out, "{BAD}refused{BAD:#}")?;
    }
    let faults: Vec<_> = verdict.faults.iter().map(|report| report.fault.clone()).collect();
    for line in render(&faults).lines() {
        writeln!(out, "  {}", harmless_line(line))?;
    }
    Ok(())
}

pub(crate) fn componentized(output: &Path, before: usize, built: &Built) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "component")?;
    writeln!(
        out,
        "{} {DIM}({}, made of {}){DIM:#}",
        harmless_line(&output.display().to_string()),
        bytes(built.bytes.len() as u64),
        bytes(before as u64)
    )?;
    for denied in &built.denied {
        note(&mut out, &format!("replaced {}", harmless_line(denied)))?;
    }
    out.flush()
}

fn label(out: &mut impl Write, name: &str) -> io::Result<()> {
    write!(out, "{name:<12}")
}

fn note(out: &mut impl Write, what: &str) -> io::Result<()> {
    writeln!(out, "{:12}{DIM}{what}{DIM:#}", "")
}

/// A guest's text, each line marked so that none can pass for ours.
fn block(out: &mut impl Write, text: &str) -> io::Result<()> {
    for line in harmless(text).split('\n') {
        writeln!(out, "{:12}{DIM}│{DIM:#} {line}", "")?;
    }
    Ok(())
}

fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn bytes(count: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut scaled = count as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    // A number that is whole is said so: limits are.
    if scaled.fract() == 0.0 {
        format!("{scaled} {}", UNITS[unit])
    } else {
        format!("{scaled:.1} {}", UNITS[unit])
    }
}

fn time(wall: Duration) -> String {
    let micros = wall.as_secs_f64() * 1e6;
    match micros {
        m if m < 1000.0 => format!("{m:.1} µs"),
        m if m < 1e6 => format!("{:.2} ms", m / 1e3),
        m => format!("{:.2} s", m / 1e6),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact_where_they_can_be() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(65536), "64 KiB");
        assert_eq!(bytes(1_114_113), "1.1 MiB");
        assert_eq!(bytes(4 << 30), "4 GiB");
        assert_eq!(grouped(5_000_000), "5 000 000");
        assert_eq!(grouped(12), "12");
        assert_eq!(time(Duration::from_micros(1500)), "1.50 ms");
        assert_eq!(time(Duration::from_secs(1)), "1.00 s");
    }
}
