//! The contract of code that calls tools: engines, and hosts that speak the protocol.

use yoi_conformance::Side;
use yoi_conformance::limits::INSTANCES;
use yoi_conformance::run::Entrant;
use yoi_conformance::suites::ptc::open::{PROFILE, command, component};
use yoi_host::engine::EngineOptions;

use crate::args::Test;
use crate::commands::code_cache;
use crate::commands::ptc::named;
use crate::failure::Failure;

pub(super) fn open(args: &Test) -> Result<Vec<Entrant>, Failure> {
    let usage = |reason: String| Err(Failure::Usage(reason));
    if args.side == Some(Side::Host) {
        return usage(
            "`ptc` has one side: name an engine, or `-- COMMAND`, and leave out `--side host`".to_owned(),
        );
    }
    if let Some(profile) = args.profile.iter().find(|profile| *profile != PROFILE) {
        return usage(format!(
            "`ptc` has no profile `{profile}`: it has `{PROFILE}` alone"
        ));
    }
    if args.targets.is_empty() && args.command.is_empty() {
        let reason = "name a target: an engine, `monty`, `cpython` or `quickjs`, one in a component, `FILE.wasm`, or `-- COMMAND`, a host \
                      that speaks the protocol";
        return usage(reason.to_owned());
    }
    let mut entrants = Vec::new();
    if !args.targets.is_empty() {
        let options = EngineOptions::interpreters().instances(INSTANCES);
        let engine = match code_cache(args.no_cache, args.cache_dir.as_deref())? {
            Some(cache) => options.cache(cache).build()?,
            None => options.build()?,
        };
        for target in &args.targets {
            let name = target.to_string_lossy();
            entrants.push(component(target, named(&engine, &name)?));
        }
    }
    if !args.command.is_empty() {
        entrants.push(command(&args.command));
    }
    Ok(entrants)
}
