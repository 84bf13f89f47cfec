//! `yoikit plugin`: a plugin from its first line to its archive.

mod build;
mod check;
mod component;
mod enable;
mod list;
mod new;
mod pack;

use std::path::Path;

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
    }
}

/// A path as a word of a shell, to be typed as it is shown.
fn typed(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_typed_as_it_is_shown() {
        let shown = |path: &str| typed(Path::new(path));
        assert_eq!(shown("a/b-c_1.wasm"), "a/b-c_1.wasm");
        assert_eq!(shown("my plugin"), "'my plugin'");
        assert_eq!(shown("it's"), r"'it'\''s'");
        assert_eq!(shown("$HOME"), "'$HOME'");
    }
}
