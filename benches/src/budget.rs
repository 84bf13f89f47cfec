//! What the counts of instructions may come to, and what is said of one that came to more.
//!
//! Wall clock does not resolve a few hundred instructions, and belongs to the machine. Counts do not: those of a
//! guest (wasmtime's fuel) are the same everywhere, those of the processor (callgrind) for one compiler and its
//! settings. So they can have budgets, which are committed with the reason for each.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Deserialize;

/// How far below its budget a count may be before it is said that the budget should follow it, in percent.
const TO_SPARE: u64 = 10;

/// The committed budgets: `benches/budgets.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// Instructions of the processor, as callgrind counts them, by the name of what is measured.
    pub instructions: BTreeMap<String, Budget<PerBuild>>,
    /// Instructions of guests, in wasmtime's fuel.
    pub fuel: BTreeMap<String, Budget<u64>>,
}

/// What one count may come to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget<T> {
    /// The most.
    pub at_most: T,
    /// Why so many.
    pub reason: String,
}

/// Counts of the processor differ by how this program was compiled.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerBuild {
    /// With optimisation.
    pub release: u64,
    /// As tests are built.
    pub dev: u64,
}

/// What was counted.
pub type Counts = BTreeMap<String, u64>;

/// What is to be said of all counts of a kind, a line for each.
#[derive(Debug, Default)]
pub struct Judged {
    lines: String,
    passed: usize,
}

impl Budgets {
    /// Read the budgets out of the text of their file.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Hold instructions of the processor to their budgets.
    #[must_use]
    pub fn judge_instructions(&self, counted: &Counts) -> Judged {
        let budgets = self.instructions.iter().map(|(name, budget)| {
            let PerBuild { release, dev } = budget.at_most;
            (name, if cfg!(debug_assertions) { dev } else { release })
        });
        judge("instructions", budgets.collect(), counted)
    }

    /// Hold instructions of guests to their budgets.
    #[must_use]
    pub fn judge_fuel(&self, counted: &Counts) -> Judged {
        let budgets = self.fuel.iter().map(|(name, budget)| (name, budget.at_most));
        judge("fuel", budgets.collect(), counted)
    }
}

impl Judged {
    /// Whether every count has a budget and keeps it.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.passed == 0
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines)
    }
}

fn judge(unit: &str, budgets: BTreeMap<&String, u64>, counted: &Counts) -> Judged {
    let mut judged = Judged::default();
    for (name, &count) in counted {
        let (fine, said) = match budgets.get(name) {
            None => (
                false,
                format!("NO BUDGET in benches/budgets.toml: [{unit}.{name}]"),
            ),
            Some(&most) if count > most => (
                false,
                format!(
                    "PASSED, {} are budgeted: {} too many",
                    grouped(most),
                    percent(count - most, most)
                ),
            ),
            Some(&most) if (most - count) * 100 > most * TO_SPARE => (
                true,
                format!(
                    "kept, with {} to spare: lower the budget",
                    percent(most - count, most)
                ),
            ),
            Some(&most) => (true, format!("kept ({} are budgeted)", grouped(most))),
        };
        judged.passed += usize::from(!fine);
        let _ = writeln!(judged.lines, "{name:<34} {:>12} {unit}  {said}", grouped(count));
    }
    for name in budgets.keys().filter(|name| !counted.contains_key(name.as_str())) {
        judged.passed += 1;
        let _ = writeln!(
            judged.lines,
            "{name:<34} {:>12} {unit}  BUDGETED, AND NOT MEASURED",
            "–"
        );
    }
    judged
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}

/// A number with a space between each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGETS: &str = r#"
        [instructions.call]
        at_most = { release = 10_000, dev = 10_000 }
        reason = "because"

        [fuel]
        echo = { at_most = 1_000_000, reason = "because" }
        gone = { at_most = 1, reason = "because" }
    "#;

    fn counts(of: &[(&str, u64)]) -> Counts {
        of.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
    }

    #[test]
    fn a_count_is_held_to_its_budget() {
        let budgets = Budgets::parse(BUDGETS).unwrap();
        let said = |count| {
            let judged = budgets.judge_instructions(&counts(&[("call", count)]));
            (judged.is_kept(), judged.to_string())
        };
        let (kept, line) = said(9_900);
        assert!(kept);
        insta::assert_snapshot!(line, @"call                                      9 900 instructions  kept (10 000 are budgeted)");
        let (kept, line) = said(5_000);
        assert!(kept);
        insta::assert_snapshot!(line, @"call                                      5 000 instructions  kept, with 50.0 % to spare: lower the budget");
        let (kept, line) = said(10_600);
        assert!(!kept);
        insta::assert_snapshot!(line, @"call                                     10 600 instructions  PASSED, 10 000 are budgeted: 6.0 % too many");
    }

    #[test]
    fn a_count_without_a_budget_and_a_budget_without_a_count_are_faults() {
        let budgets = Budgets::parse(BUDGETS).unwrap();
        let judged = budgets.judge_fuel(&counts(&[("echo", 999_999), ("new", 12)]));
        assert!(!judged.is_kept());
        insta::assert_snapshot!(judged, @"
        echo                                    999 999 fuel  kept (1 000 000 are budgeted)
        new                                          12 fuel  NO BUDGET in benches/budgets.toml: [fuel.new]
        gone                                          – fuel  BUDGETED, AND NOT MEASURED
        ");
    }

    #[test]
    fn a_budget_needs_a_reason() {
        let error = Budgets::parse("instructions = {}\nfuel = { a = { at_most = 1 } }").unwrap_err();
        insta::assert_snapshot!(error.message(), @"missing field `reason`");
    }
}
