//! How long to wait before something is tried again.

use std::time::Duration;

/// A pause that doubles with every failure, up to a bound.
///
/// Between half of it and all of it is waited: whatever failed at the same moment is not tried again at the same
/// moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
}

impl Backoff {
    /// The pause after so many failures in a row, one at least. `chance` is any number at random.
    pub(super) fn pause(self, failures: u32, chance: u64) -> Duration {
        let doubled = 2_u32
            .checked_pow(failures.saturating_sub(1))
            .and_then(|times| self.first.checked_mul(times));
        let whole = doubled.map_or(self.most, |pause| pause.min(self.most));
        let half = whole / 2;
        let spread = u64::try_from((whole - half).as_nanos()).unwrap_or(u64::MAX);
        match spread.checked_add(1) {
            Some(choices) => half + Duration::from_nanos(chance % choices),
            None => whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_bound() {
        let backoff = Backoff {
            first: Duration::from_millis(100),
            most: Duration::from_secs(1),
        };
        let longest = |failures| {
            let chances = (0..64).map(|n| u64::MAX / 64 * n);
            chances
                .map(|chance| backoff.pause(failures, chance))
                .max()
                .unwrap()
        };
        let ms = |ms| Duration::from_millis(ms);
        for (failures, whole) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1000),
            (4_000_000, 1000),
        ] {
            let pause = longest(failures);
            assert!(
                ms(whole * 9 / 10) < pause && pause <= ms(whole),
                "{failures}: {pause:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn at_least_half_of_the_pause_is_waited_and_never_more_than_all(
            first in 0_u64..10_000,
            most in 0_u64..10_000,
            failures: u32,
            chance: u64,
        ) {
            let (first, most) = (Duration::from_millis(first), Duration::from_millis(most));
            let pause = Backoff { first, most }.pause(failures, chance);
            prop_assert!(pause <= most);
            prop_assert!(pause >= first.min(most) / 2);
        }
    }
}
