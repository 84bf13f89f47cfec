//! The protocol's messages: one JSON value a line.
//!
//! This file knows their shapes, both ways, and nothing of who sends them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::call::{CallId, ToolError, ToolResult};
use super::envelope::Naming;

/// What a host says of itself, in its first line.
#[derive(Debug, Serialize)]
pub(super) struct Capabilities {
    host_call: &'static str,
    cancel: &'static str,
    budgets: &'static str,
    error_code: &'static str,
    request_id: &'static str,
}

/// What this host can do. All but the first are additions to the published protocol.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    host_call: "v1",
    cancel: "v1",
    budgets: "v1",
    error_code: "v1",
    request_id: "v1",
};

/// A line from host to client.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Reply<'a> {
    Ack {
        #[serde(rename = "type")]
        kind: &'static str,
        capabilities: &'a Capabilities,
    },
    HostCall {
        #[serde(rename = "type")]
        kind: &'static str,
        id: String,
        tool: &'a str,
        args: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a RawValue>,
    },
    Success {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
        ok: bool,
        result: ResultBody<'a>,
    },
    Failure {
        id: Option<&'a RawValue>,
        ok: bool,
        error: &'a str,
        error_code: &'a str,
    },
}

/// What a request was answered with.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ResultBody<'a> {
    Envelope { envelope: Naming<'a> },
    Plain(&'a Value),
}

impl<'a> Reply<'a> {
    pub(super) fn ack(capabilities: &'a Capabilities) -> Self {
        Self::Ack {
            kind: "ack",
            capabilities,
        }
    }

    pub(super) fn failure(id: Option<&'a RawValue>, refusal: &'a Refusal) -> Self {
        Self::Failure {
            id,
            ok: false,
            error: &refusal.error,
            error_code: refusal.code,
        }
    }

    pub(super) fn success(id: Option<&'a RawValue>, result: ResultBody<'a>) -> Self {
        Self::Success { id, ok: true, result }
    }
}

/// Why a request is answered with a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: String,
    /// For machines.
    pub(super) code: &'static str,
}

impl Refusal {
    pub(super) fn new(code: &'static str, error: impl Into<String>) -> Self {
        let error = error.into();
        Self { error, code }
    }
}

/// A line from client to host.
#[derive(Debug)]
pub(super) enum Message {
    /// An answer to a call, whatever else the line has.
    Answer {
        /// As the line has it: a string, one hopes.
        id: Option<Value>,
        outcome: ToolResult,
    },
    Request {
        id: Option<Box<RawValue>>,
        method: String,
        params: Params,
    },
}

/// A request's parameters. Those of another type than an object are as good as none.
#[derive(Debug, Default)]
pub(super) struct Params(Object);

/// An object whose members were not looked at. Of equal keys the last counts.
type Object = BTreeMap<String, Box<RawValue>>;

impl Message {
    /// Read a line.
    pub(super) fn parse(line: &str) -> Result<Self, Refusal> {
        let raw: &RawValue = serde_json::from_str(line)
            .map_err(|error| Refusal::new("request.json", format!("invalid JSON on stdin: {error}")))?;
        // What is no object has no members.
        let mut object: Object = serde_json::from_str(raw.get()).unwrap_or_default();
        if string(object.get("type").map(AsRef::as_ref)).as_deref() == Some("host_call_result") {
            return Ok(Self::answer(object));
        }
        let method = object.get("method").map_or_else(
            || "undefined".to_owned(),
            |method| string(Some(method)).unwrap_or_else(|| method.get().to_owned()),
        );
        let params = object
            .get("params")
            .and_then(|params| serde_json::from_str(params.get()).ok());
        Ok(Self::Request {
            id: object.remove("id"),
            method,
            params: Params(params.unwrap_or_default()),
        })
    }

    fn answer(mut object: Object) -> Self {
        let id = object
            .get("id")
            .and_then(|id| serde_json::from_str(id.get()).ok());
        let text = |name: &str, otherwise: &str| {
            string(object.get(name).map(AsRef::as_ref))
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| otherwise.to_owned())
        };
        let outcome = if object.get("ok").is_some_and(|ok| is_truthy(ok)) {
            Ok(object.remove("value").unwrap_or_else(null))
        } else {
            Err(ToolError::new(
                text("error", "ToolError"),
                text("message", "host tool error"),
            ))
        };
        Self::Answer { id, outcome }
    }
}

impl Params {
    /// The member of that name, unread.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(AsRef::as_ref)
    }

    /// The member of that name, if it is a string.
    pub(super) fn string(&self, name: &str) -> Option<String> {
        string(self.get(name))
    }
}

fn string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

/// As JavaScript has it, which the protocol was written in.
fn is_truthy(raw: &RawValue) -> bool {
    match raw.get() {
        "false" | "null" | "\"\"" => false,
        other => other.parse::<f64>() != Ok(0.0),
    }
}

/// The name by which a client knows a call. Clients take it for opaque.
pub(super) fn call_name(process: u32, id: CallId) -> String {
    format!("hc_{process}_{id}")
}

/// The call of that name, if it is one of this process.
pub(super) fn call_of_name(process: u32, name: &str) -> Option<CallId> {
    let number = name
        .strip_prefix("hc_")?
        .strip_prefix(&process.to_string())?
        .strip_prefix('_')?;
    // Only as it was written: `+1` and `01` are other strings.
    let id = CallId::new(number.parse().ok()?);
    (call_name(process, id) == name).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(line: &str) -> Result<String, String> {
        match Message::parse(line).unwrap() {
            Message::Answer { outcome, .. } => outcome
                .map(|value| value.get().to_owned())
                .map_err(|error| error.to_string()),
            Message::Request { method, .. } => panic!("a request: {method}"),
        }
    }

    fn request(line: &str) -> (Option<String>, String) {
        match Message::parse(line).unwrap() {
            Message::Request { id, method, .. } => (id.map(|id| id.get().to_owned()), method),
            Message::Answer { .. } => panic!("an answer"),
        }
    }

    #[test]
    fn an_answer_is_one_whatever_method_the_line_names() {
        let line = r#"{"type":"host_call_result","id":"hc_1_1","ok":true,"value":[1.0],"method":"close"}"#;
        assert_eq!(answer(line), Ok("[1.0]".to_owned()));
    }

    #[test]
    fn what_counts_as_success_is_what_javascript_takes_for_true() {
        for ok in ["true", "1", "\"no\"", "{}", "[]", "-1", "0.1"] {
            let line = format!(r#"{{"type":"host_call_result","ok":{ok}}}"#);
            assert_eq!(answer(&line), Ok("null".to_owned()), "{ok}");
        }
        for ok in ["false", "null", "0", "-0", "0.0", "0e9", "\"\""] {
            let line = format!(r#"{{"type":"host_call_result","ok":{ok}}}"#);
            assert_eq!(
                answer(&line),
                Err("ToolError: host tool error".to_owned()),
                "{ok}"
            );
        }
        let line = r#"{"type":"host_call_result","value":1}"#;
        assert_eq!(answer(line), Err("ToolError: host tool error".to_owned()));
    }

    #[test]
    fn a_failure_without_a_name_or_message_gets_those_of_the_contract() {
        let line = r#"{"type":"host_call_result","ok":false,"error":"","message":""}"#;
        assert_eq!(answer(line), Err("ToolError: host tool error".to_owned()));
        let line = r#"{"type":"host_call_result","ok":false,"error":"ValueError","message":"no"}"#;
        assert_eq!(answer(line), Err("ValueError: no".to_owned()));
    }

    #[test]
    fn an_id_is_any_json_and_kept_as_it_was_written() {
        for id in [
            "1",
            "1.0",
            "\"a\"",
            "null",
            "{\"b\":1,\"a\":2}",
            "123456789012345678901234567890",
        ] {
            let line = format!(r#"{{"id":{id},"method":"init"}}"#);
            assert_eq!(request(&line), (Some(id.to_owned()), "init".to_owned()));
        }
        assert_eq!(request(r#"{"method":"init"}"#).0, None);
    }

    #[test]
    fn what_names_no_method_asks_for_undefined() {
        for line in ["42", "null", "\"s\"", "[]", "{}", r#"{"type":"ack"}"#] {
            assert_eq!(request(line), (None, "undefined".to_owned()), "{line}");
        }
        assert_eq!(request(r#"{"method":42}"#).1, "42");
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(
            request(r#"{"method":"a","method":"b","id":1,"id":2}"#),
            (Some("2".to_owned()), "b".to_owned())
        );
    }

    #[test]
    fn a_line_that_is_no_json_is_refused() {
        for line in ["{", "\u{feff}{}", "nonsense", "{} {}"] {
            let refusal = Message::parse(line).unwrap_err();
            assert!(
                refusal.error.starts_with("invalid JSON on stdin: "),
                "{refusal:?}"
            );
        }
    }

    #[test]
    fn a_call_is_found_by_the_name_it_was_given_and_no_other() {
        let name = call_name(77, CallId::new(12));
        assert_eq!(name, "hc_77_12");
        assert_eq!(call_of_name(77, &name), Some(CallId::new(12)));
        for other in [
            "hc_7_12",
            "hc_77_+12",
            "hc_77_012",
            "hc_77_",
            "hc_12",
            "x",
            "hc_77_12 ",
        ] {
            assert_eq!(call_of_name(77, other), None, "{other}");
        }
    }
}
