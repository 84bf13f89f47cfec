//! `yoikit inspect`: what a component is, without running it.

use yoi_host::component::Preflight;
use yoi_host::{Limits, Profile};

use super::{open, plugin_report};
use crate::args::Inspect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{InspectReport, VerdictReport};
use crate::screen;

pub(super) fn run(args: &Inspect) -> Result<Exit, Failure> {
    let source = open(&args.path, args.profile)?;
    let sound = Preflight::of(&source.component)
        .and_then(|preflight| Preflight::validate(&source.component).map(|()| preflight));
    let preflight = sound.map_err(|error| Failure::Load(error.into()))?;
    let report = InspectReport {
        schema: "yoikit.inspect/1",
        plugin: plugin_report(&source, preflight.world()),
        verdicts: Profile::ALL
            .map(|profile| VerdictReport::of(&preflight, profile, &Limits::of(profile)))
            .into(),
        preflight,
    };
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::inspect(&report))?;
    }
    let fits = report
        .verdicts
        .iter()
        .any(|verdict| verdict.profile == args.profile && verdict.fits);
    Ok(if fits { Exit::Ok } else { Exit::PluginFailed })
}
