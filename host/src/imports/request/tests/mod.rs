//! Requests over a network that is all script.

use std::sync::mpsc;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::exchange::Fault;
use super::request;
use crate::authority::{Authority, Side};
use crate::engine::Cancel;
use crate::imports::egress::ConnectError;
use crate::imports::egress::fixtures::{
    Files, Heads, PUBLIC, Scripted, answering, at, granted, granted_hosts, head, impatient, ip, name,
    nothing, patient, scripted, scripted_with, words,
};
use crate::imports::{HostError, HostErrorCode, Patience};
use crate::limits;
use crate::world::{ScriptedDialer, ScriptedResolver};

mod answers;
mod asking;
mod dialling;
mod places;
mod times;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn get(authority: &Authority, world: &Scripted, url: &str) -> Result<String, HostError> {
    send(authority, world, &json!({"method": "GET", "url": url}))
}

fn send(authority: &Authority, world: &Scripted, descriptor: &Value) -> Result<String, HostError> {
    request(authority, &world.net, &patient(), &descriptor.to_string())
}

fn body_of(answer: &str) -> (String, bool) {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let body = answer["body"].as_str().unwrap().to_owned();
    (body, answer["truncated"].as_bool().unwrap())
}

/// That it was refused before the network was touched.
fn assert_untouched(world: &Scripted) {
    assert_eq!(world.resolver.asked(), Vec::<String>::new());
    assert_eq!(world.dialer.dialled(), []);
}
