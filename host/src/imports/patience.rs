//! How long a host call may take because of the guest call it belongs to.

use std::time::Instant;

use super::{HostError, HostErrorCode};
use crate::engine::Cancel;

/// Until when, and by whom, the guest call under way may be ended.
///
/// The clock of the engine ends a guest, and cannot end a host function in which the guest waits: whoever
/// waits there asks this instead.
#[derive(Debug, Clone)]
pub struct Patience {
    cancel: Cancel,
    pub(super) until: Option<Instant>,
}

impl Patience {
    /// Until `until`, or until `cancel` says so.
    #[must_use]
    pub const fn new(cancel: Cancel, until: Instant) -> Self {
        Self {
            cancel,
            until: Some(until),
        }
    }

    /// Until `cancel` says so: for a guest whose time is judged when it is done.
    #[must_use]
    pub const fn endless(cancel: Cancel) -> Self {
        Self { cancel, until: None }
    }

    /// Whether it may be waited further at `now`.
    ///
    /// # Errors
    ///
    /// [`HostErrorCode::Timeout`], in words that tell the two ends apart.
    pub fn check(&self, now: Instant) -> Result<(), HostError> {
        let over = if self.cancel.is_cancelled() {
            "the call was cancelled while the host waited"
        } else if self.until.is_some_and(|until| now >= until) {
            "the time of the call was over while the host waited"
        } else {
            return Ok(());
        };
        Err(HostError::new(HostErrorCode::Timeout, over))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_ends_at_its_time() {
        let now = Instant::now();
        let patience = Patience::new(Cancel::default(), now + Duration::from_secs(1));
        assert_eq!(patience.check(now), Ok(()));
        let error = patience.check(now + Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.code, HostErrorCode::Timeout);
        insta::assert_snapshot!(error, @"the time of the call was over while the host waited");
    }

    #[test]
    fn it_ends_when_it_is_told_to() {
        let cancel = Cancel::default();
        let patience = Patience::endless(cancel.clone());
        let now = Instant::now();
        assert_eq!(patience.check(now), Ok(()));
        cancel.cancel();
        let error = patience.check(now).unwrap_err();
        insta::assert_snapshot!(error, @"the call was cancelled while the host waited");
    }
}
