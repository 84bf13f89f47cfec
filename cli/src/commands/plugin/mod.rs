//! `yoikit plugin`: a plugin from its first line to its archive.

mod build;
mod check;
mod component;
mod dev;
mod enable;
mod list;
mod new;
mod pack;
mod saved;

use std::path::Path;

use yoi_host::{Limits, Profile};

pub(super) use enable::meant;
pub(super) use list::{Workspace, enablements, is_of_another_content, pins_again, unread};

use crate::args::PluginCommand;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(command: &PluginCommand) -> Result<Exit, Failure> {
    match command {
        PluginCommand::New(args) => new::run(args),
        PluginCommand::Build(args) => build::run(args),
        PluginCommand::Check(args) => check::run(args),
        PluginCommand::Pack(args) => pack::run(args),
        PluginCommand::List(args) => list::list(args),
        PluginCommand::Show(args) => list::show(args),
        PluginCommand::Enable(args) => enable::run(args),
        PluginCommand::Dev(args) => dev::run(args),
    }
}

/// The limits of a profile, but for memory where that was said.
fn with_memory(profile: Profile, memory: Option<usize>) -> Limits {
    let limits = Limits::of(profile);
    memory.map_or(limits.clone(), |bytes| limits.with_memory_bytes(bytes))
}

/// A path as a word of a shell, to be typed as it is shown.
fn typed(path: &Path) -> String {
    yoi_host::shell_word(&path.display().to_string())
}
