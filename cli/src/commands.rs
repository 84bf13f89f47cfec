//! The commands, one file each, and what they share.

mod bench;
mod bridge;
mod call;
mod componentize;
mod dead;
#[cfg(unix)]
mod door;
mod faults;
mod grant;
mod grants;
mod hand_over;
mod host_adapter;
mod inspect;
mod plugin;
mod profile;
mod ptc;
mod report;
mod schema;
mod send;
mod serve;
mod served;
mod signals;
mod stage;
mod test;
mod transcript;
mod whole;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};
use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::engine::{CacheError, CodeCache, Engine, EngineError, EngineOptions};
use yoi_host::limits::TOOL_INPUT_BYTES;
use yoi_host::source::Source;

use crate::args::{Args, Command, ReportCommand, Run};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{PluginReport, StepReport};
use crate::screen;

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Bridge(command) => bridge::run(&command),
        Command::Call(args) => call::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Send(args) => send::run(&args),
        Command::Dead(command) => dead::run(&command),
        Command::Grant(args) => grant::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::HostAdapter(args) => host_adapter::run(&args),
        Command::Componentize(args) => componentize::run(&args),
        Command::Plugin(command) => plugin::run(&command),
        Command::Test(args) => test::run(&args),
        Command::Report(ReportCommand::Merge(args)) => report::merge(&args),
        Command::Ptc(command) => ptc::run(&command),
        Command::Schema(args) => schema::run(&args),
    }
}

fn open(path: &Path, profile: Profile) -> Result<Source, Failure> {
    let name = path.to_string_lossy();
    if !path.exists()
        && ["project:", "user:"]
            .iter()
            .any(|source| name.starts_with(source))
    {
        return Err(Failure::Other(format!(
            "nothing lies at `{name}`, and a path is needed here: `yoikit plugin show {name}` has that of the package; \
             `yoikit serve` and `yoikit send` take the name as well"
        )));
    }
    Ok(Source::open(path, profile, |folder| {
        screen::progress(&format!("building {}", folder.display()));
    })?)
}

/// An engine for one plugin at a time.
fn engine(run: &Run) -> Result<Engine, Failure> {
    let options = EngineOptions::new(run.profile).instances(1);
    Ok(match code_cache(run.no_cache, run.cache_dir.as_deref())? {
        Some(cache) => options.cache(cache).build()?,
        None => options.build()?,
    })
}

/// Where machine code is kept, if anywhere.
fn code_cache(none: bool, named: Option<&Path>) -> Result<Option<CodeCache>, Failure> {
    Ok(match named {
        _ if none => None,
        // What somebody named has to work.
        Some(folder) => Some(CodeCache::open(folder).map_err(EngineError::Cache)?),
        None => users_cache(),
    })
}

/// The user's own cache, where there can be one. A home that cannot be written is no reason not to run.
fn users_cache() -> Option<CodeCache> {
    match CodeCache::open(CodeCache::user_folder()?) {
        Ok(cache) => Some(cache),
        Err(error @ CacheError::Shared { .. }) => {
            screen::warning(&error.to_string());
            None
        }
        Err(_) => None,
    }
}

/// What was typed for a JSON argument: itself, or what the file has that it names.
fn json_argument(what: &str, typed: &str, limit: usize) -> Result<String, Failure> {
    let Some(path) = typed.strip_prefix('@') else {
        return Ok(typed.to_owned());
    };
    let path = Path::new(path);
    let read = File::open(path).and_then(|file| read_text(file, limit));
    read.map_err(|cause| Failure::File {
        path: path.to_owned(),
        doing: match what {
            "input" => "read the input from",
            "event" => "read the event from",
            _ => "read the configuration from",
        },
        cause,
    })
}

/// A tool's input as it was typed: itself, what the file has that it names, or standard input.
fn tool_input(typed: &str) -> Result<String, Failure> {
    let input = match typed {
        "-" => read_text(io::stdin().lock(), TOOL_INPUT_BYTES).map_err(|cause| {
            Failure::Other(format!("failed to read the input from standard input: {cause}"))
        })?,
        typed => json_argument("input", typed, TOOL_INPUT_BYTES)?,
    };
    if input.len() > TOOL_INPUT_BYTES {
        // Only as much of it was read.
        let reason = format!("the tool input has more than the {TOOL_INPUT_BYTES} bytes that are allowed");
        return Err(Failure::Usage(reason));
    }
    Ok(input)
}

/// One byte more than may be used is read, so that whoever judges the size sees that it is too large.
fn read_text(from: impl Read, limit: usize) -> io::Result<String> {
    let mut text = String::new();
    from.take(limit as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn plugin_report(source: &Source, world: Option<World>) -> PluginReport {
    PluginReport {
        file: source.file.display().to_string(),
        sha256: hexadecimal(&source.component),
        bytes: source.component.len(),
        world,
        steps: source.steps.iter().filter_map(StepReport::of).collect(),
    }
}

/// The SHA-256 of these bytes.
fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
