//! What of a response a guest is given.

use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::descriptor::is_sensitive;
use crate::imports::redact::redacted;
use crate::limits::{HEADER_VALUE_BYTES, HEADERS, RESPONSE_BODY_BYTES};

/// The answer, its fields in the contract's order.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<Header>,
    body: String,
    truncated: bool,
}

#[derive(Debug, Serialize)]
struct Header {
    name: String,
    value: String,
}

impl Answer {
    /// From a response's head, the beginning of its body, and whether there was `more` of that.
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8], more: bool) -> Self {
        let (body, cut) = text(body);
        Self {
            status: status.as_u16(),
            headers: visible(headers),
            body,
            truncated: more || cut,
        }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers, text and truth values are JSON")
    }
}

/// First those that carry credentials go, then those past the limit, then those that are no text.
fn visible(headers: &HeaderMap) -> Vec<Header> {
    headers
        .iter()
        .filter(|(name, _)| !is_sensitive(name.as_str()))
        .take(HEADERS)
        .filter_map(|(name, value)| {
            let mut value = redacted(value.to_str().ok()?).into_owned();
            if value.len() > HEADER_VALUE_BYTES {
                value.truncate(value.floor_char_boundary(HEADER_VALUE_BYTES));
                value.push('…');
            }
            Some(Header {
                name: name.as_str().to_owned(),
                value,
            })
        })
        .collect()
}

/// The bytes as text. What is not UTF-8 takes more room as text than it did, so it may have to be cut again.
fn text(bytes: &[u8]) -> (String, bool) {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    let cut = text.len() > RESPONSE_BODY_BYTES;
    text.truncate(text.floor_char_boundary(RESPONSE_BODY_BYTES));
    (text, cut)
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
            })
            .collect()
    }

    #[test]
    fn fields_come_in_the_order_of_the_contract() {
        let headers = headers(&[("content-type", "text/plain")]);
        let answer = Answer::new(StatusCode::NOT_FOUND, &headers, b"none \xff", false);
        insta::assert_snapshot!(answer.to_json(), @r#"{"status":404,"headers":[{"name":"content-type","value":"text/plain"}],"body":"none �","truncated":false}"#);
    }

    #[test]
    fn headers_with_credentials_go_and_values_lose_theirs() {
        let long = "x".repeat(HEADER_VALUE_BYTES + 1);
        let seen = visible(&headers(&[
            ("set-cookie", "id=1"),
            ("x-api-key", "abc"),
            ("location", "https://h.test/?token=abc&page=2"),
            ("x-binary", "é"),
            ("x-long", &long),
        ]));
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].value, "https://h.test/?token=<redacted>&page=2");
        assert_eq!(seen[1].value, format!("{}…", &long[1..]));
    }

    #[test]
    fn a_header_that_is_no_text_counts_as_one_of_the_first() {
        let names = [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
        ];
        let mut pairs = names.map(|name| (name, "1"));
        pairs[0].1 = "é";
        let seen = visible(&headers(&pairs));
        assert_eq!(seen.len(), HEADERS - 1);
        assert_eq!(seen.last().unwrap().name, "p");
    }

    proptest! {
        #[test]
        fn any_bytes_become_text_within_the_limit(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            times in 1_usize..400,
        ) {
            let mut bytes = bytes.repeat(times);
            bytes.truncate(RESPONSE_BODY_BYTES);
            let (text, cut) = text(&bytes);
            prop_assert!(text.len() <= RESPONSE_BODY_BYTES);
            prop_assert_eq!(cut, String::from_utf8_lossy(&bytes).len() > RESPONSE_BODY_BYTES);
        }
    }
}
