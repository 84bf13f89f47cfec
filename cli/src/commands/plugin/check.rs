//! `yoikit plugin check`: whether a plugin fits, by what it says and by what its component is. Nothing of it
//! runs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use yoi_host::authority::{FaultKind, Grants, Inspection, Severity, Side, render_faults};
use yoi_host::build::is_project;
use yoi_host::package::{Package, PackageFaults};
use yoi_host::{Limits, Profile};

use super::super::grants;
use super::{component, typed, with_memory};
use crate::args::PluginCheck;
use crate::exit::Exit;
use crate::failure::{Failure, is_unreadable};
use crate::report::plugin::{
    CheckDiagnostic, CheckReport, CheckStatus, GrantsOf, InputKind, InspectionReport, PackageReport, Safety,
};
use crate::screen;

pub(super) fn run(args: &PluginCheck) -> Result<Exit, Failure> {
    let given = args
        .grants
        .as_deref()
        .map(|file| grants::read(Some(file)))
        .transpose()?;
    let limits = with_memory(args.profile, args.memory);
    let report = CheckReport {
        schema: "yoikit.plugin-check/1",
        command: "check",
        status: CheckStatus::Rejected,
        input_path: args.path.display().to_string(),
        input_kind: if args.path.is_dir() {
            InputKind::Directory
        } else {
            InputKind::Package
        },
        package: None,
        diagnostics: Vec::new(),
        static_inspection: None,
        safety: Safety::KEPT,
        next_steps: Vec::new(),
        profile: args.profile,
        grants: if given.is_some() {
            GrantsOf::File
        } else {
            GrantsOf::Manifest
        },
        component: None,
        yoi_diagnostic: None,
    };
    let mut wanted = None;
    let (report, manifest, exit) = match Package::open(&args.path, args.profile) {
        Ok(package) => {
            let manifest = remarks(&package, &args.path);
            let report = of_package(report, &package, given, &limits, &args.path);
            wanted = wanted_grants(&report, &package);
            let exit = match report.status {
                CheckStatus::Rejected => Exit::PluginFailed,
                CheckStatus::Active | CheckStatus::Partial => Exit::Ok,
            };
            (report, manifest, exit)
        }
        Err(faults) => {
            let exit = if is_unreadable(&faults) {
                Exit::CouldNotRun
            } else {
                Exit::PluginFailed
            };
            let manifest = match &faults {
                PackageFaults::Manifest(faults) => faults.render(&manifest_name(&args.path)),
                PackageFaults::Files(_) => String::new(),
            };
            (of_faults(report, &faults, &args.path), manifest, exit)
        }
    };
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::checked(&report, &manifest, wanted.as_deref()))?;
    }
    Ok(exit)
}

/// What there is to say of a package.
fn of_package(
    report: CheckReport,
    package: &Package,
    given: Option<Grants>,
    limits: &Limits,
    path: &Path,
) -> CheckReport {
    let profile = report.profile;
    let manifest = &package.manifest;
    let mut diagnostics: Vec<_> = manifest
        .remarks()
        .iter()
        .map(CheckDiagnostic::of_remark)
        .collect();
    let runtime = manifest.declared().runtime.as_ref();
    let file = runtime.and_then(|runtime| runtime.component.as_deref());
    let component = file.zip(package.component()).map(|(file, bytes)| {
        component::warn_of_older(path, file);
        let (component, wrong) = component::judged(manifest, file, bytes, profile, limits);
        diagnostics.extend(wrong);
        component
    });
    let grants = given.unwrap_or_else(|| Grants::as_asked_by(manifest));
    let surfaces = manifest.surfaces();
    let rows = Inspection::of(manifest, &grants, &surfaces, profile);
    let status = status(profile, &diagnostics, &rows);
    let next_steps = match (status, report.input_kind) {
        (CheckStatus::Active | CheckStatus::Partial, InputKind::Directory) => {
            vec![format!("yoikit plugin pack {}", typed(path))]
        }
        _ => Vec::new(),
    };
    CheckReport {
        status,
        package: Some(PackageReport::of(package, path.display().to_string())),
        diagnostics,
        static_inspection: Some(InspectionReport::of(rows)),
        next_steps,
        component,
        ..report
    }
}

/// What comes of it all: rejected by a fault, or because nothing of it could be used; partial where a part could
/// not.
fn status(profile: Profile, diagnostics: &[CheckDiagnostic], rows: &Inspection) -> CheckStatus {
    if !component::fits(diagnostics) {
        return CheckStatus::Rejected;
    }
    let has_tool = rows.tools.iter().any(|row| row.eligible);
    let is_usable = match profile {
        Profile::Documented => {
            has_tool
                || rows
                    .services
                    .iter()
                    .chain(&rows.ingresses)
                    .any(|row| row.eligible)
        }
        // That host's table has a column for tools alone.
        Profile::Yoi => has_tool,
    };
    let is_whole = diagnostics.is_empty() && rows.findings().next().is_none();
    match (is_usable, is_whole) {
        (true, true) => CheckStatus::Active,
        (true, false) => CheckStatus::Partial,
        (false, _) if rows.statically_eligible() => CheckStatus::Active,
        (false, _) => CheckStatus::Rejected,
    }
}

/// Grants that give all that the manifest asks for, where those that were given leave some of it out.
fn wanted_grants(report: &CheckReport, package: &Package) -> Option<String> {
    let rows = &report.static_inspection.as_ref()?.rows;
    let tools = rows.tools.iter().flat_map(|row| &row.lines);
    let items = rows
        .services
        .iter()
        .chain(&rows.ingresses)
        .flat_map(|row| &row.lines);
    let host_apis = rows.host_apis.iter().flat_map(|row| &row.lines);
    let mut lines = tools.chain(items).chain(host_apis);
    (report.grants == GrantsOf::File && lines.any(|missing| missing.file == Side::Grants))
        .then(|| Grants::as_asked_by(&package.manifest).to_toml())
}

/// What there is to say of what is no package.
fn of_faults(report: CheckReport, faults: &PackageFaults, path: &Path) -> CheckReport {
    let mut next_steps = Vec::new();
    let diagnostics = match faults {
        PackageFaults::Manifest(faults) => {
            let lacks_a_file = faults
                .list()
                .iter()
                .any(|fault| fault.kind == FaultKind::Missing && !fault.span.is_empty());
            if lacks_a_file && is_project(path) {
                next_steps.push(format!("yoikit plugin build {}", typed(path)));
            }
            faults.list().iter().map(CheckDiagnostic::of_remark).collect()
        }
        PackageFaults::Files(fault) => {
            if is_wasm(path) {
                next_steps.push(format!("yoikit inspect {}", typed(path)));
            }
            vec![CheckDiagnostic::of_package(fault.diagnostic(), Severity::Refuses)]
        }
    };
    CheckReport {
        diagnostics,
        next_steps,
        yoi_diagnostic: (report.profile == Profile::Yoi).then(|| faults.yoi_first()),
        ..report
    }
}

/// What is wrong with a manifest that counts, as a terminal shows it.
fn remarks(package: &Package, path: &Path) -> String {
    let text = package.files.get("plugin.toml").unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    render_faults(&manifest_name(path), &text, package.manifest.remarks())
}

/// What the manifest of a package is called in messages.
fn manifest_name(path: &Path) -> String {
    if path.is_dir() {
        path.join("plugin.toml").display().to_string()
    } else {
        "plugin.toml".to_owned()
    }
}

/// Whether somebody named a component in place of a package.
fn is_wasm(path: &Path) -> bool {
    let mut magic = [0; 4];
    path.is_file()
        && File::open(path)
            .and_then(|mut file| file.read_exact(&mut magic))
            .is_ok()
        && magic == *b"\0asm"
}
