//! A package's component, held against a profile and against what the manifest says of it.

use std::path::Path;

use sha2::{Digest, Sha256};
use yoi_host::authority::{HostApi, Manifest, Permission, Severity};
use yoi_host::build;
use yoi_host::component::{Preflight, PreflightError, World};
use yoi_host::{Limits, Profile};

use crate::report::VerdictReport;
use crate::report::plugin::{CheckDiagnostic, ComponentReport};
use crate::screen;

/// What there is to say of a component, and what is wrong with it.
pub(super) fn judged(
    manifest: &Manifest,
    path: &str,
    bytes: &[u8],
    profile: Profile,
    limits: &Limits,
) -> (ComponentReport, Vec<CheckDiagnostic>) {
    let runtime = manifest.declared().runtime.as_ref();
    let declared_world = runtime.and_then(|runtime| runtime.world.clone());
    let preflight = Preflight::of(bytes).and_then(|preflight| Preflight::validate(bytes).map(|()| preflight));
    let mut report = ComponentReport {
        path: path.to_owned(),
        sha256: Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        bytes: bytes.len(),
        declared_world,
        world: None,
        verdict: None,
    };
    let preflight = match preflight {
        Ok(preflight) => preflight,
        Err(error) => return (report, vec![unreadable(path, &error)]),
    };
    let verdict = VerdictReport::of(&preflight, profile, limits);
    let mut wrong: Vec<_> = verdict
        .faults
        .iter()
        .map(|fault| CheckDiagnostic::of_component(path, fault))
        .collect();
    wrong.extend(other_world(path, report.declared_world.as_deref(), &preflight));
    wrong.extend(not_asked_for(path, manifest, &preflight, profile));
    report.world = preflight.world();
    report.verdict = Some(verdict);
    (report, wrong)
}

/// Say that a folder's component is not what its sources say, where it is not.
pub(super) fn warn_of_older(folder: &Path, component: &str) {
    if let Some(source) = build::younger_source(folder, &folder.join(component)) {
        screen::warning(&format!(
            "{component} is older than {}: `yoikit plugin build {}` builds it anew",
            source.display(),
            folder.display()
        ));
    }
}

/// Whether a host would take what these say.
pub(super) fn fits(diagnostics: &[CheckDiagnostic]) -> bool {
    diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity == Severity::Warns)
}

fn unreadable(path: &str, error: &PreflightError) -> CheckDiagnostic {
    CheckDiagnostic {
        advice: error.advice().map(str::to_owned),
        ..CheckDiagnostic::about(path, "not_a_component", Severity::Refuses, error.to_string())
    }
}

/// That the component stands in another world than the manifest says. One that stands in none is a fault of
/// its own.
fn other_world(path: &str, declared: Option<&str>, preflight: &Preflight) -> Option<CheckDiagnostic> {
    let declared: World = declared?.parse().ok()?;
    let found = preflight.world().filter(|found| *found != declared)?;
    let message = format!("the component stands in the world {found}, and the manifest says {declared}");
    Some(CheckDiagnostic {
        advice: Some(format!("write `world = \"{found}\"` under `[runtime]`")),
        ..CheckDiagnostic::about(path, "other_world", Severity::Refuses, message)
    })
}

/// Host interfaces that the component imports and the manifest does not ask for. The yoi host makes no instance
/// then; the contract has every call denied.
fn not_asked_for(
    path: &str,
    manifest: &Manifest,
    preflight: &Preflight,
    profile: Profile,
) -> Vec<CheckDiagnostic> {
    let asked = &manifest.declared().permissions;
    let is_imported = |api: HostApi| {
        let interface = format!("yoi:host/{api}@");
        preflight
            .imports
            .iter()
            .any(|item| item.name.starts_with(&interface))
    };
    let (severity, outcome) = match profile {
        Profile::Documented => (Severity::Warns, "every call is denied"),
        Profile::Yoi => (Severity::Refuses, "the yoi host does not start it"),
    };
    HostApi::ALL
        .into_iter()
        .filter(|api| is_imported(*api) && !asked.contains(&Permission::HostApi { api: *api }))
        .map(|api| {
            let message = format!(
                "the component imports yoi:host/{api}, and the manifest does not ask for `host_api.{api}`: {outcome}"
            );
            CheckDiagnostic {
                advice: Some(format!(
                    "add `[[permissions]]` with `kind = \"host_api\"` and `api = \"{api}\"` to plugin.toml"
                )),
                ..CheckDiagnostic::about(path, "not_asked_for", severity, message)
            }
        })
        .collect()
}
