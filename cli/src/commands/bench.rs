//! `yoikit bench`: one tool, measured.

use std::io;
use std::path::Path;

use yoi_host::authority::Manifest;
use yoi_host::component::Preflight;
use yoi_host::limits::CONFIG_BYTES;
use yoi_host::plugin::LoadError;
use yoi_host::source::Source;
use yoi_host::{Limits, Profile};
use yoi_meter::Stop;
use yoi_meter::bench::{BenchError, Doing, Pace, Plan, Target, bench, machine};
use yoi_meter::compare::{self, BaselineError};
use yoi_meter::report::{BenchReport, Remark, Subject};

use super::report::keep;
use super::signals::{Asked, Signal};
use super::whole::{Form, may_be_written, write_whole};
use super::{code_cache, grants, hexadecimal, json_argument, open, tool_input};
use crate::args::{Bench, Regression};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::harmless::harmless_line;
use crate::screen;

pub(super) fn run(args: &Bench) -> Result<Exit, Failure> {
    let input = tool_input(&args.input)?;
    let config = json_argument("configuration", &args.given.config, CONFIG_BYTES)?;
    let grants = grants::read(args.given.grants.as_deref())?;
    let baseline = args.baseline.as_deref().map(former).transpose()?;
    // Before a project is built for a minute, and measured for another.
    if let Some(file) = &args.html {
        may_be_written(file).map_err(|cause| unwritable(file, cause))?;
        keep(file, Form::Html, "page")?;
    }
    let limits = args.given.budget.limits(args.given.run.profile);

    let source = open(&args.path, args.given.run.profile)?;
    let manifest = grants::manifest(args.given.manifest.as_deref(), source.manifest.clone())?;
    let tool = tool(args.tool.as_deref(), manifest.as_ref())?;
    let subject = subject(&source, args.given.run.profile, &limits, &tool, &input)?;
    if let Some((file, former)) = &baseline {
        compare::comparable(former, &subject).map_err(|error| unusable(file, &error))?;
    }
    let binding = grants::binding(&grants, manifest.as_ref(), source.digest);
    let target = Target {
        component: &source.component,
        limits,
        profile: args.given.run.profile,
        cache: code_cache(args.given.run.no_cache, args.given.run.cache_dir.as_deref())?,
        config: &config,
        access: grants::access(grants, manifest.as_ref(), &binding),
        tool: &tool,
        input: &input,
    };
    let plan = Plan {
        levels: args.concurrency.clone(),
        pace: args.rate.map_or(Pace::Closed, |rate| Pace::Open { rate }),
        warm_up: args.warm_up,
        duration: args.duration,
        cold: !args.no_cold,
    };
    let stop = Stop::default();
    let asked = stop_when_asked(&stop)?;
    let measured = bench(&target, &plan, &stop, |doing| tell(doing, &plan))?;
    let mut report = measured.report(subject, machine());
    if let Some((file, former)) = &baseline {
        report.comparison = Some(compare::compare(file, former, &report));
    }
    if let Some(file) = &args.html {
        write_whole(file, screen::page(&report).as_bytes()).map_err(|cause| unwritable(file, cause))?;
    }
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::bench(&report))?;
    }
    Ok(verdict(&report, args.fail_on_regression, asked.signal()))
}

fn unwritable(file: &Path, cause: io::Error) -> Failure {
    Failure::File {
        path: file.to_owned(),
        doing: "write the page to",
        cause,
    }
}

/// What scripts are told: a run that was ended before it was whole says nothing for sure; a plugin that never answers
/// well has failed, and who asks hears of a regression.
fn verdict(report: &BenchReport, fails_on: Option<Regression>, asked: Option<Signal>) -> Exit {
    let interrupted = report.remarks.contains(&Remark::Interrupted);
    if let Some(signal) = asked.filter(|_| interrupted) {
        return signal.exit();
    }
    let regressed = report
        .comparison
        .as_ref()
        .is_some_and(|comparison| match fails_on {
            None => false,
            Some(Regression::Counts) => comparison.spends_more(),
            Some(Regression::Clock) => comparison.spends_more() || comparison.is_slower(),
        });
    if regressed || report.answered() == 0 {
        Exit::PluginFailed
    } else {
        Exit::Ok
    }
}

fn former(file: &Path) -> Result<(&Path, BenchReport), Failure> {
    let read = compare::read(file);
    read.map(|report| (file, report)).map_err(|error| match error {
        BaselineError::Io(cause) => Failure::File {
            path: file.to_owned(),
            doing: "read the baseline",
            cause,
        },
        error => unusable(file, &error),
    })
}

fn unusable(file: &Path, error: &BaselineError) -> Failure {
    Failure::Usage(format!("{}: {error}", file.display()))
}

/// The tool that is meant: the one that is named, or the only one there is.
fn tool(named: Option<&str>, manifest: Option<&Manifest>) -> Result<String, Failure> {
    if let Some(tool) = named {
        declared(tool, manifest)?;
        return Ok(tool.to_owned());
    }
    let names = names(manifest);
    match names[..] {
        [only] => Ok(only.to_owned()),
        [] => Err(Failure::Usage(
            "name the tool with `--tool`: there is no plugin.toml that declares one".to_owned(),
        )),
        _ => Err(Failure::Usage(format!(
            "name the tool with `--tool`: the plugin has {}",
            names.join(", ")
        ))),
    }
}

/// A tool that the manifest does not declare is called by no host. To measure one would be to measure how it is refused.
pub(super) fn declared(tool: &str, manifest: Option<&Manifest>) -> Result<(), Failure> {
    let names = names(manifest);
    if manifest.is_none() || names.contains(&tool) {
        return Ok(());
    }
    let has = match names[..] {
        [] => "no tools".to_owned(),
        _ => names.join(", "),
    };
    Err(Failure::Usage(format!(
        "the plugin declares no tool `{}`: it has {has}",
        harmless_line(tool)
    )))
}

fn names(manifest: Option<&Manifest>) -> Vec<&str> {
    let tools = manifest.map_or(&[][..], |manifest| &manifest.declared().tools);
    tools.iter().map(|tool| tool.name.as_str()).collect()
}

/// What is measured. Who cannot be loaded is told so in the words of who would.
pub(super) fn subject(
    source: &Source,
    profile: Profile,
    limits: &Limits,
    tool: &str,
    input: &str,
) -> Result<Subject, Failure> {
    let preflight =
        Preflight::of(&source.component).map_err(|error| Failure::Load(LoadError::Preflight(error)))?;
    let Some(world) = preflight.world() else {
        let faults = preflight.faults(profile, limits);
        return Err(Failure::Load(LoadError::Refused { profile, faults }));
    };
    Ok(Subject {
        file: source.file.display().to_string(),
        sha256: hexadecimal(&source.component),
        bytes: source.component.len(),
        world,
        profile,
        tool: tool.to_owned(),
        input_sha256: hexadecimal(input.as_bytes()),
        input_bytes: input.len(),
    })
}

/// A signal ends the run, which tells what is known by then.
pub(super) fn stop_when_asked(stop: &Stop) -> Result<Asked, Failure> {
    let stop = stop.clone();
    Asked::listen(move |_| stop.stop(), || {})
}

fn tell(doing: Doing, plan: &Plan) {
    let time = humantime::format_duration(plan.warm_up + plan.duration);
    match doing {
        Doing::Cold => screen::passing("measuring what comes before a warm call"),
        Doing::Probe => screen::passing("counting instructions"),
        Doing::Level(1) => screen::passing(&format!("calling for {time}")),
        Doing::Level(workers) => screen::passing(&format!("{workers} workers calling for {time}")),
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Plan(reason) => Failure::Usage(reason),
            BenchError::Input(error) => Failure::Usage(error.to_string()),
            BenchError::Engine(error) => Failure::Engine(error),
            BenchError::Load(error) => Failure::Load(error),
            error @ BenchError::Start(_) => Failure::Plugin(error.to_string()),
            error => Failure::Other(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::bench::tests::made_up;

    #[test]
    fn a_run_that_was_ended_early_ends_as_its_signal_says_and_one_that_was_whole_as_it_went() {
        let mut report = made_up();
        report.comparison = None;
        report.remarks.clear();
        let came = Some(Signal::Terminate);
        assert_eq!(verdict(&report, Some(Regression::Counts), None), Exit::Ok);
        // It came when all was done.
        assert_eq!(verdict(&report, Some(Regression::Counts), came), Exit::Ok);
        report.remarks.push(Remark::Interrupted);
        assert_eq!(verdict(&report, Some(Regression::Counts), came), Exit::Terminated);
        assert_eq!(verdict(&report, None, came), Exit::Terminated);
        report.remarks.clear();
        for level in &mut report.levels {
            (level.answered, level.failed) = (0, 0);
        }
        assert_eq!(verdict(&report, None, None), Exit::PluginFailed);
    }
}
