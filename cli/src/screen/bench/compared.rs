//! How a report stands beside a former one.

use std::io::{self, Write};

use yoi_meter::compare::{Comparison, Verdict};

use super::super::units::{bytes, grouped};
use super::super::{BAD, DIM, GOOD, label, note};
use super::{counted, micros};
use crate::harmless::harmless_line;

pub(super) fn compared(out: &mut impl Write, comparison: &Comparison) -> io::Result<()> {
    writeln!(out)?;
    label(out, "baseline")?;
    let component = if comparison.same_component {
        "of the same component"
    } else {
        "of another build"
    };
    writeln!(
        out,
        "{} {DIM}({component}){DIM:#}",
        harmless_line(&comparison.baseline)
    )?;
    let counts = [
        ("instructions", comparison.fuel, grouped as fn(u64) -> String),
        ("memory", comparison.memory, bytes),
    ];
    for (name, counted, shown) in counts {
        let (before, after) = (
            shown(counted.before.round() as u64),
            shown(counted.after.round() as u64),
        );
        let change = percent((counted.after - counted.before) / counted.before.max(f64::MIN_POSITIVE));
        let said = match counted.verdict {
            Verdict::Same => format!("{DIM}the same{DIM:#}"),
            Verdict::Less => format!("{GOOD}{change}{GOOD:#}"),
            Verdict::More => format!("{BAD}{change}{BAD:#}"),
            Verdict::Unknown => format!("{DIM}{change}, and different every time: not compared{DIM:#}"),
        };
        writeln!(out, "{:12}{name:<14} {before:>12} → {after:>12}   {said}", "")?;
    }
    for timed in &comparison.levels {
        let name = counted(timed.concurrency as u64, "worker", "workers");
        let interval = timed.shift.map_or_else(
            || "too few calls to say".to_owned(),
            |shift| {
                format!(
                    "{} (95 %: {} to {}, p {})",
                    percent(shift.relative),
                    percent(shift.low),
                    percent(shift.high),
                    likelihood(shift.p)
                )
            },
        );
        let style = match timed.verdict {
            Verdict::Same | Verdict::Unknown => DIM,
            Verdict::Less => GOOD,
            Verdict::More => BAD,
        };
        let said = format!("{style}{interval}: {}{style:#}", timed.said());
        writeln!(
            out,
            "{:12}{name:<14} {:>12} → {:>12}   {said}",
            "",
            micros(timed.before_us),
            micros(timed.after_us)
        )?;
    }
    for differs in &comparison.times_differ_in {
        note(out, &format!("times are not judged: {}", harmless_line(differs)))?;
    }
    Ok(())
}

pub(super) fn percent(part: f64) -> String {
    format!("{:+.1} %", part * 100.0)
}

pub(super) fn likelihood(p: f64) -> String {
    if p < 1e-4 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}
