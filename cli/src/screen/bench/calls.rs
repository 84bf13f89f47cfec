//! What became of calls: those to the host, those that failed, and those that were slow.

use std::io::{self, Write};

use yoi_meter::report::{BenchReport, HostCalls, Level};

use super::super::units::grouped;
use super::super::{BAD, DIM, GOOD, label, note};
use super::{counted, micros};
use crate::harmless::harmless_line;

pub(super) fn host_calls(out: &mut impl Write, report: &BenchReport, level: &Level) -> io::Result<()> {
    if level.host_calls.is_empty() {
        return Ok(());
    }
    let calls = (level.answered + level.failed).max(1) as f64;
    let of = match report.levels.len() {
        1 => "host calls".to_owned(),
        _ => format!("host, {}", counted(level.concurrency as u64, "worker", "workers")),
    };
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}{of:<19} {:>6} {:>9} {:>9} {:>11} {:>7} {:>6} {:>6}{DIM:#}",
        "a call", "p50", "p99", "time a call", "share", "denied", "failed"
    )?;
    for HostCalls {
        import,
        calls: count,
        denied,
        failed,
        wall_us,
        p50_us,
        p99_us,
        ..
    } in &level.host_calls
    {
        let bad = |count: &u64| if *count > 0 { BAD } else { anstyle::Style::new() };
        let (no, broken) = (bad(denied), bad(failed));
        writeln!(
            out,
            "{:<19} {:>6} {:>9} {:>9} {:>11} {:>5.1} % {no}{:>6}{no:#} {broken}{:>6}{broken:#}",
            import.name(),
            format!("{:.2}", *count as f64 / calls),
            micros(*p50_us),
            micros(*p99_us),
            micros(wall_us / calls),
            wall_us / level.inside_us.max(f64::MIN_POSITIVE) * 100.0,
            grouped(*denied),
            grouped(*failed),
        )?;
    }
    if level.host_calls_uncounted > 0 {
        note(
            out,
            &format!(
                "and {} more, beyond the first 256 of their calls: not in the table",
                grouped(level.host_calls_uncounted)
            ),
        )?;
    }
    for missing in &level.missing {
        for line in missing.lines().filter(|line| !line.trim().is_empty()) {
            writeln!(out, "{:12}{GOOD}{}{GOOD:#}", "", harmless_line(line))?;
        }
    }
    Ok(())
}

pub(super) fn failures(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    writeln!(out)?;
    label(out, "failed")?;
    if report.failed() == 0 && report.probe.failed.is_none() {
        return writeln!(out, "none");
    }
    writeln!(out, "{BAD}{} calls{BAD:#}", grouped(report.failed()))?;
    for level in &report.levels {
        for error in &level.errors {
            writeln!(
                out,
                "{:12}{:>8} × {BAD}{}{BAD:#} {} {DIM}({}){DIM:#}",
                "",
                grouped(error.calls),
                harmless_line(&error.code),
                harmless_line(&error.message),
                counted(level.concurrency as u64, "worker", "workers")
            )?;
        }
        if level.restarts > 0 {
            note(
                out,
                &format!("{} instances were lost and made anew", grouped(level.restarts)),
            )?;
        }
    }
    Ok(())
}

pub(super) fn outliers(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    for level in report.levels.iter().filter(|level| level.outliers > 0) {
        label(out, "outliers")?;
        writeln!(
            out,
            "{} of {} took ten times the median or more {DIM}({}){DIM:#}",
            grouped(level.outliers),
            grouped(level.answered),
            counted(level.concurrency as u64, "worker", "workers")
        )?;
        let mut like_others = false;
        for slow in &level.slowest {
            let fuel = level.fuel.as_ref();
            let why = match fuel {
                _ if slow.host_us > slow.latency_us / 2.0 => {
                    format!("of which {} in host calls", micros(slow.host_us))
                }
                Some(fuel) if slow.fuel as f64 <= fuel.mean * 2.0 => {
                    like_others = true;
                    "as many instructions as others".to_owned()
                }
                _ => format!("{} instructions", grouped(slow.fuel)),
            };
            writeln!(
                out,
                "{:12}{:>10}  {DIM}at {}, worker {}: {why}{DIM:#}",
                "",
                micros(slow.latency_us),
                micros(slow.at_us),
                slow.worker
            )?;
        }
        if like_others {
            note(
                out,
                "one that spends no more instructions than others was held up by the host or the machine",
            )?;
        }
    }
    Ok(())
}
