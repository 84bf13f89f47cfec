//! What a run found, as data: `yoikit.report/1`.
//!
//! A report is a stream of lines, JSON each: what is run, how each case ended (in the order of the plan), and what
//! it comes to. Everything that is shown or written elsewhere is made from it, and equal runs have equal reports,
//! their times aside.

mod github;
mod html;
mod junit;
mod merge;
mod text;
mod weight;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::Shard;
use crate::verdict::Verdict;
use crate::{About, Case, Kind, Level, Seed, Set, Side};

pub use merge::MergeError;
pub use text::{Styles, Telling};
pub use weight::Weight;

/// The name and version of the format.
pub const SCHEMA: &str = "yoikit.report/1";

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// The first: what is run.
    Run(Box<RunLine>),
    /// How a case ended.
    Case(Box<CaseLine>),
    /// The last: what it comes to.
    End(EndLine),
}

/// What is run, and all that its outcome depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunLine {
    /// `yoikit.report/1`.
    pub schema: String,
    /// What the run is known by: the same for all its shards, another for every other run.
    pub run: String,
    /// What the inputs are derived from.
    pub seed: Seed,
    /// How many inputs are made up for each property.
    pub property_cases: u32,
    /// The part that was run here, where it is one.
    pub shard: Option<Shard>,
    /// Whether what should hold is judged like what must.
    pub strict: bool,
    /// Whether nothing may be left out.
    pub certified: bool,
    /// What took part, by name: `yoikit`, `wasmtime`, the system.
    pub versions: BTreeMap<String, String>,
    /// The targets, each under one profile.
    pub subjects: Vec<SubjectLine>,
    /// The cases, each once.
    pub cases: Vec<CaseInfo>,
    /// What the whole run has, shards or not: subject and case, by their places in these lists.
    pub planned: Vec<(usize, usize)>,
}

/// A target under one profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectLine {
    /// The target.
    #[serde(flatten)]
    pub about: About,
    /// The suite and its newest set: `plugin/1`.
    pub revision: String,
    /// Whether its failures are the run's.
    pub judged: bool,
    /// The words that name it to `yoikit test`.
    pub words: Vec<String>,
}

/// A case, as a report has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseInfo {
    /// Its id.
    pub id: String,
    /// How much it asks.
    pub level: Level,
    /// Whom it asks.
    pub side: Side,
    /// How it looks.
    pub kind: Kind,
    /// The set that it came with: `plugin/1`, or `plugin/next`.
    pub set: String,
    /// Where the clause stands.
    pub section: String,
    /// What the clause says.
    pub clause: String,
}

/// How a case of a subject ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseLine {
    /// The subject's place in the list.
    pub subject: usize,
    /// The case's id.
    pub case: String,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The baseline's reason why it may fail, where it is listed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub known: Option<String>,
    /// Where the input that fails was saved: a file's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub saved: Option<String>,
    /// Why the input that fails could not be saved, though it was to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_saved: Option<String>,
    /// The command that repeats it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repeat: Option<String>,
    /// Microseconds. None in a report without times.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wall_us: Option<u64>,
}

/// What a run comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndLine {
    /// How it ended.
    pub outcome: crate::exit::Exit,
    /// What each subject comes to, in their order.
    pub subjects: Vec<Tally>,
    /// Entries of the baseline that are none any more: the case passes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub stale: Vec<String>,
    /// That the run was ended before its time: not all cases that were planned have a line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interrupted: Option<Interruption>,
    /// Microseconds of the whole run. None in a report without times.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wall_us: Option<u64>,
}

/// How a run was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interruption {
    /// By what: `SIGINT`.
    pub by: String,
    /// How many cases that were planned here did not end.
    pub unfinished: usize,
}

/// How the cases of a subject ended, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Cases that must hold, and do.
    pub must_passed: usize,
    /// Cases that must hold; those that the contract leaves to the target are none where it does not take part.
    pub must: usize,
    /// Failures, those that the baseline knows left out.
    pub failed: usize,
    /// Failures that the baseline knows.
    pub known: usize,
    /// Cases that pass though the baseline lists them.
    #[serde(default)]
    pub stale: usize,
    /// Failures of cases that should hold, or may; they are among the failures.
    pub advisory: usize,
    /// Cases that could not run.
    pub could_not_run: usize,
    /// Cases that were skipped.
    pub skipped: usize,
    /// Of those, the ones that the contract leaves to the target.
    #[serde(default)]
    pub optional: usize,
    /// Cases in which the harness broke.
    pub harness: usize,
    /// All cases.
    pub all: usize,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was run.
    pub run: RunLine,
    /// How each case ended, in the order of the plan.
    pub cases: Vec<CaseLine>,
    /// What it comes to.
    pub end: EndLine,
}

impl RunLine {
    /// What a run with these lines is known by.
    #[must_use]
    pub fn identity(&self) -> String {
        let run = Self {
            run: String::new(),
            shard: None,
            ..self.clone()
        };
        // Lists, texts and numbers: nothing that cannot be JSON.
        let text = serde_json::to_string(&run).unwrap_or_default();
        let digest = Sha256::digest(text);
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is known of a case.
    #[must_use]
    pub fn case(&self, id: &str) -> Option<&CaseInfo> {
        self.cases.iter().find(|case| case.id == id)
    }
}

impl CaseInfo {
    /// What a report has of a suite's case.
    #[must_use]
    pub fn of(suite: &str, case: &Case) -> Self {
        Self {
            id: case.id.to_owned(),
            level: case.level,
            side: case.side,
            kind: case.kind,
            set: match case.set {
                Set::Revision(number) => format!("{suite}/{number}"),
                Set::Next => format!("{suite}/next"),
            },
            section: case.clause.section.to_owned(),
            clause: case.clause.text.to_owned(),
        }
    }
}

impl Report {
    /// Its lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let cases = self.cases.iter().map(|case| Line::Case(Box::new(case.clone())));
        [Line::Run(Box::new(self.run.clone()))]
            .into_iter()
            .chain(cases)
            .chain([Line::End(self.end.clone())])
    }

    /// Every line as JSON.
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        let lines = self
            .lines()
            .map(|line| serde_json::to_string(&line).unwrap_or_default() + "\n");
        lines.collect()
    }

    /// The cases of a subject.
    pub fn of_subject(&self, subject: usize) -> impl Iterator<Item = &CaseLine> {
        self.cases.iter().filter(move |line| line.subject == subject)
    }

    /// That the run was ended before its time, in words, where it was.
    #[must_use]
    pub fn interruption(&self) -> Option<String> {
        let Interruption { by, unfinished } = self.end.interrupted.as_ref()?;
        let all = self.cases.len() + unfinished;
        Some(format!(
            "interrupted by {by}: {unfinished} of {all} cases did not end"
        ))
    }

    /// The cases of a subject that were planned here and did not end, of a run that was interrupted.
    pub(crate) fn unfinished(&self, subject: usize) -> Vec<&CaseInfo> {
        if self.end.interrupted.is_none() {
            return Vec::new();
        }
        let ended: BTreeSet<&str> = self.of_subject(subject).map(|line| line.case.as_str()).collect();
        let planned = self.run.planned.iter().enumerate();
        planned
            .filter(|(place, (of, _))| *of == subject && self.run.shard.is_none_or(|shard| shard.has(*place)))
            .filter_map(|(_, (_, case))| self.run.cases.get(*case))
            .filter(|case| !ended.contains(case.id.as_str()))
            .collect()
    }

    /// How the subject of this number stands to its profile, on one line.
    #[must_use]
    pub fn verdict_line(&self, subject: usize) -> String {
        let (about, tally) = (&self.run.subjects[subject].about, &self.end.subjects[subject]);
        let profile = &about.profile;
        if let Some(trouble) = &about.trouble {
            return format!("{profile}: will not run: {trouble}");
        }
        let mut counts = vec![format!("{} of {} must", tally.must_passed, tally.must)];
        let mut count = |number: usize, what: &str| {
            if number > 0 {
                counts.push(format!("{number} {what}"));
            }
        };
        count(tally.failed - tally.advisory, "failed");
        count(tally.advisory, "advisory failed");
        count(tally.known, "known to fail");
        count(tally.stale, "listed and passing");
        count(tally.could_not_run, "could not run");
        count(tally.optional, "skipped as optional");
        count(tally.skipped - tally.optional, "skipped");
        if tally.harness > 0 {
            let plural = if tally.harness == 1 { "" } else { "s" };
            counts.push(format!("harness broke in {} case{plural}", tally.harness));
        }
        let unfinished = self.unfinished(subject).len();
        if unfinished > 0 {
            counts.push(format!("{unfinished} not ended"));
        }
        let word = if tally.harness > 0 {
            "cannot be judged"
        } else if tally.failed > tally.advisory {
            "does not conform"
        } else if unfinished > 0 {
            "was not judged to the end"
        } else if self.run.leaves_out(tally) {
            "is not certified"
        } else if tally.could_not_run > 0 {
            "could not be judged in full"
        } else if tally.stale > 0 {
            "does not match its baseline"
        } else if tally.known > 0 {
            "conforms but for what is known"
        } else {
            "conforms"
        };
        // Nothing is said here of what the other shards see.
        let part = if self.run.shard.is_some() {
            " in this shard"
        } else {
            ""
        };
        format!("{profile}: {word}{part} ({})", counts.join(", "))
    }
}
