//! A plugin that talks over WebSockets, through the host.
//!
//! An instance lives for one call, and no connection outlives it: every tool opens its own, and closes it.
//! When something fails in between, dropping the `Socket` closes it.

use std::time::Duration;

use serde::Deserialize;
use yoi_pdk::host::websocket::{Message, Socket};
use yoi_pdk::{Result, ToolContext, ToolOutput, json};

/// How long the answer to an echo may take. The host's limit for the whole call ends it earlier, as a rule.
const ECHO_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    url: String,
    #[serde(default = "one")]
    count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    url: String,
    texts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listen {
    url: String,
    count: u32,
    timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Echo {
    url: String,
    text: String,
}

/// Opens some connections at once, and closes them again.
fn open(_: &ToolContext, input: Open) -> Result<ToolOutput> {
    let mut sockets = Vec::new();
    for _ in 0..input.count {
        sockets.push(Socket::open(&input.url)?);
    }
    let urls: Vec<_> = sockets.iter().map(|socket| socket.url().to_owned()).collect();
    for socket in sockets {
        socket.close()?;
    }
    ToolOutput::json(
        format!("connections opened and closed: {}", urls.len()),
        &json!({ "urls": urls }),
    )
}

/// Sends one text after the other.
fn send(_: &ToolContext, input: Send) -> Result<ToolOutput> {
    let mut socket = Socket::open(&input.url)?;
    for text in &input.texts {
        socket.send_text(text)?;
    }
    let was_open = socket.close()?;
    ToolOutput::json(
        format!("texts sent: {}", input.texts.len()),
        &json!({ "sent": input.texts.len(), "was_open": was_open }),
    )
}

/// Receives what comes, until it is enough or the peer closes.
fn listen(_: &ToolContext, input: Listen) -> Result<ToolOutput> {
    let mut socket = Socket::open(&input.url)?;
    let mut texts = Vec::new();
    let mut closed = false;
    while !closed && (texts.len() as u64) < u64::from(input.count) {
        match socket.recv(Duration::from_millis(input.timeout_ms))? {
            Message::Text(text) => texts.push(text),
            Message::Closed => closed = true,
        }
    }
    socket.close()?;
    ToolOutput::json(
        format!("texts received: {}", texts.len()),
        &json!({ "texts": texts, "closed": closed }),
    )
}

/// Sends a text, and receives one.
fn echo(_: &ToolContext, input: Echo) -> Result<ToolOutput> {
    let mut socket = Socket::open(&input.url)?;
    socket.send_text(&input.text)?;
    let message = socket.recv(ECHO_TIMEOUT)?;
    socket.close()?;
    match message {
        Message::Text(text) => ToolOutput::json(
            format!("received {} bytes", text.len()),
            &json!({ "text": text, "closed": false }),
        ),
        Message::Closed => ToolOutput::json(
            "the peer closed without an answer",
            &json!({ "text": null, "closed": true }),
        ),
    }
}

fn one() -> u32 {
    1
}

yoi_pdk::export_tool!(
    "socket_open" => open,
    "socket_send" => send,
    "socket_listen" => listen,
    "socket_echo" => echo,
);
