//! What `start`, `status` and `stop` answer with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OutputError, kind_of, read_value};
use crate::Profile;
use crate::limits::STATUS_BYTES;

/// How a plugin says it is: `{"state": string, "data": any}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginStatus {
    /// `ready`, `running`, `stopped` or a word of the plugin's own. `None` only in profile `yoi`, where any
    /// JSON counts as a status; `data` is then the whole of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whatever the plugin adds.
    #[serde(default)]
    pub data: Value,
}

/// What a status turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum StatusAnswer {
    /// The plugin is well.
    Status(PluginStatus),
    /// The plugin says that it failed: an `error` key, or the state `failed`. The answer, as it was.
    Failure(Value),
}

impl PluginStatus {
    /// Read a guest's answer, of at most 65536 bytes.
    ///
    /// # Errors
    ///
    /// How it breaks the contract, as far as the profile's host looks.
    pub fn read(profile: Profile, answer: &str) -> Result<StatusAnswer, OutputError> {
        let value = read_value(answer, STATUS_BYTES)?;
        if value.get("error").is_some() || value.get("state").is_some_and(|state| state == "failed") {
            return Ok(StatusAnswer::Failure(value));
        }
        let object = match value {
            Value::Object(object) => object,
            any if profile == Profile::Yoi => return Ok(StatusAnswer::Status(Self::shapeless(any))),
            other => {
                return Err(OutputError::NotAnObject {
                    found: kind_of(&other),
                });
            }
        };
        let state = match object.get("state") {
            Some(Value::String(state)) => state.clone(),
            _ if profile == Profile::Yoi => {
                return Ok(StatusAnswer::Status(Self::shapeless(Value::Object(object))));
            }
            None => return Err(OutputError::Missing("state")),
            Some(other) => {
                return Err(OutputError::WrongType {
                    key: "state",
                    wanted: "a string",
                    found: kind_of(other),
                });
            }
        };
        let mut object = object;
        Ok(StatusAnswer::Status(Self {
            state: Some(state),
            data: object.remove("data").unwrap_or_default(),
        }))
    }

    fn shapeless(data: Value) -> Self {
        Self { state: None, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(answer: &str) -> Result<StatusAnswer, OutputError> {
        PluginStatus::read(Profile::Documented, answer)
    }

    #[test]
    fn a_status_has_a_state_and_data() {
        assert_eq!(
            read(r#"{"state":"ready","data":{"n":1}}"#),
            Ok(StatusAnswer::Status(PluginStatus {
                state: Some("ready".into()),
                data: json!({"n": 1})
            }))
        );
    }

    #[test]
    fn an_error_key_or_the_state_failed_is_a_failure_in_every_profile() {
        for profile in Profile::ALL {
            for answer in [r#"{"error":null}"#, r#"{"state":"failed"}"#] {
                assert!(matches!(
                    PluginStatus::read(profile, answer),
                    Ok(StatusAnswer::Failure(_))
                ));
            }
        }
    }

    #[test]
    fn any_json_is_a_status_to_the_yoi_host_only() {
        for (answer, message) in [
            ("[]", "answered an array where an object is wanted"),
            ("{}", "answered an object without `state`"),
            (
                r#"{"state":1}"#,
                "answered with `state` as a number; it must be a string",
            ),
        ] {
            assert_eq!(read(answer).unwrap_err().to_string(), message);
            let yoi = PluginStatus::read(Profile::Yoi, answer).unwrap();
            let whole = serde_json::from_str(answer).unwrap();
            assert_eq!(yoi, StatusAnswer::Status(PluginStatus::shapeless(whole)));
        }
    }

    #[test]
    fn what_is_no_json_is_no_status() {
        insta::assert_snapshot!(read("ready").unwrap_err(), @"answered something that is not JSON: expected value at line 1 column 1");
        insta::assert_snapshot!(read("").unwrap_err(), @"answered nothing");
    }
}
