//! One HTTP exchange, made by the host on the plugin's behalf.
//!
//! ```no_run
//! use yoi_pdk::host::request::{Method, Request};
//!
//! let response = Request::new(Method::Post, "https://example.com/notes")
//!     .header("Content-Type", "text/plain")
//!     .body("hello")
//!     .send()?;
//! if response.status != 201 {
//!     return Err(yoi_pdk::ToolError::failed(format!("the server said {}", response.status)));
//! }
//! # Ok::<(), yoi_pdk::ToolError>(())
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::answer::parse;
use super::error::HostError;
use super::raw;

/// A request to be sent.
///
/// The host takes at most 49 152 bytes of it as JSON, with at most 16 headers of at most 1024 bytes each and a
/// body of at most 32 768 bytes. Headers that carry credentials (`Authorization`, `Cookie` and their like) are
/// refused: a plugin has no secrets to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    method: Method,
    url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// The methods that a host sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

/// A header, of a request or of a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What the server answered, whatever its status: a redirect is an answer too, and none is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The status, as 200.
    pub status: u16,
    /// At most 16 of the headers, without those that carry credentials; values are cut at 1024 bytes.
    pub headers: Vec<Header>,
    /// The first 65 536 bytes of the body as text, with U+FFFD for what is no UTF-8.
    pub body: String,
    /// Whether there was more of the body.
    pub truncated: bool,
}

impl Request {
    /// A request without headers and body. The URL is absolute, `http` or `https`, and has a host and no user
    /// info.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A request of the method `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// Adds a header. Order and duplicates are kept.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// Gives it the body `text`, in place of any that it had. Its type is for a header to say.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Sends it and waits for the whole answer, at most 5 seconds.
    pub fn send(&self) -> Result<Response, HostError> {
        response(&raw::request::request(&self.to_json()))
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings have a form as JSON")
    }
}

impl Response {
    /// The value of the first header `name`, whatever the case of its letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| &*header.value)
    }
}

impl Method {
    /// The method as it is sent, in upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn response(answer: &str) -> Result<Response, HostError> {
    parse("request.request", answer)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::error::HostErrorCode;
    use super::*;

    const METHODS: [Method; 5] = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];

    #[test]
    fn what_a_request_does_not_have_is_left_out() {
        assert_snapshot!(
            Request::get("http://example.com/").to_json(),
            @r#"{"method":"GET","url":"http://example.com/"}"#
        );
    }

    #[test]
    fn a_request_says_all_that_it_has() {
        let request = Request::new(Method::Patch, "http://example.com/")
            .header("X-B", "1")
            .header("X-A", "\"")
            .header("X-B", "2")
            .body("first")
            .body("line\n");
        assert_snapshot!(
            request.to_json(),
            @r#"{"method":"PATCH","url":"http://example.com/","headers":[{"name":"X-B","value":"1"},{"name":"X-A","value":"\""},{"name":"X-B","value":"2"}],"body":"line\n"}"#
        );
    }

    #[test]
    fn an_empty_body_is_a_body() {
        assert_snapshot!(
            Request::new(Method::Put, "u").body("").to_json(),
            @r#"{"method":"PUT","url":"u","body":""}"#
        );
    }

    #[test]
    fn a_method_reads_as_it_is_sent() {
        for method in METHODS {
            assert_eq!(
                serde_json::to_value(method).unwrap(),
                Value::from(method.as_str())
            );
            assert_eq!(
                serde_json::from_value::<Method>(json!(method.as_str())).unwrap(),
                method
            );
        }
        assert!(serde_json::from_value::<Method>(json!("get")).is_err());
        assert!(serde_json::from_value::<Method>(json!("HEAD")).is_err());
    }

    #[test]
    fn a_response_is_parsed() {
        let answer = r#"{"status":302,"headers":[{"name":"Location","value":"/b"},{"name":"location","value":"/c"}],"body":"","truncated":true}"#;
        let response = response(answer).unwrap();
        assert_eq!(response.status, 302);
        assert_eq!(response.header("LOCATION"), Some("/b"));
        assert_eq!(response.header("etag"), None);
        assert!(response.truncated);
    }

    #[test]
    fn a_response_that_lacks_something_is_malformed() {
        let whole = json!({ "status": 200, "headers": [], "body": "", "truncated": false });
        assert!(response(&whole.to_string()).is_ok());
        for field in ["status", "headers", "body", "truncated"] {
            let mut answer = whole.clone();
            answer.as_object_mut().unwrap().remove(field);
            let error = response(&answer.to_string()).unwrap_err();
            assert_eq!(error.code, HostErrorCode::Malformed, "{field}");
        }
    }

    #[test]
    fn a_refusal_names_itself() {
        assert_snapshot!(
            response(r#"{"error":{"code":"denied","message":"no such target"}}"#).unwrap_err(),
            @"denied: no such target"
        );
    }

    fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::vec(any::<(String, String)>(), 0..4)
    }

    proptest! {
        #[test]
        fn a_request_is_json_with_the_fields_of_the_contract_and_no_other(
            method in prop::sample::select(&METHODS[..]),
            url in any::<String>(),
            headers in headers(),
            body in any::<Option<String>>(),
        ) {
            let mut request = Request::new(method, &*url);
            let mut expected = json!({ "method": method.as_str(), "url": url });
            for (name, value) in &headers {
                request = request.header(name, value);
            }
            if !headers.is_empty() {
                expected["headers"] = headers
                    .iter()
                    .map(|(name, value)| json!({ "name": name, "value": value }))
                    .collect();
            }
            if let Some(body) = body {
                request = request.body(&*body);
                expected["body"] = body.into();
            }
            prop_assert_eq!(serde_json::from_str::<Value>(&request.to_json()).unwrap(), expected);
        }

        #[test]
        fn any_response_comes_through(
            status in any::<u16>(),
            headers in headers(),
            body in any::<String>(),
            truncated in any::<bool>(),
        ) {
            let sent = Response {
                status,
                headers: headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
                body,
                truncated,
            };
            prop_assert_eq!(response(&serde_json::to_string(&sent).unwrap()), Ok(sent));
        }

        #[test]
        fn any_answer_has_a_meaning(answer in any::<String>()) {
            let _ = response(&answer);
        }
    }
}
