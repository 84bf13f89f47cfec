//! `yoikit host-adapter`: our own host, for whoever would hold it to the contract from outside.

use std::io;

use yoi_conformance::suites::plugin::door::{InProcess, serve};

use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run() -> Result<Exit, Failure> {
    serve(&mut InProcess::new(), io::stdin().lock(), io::stdout().lock())
        .map_err(|error| Failure::Other(format!("the adapter ended: {error}")))?;
    Ok(Exit::Ok)
}
