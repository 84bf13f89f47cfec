//! Which plugin is run as a service, and what it may do: what `yoikit serve` and `yoikit send` have in common.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use yoi_host::authority::{Authority, Binding, BoundPackage, Enablements, Grants, Manifest, Surface};
use yoi_host::component::World;
use yoi_host::imports::Access;
use yoi_host::limits::CONFIG_BYTES;
use yoi_host::package::Discovered;
use yoi_host::plugin::Plugin;
use yoi_host::plugin::service::{Plan, ServiceOptions};
use yoi_host::source::Source;
use yoi_host::world::Net;

use super::plugin::{Workspace, enablements, is_of_another_content, meant, pins_again, unread};
use super::{engine, grants, json_argument, open, plugin_report};
use crate::args::Served;
use crate::failure::Failure;
use crate::report::PluginReport;

/// What PLUGIN means, before anything of it is read or built.
pub(super) enum Meant {
    /// What lies at this path.
    Path(PathBuf),
    /// An enabled plugin of the workspace's or the user's.
    Enabled(Box<Enabled>),
}

pub(super) struct Enabled {
    package: Discovered,
    /// The workspace's folder.
    folder: PathBuf,
    enablement_file: PathBuf,
}

/// A plugin that can be started.
pub(super) struct Ready {
    pub(super) about: PluginReport,
    pub(super) plugin: Plugin,
    pub(super) manifest: Manifest,
    /// What it goes by: `project:notes`, or the id of its manifest.
    pub(super) name: String,
    access: Access,
    surfaces: Vec<Surface>,
    config: String,
}

impl Meant {
    /// What was typed: a path where something lies there or a path is meant, else a reference.
    pub(super) fn of(args: &Served) -> Result<Self, Failure> {
        let path = Path::new(&args.plugin);
        // An id may have dots in it, and no more of a path than that.
        let is_file = |ending: &str| args.plugin.ends_with(ending);
        let is_path =
            path.exists() || path.components().count() > 1 || is_file(".wasm") || is_file(".yoi-plugin");
        if is_path {
            if args.enablement.is_some() {
                return Err(Failure::Usage(format!(
                    "`--enablement` is for enabled plugins, as `project:notes`; {} is run with `--grants`",
                    args.plugin
                )));
            }
            return Ok(Self::Path(path.to_owned()));
        }
        if args.grants.is_some() {
            return Err(Failure::Usage(format!(
                "`{0}` is no path to anything, and so the name of an enabled plugin, which has its grants in the \
                 enablement: `--grants` is for paths, and `yoikit plugin enable {0} --grant FILE` for names",
                args.plugin
            )));
        }
        let workspace = Workspace::of(&args.workspace, args.enablement.as_deref(), args.run.profile)?;
        let discovery = workspace.discover();
        let package = meant(&discovery, &args.plugin)
            .map_err(|_| {
                Failure::Other(format!(
                    "nothing lies at `{0}`, and there is no package `{0}` that can be used: `yoikit plugin list` has \
                     those that are there{1}",
                    args.plugin,
                    unread(&discovery)
                ))
            })?
            .clone();
        Ok(Self::Enabled(Box::new(Enabled {
            package,
            folder: workspace.folder().to_owned(),
            enablement_file: workspace.enablement_file(),
        })))
    }

    /// What tells it from others, for whoever looks for its socket: equal for equal plugins, however they were typed.
    pub(super) fn identity(&self) -> Result<String, Failure> {
        match self {
            Self::Path(path) => {
                let whole = path.canonicalize().map_err(|cause| Failure::File {
                    path: path.clone(),
                    doing: "find",
                    cause,
                })?;
                let names_its_folder = |name: &std::ffi::OsStr| name == "plugin.toml" || name == "Cargo.toml";
                let folder = match (whole.file_name(), whole.parent()) {
                    (Some(name), Some(folder)) if names_its_folder(name) => folder,
                    _ => &whole,
                };
                Ok(folder.display().to_string())
            }
            Self::Enabled(enabled) => Ok(format!("{} {}", enabled.folder.display(), enabled.package.id)),
        }
    }

    /// Build it, read it, and see what it may do.
    pub(super) fn ready(self, args: &Served) -> Result<Ready, Failure> {
        let config = match &args.config {
            Some(typed) => {
                let config = json_argument("configuration", typed, CONFIG_BYTES)?;
                serde_json::from_str::<IgnoredAny>(&config)
                    .map_err(|error| Failure::Usage(format!("the configuration is not JSON: {error}")))?;
                Some(config)
            }
            None => None,
        };
        match self {
            Self::Path(path) => Ready::of_path(args, &path, config.unwrap_or_else(|| "null".to_owned())),
            Self::Enabled(enabled) => Ready::of_enabled(args, &enabled, config),
        }
    }
}

impl Ready {
    fn of_path(args: &Served, path: &Path, config: String) -> Result<Self, Failure> {
        // Before a project is built for a minute.
        let granted = grants::read(args.grants.as_deref())?;
        let source = open(path, args.run.profile)?;
        let plugin = load(args, &source)?;
        let about = plugin_report(&source, Some(plugin.world()));
        let manifest = grants::manifest(args.manifest.as_deref(), source.manifest)?.ok_or_else(|| {
            Failure::Usage(format!(
                "{} has no plugin.toml that says which ingresses it has: name the folder that has one, or the file \
                 itself with `--manifest`",
                path.display()
            ))
        })?;
        let binding = grants::binding(&granted, Some(&manifest), source.digest);
        let access = grants::access(granted, Some(&manifest), &binding);
        Ok(Self {
            about,
            plugin,
            name: manifest.declared().id.clone(),
            surfaces: Vec::new(),
            manifest,
            access,
            config,
        })
    }

    fn of_enabled(args: &Served, enabled: &Enabled, config: Option<String>) -> Result<Self, Failure> {
        let file = enabled.enablement_file.display();
        let known = match enablements(&enabled.enablement_file) {
            // Nobody named it.
            Err(Failure::File { cause, .. })
                if args.enablement.is_none() && cause.kind() == io::ErrorKind::NotFound =>
            {
                Enablements::default()
            }
            read => read?,
        };
        let id = enabled.package.id.to_string();
        let refused = |why: String| Failure::Usage(format!("{id} is not run: {why}"));
        let Some(entry) = known.enabled.iter().find(|entry| entry.id == id) else {
            return Err(refused(format!(
                "{file} does not turn it on; `yoikit plugin enable {id} --grant FILE` does"
            )));
        };
        if !known.feature {
            return Err(refused(format!(
                "plugins are turned off: set `enabled = true` under `[feature.plugins]` in {file}"
            )));
        }
        let declared = enabled.package.manifest.declared();
        let package = BoundPackage {
            id: enabled.package.id.clone(),
            version: declared.version.clone(),
            digest: enabled.package.digest.to_string(),
        };
        let surfaces = entry
            .resolve(&package, &enabled.package.manifest.surfaces())
            .map_err(|fault| {
                let more = if is_of_another_content(fault.kind().name()) {
                    pins_again(&id)
                } else {
                    format!("`yoikit plugin show {id}` has more")
                };
                refused(format!("{fault}, in {file}; {more}"))
            })?;
        let source = open(&enabled.package.path, args.run.profile)?;
        let plugin = load(args, &source)?;
        let about = plugin_report(&source, Some(plugin.world()));
        let granted: Grants = entry.grants.clone();
        let manifest = enabled.package.manifest.clone();
        let authority = Authority::new(&manifest, granted, &Binding::Package(package));
        let enabled_config = entry.config.as_ref().map(ToString::to_string);
        Ok(Self {
            about,
            plugin,
            name: id,
            manifest,
            access: Access::new(authority, Net::new()),
            surfaces,
            config: config.or(enabled_config).unwrap_or_else(|| "null".to_owned()),
        })
    }

    /// Whose its events are, wherever they are kept: the plugin's, by whatever name it was typed.
    pub(super) fn id(&self) -> &str {
        &self.manifest.declared().id
    }

    /// The service that it is to be.
    pub(super) fn plan(&self, options: ServiceOptions) -> Plan {
        Plan::new(self.plugin.clone(), self.access.clone(), &self.manifest)
            .named(&self.name)
            .config(&self.config)
            .surfaces(&self.surfaces)
            .options(options)
    }
}

fn load(args: &Served, source: &Source) -> Result<Plugin, Failure> {
    let limits = args.budget.limits(args.run.profile);
    let plugin = Plugin::load_with(&engine(&args.run)?, &source.component, limits)?;
    if plugin.world() == World::Tool {
        return Err(Failure::Usage(
            "this plugin stands in the world `tool`: it has no life but its calls, and takes no events; `yoikit call` \
             calls its tools"
                .to_owned(),
        ));
    }
    Ok(plugin)
}
