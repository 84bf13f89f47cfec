//! The contract of plugins: components, packages, folders, projects, programs; and plugin hosts.

use std::path::Path;

use yoi_conformance::Side;
use yoi_conformance::run::Entrant;
use yoi_conformance::suites::plugin::open::{OpenError, Opening, Speaks, names_of};
use yoi_host::Profile;
use yoi_host::authority::{Grants, Inspection};

use crate::args::Test;
use crate::commands::{code_cache, grants};
use crate::failure::Failure;
use crate::screen;

pub(super) fn open(args: &Test) -> Result<Vec<Entrant>, Failure> {
    let hosts = args.side == Some(Side::Host);
    if hosts && !args.targets.is_empty() {
        let reason = "a host has no path: give `-- COMMAND`, or nothing for yoikit's own";
        return Err(Failure::Usage(reason.to_owned()));
    }
    if !hosts && args.targets.is_empty() && args.command.is_empty() {
        let reason =
            "name a target: a component, a plugin's folder or package, a Cargo project, or `-- COMMAND`";
        return Err(Failure::Usage(reason.to_owned()));
    }
    let opening = Opening {
        profiles: profiles(&args.profile)?,
        cache: code_cache(args.no_cache, args.cache_dir.as_deref())?,
        manifest: grants::manifest(args.manifest.as_deref(), None)?,
    };
    if hosts {
        return Ok(opening.hosts(&args.command));
    }
    let mut entrants = Vec::new();
    for (target, name) in args.targets.iter().zip(names_of(&args.targets)) {
        warn_of_tools(target);
        let opened = opening.open_as(&name, target, |folder| {
            screen::progress(&format!("building {}", folder.display()));
        });
        let mut opened = opened.map_err(|error| match error {
            OpenError::Source(error) => Failure::Source(error),
            OpenError::Engine(error) => Failure::Engine(error),
        })?;
        if let Some(manifest) = &args.manifest {
            for entrant in &mut opened {
                let words = ["--manifest".to_owned(), manifest.display().to_string()];
                entrant.words.extend(words);
            }
        }
        entrants.extend(opened);
    }
    if !args.command.is_empty() {
        let speaks = if args.mcp { Speaks::Mcp } else { Speaks::Plugin };
        entrants.extend(opening.command(&args.command, speaks));
    }
    Ok(entrants)
}

/// Say which tools a host would not offer whatever the component does: nothing of a manifest is asked by the cases.
fn warn_of_tools(target: &Path) {
    let file = if target.is_dir() {
        target.join("plugin.toml")
    } else {
        target.to_owned()
    };
    if file.file_name().is_none_or(|name| name != "plugin.toml") {
        return;
    }
    let Some(manifest) = grants::manifest(Some(&file), None).ok().flatten() else {
        // Where it cannot be read, the target cannot be opened either, and that is told.
        return;
    };
    let granted = Grants::as_asked_by(&manifest);
    let rows = Inspection::of(&manifest, &granted, &manifest.surfaces(), Profile::Documented);
    for tool in rows.tools.iter().filter(|tool| !tool.eligible) {
        screen::warning(&format!(
            "no host offers the tool `{}`: {}; `yoikit plugin check` has more",
            tool.name,
            tool.diagnostic.as_deref().unwrap_or("it is not eligible")
        ));
    }
}

fn profiles(names: &[String]) -> Result<Vec<Profile>, Failure> {
    let profiles = names.iter().map(|name| name.parse());
    let profiles: Result<_, yoi_host::UnknownProfile> = profiles.collect();
    profiles.map_err(|error| Failure::Usage(error.to_string()))
}
