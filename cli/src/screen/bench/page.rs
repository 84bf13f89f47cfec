//! A report as one page that needs nothing beside it: the numbers of the terminal, and plots of them.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use yoi_meter::bench::Pace;
use yoi_meter::compare::{Comparison, Verdict};
use yoi_meter::report::{BenchReport, Level, Several};

use super::compared::{likelihood, percent};
use super::plot;
use super::{counted, grown, instructions, micros, per_second, quantiles};
use crate::screen::units::{bytes, grouped};

const STYLE: &str = include_str!("page.css");

/// The page.
pub(crate) fn page(report: &BenchReport) -> String {
    let subject = &report.subject;
    let machine = &report.machine;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing that a plugin said may fetch or run anything.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "yoikit bench " (subject.tool) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (subject.tool) }
                p {
                    (subject.file) " " span .dim {
                        (subject.world.name()) ", " (bytes(subject.bytes as u64)) ", profile " (subject.profile) ", "
                        (bytes(subject.input_bytes as u64)) " of input"
                    }
                    br;
                    (machine.processor.as_deref().unwrap_or("unknown processor")) " " span .dim {
                        (counted(machine.cpus as u64, "thread", "threads")) " at a time, " (machine.os) " "
                        (machine.arch) ", yoikit " (machine.yoikit) ", clock " (format!("{:.0} ns", machine.clock_us * 1e3))
                    }
                    br;
                    @match report.settings.pace {
                        Pace::Closed => {
                            "closed pace " span .dim { "each worker calls again when it was answered: who would wait \
                             behind a slow call is not counted" }
                        }
                        Pace::Open { rate } => {
                            "open pace, " (rate) " calls a second " span .dim { "latencies count from when a call was due" }
                        }
                    }
                }
                @if !report.remarks.is_empty() {
                    ul { @for remark in &report.remarks { li { (remark) } } }
                }
                (warm(report))
                @if let Some(comparison) = &report.comparison { (compared(comparison)) }
                @for level in &report.levels { (of_level(report, level)) }
                @if let Some(cold) = &report.cold {
                    section {
                        h2 { "Cold" }
                        table {
                            thead { tr { th { "" } th { "times" } th { "fastest" } th { "median" } th { "slowest" } } }
                            tbody {
                                (row_of_cold("engine", Some(&cold.engine)))
                                (row_of_cold("compile", Some(&cold.compile)))
                                (row_of_cold("from the cache", Some(&cold.cached)))
                                (row_of_cold("instantiate", Some(&cold.instantiate)))
                                (row_of_cold("start", cold.start.as_ref()))
                                (row_of_cold("first call", cold.first_call.as_ref()))
                            }
                        }
                    }
                }
                footer .dim { p { "component sha256 " (subject.sha256) br; "input sha256 " (subject.input_sha256) } }
            }
        }
    };
    page.into_string()
}

fn warm(report: &BenchReport) -> Markup {
    html! {
        section {
            h2 { "Warm" }
            table {
                thead { tr {
                    th { "" } th { "calls" } th { "failed" } th { "calls/s" } th { "fastest" } th { "p50" } th { "p90" }
                    th { "p95" } th { "p99" } th { "p99.9" } th { "slowest" }
                } }
                tbody {
                    @for level in &report.levels {
                        tr {
                            th scope="row" { (counted(level.concurrency as u64, "worker", "workers")) }
                            td { (grouped(level.answered)) }
                            td .more[level.failed > 0] { (grouped(level.failed)) }
                            td { (per_second(level.throughput)) }
                            @if let Some(times) = &level.latency {
                                td { (micros(times.min_us)) }
                                @for quantile in quantiles(times) { td { (quantile) } }
                                td { (micros(times.max_us)) }
                            } @else {
                                td .more colspan="7" { "no call was answered well" }
                            }
                        }
                    }
                }
            }
            p .dim { "~ marks what rests on fewer than ten calls." }
            @if report.levels.len() > 1 { (plot::throughput(&report.levels)) }
            table {
                thead { tr { th { "" } th { "instructions a call" } th { "memory" } th { "grew" } } }
                tbody {
                    @for level in &report.levels {
                        tr {
                            th scope="row" { (counted(level.concurrency as u64, "worker", "workers")) }
                            td { (level.fuel.as_ref().map_or_else(|| "unknown".to_owned(), instructions)) }
                            td { (bytes(level.memory.high_water_bytes as u64)) }
                            td .text { (grown(report.subject.world, &level.memory)) }
                        }
                    }
                }
            }
        }
    }
}

fn of_level(report: &BenchReport, level: &Level) -> Markup {
    let calls = (level.answered + level.failed).max(1) as f64;
    html! {
        section {
            h2 { (counted(level.concurrency as u64, "worker", "workers")) }
            @if level.answered > 0 {
                (plot::histogram(level))
                (plot::slices(level, report.settings.duration_us))
            }
            @if !level.host_calls.is_empty() {
                table {
                    thead { tr {
                        th { "host calls" } th { "a call" } th { "p50" } th { "p99" } th { "time a call" } th { "share" }
                        th { "denied" } th { "failed" }
                    } }
                    tbody {
                        @for host in &level.host_calls {
                            tr {
                                th scope="row" { (host.import.name()) }
                                td { (format!("{:.2}", host.calls as f64 / calls)) }
                                td { (micros(host.p50_us)) }
                                td { (micros(host.p99_us)) }
                                td { (micros(host.wall_us / calls)) }
                                td { (format!("{:.1} %", host.wall_us / level.inside_us.max(f64::MIN_POSITIVE) * 100.0)) }
                                td .more[host.denied > 0] { (grouped(host.denied)) }
                                td .more[host.failed > 0] { (grouped(host.failed)) }
                            }
                        }
                    }
                }
                @if level.host_calls_uncounted > 0 {
                    p .dim { "and " (grouped(level.host_calls_uncounted)) " more, beyond the first 256 of their calls" }
                }
            }
            @for missing in &level.missing { pre { (missing) } }
            @if !level.errors.is_empty() {
                table {
                    thead { tr { th { "failed" } th { "code" } th { "" } } }
                    tbody {
                        @for error in &level.errors {
                            tr {
                                td .more { (grouped(error.calls)) }
                                td .text { (error.code) }
                                td .text { (error.message) }
                            }
                        }
                    }
                }
            }
            @if level.outliers > 0 {
                p { (grouped(level.outliers)) " calls took ten times the median or more" }
                table {
                    thead { tr { th { "slowest" } th { "in host calls" } th { "instructions" } th { "at" } th { "worker" } } }
                    tbody {
                        @for slow in &level.slowest {
                            tr {
                                td { (micros(slow.latency_us)) }
                                td { (micros(slow.host_us)) }
                                td { (grouped(slow.fuel)) }
                                td { (micros(slow.at_us)) }
                                td { (slow.worker) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row_of_cold(name: &str, several: Option<&Several>) -> Markup {
    html! {
        @if let Some(several) = several.filter(|several| several.runs > 0) {
            tr {
                th scope="row" { (name) }
                td { (several.runs) }
                td { (micros(several.min_us)) }
                td { (micros(several.median_us)) }
                td { (micros(several.max_us)) }
            }
        }
    }
}

fn compared(comparison: &Comparison) -> Markup {
    let class = |verdict| match verdict {
        Verdict::More => "more",
        Verdict::Less => "less",
        Verdict::Same | Verdict::Unknown => "dim",
    };
    let change = |before: f64, after: f64| percent((after - before) / before.max(f64::MIN_POSITIVE));
    html! {
        section {
            h2 { "Beside the baseline " span .dim { (comparison.baseline) } }
            table {
                thead { tr { th { "" } th { "then" } th { "now" } th { "change" } th { "verdict" } } }
                tbody {
                    tr {
                        th scope="row" { "instructions" }
                        td { (grouped(comparison.fuel.before.round() as u64)) }
                        td { (grouped(comparison.fuel.after.round() as u64)) }
                        td { (change(comparison.fuel.before, comparison.fuel.after)) }
                        td class=(class(comparison.fuel.verdict)) { (comparison.fuel.verdict) }
                    }
                    tr {
                        th scope="row" { "memory" }
                        td { (bytes(comparison.memory.before as u64)) }
                        td { (bytes(comparison.memory.after as u64)) }
                        td { (change(comparison.memory.before, comparison.memory.after)) }
                        td class=(class(comparison.memory.verdict)) { (comparison.memory.verdict) }
                    }
                    @for timed in &comparison.levels {
                        tr {
                            th scope="row" { (counted(timed.concurrency as u64, "worker", "workers")) ", p50" }
                            td { (micros(timed.before_us)) }
                            td { (micros(timed.after_us)) }
                            td {
                                @if let Some(shift) = timed.shift {
                                    (percent(shift.relative)) " " span .dim {
                                        "(95 %: " (percent(shift.low)) " to " (percent(shift.high)) ", p "
                                        (likelihood(shift.p)) ")"
                                    }
                                }
                            }
                            td class=(class(timed.verdict)) { (timed.said()) }
                        }
                    }
                }
            }
            @for differs in &comparison.times_differ_in { p .dim { "times are not judged: " (differs) } }
        }
    }
}
