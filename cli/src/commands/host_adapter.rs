//! `yoikit host-adapter`: our own host, for whoever would hold it to the contract from outside.

use std::io;

use yoi_conformance::suites::Contract;
use yoi_conformance::suites::bridge::door as bridge;
use yoi_conformance::suites::bridge::door::own::Children;
use yoi_conformance::suites::plugin::door as plugin;

use crate::args::HostAdapter;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(args: &HostAdapter) -> Result<Exit, Failure> {
    let served = match args.contract {
        Contract::Plugin => plugin::serve(
            &mut plugin::InProcess::new(),
            io::stdin().lock(),
            io::stdout().lock(),
        ),
        Contract::Bridge => {
            let host = bridge::Own::new(Children::Processes).host();
            bridge::serve(host, io::BufReader::new(io::stdin()), io::stdout())
        }
        Contract::Ptc => {
            let reason = "an adapter of a host of code is `yoikit ptc serve`: hold it to the contract by \
                          `yoikit test --contract ptc -- yoikit ptc serve`";
            return Err(Failure::Usage(reason.to_owned()));
        }
    };
    served.map_err(|error| Failure::Other(format!("the adapter ended: {error}")))?;
    Ok(Exit::Ok)
}
