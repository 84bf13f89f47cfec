//! What a tool answers with.

use std::str::Utf8Error;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scan::Plain;
use super::{OutputError, check_size, kind_of, not_json};
use crate::limits::{SUMMARY_BYTES, TOOL_OUTPUT_BYTES};
use crate::text::bounded;

/// From here on an answer is not looked at.
const TOO_LARGE: usize = TOOL_OUTPUT_BYTES + 1;

/// What a tool answers with: `{"summary": string, "content"?: string | null}` and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolOutput {
    /// What a model reads first: 1 to 1024 bytes.
    pub summary: String,
    /// The whole of it, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// An error in a tool's own terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolError {
    /// `invalid_input`, `denied`, `failed` and the like.
    pub code: String,
    /// The same in words.
    pub message: String,
}

impl ToolOutput {
    /// Read a guest's answer, of at most 65536 bytes.
    ///
    /// # Errors
    ///
    /// The first way in which it breaks the contract: size, syntax, unknown keys, summary, content.
    pub fn read(answer: &str) -> Result<Self, OutputError> {
        check_size(answer, TOOL_OUTPUT_BYTES)?;
        // An array is not looked at as what it is: serde would take it for the fields in their order.
        let output = match answer.trim_start().starts_with('[') {
            true => Self::read_closely(answer),
            false => serde_json::from_str(answer).or_else(|_| Self::read_closely(answer)),
        }?;
        output.check_summary()?;
        Ok(output)
    }

    /// The same from what lies in a guest's memory, of which it is not known yet that it is text: one look at it, and
    /// one copy, where it is plain.
    pub(in crate::plugin) fn read_bytes(answer: &[u8]) -> Result<Result<Self, OutputError>, Utf8Error> {
        let plain = match answer.len() {
            // It is not read at all, but a guest that does not even answer with text is told so.
            TOO_LARGE.. => None,
            _ => Plain::of(answer),
        };
        let Some(Plain { summary, content }) = plain else {
            return str::from_utf8(answer).map(Self::read);
        };
        let output = Self {
            summary: summary.to_owned(),
            content: content.map(str::to_owned),
        };
        Ok(output.check_summary().map(|()| output))
    }

    /// The error that the tool itself reports, in the form that the PDKs give it: the summary
    /// `tool error: CODE`, and as content `{"error": {"code", "message"}}`. To a host such an answer is as good
    /// as any.
    #[must_use]
    pub fn reported_error(&self) -> Option<ToolError> {
        #[derive(Deserialize)]
        struct Content {
            error: ToolError,
        }
        let code = self.summary.strip_prefix("tool error: ")?;
        let Content { error } = serde_json::from_str(self.content.as_deref()?).ok()?;
        (error.code == code).then_some(error)
    }

    /// Find what is wrong, in the order in which the contract asks. A repeated key is not: the last counts.
    fn read_closely(answer: &str) -> Result<Self, OutputError> {
        let object = match serde_json::from_str(answer).map_err(not_json)? {
            Value::Object(object) => object,
            other => {
                return Err(OutputError::NotAnObject {
                    found: kind_of(&other),
                });
            }
        };
        if let Some(key) = object
            .keys()
            .find(|key| !matches!(key.as_str(), "summary" | "content"))
        {
            return Err(OutputError::UnsupportedKey(bounded(key, 64).into_owned()));
        }
        let summary = match object.get("summary") {
            None => return Err(OutputError::Missing("summary")),
            Some(Value::String(summary)) => summary.clone(),
            Some(other) => {
                return Err(OutputError::WrongType {
                    key: "summary",
                    wanted: "a string",
                    found: kind_of(other),
                });
            }
        };
        let content = match object.get("content") {
            None | Some(Value::Null) => None,
            Some(Value::String(content)) => Some(content.clone()),
            Some(other) => {
                return Err(OutputError::WrongType {
                    key: "content",
                    wanted: "a string or null",
                    found: kind_of(other),
                });
            }
        };
        Ok(Self { summary, content })
    }

    fn check_summary(&self) -> Result<(), OutputError> {
        match self.summary.len() {
            0 => Err(OutputError::EmptySummary),
            bytes if bytes > SUMMARY_BYTES => Err(OutputError::LongSummary {
                bytes,
                limit: SUMMARY_BYTES,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(answer: &str) -> String {
        ToolOutput::read(answer).unwrap_err().to_string()
    }

    #[test]
    fn content_may_be_a_string_null_or_absent() {
        for (answer, content) in [
            (r#"{"summary":"s","content":"c"}"#, Some("c")),
            (r#"{"summary":"s","content":null}"#, None),
            (r#"{"summary":"s"}"#, None),
            (r#"{"summary":" ","summary":"s"}"#, None),
        ] {
            let output = ToolOutput::read(answer).unwrap();
            assert_eq!(
                (output.summary.as_str(), output.content.as_deref()),
                ("s", content)
            );
        }
    }

    #[test]
    fn every_way_to_break_the_contract_has_its_message() {
        let long = format!(r#"{{"summary":"{}"}}"#, "é".repeat(513));
        let huge = format!(
            r#"{{"summary":"s","content":"{}"}}"#,
            "x".repeat(TOOL_OUTPUT_BYTES)
        );
        insta::assert_snapshot!(refusal(""), @"answered nothing");
        insta::assert_snapshot!(refusal(&huge), @"answered 65564 bytes, 65536 are allowed");
        insta::assert_snapshot!(refusal("{\"summary\":"), @"answered something that is not JSON: EOF while parsing a value at line 1 column 11");
        insta::assert_snapshot!(refusal("[]"), @"answered an array where an object is wanted");
        insta::assert_snapshot!(refusal(r#"["summary", "content"]"#), @"answered an array where an object is wanted");
        insta::assert_snapshot!(refusal(r#"{"summary":"s","err\u001b[31mor":1}"#), @"answered an object with the key `err [31mor`, which is not part of it");
        insta::assert_snapshot!(refusal("{}"), @"answered an object without `summary`");
        insta::assert_snapshot!(refusal(r#"{"summary":1}"#), @"answered with `summary` as a number; it must be a string");
        insta::assert_snapshot!(refusal(r#"{"summary":""}"#), @"answered with an empty `summary`");
        insta::assert_snapshot!(refusal(&long), @"answered with a `summary` of 1026 bytes, 1024 are allowed");
        insta::assert_snapshot!(refusal(r#"{"summary":"s","content":{}}"#), @"answered with `content` as an object; it must be a string or null");
    }

    #[test]
    fn an_error_in_the_tools_own_terms_is_recognised() {
        let output = |summary: &str, content: &str| ToolOutput {
            summary: summary.to_owned(),
            content: Some(content.to_owned()),
        };
        let content = r#"{"error":{"code":"denied","message":"no"}}"#;
        let error = output("tool error: denied", content).reported_error().unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("denied", "no"));
        for other in [
            output("denied", content),
            output("tool error: failed", content),
            output("tool error: denied", "no"),
        ] {
            assert_eq!(other.reported_error(), None);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_no_answer() {
        for frame in [
            &br#"{"summary":"s","content":"X"}"#[..],
            br#"{"summary":"X","content":"s"}"#,
            b"X",
        ] {
            let at = frame.iter().position(|&byte| byte == b'X').unwrap();
            for long in [0, 1, 64, 1000, TOOL_OUTPUT_BYTES] {
                let answer = [&frame[..at], &vec![b'x'; long], b"\xff", &frame[at + 1..]].concat();
                let error = ToolOutput::read_bytes(&answer).unwrap_err();
                assert_eq!(error.valid_up_to(), at + long);
            }
        }
    }

    #[test]
    fn the_bounds_are_inclusive() {
        let summary = "s".repeat(SUMMARY_BYTES);
        assert!(ToolOutput::read(&format!(r#"{{"summary":"{summary}"}}"#)).is_ok());
        let frame = r#"{"summary":"s","content":""}"#.len();
        let content = "x".repeat(TOOL_OUTPUT_BYTES - frame);
        assert!(ToolOutput::read(&format!(r#"{{"summary":"s","content":"{content}"}}"#)).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(summary in ".{1,100}", content: Option<String>) {
            let output = ToolOutput { summary, content };
            prop_assert_eq!(ToolOutput::read(&serde_json::to_string(&output).unwrap()), Ok(output));
        }

        #[test]
        fn no_text_makes_the_reader_panic(answer in r#"[\[\]{}:,"a-z0-9\\ ]{0,40}"#) {
            let _ = ToolOutput::read(&answer);
        }

        #[test]
        fn an_answer_is_the_same_read_from_bytes(
            summary in r#"[a-zé"\\\n]{0,20}"#,
            content in r#"[a-zé"\\\n]{0,20}"#,
            frame in r#"(\{"summary":"S"\}|\{"summary":"S","content":"C"\}|\{"summary":"S","content":"C"|\{"summary":"S","content":"C",\}|\{"content":"C","summary":"S"\}|\{"summary":"S","content":null\} )"#,
        ) {
            let answer = frame.replace('S', &summary).replace('C', &content);
            prop_assert_eq!(ToolOutput::read_bytes(answer.as_bytes()), Ok(ToolOutput::read(&answer)));
        }
    }
}
