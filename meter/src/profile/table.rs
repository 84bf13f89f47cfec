//! What each function spends: by itself, and with what it calls.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::plugin::Samples;

/// A function, and what it spends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FunctionLine {
    /// Its name, or its number where it has none.
    pub name: String,
    /// The core module that it is in, where that has a name.
    pub module: Option<String>,
    /// Instructions that it spends by itself.
    pub own: u64,
    /// Instructions that it spends with all that it calls. Where it calls itself, each counts once.
    pub total: u64,
}

/// The functions of samples, those that spend most by themselves first.
#[must_use]
pub fn functions(samples: &Samples) -> Vec<FunctionLine> {
    let mut lines: Vec<FunctionLine> = samples
        .functions
        .iter()
        .map(|function| FunctionLine {
            name: function.name.clone(),
            module: function.module.clone(),
            own: 0,
            total: 0,
        })
        .collect();
    let mut met = HashSet::new();
    for &(stack, fuel) in &samples.samples {
        let stack = &samples.stacks[stack];
        met.clear();
        for &function in stack {
            if met.insert(function) {
                lines[function].total += fuel;
            }
        }
        if let Some(&last) = stack.last() {
            lines[last].own += fuel;
        }
    }
    lines.sort_by(|one, other| {
        let most = |line: &FunctionLine| (line.own, line.total);
        most(other)
            .cmp(&most(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    lines
}

#[cfg(test)]
pub(super) mod tests {
    use yoi_host::plugin::Function;

    use super::*;

    /// `main` calls `parse`, which calls itself and `copy`.
    pub(crate) fn made_up() -> Samples {
        let function = |name: &str| Function {
            name: name.to_owned(),
            named: true,
            module: Some("guest".to_owned()),
        };
        Samples {
            functions: ["main", "parse", "copy"].map(function).into(),
            stacks: vec![vec![0], vec![0, 1], vec![0, 1, 1], vec![0, 1, 1, 2]],
            samples: vec![(0, 10), (1, 20), (2, 30), (3, 5), (2, 1), (0, 4)],
            fuel: 70,
            late: 0,
            period: 1,
        }
    }

    #[test]
    fn a_function_that_calls_itself_counts_once() {
        let lines = functions(&made_up());
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.name.as_str(), line.own, line.total))
            .collect();
        assert_eq!(told, [("parse", 51, 56), ("main", 14, 70), ("copy", 5, 5)]);
        assert_eq!(lines.iter().map(|line| line.own).sum::<u64>(), made_up().fuel);
    }
}
