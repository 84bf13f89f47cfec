//! `yoikit ptc serve`: the protocol on standard input and output.

use std::io;

use yoi_host::ptc::Host;

use super::{limits, load};
use crate::args::ptc::PtcServe;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(args: &PtcServe) -> Result<Exit, Failure> {
    let mut limits = limits(&args.interpreter);
    // A client may wait for all calls under a `gather` before it answers the first.
    limits.calls_in_flight = limits.calls;
    let host = Host {
        boot: &|| load(&args.interpreter).map_err(|failure| failure.to_string()),
        engine: &args.interpreter.engine,
        limits,
        process: std::process::id(),
    };
    host.serve(io::stdin().lock(), io::stdout(), io::stderr())
        .map_err(|error| Failure::Other(error.to_string()))?;
    Ok(Exit::Ok)
}
