//! The machine that measured.

use std::fs;
use std::thread::available_parallelism;

use super::clock;
use crate::report::Machine;

/// The machine that this runs on.
#[must_use]
pub fn machine() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        processor: processor(),
        cpus: available_parallelism().map_or(1, usize::from),
        yoikit: env!("CARGO_PKG_VERSION").to_owned(),
        optimised: !cfg!(debug_assertions),
        clock_us: clock::cost_us(),
    }
}

/// What Linux says of the first processor. Nothing where there is no such file.
fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
