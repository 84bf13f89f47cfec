//! A plugin that fetches over HTTP, through the host.
//!
//! Both tools answer `{"status", "headers", "body", "body_bytes", "truncated"}`: the body as far as an answer
//! has room for it, how many bytes of it the host delivered, and whether there was more than is shown.

use serde::{Deserialize, Serialize};
use yoi_pdk::host::request::{Header, Method, Request, Response};
use yoi_pdk::{Result, ToolContext, ToolOutput};

/// A control character takes seven bytes of the answer, and even a body of nothing else is to fit.
const SHOWN_BODY_BYTES: usize = 8 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    method: Method,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    body: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    status: u16,
    headers: &'a [Header],
    body: &'a str,
    body_bytes: usize,
    truncated: bool,
}

fn get(_: &ToolContext, input: Get) -> Result<ToolOutput> {
    let response = Request::get(input.url).send()?;
    shown(Method::Get, &response)
}

fn send(_: &ToolContext, input: Send) -> Result<ToolOutput> {
    let mut request = Request::new(input.method, input.url);
    for Header { name, value } in input.headers {
        request = request.header(name, value);
    }
    if let Some(body) = input.body {
        request = request.body(body);
    }
    let response = request.send()?;
    shown(input.method, &response)
}

fn shown(method: Method, response: &Response) -> Result<ToolOutput> {
    let body = &response.body[..response.body.floor_char_boundary(SHOWN_BODY_BYTES)];
    ToolOutput::json(
        format!(
            "{method} answered {} with {} bytes",
            response.status,
            response.body.len()
        ),
        &Shown {
            status: response.status,
            headers: &response.headers,
            body,
            body_bytes: response.body.len(),
            truncated: response.truncated || body.len() < response.body.len(),
        },
    )
}

yoi_pdk::export_tool!("fetch_get" => get, "fetch_send" => send);
