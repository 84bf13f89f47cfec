//! Which URLs a target covers: as tables, and against a reference that is as plain as the rule.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::plugin::Plugin;
use super::puppet::{HostCall, HostFunction, Puppet, calling};
use super::stage::Stage;
use super::{HostTest, documented};
use crate::{Case, Checked, Clause, Side, expect};

const TARGETS: &str = "contracts/plugin.md#targets";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = Vec::new();
    for row in ROWS {
        tests.push(documented(row.id, TARGETS, row.says, move |stage| {
            let tables = requests(row.target);
            let plugin = asking().host_api("request").targets(&tables);
            decided(stage, &plugin, row.urls)
        }));
    }
    tests.extend([
        documented(
            "plugin.host.targets.both-sides",
            TARGETS,
            "A URL is covered by a target of the manifest and by one of the grants.",
            |stage| {
                let narrow = requests(
                    "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1/\"]",
                );
                let broad = requests("scheme = \"*\"\nhost = \"*\"\nmethods = [\"GET\", \"POST\"]");
                let urls = [
                    ("GET", "http://a.test/v1/x", true),
                    ("GET", "http://a.test/v2/x", false),
                    ("POST", "http://a.test/v1/x", false),
                    ("GET", "http://b.test/v1/x", false),
                ];
                let plugin = asking()
                    .host_api("request")
                    .asks_for_targets(&narrow)
                    .granted_targets(&broad);
                decided(stage, &plugin, &urls)?;
                let plugin = asking()
                    .host_api("request")
                    .asks_for_targets(&broad)
                    .granted_targets(&narrow);
                decided(stage, &plugin, &urls)
            },
        ),
        documented(
            "plugin.host.targets.any-of-several",
            TARGETS,
            "One target of several is enough, and it need not be the same on both sides.",
            |stage| {
                let first = requests(
                    "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]",
                );
                let second = requests(
                    "scheme = \"http\"\nhost = \"b.test\"\nmethods = [\"POST\"]\npath_prefixes = [\"/\"]",
                );
                let third = requests(
                    "scheme = \"http\"\nhost = \"*\"\nmethods = [\"GET\", \"POST\"]\npath_prefixes = [\"/\"]",
                );
                let plugin = asking()
                    .host_api("request")
                    .asks_for_targets(&format!("{first}\n{second}"))
                    .granted_targets(&format!("{third}\n{first}"));
                decided(
                    stage,
                    &plugin,
                    &[
                        ("GET", "http://a.test/v1", true),
                        ("POST", "http://b.test/x", true),
                        ("POST", "http://a.test/v1", false),
                        ("GET", "http://b.test/", false),
                    ],
                )
            },
        ),
        documented(
            "plugin.host.targets.websocket",
            TARGETS,
            "The targets of `websocket` are held against URLs as those of `request` are, without methods.",
            |stage| {
                let table = "[[websocket]]\nscheme = \"ws\"\nhost = \"a.test\"\npath_prefixes = [\"/v1\"]";
                let plugin = Plugin::of(Puppet::tool(calling([HostCall::with_input(HostFunction::Open)])))
                    .host_api("websocket")
                    .targets(table);
                stage.run(&plugin)?;
                for (url, allowed) in [
                    ("ws://a.test/v1/x", true),
                    ("wss://a.test/v1", false),
                    ("ws://a.test/v2", false),
                    ("ws://b.test/v1", false),
                ] {
                    let input = json!({ "url": url }).to_string();
                    decide(stage, &input, url, allowed)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.targets.apart",
            TARGETS,
            "A target of `websocket` is none of `request`.",
            |stage| {
                let table = "[[websocket]]\nscheme = \"*\"\nhost = \"*\"\npath_prefixes = [\"/\"]";
                let plugin = asking().host_api("request").host_api("websocket").targets(table);
                decided(stage, &plugin, &[("GET", "http://a.test/", false)])
            },
        ),
    ]);
    tests.push(
        Case::must(
            "plugin.host.targets.any",
            Clause::new(TARGETS, "A URL may be reached exactly where some target of the manifest and some target of the grants cover it."),
        )
        .profiles(&["documented"])
        .side(Side::Host)
        .property(
            |_: &super::HostTarget| questions(),
            |target, ctx, question: &Question| question.is_answered_right(&mut Stage::new(target, ctx)?),
        ),
    );
    tests
}

/// What came with the third set.
pub(super) fn third() -> Vec<HostTest> {
    let rows = THIRD.iter().map(|row| {
        documented(row.id, TARGETS, row.says, move |stage| {
            // Of what is usable there has to be some on either side.
            let tables = format!("{}\n{}", requests(USABLE), requests(row.target));
            let plugin = asking().host_api("request").targets(&tables);
            decided(stage, &plugin, row.urls)
        })
    });
    rows.collect()
}

/// A target, the same on both sides, and what it covers.
struct Row {
    id: &'static str,
    says: &'static str,
    target: &'static str,
    /// Method, URL, and whether it is covered.
    urls: &'static [(&'static str, &'static str, bool)],
}

const USABLE: &str = "scheme = \"http\"\nhost = \"b.test\"\nmethods = [\"GET\"]";

const THIRD: &[Row] = &[
    Row {
        id: "plugin.host.targets.without-methods",
        says: "A target without methods covers nothing.",
        target: "scheme = \"http\"\nhost = \"m.test\"",
        urls: &[("GET", "http://b.test/", true), ("GET", "http://m.test/", false)],
    },
    Row {
        id: "plugin.host.targets.without-scheme",
        says: "A target without a scheme covers nothing.",
        target: "host = \"s.test\"\nmethods = [\"GET\"]",
        urls: &[("GET", "http://b.test/", true), ("GET", "http://s.test/", false)],
    },
    Row {
        id: "plugin.host.targets.without-host",
        says: "A target without a host covers nothing.",
        target: "scheme = \"http\"\nmethods = [\"GET\"]\npath_prefixes = [\"/h\"]",
        urls: &[("GET", "http://b.test/", true), ("GET", "http://h.test/h", false)],
    },
];

const ROWS: &[Row] = &[
    Row {
        id: "plugin.host.targets.scheme",
        says: "A scheme is that scheme.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://a.test/", true),
            ("GET", "HTTP://a.test/", true),
            ("GET", "https://a.test/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.scheme-written-anyhow",
        says: "A scheme may be written in any case, with blanks around it.",
        target: "scheme = \" Http \"\nhost = \"a.test\"\nmethods = [\"GET\"]",
        urls: &[("GET", "http://a.test/", true), ("GET", "https://a.test/", false)],
    },
    Row {
        id: "plugin.host.targets.any-scheme",
        says: "The scheme `*` is any scheme.",
        target: "scheme = \"*\"\nhost = \"a.test\"\nmethods = [\"GET\"]",
        urls: &[("GET", "http://a.test/", true), ("GET", "https://a.test/", true)],
    },
    Row {
        id: "plugin.host.targets.host",
        says: "A host is that host, and none within it or above it.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://a.test/", true),
            ("GET", "http://A.TEST/", true),
            ("GET", "http://a.test./", true),
            ("GET", "http://b.a.test/", false),
            ("GET", "http://xa.test/", false),
            ("GET", "http://a.test.evil.test/", false),
            ("GET", "http://test/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.any-host",
        says: "The host `*` is any host.",
        target: "scheme = \"http\"\nhost = \"*\"\nmethods = [\"GET\"]",
        urls: &[("GET", "http://a.test/", true), ("GET", "http://b.test/", true)],
    },
    Row {
        id: "plugin.host.targets.no-suffix-wildcard",
        says: "There is no `*.` before a host.",
        target: "scheme = \"http\"\nhost = \"*.a.test\"\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://b.a.test/", false),
            ("GET", "http://a.test/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.port",
        says: "A port is that port, written or known from the scheme.",
        target: "scheme = \"*\"\nhost = \"a.test\"\nport = 443\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "https://a.test/", true),
            ("GET", "https://a.test:443/", true),
            ("GET", "http://a.test:443/", true),
            ("GET", "http://a.test/", false),
            ("GET", "https://a.test:8443/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.any-port",
        says: "Without a port it is any port.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://a.test/", true),
            ("GET", "http://a.test:8080/", true),
        ],
    },
    Row {
        id: "plugin.host.targets.methods",
        says: "A method is one of those that are named, in any case.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"get\", \" Post \"]",
        urls: &[
            ("GET", "http://a.test/", true),
            ("POST", "http://a.test/", true),
            ("PUT", "http://a.test/", false),
            ("DELETE", "http://a.test/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.prefix",
        says: "A path begins with one of the prefixes, letter by letter.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\", \"/x/\"]",
        urls: &[
            ("GET", "http://a.test/v1", true),
            ("GET", "http://a.test/v1/x", true),
            ("GET", "http://a.test/v1beta", true),
            ("GET", "http://a.test/x/", true),
            ("GET", "http://a.test/x", false),
            ("GET", "http://a.test/V1", false),
            ("GET", "http://a.test/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.dot-segments",
        says: "A path is held against the prefixes as it is sent: without `..`, however written.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1/\"]",
        urls: &[
            ("GET", "http://a.test/v1/../v2", false),
            ("GET", "http://a.test/v1/%2e%2e/v2", false),
            ("GET", "http://a.test/v1/.%2E/v2", false),
            ("GET", "http://a.test/v2/../v1/x", true),
            ("GET", "http://a.test/v1\\..\\v2", false),
            ("GET", "http://a.test/v1%2fx", false),
        ],
    },
    Row {
        id: "plugin.host.targets.query",
        says: "A query or fragment is no part of the path.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]",
        urls: &[
            ("GET", "http://a.test/v1?x=/v2", true),
            ("GET", "http://a.test/v2?x=/v1", false),
            ("GET", "http://a.test/v2#/v1", false),
        ],
    },
    Row {
        id: "plugin.host.targets.no-prefix",
        says: "Without prefixes it is any path.",
        target: "scheme = \"http\"\nhost = \"a.test\"\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://a.test/", true),
            ("GET", "http://a.test/any/path", true),
        ],
    },
    Row {
        id: "plugin.host.targets.other-letters",
        says: "A host of other letters is written as it is looked up.",
        target: "scheme = \"http\"\nhost = \"xn--r8jz45g.test\"\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://例え.test/", true),
            ("GET", "http://xn--r8jz45g.test/", true),
            ("GET", "http://例.test/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.address",
        says: "An address is one address, however it is written.",
        target: "scheme = \"http\"\nhost = \"127.0.0.1\"\nport = 9\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://127.0.0.1:9/", true),
            ("GET", "http://127.1:9/", true),
            ("GET", "http://0x7f000001:9/", true),
            ("GET", "http://127.0.0.2:9/", false),
            ("GET", "http://localhost:9/", false),
        ],
    },
    Row {
        id: "plugin.host.targets.address-of-version-6",
        says: "An address of version 6 may be written with brackets.",
        target: "scheme = \"http\"\nhost = \"[::1]\"\nport = 9\nmethods = [\"GET\"]",
        urls: &[
            ("GET", "http://[::1]:9/", true),
            ("GET", "http://[0:0:0:0:0:0:0:1]:9/", true),
            ("GET", "http://[::2]:9/", false),
        ],
    },
];

fn requests(target: &str) -> String {
    format!("[[request]]\n{target}\n")
}

/// A plugin whose tool makes the request that it is given.
fn asking() -> Plugin {
    Plugin::of(Puppet::tool(calling([HostCall::with_input(
        HostFunction::Request,
    )])))
}

/// That these URLs are covered, or not.
fn decided(stage: &mut Stage<'_>, plugin: &Plugin, urls: &[(&str, &str, bool)]) -> Checked {
    stage.run(plugin)?;
    for (method, url, allowed) in urls {
        let input = json!({ "method": method, "url": url }).to_string();
        decide(stage, &input, &format!("{method} {url}"), *allowed)?;
    }
    Ok(())
}

/// That a call is denied, or fails for any other reason: there is nobody at these addresses.
fn decide(stage: &mut Stage<'_>, input: &str, what: &str, allowed: bool) -> Checked {
    let answer = stage.host_answer(input)?;
    let value: Value = serde_json::from_str(&answer).unwrap_or_default();
    let denied = value["error"]["code"] == "denied";
    expect(
        denied != allowed,
        || format!("{what} to be {}", if allowed { "covered" } else { "denied" }),
        || stage.shown(&answer),
    )
}

/// A target as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Target {
    scheme: String,
    host: String,
    port: Option<u16>,
    methods: Vec<String>,
    prefixes: Vec<String>,
}

/// Whether a request may be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    manifest: Vec<Target>,
    grants: Vec<Target>,
    method: String,
    url: String,
}

impl Target {
    /// The rule, part by part.
    fn covers(&self, method: &str, url: &Url) -> bool {
        let scheme = self.scheme.trim().to_ascii_lowercase();
        let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
        let host = plain(&self.host);
        let known_port = match url.scheme() {
            "https" => 443,
            _ => 80,
        };
        (scheme == "*" || scheme == url.scheme())
            && !host.is_empty()
            && (host == "*" || host == plain(url.host_str().unwrap_or_default()))
            && self
                .port
                .is_none_or(|port| port == url.port().unwrap_or(known_port))
            && self
                .methods
                .iter()
                .any(|known| known.trim().eq_ignore_ascii_case(method))
            && (self.prefixes.is_empty()
                || self
                    .prefixes
                    .iter()
                    .any(|prefix| url.path().starts_with(prefix.as_str())))
    }

    fn table(&self) -> String {
        let mut out = format!(
            "[[request]]\nscheme = \"{}\"\nhost = \"{}\"\n",
            self.scheme, self.host
        );
        if let Some(port) = self.port {
            let _ = writeln!(out, "port = {port}");
        }
        let _ = writeln!(
            out,
            "methods = {:?}\npath_prefixes = {:?}",
            self.methods, self.prefixes
        );
        out
    }
}

impl Question {
    fn is_answered_right(&self, stage: &mut Stage<'_>) -> Checked {
        let Ok(url) = Url::parse(&self.url) else {
            return Ok(());
        };
        let covered = |targets: &[Target]| targets.iter().any(|target| target.covers(&self.method, &url));
        let tables = |targets: &[Target]| -> String { targets.iter().map(Target::table).collect() };
        let plugin = asking()
            .host_api("request")
            .asks_for_targets(&tables(&self.manifest))
            .granted_targets(&tables(&self.grants));
        let allowed = covered(&self.manifest) && covered(&self.grants);
        decided(stage, &plugin, &[(&self.method, &self.url, allowed)])
    }
}

/// Questions whose answer is as often yes as no: the parts are drawn from few words.
fn questions() -> impl Strategy<Value = Question> {
    let host = prop::sample::select(vec!["a.test", "b.test", "A.test", "a.b.test", "*", "a.test."]);
    let target = (
        prop::sample::select(vec!["http", "https", "*", "HTTP"]),
        host,
        prop::option::weighted(0.3, prop::sample::select(vec![80_u16, 443, 8080])),
        prop::sample::subsequence(vec!["GET", "post", "PUT"], 1..=3),
        prop::sample::subsequence(vec!["/", "/v1", "/v1/", "/v2/x"], 0..=2),
    )
        .prop_map(|(scheme, host, port, methods, prefixes)| Target {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
            methods: methods.into_iter().map(str::to_owned).collect(),
            prefixes: prefixes.into_iter().map(str::to_owned).collect(),
        });
    let url = (
        prop::sample::select(vec!["http", "https"]),
        prop::sample::select(vec![
            "a.test", "b.test", "a.b.test", "c.test", "A.TEST", "a.test.",
        ]),
        prop::sample::select(vec!["", ":80", ":443", ":8080", ":1"]),
        prop::sample::select(vec![
            "/",
            "/v1",
            "/v1/x",
            "/v1x",
            "/v2/x",
            "/v1/../v2/x",
            "/%76%31",
            "/v3?/v1",
        ]),
    )
        .prop_map(|(scheme, host, port, path)| format!("{scheme}://{host}{port}{path}"));
    (
        prop::collection::vec(target.clone(), 1..4),
        prop::collection::vec(target, 1..4),
        prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
        url,
    )
        .prop_map(|(manifest, grants, method, url)| Question {
            manifest,
            grants,
            method: method.to_owned(),
            url,
        })
}
