//! `yoikit componentize`: a file made into a component that a yoi host would take.

use yoi_host::build;
use yoi_host::component::Preflight;
use yoi_host::source::Source;

use super::whole::write_whole;
use crate::args::Componentize;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

pub(super) fn run(args: &Componentize) -> Result<Exit, Failure> {
    let file = Source::read_file(&args.file)?;
    let built = build::make(&file).map_err(|error| Failure::Make {
        path: args.file.clone(),
        error,
    })?;
    Preflight::validate(&built.bytes).map_err(|error| Failure::Load(error.into()))?;
    write_whole(&args.output, &built.bytes).map_err(|cause| Failure::File {
        path: args.output.clone(),
        doing: "write",
        cause,
    })?;
    screen::componentized(&args.output, file.len(), &built)?;
    Ok(Exit::Ok)
}
