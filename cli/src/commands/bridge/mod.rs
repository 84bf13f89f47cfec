//! `yoikit bridge`: other agents as children.

mod advice;
mod ask;
mod probe;
mod replay;
mod tell;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use yoi_host::Profile;
use yoi_host::bridge::DialectComponent;
use yoi_host::engine::{CodeCache, EngineOptions};
use yoi_host::limits::COMPONENT_BYTES;

use crate::args::{BridgeCommand, Who};
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

/// What a dialect is called.
fn name(who: &Who) -> String {
    match who {
        Who::Adapter(adapter) => adapter.to_string(),
        Who::Component(file) => file.file_stem().unwrap_or_default().display().to_string(),
    }
}

/// The dialect in a file, of which so many may be under way at a time.
pub(super) fn component(
    path: &Path,
    cache: Option<CodeCache>,
    instances: u32,
) -> Result<DialectComponent, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(COMPONENT_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|cause| Failure::File {
        path: path.to_owned(),
        doing: "read the dialect",
        cause,
    })?;
    if bytes.len() as u64 > COMPONENT_BYTES {
        let message = format!("{} has more than {COMPONENT_BYTES} bytes", path.display());
        return Err(Failure::Other(message));
    }
    let options = EngineOptions::new(Profile::Documented).instances(instances);
    let engine = match cache {
        Some(cache) => options.cache(cache).build()?,
        None => options.build()?,
    };
    DialectComponent::load(&engine, &bytes)
        .map_err(|error| Failure::Other(format!("{} is no dialect: {error}", path.display())))
}
