//! `yoikit plugin build`: from a project to the component that its manifest names.

use std::fs;
use std::path::{Path, PathBuf};

use yoi_host::authority::Manifest;
use yoi_host::build::{self, Builder, Mode};
use yoi_host::limits::PACKAGE_FILE_BYTES;
use yoi_host::source::SourceError;
use yoi_host::{Limits, Profile};

use super::super::grants;
use super::super::whole::write_whole;
use super::{component, typed, with_memory};
use crate::args::PluginBuild;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::plugin::{BuildReport, BuildStatus};
use crate::screen;

pub(super) fn run(args: &PluginBuild) -> Result<Exit, Failure> {
    let folder = &args.folder;
    // Before cargo works for a minute.
    let manifest = grants::manifest_in(&folder.join("plugin.toml"))?;
    let mode = if args.dev { Mode::Dev } else { Mode::Release };
    let report = make(
        folder,
        &manifest,
        args.profile,
        &with_memory(args.profile, args.memory),
        mode,
    )?;
    if args.json {
        screen::json(&report)?;
    } else {
        screen::built(&report)?;
    }
    Ok(match report.status {
        BuildStatus::Built => Exit::Ok,
        BuildStatus::Rejected => Exit::PluginFailed,
    })
}

/// Where the component of a folder's plugin is: its path in the folder, and the file.
pub(super) fn component_file(folder: &Path, manifest: &Manifest) -> Option<(String, PathBuf)> {
    let path = manifest.declared().runtime.as_ref()?.component.clone()?;
    let file = folder.join(&path);
    Some((path, file))
}

/// Build the project in a folder, and write what it makes where the manifest has it.
pub(super) fn make(
    folder: &Path,
    manifest: &Manifest,
    profile: Profile,
    limits: &Limits,
    mode: Mode,
) -> Result<BuildReport, Failure> {
    let Some((path, output)) = component_file(folder, manifest) else {
        return Err(Failure::Other(format!(
            "{} names no component under `[runtime]`, so there is nothing to build",
            folder.join("plugin.toml").display()
        )));
    };
    screen::progress(&format!("building {}", folder.display()));
    let built = build::build_plugin(folder, manifest, mode).map_err(SourceError::Build)?;
    if built.builder == Builder::CargoInstead {
        screen::warning(
            "the project was made for `cargo component`, which is not installed: it was built by cargo",
        );
    }
    let stripped = build::strip(&built.bytes).map_err(|error| Failure::Load(error.into()))?;
    let failed = |cause| Failure::File {
        path: output.clone(),
        doing: "write",
        cause,
    };
    if let Some(parent) = output.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    write_whole(&output, &stripped).map_err(failed)?;

    let (component, wrong) = component::judged(manifest, &path, &stripped, profile, limits);
    let fits = component::fits(&wrong);
    let is_too_large = stripped.len() > PACKAGE_FILE_BYTES;
    if is_too_large {
        screen::warning(&format!(
            "the component has {} bytes, and a file of a package at most {PACKAGE_FILE_BYTES}: it can be called, and \
             not packed",
            stripped.len()
        ));
    }
    let next_steps = match fits && !is_too_large {
        true => vec![
            format!("yoikit plugin check {}", typed(folder)),
            format!("yoikit plugin pack {}", typed(folder)),
        ],
        false => Vec::new(),
    };
    Ok(BuildReport {
        schema: "yoikit.plugin-build/1",
        command: "build",
        status: if fits {
            BuildStatus::Built
        } else {
            BuildStatus::Rejected
        },
        profile,
        input_path: folder.display().to_string(),
        output_path: output.display().to_string(),
        package: built.package,
        builder: built.builder,
        mode,
        artifact_bytes: built.artifact_bytes,
        artifact: built.artifact.map(|file| file.display().to_string()),
        stripped_bytes: built.bytes.len().saturating_sub(stripped.len()),
        denied: built.denied,
        component,
        diagnostics: wrong,
        next_steps,
    })
}
