//! `yoikit schema`: what the reports look like, for programs that read them.

use crate::args::{Report, Schema};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{CallReport, FailureReport, InspectReport};
use crate::screen;

pub(super) fn run(args: &Schema) -> Result<Exit, Failure> {
    screen::json(&match args.report {
        Report::Call => schemars::schema_for!(CallReport),
        Report::Inspect => schemars::schema_for!(InspectReport),
        Report::Failure => schemars::schema_for!(FailureReport),
    })?;
    Ok(Exit::Ok)
}
