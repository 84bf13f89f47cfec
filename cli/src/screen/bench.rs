//! The screen of `yoikit bench`.

mod calls;
mod compared;
mod page;
mod plot;
#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use yoi_host::component::World;
use yoi_meter::bench::Pace;
use yoi_meter::limits::CALLS_BEYOND;
use yoi_meter::report::{BenchReport, Bucket, Fuel, Level, Memory, Schedule, Several, Subject, Times};

use super::units::{bytes, grouped, time};
use super::{BAD, BOLD, DIM, GOOD, WARN, label, note};
use crate::harmless::harmless_line;

use calls::{failures, host_calls, outliers};
use compared::compared;
pub(crate) use page::page;

/// Rows of a histogram. Neighbours are joined until there are no more.
const ROWS: usize = 14;

/// Columns of its longest bar.
const BAR: usize = 40;

pub(crate) fn bench(report: &BenchReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    // Who pipes this wants the numbers.
    write(&mut out, report, io::stdout().is_terminal())?;
    out.flush()
}

fn write(out: &mut impl Write, report: &BenchReport, chart: bool) -> io::Result<()> {
    head(out, report)?;
    if let Some(cold) = &report.cold {
        writeln!(out)?;
        writeln!(
            out,
            "{DIM}{:<18} {:>8} {:>10} {:>10} {:>10}{DIM:#}",
            "cold", "times", "fastest", "median", "slowest"
        )?;
        row_of_cold(out, "engine", Some(&cold.engine))?;
        row_of_cold(out, "compile", Some(&cold.compile))?;
        row_of_cold(out, "from the cache", Some(&cold.cached))?;
        row_of_cold(out, "instantiate", Some(&cold.instantiate))?;
        row_of_cold(out, "start", cold.start.as_ref())?;
        row_of_cold(out, "first call", cold.first_call.as_ref())?;
    }
    warm(out, report)?;
    spent(out, report)?;
    for level in &report.levels {
        if chart && level.answered > 0 {
            histogram(out, level)?;
        }
    }
    for level in &report.levels {
        host_calls(out, report, level)?;
    }
    failures(out, report)?;
    outliers(out, report)?;
    if let Some(comparison) = &report.comparison {
        compared(out, comparison)?;
    }
    for remark in &report.remarks {
        writeln!(
            out,
            "{WARN}note{WARN:#}        {}",
            harmless_line(&remark.to_string())
        )?;
    }
    Ok(())
}

/// What is measured.
pub(super) fn measured(out: &mut impl Write, subject: &Subject) -> io::Result<()> {
    label(out, "plugin")?;
    writeln!(
        out,
        "{} {DIM}({}, {}, profile {}){DIM:#}",
        harmless_line(&subject.file),
        subject.world.name(),
        bytes(subject.bytes as u64),
        subject.profile
    )?;
    label(out, "tool")?;
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} {DIM}({} of input){DIM:#}",
        harmless_line(&subject.tool),
        bytes(subject.input_bytes as u64)
    )
}

fn head(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    measured(out, &report.subject)?;
    let machine = &report.machine;
    label(out, "machine")?;
    writeln!(
        out,
        "{} {DIM}({} at a time, {} {}, yoikit {}, clock {:.0} ns){DIM:#}",
        harmless_line(machine.processor.as_deref().unwrap_or("unknown processor")),
        counted(machine.cpus as u64, "thread", "threads"),
        machine.os,
        machine.arch,
        machine.yoikit,
        machine.clock_us * 1e3,
    )?;
    label(out, "pace")?;
    match report.settings.pace {
        Pace::Closed => writeln!(
            out,
            "closed {DIM}(each worker calls again when it was answered){DIM:#}"
        ),
        Pace::Open { rate } => writeln!(
            out,
            "open, {rate} calls a second {DIM}(latencies count from when a call was due){DIM:#}"
        ),
    }
}

fn row_of_cold(out: &mut impl Write, name: &str, several: Option<&Several>) -> io::Result<()> {
    let Some(several) = several.filter(|several| several.runs > 0) else {
        return Ok(());
    };
    writeln!(
        out,
        "{name:<18} {:>8} {:>10} {:>10} {:>10}",
        several.runs,
        micros(several.min_us),
        micros(several.median_us),
        micros(several.max_us)
    )
}

/// Two tables, a level a row: how many calls there were, and how their latencies are distributed. Neither is wider than
/// the narrowest terminal that is common.
fn warm(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}{:<18} {:>10} {:>11} {:>11} {:>11} {:>11}{DIM:#}",
        "warm", "calls", "calls/s", "fastest", "mean", "slowest"
    )?;
    for row in rows(report) {
        write!(
            out,
            "{:<18} {:>10} {:>11}",
            row.name,
            grouped(row.calls),
            per_second(row.throughput)
        )?;
        match row.times {
            None => writeln!(out, "  {BAD}no call was answered well{BAD:#}")?,
            Some(times) => writeln!(
                out,
                " {:>11} {:>11} {:>11}",
                micros(times.min_us),
                micros(times.mean_us),
                micros(times.max_us)
            )?,
        }
    }
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}{:<18} {:>10} {:>11} {:>11} {:>11} {:>11}{DIM:#}",
        "latency", "p50", "p90", "p95", "p99", "p99.9"
    )?;
    for row in rows(report) {
        if let Some(times) = row.times {
            let [p50, p90, p95, p99, p999] = quantiles(times);
            writeln!(
                out,
                "{:<18} {BOLD}{p50:>10}{BOLD:#} {p90:>11} {p95:>11} {p99:>11} {p999:>11}",
                row.name
            )?;
        }
        if let Some(schedule) = row.schedule {
            note(
                out,
                &format!(
                    "the timer was late by {} at the median, {} at p99; {} of {} calls were never made",
                    micros(schedule.timer_late_p50_us),
                    micros(schedule.timer_late_p99_us),
                    grouped(schedule.never_made),
                    grouped(schedule.due)
                ),
            )?;
        }
    }
    Ok(())
}

/// A row of what was measured warm.
struct Row<'a> {
    name: String,
    calls: u64,
    throughput: f64,
    times: Option<&'a Times>,
    /// Behind the last row of a level with an open pace.
    schedule: Option<Schedule>,
}

/// A row for each level, and where its pace is open another for the time from when a call was made.
fn rows(report: &BenchReport) -> impl Iterator<Item = Row<'_>> {
    report.levels.iter().flat_map(|level| {
        let all = Row {
            name: counted(level.concurrency as u64, "worker", "workers"),
            calls: level.answered,
            throughput: level.throughput,
            times: level.latency.as_ref(),
            schedule: None,
        };
        let made = level.service.as_ref().map(|service| Row {
            name: "  once it was made".to_owned(),
            calls: service.calls,
            throughput: level.throughput,
            times: Some(service),
            schedule: level.schedule,
        });
        [Some(all), made].into_iter().flatten()
    })
}

/// p50, p90, p95, p99 and p99.9. One that rests on a handful of calls is marked.
fn quantiles(times: &Times) -> [String; 5] {
    let all = [
        (0.5, times.p50_us),
        (0.9, times.p90_us),
        (0.95, times.p95_us),
        (0.99, times.p99_us),
        (0.999, times.p999_us),
    ];
    all.map(|(quantile, at)| {
        let beyond = times.calls as f64 * (1.0 - quantile) + 1e-6;
        let mark = if beyond < CALLS_BEYOND as f64 { "~" } else { "" };
        format!("{mark}{}", micros(at))
    })
}

/// A table of what a call spends, a level a row.
fn spent(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    const FUEL: &str = "instructions a call";
    let fuel = |level: &Level| {
        let fuel = level.fuel.as_ref();
        fuel.map_or_else(|| "unknown".to_owned(), instructions)
    };
    let widest = report.levels.iter().map(|level| fuel(level).chars().count());
    let width = widest.max().unwrap_or(0).max(FUEL.len());
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}{:<14} {FUEL:>width$}  {:>10}  grew{DIM:#}",
        "spent", "memory"
    )?;
    for level in &report.levels {
        writeln!(
            out,
            "{:<14} {:>width$}  {:>10}  {}",
            counted(level.concurrency as u64, "worker", "workers"),
            fuel(level),
            bytes(level.memory.high_water_bytes as u64),
            grown(report.subject.world, &level.memory)
        )?;
    }
    Ok(())
}

/// How the memory of an instance grew, in words.
fn grown(world: World, memory: &Memory) -> String {
    match memory.growth {
        _ if world == World::Tool => "an instance a call".to_owned(),
        None => "called once".to_owned(),
        Some(growth) if growth.first_bytes == growth.last_bytes => "not at all".to_owned(),
        Some(growth) => format!(
            "by {}, {}",
            bytes((growth.last_bytes - growth.first_bytes) as u64),
            if growth.goes_on() {
                "and goes on"
            } else {
                "then no more"
            }
        ),
    }
}

fn instructions(fuel: &Fuel) -> String {
    if fuel.min == fuel.max {
        return grouped(fuel.min);
    }
    format!(
        "{} … {} … {}",
        grouped(fuel.min),
        grouped(fuel.mean.round() as u64),
        grouped(fuel.max)
    )
}

fn histogram(out: &mut impl Write, level: &Level) -> io::Result<()> {
    let rows = joined(&level.buckets);
    let most = rows.iter().map(|(_, row)| row.calls).max().unwrap_or(1).max(1);
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}latency, {}{DIM:#}",
        counted(level.concurrency as u64, "worker", "workers")
    )?;
    let mut next = 0;
    for (at, row) in rows {
        if at > next {
            writeln!(out, "{DIM}{:>11}{DIM:#}", "⋮")?;
        }
        next = at + 1;
        let eighths = (row.calls as f64 / most as f64 * BAR as f64 * 8.0).ceil() as usize;
        let (whole, rest) = (eighths / 8, eighths % 8);
        let tip = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][rest];
        let bar = format!("{}{tip}", "█".repeat(whole));
        writeln!(
            out,
            "{:>10} … {:>9}  {GOOD}{bar:<BAR$}{GOOD:#} {:>10}",
            micros(row.from_us),
            micros(row.to_us),
            grouped(row.calls)
        )?;
    }
    Ok(())
}

/// Neighbours joined, so many to a row that the rows fit: each with its place among all rows, of which the empty ones are
/// left out.
fn joined(buckets: &[Bucket]) -> Vec<(usize, Bucket)> {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return Vec::new();
    };
    let whole = (last.to_us / first.from_us).log2();
    let step = (whole / ROWS as f64).max(0.25);
    let mut rows: Vec<(usize, Bucket)> = Vec::new();
    for bucket in buckets {
        let at = ((bucket.from_us / first.from_us).log2() / step + 1e-9) as usize;
        match rows.last_mut() {
            Some((row, joined)) if *row == at => {
                joined.to_us = bucket.to_us;
                joined.calls += bucket.calls;
            }
            _ => rows.push((at, *bucket)),
        }
    }
    rows
}

pub(super) fn micros(micros: f64) -> String {
    time(Duration::from_secs_f64(micros.max(0.0) / 1e6))
}

pub(super) fn per_second(rate: f64) -> String {
    if rate < 100.0 {
        return format!("{rate:.1}");
    }
    grouped(rate.round() as u64)
}

pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{} {many}", grouped(count)),
    }
}
