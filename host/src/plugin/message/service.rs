//! What `handle-ingress` answers with.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::command::{CommandRejection, OutputCommand, read_commands};
use super::{OutputError, kind_of, read_value};
use crate::Profile;
use crate::limits::SERVICE_OUTPUT_BYTES;

/// What a plugin answers an event with:
/// `{"accepted"?: bool, "data"?: any, "output_commands"?: [OutputCommand]}`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ServiceOutput {
    /// Whether the plugin took the event. Absent means that it did.
    pub accepted: bool,
    /// Whatever the plugin adds.
    pub data: Value,
    /// What the plugin wants done, in order. Empty when any of it was refused.
    pub output_commands: Vec<OutputCommand>,
    /// The commands that were refused. One is enough for none to be carried out.
    pub rejections: Vec<CommandRejection>,
    /// The commands that are sound, and not carried out because another was refused.
    pub withheld: Vec<OutputCommand>,
}

/// What an answer to an event turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceAnswer {
    /// The plugin dealt with the event.
    Output(ServiceOutput),
    /// The plugin says that it failed, with an `error` key. The answer, as it was.
    Failure(Value),
}

impl ServiceOutput {
    /// Read a guest's answer, of at most 65536 bytes, to the event with the id `event_id`.
    ///
    /// # Errors
    ///
    /// How it breaks the contract, as far as the profile's host looks.
    pub fn read(profile: Profile, answer: &str, event_id: &str) -> Result<ServiceAnswer, OutputError> {
        let value = read_value(answer, SERVICE_OUTPUT_BYTES)?;
        // The yoi host looks for the commands and at nothing else: an error counts as accepted there.
        let strict = profile == Profile::Documented;
        if strict && value.get("error").is_some() {
            return Ok(ServiceAnswer::Failure(value));
        }
        let mut object = match value {
            Value::Object(object) => object,
            other if strict => {
                return Err(OutputError::NotAnObject {
                    found: kind_of(&other),
                });
            }
            any => {
                return Ok(ServiceAnswer::Output(Self {
                    accepted: true,
                    data: any,
                    output_commands: Vec::new(),
                    rejections: Vec::new(),
                    withheld: Vec::new(),
                }));
            }
        };
        let accepted = match object.get("accepted") {
            None => true,
            Some(Value::Bool(accepted)) => *accepted,
            Some(other) if strict => {
                return Err(OutputError::WrongType {
                    key: "accepted",
                    wanted: "a boolean",
                    found: kind_of(other),
                });
            }
            Some(_) => true,
        };
        let (mut output_commands, mut rejections, mut withheld) = Default::default();
        match object
            .remove("output_commands")
            .map(|list| read_commands(list, event_id))
        {
            None => {}
            Some(Ok(commands)) => output_commands = commands,
            Some(Err(refused)) => (rejections, withheld) = (refused.rejections, refused.withheld),
        }
        Ok(ServiceAnswer::Output(Self {
            accepted,
            data: object.remove("data").unwrap_or_default(),
            output_commands,
            rejections,
            withheld,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(profile: Profile, answer: &str) -> Result<ServiceAnswer, OutputError> {
        ServiceOutput::read(profile, answer, "e-1")
    }

    fn output(profile: Profile, answer: &str) -> ServiceOutput {
        match read(profile, answer) {
            Ok(ServiceAnswer::Output(output)) => output,
            other => panic!("not an output: {other:?}"),
        }
    }

    #[test]
    fn every_field_may_be_absent() {
        let empty = output(Profile::Documented, "{}");
        assert!(empty.accepted && empty.data.is_null() && empty.output_commands.is_empty());
    }

    #[test]
    fn an_error_is_a_failure_but_to_the_yoi_host_it_is_accepted() {
        let answer = r#"{"error":{"message":"no"}}"#;
        assert!(matches!(
            read(Profile::Documented, answer),
            Ok(ServiceAnswer::Failure(_))
        ));
        assert!(output(Profile::Yoi, answer).accepted);
    }

    #[test]
    fn a_wrong_shape_is_refused_but_not_by_the_yoi_host() {
        for (answer, message) in [
            ("[]", "answered an array where an object is wanted"),
            (
                r#"{"accepted":"yes"}"#,
                "answered with `accepted` as a string; it must be a boolean",
            ),
        ] {
            let refused = read(Profile::Documented, answer).unwrap_err();
            assert_eq!(refused.to_string(), message);
            assert!(output(Profile::Yoi, answer).accepted);
        }
    }

    #[test]
    fn one_refused_command_refuses_the_list_and_is_named() {
        let answer = r#"{"output_commands":[{"kind":"dance"}]}"#;
        let refused = output(Profile::Documented, answer);
        assert!(refused.output_commands.is_empty());
        assert_eq!(refused.rejections.len(), 1);
    }
}
