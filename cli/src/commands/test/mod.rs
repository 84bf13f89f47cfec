//! `yoikit test`: whether whoever stands behind a contract keeps it.
//!
//! What a contract's targets are and how they are named is in a file of its own for each contract; all else is the
//! same for all of them.

mod bridge;
mod plugin;
mod ptc;
mod tables;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use yoi_conformance::baseline::Baseline;
use yoi_conformance::limits::{BASELINE_BYTES, LETTING_GO};
use yoi_conformance::plan::{Plan, Selection, SelectionError, Shard};
use yoi_conformance::regression::{self, RegressionError, Regressions};
use yoi_conformance::report::{CaseInfo, Line, Styles, Telling};
use yoi_conformance::run::{self, Entrant, Settings, Watch};
use yoi_conformance::runner::{Halt, Options};
use yoi_conformance::suites::Contract;
use yoi_conformance::target::end_children;
use yoi_conformance::{Case, Set, Side};

use super::signals::{Asked, Signal};
use super::{read_text, report};
use crate::args::{Test, Write};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::test::{ListedReport, ListedTarget};
use crate::screen;
use crate::screen::Progress;

pub(super) fn run(args: &Test) -> Result<Exit, Failure> {
    let selection = Selection {
        ids: args.select.case.clone(),
        clauses: args.select.clause.clone(),
        levels: args.select.level.clone(),
        kinds: args.select.kind.clone(),
        sides: args.side.into_iter().collect(),
        next: args.select.next,
    };
    if args.list {
        return list(args, &selection);
    }
    if args.behaviours {
        return tables::behaviours(args);
    }
    if args.mutants {
        return tables::mutants(args, &selection);
    }
    // A project may take minutes to build: whatever can be wrong with what was typed is looked at before.
    check_words(args)?;
    report::check(&args.write)?;
    let mut settings = settings(args, selection)?;
    let kept = args.replay.as_deref().map(regression::File::read).transpose();
    let replayed = kept
        .map_err(regression_failure)?
        .map(|kept| replay(&mut settings, kept));
    selected(args, &settings.selection)?;
    let begun = Begun::default();
    let asked = listen(&begun, &settings.options.halt, &args.write)?;
    let mut entrants = open(args)?;
    if let Some(profile) = replayed {
        keep_only(&mut entrants, &profile)?;
    }
    tell_of_others(&entrants, &settings);
    if args.dry_run {
        return dry_run(args, &entrants, &settings);
    }

    let mut watching = Watching {
        progress: Progress::begin(),
        begun: &begun,
        write: &args.write,
        telling: (!args.json).then(|| Telling::new(Styles::COLOURED)),
        failed: None,
        has_warned: false,
    };
    let report = run::run(&entrants, &settings, &mut watching).map_err(no_case)?;
    watching.progress.end();
    let signal = asked.signal();
    if signal.is_some() {
        end_children(LETTING_GO);
    }
    let Watching { telling, failed, .. } = watching;
    // What cannot be printed may be written all the same.
    report::write(&report, &args.write)?;
    if let Some(cause) = failed {
        return Err(Failure::Print(cause));
    }
    if let Some(telling) = telling {
        screen::to_the_end(screen::coloured(&telling.end(&report)))?;
    }
    report::annotate(&report, &args.write)?;
    // A signal that came when all was done has interrupted nothing.
    let exit = signal.filter(|_| report.end.interrupted.is_some());
    Ok(exit.map_or_else(|| report.end.outcome.into(), Signal::exit))
}

/// Whether the run has begun: from then on a signal ends it and it writes what it knows, before there is nothing to
/// write.
#[derive(Clone, Default)]
struct Begun(Arc<Mutex<bool>>);

impl Begun {
    fn begin(&self) {
        *self.state() = true;
    }

    fn state(&self) -> MutexGuard<'_, bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hear signals from here on. Children are in process groups of their own, so that whoever interrupts this process does
/// not reach them.
fn listen(begun: &Begun, halt: &Halt, write: &Write) -> Result<Asked, Failure> {
    let (begun, halt, write) = (begun.clone(), halt.clone(), write.clone());
    let end = move |signal: Signal| {
        let has_begun = begun.state();
        if *has_begun {
            screen::progress(&format!(
                "interrupted by {}: what runs is ended, and what is known is told",
                signal.name()
            ));
            halt.halt(signal.name());
        } else {
            screen::progress(&format!(
                "interrupted by {}: no case had begun, and no report is written",
                signal.name()
            ));
            end_children(LETTING_GO);
            // Whoever asked for a report would take an earlier one for this run's.
            let _ = report::remove(&write);
            std::process::exit(signal.exit() as i32);
        }
    };
    Asked::listen(end, || end_children(Duration::ZERO))
}

/// Shows how far a run is, and prints its report as it comes.
struct Watching<'a> {
    progress: Progress,
    begun: &'a Begun,
    write: &'a Write,
    /// The report for people; its lines as JSON are printed where there is none.
    telling: Option<Telling>,
    failed: Option<std::io::Error>,
    has_warned: bool,
}

impl Watch for Watching<'_> {
    fn begins(&mut self, run: &yoi_conformance::report::RunLine) {
        self.begun.begin();
        // A run that is killed leaves no report, and not that of an earlier one. What cannot be removed cannot be
        // written either, and is told then.
        let _ = report::remove(self.write);
        let here = run.shard.map_or(run.planned.len(), |shard| {
            (0..run.planned.len()).filter(|place| shard.has(*place)).count()
        });
        self.progress.of(here);
    }

    fn starts(&mut self, _: usize, case: &str) {
        self.progress.starts(case);
    }

    fn ends(&mut self, case: &yoi_conformance::report::CaseLine) {
        self.progress.ends(&case.case, &case.verdict);
        // Of a folder that cannot be written to one is enough: the report has all.
        if let Some(reason) = case.not_saved.as_deref().filter(|_| !self.has_warned) {
            self.has_warned = true;
            self.progress
                .warn(&format!("an input that fails is not kept: {reason}"));
        }
    }

    fn line(&mut self, line: &Line) {
        if self.failed.is_some() {
            return;
        }
        let printed = match &mut self.telling {
            None => screen::json_line(line),
            Some(telling) => match telling.line(line).as_str() {
                "" => Ok(()),
                text => self.progress.result(text),
            },
        };
        self.failed = screen::to_the_end(printed).err();
    }
}

fn settings(args: &Test, selection: Selection) -> Result<Settings, Failure> {
    let mut options = Options {
        seed: args.seed,
        property_cases: args.property_cases,
        time_box: args.timeout,
        ..Options::default()
    };
    if let Some(jobs) = args.jobs {
        options.jobs = jobs;
    }
    let regressions = (!args.no_regressions)
        .then(|| Regressions::open(&args.regressions).map_err(regression_failure))
        .transpose()?;
    Ok(Settings {
        options,
        selection,
        shard: shard(args)?,
        baseline: args
            .baseline
            .as_deref()
            .map(baseline)
            .transpose()?
            .unwrap_or_default(),
        regressions,
        strict: args.strict,
        certified: args.certified,
        timeless: args.no_times,
        replayed: args.replay.clone(),
        words: words_of_all(args),
    })
}

/// What was typed that is no target's and decides how a case ends, or how the run does.
fn words_of_all(args: &Test) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(time) = args.timeout {
        words.extend([
            "--timeout".to_owned(),
            humantime::format_duration(time).to_string(),
        ]);
    }
    let told = [
        (args.strict, "--strict"),
        // An input that was kept names its case.
        (args.select.next && args.replay.is_none(), "--next"),
        (args.no_regressions && args.replay.is_none(), "--no-regressions"),
    ];
    words.extend(
        told.iter()
            .filter(|(is_told, _)| *is_told)
            .map(|(_, word)| (*word).to_owned()),
    );
    words
}

fn unusable(error: impl ToString) -> Failure {
    Failure::Usage(error.to_string())
}

fn regression_failure(error: RegressionError) -> Failure {
    match error {
        RegressionError::Read { path, cause } => Failure::File {
            path,
            doing: "read",
            cause,
        },
        other => unusable(other),
    }
}

/// What was typed, or what the build service says.
fn shard(args: &Test) -> Result<Option<Shard>, Failure> {
    if args.shard.is_some() || args.replay.is_some() {
        return Ok(args.shard);
    }
    let found = Shard::of_environment(|name| std::env::var(name).ok()).map_err(unusable)?;
    Ok(found.map(|(shard, service)| {
        screen::progress(&format!("shard {shard}, as {service} says"));
        shard
    }))
}

/// Most characters of what is wrong with a file that are shown.
const FAULT_CHARS: usize = 600;

fn baseline(path: &Path) -> Result<Baseline, Failure> {
    let text = File::open(path).and_then(|file| read_text(file, BASELINE_BYTES));
    let text = text.map_err(|cause| Failure::File {
        path: path.to_owned(),
        doing: "read the baseline",
        cause,
    })?;
    let no_baseline = |why: &str| Failure::Usage(format!("{} is no baseline: {why}", path.display()));
    if text.len() > BASELINE_BYTES {
        return Err(no_baseline(&format!("it has more than {BASELINE_BYTES} bytes")));
    }
    let cases: Vec<Case> = Contract::ALL
        .iter()
        .flat_map(|contract| contract.cases())
        .collect();
    let cases: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    // What is wrong is shown with the line that it stands in, which may be all of the file.
    Baseline::parse(&text, &cases).map_err(|error| {
        let told = error.to_string();
        let shown: String = told.chars().take(FAULT_CHARS).collect();
        no_baseline(&if shown.len() < told.len() {
            shown + "…"
        } else {
            shown
        })
    })
}

/// What was typed is for this contract.
fn check_words(args: &Test) -> Result<(), Failure> {
    // Of a script whose variable is empty, nobody wants another target to be tested in its place.
    if args.command.is_empty() && std::env::args_os().any(|word| word == "--") {
        return Err(Failure::Usage("there is no command behind `--`".to_owned()));
    }
    let of = |contract: Contract| {
        let name = contract.name();
        format!("is of the contract `{name}`: add `--contract {name}`, or leave it out")
    };
    let foreign = match args.contract {
        Contract::Plugin => args.speaks.map(|_| ("--speaks", Contract::Bridge)),
        Contract::Ptc if args.speaks.is_some() => Some(("--speaks", Contract::Bridge)),
        _ if args.mcp => Some(("--mcp", Contract::Plugin)),
        _ => args.manifest.as_ref().map(|_| ("--manifest", Contract::Plugin)),
    };
    match foreign {
        Some((word, contract)) => Err(Failure::Usage(format!("`{word}` {}", of(contract)))),
        None => Ok(()),
    }
}

fn open(args: &Test) -> Result<Vec<Entrant>, Failure> {
    match args.contract {
        Contract::Plugin => plugin::open(args),
        Contract::Bridge => bridge::open(args),
        Contract::Ptc => ptc::open(args),
    }
}

/// One case and one input, under the profile that this gives.
fn replay(settings: &mut Settings, kept: regression::File) -> String {
    settings.selection.ids = vec![kept.case];
    settings.selection.next = true;
    settings.options.seed = kept.seed;
    settings.options.replay = Some(kept.input);
    settings.regressions = None;
    kept.profile
}

/// One profile, which is judged.
fn keep_only(entrants: &mut Vec<Entrant>, profile: &str) -> Result<(), Failure> {
    entrants.retain(|entrant| entrant.subject.about().profile == profile);
    if entrants.is_empty() {
        let reason = format!("the input was kept under profile `{profile}`: name it, or none");
        return Err(Failure::Usage(reason));
    }
    for entrant in entrants {
        entrant.judged = true;
    }
    Ok(())
}

/// A target that was renamed is not that of which inputs are kept.
fn tell_of_others(entrants: &[Entrant], settings: &Settings) {
    let names: Vec<&str> = entrants
        .iter()
        .map(|entrant| entrant.subject.about().name.as_str())
        .collect();
    let others = settings
        .regressions
        .as_ref()
        .map(|kept| kept.only_of_others(&names));
    let others = others.unwrap_or_default();
    if !others.is_empty() {
        screen::progress(&format!(
            "the inputs that are kept are of other targets, and none is tried: {}",
            others.join(", ")
        ));
    }
}

/// The cases of the suite; what of them is asked of a target is seen when there is one.
fn list(args: &Test, selection: &Selection) -> Result<Exit, Failure> {
    let cases = selected(args, selection)?;
    if cases.is_empty() {
        return Err(no_case(selection.explain(&[])));
    }
    show(
        args,
        ListedReport {
            schema: "yoikit.cases/1",
            cases,
            targets: Vec::new(),
            shard: None,
        },
    )
}

/// The cases of the contract and the side that are meant: whatever the target is, no others are run.
fn selected(args: &Test, selection: &Selection) -> Result<Vec<CaseInfo>, Failure> {
    let side = args.side.unwrap_or(Side::Guest);
    let all = args.contract.cases();
    let asked: Vec<&Case> = all.iter().filter(|case| case.side == side).collect();
    // That a contract has no such side is told where its targets are opened.
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(unknown) = selection.unknown(&asked) {
        return Err(no_case(unknown));
    }
    let taken = |case: &&&Case| selection.takes(case) && (selection.next || case.set != Set::Next);
    let cases: Vec<CaseInfo> = asked
        .iter()
        .filter(taken)
        .map(|case| CaseInfo::of(args.contract.name(), case))
        .collect();
    if cases.is_empty() {
        return Err(no_case(selection.explain(&asked)));
    }
    Ok(cases)
}

/// Why nothing can be run. A case that there is, but not of this side, is no misspelling.
fn no_case(error: SelectionError) -> Failure {
    if let SelectionError::Unknown { id, .. } = &error {
        for contract in Contract::ALL {
            let cases = contract.cases();
            let Some(case) = cases.iter().find(|case| case.is_under(id)) else {
                continue;
            };
            let side = match case.side {
                Side::Host => " --side host",
                Side::Guest => "",
            };
            let contract = match contract {
                Contract::Plugin => String::new(),
                other => format!(" --contract {}", other.name()),
            };
            return Failure::Usage(format!(
                "`{id}` is not asked here: it is a case of `yoikit test{contract}{side}`"
            ));
        }
    }
    unusable(error)
}

fn dry_run(args: &Test, entrants: &[Entrant], settings: &Settings) -> Result<Exit, Failure> {
    let subjects: Vec<_> = entrants
        .iter()
        .map(|entrant| Arc::clone(&entrant.subject))
        .collect();
    let plan = Plan::of(&subjects, &settings.selection, settings.shard).map_err(no_case)?;
    let mut cases: Vec<CaseInfo> = Vec::new();
    let mut targets: Vec<ListedTarget> = subjects
        .iter()
        .map(|subject| ListedTarget {
            name: subject.about().name.clone(),
            profile: subject.about().profile.clone(),
            cases: Vec::new(),
        })
        .collect();
    for planned in plan.here() {
        let subject = &subjects[planned.subject];
        let case = subject.case(planned.case);
        targets[planned.subject].cases.push(case.id.to_owned());
        if !cases.iter().any(|known| known.id == case.id) {
            cases.push(CaseInfo::of(subject.suite(), case));
        }
    }
    show(
        args,
        ListedReport {
            schema: "yoikit.cases/1",
            cases,
            targets,
            shard: settings.shard,
        },
    )
}

fn show(args: &Test, report: ListedReport) -> Result<Exit, Failure> {
    if args.json {
        screen::json(&report)?;
    } else {
        screen::listed(&report)?;
    }
    Ok(Exit::Ok)
}
