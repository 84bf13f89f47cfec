//! `yoikit bridge`: other agents as children.

mod ask;
mod probe;
mod replay;

use crate::args::BridgeCommand;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(command: &BridgeCommand) -> Result<Exit, Failure> {
    match command {
        BridgeCommand::Run(run) => ask::run(&run.ask, None),
        BridgeCommand::Record(record) => ask::run(&record.ask, Some(&record.output)),
        BridgeCommand::Replay(args) => replay::run(args),
        BridgeCommand::Probe(args) => probe::run(args),
    }
}

/// What children are driven by: one thread, which waits most of the time.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::Other(format!("failed to start a runtime: {error}")))
}
