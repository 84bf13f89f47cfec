//! What a tool answers with.

use serde::Serialize;

use crate::error::{Result, ToolError};
use crate::limits::{MAX_CONTENT_BYTES, MAX_SUMMARY_BYTES, MAX_TOOL_OUTPUT_BYTES};
use crate::text::{bounded, bounded_as_json, without_controls};

/// The answer of a tool: a line for people, and the content for the model.
///
/// Whatever goes in, the rendered output is one that a host takes: the summary is 1 to [`MAX_SUMMARY_BYTES`]
/// long, the content at most [`MAX_CONTENT_BYTES`], both without control characters other than line feed and
/// tab, and the whole at most [`MAX_TOOL_OUTPUT_BYTES`] of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolOutput {
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl ToolOutput {
    /// An output without content. A summary that is too long is cut; a blank one becomes `tool completed`.
    pub fn new(summary: impl AsRef<str>) -> Self {
        let mut summary = bounded(summary.as_ref(), MAX_SUMMARY_BYTES);
        if summary.trim().is_empty() {
            summary = "tool completed".to_owned();
        }
        Self {
            summary,
            content: None,
        }
    }

    /// Adds content. Text that is too long is cut and ends in `…`.
    pub fn with_content(mut self, content: impl AsRef<str>) -> Self {
        self.content = Some(String::new());
        // The empty string that stands in for the content is two of the bytes that the content may take.
        let room = MAX_TOOL_OUTPUT_BYTES - self.to_json_string().len() + 2;
        self.content = Some(bounded_as_json(content.as_ref(), MAX_CONTENT_BYTES, room));
        self
    }

    /// An output whose content is `value` as compact JSON.
    ///
    /// Half a JSON document is of no use, so a value that is too long is an error
    /// ([`InvalidOutput`](crate::ToolErrorCode::InvalidOutput)), not a cut.
    pub fn json(summary: impl AsRef<str>, value: &impl Serialize) -> Result<Self> {
        let content = without_controls(&serde_json::to_string(value)?);
        if content.len() > MAX_CONTENT_BYTES {
            return Err(too_long("content", content.len(), MAX_CONTENT_BYTES));
        }
        let output = Self {
            content: Some(content),
            ..Self::new(summary)
        };
        match output.to_json_string().len() {
            bytes if bytes > MAX_TOOL_OUTPUT_BYTES => Err(too_long("output", bytes, MAX_TOOL_OUTPUT_BYTES)),
            _ => Ok(output),
        }
    }

    /// The summary.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The content, if any.
    pub fn content(&self) -> Option<&str> {
        self.content.as_deref()
    }

    /// The output as a host reads it: `{"summary": string, "content"?: string}`.
    pub fn to_json_string(&self) -> String {
        serde_json::to_string(self).expect("two strings have a form as JSON")
    }
}

fn too_long(what: &str, bytes: usize, max: usize) -> ToolError {
    ToolError::invalid_output(format!(
        "the {what} takes {bytes} bytes, at most {max} are allowed"
    ))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::error::ToolErrorCode;

    #[test]
    fn an_output_without_content_has_no_such_key() {
        assert_snapshot!(ToolOutput::new("done").to_json_string(), @r#"{"summary":"done"}"#);
    }

    #[test]
    fn an_output_is_a_summary_and_content() {
        let output = ToolOutput::new("done").with_content("line\n\"quoted\"");
        assert_snapshot!(
            output.to_json_string(),
            @r#"{"summary":"done","content":"line\n\"quoted\""}"#
        );
    }

    #[test]
    fn a_value_is_compact_json_in_the_content() {
        let output = ToolOutput::json("done", &json!({ "a": [1, null] })).unwrap();
        assert_eq!(output.content(), Some(r#"{"a":[1,null]}"#));
    }

    #[test]
    fn a_blank_summary_is_replaced() {
        for blank in ["", " \n", "\u{1b}"] {
            assert_eq!(ToolOutput::new(blank).summary(), "tool completed");
        }
    }

    #[test]
    fn a_long_summary_is_cut_between_characters() {
        let output = ToolOutput::new("あ".repeat(400));
        assert_eq!(output.summary().len(), MAX_SUMMARY_BYTES - 1);
        assert!(output.summary().ends_with("あ…"));
    }

    #[test]
    fn content_at_the_bound_is_kept() {
        let content = "x".repeat(MAX_CONTENT_BYTES);
        assert_eq!(
            ToolOutput::new("s").with_content(&content).content(),
            Some(&*content)
        );
    }

    #[test]
    fn content_over_the_bound_is_cut() {
        let output = ToolOutput::new("s").with_content("あ".repeat(MAX_CONTENT_BYTES));
        assert_eq!(
            output.content().unwrap().len(),
            MAX_CONTENT_BYTES - MAX_CONTENT_BYTES % 3
        );
    }

    #[test]
    fn content_full_of_escapes_is_held_to_the_bound_of_the_output() {
        let output = ToolOutput::new("s").with_content("\"".repeat(MAX_CONTENT_BYTES));
        let bytes = output.to_json_string().len();
        assert!(
            (MAX_TOOL_OUTPUT_BYTES - 2..=MAX_TOOL_OUTPUT_BYTES).contains(&bytes),
            "{bytes}"
        );
    }

    #[test]
    fn a_value_that_is_too_long_is_an_error() {
        let error = ToolOutput::json("s", &"x".repeat(MAX_CONTENT_BYTES)).unwrap_err();
        assert_eq!(error.code(), ToolErrorCode::InvalidOutput);
        assert_snapshot!(error.message(), @"the content takes 60418 bytes, at most 60416 are allowed");
    }

    #[test]
    fn a_value_that_is_too_long_once_escaped_is_an_error() {
        let error = ToolOutput::json("s", &vec![""; MAX_CONTENT_BYTES / 3 - 1]).unwrap_err();
        assert_eq!(error.code(), ToolErrorCode::InvalidOutput);
        assert_snapshot!(error.message(), @"the output takes 100714 bytes, at most 65536 are allowed");
    }

    proptest! {
        #[test]
        fn an_output_is_always_one_that_a_host_takes(
            summary in any::<String>(),
            content in any::<String>(),
            times in 1usize..1500,
        ) {
            let output = ToolOutput::new(summary.repeat(times)).with_content(content.repeat(times));
            let json = output.to_json_string();
            let value: Value = serde_json::from_str(&json).unwrap();

            prop_assert!(json.len() <= MAX_TOOL_OUTPUT_BYTES);
            prop_assert!(output.summary().len() <= MAX_SUMMARY_BYTES);
            prop_assert!(!output.summary().trim().is_empty());
            prop_assert!(output.content().unwrap().len() <= MAX_CONTENT_BYTES);
            prop_assert_eq!(value["summary"].as_str(), Some(output.summary()));
            prop_assert_eq!(value["content"].as_str(), output.content());
        }
    }
}
