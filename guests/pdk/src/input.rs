//! What a tool is called with.

use serde::Deserialize;

use crate::error::{Result, ToolError};

/// Which tool was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolContext {
    tool_name: String,
}

impl ToolContext {
    /// A call of the tool `tool_name`. The host makes the real ones; a test makes its own.
    pub fn new(tool_name: impl Into<String>) -> Self {
        Self {
            tool_name: tool_name.into(),
        }
    }

    /// The name of the tool, as the manifest declares it.
    pub fn tool_name(&self) -> &str {
        &self.tool_name
    }
}

/// The input of a tool: JSON that is parsed when the plugin says into what.
///
/// A host does not hold the input against the schema in the manifest: the type that it is parsed into decides.
#[derive(Clone, Copy, Debug)]
pub struct ToolInput<'a> {
    json: &'a str,
}

impl<'a> ToolInput<'a> {
    /// An input with the JSON text `json`.
    pub fn new(json: &'a str) -> Self {
        Self { json }
    }

    /// The input as a `T`, or [`InvalidInput`](crate::ToolErrorCode::InvalidInput) with what is wrong and where.
    pub fn parse<T: Deserialize<'a>>(&self) -> Result<T> {
        serde_json::from_str(self.json).map_err(|error| {
            ToolError::invalid_input(format!("the input is not what this tool takes: {error}"))
        })
    }

    /// The JSON text as it came.
    pub fn json(&self) -> &'a str {
        self.json
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn input_of_the_right_type_is_parsed() {
        assert_eq!(ToolInput::new("[1,2]").parse::<Vec<u8>>().unwrap(), [1, 2]);
    }

    #[test]
    fn input_of_another_type_is_an_error() {
        assert_snapshot!(
            ToolInput::new(r#"{"by":"x"}"#).parse::<Vec<u8>>().unwrap_err(),
            @"invalid_input: the input is not what this tool takes: invalid type: map, expected a sequence at line 1 column 0"
        );
    }

    #[test]
    fn input_that_is_no_json_is_an_error() {
        assert_snapshot!(
            ToolInput::new("{").parse::<serde_json::Value>().unwrap_err(),
            @"invalid_input: the input is not what this tool takes: EOF while parsing an object at line 1 column 1"
        );
    }
}
