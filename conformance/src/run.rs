//! A whole run: from targets and settings to a report.
//!
//! What is told on the way comes twice: as it happens, for whoever watches, and in the order of the plan, for
//! whoever writes it down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::baseline::Baseline;
use crate::exit::Exit;
use crate::plan::{Plan, Planned, Selection, SelectionError, Shard};
use crate::regression::{self, Regressions};
use crate::report::{
    CaseInfo, CaseLine, EndLine, Interruption, Line, Report, RunLine, SCHEMA, SubjectLine, Tally, Weight,
};
use crate::runner::{self, Event, Options, Outcome};
use crate::text::quoted;
use crate::{Case, Level, Subject, Verdict};

/// A target that takes part.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// The target, under one profile.
    pub subject: Arc<dyn Subject>,
    /// Whether its failures are the run's.
    pub judged: bool,
    /// The words that name it to `yoikit test`.
    pub words: Vec<String>,
}

/// How a run is done.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How cases are run.
    pub options: Options,
    /// Which are run.
    pub selection: Selection,
    /// Which part of them is run here.
    pub shard: Option<Shard>,
    /// What is known to fail.
    pub baseline: Baseline,
    /// Where failing inputs are saved, and were.
    pub regressions: Option<Regressions>,
    /// Cases that should hold are judged like those that must.
    pub strict: bool,
    /// Nothing may be left out.
    pub certified: bool,
    /// No times in the report: equal runs are equal byte for byte.
    pub timeless: bool,
    /// The file of the only input that is tried, where that is so.
    pub replayed: Option<PathBuf>,
    /// What `yoikit test` was told besides and has to be told again for the same outcome: `--strict`.
    pub words: Vec<String>,
}

/// Who is told of a run on the way.
pub trait Watch {
    /// It begins.
    fn begins(&mut self, _run: &RunLine) {}

    /// A case of a subject begins.
    fn starts(&mut self, _subject: usize, _case: &str) {}

    /// A case ended; they end in any order.
    fn ends(&mut self, _case: &CaseLine) {}

    /// The next line of the report.
    fn line(&mut self, _line: &Line) {}
}

/// Nobody watches.
impl Watch for () {}

/// Run what the settings select of these targets.
///
/// # Errors
///
/// [`SelectionError`] where that is nothing.
pub fn run(
    entrants: &[Entrant],
    settings: &Settings,
    watch: &mut dyn Watch,
) -> Result<Report, SelectionError> {
    let began = Instant::now();
    let subjects: Vec<_> = entrants
        .iter()
        .map(|entrant| Arc::clone(&entrant.subject))
        .collect();
    let plan = Plan::of(&subjects, &settings.selection, settings.shard)?;
    let run = describe(entrants, &plan, settings);

    let mut options = settings.options.clone();
    if let Some(regressions) = &settings.regressions {
        options.saved.extend(regressions.saved());
    }
    check_inputs(&subjects, &plan, &options)?;
    watch.begins(&run);
    watch.line(&Line::Run(Box::new(run.clone())));

    let order: BTreeMap<Planned, usize> = plan
        .here()
        .enumerate()
        .map(|(place, planned)| (planned, place))
        .collect();
    let mut in_order = InOrder::default();
    runner::run(&subjects, &plan, &options, |event| match event {
        Event::Started(planned) => {
            watch.starts(planned.subject, subjects[planned.subject].case(planned.case).id);
        }
        Event::Finished(outcome) => {
            let line = case_line(entrants, settings, outcome);
            watch.ends(&line);
            in_order.add(order[&outcome.planned], line, |line| {
                watch.line(&Line::Case(Box::new(line.clone())));
            });
        }
    });
    let mut cases = in_order.lines;
    for line in in_order.early.into_values() {
        // What came before its turn, which will not come.
        watch.line(&Line::Case(Box::new(line.clone())));
        cases.push(line);
    }
    let mut end = judge(&run, &cases);
    let unfinished = order.len() - cases.len();
    if let Some(by) = options.halt.why().filter(|_| unfinished > 0) {
        end.outcome = Exit::Interrupted;
        end.interrupted = Some(Interruption { by, unfinished });
    }
    end.wall_us = (!settings.timeless).then(|| micros(began.elapsed()));
    watch.line(&Line::End(end.clone()));
    Ok(Report { run, cases, end })
}

/// Every input that was kept is one of its case's: a file that cannot be tried is told before anything is.
fn check_inputs(subjects: &[Arc<dyn Subject>], plan: &Plan, options: &Options) -> Result<(), SelectionError> {
    for planned in plan.here() {
        let (subject, id) = (
            &subjects[planned.subject],
            subjects[planned.subject].case(planned.case).id,
        );
        let saved = options.saved.iter();
        let saved = saved.filter(|saved| saved.is_for(id, subject.about()));
        let kept = saved.map(|saved| (saved.input.name.as_str(), &saved.input.input));
        let replayed = options.replay.iter().map(|input| ("what was kept", input));
        for (name, input) in kept.chain(replayed) {
            subject
                .takes(planned.case, input)
                .map_err(|reason| SelectionError::Input {
                    name: name.to_owned(),
                    case: id,
                    reason,
                })?;
        }
    }
    Ok(())
}

/// The lines so far, and those that came before their turn.
#[derive(Default)]
struct InOrder {
    lines: Vec<CaseLine>,
    early: BTreeMap<usize, CaseLine>,
}

impl InOrder {
    fn add(&mut self, place: usize, line: CaseLine, mut tell: impl FnMut(&CaseLine)) {
        self.early.insert(place, line);
        while let Some(line) = self.early.remove(&self.lines.len()) {
            tell(&line);
            self.lines.push(line);
        }
    }
}

fn describe(entrants: &[Entrant], plan: &Plan, settings: &Settings) -> RunLine {
    let mut cases: Vec<CaseInfo> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let planned = plan.whole.iter().map(|planned| {
        let subject = &entrants[planned.subject].subject;
        let case = subject.case(planned.case);
        let place = *places.entry(case.id).or_insert_with(|| {
            cases.push(CaseInfo::of(subject.suite(), case));
            cases.len() - 1
        });
        (planned.subject, place)
    });
    let planned = planned.collect();
    let subjects = entrants.iter().map(|entrant| SubjectLine {
        about: entrant.subject.about().clone(),
        revision: format!("{}/{}", entrant.subject.suite(), entrant.subject.revision()),
        judged: entrant.judged,
        words: entrant.words.clone(),
    });
    let mut run = RunLine {
        schema: SCHEMA.to_owned(),
        run: String::new(),
        seed: settings.options.seed,
        property_cases: settings.options.property_cases,
        shard: settings.shard,
        strict: settings.strict,
        certified: settings.certified,
        versions: crate::versions::all(),
        subjects: subjects.collect(),
        cases,
        planned,
    };
    run.run = run.identity();
    run
}

fn case_line(entrants: &[Entrant], settings: &Settings, outcome: &Outcome) -> CaseLine {
    let entrant = &entrants[outcome.planned.subject];
    let (subject, case) = (&entrant.subject, entrant.subject.case(outcome.planned.case));
    let about = subject.about();
    let failed = outcome.verdict.evidence();
    let listed = settings.baseline.find(case.id, &about.profile, &about.name);
    let known = listed.filter(|_| matches!(outcome.verdict, Verdict::Pass | Verdict::Fail(_)));
    // What fails under a profile that nobody asked for is told, and no business of later runs.
    let saved = failed.filter(|_| entrant.judged).and_then(|evidence| {
        let file = regression::File::of(subject.as_ref(), case, settings.options.seed, evidence)?;
        Some(settings.regressions.as_ref()?.save(&file))
    });
    let (saved, not_saved) = match saved {
        Some(Ok(file)) => (Some(file), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    };
    CaseLine {
        subject: outcome.planned.subject,
        case: case.id.to_owned(),
        verdict: outcome.verdict.clone(),
        known: known.map(|known| known.reason.clone()),
        repeat: failed.map(|_| repeat(entrant, case, settings, saved.as_deref())),
        saved,
        not_saved,
        wall_us: (!settings.timeless).then(|| micros(outcome.wall)),
    }
}

/// The command that shows a failure again, and fails by it.
fn repeat(entrant: &Entrant, case: &Case, settings: &Settings, saved: Option<&str>) -> String {
    let (mut words, mut last) = (vec!["yoikit".to_owned(), "test".to_owned()], Vec::new());
    // What follows `--` comes last.
    let split = entrant.words.iter().position(|word| word == "--");
    let (target, command) = entrant.words.split_at(split.unwrap_or(entrant.words.len()));
    words.extend_from_slice(target);
    last.extend_from_slice(command);
    let profile = &entrant.subject.about().profile;
    let kept = match (saved, &settings.regressions) {
        (Some(file), Some(folder)) => Some(folder.path_of(file)),
        _ => settings.replayed.clone(),
    };
    match kept {
        Some(file) => words.extend(["--replay".to_owned(), file.display().to_string()]),
        None => {
            let options = &settings.options;
            words.extend([
                "--case".to_owned(),
                case.id.to_owned(),
                "--profile".to_owned(),
                profile.clone(),
            ]);
            words.extend(["--seed".to_owned(), options.seed.to_string()]);
            words.extend(["--property-cases".to_owned(), options.property_cases.to_string()]);
        }
    }
    words.extend_from_slice(&settings.words);
    if case.level == Level::Should && !settings.strict {
        words.push("--strict".to_owned());
    }
    words.extend(last);
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a run comes to. It depends on its lines alone, so that shards that were joined come to the same.
pub(crate) fn judge(run: &RunLine, cases: &[CaseLine]) -> EndLine {
    let mut subjects = vec![Tally::default(); run.subjects.len()];
    let mut stale = BTreeSet::new();
    let mut heaviest = Weight::Nothing;
    for line in cases {
        let (subject, tally) = (&run.subjects[line.subject], &mut subjects[line.subject]);
        let level = run.case(&line.case).map_or(Level::Must, |case| case.level);
        heaviest = heaviest.max(run.weight(line));
        tally.all += 1;
        let asked = !matches!(line.verdict, Verdict::Skipped { optional: true, .. });
        tally.must += usize::from(asked && level == Level::Must);
        match &line.verdict {
            Verdict::Pass => {
                tally.must_passed += usize::from(level == Level::Must);
                let about = &subject.about;
                if subject.judged && line.known.is_some() {
                    tally.stale += 1;
                    stale.insert(format!("{} ({}, {})", line.case, about.name, about.profile));
                }
            }
            Verdict::Fail(_) if line.known.is_some() => tally.known += 1,
            Verdict::Fail(_) => {
                tally.failed += 1;
                tally.advisory += usize::from(!run.binds(line));
            }
            Verdict::CouldNotRun { .. } => tally.could_not_run += 1,
            Verdict::Skipped { optional, .. } => {
                tally.skipped += 1;
                tally.optional += usize::from(*optional);
            }
            Verdict::HarnessFault { .. } => tally.harness += 1,
        }
    }
    let outcome = match heaviest {
        Weight::Breakage => Exit::HarnessFault,
        Weight::Failure => Exit::Fails,
        Weight::Open => Exit::CouldNotRun,
        Weight::Advice | Weight::Nothing => Exit::Conforms,
    };
    EndLine {
        outcome,
        subjects,
        stale: stale.into_iter().collect(),
        interrupted: None,
        wall_us: None,
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
