//! What went wrong, by its code.

use std::collections::BTreeMap;

use crate::limits::{ERROR_BYTES, ERRORS};
use crate::report::Error;

/// Failures, so many kinds of them as are kept; all are counted that are of one of these.
#[derive(Debug, Default)]
pub(crate) struct Failures(BTreeMap<String, Error>);

impl Failures {
    /// A call failed: its code, and its words, of which those of the first are kept.
    pub(crate) fn note(&mut self, code: String, mut message: String) {
        if let Some(known) = self.0.get_mut(&code) {
            known.calls += 1;
        } else if self.0.len() < ERRORS {
            message.truncate(message.floor_char_boundary(ERROR_BYTES));
            let error = Error {
                code: code.clone(),
                message,
                calls: 1,
            };
            self.0.insert(code, error);
        }
    }

    /// Those of another worker as well.
    pub(super) fn add(&mut self, others: Self) {
        for (code, error) in others.0 {
            match self.0.get_mut(&code) {
                Some(known) => known.calls += error.calls,
                None => drop(self.0.insert(code, error)),
            }
        }
    }

    /// The most frequent first.
    pub(crate) fn told(&self) -> Vec<Error> {
        let mut errors: Vec<Error> = self.0.values().cloned().collect();
        // They are in the order of their codes.
        errors.sort_by_key(|error| std::cmp::Reverse(error.calls));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_with_the_words_of_the_first_of_them() {
        let mut failures = Failures::default();
        let mut others = Failures::default();
        failures.note("fault.trap".to_owned(), "one".to_owned());
        failures.note("fault.fuel".to_owned(), "two".to_owned());
        others.note("fault.fuel".to_owned(), "three".to_owned());
        others.note("tool.failed".to_owned(), "é".repeat(ERROR_BYTES));
        failures.add(others);
        let told = failures.told();
        let short: Vec<_> = told
            .iter()
            .map(|error| (error.code.as_str(), error.calls))
            .collect();
        assert_eq!(short, [("fault.fuel", 2), ("fault.trap", 1), ("tool.failed", 1)]);
        assert_eq!(told[0].message, "two");
        assert!(told[2].message.len() <= ERROR_BYTES);
    }

    #[test]
    fn no_more_kinds_are_kept_than_a_report_has_room_for() {
        let mut failures = Failures::default();
        for n in 0..ERRORS + 10 {
            failures.note(format!("tool.{n:04}"), String::new());
        }
        assert_eq!(failures.told().len(), ERRORS);
    }
}
