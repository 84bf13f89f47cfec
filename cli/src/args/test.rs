//! `yoikit test`, and `yoikit report …`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use yoi_conformance::limits::{PROPERTY_CASES, PROPERTY_CASES_AT_MOST};
use yoi_conformance::plan::Shard;
use yoi_conformance::suites::Contract;
use yoi_conformance::{Kind, Level, Seed, Side};
use yoi_host::bridge::Adapter;

use super::bridge::parse_adapter;
use super::value::{parse_contract, parse_kind, parse_level, parse_seed, parse_side, parse_time};

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Join the shards of a run into the report of the whole, and judge it
    Merge(ReportMerge),
}

#[derive(Debug, clap::Args)]
pub(crate) struct HostAdapter {
    /// The contract whose host it is: `plugin` or `bridge`
    #[arg(long, default_value = "plugin", value_parser = parse_contract)]
    pub(crate) contract: Contract,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Components, packages, plugin folders, or Cargo projects, which are built first; of the contract `bridge`
    /// dialects, as `codex-cli`, or one in a component, `FILE.wasm`; of `ptc` engines, `monty`, `cpython`, `quickjs` or `FILE.wasm`
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<PathBuf>,

    /// Which contract the targets are held to: `plugin`, `bridge` or `ptc`
    #[arg(long, default_value = "plugin", value_parser = parse_contract)]
    pub(crate) contract: Contract,

    /// A program to be held to the contract instead: a plugin that speaks `yoikit.plugin/1`, a dialect that speaks
    /// `yoikit.dialect/1`, line by line; a host of code that speaks the protocol of `yoikit ptc serve`
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,

    /// COMMAND is a server that speaks MCP: it is asked what the contract asks of tools
    #[arg(long, requires = "command")]
    pub(crate) mcp: bool,

    /// Which side is held to the contract: `guest`, a plugin or a dialect, or `host`, who runs them: yoikit's own, or any
    /// that COMMAND is an adapter of, which speaks `yoikit.host/1` of plugins, or `yoikit.bridge-host/1` of child agents,
    /// as `yoikit host-adapter` does [default: guest]
    #[arg(long, value_parser = parse_side, conflicts_with = "mcp")]
    pub(crate) side: Option<Side>,

    /// What the plugin declares: its `plugin.toml` [default: that of the folder or package]
    #[arg(long, value_name = "FILE", conflicts_with = "command")]
    pub(crate) manifest: Option<PathBuf>,

    /// Of the contract `bridge`: the child agent whose dialect a component or program is, as `codex-cli`. What is
    /// asked of that one is asked of it too
    #[arg(long, value_name = "ADAPTER", value_parser = parse_adapter)]
    pub(crate) speaks: Option<Adapter>,

    /// Hold the target to this profile only, and let that be the exit status; may be repeated. Of `plugin` they are
    /// `documented` and `yoi`, of `bridge` `faithful` and `compat`, of `ptc` `yoikit` alone [default: all, and the exit status is that of the
    /// first]
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Vec<String>,

    #[command(flatten)]
    pub(crate) select: Select,

    /// What the inputs are derived from: a number, or `random`. The same seed gives the same inputs, also for one
    /// case alone
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_seed)]
    pub(crate) seed: Seed,

    /// How many inputs are made up for each property
    #[arg(long, value_name = "N", default_value_t = PROPERTY_CASES,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(PROPERTY_CASES_AT_MOST)))]
    pub(crate) property_cases: u32,

    /// How many cases run at a time [default: one for each core]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// How long a case may take, as `30s` [default: by its kind and the number of inputs]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timeout: Option<Duration>,

    /// Run part K of N only [default: as JOB_COMPLETION_INDEX and JOB_COMPLETIONS say, or the variables of GitLab,
    /// CircleCI or Buildkite]
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Shard>,

    /// Failures that are known: a file with `schema = "yoikit.baseline/1"` and `[[known]]` entries
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Judge what should hold like what must
    #[arg(long)]
    pub(crate) strict: bool,

    /// Allow nothing to be left out: no selection, no skip, no known failure
    #[arg(long, conflicts_with_all = ["case", "clause", "level", "kind", "baseline", "replay"])]
    pub(crate) certified: bool,

    /// Where failing inputs are kept and, in every later run, tried first. Safe to commit
    #[arg(long, value_name = "DIR", default_value = "yoikit-regressions")]
    pub(crate) regressions: PathBuf,

    /// Keep no failing inputs, and try none that were kept
    #[arg(long)]
    pub(crate) no_regressions: bool,

    /// Try one input again that was kept, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["case", "clause", "level", "kind", "shard"])]
    pub(crate) replay: Option<PathBuf>,

    /// List the cases that are selected, and run nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// List what the contract promises, one behaviour after the other, with the cases that prove it
    #[arg(long, conflicts_with_all = ["list", "dry_run", "targets", "command"])]
    pub(crate) behaviours: bool,

    /// Test the tester: hold its own plugins and hosts that are broken on purpose to all cases, and say which case
    /// catches each; of a selection, those that its cases are to catch. All of them take a minute or two. `--contract
    /// bridge` has dialects and hosts of child agents
    #[arg(long, conflicts_with_all = ["list", "dry_run", "behaviours", "targets", "command"])]
    pub(crate) mutants: bool,

    /// Say what would be run against which targets, and run nothing
    #[arg(long, conflicts_with = "list")]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) write: Write,

    /// Leave times out of reports, so that equal runs have equal reports
    #[arg(long)]
    pub(crate) no_times: bool,

    /// Print the report as lines of JSON instead, as the run goes on
    #[arg(long)]
    pub(crate) json: bool,

    /// Compile components even if their machine code is known, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Where machine code is kept [default: the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "YOIKIT_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

/// Which cases.
#[derive(Debug, clap::Args)]
pub(crate) struct Select {
    /// Only cases with this id or below it, as `plugin.tool`; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) case: Vec<String>,

    /// Only cases whose clause, or whose section, has these words
    #[arg(long, value_name = "WORDS")]
    pub(crate) clause: Vec<String>,

    /// Only cases that ask this much: `must`, `should` or `may`
    #[arg(long, value_parser = parse_level)]
    pub(crate) level: Vec<Level>,

    /// Only cases of this kind: `example`, `property` or `fault`
    #[arg(long, value_parser = parse_kind)]
    pub(crate) kind: Vec<Kind>,

    /// The cases as well that wait for the next set
    #[arg(long)]
    pub(crate) next: bool,
}

/// What else is written.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Write {
    /// Write the report as lines of JSON: what `yoikit report merge` reads
    #[arg(long, value_name = "FILE")]
    pub(crate) jsonl: Option<PathBuf>,

    /// Write the report as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Write the report as one page of HTML
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Print annotations for GitHub, and add to the file that $GITHUB_STEP_SUMMARY names
    #[arg(long, conflicts_with = "json")]
    pub(crate) github: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReportMerge {
    /// The reports of all shards, as `yoikit test --jsonl` wrote them
    #[arg(required = true)]
    pub(crate) shards: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) write: Write,

    /// Print the report as lines of JSON instead
    #[arg(long)]
    pub(crate) json: bool,
}
