//! Comparisons out of a criterion run: how often a floor's median fits into ours.
//!
//! Absolute times belong to the machine and the hour. What is claimed is a ratio of two medians that one run
//! took one after the other, on the same work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
    /// Most times that the floor's median may fit into ours; none where the figure is only shown.
    pub at_most: Option<f64>,
}

/// One line for a claim: both medians, the ratio, and whether it is kept.
///
/// # Errors
///
/// Where one of the two has not been measured.
pub fn judge(home: &Path, claim: &Claim<'_>) -> io::Result<String> {
    let (ours, floor) = (median(home, claim.ours)?, median(home, claim.floor)?);
    let ratio = ours / floor;
    let verdict = match claim.at_most {
        None => String::new(),
        Some(most) if ratio <= most => format!("  (at most {most}: kept)"),
        Some(most) => format!("  (at most {most}: NOT KEPT)"),
    };
    Ok(format!(
        "{:<28} {:>10.2} µs   {:<28} {:>10.2} µs   ratio {ratio:.2}{verdict}",
        name(claim.ours),
        ours / 1e3,
        name(claim.floor),
        floor / 1e3,
    ))
}

fn name((group, function): Measured<'_>) -> String {
    format!("{group}/{function}")
}

/// The median of a function in nanoseconds.
fn median(home: &Path, (group, function): Measured<'_>) -> io::Result<f64> {
    #[derive(Deserialize)]
    struct Estimates {
        median: Estimate,
    }
    #[derive(Deserialize)]
    struct Estimate {
        point_estimate: f64,
    }
    let path = home.join(group).join(function).join("new").join("estimates.json");
    let estimates: Estimates = serde_json::from_slice(&fs::read(path)?)?;
    Ok(estimates.median.point_estimate)
}
