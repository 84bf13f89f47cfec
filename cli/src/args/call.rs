//! `yoikit call`, and what looks at a component without a project: `grant`, `inspect`, `componentize`.

use std::path::PathBuf;

use yoi_host::Profile;

use super::run::Given;
use super::value::parse_profile;

#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first
    pub(crate) path: PathBuf,

    /// The name of the tool
    pub(crate) tool: String,

    /// The tool's input, as JSON; `@FILE` reads a file, `-` standard input
    pub(crate) input: String,

    #[command(flatten)]
    pub(crate) given: Given,

    /// Write every host call to this file, credentials taken out
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Answer every host call from this file and reach nothing; fail where the run differs from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "grants", "manifest"])]
    pub(crate) replay: Option<PathBuf>,

    /// Break the host calls that this file names: a fault plan, `yoikit.faults/1`. Fail where it was not used up
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) fault: Option<PathBuf>,

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
