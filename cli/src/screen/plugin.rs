//! The screens of `yoikit plugin`.

use std::io::{self, Write};

use yoi_host::Profile;
use yoi_host::authority::{Missing, Severity, Side};
use yoi_host::build::{Builder, Mode};
use yoi_host::component::{World, render};

use super::units::bytes;
use super::{BAD, BOLD, DIM, GOOD, WARN, label, note};
use crate::harmless::{harmless, harmless_line};
use crate::report::plugin::{
    BuildReport, CheckDiagnostic, CheckReport, CheckStatus, ComponentReport, GrantsOf, InputKind,
    InspectionReport, NewReport, PackReport, PackageReport,
};

/// Names that are shown one by one; the report has more.
const NAMES: usize = 8;

pub(crate) fn new(report: &NewReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "plugin")?;
    writeln!(
        out,
        "{} {DIM}({}, in {}){DIM:#}",
        harmless_line(&report.name),
        report.template,
        harmless_line(&report.destination)
    )?;
    label(&mut out, "files")?;
    writeln!(out, "{}", report.files.join(", "))?;
    next(&mut out, &report.next_steps)?;
    out.flush()
}

pub(crate) fn built(report: &BuildReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "built")?;
    let with = match report.builder {
        Builder::CargoComponent => "cargo component",
        Builder::Cargo | Builder::CargoInstead => "cargo",
        Builder::ComponentizeQjs => "componentize-qjs",
        Builder::ComponentizePy => "componentize-py",
    };
    // The other builders have no such thing.
    let is_cargos = !matches!(report.builder, Builder::ComponentizeQjs | Builder::ComponentizePy);
    let mode = match report.mode {
        _ if !is_cargos => "",
        Mode::Release => "release, ",
        Mode::Dev => "dev, ",
    };
    writeln!(
        out,
        "{} {DIM}({with}, {mode}{}){DIM:#}",
        harmless_line(&report.package),
        bytes(report.artifact_bytes as u64)
    )?;
    label(&mut out, "component")?;
    component(&mut out, &report.output_path, &report.component)?;
    if report.stripped_bytes > 0 {
        note(
            &mut out,
            &format!(
                "{} smaller without debugging information and the like",
                bytes(report.stripped_bytes as u64)
            ),
        )?;
    }
    for denied in &report.denied {
        writeln!(
            out,
            "{:12}{WARN}warning{WARN:#}: {} replaced by local functions, since no host has it",
            "",
            harmless_line(denied)
        )?;
    }
    verdict(&mut out, report.profile, &report.component, &report.diagnostics)?;
    next(&mut out, &report.next_steps)?;
    out.flush()
}

/// `manifest` is what is wrong with that, as a terminal shows it; `wanted` the grants that would give all that is
/// asked for, where something of it is not given.
pub(crate) fn checked(report: &CheckReport, manifest: &str, wanted: Option<&str>) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "package")?;
    let kind = match report.input_kind {
        InputKind::Directory => "folder",
        InputKind::Package => "archive",
    };
    write!(out, "{}", harmless_line(&report.input_path))?;
    match &report.package {
        None => writeln!(out)?,
        Some(package) => {
            let count = package.entries.len();
            let files = if count == 1 { "file" } else { "files" };
            writeln!(out, " {DIM}({kind}, {count} {files}){DIM:#}")?;
            about(&mut out, package)?;
        }
    }
    if let Some(found) = &report.component {
        label(&mut out, "component")?;
        component(&mut out, &found.path, found)?;
        verdict(&mut out, report.profile, found, &report.diagnostics)?;
    }
    if !manifest.is_empty() {
        writeln!(out)?;
        write!(out, "{}", harmless(manifest))?;
    }
    let files = report
        .diagnostics
        .iter()
        .filter(|found| found.phase == "discovery");
    for found in files {
        writeln!(out)?;
        diagnostic(&mut out, "", found)?;
    }
    if let Some(yoi) = &report.yoi_diagnostic {
        writeln!(out, "the yoi host shows: {}", harmless_line(&yoi.message))?;
    }
    if let Some(inspection) = &report.static_inspection {
        writeln!(out)?;
        rows(&mut out, report.grants, inspection, wanted)?;
    }
    writeln!(out)?;
    label(&mut out, "status")?;
    let style = match report.status {
        CheckStatus::Active => GOOD,
        CheckStatus::Partial => WARN,
        CheckStatus::Rejected => BAD,
    };
    let status = report.status.name();
    writeln!(
        out,
        "{style}{status}{style:#} {DIM}(profile {}){DIM:#}",
        report.profile
    )?;
    next(&mut out, &report.next_steps)?;
    out.flush()
}

pub(crate) fn packed(report: &PackReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "package")?;
    let count = report.package.entries.len();
    writeln!(
        out,
        "{} {DIM}({}, {count} {}){DIM:#}",
        harmless_line(&report.output_path),
        bytes(report.bytes as u64),
        if count == 1 { "file" } else { "files" }
    )?;
    about(&mut out, &report.package)?;
    label(&mut out, "files")?;
    writeln!(out, "{}", names(&report.package.entries))?;
    if !report.left_out.is_empty() {
        label(&mut out, "left out")?;
        writeln!(out, "{}", names(&report.left_out))?;
    }
    next(&mut out, &report.next_steps)?;
    out.flush()
}

fn about(out: &mut impl Write, package: &PackageReport) -> io::Result<()> {
    label(out, "plugin")?;
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} {}",
        harmless_line(&package.package),
        harmless_line(&package.version)
    )?;
    label(out, "digest")?;
    writeln!(out, "{}", package.digest)
}

fn component(out: &mut impl Write, path: &str, component: &ComponentReport) -> io::Result<()> {
    let world = component.world.map_or("no world", World::name);
    writeln!(
        out,
        "{} {DIM}({world}, {}){DIM:#}",
        harmless_line(path),
        bytes(component.bytes as u64)
    )
}

/// What the profile says to a component, and what else is wrong with it.
fn verdict(
    out: &mut impl Write,
    profile: Profile,
    component: &ComponentReport,
    wrong: &[CheckDiagnostic],
) -> io::Result<()> {
    let wrong: Vec<_> = wrong.iter().filter(|found| found.phase == "runtime").collect();
    let refuses = wrong.iter().any(|found| found.severity != Severity::Warns);
    label(out, profile.name())?;
    if refuses {
        writeln!(out, "{BAD}refused{BAD:#}")?;
    } else {
        writeln!(out, "{GOOD}fits{GOOD:#}")?;
    }
    let faults = component.verdict.iter().flat_map(|verdict| &verdict.faults);
    let faults: Vec<_> = faults.map(|report| report.fault.clone()).collect();
    for line in render(&faults).lines() {
        writeln!(out, "  {}", harmless_line(line))?;
    }
    // The profile's own are told.
    for found in wrong.iter().skip(faults.len()) {
        diagnostic(out, "  ", found)?;
    }
    Ok(())
}

fn diagnostic(out: &mut impl Write, indent: &str, found: &CheckDiagnostic) -> io::Result<()> {
    let severity = match found.severity {
        Severity::Warns => "warning",
        Severity::FailsInstall => "not installable",
        Severity::Refuses => "refused",
    };
    writeln!(out, "{indent}{severity}: {}", harmless_line(&found.message))?;
    if let Some(advice) = &found.advice {
        writeln!(out, "{indent}  help: {}", harmless_line(advice))?;
    }
    Ok(())
}

/// What could be used under the grants, and what would let more be used.
fn rows(
    out: &mut impl Write,
    grants: GrantsOf,
    inspection: &InspectionReport,
    wanted: Option<&str>,
) -> io::Result<()> {
    label(out, "grants")?;
    writeln!(
        out,
        "{}",
        match grants {
            GrantsOf::File => "those of the file",
            GrantsOf::Manifest => "all that the manifest asks for",
        }
    )?;
    let rows = &inspection.rows;
    let mut lines: Vec<&Missing> = Vec::new();
    if let Some(diagnostic) = &rows.runtime.diagnostic {
        row(
            out,
            "runtime",
            &rows.runtime.status,
            rows.runtime.eligible,
            Some(diagnostic),
        )?;
    }
    for tool in &rows.tools {
        row(out, "tool", &tool.name, tool.eligible, tool.diagnostic.as_deref())?;
        lines.extend(&tool.lines);
    }
    for (title, items) in [("service", &rows.services), ("ingress", &rows.ingresses)] {
        for item in items {
            row(out, title, &item.name, item.eligible, item.diagnostic.as_deref())?;
            lines.extend(&item.lines);
        }
    }
    for api in &rows.host_apis {
        let said = api.diagnostic.as_deref().or(api.remark.as_deref());
        row(out, "host api", &api.permission, api.eligible, said)?;
        lines.extend(&api.lines);
    }
    // What only the author can add; each once.
    let mut told: Vec<&Missing> = Vec::new();
    for missing in lines.into_iter().filter(|missing| missing.file == Side::Manifest) {
        if told.contains(&missing) {
            continue;
        }
        told.push(missing);
        add(out, &missing.to_string())?;
    }
    if let Some(wanted) = wanted {
        add(out, &format!("all that it asks for, as grants:\n\n{wanted}"))?;
    }
    Ok(())
}

/// Lines to be added to a file.
fn add(out: &mut impl Write, lines: &str) -> io::Result<()> {
    for line in lines.lines() {
        match line.trim() {
            "" => writeln!(out)?,
            _ => writeln!(out, "{:12}{GOOD}{}{GOOD:#}", "", harmless_line(line))?,
        }
    }
    Ok(())
}

fn row(out: &mut impl Write, title: &str, name: &str, eligible: bool, said: Option<&str>) -> io::Result<()> {
    label(out, title)?;
    let (style, mark) = if eligible {
        (GOOD, "eligible")
    } else {
        (BAD, "not eligible")
    };
    write!(out, "{}  {style}{mark}{style:#}", harmless_line(name))?;
    let joint = if eligible { ';' } else { ':' };
    match said {
        Some(said) => writeln!(out, "{joint} {DIM}{}{DIM:#}", harmless_line(said)),
        None => writeln!(out),
    }
}

fn next(out: &mut impl Write, steps: &[String]) -> io::Result<()> {
    for (n, step) in steps.iter().enumerate() {
        label(out, if n == 0 { "next" } else { "" })?;
        writeln!(out, "{}", harmless_line(step))?;
    }
    Ok(())
}

/// The first of some names, and how many more there are.
fn names(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMES).map(|name| harmless_line(name)).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
