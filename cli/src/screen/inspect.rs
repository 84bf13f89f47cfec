//! The screen of `yoikit inspect`.

use std::io::{self, Write};

use yoi_host::component::{Direction, Item, Verdict, render};

use super::units::bytes;
use super::{BAD, DIM, GOOD, label, plugin_line};
use crate::harmless::harmless_line;
use crate::report::{InspectReport, VerdictReport};

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

fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}
