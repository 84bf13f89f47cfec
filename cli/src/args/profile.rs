//! `yoikit profile`.

use std::path::PathBuf;
use std::time::Duration;

use super::run::Given;
use super::value::parse_time;

#[derive(Debug, clap::Args)]
#[command(after_help = FORMS)]
pub(crate) struct Profile {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first
    pub(crate) path: PathBuf,

    /// The name of the tool
    pub(crate) tool: String,

    /// The tool's input, as JSON; `@FILE` reads a file, `-` standard input
    pub(crate) input: String,

    /// Write the profile here, for a viewer
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// How many calls to sample, all of one instance
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) calls: u64,

    /// Sample as many calls as begin within this time
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "calls")]
    pub(crate) duration: Option<Duration>,

    /// Instructions from one sample to the next; 1 leaves nothing out
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) every: u64,

    #[command(flatten)]
    pub(crate) given: Given,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

const FORMS: &str = "\
What is sampled are instructions, in wasmtime's fuel, and not time: the same call gives the same profile. Host calls
spend none, and are told beside it. A sampled call is slower by many times, and has a minute unless `--timeout` says
otherwise.

The name of the output says its form:
  *.speedscope.json     for https://www.speedscope.app
  *.folded, *.txt       a line a stack, for flamegraph.pl, inferno and speedscope
  anything else         for https://profiler.firefox.com, where an instruction is shown as a nanosecond";
