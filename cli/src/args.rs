//! What can be typed. Every option is declared once, with its help.

mod bridge;
mod service;

use std::num::NonZeroUsize;
pub(crate) mod ptc;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use yoi_conformance::limits::{PROPERTY_CASES, PROPERTY_CASES_AT_MOST};
use yoi_conformance::plan::Shard;
use yoi_conformance::{Kind, Level, Seed, Side};
use yoi_host::{Limits, Profile};

pub(crate) use bridge::{Ask, BridgeCommand, BridgeProbe, BridgeReplay, Who};
pub(crate) use service::{Send, Serve, Served, WhenFull};

/// Call, inspect and test components that act as plugins of coding agents.
#[derive(Debug, Parser)]
#[command(name = "yoikit", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit status:
  0  done, and the plugin did what it should
  1  the plugin failed, or the profile refuses it
  2  usage
  3  there was nothing to run: no component, or one that does not fit the contract
  4  the project did not build
  5  the harness of `yoikit test` broke: nothing is known of the target";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call one tool of a plugin, and show what happened
    Call(Box<Call>),
    /// Run a plugin as a service until it is told to stop, and show what happens
    Serve(Box<Serve>),
    /// Send one event to a service, running or not, and show what becomes of it
    Send(Box<Send>),
    /// Print the smallest grants file that a plugin needs for what it did in a recorded run
    Grant(Grant),
    /// Show what a component imports and exports, and whether it fits the contract
    Inspect(Inspect),
    /// Make a component without WASI imports out of a core module or of another component
    Componentize(Componentize),
    /// Be yoikit's own plugin host, asked line by line on standard input: `yoikit.host/1`, as any host may speak it
    /// to be held to the contract by `yoikit test --side host -- COMMAND`
    HostAdapter,
    /// Begin a plugin, build it, check it, pack it
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Say whether whoever stands behind a contract keeps it, and show the smallest way to see that it does not
    Test(Box<Test>),
    /// Work on the reports that `yoikit test` wrote
    #[command(subcommand)]
    Report(ReportCommand),
    /// Drive other agents as children, and see what they do as one stream of events
    #[command(subcommand)]
    Bridge(BridgeCommand),
    /// Run code that calls tools, in a sandbox
    #[command(subcommand)]
    Ptc(ptc::PtcCommand),
    /// Print the JSON Schema of a report
    Schema(Schema),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Write a new plugin project, which builds as it stands
    New(PluginNew),
    /// Build a plugin project into the component that its manifest names
    Build(PluginBuild),
    /// Say whether a plugin fits, without running any of it
    Check(PluginCheck),
    /// Write a plugin's folder as one archive, the same for the same files
    Pack(PluginPack),
    /// List the plugins that are there, and what becomes of each
    List(PluginList),
    /// Show one of them in full
    Show(PluginShow),
    /// Turn one of them on, its content pinned, with these grants
    Enable(PluginEnable),
    /// Build, call, and do so again whenever a file changes
    Dev(Box<PluginDev>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Join the shards of a run into the report of the whole, and judge it
    Merge(ReportMerge),
}

impl Command {
    /// Whether whoever typed this expects one JSON object, also of a failure.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Command::HostAdapter => false,
            Command::Call(call) => call.json,
            Command::Serve(serve) => serve.json,
            Command::Send(send) => send.json,
            Command::Inspect(inspect) => inspect.json,
            Command::Bridge(command) => command.wants_json(),
            Command::Plugin(PluginCommand::New(new)) => new.json,
            Command::Plugin(PluginCommand::Build(build)) => build.json,
            Command::Plugin(PluginCommand::Check(check)) => check.json,
            Command::Plugin(PluginCommand::Pack(pack)) => pack.json,
            Command::Plugin(PluginCommand::List(list)) => list.of.json,
            Command::Plugin(PluginCommand::Show(show)) => show.of.json,
            Command::Plugin(PluginCommand::Enable(enable)) => enable.of.json,
            Command::Test(test) => test.json,
            Command::Report(ReportCommand::Merge(merge)) => merge.json,
            Command::Plugin(PluginCommand::Dev(dev)) => dev.json,
            Command::Ptc(ptc::PtcCommand::Run(run)) => run.json,
            Command::Ptc(ptc::PtcCommand::Serve(_)) => false,
            Command::Grant(_) | Command::Componentize(_) | Command::Schema(_) => false,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first
    pub(crate) path: PathBuf,

    /// The name of the tool
    pub(crate) tool: String,

    /// The tool's input, as JSON; `@FILE` reads a file, `-` standard input
    pub(crate) input: String,

    /// What `start` is given, as JSON; `@FILE` reads a file
    #[arg(long, value_name = "JSON", default_value = "null")]
    pub(crate) config: String,

    #[command(flatten)]
    pub(crate) run: Run,

    /// What the plugin may reach: a file with `permissions`, `[[request]]`, `[[websocket]]` and `[[fs]]`.
    /// Without it every host call is denied
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,

    /// What the plugin asks for: its `plugin.toml` [default: that of the folder; a component by itself asks
    /// for all that is granted]
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// Write every host call to this file, credentials taken out
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Answer every host call from this file and reach nothing; fail where the run differs from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "grants", "manifest"])]
    pub(crate) replay: Option<PathBuf>,

    /// Break the host calls that this file names: a fault plan, `yoikit.faults/1`. Fail where it was not used up
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) fault: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) budget: Budget,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Grant {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first
    pub(crate) path: PathBuf,

    /// What a run did: a file that `yoikit call --record` wrote; several count together. Without any, the
    /// grants are all that the plugin's manifest asks for
    #[arg(long, value_name = "RUN")]
    pub(crate) from: Vec<PathBuf>,

    /// What the plugin asks for: its `plugin.toml` [default: that of the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first
    pub(crate) path: PathBuf,

    /// The profile whose verdict is the exit status
    #[arg(long, default_value = "documented", value_parser = parse_profile)]
    pub(crate) profile: Profile,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Componentize {
    /// A core module, or a component
    pub(crate) file: PathBuf,

    /// Where the component goes
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginNew {
    /// What to begin with
    pub(crate) template: Template,

    /// Where the project goes: a folder that is not there yet, or is empty
    pub(crate) folder: PathBuf,

    /// What the plugin is called: lower-case letters, digits, `-` and `_` [default: the name of the folder]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// For Rust: the folder of the crate `yoi-pdk` [default: that of the checkout which this program was built from]
    #[arg(long, value_name = "PATH")]
    pub(crate) pdk: Option<PathBuf>,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a plugin can be begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// In Rust, one tool without state: world `tool`
    #[value(alias = "rust-component-tool")]
    RustTool,
    /// In Rust, with a state, a tool, a service and an ingress: world `instance`
    #[value(alias = "rust-component-service")]
    RustService,
    /// In JavaScript, one tool without state: world `tool`. Built by `componentize-qjs`, from npm
    #[value(alias = "javascript")]
    Js,
    /// In Python, one tool without state: world `tool`. Built by `componentize-py`, from PyPI; too large to be packed
    Python,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginBuild {
    /// The project's folder, with a `plugin.toml`, and a `Cargo.toml`, a `package.json` that asks for
    /// `componentize-qjs`, or a `requirements.txt` that asks for `componentize-py`
    pub(crate) folder: PathBuf,

    /// The host that the component is held to: `documented` or `yoi`
    #[arg(long, default_value = "documented", value_parser = parse_profile)]
    pub(crate) profile: Profile,

    /// Linear memory that the plugin may use, in bytes or as `32MiB` [default: 2MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) memory: Option<usize>,

    /// Build for handing on, in cargo's profile `release`: the default
    #[arg(long, conflicts_with = "dev")]
    pub(crate) release: bool,

    /// Build in cargo's profile `dev` instead: there sooner, and larger. For Rust only
    #[arg(long)]
    pub(crate) dev: bool,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginCheck {
    /// A plugin's folder, or an archive that `yoikit plugin pack` wrote
    pub(crate) path: PathBuf,

    /// What the plugin may reach: a file as for `yoikit call --grants` [default: all that its manifest asks for]
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,

    /// The host that the plugin is held to: `documented` or `yoi`
    #[arg(long, default_value = "documented", value_parser = parse_profile)]
    pub(crate) profile: Profile,

    /// Linear memory that the plugin may use, in bytes or as `32MiB` [default: 2MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) memory: Option<usize>,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginList {
    #[command(flatten)]
    pub(crate) of: Inventoried,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginShow {
    /// Which: `project:notes`, `user:notes`, or `notes` where only one is called that
    pub(crate) reference: String,

    #[command(flatten)]
    pub(crate) of: Inventoried,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginEnable {
    /// Which: `project:notes`, `user:notes`, or `notes` where only one is called that
    pub(crate) reference: String,

    /// What it may do and reach: a file as for `yoikit call --grants` [default: what it was granted before, or
    /// else nothing]
    #[arg(long, value_name = "FILE")]
    pub(crate) grant: Option<PathBuf>,

    /// Do not ask before it is given more than it has
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) of: Inventoried,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginDev {
    /// The plugin's folder. A project is built; where there is none, the component that `plugin.toml` names is run
    /// as it is
    pub(crate) folder: PathBuf,

    /// What is called after each build: a tool, and its input as JSON, which `@FILE` reads from a file
    /// [default: the saved call]
    #[arg(long, num_args = 2, value_names = ["TOOL", "JSON"], allow_hyphen_values = true)]
    pub(crate) call: Option<Vec<String>>,

    /// Save the call, with its configuration, grants and limits, in `.yoi/dev.toml` of the folder
    #[arg(long)]
    pub(crate) save: bool,

    /// What `start` is given, as JSON; `@FILE` reads a file
    #[arg(long, value_name = "JSON")]
    pub(crate) config: Option<String>,

    /// What the plugin may reach: a file as for `yoikit call --grants`. It is read again when it changes
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) run: Run,

    #[command(flatten)]
    pub(crate) budget: Budget,

    /// Do it once and end, with the exit status of the call
    #[arg(long)]
    pub(crate) once: bool,

    /// Print one JSON object a line instead, for each time
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which plugins there are.
#[derive(Debug, clap::Args)]
pub(crate) struct Inventoried {
    /// The folder whose `.yoi/plugins` is read beside your own plugins
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,

    /// What turns plugins on: a profile with `[feature.plugins]` and `[[plugins.enabled]]`
    /// [default: `.yoi/enablement.toml` in the workspace, where it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) enablement: Option<PathBuf>,

    /// The host whose rules are applied: `documented` or `yoi`
    #[arg(long, default_value = "documented", value_parser = parse_profile)]
    pub(crate) profile: Profile,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PluginPack {
    /// The plugin's folder, with a `plugin.toml` and all that it names
    pub(crate) folder: PathBuf,

    /// Where the archive goes [default: beside the folder, `NAME.yoi-plugin`]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The packer to follow: `yoi` leaves nothing out
    #[arg(long, default_value = "documented", value_parser = parse_profile)]
    pub(crate) profile: Profile,

    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Components, packages, plugin folders, or Cargo projects, which are built first
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<PathBuf>,

    /// A program to be held to the contract instead: a plugin that speaks `yoikit.plugin/1`, line by line
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,

    /// COMMAND is a server that speaks MCP: it is asked what the contract asks of tools
    #[arg(long, requires = "command")]
    pub(crate) mcp: bool,

    /// Which side is held to the contract: `guest`, a plugin, or `host`, a plugin host: yoikit's own, or any that
    /// COMMAND is an adapter of, which speaks `yoikit.host/1`, as `yoikit host-adapter` does [default: guest]
    #[arg(long, value_parser = parse_side, conflicts_with = "mcp")]
    pub(crate) side: Option<Side>,

    /// What the plugin declares: its `plugin.toml` [default: that of the folder or package]
    #[arg(long, value_name = "FILE", conflicts_with = "command")]
    pub(crate) manifest: Option<PathBuf>,

    /// Hold the target to this profile only, and let that be the exit status; may be repeated [default: all
    /// profiles, and the exit status is that of `documented`]
    #[arg(long, value_parser = parse_profile)]
    pub(crate) profile: Vec<Profile>,

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
#[derive(Debug, clap::Args)]
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

#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// Which report
    pub(crate) report: Report,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Report {
    /// What `yoikit call --json` prints
    Call,
    /// A line of what `yoikit serve --json` prints
    Serve,
    /// What `yoikit send --json` prints
    Send,
    /// What `yoikit inspect --json` prints
    Inspect,
    /// What `yoikit plugin new --json` prints
    PluginNew,
    /// What `yoikit plugin build --json` prints
    PluginBuild,
    /// What `yoikit plugin check --json` prints
    PluginCheck,
    /// What `yoikit plugin pack --json` prints
    PluginPack,
    /// What `yoikit plugin list --json` prints
    PluginList,
    /// What `yoikit plugin show --json` prints
    PluginShow,
    /// What `yoikit plugin enable --json` prints
    PluginEnable,
    /// A line of what `yoikit test --json` prints
    Test,
    /// What `yoikit test --list --json` prints
    TestList,
    /// A failing input that `yoikit test` keeps
    TestRegression,
    /// What `yoikit plugin dev --json` prints, a line
    PluginDev,
    /// Each line of what `yoikit bridge run --json` and `yoikit bridge replay` print
    BridgeEvents,
    /// What `yoikit bridge probe --json` prints
    BridgeProbe,
    /// What `yoikit ptc run --json` prints
    PtcRun,
    /// What any of them prints where there is no result
    Failure,
}

/// What a plugin may use, where it is not what the profile gives.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Budget {
    /// Instructions that each call may use, in wasmtime's fuel [default: 5000000]
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,

    /// Linear memory that the plugin may use, in bytes or as `8MiB` [default: 2MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) memory: Option<usize>,

    /// Wall time that each call may take, host calls included, as `500ms` or `2s` [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timeout: Option<Duration>,
}

impl Budget {
    pub(crate) fn limits(&self, profile: Profile) -> Limits {
        let mut limits = Limits::of(profile);
        if let Some(fuel) = self.fuel {
            limits = limits.with_fuel(fuel);
        }
        if let Some(memory) = self.memory {
            limits = limits.with_memory_bytes(memory);
        }
        if let Some(timeout) = self.timeout {
            limits = limits.with_call_timeout(timeout);
        }
        limits
    }
}

/// Where and how a plugin is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The host that the plugin is held to: `documented`, what the contract promises, or `yoi`, what the yoi
    /// host does today
    #[arg(long, default_value = "documented", value_parser = parse_profile)]
    pub(crate) profile: Profile,

    /// Compile the component even if its machine code is known, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Where machine code is kept [default: the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "YOIKIT_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

fn parse_profile(name: &str) -> Result<Profile, yoi_host::UnknownProfile> {
    name.parse()
}

fn parse_side(name: &str) -> Result<Side, String> {
    let side = Side::ALL.iter().copied().find(|side| side.name() == name);
    side.ok_or_else(|| format!("there is no side `{name}`: choose `guest` or `host`"))
}

fn parse_seed(text: &str) -> Result<Seed, String> {
    match text {
        "random" => Ok(Seed::random()),
        text => text
            .parse()
            .map_err(|_| "choose a number, as 7 or 0xff, or `random`".to_owned()),
    }
}

fn parse_level(name: &str) -> Result<Level, String> {
    find(Level::ALL, Level::name, name)
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    find(Kind::ALL, Kind::name, name)
}

fn find<T: Copy>(all: &[T], name_of: fn(T) -> &'static str, name: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| format!("`{}`", name_of(*one))).collect();
        format!("choose one of {}", names.join(", "))
    })
}

pub(crate) fn parse_bytes(text: &str) -> Result<usize, String> {
    let bytes = parse_size::parse_size(text).map_err(|error| error.to_string())?;
    // The engine reserves this much address space for an instance, and WebAssembly has 32 bits.
    const MOST: u64 = 4 << 30;
    if bytes == 0 || bytes > MOST {
        return Err("choose something between 1 byte and 4 GiB".to_owned());
    }
    usize::try_from(bytes).map_err(|error| error.to_string())
}

pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    // Instants have a range; beyond a day a bound on a call is none.
    const MOST: Duration = Duration::from_secs(24 * 60 * 60);
    match humantime::parse_duration(text) {
        Ok(time) if time < Duration::from_millis(1) || time > MOST => {
            Err("choose something between 1ms and 1day".to_owned())
        }
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declarations_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn sizes_and_times_are_bounded() {
        assert_eq!(parse_bytes("8MiB"), Ok(8 << 20));
        assert_eq!(parse_bytes("65536"), Ok(65536));
        assert!(parse_bytes("0").is_err() && parse_bytes("5GiB").is_err() && parse_bytes("much").is_err());
        assert_eq!(parse_time("250ms"), Ok(Duration::from_millis(250)));
        assert!(
            parse_time("0s").is_err()
                && parse_time("1us").is_err()
                && parse_time("2days").is_err()
                && parse_time("soon").is_err()
        );
    }
}
