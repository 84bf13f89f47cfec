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
use yoi_meter::report::{BenchReport, Bucket, Fuel, Level, Memory, Several, Times};

use super::units::{bytes, grouped, time};
use super::{BAD, BOLD, DIM, GOOD, WARN, label};
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

fn head(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    let subject = &report.subject;
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
    )?;
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
            "closed {DIM}(each worker calls again when it was answered: who would wait behind a slow call is not \
             counted){DIM:#}"
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

/// A table of latencies, a level a row.
fn warm(out: &mut impl Write, report: &BenchReport) -> io::Result<()> {
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}{:<18} {:>8} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}{DIM:#}",
        "warm", "calls", "calls/s", "fastest", "p50", "p90", "p95", "p99", "p99.9", "slowest"
    )?;
    for level in &report.levels {
        let name = match level.concurrency {
            1 => "1 worker".to_owned(),
            many => format!("{many} workers"),
        };
        row_of_times(
            out,
            &name,
            level.throughput,
            level.answered,
            level.latency.as_ref(),
        )?;
        if let (Some(service), Some(schedule)) = (&level.service, level.schedule) {
            row_of_times(
                out,
                "  once it was made",
                level.throughput,
                service.calls,
                Some(service),
            )?;
            note_at(
                out,
                19,
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

fn row_of_times(
    out: &mut impl Write,
    name: &str,
    throughput: f64,
    calls: u64,
    times: Option<&Times>,
) -> io::Result<()> {
    write!(
        out,
        "{name:<18} {:>8} {:>10}",
        grouped(calls),
        per_second(throughput)
    )?;
    let Some(times) = times else {
        return writeln!(out, "  {BAD}no call was answered well{BAD:#}");
    };
    let [p50, p90, p95, p99, p999] = quantiles(times);
    writeln!(
        out,
        " {:>10} {BOLD}{p50:>10}{BOLD:#} {p90:>10} {p95:>10} {p99:>10} {p999:>10} {:>10}",
        micros(times.min_us),
        micros(times.max_us)
    )
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
    writeln!(out)?;
    writeln!(
        out,
        "{DIM}{:<18} {:>31}  {:>10}  grew{DIM:#}",
        "spent", "instructions a call", "memory"
    )?;
    for level in &report.levels {
        let name = counted(level.concurrency as u64, "worker", "workers");
        let fuel = level
            .fuel
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), instructions);
        let grew = grown(report.subject.world, &level.memory);
        writeln!(
            out,
            "{name:<18} {fuel:>31}  {:>10}  {grew}",
            bytes(level.memory.high_water_bytes as u64)
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
            "by {} in {} calls, {}",
            bytes((growth.last_bytes - growth.first_bytes) as u64),
            grouped(growth.calls),
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

fn note_at(out: &mut impl Write, column: usize, what: &str) -> io::Result<()> {
    writeln!(out, "{:column$}{DIM}{what}{DIM:#}", "")
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
