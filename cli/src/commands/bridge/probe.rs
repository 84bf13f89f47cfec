//! `yoikit bridge probe`.

use yoi_host::bridge::{Start, launch, probe};

use super::advice::{INSTALL, is_path};
use super::runtime;
use crate::args::BridgeProbe;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::bridge::ProbeReport;
use crate::screen;

pub(super) fn run(args: &BridgeProbe) -> Result<Exit, Failure> {
    let mut spec = args.adapter.spec();
    if args.binary.is_some() {
        spec.binary_path.clone_from(&args.binary);
    }
    let probed = runtime()?.block_on(probe(args.adapter, &spec));
    let probed = probed.map_err(|error| {
        let message = error.to_string();
        Failure::Other(match &args.binary {
            // One that was named by a path is what was meant.
            Some(binary) if is_path(binary) => message,
            _ => format!("{message}: {INSTALL}"),
        })
    })?;
    let command =
        launch(args.adapter, &spec, &Start::default()).map_err(|error| Failure::Other(error.message))?;
    let words = [&command.program].into_iter().chain(&command.args);
    let report = ProbeReport {
        schema: "yoikit.bridge-probe/1",
        adapter: args.adapter,
        fits: probed.fits(),
        program: probed.program,
        version: probed.version,
        instead: probed.instead,
        words: probed.words,
        trouble: probed.trouble,
        command: words.map(|word| word.display().to_string()).collect(),
    };
    if args.json {
        screen::json(&report)?;
    } else {
        screen::bridge::probed(&report)?;
    }
    Ok(match report.fits {
        true => Exit::Ok,
        false => Exit::PluginFailed,
    })
}
