//! `--tool-plugin`: a plugin's tools for the code's.

use std::path::Path;

use yoi_host::Profile;
use yoi_host::engine::EngineOptions;
use yoi_host::plugin::Plugin;
use yoi_host::ptc::PluginTools;

use super::super::{code_cache, grants, open};
use crate::args::ptc::PtcRun;
use crate::failure::Failure;

/// The plugin's tools, under its manifest and these grants.
pub(super) fn tools(path: &Path, args: &PtcRun) -> Result<PluginTools, Failure> {
    let profile = Profile::Documented;
    let granted = grants::read(args.grants.as_deref())?;
    let source = open(path, profile)?;
    let options = EngineOptions::new(profile).instances(1);
    let cache = code_cache(args.interpreter.no_cache, args.interpreter.cache_dir.as_deref())?;
    let engine = match cache {
        Some(cache) => options.cache(cache).build()?,
        None => options.build()?,
    };
    let plugin = Plugin::load(&engine, &source.component)?;
    let Some(manifest) = grants::manifest(None, source.manifest)? else {
        let said = format!(
            "{} has no plugin.toml beside it, and so no names of its tools: name the plugin's folder or package",
            path.display()
        );
        return Err(Failure::Usage(said));
    };
    let names = manifest
        .declared()
        .tools
        .iter()
        .map(|tool| tool.name.clone())
        .collect();
    let binding = grants::binding(&granted, Some(&manifest), source.digest);
    let access = grants::access(granted, Some(&manifest), &binding);
    let instance = plugin
        .instance_with("null", access)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(PluginTools::new(instance, names))
}
