//! `yoikit plugin pack`: a folder as one archive.

use yoi_host::Limits;
use yoi_host::package;

use super::{component, typed};
use crate::args::PluginPack;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::plugin::PackReport;
use crate::screen;

pub(super) fn run(args: &PluginPack) -> Result<Exit, Failure> {
    let packed = package::pack(&args.folder, args.output.as_deref(), args.profile).map_err(|error| {
        let manifest = args.folder.join("plugin.toml");
        Failure::Pack { manifest, error }
    })?;
    let manifest = &packed.package.manifest;
    let runtime = manifest.declared().runtime.as_ref();
    let path = runtime.and_then(|runtime| runtime.component.as_deref());
    let mut fits = true;
    if let Some((path, bytes)) = path.zip(packed.package.component()) {
        component::warn_of_older(&args.folder, path);
        let (_, wrong) = component::judged(manifest, path, bytes, args.profile, &Limits::of(args.profile));
        fits = component::fits(&wrong);
        if !fits {
            screen::warning(&format!(
                "a host of profile `{}` refuses {path}: `yoikit plugin check` says why",
                args.profile
            ));
        }
    }
    let mut report = PackReport::of(&packed, args.folder.display().to_string());
    let id = &manifest.declared().id;
    if fits {
        report.next_steps = vec![
            format!("yoikit grant {} > grants.toml", typed(&args.folder)),
            format!(
                "mkdir -p .yoi/plugins && cp {} .yoi/plugins/{id}.yoi-plugin",
                typed(&packed.output)
            ),
            format!("yoikit plugin enable project:{id} --grant grants.toml"),
        ];
    }
    if args.json {
        screen::json(&report)?;
    } else {
        screen::packed(&report)?;
    }
    Ok(Exit::Ok)
}
