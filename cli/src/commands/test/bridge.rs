//! The contract of bridges: dialects by their names, dialects that are components, and those that are programs.

use std::path::Path;

use yoi_conformance::Side;
use yoi_conformance::run::Entrant;
use yoi_conformance::suites::bridge::open::Opening;
use yoi_host::bridge::{Adapter, Mode};

use crate::args::{Test, parse_mode};
use crate::commands::bridge::component;
use crate::commands::code_cache;
use crate::failure::Failure;

pub(super) fn open(args: &Test) -> Result<Vec<Entrant>, Failure> {
    if args.side == Some(Side::Host) {
        return hosts(args);
    }
    if args.targets.is_empty() && args.command.is_empty() {
        let reason =
            "name a target: a dialect as `codex-cli`, one in a component, `FILE.wasm`, or `-- COMMAND`";
        return Err(Failure::Usage(reason.to_owned()));
    }
    let modes: Result<Vec<Mode>, String> = args.profile.iter().map(|name| parse_mode(name)).collect();
    let opening = Opening {
        modes: modes.map_err(|words| Failure::Usage(format!("a profile of `bridge` is a mode: {words}")))?,
        speaks: args.speaks,
    };
    let cache = code_cache(args.no_cache, args.cache_dir.as_deref())?;
    let mut entrants = Vec::new();
    for target in &args.targets {
        match adapter(target) {
            Some(adapter) => {
                let opened = opening.native(adapter);
                entrants.extend(opened.map_err(|error| Failure::Usage(error.to_string()))?);
            }
            None if target.extension().is_some_and(|extension| extension == "wasm") => {
                let dialect = component(target, cache.clone(), yoi_conformance::limits::INSTANCES)?;
                entrants.extend(opening.component(target, dialect));
            }
            None => {
                let names = Adapter::ALL.map(|adapter| format!("`{adapter}`")).join(", ");
                let reason = format!(
                    "`{}` is no dialect: give one of {names}, a component, `FILE.wasm`, or `-- COMMAND`",
                    target.display()
                );
                return Err(Failure::Usage(reason));
            }
        }
    }
    if !args.command.is_empty() {
        entrants.extend(opening.command(&args.command));
    }
    Ok(entrants)
}

/// Our own host, or one behind an adapter.
fn hosts(args: &Test) -> Result<Vec<Entrant>, Failure> {
    let reason = if !args.targets.is_empty() {
        "a host has no path: give `-- COMMAND`, or nothing for yoikit's own"
    } else if args.speaks.is_some() {
        "`--speaks` says whose dialect a target is, and a host has none: leave it out"
    } else if args
        .profile
        .iter()
        .any(|profile| profile != Mode::Faithful.name())
    {
        "the host's side of `bridge` has the profile `faithful` alone"
    } else {
        return Ok(Opening::hosts(&args.command));
    };
    Err(Failure::Usage(reason.to_owned()))
}

fn adapter(target: &Path) -> Option<Adapter> {
    target.to_str()?.parse().ok()
}
