//! What is broken on purpose in one run, from the file that says so.

use std::fs::File;
use std::path::Path;

use yoi_host::imports::faults::{FaultPlan, Faults};
use yoi_host::limits::FAULT_PLAN_BYTES;

use super::read_text;
use crate::failure::Failure;

/// The fault plan in a file.
pub(super) fn read(file: &Path) -> Result<Faults, Failure> {
    let text = File::open(file).and_then(|file| read_text(file, FAULT_PLAN_BYTES));
    let text = text.map_err(|cause| Failure::File {
        path: file.to_owned(),
        doing: "read the fault plan",
        cause,
    })?;
    let plan = FaultPlan::parse(&text).map_err(|error| {
        Failure::Usage(format!(
            "the fault plan cannot be used\n{}",
            error.render(&file.display().to_string())
        ))
    })?;
    Ok(Faults::new(plan))
}
