//! The host API `request`: what is sent, what comes back, and what never leaves the machine.

use serde_json::{Value, json};

use super::grants::expect_code;
use super::peer::{Peer, answer};
use super::plugin::Plugin;
use super::puppet::{HostCall, HostFunction, Part, Puppet, calling, text};
use super::stage::Stage;
use super::{HostTest, documented};
use crate::{Stop, expect, expect_eq, shown};

mod addresses;
mod refused;

const REQUEST: &str = "contracts/plugin.md#request";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        documented(
            "plugin.host.request.answer",
            REQUEST,
            "An answer has status, headers, body and whether that was cut off.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[("x-a", "1"), ("x-a", "2")], b"hello"))?;
                let got = get(stage, &peer)?;
                expect_eq("the status", &json!(200), &got["status"])?;
                expect_eq("the body", &json!("hello"), &got["body"])?;
                expect_eq("truncated", &json!(false), &got["truncated"])?;
                for value in ["1", "2"] {
                    let header = json!({ "name": "x-a", "value": value });
                    let there = got["headers"]
                        .as_array()
                        .is_some_and(|headers| headers.contains(&header));
                    expect(
                        there,
                        || format!("the header {header}"),
                        || got["headers"].to_string(),
                    )?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.request.as-asked",
            REQUEST,
            "Method, path, query, headers and body are sent as they are asked for.",
            |stage| {
                let peer = Peer::http(answer("204 No Content", &[], b""))?;
                let description = json!({
                    "method": "PATCH",
                    "url": format!("http://127.0.0.1:{}/a/b?q=%20x", peer.port),
                    "headers": [{ "name": "X-One", "value": "1" }, { "name": "X-Two", "value": "2" }],
                    "body": "né",
                });
                let got = ask(stage, &peer, &description)?;
                expect_eq("the status", &json!(204), &got["status"])?;
                let seen = peer.seen();
                let request = seen.first().map_or("", String::as_str);
                let lower = request.to_ascii_lowercase();
                for part in ["patch /a/b?q=%20x http/1.1\r\n", "x-one: 1\r\n", "x-two: 2\r\n"] {
                    expect(
                        lower.contains(part),
                        || format!("{} in the request", shown(part)),
                        || stage.shown(request),
                    )?;
                }
                expect(
                    request.ends_with("\r\n\r\nné"),
                    || "the body".to_owned(),
                    || stage.shown(request),
                )
            },
        ),
        documented(
            "plugin.host.request.methods",
            REQUEST,
            "There are five methods, and any of them may have a body or none.",
            |stage| {
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                    let peer = Peer::http(answer("200 OK", &[], b"ok"))?;
                    let got = ask(
                        stage,
                        &peer,
                        &json!({ "method": method, "url": url(&peer), "body": "b" }),
                    )?;
                    expect_eq("the status", &json!(200), &got["status"])?;
                    let seen = peer.seen();
                    let request = seen.first().map_or("", String::as_str);
                    expect(
                        request.starts_with(method) && request.ends_with("b"),
                        || format!("a {method} with its body"),
                        || stage.shown(request),
                    )?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.request.any-status",
            REQUEST,
            "Every status is an answer.",
            |stage| {
                for (line, status) in [("404 Not Found", 404), ("500 Oh", 500), ("299 Odd", 299)] {
                    let peer = Peer::http(answer(line, &[], b"no"))?;
                    let got = get(stage, &peer)?;
                    expect_eq("the status", &json!(status), &got["status"])?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.request.no-redirects",
            REQUEST,
            "A redirect is an answer, and is not followed.",
            |stage| {
                let other = Peer::http(answer("200 OK", &[], b"there"))?;
                let location = format!("http://127.0.0.1:{}/", other.port);
                let peer = Peer::http(answer("302 Found", &[("location", &location)], b""))?;
                stage.reach(other.port, "OTHER");
                let got = get(stage, &peer)?;
                expect_eq("the status", &json!(302), &got["status"])?;
                expect_eq("requests at the other place", &0, &other.seen().len())
            },
        ),
        documented(
            "plugin.host.request.cookies-withheld",
            REQUEST,
            "A plugin gets no cookies and no credentials of an answer.",
            |stage| {
                let headers = [
                    ("Set-Cookie", "session=s3cret"),
                    ("Authorization", "s3cret"),
                    ("X-Api-Key", "s3cret"),
                    ("x-kept", "k"),
                ];
                let peer = Peer::http(answer("200 OK", &headers, b""))?;
                let got = get(stage, &peer)?.to_string();
                expect(
                    !got.contains("s3cret") && got.contains("x-kept"),
                    || "the header `x-kept` and no secret".to_owned(),
                    || got.clone(),
                )
            },
        ),
        documented(
            "plugin.host.request.sixteen-headers",
            REQUEST,
            "Of an answer's headers 16 are handed on.",
            |stage| {
                let names: Vec<String> = (0..40).map(|n| format!("x-{n:02}")).collect();
                let headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
                let peer = Peer::http(answer("200 OK", &headers, b""))?;
                let got = get(stage, &peer)?;
                expect_eq(
                    "how many headers there are",
                    &16,
                    &got["headers"].as_array().map_or(0, Vec::len),
                )
            },
        ),
        documented(
            "plugin.host.request.long-header",
            REQUEST,
            "Of a header's value 1024 bytes are handed on.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[("x-long", &"v".repeat(2000))], b""))?;
                let got = get(stage, &peer)?;
                let value = got["headers"]
                    .as_array()
                    .and_then(|headers| headers.iter().find(|header| header["name"] == "x-long"));
                let value = value
                    .and_then(|header| header["value"].as_str())
                    .unwrap_or_default();
                expect_eq("the value", &format!("{}…", "v".repeat(1024)), &value.to_owned())
            },
        ),
        documented(
            "plugin.host.request.largest-body",
            REQUEST,
            "A body of 65536 bytes is read whole.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[], &vec![b'x'; 65_536]))?;
                let got = ends(stage, &peer)?;
                expect(
                    got.ends_with(r#""truncated":false}"#),
                    || "the whole body".to_owned(),
                    || got.clone(),
                )
            },
        ),
        documented(
            "plugin.host.request.large-body",
            REQUEST,
            "Of a body 65536 bytes are read, and it is said that there are more.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[], &vec![b'x'; 200_000]))?;
                let got = ends(stage, &peer)?;
                let bytes: usize = got
                    .get(..8)
                    .and_then(|digits| digits.parse().ok())
                    .unwrap_or(usize::MAX);
                expect(
                    got.ends_with(r#""truncated":true}"#) && (65_536..66_500).contains(&bytes),
                    || "65536 bytes of the body, and `truncated`".to_owned(),
                    || got.clone(),
                )
            },
        ),
        documented(
            "plugin.host.request.not-text",
            REQUEST,
            "Bytes of a body that are no text are replaced.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[], b"a\xffb"))?;
                let got = get(stage, &peer)?;
                expect_eq("the body", &json!("a\u{fffd}b"), &got["body"])
            },
        ),
        documented(
            "plugin.host.request.not-unpacked",
            REQUEST,
            "A body is handed on as it came: nothing is unpacked.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[("content-encoding", "gzip")], b"not gzip"))?;
                let got = get(stage, &peer)?;
                expect_eq("the body", &json!("not gzip"), &got["body"])
            },
        ),
        documented(
            "plugin.host.request.no-http",
            REQUEST,
            "Who answers something else than HTTP has failed.",
            |stage| {
                let peer = Peer::http(*b"hello there\r\n\r\n")?;
                let got = ask(stage, &peer, &json!({ "method": "GET", "url": url(&peer) }))?;
                expect_code(&got.to_string(), "failed")
            },
        ),
        documented(
            "plugin.host.request.broken-off",
            REQUEST,
            "Who breaks off has failed, and the plugin goes on.",
            |stage| {
                let peer = Peer::rude()?;
                let got = ask(stage, &peer, &json!({ "method": "GET", "url": url(&peer) }))?;
                let code = got["error"]["code"].as_str().unwrap_or_default().to_owned();
                expect(
                    ["failed", "unreachable"].contains(&code.as_str()),
                    || "`failed` or `unreachable`".to_owned(),
                    || got.to_string(),
                )
            },
        ),
        documented(
            "plugin.host.request.nobody-there",
            REQUEST,
            "Nobody there is `unreachable`.",
            |stage| {
                let port = {
                    let gone = Peer::rude()?;
                    gone.port
                };
                stage.reach(port, "PORT");
                let plugin = granted(port).config("null");
                stage.run(&plugin)?;
                let input =
                    json!({ "method": "GET", "url": format!("http://127.0.0.1:{port}/") }).to_string();
                let answer = stage.host_answer(&input)?;
                expect_code(&answer, "unreachable")
            },
        ),
        documented(
            "plugin.host.request.no-secrets-in-errors",
            REQUEST,
            "An error does not repeat a query or a credential.",
            |stage| {
                let input = json!({ "method": "GET", "url": "http://other.test/?token=s3cret" }).to_string();
                stage.run(&granted(9))?;
                let answer = stage.host_answer(&input)?;
                expect_code(&answer, "denied")?;
                expect(
                    !answer.contains("s3cret"),
                    || "no secret".to_owned(),
                    || answer.clone(),
                )
            },
        ),
        documented(
            "plugin.host.request.nothing-sent-when-denied",
            REQUEST,
            "A request that is denied is not sent.",
            |stage| {
                let peer = Peer::http(answer("200 OK", &[], b""))?;
                stage.reach(peer.port, "PORT");
                let port = peer.port;
                let plugin = Plugin::of(Puppet::tool(calling([HostCall::with_input(HostFunction::Request)])))
                .host_api("request")
                .targets(&format!("[[request]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nport = {port}\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]"));
                stage.run(&plugin)?;
                for (method, path) in [("GET", "/v2"), ("POST", "/v1"), ("GET", "/v1/../v2")] {
                    let input = json!({ "method": method, "url": format!("http://127.0.0.1:{port}{path}") })
                        .to_string();
                    let answer = stage.host_answer(&input)?;
                    expect_code(&answer, "denied")?;
                }
                expect_eq("requests that were sent", &0, &peer.seen().len())
            },
        ),
    ];
    tests.extend(addresses::tests());
    tests.extend(refused::tests());
    tests
}

fn url(peer: &Peer) -> String {
    format!("http://127.0.0.1:{}/", peer.port)
}

/// A plugin that makes the request that it is given, and may go to this port of the machine.
fn granted(port: u16) -> Plugin {
    named("127.0.0.1", port)
}

/// The same, for a port of a host.
fn named(host: &str, port: u16) -> Plugin {
    let table = format!(
        "[[request]]\nscheme = \"http\"\nhost = \"{host}\"\nport = {port}\nmethods = [\"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"]\npath_prefixes = [\"/\"]"
    );
    Plugin::of(Puppet::tool(calling([HostCall::with_input(
        HostFunction::Request,
    )])))
    .host_api("request")
    .targets(&table)
}

/// What the plugin got for this request.
fn ask(stage: &mut Stage<'_>, peer: &Peer, description: &Value) -> Result<Value, Stop> {
    stage.reach(peer.port, "PORT");
    stage.run(&granted(peer.port))?;
    let answer = stage.host_answer(&description.to_string())?;
    parsed(stage, &answer)
}

fn get(stage: &mut Stage<'_>, peer: &Peer) -> Result<Value, Stop> {
    ask(stage, peer, &json!({ "method": "GET", "url": url(peer) }))
}

/// The length of what the plugin got, its beginning and its end.
fn ends(stage: &mut Stage<'_>, peer: &Peer) -> Result<String, Stop> {
    stage.reach(peer.port, "PORT");
    let call = HostCall::with_input(HostFunction::Request);
    let parts = vec![
        text(r#"{"summary":"s","content":""#),
        Part::HostEnds(call),
        text(r#""}"#),
    ];
    let table = format!(
        "[[request]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nport = {}\nmethods = [\"GET\"]\npath_prefixes = [\"/\"]",
        peer.port
    );
    stage.run(
        &Plugin::of(Puppet::tool(parts))
            .host_api("request")
            .targets(&table),
    )?;
    let description = json!({ "method": "GET", "url": url(peer) }).to_string();
    stage.host_answer(&description)
}

fn parsed(stage: &Stage<'_>, answer: &str) -> Result<Value, Stop> {
    serde_json::from_str(answer)
        .map_err(|error| Stop::fail("an answer in JSON", format!("{error}: {}", stage.shown(answer))))
}
