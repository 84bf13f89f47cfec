//! `yoikit plugin build`: from a project to the component that its manifest names.

use std::fs;

use yoi_host::build::{self, Builder, Mode};
use yoi_host::source::SourceError;

use super::super::grants;
use super::super::whole::write_whole;
use super::{component, typed};
use crate::args::PluginBuild;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::plugin::{BuildReport, BuildStatus};
use crate::screen;

pub(super) fn run(args: &PluginBuild) -> Result<Exit, Failure> {
    let folder = &args.folder;
    // Before cargo works for a minute.
    let file = folder.join("plugin.toml");
    let manifest = grants::manifest_in(&file)?;
    let runtime = manifest.declared().runtime.as_ref();
    let Some(path) = runtime.and_then(|runtime| runtime.component.clone()) else {
        return Err(Failure::Other(format!(
            "{} names no component under `[runtime]`, so there is nothing to build",
            file.display()
        )));
    };
    let mode = if args.dev { Mode::Dev } else { Mode::Release };
    screen::progress(&format!("building {}", folder.display()));
    let built = build::build_project(folder, mode).map_err(SourceError::Build)?;
    if built.builder == Builder::CargoInstead {
        screen::warning(
            "the project was made for `cargo component`, which is not installed: it was built by cargo",
        );
    }
    let stripped = build::strip(&built.bytes).map_err(|error| Failure::Load(error.into()))?;
    let output = folder.join(&path);
    let failed = |cause| Failure::File {
        path: output.clone(),
        doing: "write",
        cause,
    };
    if let Some(parent) = output.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    write_whole(&output, &stripped).map_err(failed)?;

    let (component, wrong) = component::judged(&manifest, &path, &stripped, args.profile);
    let fits = component::fits(&wrong);
    let next_steps = match fits {
        true => vec![
            format!("yoikit plugin check {}", typed(folder)),
            format!("yoikit plugin pack {}", typed(folder)),
        ],
        false => Vec::new(),
    };
    let report = BuildReport {
        schema: "yoikit.plugin-build/1",
        command: "build",
        status: if fits {
            BuildStatus::Built
        } else {
            BuildStatus::Rejected
        },
        profile: args.profile,
        input_path: folder.display().to_string(),
        output_path: output.display().to_string(),
        package: built.package,
        builder: built.builder,
        mode,
        artifact_bytes: built.artifact_bytes,
        artifact: built.artifact.display().to_string(),
        stripped_bytes: built.bytes.len().saturating_sub(stripped.len()),
        denied: built.denied,
        component,
        diagnostics: wrong,
        next_steps,
    };
    if args.json {
        screen::json(&report)?;
    } else {
        screen::built(&report)?;
    }
    Ok(if fits { Exit::Ok } else { Exit::PluginFailed })
}
