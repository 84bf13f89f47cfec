//! From the text of a host's answer to what it means.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{HostError, HostErrorCode};

#[derive(Deserialize)]
struct Reported {
    error: ReportedError,
}

#[derive(Deserialize)]
struct ReportedError {
    code: String,
    message: String,
}

/// What the host function `function` answered: a `T`, the error that it reports, or else
/// [`HostErrorCode::Malformed`].
///
/// The result is tried first, since it is the one that can be long, and to read it twice costs fuel.
pub(super) fn parse<T: DeserializeOwned>(function: &str, answer: &str) -> Result<T, HostError> {
    let unlike_a_result = match serde_json::from_str(answer) {
        Ok(result) => return Ok(result),
        Err(error) => error,
    };
    match serde_json::from_str(answer) {
        Ok(Reported { error }) => Err(HostError {
            code: HostErrorCode::reported(error.code),
            message: error.message,
        }),
        // What serde says may quote the answer, and an answer may hold what is not for a message.
        Err(_) => Err(malformed(format!(
            "the host answered {function} with neither a result nor an error (line {}, column {})",
            unlike_a_result.line(),
            unlike_a_result.column()
        ))),
    }
}

/// An answer that breaks the contract, in words.
pub(super) fn malformed(message: String) -> HostError {
    HostError {
        code: HostErrorCode::Malformed,
        message,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Number {
        number: u8,
    }

    fn parsed(answer: &str) -> Result<Number, HostError> {
        parse("test.call", answer)
    }

    #[test]
    fn a_result_is_parsed() {
        assert_eq!(parsed(r#"{"number":7}"#), Ok(Number { number: 7 }));
    }

    #[test]
    fn a_field_that_a_later_host_adds_does_no_harm() {
        assert_eq!(parsed(r#"{"number":7,"colour":"red"}"#), Ok(Number { number: 7 }));
    }

    #[test]
    fn a_reported_error_is_an_error() {
        let error = parsed(r#"{"error":{"code":"timeout","message":"after 5 s","since":1}}"#).unwrap_err();
        assert_eq!(error.code, HostErrorCode::Timeout);
        assert_snapshot!(error, @"timeout: after 5 s");
    }

    #[test]
    fn a_code_that_is_not_known_is_kept() {
        let error = parsed(r#"{"error":{"code":"on_fire","message":"run"}}"#).unwrap_err();
        assert_eq!(error.code, HostErrorCode::Other("on_fire".to_owned()));
    }

    #[test]
    fn anything_else_is_malformed() {
        for answer in [
            "",
            "null",
            "[]",
            "{}",
            "{",
            r#"{"number":"7"}"#,
            r#"{"number":256}"#,
            r#"{"number":7}{"number":7}"#,
            r#"{"error":"no"}"#,
            r#"{"error":{"code":"denied"}}"#,
            r#"{"error":{"code":1,"message":"no"}}"#,
        ] {
            assert_eq!(
                parsed(answer).unwrap_err().code,
                HostErrorCode::Malformed,
                "{answer}"
            );
        }
    }

    #[test]
    fn a_malformed_answer_is_told_by_its_place_and_never_quoted() {
        assert_snapshot!(
            parsed(r#"{"number":"a secret"}"#).unwrap_err(),
            @"malformed: the host answered test.call with neither a result nor an error (line 1, column 20)"
        );
    }

    #[test]
    fn an_answer_too_deep_to_read_is_malformed() {
        let answer = format!(r#"{{"x":{}}}"#, "[".repeat(100_000));
        assert_eq!(parsed(&answer).unwrap_err().code, HostErrorCode::Malformed);
    }

    proptest! {
        #[test]
        fn any_text_has_a_meaning(answer in any::<String>()) {
            let _ = parsed(&answer);
        }

        #[test]
        fn any_cut_of_an_answer_has_a_meaning(
            message in any::<String>(),
            result in any::<bool>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let answer = match result {
                true => json!({ "number": 7, "more": message }).to_string(),
                false => json!({ "error": { "code": "io", "message": message } }).to_string(),
            };
            let cut = answer.floor_char_boundary(cut.index(answer.len()));
            prop_assert_eq!(parsed(&answer[..cut]).unwrap_err().code, HostErrorCode::Malformed);
        }

        #[test]
        fn any_error_comes_through(code in any::<String>(), message in any::<String>()) {
            let answer = json!({ "error": { "code": code, "message": message } }).to_string();
            let error = parsed(&answer).unwrap_err();
            prop_assert_eq!(error.code.as_str(), code);
            prop_assert_eq!(error.message, message);
        }
    }
}
