//! Requests that no host makes, whatever is granted.

use serde_json::json;

use super::super::grants::expect_code;
use super::super::plugin::Plugin;
use super::super::puppet::{HostCall, HostFunction, Puppet, calling};
use super::super::{HostTest, documented};
use super::REQUEST;

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = Vec::new();
    for (id, says, description, code) in REFUSED {
        tests.push(documented(id, REQUEST, says, move |stage| {
            let description = description();
            let call = HostCall::of(HostFunction::Request, description);
            let plugin = Plugin::of(Puppet::tool(calling([call])))
                .host_api("request")
                .targets(ANY);
            stage.run(&plugin)?;
            let answer = stage.host_answer("null")?;
            expect_code(&answer, code)
        }));
    }
    tests
}

const ANY: &str = "[[request]]\nscheme = \"*\"\nhost = \"*\"\nmethods = [\"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"]";

type Description = fn() -> String;

fn with_header(name: &str, value: &str) -> String {
    json!({ "method": "GET", "url": "http://a.test/", "headers": [{ "name": name, "value": value }] })
        .to_string()
}

fn to(url: &str) -> String {
    json!({ "method": "GET", "url": url }).to_string()
}

/// Descriptions that are refused before anything is sent, and the code of each.
const REFUSED: &[(&str, &str, Description, &str)] = &[
    (
        "plugin.host.request.not-json",
        "A description is JSON.",
        || "GET /".to_owned(),
        "invalid",
    ),
    (
        "plugin.host.request.not-an-object",
        "A description is an object.",
        || "[]".to_owned(),
        "invalid",
    ),
    (
        "plugin.host.request.no-url",
        "A description has a URL.",
        || r#"{"method":"GET"}"#.to_owned(),
        "invalid",
    ),
    (
        "plugin.host.request.no-method",
        "A description has a method.",
        || r#"{"url":"http://a.test/"}"#.to_owned(),
        "invalid",
    ),
    (
        "plugin.host.request.unknown-field",
        "A description has no fields but those of the contract.",
        || r#"{"method":"GET","url":"http://a.test/","proxy":"x"}"#.to_owned(),
        "invalid",
    ),
    (
        "plugin.host.request.unknown-header-field",
        "A header has no fields but those of the contract.",
        || r#"{"method":"GET","url":"http://a.test/","headers":[{"name":"a","value":"b","x":1}]}"#.to_owned(),
        "invalid",
    ),
    (
        "plugin.host.request.head",
        "`HEAD` is none of the methods.",
        || r#"{"method":"HEAD","url":"http://a.test/"}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.request.trace",
        "`TRACE` is none of the methods.",
        || r#"{"method":"TRACE","url":"http://a.test/"}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.request.lower-case",
        "A method is written in capitals.",
        || r#"{"method":"get","url":"http://a.test/"}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.request.too-large-description",
        "A description has 49152 bytes at most.",
        || json!({ "method": "GET", "url": format!("http://a.test/{}", "x".repeat(49_152)) }).to_string(),
        "too_large",
    ),
    (
        "plugin.host.request.too-large-body",
        "A body has 32768 bytes at most.",
        || json!({ "method": "POST", "url": "http://a.test/", "body": "b".repeat(32_769) }).to_string(),
        "too_large",
    ),
    (
        "plugin.host.request.too-many-headers",
        "A request has 16 headers at most.",
        || {
            json!({ "method": "GET", "url": "http://a.test/", "headers": vec![json!({ "name": "a", "value": "b" }); 17] }).to_string()
        },
        "too_large",
    ),
    (
        "plugin.host.request.too-long-header",
        "A header's value has 1024 bytes at most.",
        || with_header("a", &"v".repeat(1025)),
        "too_large",
    ),
    (
        "plugin.host.request.long-header-name",
        "A header's name has 64 bytes at most.",
        || with_header(&"n".repeat(65), "v"),
        "invalid",
    ),
    (
        "plugin.host.request.empty-header-name",
        "A header has a name.",
        || with_header("", "v"),
        "invalid",
    ),
    (
        "plugin.host.request.bad-header-name",
        "A header's name has no blanks.",
        || with_header("a b", "v"),
        "invalid",
    ),
    (
        "plugin.host.request.header-of-two-lines",
        "A header is one line.",
        || with_header("a", "b\r\nc: d"),
        "invalid",
    ),
    (
        "plugin.host.request.authorization",
        "A plugin sends no `Authorization`.",
        || with_header("Authorization", "Bearer x"),
        "denied",
    ),
    (
        "plugin.host.request.cookie",
        "A plugin sends no `Cookie`, in whatever case.",
        || with_header("cOOkie", "a=b"),
        "denied",
    ),
    (
        "plugin.host.request.proxy-authorization",
        "A plugin sends no `Proxy-Authorization`.",
        || with_header("Proxy-Authorization", "x"),
        "denied",
    ),
    (
        "plugin.host.request.api-key",
        "A plugin sends no `X-Api-Key`.",
        || with_header("X-API-Key", "x"),
        "denied",
    ),
    (
        "plugin.host.request.upgrade",
        "A request is no upgrade to another protocol.",
        || with_header("Upgrade", "websocket"),
        "unsupported",
    ),
    (
        "plugin.host.request.connection-upgrade",
        "A connection is no upgrade either.",
        || with_header("Connection", "keep-alive, Upgrade"),
        "unsupported",
    ),
    (
        "plugin.host.request.event-stream",
        "A request is for no stream of events.",
        || with_header("Accept", "text/html, text/event-stream"),
        "unsupported",
    ),
    (
        "plugin.host.request.event-stream-with-parameter",
        "It is for none with a parameter either.",
        || with_header("Accept", "text/event-stream;q=1"),
        "unsupported",
    ),
    (
        "plugin.host.request.relative-url",
        "A URL is absolute.",
        || to("/v1"),
        "invalid",
    ),
    (
        "plugin.host.request.no-host",
        "A URL has a host.",
        || to("http://"),
        "invalid",
    ),
    (
        "plugin.host.request.user-in-url",
        "A URL has no credentials.",
        || to("http://user:pass@a.test/"),
        "invalid",
    ),
    (
        "plugin.host.request.websocket-url",
        "`request` goes to no `ws`.",
        || to("ws://a.test/"),
        "unsupported",
    ),
    (
        "plugin.host.request.file-url",
        "`request` goes to no `file`.",
        || to("file:///etc/hostname"),
        "unsupported",
    ),
    (
        "plugin.host.request.data-url",
        "`request` goes to no `data`.",
        || to("data:text/plain,a"),
        "unsupported",
    ),
    (
        "plugin.host.request.bad-port",
        "A port has 16 bits.",
        || to("http://a.test:99999/"),
        "invalid",
    ),
];
