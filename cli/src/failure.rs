//! Why a command could not do what it was asked.

use std::fmt;
use std::io;
use std::path::PathBuf;

use yoi_host::authority::FaultKind;
use yoi_host::build::{MakeError, is_project};
use yoi_host::component::{Problem, Resource, Severity};
use yoi_host::engine::EngineError;
use yoi_host::package::{PackError, PackageFaults};
use yoi_host::plugin::LoadError;
use yoi_host::source::SourceError;

use crate::exit::Exit;

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
    /// A folder was not packed.
    Pack { manifest: PathBuf, error: PackError },
    /// A file cannot be read or written.
    File {
        path: PathBuf,
        doing: &'static str,
        cause: io::Error,
    },
    /// What was made cannot be handed on.
    Print(io::Error),
    /// The plugin failed before there was anything to report of it.
    Plugin(String),
    /// Anything else that stands in the way.
    Other(String),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Usage(_) => Exit::Usage,
            Failure::Plugin(_) => Exit::PluginFailed,
            Failure::Source(SourceError::Build(_)) => Exit::BuildFailed,
            Failure::Pack { error, .. } => match error {
                PackError::Package(faults) if is_unreadable(faults) => Exit::CouldNotRun,
                PackError::Package(_) => Exit::PluginFailed,
                PackError::NoName(_) | PackError::InThePackage(_) | PackError::NotAPackage(_) => Exit::Usage,
                _ => Exit::CouldNotRun,
            },
            // Whoever read the output has seen enough.
            Failure::Print(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            _ => Exit::CouldNotRun,
        }
    }

    /// What to do about it, where there is something to do.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Failure::Source(error) => error.advice(),
            Failure::Load(error) => lacks_memory_alone(error).then_some(MORE_MEMORY),
            Failure::Make { error, .. } => error.advice(),
            Failure::Pack {
                error: PackError::Package(PackageFaults::Files(fault)),
                ..
            } => fault.advice(),
            Failure::Pack {
                manifest,
                error: PackError::Package(PackageFaults::Manifest(faults)),
            } => {
                let lacks_a_file = faults
                    .list()
                    .iter()
                    .any(|fault| fault.kind == FaultKind::Missing && !fault.span.is_empty());
                let folder = manifest.parent().filter(|_| lacks_a_file)?;
                is_project(folder).then_some("build it first: `yoikit plugin build` with this folder")
            }
            _ => None,
        }
    }

    /// Whether there is anything to tell.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.exit(), Exit::Ok)
    }
}

/// What to do where a component begins with more memory than it is given, as one with an interpreter in it does.
const MORE_MEMORY: &str = "`--memory SIZE` gives it more here; a host of the contract gives 2 MiB";

/// Whether a component is refused for the memory that it begins with, and for nothing else.
fn lacks_memory_alone(error: &LoadError) -> bool {
    let LoadError::Refused { faults, .. } = error else {
        return false;
    };
    let mut refusing = faults
        .iter()
        .filter(|fault| fault.severity == Severity::Refuses)
        .peekable();
    let is_memory = |problem: &Problem| {
        matches!(
            problem,
            Problem::TooLarge {
                resource: Resource::Memories,
                ..
            }
        )
    };
    refusing.peek().is_some() && refusing.all(|fault| is_memory(&fault.problem))
}

/// Whether a package was not looked at at all, because it cannot be read.
pub(crate) fn is_unreadable(faults: &PackageFaults) -> bool {
    match faults {
        PackageFaults::Files(fault) => fault.kind() == FaultKind::Io,
        PackageFaults::Manifest(_) => false,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(reason) | Failure::Plugin(reason) | Failure::Other(reason) => f.write_str(reason),
            Failure::Source(error) => error.fmt(f),
            Failure::Load(error) => error.fmt(f),
            Failure::Engine(error) => error.fmt(f),
            Failure::Make { path, error } => {
                write!(f, "failed to make a component of {}: {error}", path.display())
            }
            Failure::Pack {
                manifest,
                error: PackError::Package(PackageFaults::Manifest(faults)),
            } => {
                let manifest = manifest.display().to_string();
                write!(f, "the folder is not packed\n{}", faults.render(&manifest))
            }
            Failure::Pack { error, .. } => error.fmt(f),
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
