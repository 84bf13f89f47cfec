//! `yoikit grant`: the smallest grants file that lets a plugin do what it did, or what it asks for.

use std::fmt::Write as _;

use yoi_host::Profile;
use yoi_host::authority::{Authority, Binding, Footprint, Grants, Manifest, Permission, Surface};

use super::{grants, open, plugin_report, transcript};
use crate::args::Grant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

pub(super) fn run(args: &Grant) -> Result<Exit, Failure> {
    let mut runs = Vec::with_capacity(args.from.len());
    for file in &args.from {
        runs.push((file, transcript::read(file)?));
    }
    let source = open(&args.path, Profile::Documented)?;
    let component = format!("sha256:{}", plugin_report(&source, None).sha256);
    let manifest = grants::manifest(args.manifest.as_deref(), source.manifest)?;
    if runs.is_empty() {
        let Some(manifest) = manifest else {
            return Err(Failure::Usage(format!(
                "{} has no plugin.toml that says what it asks for: record a run of it with `yoikit call … --record \
                 FILE`, and name that file with `--from`",
                args.path.display()
            )));
        };
        let grants = Grants::as_asked_by(&manifest);
        if !grants.fs.is_empty() {
            screen::warning("it asks for files: put your own folder in place of /path/to/folder");
        }
        screen::text(&grants.to_toml())?;
        return Ok(Exit::Ok);
    }

    let mut footprint = Footprint::new();
    for (file, run) in &runs {
        let file = file.display();
        if let (Some(recorded), Some(manifest)) = (&run.header.plugin, &manifest)
            && *recorded != manifest.declared().id
        {
            let id = &manifest.declared().id;
            let reason = format!("{file} was recorded with the plugin `{recorded}`, and this is `{id}`");
            return Err(Failure::Usage(reason));
        }
        if run.header.component != component {
            screen::warning(&format!("{file} was recorded with another build of the plugin"));
        }
        if !run.ended {
            screen::warning(&format!("{file} breaks off: what the run did later is not known"));
        }
        let denied = run.ungranted();
        if denied > 0 {
            let calls = if denied == 1 {
                "host call was"
            } else {
                "host calls were"
            };
            screen::warning(&format!(
                "{denied} {calls} denied in {file}, which these grants would allow: read what was wanted first"
            ));
        }
        if let Some(name) = &run.header.tool {
            footprint.permission(Permission::Surface {
                surface: Surface::Tool,
            });
            footprint.permission(Permission::Tool { name: name.clone() });
        }
        run.leave(&mut footprint);
    }
    let grants = footprint.grants();
    if footprint.has_example() {
        screen::warning("no folder was granted in that run: put your own in place of /path/to/folder");
    }
    if let Some(manifest) = &manifest {
        undeclared(manifest, &grants, &footprint);
    }
    screen::text(&grants.to_toml())?;
    Ok(Exit::Ok)
}

/// Tell what the run did that the manifest does not ask for: no grant allows that.
fn undeclared(manifest: &Manifest, grants: &Grants, footprint: &Footprint) {
    let authority = Authority::new(manifest, grants.clone(), &Binding::Unbound);
    let mut told = Vec::new();
    let mut text = String::new();
    for denial in footprint.denials(&authority) {
        for missing in denial.lines() {
            if !told.contains(missing) {
                told.push(missing.clone());
                let _ = write!(text, "\n{missing}");
            }
        }
    }
    if !told.is_empty() {
        screen::warning(&format!(
            "plugin.toml does not ask for all that the run did\n{text}"
        ));
    }
}
