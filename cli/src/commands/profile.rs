//! `yoikit profile`: where a call spends its instructions.

use std::io;
use std::path::Path;
use std::time::Duration;

use yoi_host::limits::CONFIG_BYTES;
use yoi_meter::Stop;
use yoi_meter::bench::Target;
use yoi_meter::profile::{Extent, Form, profile};

use super::bench::{declared, stop_when_asked, subject};
use super::report::keep;
use super::signals::Signal;
use super::whole::{self, may_be_written, write_whole};
use super::{code_cache, grants, json_argument, open, tool_input};
use crate::args::Profile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

/// Wall time of a call, where nobody says otherwise: sixty times what a call has that is not sampled.
const CALL_TIME: Duration = Duration::from_secs(60);

pub(super) fn run(args: &Profile) -> Result<Exit, Failure> {
    let input = tool_input(&args.input)?;
    let config = json_argument("configuration", &args.given.config, CONFIG_BYTES)?;
    let grants = grants::read(args.given.grants.as_deref())?;
    // Before a project is built for a minute.
    if let Some(file) = &args.output {
        may_be_written(file).map_err(|cause| unwritable(file, cause))?;
        let form = match Form::of(file) {
            Form::Folded => whole::Form::Folded,
            Form::Speedscope | Form::Firefox => whole::Form::Json,
        };
        keep(file, form, "profile")?;
    }
    let mut limits = args.given.budget.limits(args.given.run.profile);
    if args.given.budget.timeout.is_none() {
        limits = limits.with_call_timeout(CALL_TIME);
    }

    let source = open(&args.path, args.given.run.profile)?;
    let manifest = grants::manifest(args.given.manifest.as_deref(), source.manifest.clone())?;
    declared(&args.tool, manifest.as_ref())?;
    let subject = subject(&source, args.given.run.profile, &limits, &args.tool, &input)?;
    let binding = grants::binding(&grants, manifest.as_ref(), source.digest);
    let target = Target {
        component: &source.component,
        limits,
        profile: args.given.run.profile,
        cache: code_cache(args.given.run.no_cache, args.given.run.cache_dir.as_deref())?,
        config: &config,
        access: grants::access(grants, manifest.as_ref(), &binding),
        tool: &args.tool,
        input: &input,
    };
    let extent = args.duration.map_or(Extent::Calls(args.calls), Extent::Time);
    let stop = Stop::default();
    let asked = stop_when_asked(&stop)?;
    let profiled = profile(&target, extent, args.every, &stop)?;
    let report = profiled.report(subject);
    if let Some(file) = &args.output {
        let mut bytes = Vec::new();
        let name = format!("{} {}", report.subject.tool, report.subject.file);
        Form::of(file)
            .write(&profiled.samples, &name, &mut bytes)
            .and_then(|()| write_whole(file, &bytes))
            .map_err(|cause| unwritable(file, cause))?;
    }
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::profile(&report, args.output.as_deref()))?;
    }
    let of_calls = match report.errors.is_empty() {
        true => Exit::Ok,
        false => Exit::PluginFailed,
    };
    let signal = asked.signal().filter(|_| report.interrupted);
    Ok(signal.map_or(of_calls, Signal::exit))
}

fn unwritable(file: &Path, cause: io::Error) -> Failure {
    Failure::File {
        path: file.to_owned(),
        doing: "write the profile to",
        cause,
    }
}
