//! What every call has in common that is let in, or waited for.

use crate::authority::{Authority, Denial, HostApi};
use crate::imports::{HostError, HostErrorCode};
use crate::world::Unfinished;

/// Whether the host API may be called at all. Where it may not, `wanted` is what else would be denied in this
/// call: whoever adds the lines is not sent back for more.
pub(crate) fn permitted(
    authority: &Authority,
    api: HostApi,
    wanted: impl FnOnce() -> Option<Denial>,
) -> Result<(), HostError> {
    match authority.host_api(api) {
        Ok(_) => Ok(()),
        Err(denial) => {
            let denial = match wanted() {
                Some(wanted) => denial.with_lines_of(wanted),
                None => denial,
            };
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::imports::egress::fixtures::words;

    #[test]
    fn a_host_that_has_no_result_says_why() {
        let why = [
            Unfinished::GivenUp(HostError::new(
                HostErrorCode::Timeout,
                "in the words of who gave up",
            )),
            Unfinished::NotStarted(io::Error::other("no more threads")),
            Unfinished::Lost,
        ];
        let told = why.map(|why| words(&Err(unfinished(why)))).join("\n");
        insta::assert_snapshot!(told, @"
        Timeout: in the words of who gave up
        Unreachable: the host's network could not be started: no more threads
        Failed: the host lost the connection's work
        ");
    }

    #[test]
    fn each_host_api_is_denied_by_its_name() {
        let told = HostApi::ALL
            .map(|api| words(&permitted(&Authority::none(), api, || None).map(|()| String::new())))
            .join("\n");
        insta::assert_snapshot!(told, @"
        Denied: plugin host API dispatch denied: requested host_api.request permission is missing
        Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
        Denied: plugin host API dispatch denied: requested host_api.fs permission is missing
        ");
    }
}
