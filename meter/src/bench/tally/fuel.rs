//! The instructions of calls.

use std::collections::BTreeMap;

use crate::limits::FUEL_COUNTS;
use crate::report::{Fuel, FuelCount};

/// What calls spent.
#[derive(Default)]
pub(super) struct FuelTally {
    calls: u64,
    sum: u128,
    min: Option<u64>,
    max: u64,
    counts: BTreeMap<u64, u64>,
    /// There are more different counts than are told.
    many: bool,
}

impl FuelTally {
    pub(super) fn note(&mut self, fuel: u64) {
        self.calls += 1;
        self.sum += u128::from(fuel);
        self.min = Some(self.min.map_or(fuel, |min| min.min(fuel)));
        self.max = self.max.max(fuel);
        self.count(fuel, 1);
    }

    fn count(&mut self, fuel: u64, calls: u64) {
        if self.many {
            return;
        }
        *self.counts.entry(fuel).or_default() += calls;
        if self.counts.len() > FUEL_COUNTS {
            self.many = true;
            self.counts.clear();
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.sum += other.sum;
        self.min = self.min.into_iter().chain(other.min).min();
        self.max = self.max.max(other.max);
        if other.many {
            self.many = true;
            self.counts.clear();
        }
        for (fuel, calls) in other.counts {
            self.count(fuel, calls);
        }
    }

    pub(super) fn end(self) -> Option<Fuel> {
        Some(Fuel {
            min: self.min?,
            mean: self.sum as f64 / self.calls as f64,
            max: self.max,
            counts: self
                .counts
                .into_iter()
                .map(|(fuel, calls)| FuelCount { fuel, calls })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_counts_of_instructions_are_told() {
        let mut few = FuelTally::default();
        few.note(7);
        let mut many = FuelTally::default();
        (0..=FUEL_COUNTS as u64).for_each(|fuel| many.note(fuel));
        few.add(many);
        let fuel = few.end().unwrap();
        assert_eq!(
            (fuel.min, fuel.max, fuel.counts.len()),
            (0, FUEL_COUNTS as u64, 0)
        );
        assert_eq!(FuelTally::default().end(), None);
    }
}
