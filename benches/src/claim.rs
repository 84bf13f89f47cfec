//! Comparisons out of a criterion run: how a floor's median stands beside ours.
//!
//! What is claimed is the ratio of two medians that one run took one after the other, on the same work; or their
//! difference, where the work itself is a few microseconds and a ratio would speak of the floor.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

/// Where criterion keeps what it measured.
///
/// `$CRITERION_HOME`, or `criterion` in the target folder, as criterion itself decides.
#[must_use]
pub fn criterion_home() -> PathBuf {
    if let Some(home) = std::env::var_os("CRITERION_HOME") {
        return home.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("target"),
        PathBuf::from,
    );
    target.join("criterion")
}

/// A measured function: a group, and a name in it.
pub type Measured<'a> = (&'a str, &'a str);

/// A promise about two measured functions.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Ours.
    pub ours: Measured<'a>,
    /// What it is held against.
    pub floor: Measured<'a>,
    /// How the two are compared.
    pub compare: Compare,
    /// The largest outcome that keeps the promise; none where the figure is only shown.
    pub at_most: Option<f64>,
}

/// How two medians are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// How many times the floor's fits into ours.
    Ratio,
    /// How much longer ours is, in microseconds, for each of the `calls` that one measured run makes.
    Difference {
        /// How many, at least one.
        calls: u32,
    },
}

/// One line for a claim: both medians, the outcome, and whether it is kept. Of a difference, the medians are
/// those of one call as well.
///
/// # Errors
///
/// Where one of the two has not been measured since the run began: an older figure is of another hour, and
/// maybe of another program.
pub fn judge(home: &Path, began: SystemTime, claim: &Claim<'_>) -> io::Result<String> {
    let calls = match claim.compare {
        Compare::Ratio => 1.0,
        Compare::Difference { calls } => f64::from(calls),
    };
    let micros = |measured| Ok::<_, io::Error>(median(home, began, measured)? / 1e3 / calls);
    let (ours, floor) = (micros(claim.ours)?, micros(claim.floor)?);
    let (word, outcome, unit) = match claim.compare {
        Compare::Ratio => ("ratio", ours / floor, ""),
        Compare::Difference { .. } => ("more", ours - floor, " µs"),
    };
    let verdict = match claim.at_most {
        None => String::new(),
        Some(most) if outcome <= most => format!("  (at most {most}{unit}: kept)"),
        Some(most) => format!("  (at most {most}{unit}: NOT KEPT)"),
    };
    Ok(format!(
        "{:<28} {ours:>10.2} µs   {:<28} {floor:>10.2} µs   {word} {outcome:.2}{unit}{verdict}",
        name(claim.ours),
        name(claim.floor),
    ))
}

fn name((group, function): Measured<'_>) -> String {
    format!("{group}/{function}")
}

/// The median of a function in nanoseconds, if it was measured since then.
fn median(home: &Path, began: SystemTime, measured: Measured<'_>) -> io::Result<f64> {
    Ok(estimates(home, began, measured)?.median.point_estimate)
}

/// The mean of a function in nanoseconds, if it was measured since then.
pub(crate) fn mean(home: &Path, began: SystemTime, measured: Measured<'_>) -> io::Result<f64> {
    Ok(estimates(home, began, measured)?.mean.point_estimate)
}

/// What criterion wrote of a function.
#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

fn estimates(home: &Path, began: SystemTime, (group, function): Measured<'_>) -> io::Result<Estimates> {
    let path = home.join(group).join(function).join("new").join("estimates.json");
    if fs::metadata(&path)?.modified()? < began {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "not measured in this run",
        ));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What is said of two functions whose medians are these, in nanoseconds, in a run that began then.
    fn judged_since(
        began: SystemTime,
        medians: [f64; 2],
        compare: Compare,
        at_most: Option<f64>,
    ) -> io::Result<String> {
        let home = tempfile::tempdir().unwrap();
        for (function, median) in ["ours", "floor"].into_iter().zip(medians) {
            let folder = home.path().join("work").join(function).join("new");
            fs::create_dir_all(&folder).unwrap();
            let estimate = serde_json::json!({ "point_estimate": median });
            let estimates = serde_json::json!({ "mean": estimate, "median": estimate });
            fs::write(folder.join("estimates.json"), estimates.to_string()).unwrap();
        }
        let claim = Claim {
            ours: ("work", "ours"),
            floor: ("work", "floor"),
            compare,
            at_most,
        };
        judge(home.path(), began, &claim)
    }

    fn judged(ours: f64, floor: f64, compare: Compare, at_most: Option<f64>) -> String {
        judged_since(SystemTime::UNIX_EPOCH, [ours, floor], compare, at_most).unwrap()
    }

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        insta::assert_snapshot!(judged(3000.0, 2000.0, Compare::Ratio, Some(1.5)), @"work/ours                          3.00 µs   work/floor                         2.00 µs   ratio 1.50  (at most 1.5: kept)");
        insta::assert_snapshot!(judged(3100.0, 2000.0, Compare::Ratio, Some(1.5)), @"work/ours                          3.10 µs   work/floor                         2.00 µs   ratio 1.55  (at most 1.5: NOT KEPT)");
        insta::assert_snapshot!(judged(3000.0, 2000.0, Compare::Ratio, None), @"work/ours                          3.00 µs   work/floor                         2.00 µs   ratio 1.50");
    }

    #[test]
    fn a_difference_is_that_of_one_call() {
        let hundred = Compare::Difference { calls: 100 };
        insta::assert_snapshot!(judged(300_000.0, 100_000.0, hundred, Some(2.0)), @"work/ours                          3.00 µs   work/floor                         1.00 µs   more 2.00 µs  (at most 2 µs: kept)");
        insta::assert_snapshot!(judged(301_000.0, 100_000.0, hundred, Some(2.0)), @"work/ours                          3.01 µs   work/floor                         1.00 µs   more 2.01 µs  (at most 2 µs: NOT KEPT)");
        insta::assert_snapshot!(judged(100_000.0, 300_000.0, hundred, None), @"work/ours                          1.00 µs   work/floor                         3.00 µs   more -2.00 µs");
    }

    #[test]
    fn what_was_measured_before_the_run_is_not_judged() {
        let later = SystemTime::now() + Duration::from_secs(3600);
        let error = judged_since(later, [1.0, 1.0], Compare::Ratio, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let home = tempfile::tempdir().unwrap();
        let claim = Claim {
            ours: ("work", "ours"),
            floor: ("work", "floor"),
            compare: Compare::Ratio,
            at_most: None,
        };
        let error = judge(home.path(), SystemTime::UNIX_EPOCH, &claim).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
