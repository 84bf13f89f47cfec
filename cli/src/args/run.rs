//! How a plugin is run, for every command that runs one.

use std::path::PathBuf;
use std::time::Duration;

use yoi_host::{Limits, Profile};

use super::value::{parse_bytes, parse_profile, parse_time};

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

/// What a plugin is given, for every command that calls it once or measures it.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
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

    #[command(flatten)]
    pub(crate) budget: Budget,
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
