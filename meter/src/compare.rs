//! Two reports, and which of their differences mean something.
//!
//! Instructions and memory are counted, and compared exactly. Times are compared by the medians of their slices, and
//! only where both reports come from the same machine; a difference counts when it is unlikely to be chance *and*
//! large enough to be more than where code happens to lie in memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{BASELINE_BYTES, EFFECT, SIGNIFICANCE};
use crate::report::{BenchReport, Level, Remark, SCHEMA};
use crate::statistics::{Shift, shift};

/// How a report stands beside a former one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The former report's file.
    pub baseline: String,
    /// Whether the component is still the same, byte for byte.
    pub same_component: bool,
    /// Instructions of a call: the mean over the probe's calls, as far as both have them.
    pub fuel: Counted,
    /// Bytes of linear memory after the probe's calls.
    pub memory: Counted,
    /// Why times are not compared, where they are not.
    pub times_differ_in: Vec<String>,
    /// Latencies, for each level of concurrency that both have.
    pub levels: Vec<Timed>,
}

/// Something that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counted {
    /// Then.
    pub before: f64,
    /// Now.
    pub after: f64,
    /// What became of it. Unknown where it is not the same every time.
    pub verdict: Verdict,
}

/// Something that was timed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timed {
    /// The level of concurrency.
    pub concurrency: usize,
    /// The median latency then.
    pub before_us: f64,
    /// The median latency now.
    pub after_us: f64,
    /// Calls a second then.
    pub throughput_before: f64,
    /// Calls a second now.
    pub throughput_after: f64,
    /// By how much the slices now lie above those of then. None where there are too few.
    pub shift: Option<Shift>,
    /// What became of it. Unknown where times are not compared.
    pub verdict: Verdict,
}

impl Timed {
    /// What is to be said of it.
    #[must_use]
    pub fn said(&self) -> &'static str {
        match (self.verdict, self.shift) {
            (Verdict::Less, _) => "faster",
            (Verdict::More, _) => "slower",
            (Verdict::Unknown, _) => "not judged",
            (Verdict::Same, Some(shift)) if shift.p < SIGNIFICANCE => {
                "not significant, for it is below 5 %, by which runs of the same code differ"
            }
            (Verdict::Same, _) => "not significant",
        }
    }
}

/// What became of something since the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is less: better.
    Less,
    /// No difference that means something.
    Same,
    /// It is more: worse.
    More,
    /// It cannot be said.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Less => "less",
            Verdict::Same => "same",
            Verdict::More => "more",
            Verdict::Unknown => "unknown",
        })
    }
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("failed to read the baseline: {0}")]
    Io(#[from] io::Error),
    /// It is no report.
    #[error("the baseline is no report that `yoikit bench --json` wrote: {0}")]
    NotAReport(String),
    /// It is a report of something else.
    #[error("the baseline is of another {0}, so that there is nothing to compare")]
    OfAnother(String),
    /// It is of a run that was ended before its calls were counted.
    #[error("the baseline is of a run that was ended before anything was counted: measure it again")]
    Unfinished,
}

/// Read a former report.
///
/// # Errors
///
/// [`BaselineError::Io`], or [`BaselineError::NotAReport`] where it is of another schema as well.
pub fn read(file: &Path) -> Result<BenchReport, BaselineError> {
    let mut text = String::new();
    File::open(file)?
        .take(BASELINE_BYTES + 1)
        .read_to_string(&mut text)?;
    let wrong = |what: String| Err(BaselineError::NotAReport(what));
    if text.len() as u64 > BASELINE_BYTES {
        return wrong(format!("it is larger than {BASELINE_BYTES} bytes"));
    }
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    match serde_json::from_str::<Head>(&text) {
        Ok(head) if head.schema == SCHEMA => {}
        Ok(head) => return wrong(format!("its schema is `{}`, not `{SCHEMA}`", head.schema)),
        Err(error) => return wrong(error.to_string()),
    }
    serde_json::from_str(&text).or_else(|error| wrong(error.to_string()))
}

/// Whether a report that will be of `subject` may be compared with `before`.
///
/// # Errors
///
/// [`BaselineError::OfAnother`] where the tool, its input or the profile is another one, [`BaselineError::Unfinished`]
/// where there is nothing to compare with.
pub fn comparable(before: &BenchReport, subject: &crate::report::Subject) -> Result<(), BaselineError> {
    let then = &before.subject;
    let other = |what: String| Err(BaselineError::OfAnother(what));
    if then.tool != subject.tool {
        return other(format!("tool, `{}`", then.tool));
    }
    if then.profile != subject.profile {
        return other(format!("profile, `{}`", then.profile));
    }
    if then.world != subject.world {
        return other(format!("world, `{}`", then.world));
    }
    if then.input_sha256 != subject.input_sha256 {
        return other(format!("input, of {} bytes", then.input_bytes));
    }
    if before.remarks.contains(&Remark::Interrupted) && before.probe.fuel.is_empty() {
        return Err(BaselineError::Unfinished);
    }
    Ok(())
}

/// Compare `after` with `before`, which was read from the file `baseline`.
#[must_use]
pub fn compare(baseline: &Path, before: &BenchReport, after: &BenchReport) -> Comparison {
    let calls = before.probe.fuel.len().min(after.probe.fuel.len());
    let mean = |report: &BenchReport| {
        let sum: u64 = report.probe.fuel.iter().take(calls).sum();
        sum as f64 / calls.max(1) as f64
    };
    let exact = calls > 0 && before.probe.repeatable && after.probe.repeatable;
    let counted = |before: f64, after: f64, exact: bool| Counted {
        before,
        after,
        verdict: match after.total_cmp(&before) {
            _ if !exact => Verdict::Unknown,
            std::cmp::Ordering::Less => Verdict::Less,
            std::cmp::Ordering::Equal => Verdict::Same,
            std::cmp::Ordering::Greater => Verdict::More,
        },
    };
    let whole = before.probe.fuel.len() == after.probe.fuel.len();
    let times_differ_in = differ_in(before, after);
    let levels = after.levels.iter().filter_map(|after| {
        let before = before
            .levels
            .iter()
            .find(|before| before.concurrency == after.concurrency)?;
        timed(before, after, times_differ_in.is_empty())
    });
    Comparison {
        baseline: baseline.display().to_string(),
        same_component: before.subject.sha256 == after.subject.sha256,
        fuel: counted(mean(before), mean(after), exact),
        memory: counted(
            before.probe.memory_bytes as f64,
            after.probe.memory_bytes as f64,
            exact && whole,
        ),
        levels: levels.collect(),
        times_differ_in,
    }
}

fn timed(before: &Level, after: &Level, comparable: bool) -> Option<Timed> {
    let shift = shift(&before.slices_us, &after.slices_us);
    let verdict = match shift {
        Some(shift) if comparable => {
            let counts = shift.p < SIGNIFICANCE && shift.relative.abs() >= EFFECT;
            match shift.relative > 0.0 {
                _ if !counts => Verdict::Same,
                true => Verdict::More,
                false => Verdict::Less,
            }
        }
        _ => Verdict::Unknown,
    };
    Some(Timed {
        concurrency: after.concurrency,
        before_us: before.latency?.p50_us,
        after_us: after.latency?.p50_us,
        throughput_before: before.throughput,
        throughput_after: after.throughput,
        shift,
        verdict,
    })
}

/// In what two reports differ so that their times say nothing about each other.
fn differ_in(before: &BenchReport, after: &BenchReport) -> Vec<String> {
    let (then, now) = (&before.machine, &after.machine);
    let mut differ = Vec::new();
    let mut add = |what: &str, then: String, now: String| {
        if then != now {
            differ.push(format!("{what}: {then} then, {now} now"));
        }
    };
    let system = |machine: &crate::report::Machine| format!("{} {}", machine.os, machine.arch);
    add("the system", system(then), system(now));
    let processor =
        |machine: &crate::report::Machine| machine.processor.clone().unwrap_or_else(|| "unknown".to_owned());
    add("the processor", processor(then), processor(now));
    add(
        "threads at the same time",
        then.cpus.to_string(),
        now.cpus.to_string(),
    );
    let built = |optimised| if optimised { "optimised" } else { "not optimised" }.to_owned();
    add(
        "how yoikit was compiled",
        built(then.optimised),
        built(now.optimised),
    );
    let pace = |pace| match pace {
        crate::bench::Pace::Closed => "closed".to_owned(),
        crate::bench::Pace::Open { rate } => format!("{rate} calls a second"),
    };
    add("the pace", pace(before.settings.pace), pace(after.settings.pace));
    differ
}

impl Comparison {
    /// Whether something that is counted became more.
    #[must_use]
    pub fn spends_more(&self) -> bool {
        self.fuel.verdict == Verdict::More || self.memory.verdict == Verdict::More
    }

    /// Whether calls became slower, at any level.
    #[must_use]
    pub fn is_slower(&self) -> bool {
        self.levels.iter().any(|level| level.verdict == Verdict::More)
    }
}
