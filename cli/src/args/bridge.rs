//! What can be typed after `yoikit bridge`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use yoi_host::bridge::{Adapter, Mode, UnknownAdapter};

use super::value::parse_time;

#[derive(Debug, Subcommand)]
pub(crate) enum BridgeCommand {
    /// Ask a child agent something, and show what it does as it does it
    Run(BridgeRun),
    /// Ask a child agent something, and keep the lines that it says
    Record(BridgeRecord),
    /// Read what a child agent once said, and print the events that it comes to
    Replay(BridgeReplay),
    /// Say which child agent is installed here, and whether it can be driven. No model is asked
    Probe(BridgeProbe),
}

impl BridgeCommand {
    pub(super) fn wants_json(&self) -> bool {
        match self {
            Self::Run(run) => run.ask.json,
            Self::Record(record) => record.ask.json,
            Self::Replay(_) => true,
            Self::Probe(probe) => probe.json,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct BridgeRun {
    #[command(flatten)]
    pub(crate) ask: Ask,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BridgeRecord {
    #[command(flatten)]
    pub(crate) ask: Ask,

    /// Where its lines go: a file that is not there yet. It holds every line of text that the child says, and nothing
    /// where it says none: what it writes to standard error is not kept
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Whose dialect is spoken.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A known child agent's.
    Adapter(Adapter),
    /// What a component makes of the lines: world `yoi:bridge/dialect`.
    Component(PathBuf),
}

/// What is asked of whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Ask {
    /// `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli` or `indusagi-wire`; or the file of a dialect, a
    /// component whose name ends in `.wasm`
    #[arg(value_name = "ADAPTER", value_parser = parse_who)]
    pub(crate) who: Who,

    /// What is asked; `-` reads standard input, up to 8 MiB. The child gets it with a newline
    #[arg(allow_hyphen_values = true)]
    pub(crate) prompt: String,

    /// The model, by the child's own name for it [default: the child's choice]
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// The folder that the child works in [default: this one]
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,

    /// The conversation to go on with, by the token that an earlier run told
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    pub(crate) resume: Option<String>,

    /// Where conversations are remembered: the next run with this file, adapter and model goes on where this one ends.
    /// The file is made where it is not there, its folder is not
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(crate) links: Option<PathBuf>,

    /// The program, where it is not to be looked for by its name. A path begins here, whatever `--cwd` says
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<String>,

    /// An argument for the program, before those of the protocol; may be repeated
    #[arg(long = "arg", value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,

    /// A variable that the child gets besides the usual ones, `NAME=VALUE`, or `NAME` with the value it has here; may
    /// be repeated
    #[arg(long, value_name = "VARIABLE", value_parser = parse_variable)]
    pub(crate) env: Vec<(String, String)>,

    /// How long the child may say nothing, or nothing but notices, as `90s` or `5m` [default: 1m before its first line,
    /// 15m after]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) idle: Option<Duration>,

    /// How long all of it may take [default: 6h]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timeout: Option<Duration>,

    /// Print the events, a line of JSON each, as they come
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BridgeReplay {
    /// Whose lines they are: an adapter, or the file of a dialect
    #[arg(value_name = "ADAPTER", value_parser = parse_who)]
    pub(crate) who: Who,

    /// The lines, as the child said them; `-` reads standard input
    pub(crate) file: PathBuf,

    /// `faithful`, as the child means them, or `compat`, exactly as the reference reads them
    #[arg(long, default_value = "faithful", value_parser = parse_mode)]
    pub(crate) mode: Mode,

    /// Print lines of JSON, as is done in any case
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BridgeProbe {
    /// Whom to look for
    #[arg(value_parser = parse_adapter)]
    pub(crate) adapter: Adapter,

    /// The program, where it is not to be looked for by its name
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<String>,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) fn parse_adapter(name: &str) -> Result<Adapter, String> {
    name.parse()
        .map_err(|error: UnknownAdapter| meant(error).unwrap_or_else(|error| error.to_string()))
}

fn parse_who(name: &str) -> Result<Who, String> {
    if name.ends_with(".wasm") {
        return Ok(Who::Component(name.into()));
    }
    let adapter = name.parse().map(Who::Adapter);
    adapter.map_err(|error: UnknownAdapter| {
        meant(error).unwrap_or_else(|error| format!("{error}; or the file of a dialect, `NAME.wasm`"))
    })
}

/// Which adapters may have been meant: those whose names begin so, or else one that is a slip of the finger or two away.
/// The error again, where that is none.
fn meant(error: UnknownAdapter) -> Result<String, UnknownAdapter> {
    let name = error.0.to_lowercase();
    let begins = |adapter: &Adapter| !name.is_empty() && adapter.name().starts_with(&name);
    let far = |adapter: &Adapter| strsim::damerau_levenshtein(&name, adapter.name());
    let mut near: Vec<Adapter> = Adapter::ALL.into_iter().filter(begins).collect();
    if near.is_empty() {
        let nearest = Adapter::ALL.into_iter().min_by_key(far);
        near.extend(nearest.filter(|adapter| far(adapter) <= 2));
    }
    let near: Vec<String> = near.iter().map(|adapter| format!("`{adapter}`")).collect();
    match near.is_empty() {
        true => Err(error),
        false => Ok(format!(
            "there is no adapter `{}`: did you mean {}?",
            error.0,
            near.join(" or ")
        )),
    }
}

pub(crate) fn parse_mode(name: &str) -> Result<Mode, String> {
    match name {
        "faithful" => Ok(Mode::Faithful),
        "compat" => Ok(Mode::Compat),
        _ => Err("choose `faithful` or `compat`".to_owned()),
    }
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, std::env::var(text).ok()),
    };
    match value {
        _ if name.is_empty() => Err("a variable has a name".to_owned()),
        Some(value) => Ok((name.to_owned(), value)),
        None => Err(format!("`{name}` is not set here, or is no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_adapters_is_answered_with_those_that_may_have_been_meant() {
        let names = [
            "gemini",
            "",
            "claude",
            "codex",
            "Claude-CLI",
            "codex-clii",
            "indusagi-wier",
        ];
        let said = names.map(|name| parse_who(name).unwrap_err());
        insta::assert_snapshot!(said.join("\n"), @"
        there is no adapter `gemini`: choose `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli` or `indusagi-wire`; or the file of a dialect, `NAME.wasm`
        there is no adapter ``: choose `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli` or `indusagi-wire`; or the file of a dialect, `NAME.wasm`
        there is no adapter `claude`: did you mean `claude-cli`?
        there is no adapter `codex`: did you mean `codex-cli` or `codex-app-server`?
        there is no adapter `Claude-CLI`: did you mean `claude-cli`?
        there is no adapter `codex-clii`: did you mean `codex-cli`?
        there is no adapter `indusagi-wier`: did you mean `indusagi-wire`?
        ");
    }
}
