//! `yoikit bench`.

use std::path::PathBuf;
use std::time::Duration;

use super::run::Given;
use super::value::{parse_rate, parse_time, parse_time_or_none};

#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first
    pub(crate) path: PathBuf,

    /// The name of the tool [default: the only one that the plugin declares]
    #[arg(long, value_name = "NAME")]
    pub(crate) tool: Option<String>,

    /// The tool's input, as JSON; `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) input: String,

    /// How many workers call at the same time, each in an instance of its own; several numbers are measured one after
    /// the other, as `1,2,8`
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1")]
    pub(crate) concurrency: Vec<usize>,

    /// How long to measure at each concurrency
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    pub(crate) duration: Duration,

    /// How long to call before anything counts, at each concurrency; `0s` counts the first call
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse_time_or_none)]
    pub(crate) warm_up: Duration,

    /// Make so many calls a second, whether or not those before were answered, and count a latency from when the call
    /// was due. Without it each worker calls again as soon as it was answered, and calls that wait behind a slow one
    /// are never made
    #[arg(long, value_name = "CALLS", value_parser = parse_rate)]
    pub(crate) rate: Option<f64>,

    /// Leave out what comes before a warm call: engine, compiling, instance, start
    #[arg(long)]
    pub(crate) no_cold: bool,

    #[command(flatten)]
    pub(crate) given: Given,

    /// Compare with what a former run printed with `--json`
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Exit with 1 where a call spends more instructions or memory than in the baseline; with `=clock`, also where it
    /// takes longer
    #[arg(
        long,
        value_name = "WHAT",
        requires = "baseline",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "counts"
    )]
    pub(crate) fail_on_regression: Option<Regression>,

    /// Write one page with plots, which needs nothing beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Regression {
    /// Instructions and memory, which are the same on every machine
    Counts,
    /// These, and the time
    Clock,
}
