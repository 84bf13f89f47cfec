//! How a child ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

pub use yoi_dialects::ending::{EndedBy, Ending, How};

/// How a process ended that has this status.
pub(super) fn how(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Exited(code),
        (None, Some(signal)) => How::Signalled(signal),
        (None, None) => How::Silent,
    }
}
