//! What a plugin answers with when it cannot do what it was asked.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::limits::{MAX_ERROR_MESSAGE_BYTES, MAX_LIFECYCLE_OUTPUT_BYTES};
use crate::output::ToolOutput;
use crate::text::bounded;

/// The result of everything that an author writes.
pub type Result<T> = std::result::Result<T, ToolError>;

/// Why a call failed, in the words of the plugin.
///
/// A host shows it to the model and to the operator: say what was wrong and, if it can be said, what would be
/// right. For the host a tool that fails this way has worked; only a trap has not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ToolError {
    code: ToolErrorCode,
    message: String,
    details: Option<Value>,
}

/// The kind of a [`ToolError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolErrorCode {
    /// The input is not what the tool takes.
    InvalidInput,
    /// The plugin made an answer that breaks the contract, most often one that is too long.
    InvalidOutput,
    /// A value has no form as JSON.
    Serialization,
    /// The plugin may not do this here.
    Denied,
    /// The plugin has no tool or ingress of that name.
    UnsupportedTool,
    /// Anything else.
    Failed,
}

impl ToolErrorCode {
    /// The code as it stands in an answer, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::InvalidOutput => "invalid_output",
            Self::Serialization => "serialization",
            Self::Denied => "denied",
            Self::UnsupportedTool => "unsupported_tool",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ToolErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ToolError {
    /// An error of kind `code`. The message is kept to [`MAX_ERROR_MESSAGE_BYTES`] as [`bounded`] does it.
    pub fn new(code: ToolErrorCode, message: impl AsRef<str>) -> Self {
        Self {
            code,
            message: bounded(message.as_ref(), MAX_ERROR_MESSAGE_BYTES),
            details: None,
        }
    }

    /// A [`ToolErrorCode::InvalidInput`].
    pub fn invalid_input(message: impl AsRef<str>) -> Self {
        Self::new(ToolErrorCode::InvalidInput, message)
    }

    /// A [`ToolErrorCode::InvalidOutput`].
    pub fn invalid_output(message: impl AsRef<str>) -> Self {
        Self::new(ToolErrorCode::InvalidOutput, message)
    }

    /// A [`ToolErrorCode::Denied`].
    pub fn denied(message: impl AsRef<str>) -> Self {
        Self::new(ToolErrorCode::Denied, message)
    }

    /// A [`ToolErrorCode::UnsupportedTool`] for the tool `name`.
    pub fn unsupported_tool(name: &str) -> Self {
        Self::new(
            ToolErrorCode::UnsupportedTool,
            format!("this plugin has no tool `{name}`"),
        )
    }

    /// A [`ToolErrorCode::UnsupportedTool`] for the ingress `name`.
    pub fn unsupported_ingress(name: &str) -> Self {
        Self::new(
            ToolErrorCode::UnsupportedTool,
            format!("this plugin has no ingress `{name}`"),
        )
    }

    /// A [`ToolErrorCode::Failed`].
    pub fn failed(message: impl AsRef<str>) -> Self {
        Self::new(ToolErrorCode::Failed, message)
    }

    /// Adds data for a program to read. Details that the answer has no room for are left out of it.
    pub fn with_details(mut self, details: impl Into<Value>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// The kind.
    pub fn code(&self) -> ToolErrorCode {
        self.code
    }

    /// The message, without the code.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The details, if any.
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    /// The error as the answer of a tool: the summary `tool error: <code>`, and
    /// `{"error":{"code","message","details"?}}` as content.
    pub fn to_tool_output(&self) -> ToolOutput {
        let output = |error: &Self| {
            ToolOutput::json(format!("tool error: {}", self.code), &Rendered::new(error, None))
        };
        output(self)
            .or_else(|_| output(&self.without_details()))
            .expect("a bounded message fits")
    }

    /// The error as the answer of `start`, `status` or `stop`: `{"error":{"code","message","details"?}}`.
    pub(crate) fn to_lifecycle_json(&self) -> String {
        self.to_json(None)
    }

    /// The error as the answer of `handle-ingress`: as in the life cycle, after `"accepted":false`.
    pub(crate) fn to_ingress_json(&self) -> String {
        self.to_json(Some(false))
    }

    fn to_json(&self, accepted: Option<bool>) -> String {
        let json = |error: &Self| {
            to_json_within(
                "error",
                &Rendered::new(error, accepted),
                MAX_LIFECYCLE_OUTPUT_BYTES,
            )
        };
        json(self)
            .or_else(|_| json(&self.without_details()))
            .expect("a bounded message fits")
    }

    fn without_details(&self) -> Self {
        Self {
            details: None,
            ..self.clone()
        }
    }
}

/// An error as it stands in an answer.
#[derive(Serialize)]
struct Rendered<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<bool>,
    error: RenderedError<'a>,
}

#[derive(Serialize)]
struct RenderedError<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
}

impl<'a> Rendered<'a> {
    fn new(error: &'a ToolError, accepted: Option<bool>) -> Self {
        let ToolError {
            code,
            message,
            details,
        } = error;
        let error = RenderedError {
            code: code.as_str(),
            message,
            details: details.as_ref(),
        };
        Self { accepted, error }
    }
}

impl From<serde_json::Error> for ToolError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(ToolErrorCode::Serialization, error.to_string())
    }
}

/// `value` as compact JSON of at most `max_bytes`; `what` names it in the error.
pub(crate) fn to_json_within(what: &str, value: &impl Serialize, max_bytes: usize) -> Result<String> {
    let json = serde_json::to_string(value)?;
    if json.len() > max_bytes {
        return Err(ToolError::invalid_output(format!(
            "the {what} takes {} bytes as JSON, at most {max_bytes} are allowed",
            json.len()
        )));
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::limits::MAX_TOOL_OUTPUT_BYTES;

    #[test]
    fn an_error_reads_as_its_code_and_message() {
        assert_snapshot!(ToolError::failed("guest said no"), @"failed: guest said no");
    }

    #[test]
    fn an_error_is_an_output_that_says_so() {
        let error = ToolError::unsupported_tool("x");
        assert_snapshot!(
            error.to_tool_output().to_json_string(),
            @r#"{"summary":"tool error: unsupported_tool","content":"{\"error\":{\"code\":\"unsupported_tool\",\"message\":\"this plugin has no tool `x`\"}}"}"#
        );
    }

    #[test]
    fn details_stand_beside_the_message() {
        let error = ToolError::denied("not here").with_details(json!({ "path": "/etc" }));
        assert_snapshot!(
            error.to_tool_output().content().unwrap(),
            @r#"{"error":{"code":"denied","message":"not here","details":{"path":"/etc"}}}"#
        );
    }

    #[test]
    fn details_without_room_are_left_out() {
        let error = ToolError::failed("no").with_details("x".repeat(MAX_TOOL_OUTPUT_BYTES));
        let without = r#"{"error":{"code":"failed","message":"no"}}"#;
        assert_eq!(error.to_tool_output().content(), Some(without));
        assert_eq!(error.to_lifecycle_json(), without);
    }

    #[test]
    fn an_error_in_answer_to_an_event_does_not_accept_it() {
        assert_snapshot!(
            ToolError::failed("no").to_ingress_json(),
            @r#"{"accepted":false,"error":{"code":"failed","message":"no"}}"#
        );
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let error = ToolError::failed("日".repeat(MAX_ERROR_MESSAGE_BYTES));
        assert_eq!(error.message().len(), MAX_ERROR_MESSAGE_BYTES - 1);
        assert!(error.message().ends_with("日…"));
    }

    proptest! {
        #[test]
        fn an_error_always_fits(message in any::<String>(), details in any::<String>(), times in 1usize..1500) {
            let error = ToolError::failed(message.repeat(times)).with_details(details.repeat(times));
            prop_assert!(error.to_tool_output().to_json_string().len() <= MAX_TOOL_OUTPUT_BYTES);
            prop_assert!(error.to_lifecycle_json().len() <= MAX_LIFECYCLE_OUTPUT_BYTES);
            prop_assert!(error.to_ingress_json().len() <= MAX_LIFECYCLE_OUTPUT_BYTES);
        }
    }
}
