//! The commands, one file each, and what keeps them from doing what they were asked.

mod call;
mod componentize;
mod inspect;
mod schema;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use yoi_host::build::MakeError;
use yoi_host::engine::{CacheError, CodeCache, Engine, EngineError, EngineOptions};
use yoi_host::plugin::LoadError;
use yoi_host::source::{Source, SourceError};

use crate::args::{Args, Command, Run};
use crate::exit::Exit;
use crate::report::{PluginReport, StepReport};
use crate::screen;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed cannot be meant.
    Usage(String),
    /// The path gives no component.
    Source(SourceError),
    /// The component cannot be loaded.
    Load(LoadError),
    /// There is no engine to load it with.
    Engine(EngineError),
    /// A file makes no component.
    Make { path: PathBuf, error: MakeError },
    /// A file cannot be read or written.
    File {
        path: PathBuf,
        doing: &'static str,
        cause: io::Error,
    },
    /// What was made cannot be handed on.
    Print(io::Error),
    /// Anything else that stands in the way.
    Other(String),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Usage(_) => Exit::Usage,
            Failure::Source(SourceError::Build(_)) => Exit::BuildFailed,
            // Whoever read the output has seen enough.
            Failure::Print(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            _ => Exit::CouldNotRun,
        }
    }

    /// What to do about it, where there is something to do.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Failure::Source(error) => error.advice(),
            Failure::Make { error, .. } => error.advice(),
            _ => None,
        }
    }

    /// Whether there is anything to tell.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.exit(), Exit::Ok)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(reason) | Failure::Other(reason) => f.write_str(reason),
            Failure::Source(error) => error.fmt(f),
            Failure::Load(error) => error.fmt(f),
            Failure::Engine(error) => error.fmt(f),
            Failure::Make { path, error } => {
                write!(f, "failed to make a component of {}: {error}", path.display())
            }
            Failure::File { path, doing, cause } => {
                write!(f, "failed to {doing} {}: {cause}", path.display())
            }
            Failure::Print(cause) => write!(f, "failed to print: {cause}"),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Failure::Source(error)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Failure::Load(error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Failure::Engine(error)
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Failure::Print(cause)
    }
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Call(args) => call::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Componentize(args) => componentize::run(&args),
        Command::Schema(args) => schema::run(&args),
    }
}

fn open(path: &Path) -> Result<Source, Failure> {
    Ok(Source::open(path, |folder| {
        screen::progress(&format!("building {}", folder.display()));
    })?)
}

/// An engine for one plugin at a time.
fn engine(run: &Run) -> Result<Engine, Failure> {
    let options = EngineOptions::new(run.profile).instances(1);
    if run.no_cache {
        return Ok(options.build()?);
    }
    let cache = match &run.cache_dir {
        // What somebody named has to work.
        Some(folder) => Some(CodeCache::open(folder).map_err(EngineError::Cache)?),
        None => users_cache(),
    };
    Ok(match cache {
        Some(cache) => options.cache(cache).build()?,
        None => options.build()?,
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
            _ => "read the configuration from",
        },
        cause,
    })
}

/// One byte more than may be used is read, so that whoever judges the size sees that it is too large.
fn read_text(from: impl Read, limit: usize) -> io::Result<String> {
    let mut text = String::new();
    from.take(limit as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn plugin_report(source: &Source, world: Option<yoi_host::component::World>) -> PluginReport {
    PluginReport {
        file: source.file.display().to_string(),
        sha256: Sha256::digest(&source.component)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        bytes: source.component.len(),
        world,
        steps: source.steps.iter().filter_map(StepReport::of).collect(),
    }
}
