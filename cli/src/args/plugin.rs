//! `yoikit plugin …`.

use std::path::PathBuf;

use clap::Subcommand;
use yoi_host::Profile;

use super::run::{Budget, Run};
use super::value::{parse_bytes, parse_profile};

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

impl PluginCommand {
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            PluginCommand::New(new) => new.json,
            PluginCommand::Build(build) => build.json,
            PluginCommand::Check(check) => check.json,
            PluginCommand::Pack(pack) => pack.json,
            PluginCommand::List(list) => list.of.json,
            PluginCommand::Show(show) => show.of.json,
            PluginCommand::Enable(enable) => enable.of.json,
            PluginCommand::Dev(dev) => dev.json,
        }
    }
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
