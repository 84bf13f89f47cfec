//! What every call has in common that is let in, or waited for.

use crate::authority::{Authority, HostApi};
use crate::imports::{HostError, HostErrorCode};
use crate::world::Unfinished;

/// Whether the host API may be called at all.
pub(crate) fn permitted(authority: &Authority, api: HostApi) -> Result<(), HostError> {
    match authority.host_api(api) {
        Ok(_) => Ok(()),
        Err(denial) => {
            let message = format!("plugin host API dispatch denied: {denial}");
            Err(HostError::denied(message, denial))
        }
    }
}

/// Why there is no result to wait for.
pub(crate) fn unfinished(why: Unfinished<HostError>) -> HostError {
    match why {
        Unfinished::GivenUp(over) => over,
        Unfinished::NotStarted(cause) => {
            let message = format!("the host's network could not be started: {cause}");
            HostError::new(HostErrorCode::Unreachable, message)
        }
        Unfinished::Lost => HostError::new(HostErrorCode::Failed, "the host lost the connection's work"),
    }
}
