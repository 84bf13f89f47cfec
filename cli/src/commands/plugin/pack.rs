//! `yoikit plugin pack`: a folder as one archive.

use yoi_host::Limits;
use yoi_host::package;

use super::component;
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
    if let Some((path, bytes)) = path.zip(packed.package.component()) {
        component::warn_of_older(&args.folder, path);
        let (_, wrong) = component::judged(manifest, path, bytes, args.profile, &Limits::of(args.profile));
        if !component::fits(&wrong) {
            screen::warning(&format!(
                "a host of profile `{}` refuses {path}: `yoikit plugin check` says why",
                args.profile
            ));
        }
    }
    let report = PackReport::of(&packed, args.folder.display().to_string());
    if args.json {
        screen::json(&report)?;
    } else {
        screen::packed(&report)?;
    }
    Ok(Exit::Ok)
}
