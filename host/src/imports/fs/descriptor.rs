//! The JSON that a guest hands in: an object, its fields known and there once.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::FsError;
use crate::authority::FsOperation;
use crate::limits::{FS_DESCRIPTOR_BYTES, MESSAGE_BYTES};
use crate::text::bounded;

/// What `read` and `list` are given.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathDescriptor {
    pub(super) path: String,
}

/// What `write` is given.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteDescriptor {
    pub(super) path: String,
    pub(super) content: String,
}

/// Before anything else is looked at.
pub(super) fn check_size(json: &str) -> Result<(), FsError> {
    if json.len() > FS_DESCRIPTOR_BYTES {
        return Err(FsError::DescriptorTooLarge);
    }
    Ok(())
}

pub(super) fn parse<T: DeserializeOwned>(operation: FsOperation, json: &str) -> Result<T, FsError> {
    let fault = |fault: &str| FsError::Json {
        operation,
        fault: bounded(fault, MESSAGE_BYTES).into_owned(),
    };
    // An array of the values would do as well for a derived `Deserialize`.
    if !json.trim_ascii_start().starts_with('{') {
        return Err(fault("expected an object"));
    }
    serde_json::from_str(json).map_err(|error| fault(&without_value(&error.to_string())))
}

/// The message without the value that was met in it, which may be what was to be written.
fn without_value(message: &str) -> String {
    match message.rfind(", expected ") {
        Some(at) if message.starts_with("invalid type: ") => format!("invalid type{}", &message[at..]),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(json: &str) -> String {
        parse::<WriteDescriptor>(FsOperation::Write, json)
            .unwrap_err()
            .to_string()
    }

    proptest! {
        #[test]
        fn any_path_and_content_are_read_as_they_are(path: String, content: String) {
            let json = serde_json::json!({ "content": content, "path": path }).to_string();
            let expected = WriteDescriptor { path, content };
            prop_assert_eq!(parse::<WriteDescriptor>(FsOperation::Write, &json).unwrap(), expected);
        }

        #[test]
        fn anything_else_is_refused_without_panic(json: String) {
            let is_object = serde_json::from_str(&json).is_ok_and(|json: serde_json::Value| json.is_object());
            prop_assert!(!is_object && parse::<PathDescriptor>(FsOperation::Read, &json).is_err());
        }
    }

    #[test]
    fn a_descriptor_is_an_object_of_known_fields() {
        insta::assert_snapshot!(refusal(r#"["a", "b"]"#), @"invalid FS write request JSON: expected an object");
        insta::assert_snapshot!(refusal("{"), @"invalid FS write request JSON: EOF while parsing an object at line 1 column 1");
        insta::assert_snapshot!(refusal(r#"{"path": "a"}"#), @"invalid FS write request JSON: missing field `content` at line 1 column 13");
        insta::assert_snapshot!(refusal(r#"{"path": "a", "path": "b", "content": ""}"#), @"invalid FS write request JSON: duplicate field `path` at line 1 column 20");
        insta::assert_snapshot!(refusal(r#"{"path": "a", "content": "", "mode": 1}"#), @"invalid FS write request JSON: unknown field `mode`, expected `path` or `content` at line 1 column 35");
        insta::assert_snapshot!(refusal(r#"{"path": "a", "content": ""} {}"#), @"invalid FS write request JSON: trailing characters at line 1 column 30");
    }

    #[test]
    fn what_was_to_be_written_is_not_in_the_message() {
        insta::assert_snapshot!(refusal(r#""hunter2""#), @"invalid FS write request JSON: expected an object");
        insta::assert_snapshot!(refusal(r#"{"path": "a", "content": 4711}"#), @"invalid FS write request JSON: invalid type, expected a string at line 1 column 29");
        insta::assert_snapshot!(refusal(r#"{"path": "a", "content": ["hunter2"]}"#), @"invalid FS write request JSON: invalid type, expected a string at line 1 column 25");
    }

    #[test]
    fn a_long_field_name_is_cut() {
        let json = format!(r#"{{"{}": 1}}"#, "é".repeat(1000));
        assert!(refusal(&json).len() < 600);
    }

    #[test]
    fn the_largest_descriptor_is_65536_bytes() {
        assert!(check_size(&" ".repeat(65_536)).is_ok());
        let error = check_size(&" ".repeat(65_537)).unwrap_err();
        insta::assert_snapshot!(error, @"FS request descriptor exceeds 65536 bytes");
    }
}
