//! What a plugin says about itself.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Result, to_json_within};
use crate::limits::MAX_LIFECYCLE_OUTPUT_BYTES;

/// How a plugin is: a state in one word, and data of the plugin's own for the operator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PluginStatus {
    /// `ready`, `running`, `stopped`, `failed` or a word of the plugin's own. A host takes `failed` for a
    /// failure of the plugin.
    pub state: String,
    /// Anything the operator may want to see.
    pub data: Value,
}

impl PluginStatus {
    /// A status in a state of the plugin's own.
    pub fn new(state: impl Into<String>, data: impl Into<Value>) -> Self {
        Self {
            state: state.into(),
            data: data.into(),
        }
    }

    /// Waiting to be used.
    pub fn ready(data: impl Into<Value>) -> Self {
        Self::new("ready", data)
    }

    /// At work.
    pub fn running(data: impl Into<Value>) -> Self {
        Self::new("running", data)
    }

    /// At an end.
    pub fn stopped(data: impl Into<Value>) -> Self {
        Self::new("stopped", data)
    }

    /// Unable to go on. The host sends no more calls.
    pub fn failed(data: impl Into<Value>) -> Self {
        Self::new("failed", data)
    }

    pub(crate) fn to_json_string(&self) -> Result<String> {
        to_json_within("status", self, MAX_LIFECYCLE_OUTPUT_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ToolErrorCode;

    #[test]
    fn a_status_is_a_state_and_data() {
        let status = PluginStatus::ready(json!({ "count": 1 }));
        assert_eq!(
            status.to_json_string().unwrap(),
            r#"{"state":"ready","data":{"count":1}}"#
        );
    }

    #[test]
    fn a_status_over_the_bound_is_an_error() {
        let status = PluginStatus::running("x".repeat(MAX_LIFECYCLE_OUTPUT_BYTES));
        assert_eq!(
            status.to_json_string().unwrap_err().code(),
            ToolErrorCode::InvalidOutput
        );
    }
}
