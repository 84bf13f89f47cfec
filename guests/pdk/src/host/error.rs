//! Why a host call brought no result.

use std::fmt;

use serde_json::json;

use crate::error::ToolError;

/// Why a host call brought no result.
///
/// The message is the host's, for a person to read; what a plugin decides by is the code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct HostError {
    /// Which reason it is.
    pub code: HostErrorCode,
    /// The same in words.
    pub message: String,
}

/// The kind of a [`HostError`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostErrorCode {
    /// `denied`: the manifest does not declare it, or the operator has not granted it.
    Denied,
    /// `invalid`: what the plugin asked for is malformed.
    Invalid,
    /// `too_large`: it is larger than may be.
    TooLarge,
    /// `unsupported`: it is well-formed, and something that this host API does not do.
    Unsupported,
    /// `timeout`: it took too long.
    Timeout,
    /// `unreachable`: the other side could not be reached.
    Unreachable,
    /// `failed`: the other side answered against its protocol, or broke off.
    Failed,
    /// `too_many`: more are open than may be.
    TooMany,
    /// `unknown_handle`: the connection is not open.
    UnknownHandle,
    /// `not_found`: there is no such file or directory.
    NotFound,
    /// `io`: a file or directory could not be used for another reason.
    Io,
    /// The host answered something that is neither a result nor an error. No host reports it: it is found out
    /// here.
    Malformed,
    /// A code that this version of the kit does not know, as the host wrote it.
    Other(String),
}

impl HostErrorCode {
    /// The code as a host writes it, in snake case; `malformed` for [`Malformed`](Self::Malformed).
    pub fn as_str(&self) -> &str {
        match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::TooMany => "too_many",
            Self::UnknownHandle => "unknown_handle",
            Self::NotFound => "not_found",
            Self::Io => "io",
            Self::Malformed => "malformed",
            Self::Other(code) => code,
        }
    }

    /// What a host means by `code`.
    pub(super) fn reported(code: String) -> Self {
        match code.as_str() {
            "denied" => Self::Denied,
            "invalid" => Self::Invalid,
            "too_large" => Self::TooLarge,
            "unsupported" => Self::Unsupported,
            "timeout" => Self::Timeout,
            "unreachable" => Self::Unreachable,
            "failed" => Self::Failed,
            "too_many" => Self::TooMany,
            "unknown_handle" => Self::UnknownHandle,
            "not_found" => Self::NotFound,
            "io" => Self::Io,
            _ => Self::Other(code),
        }
    }
}

impl fmt::Display for HostErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal stays one ([`Denied`](crate::ToolErrorCode::Denied)), everything else is
/// [`Failed`](crate::ToolErrorCode::Failed). The message stays, and the host's code stands in the details, as
/// `{"host_error": string}`.
impl From<HostError> for ToolError {
    fn from(error: HostError) -> Self {
        let tool_error = match error.code {
            HostErrorCode::Denied => Self::denied(error.message),
            _ => Self::failed(error.message),
        };
        tool_error.with_details(json!({ "host_error": error.code.as_str() }))
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::error::ToolErrorCode;

    const CODES: [&str; 11] = [
        "denied",
        "invalid",
        "too_large",
        "unsupported",
        "timeout",
        "unreachable",
        "failed",
        "too_many",
        "unknown_handle",
        "not_found",
        "io",
    ];

    fn error(code: &str) -> HostError {
        HostError {
            code: HostErrorCode::reported(code.to_owned()),
            message: "no grant covers it".to_owned(),
        }
    }

    #[test]
    fn every_code_of_the_contract_is_known() {
        for code in CODES {
            let known = HostErrorCode::reported(code.to_owned());
            assert!(!matches!(known, HostErrorCode::Other(_)), "{code}");
            assert_eq!(known.as_str(), code);
        }
    }

    #[test]
    fn a_host_cannot_report_what_is_found_out_here() {
        assert_eq!(
            HostErrorCode::reported("malformed".to_owned()),
            HostErrorCode::Other("malformed".to_owned())
        );
    }

    #[test]
    fn an_error_reads_as_code_and_message() {
        assert_snapshot!(error("too_many"), @"too_many: no grant covers it");
    }

    #[test]
    fn a_refusal_stays_one_in_the_answer_of_a_tool() {
        assert_snapshot!(
            ToolError::from(error("denied")).to_tool_output().content().unwrap(),
            @r#"{"error":{"code":"denied","message":"no grant covers it","details":{"host_error":"denied"}}}"#
        );
    }

    #[test]
    fn every_other_error_is_a_failure_of_the_tool() {
        for code in CODES.iter().skip(1).chain(&["malformed", "new"]) {
            let tool_error = ToolError::from(error(code));
            assert_eq!(tool_error.code(), ToolErrorCode::Failed);
            assert_eq!(tool_error.details(), Some(&json!({ "host_error": code })));
        }
    }

    proptest! {
        #[test]
        fn a_code_is_kept_as_the_host_wrote_it(code in any::<String>()) {
            let kept = HostErrorCode::reported(code.clone());
            prop_assert_eq!(kept.as_str(), code);
        }
    }
}
