//! The screen of `yoikit profile`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use yoi_meter::profile::{Form, ProfileReport};

use super::bench::{counted, measured, micros};
use super::units::grouped;
use super::{BAD, DIM, WARN, label, note};
use crate::harmless::harmless_line;

/// Functions that are shown; the report has all.
const FUNCTIONS: usize = 20;

/// Characters of a function's name that are shown. Those of generic code go on for lines.
const NAME: usize = 100;

/// So many samples say of a function that spends a tenth whether it is more like a twelfth or a ninth.
const SAMPLES_ENOUGH: u64 = 300;

pub(crate) fn profile(report: &ProfileReport, output: Option<&Path>) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    write(&mut out, report, output)?;
    out.flush()
}

fn write(out: &mut impl Write, report: &ProfileReport, output: Option<&Path>) -> io::Result<()> {
    measured(out, &report.subject)?;
    label(out, "sampled")?;
    let every = match report.period {
        1 if cut_off(report) => "up to the last call or return before the time was up".to_owned(),
        1 => "nothing left out".to_owned(),
        period => format!("one in {} instructions", grouped(period)),
    };
    writeln!(
        out,
        "{} of {} in {} {DIM}({every}){DIM:#}",
        counted(report.fuel, "instruction", "instructions"),
        counted(report.calls, "call", "calls"),
        counted(report.samples as u64, "sample", "samples"),
    )?;
    writeln!(out)?;
    functions(out, report)?;
    writeln!(out)?;
    label(out, "host calls")?;
    if report.host_calls.is_empty() {
        writeln!(out, "none")?;
    } else {
        writeln!(
            out,
            "{DIM}no instructions of the guest's, and so in no graph{DIM:#}"
        )?;
    }
    for share in &report.host_calls {
        let refused = match share.refused {
            0 => String::new(),
            refused => format!(", {BAD}{} refused{BAD:#}", grouped(refused)),
        };
        writeln!(
            out,
            "{:12}{}  {}, {} in all{refused}",
            "",
            share.import.name(),
            counted(share.calls, "call", "calls"),
            micros(share.wall_us)
        )?;
    }
    for error in &report.errors {
        label(out, "failed")?;
        writeln!(
            out,
            "{} × {BAD}{}{BAD:#} {}",
            grouped(error.calls),
            harmless_line(&error.code),
            harmless_line(&error.message)
        )?;
    }
    if let Some(output) = output {
        label(out, "written")?;
        let viewer = match Form::of(output) {
            Form::Firefox => "open it in https://profiler.firefox.com; a nanosecond there is an instruction",
            Form::Speedscope => "open it in https://www.speedscope.app",
            Form::Folded => "a line a stack, for flamegraph.pl, inferno or speedscope",
        };
        writeln!(
            out,
            "{} {DIM}({viewer}){DIM:#}",
            harmless_line(&output.display().to_string())
        )?;
    }
    remarks(out, report)
}

fn functions(out: &mut impl Write, report: &ProfileReport) -> io::Result<()> {
    writeln!(
        out,
        "{DIM}{:>14} {:>7} {:>14} {:>7}  function{DIM:#}",
        "own", "", "with calls", ""
    )?;
    let share = |fuel: u64| format!("{:.1} %", fuel as f64 / report.fuel.max(1) as f64 * 100.0);
    let spending = report.functions.iter().filter(|line| line.own > 0);
    // Said once: of a component with several modules most functions are of the same.
    let main = main_module(report);
    for line in spending.clone().take(FUNCTIONS) {
        let name = harmless_line(&line.name);
        let mut shown: String = name.chars().take(NAME).collect();
        if shown.len() < name.len() {
            shown.push('…');
        }
        let module = match &line.module {
            Some(module) if line.module != main => format!(" {DIM}{}{DIM:#}", harmless_line(module)),
            _ => String::new(),
        };
        writeln!(
            out,
            "{:>14} {:>7} {:>14} {:>7}  {shown}{module}",
            grouped(line.own),
            share(line.own),
            grouped(line.total),
            share(line.total)
        )?;
    }
    let others = spending.clone().take(FUNCTIONS).any(|line| line.module != main);
    if let Some(main) = main.filter(|_| others) {
        note(
            out,
            &format!("of the module {} where none is named", harmless_line(&main)),
        )?;
    }
    let more = spending.count().saturating_sub(FUNCTIONS);
    if more > 0 {
        note(
            out,
            &format!(
                "and {} more (`--json` has all)",
                counted(more as u64, "function", "functions")
            ),
        )?;
    }
    Ok(())
}

/// The module whose functions spend most by themselves.
fn main_module(report: &ProfileReport) -> Option<String> {
    let mut spent: BTreeMap<&String, u64> = BTreeMap::new();
    for line in &report.functions {
        if let Some(module) = &line.module {
            *spent.entry(module).or_default() += line.own;
        }
    }
    let most = spent.into_iter().max_by_key(|(_, own)| *own)?;
    Some(most.0.clone())
}

/// Whether a call was ended by the clock, where the engine has not told the last of its instructions.
fn cut_off(report: &ProfileReport) -> bool {
    report.errors.iter().any(|error| error.code == "fault.deadline")
}

fn remarks(out: &mut impl Write, report: &ProfileReport) -> io::Result<()> {
    let mut remark = |what: String| writeln!(out, "{WARN}note{WARN:#}        {what}");
    if report.interrupted {
        remark("ended early: these are the calls made until then".to_owned())?;
    }
    // One or two are the toolchain's own, whatever is done.
    if report.unnamed > report.functions.len() / 10 {
        remark(format!(
            "the component has no names for {}: one in Rust is built with them by `yoikit plugin build --dev`, or by \
             `strip = \"debuginfo\"` in its Cargo.toml; of an interpreter, as in one of `componentize-qjs`, they are its \
             own, and not those of what it runs",
            match report.functions.len() {
                all if all == report.unnamed => "its functions".to_owned(),
                all => format!("{} of {all} functions", report.unnamed),
            }
        ))?;
    }
    if report.period > 1 && report.fuel / report.period < SAMPLES_ENOUGH {
        remark(format!(
            "about {} in all: the shares are rough, and more calls (`--calls`) or a smaller `--every` make them better",
            counted(report.fuel / report.period, "sample", "samples")
        ))?;
    }
    if report.late * 20 > report.fuel {
        remark(format!(
            "{:.1} % of the instructions count for a function that was entered or gone on with later: a smaller \
             `--every` places them better",
            report.late as f64 / report.fuel.max(1) as f64 * 100.0
        ))?;
    }
    if cut_off(report) {
        remark(
            "what a call does after its last call or return before its time is up is not counted: with a `--fuel` that \
             is used up before the time is, all of it is"
                .to_owned(),
        )?;
    }
    if report.fuel == 0 {
        remark("the guest was not entered: there is nothing to see".to_owned())?;
    }
    Ok(())
}
