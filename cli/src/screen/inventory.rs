//! The screens of `yoikit plugin list` and `show`.

use std::io::{self, Write};

use anstyle::Style;
use yoi_host::authority::{Missing, ToolRow};
use yoi_host::package::{Item, Status};

use super::{BAD, BOLD, DIM, GOOD, WARN, label, note};
use crate::harmless::{harmless, harmless_line};
use crate::report::inventory::{EnableReport, ListReport};

/// Diagnostics of a plugin that a list shows; `show` has them all.
const DIAGNOSTICS: usize = 3;

pub(crate) fn list(report: &ListReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    if report.items.is_empty() {
        writeln!(
            out,
            "no plugins: packages lie in .yoi/plugins of a workspace, or among your own"
        )?;
    }
    for item in &report.items {
        head(&mut out, item)?;
        for diagnostic in item.diagnostics.iter().take(DIAGNOSTICS) {
            note(&mut out, &harmless_line(&diagnostic.message))?;
        }
        let more = item.diagnostics.len().saturating_sub(DIAGNOSTICS);
        if more > 0 {
            note(&mut out, &format!("and {more} more"))?;
        }
    }
    feature(
        &mut out,
        report.feature && !report.items.is_empty() || report.items.is_empty(),
    )?;
    out.flush()
}

pub(crate) fn show(item: &Item, is_on: bool) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    head(&mut out, item)?;
    if let Some(path) = &item.package_path {
        label(&mut out, "package")?;
        writeln!(out, "{}", harmless_line(&path.display().to_string()))?;
    }
    if let Some(digest) = &item.digest {
        label(&mut out, "digest")?;
        writeln!(out, "{digest}")?;
    }
    let surfaces = |surfaces: &[yoi_host::authority::Surface]| match surfaces {
        [] => "none".to_owned(),
        some => some
            .iter()
            .map(|surface| surface.name())
            .collect::<Vec<_>>()
            .join(", "),
    };
    label(&mut out, "surfaces")?;
    writeln!(
        out,
        "{} {DIM}(turned on: {}){DIM:#}",
        surfaces(&item.declared_surfaces),
        surfaces(&item.enabled_surfaces)
    )?;
    words(&mut out, "asks for", &item.requested_permissions)?;
    words(&mut out, "is granted", &item.configured_grants)?;
    for (name, labels) in [
        ("requests", &item.configured_request_grants),
        ("sockets", &item.configured_websocket_grants),
        ("folders", &item.configured_fs_grants),
    ] {
        if !labels.is_empty() {
            words(&mut out, name, labels)?;
        }
    }
    for tool in &item.tools {
        row(&mut out, tool)?;
    }
    if let Some(inspection) = &item.static_runtime {
        label(&mut out, "runtime")?;
        writeln!(out, "{}", harmless_line(&inspection.runtime.status))?;
    }
    for (n, diagnostic) in item.diagnostics.iter().enumerate() {
        label(&mut out, if n == 0 { "diagnostics" } else { "" })?;
        writeln!(
            out,
            "{} {DIM}[{}]{DIM:#}",
            harmless_line(&diagnostic.message),
            diagnostic.kind
        )?;
        if let Some(advice) = &diagnostic.advice {
            note(&mut out, &harmless_line(advice))?;
        }
    }
    missing(&mut out, item)?;
    feature(&mut out, is_on)?;
    out.flush()
}

pub(crate) fn enabled(report: &EnableReport) -> io::Result<()> {
    let style = style_of(report.status);
    let mut out = anstream::stdout().lock();
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} {style}{}{style:#} {DIM}{}{DIM:#}",
        harmless_line(&report.reference),
        report.status.name(),
        harmless_line(&report.version)
    )?;
    label(&mut out, "digest")?;
    writeln!(out, "{}", report.digest)?;
    words(&mut out, "new", &report.news)?;
    if !report.gone.is_empty() {
        words(&mut out, "gone", &report.gone)?;
    }
    label(&mut out, "written to")?;
    writeln!(out, "{}", harmless_line(&report.file))?;
    out.flush()
}

fn head(out: &mut impl Write, item: &Item) -> io::Result<()> {
    let version = item.version.as_deref().unwrap_or("no version");
    let style = style_of(item.status);
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} {style}{}{style:#} {DIM}{}{DIM:#}",
        harmless_line(&item.reference),
        item.status.name(),
        harmless_line(version)
    )
}

fn style_of(status: Status) -> Style {
    match status {
        Status::Active => GOOD,
        Status::Disabled => Style::new(),
        Status::Partial => WARN,
        Status::Missing | Status::Rejected => BAD,
    }
}

fn words(out: &mut impl Write, name: &str, words: &[String]) -> io::Result<()> {
    label(out, name)?;
    match words {
        [] => writeln!(out, "nothing"),
        words => writeln!(out, "{}", harmless_line(&words.join(", "))),
    }
}

fn row(out: &mut impl Write, tool: &ToolRow) -> io::Result<()> {
    label(out, "tool")?;
    let verdict = if tool.eligible { "" } else { " (not offered)" };
    writeln!(out, "{}{verdict}", harmless_line(&tool.name))
}

/// The lines that some row lacks, each once.
fn missing(out: &mut impl Write, item: &Item) -> io::Result<()> {
    let Some(inspection) = &item.static_runtime else {
        return Ok(());
    };
    let apis = inspection.host_apis.iter().flat_map(|row| &row.lines);
    let tools = inspection.tools.iter().flat_map(|row| &row.lines);
    let items = inspection.services.iter().chain(&inspection.ingresses);
    let mut told: Vec<&Missing> = Vec::new();
    for lines in apis.chain(tools).chain(items.flat_map(|row| &row.lines)) {
        if !told.contains(&lines) {
            told.push(lines);
        }
    }
    for lines in told {
        writeln!(out, "\n{GOOD}{}{GOOD:#}", harmless(&lines.to_string()))?;
    }
    Ok(())
}

fn feature(out: &mut impl Write, is_on: bool) -> io::Result<()> {
    if is_on {
        return Ok(());
    }
    writeln!(
        out,
        "\n{WARN}plugins are turned off{WARN:#}: set `enabled = true` under `[feature.plugins]`"
    )
}
