//! What a person sees. Everything a guest wrote goes through [`harmless`] first.
//!
//! Results go to standard output, progress and failures to standard error, so that a pipe gets results only.

pub(crate) mod bench;
pub(crate) mod bridge;
mod call;
mod dead;
mod dev;
mod inspect;
pub(crate) mod inventory;
mod plugin;
mod profile;
mod ptc;
pub(crate) mod service;
mod test;
mod units;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use yoi_host::build::Built;
use yoi_host::component::World;

use crate::failure::Failure;
use crate::harmless::{harmless, harmless_line};
use crate::report::{PluginReport, StepReport};
use units::bytes;

pub(crate) use bench::{bench, page};
pub(crate) use call::call;
pub(crate) use dead::dead;
pub(crate) use dev::{dev, dev_begins};
pub(crate) use inspect::inspect;
pub(crate) use plugin::{built, checked, new, packed};
pub(crate) use profile::profile;
pub(crate) use ptc::{ptc, ptc_build};
pub(crate) use test::{Progress, behaviours, listed};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default();

/// A verdict stands whether or not whoever reads it reads it to its end: `| head -1` does not make a failure of a
/// success, nor a success of a failure.
pub(crate) fn to_the_end(printed: io::Result<()>) -> io::Result<()> {
    match printed {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Say what takes a while.
pub(crate) fn progress(what: &str) {
    // Nobody to tell is no reason to stop.
    let _ = writeln!(anstream::stderr(), "{DIM}{}{DIM:#}", harmless_line(what));
}

/// Say what takes a while, to a person who waits for it. A pipe is told nothing.
pub(crate) fn passing(what: &str) {
    if io::stderr().is_terminal() {
        progress(what);
    }
}

/// Say what is wrong but stops nothing.
pub(crate) fn warning(what: &str) {
    let _ = writeln!(anstream::stderr(), "{WARN}warning{WARN:#}: {}", harmless(what));
}

/// Put a question; the answer comes on the same line.
pub(crate) fn ask(question: &str) {
    let mut err = anstream::stderr().lock();
    let _ = write!(err, "{}", harmless(question));
    let _ = err.flush();
}

/// Say what is wrong with a file and stops nothing, in lines of its own.
pub(crate) fn remarks(lines: &str) {
    let _ = write!(anstream::stderr(), "{}", harmless(lines));
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

/// Text that goes into a file as it is.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The same of text that has colours, where they can be seen.
pub(crate) fn coloured(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// One JSON object, on lines.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// One JSON object on one line, at once.
pub(crate) fn json_line(value: &impl Serialize) -> io::Result<()> {
    // In one piece, so that whoever is killed meanwhile leaves no half of it.
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
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
                let warning = format!("{what} replaced by local functions in what runs here");
                writeln!(
                    out,
                    "{:12}{WARN}warning{WARN:#}: {warning}: a yoi host refuses",
                    ""
                )?;
                note(
                    out,
                    "this file as it is; `yoikit componentize FILE -o OUT` writes what runs here",
                )?;
            }
        }
    }
    Ok(())
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
