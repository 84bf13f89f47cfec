//! WebSocket connections that the plugin opens and reads at its own pace. Text only.
//!
//! ```no_run
//! use std::time::Duration;
//! use yoi_pdk::host::websocket::{Message, Socket};
//!
//! let mut socket = Socket::open("wss://example.com/feed")?;
//! socket.send_text("subscribe")?;
//! while let Message::Text(text) = socket.recv(Duration::from_millis(500))? {
//!     println!("{text}");
//! }
//! # Ok::<(), yoi_pdk::ToolError>(())
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{malformed, parse};
use super::error::HostError;
use super::raw;

/// A connection, which is closed at the latest when this is dropped.
///
/// A plugin has at most 4 open at a time, and each lives for at most 15 minutes. In the world `tool` none
/// outlives the call that opened it.
#[derive(Debug)]
pub struct Socket {
    handle: u32,
    url: String,
    open: bool,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A message of at most 65 536 bytes.
    Text(String),
    /// The peer has closed. Nothing follows.
    Closed,
}

impl Socket {
    /// Connects to `url`, which is absolute, `ws` or `wss`, and has a host and no user info, within 5 seconds.
    pub fn open(url: &str) -> Result<Self, HostError> {
        opened(&raw::websocket::open(&open_json(url)))
    }

    /// Where it is connected to, as the host says it: without the query, and cut if it is long.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends one message of at most 32 768 bytes, within 5 seconds.
    pub fn send_text(&mut self, text: &str) -> Result<(), HostError> {
        sent(&raw::websocket::send_text(self.handle, text))
    }

    /// Waits for the next message. If none comes within `timeout`, that is the error
    /// [`Timeout`](super::HostErrorCode::Timeout), and the connection stays open.
    ///
    /// The host counts in milliseconds and waits for 30 seconds at most. A part of a millisecond counts as a
    /// whole one, and so does no time at all.
    pub fn recv(&mut self, timeout: Duration) -> Result<Message, HostError> {
        received(&raw::websocket::recv(self.handle, timeout_ms(timeout)))
    }

    /// Closes the connection within 5 seconds. Answers whether the host still had it: it is `false` for one
    /// that had got too old.
    pub fn close(mut self) -> Result<bool, HostError> {
        // It is gone for the host even if this fails.
        self.open = false;
        closed(&raw::websocket::close(self.handle))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.open {
            raw::websocket::close(self.handle);
        }
    }
}

/// To the host no time at all means its default of 5 seconds, which nobody means by it here.
fn timeout_ms(timeout: Duration) -> u32 {
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    u32::try_from(millis).unwrap_or(u32::MAX).max(1)
}

fn open_json(url: &str) -> String {
    #[derive(Serialize)]
    struct Open<'a> {
        url: &'a str,
    }
    serde_json::to_string(&Open { url }).expect("a string has a form as JSON")
}

fn opened(answer: &str) -> Result<Socket, HostError> {
    #[derive(Deserialize)]
    struct Opened {
        handle: u32,
        url: String,
    }
    let Opened { handle, url } = parse("websocket.open", answer)?;
    Ok(Socket {
        handle,
        url,
        open: true,
    })
}

fn sent(answer: &str) -> Result<(), HostError> {
    #[derive(Deserialize)]
    struct Sent {
        sent: bool,
    }
    match parse("websocket.send-text", answer)? {
        Sent { sent: true } => Ok(()),
        Sent { sent: false } => Err(malformed(
            "the host says that it has not sent the text, and not why".to_owned(),
        )),
    }
}

fn received(answer: &str) -> Result<Message, HostError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Text,
        Closed,
    }
    #[derive(Deserialize)]
    struct Received {
        r#type: Kind,
        text: Option<String>,
    }
    match parse("websocket.recv", answer)? {
        Received {
            r#type: Kind::Closed, ..
        } => Ok(Message::Closed),
        Received {
            r#type: Kind::Text,
            text: Some(text),
        } => Ok(Message::Text(text)),
        Received {
            r#type: Kind::Text,
            text: None,
        } => Err(malformed(
            "the host received a text, and does not say which".to_owned(),
        )),
    }
}

fn closed(answer: &str) -> Result<bool, HostError> {
    #[derive(Deserialize)]
    struct Closed {
        closed: bool,
    }
    let Closed { closed } = parse("websocket.close", answer)?;
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use std::mem;

    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::error::HostErrorCode;
    use super::*;

    /// What a host said of a new socket. There is no host to close it.
    fn described(answer: &str) -> Result<(u32, String), HostError> {
        opened(answer).map(|mut socket| {
            socket.open = false;
            (socket.handle, mem::take(&mut socket.url))
        })
    }

    fn is_malformed<T: std::fmt::Debug>(result: Result<T, HostError>) -> bool {
        result.is_err_and(|error| error.code == HostErrorCode::Malformed)
    }

    #[test]
    fn a_socket_is_asked_for_by_its_url_alone() {
        assert_snapshot!(open_json("ws://localhost:1/a?b"), @r#"{"url":"ws://localhost:1/a?b"}"#);
    }

    #[test]
    fn an_open_socket_has_a_handle_and_a_url() {
        assert_eq!(
            described(r#"{"handle":4294967295,"url":"ws://localhost:1/a"}"#),
            Ok((u32::MAX, "ws://localhost:1/a".to_owned()))
        );
    }

    #[test]
    fn a_socket_without_handle_is_malformed() {
        assert!(is_malformed(described(r#"{"url":"ws://localhost:1/a"}"#)));
        assert!(is_malformed(described(
            r#"{"handle":-1,"url":"ws://localhost:1/a"}"#
        )));
        assert!(is_malformed(described(r#"{"handle":4294967296,"url":""}"#)));
    }

    #[test]
    fn a_refusal_to_open_names_itself() {
        assert_snapshot!(
            described(r#"{"error":{"code":"too_many","message":"4 are open"}}"#).unwrap_err(),
            @"too_many: 4 are open"
        );
    }

    #[test]
    fn a_text_that_was_sent_was_sent() {
        assert_eq!(sent(r#"{"sent":true,"bytes":5}"#), Ok(()));
    }

    #[test]
    fn a_text_that_was_not_sent_is_malformed_without_an_error() {
        assert_snapshot!(
            sent(r#"{"sent":false,"bytes":0}"#).unwrap_err(),
            @"malformed: the host says that it has not sent the text, and not why"
        );
        assert!(is_malformed(sent(r#"{"bytes":5}"#)));
    }

    #[test]
    fn a_message_is_a_text_or_the_end() {
        assert_eq!(
            received(r#"{"type":"text","text":"hi"}"#),
            Ok(Message::Text("hi".to_owned()))
        );
        assert_eq!(received(r#"{"type":"closed"}"#), Ok(Message::Closed));
    }

    #[test]
    fn any_other_message_is_malformed() {
        assert_snapshot!(
            received(r#"{"type":"text"}"#).unwrap_err(),
            @"malformed: the host received a text, and does not say which"
        );
        for answer in [
            r#"{"type":"binary","text":"hi"}"#,
            r#"{"type":"text","text":1}"#,
            r#"{"text":"hi"}"#,
        ] {
            assert!(is_malformed(received(answer)), "{answer}");
        }
    }

    #[test]
    fn a_timeout_is_an_error_to_match_on() {
        let error =
            received(r#"{"error":{"code":"timeout","message":"WebSocket receive timed out"}}"#).unwrap_err();
        assert_eq!(error.code, HostErrorCode::Timeout);
    }

    #[test]
    fn a_socket_was_open_or_not() {
        assert_eq!(closed(r#"{"closed":true}"#), Ok(true));
        assert_eq!(closed(r#"{"closed":false}"#), Ok(false));
        assert!(is_malformed(closed("{}")));
    }

    #[test]
    fn a_timeout_is_never_the_default_of_the_host() {
        assert_eq!(timeout_ms(Duration::ZERO), 1);
        assert_eq!(timeout_ms(Duration::from_nanos(1)), 1);
        assert_eq!(timeout_ms(Duration::from_millis(1)), 1);
        assert_eq!(timeout_ms(Duration::from_micros(1001)), 2);
        assert_eq!(timeout_ms(Duration::from_secs(30)), 30_000);
        assert_eq!(timeout_ms(Duration::MAX), u32::MAX);
    }

    proptest! {
        #[test]
        fn any_url_is_asked_for_as_it_is(url in any::<String>()) {
            let json: Value = serde_json::from_str(&open_json(&url)).unwrap();
            prop_assert_eq!(json, json!({ "url": url }));
        }

        #[test]
        fn any_text_comes_through(text in any::<String>()) {
            let answer = json!({ "type": "text", "text": text }).to_string();
            prop_assert_eq!(received(&answer), Ok(Message::Text(text)));
        }

        #[test]
        fn any_answer_has_a_meaning(answer in any::<String>()) {
            let _ = described(&answer);
            let _ = sent(&answer);
            let _ = received(&answer);
            let _ = closed(&answer);
        }
    }
}
