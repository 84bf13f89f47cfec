//! Chance: numbers that nobody can foresee, or the same ones again.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Where numbers come from that are to spread things out or to tell them apart. They are no secrets.
pub(crate) struct Chance {
    numbers: Mutex<fastrand::Rng>,
}

impl Chance {
    /// The numbers that belong to `seed`; without one, different ones every time.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let numbers = seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            numbers: Mutex::new(numbers),
        }
    }

    /// The next number.
    pub(crate) fn next(&self) -> u64 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.u64(..)
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chance").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_its_numbers_and_none_has_others() {
        let three = |seed| {
            let chance = Chance::new(seed);
            [chance.next(), chance.next(), chance.next()]
        };
        assert_eq!(three(Some(7)), three(Some(7)));
        assert_ne!(three(Some(7)), three(Some(8)));
        assert_ne!(three(None), three(None));
    }
}
