//! Targets beside the rules of the contract, written down one after the other.

use super::*;
use proptest::prelude::*;

/// The rules of the contract as they are written there, one after the other and without preparation.
mod reference {
    use super::*;

    pub(super) fn request(target: &RequestTarget, method: &str, url: &Url) -> bool {
        let method_matches = target
            .methods
            .iter()
            .any(|known| known.trim().to_uppercase() == method.to_uppercase());
        method_matches
            && place(
                &target.scheme,
                &target.host,
                target.port,
                &target.path_prefixes,
                url,
            )
    }

    pub(super) fn websocket(target: &WebsocketTarget, url: &Url) -> bool {
        place(
            &target.scheme,
            &target.host,
            target.port,
            &target.path_prefixes,
            url,
        )
    }

    fn place(scheme: &str, host: &str, port: Option<u16>, prefixes: &[String], url: &Url) -> bool {
        let scheme: String = scheme.trim().chars().map(|c| c.to_ascii_lowercase()).collect();
        if scheme.is_empty() || (scheme != "*" && scheme != url.scheme()) {
            return false;
        }
        let Some(found) = url.host_str() else { return false };
        let (host, found) = (plain(host), plain(found));
        if host.is_empty() || (host != "*" && host != found) {
            return false;
        }
        let default = match url.scheme() {
            "https" | "wss" => Some(443),
            "http" | "ws" => Some(80),
            _ => None,
        };
        if port.is_some() && port != url.port().or(default) {
            return false;
        }
        if prefixes.is_empty() {
            return true;
        }
        let path: Vec<char> = url.path().chars().collect();
        prefixes.iter().any(|prefix| {
            let prefix: Vec<char> = prefix.chars().collect();
            !prefix.is_empty() && path.len() >= prefix.len() && path[..prefix.len()] == prefix[..]
        })
    }

    fn plain(host: &str) -> String {
        let mut chars: Vec<char> = host.chars().collect();
        if chars.last() == Some(&'.') {
            chars.pop();
        }
        if chars.first() == Some(&'[') {
            chars.remove(0);
        }
        if chars.last() == Some(&']') {
            chars.pop();
        }
        chars.into_iter().map(|c| c.to_ascii_lowercase()).collect()
    }
}

fn texts(choices: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    let one = proptest::sample::select(choices).prop_map(str::to_owned);
    proptest::collection::vec(one, 0..=most)
}

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(choices).prop_map(str::to_owned)
}

fn port() -> impl Strategy<Value = Option<u16>> {
    proptest::sample::select(&[None, Some(80), Some(443), Some(8443)][..])
}

const HOSTS: &[&str] = &[
    "*",
    "",
    "a.example",
    "A.Example.",
    " a.example",
    "b.example",
    "127.0.0.1",
    "[::1]",
    "::1",
    "*.example",
    "xn--r8jz45g.jp",
    ".",
];
const PREFIXES: &[&str] = &["", "/", "/v1", "/v1/", "/v1/a", "/%2F", "/v2", "v1", "/é"];
const METHOD_TEXTS: &[&str] = &["GET", "get ", "POST", "TRACE", "", " delete"];

prop_compose! {
    fn request_target()(
        scheme in one_of(&["https", "http", " HTTPS ", "*", "", "ws", "* "]),
        host in one_of(HOSTS),
        port in port(),
        methods in texts(METHOD_TEXTS, 3),
        path_prefixes in texts(PREFIXES, 3),
    ) -> RequestTarget {
        RequestTarget { scheme, host, port, methods, path_prefixes }
    }
}

prop_compose! {
    fn websocket_target()(
        scheme in one_of(&["wss", "ws", " WSS ", "*", "", "https"]),
        host in one_of(HOSTS),
        port in port(),
        path_prefixes in texts(PREFIXES, 3),
    ) -> WebsocketTarget {
        WebsocketTarget { scheme, host, port, path_prefixes }
    }
}

fn url() -> impl Strategy<Value = Url> {
    (
        one_of(&["https", "http", "wss", "ws"]),
        one_of(&[
            "a.example",
            "A.example.",
            "b.example",
            "127.1",
            "[::1]",
            "例え.jp",
            "*",
            "a.example..",
            ".",
        ]),
        one_of(&["", ":80", ":443", ":8443"]),
        one_of(&[
            "",
            "/",
            "/v1",
            "/v1beta",
            "/v1/a?q=/v2",
            "/v1/../v2",
            "/v1/%2e%2e/v2",
            "/%2F",
            "/é#/v1",
        ]),
    )
        .prop_map(|(scheme, host, port, path)| Url::parse(&format!("{scheme}://{host}{port}{path}")).unwrap())
}

proptest! {
    #[test]
    fn a_request_matches_just_as_the_slow_reference_says(
        target in request_target(), method in one_of(&["GET", "POST", "delete", "TRACE"]), url in url(),
    ) {
        prop_assert_eq!(target.matches(&method, &url), reference::request(&target, &method, &url));
    }

    #[test]
    fn a_connection_matches_just_as_the_slow_reference_says(target in websocket_target(), url in url()) {
        prop_assert_eq!(target.matches(&url), reference::websocket(&target, &url));
    }

    #[test]
    fn what_is_covered_is_matched_by_the_one_that_covers(
        grant in request_target(), target in request_target(), method in one_of(&["GET", "POST"]), url in url(),
    ) {
        if grant.covers(&target) && target.matches(&method, &url) {
            prop_assert!(grant.matches(&method, &url));
        }
    }

    #[test]
    fn what_both_match_is_an_intersection(
        a in request_target(), b in request_target(), method in one_of(&["GET", "POST"]), url in url(),
    ) {
        prop_assert_eq!(a.intersects(&b), b.intersects(&a));
        if a.matches(&method, &url) && b.matches(&method, &url) {
            prop_assert!(a.intersects(&b));
        }
    }

    #[test]
    fn the_same_holds_for_connections(a in websocket_target(), b in websocket_target(), url in url()) {
        prop_assert_eq!(a.intersects(&b), b.intersects(&a));
        if b.matches(&url) {
            prop_assert!(!a.covers(&b) || a.matches(&url));
            prop_assert!(!a.matches(&url) || a.intersects(&b));
        }
    }

    #[test]
    fn a_target_differs_in_no_part_just_if_it_matches(target in request_target(), url in url()) {
        let differences = target.matcher().differences(Some("GET"), &url);
        prop_assert_eq!(differences.is_empty(), target.matches("GET", &url));
    }
}

fn target(scheme: &str, host: &str, port: Option<u16>, methods: &[&str], paths: &[&str]) -> RequestTarget {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    RequestTarget {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port,
        methods: owned(methods),
        path_prefixes: owned(paths),
    }
}

#[track_caller]
fn check(target: &RequestTarget, allowed: &[&str], denied: &[&str]) {
    for (urls, expected) in [(allowed, true), (denied, false)] {
        for url in urls {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(target.matches("GET", &parsed), expected, "{url}");
        }
    }
}

#[test]
fn a_host_matches_whole_or_not_at_all() {
    check(
        &target("https", "api.example.com", None, &["GET"], &[]),
        &[
            "https://api.example.com/",
            "https://API.example.com./x",
            "https://api.example.com:8443/",
            "https://user@api.example.com/",
        ],
        &[
            "http://api.example.com/",
            "https://x.api.example.com/",
            "https://api.example.com.evil.com/",
            "https://evil.com/api.example.com",
            "https://api.example.com@evil.com/",
        ],
    );
    check(
        &target("https", "*.example.com", None, &["GET"], &[]),
        &[],
        &["https://a.example.com/", "https://example.com/"],
    );
}

#[test]
fn an_address_is_compared_as_a_url_writes_it() {
    check(
        &target("http", "127.0.0.1", None, &["GET"], &[]),
        &[
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
        ],
        &[
            "http://127.0.0.2/",
            "http://localhost/",
            "http://[::ffff:127.0.0.1]/",
        ],
    );
    check(
        &target("http", "[::1]", None, &["GET"], &[]),
        &["http://[::1]/", "http://[0:0:0:0:0:0:0:1]/"],
        &["http://[::2]/"],
    );
    check(
        &target("http", "127.1", None, &["GET"], &[]),
        &[],
        &["http://127.1/"],
    );
}

#[test]
fn a_path_prefix_is_plain_text_on_the_resolved_path() {
    check(
        &target("https", "a.b", None, &["GET"], &["/v1"]),
        &[
            "https://a.b/v1",
            "https://a.b/v1beta",
            "https://a.b/x/../v1/y?q",
            "https://a.b/v1/%2f..",
        ],
        &[
            "https://a.b/v1/../v2",
            "https://a.b/v1/%2e%2e/v2",
            "https://a.b/?/v1",
            "https://a.b/V1",
        ],
    );
    check(
        &target("https", "a.b", None, &["GET"], &[""]),
        &[],
        &["https://a.b/"],
    );
}

#[test]
fn a_port_is_the_schemes_own_unless_one_is_written() {
    check(
        &target("*", "a.b", Some(443), &["GET"], &[]),
        &["https://a.b/", "wss://a.b/", "http://a.b:443/"],
        &["http://a.b/", "https://a.b:444/"],
    );
}

#[test]
fn an_empty_target_matches_nothing() {
    check(&RequestTarget::default(), &[], &["https://a.b/"]);
    check(&target("https", "a.b", None, &[], &[]), &[], &["https://a.b/"]);
}

#[test]
fn a_label_fills_what_is_empty_and_says_what_is_broad() {
    let labels = [
        target("https", "a.b", Some(1), &["GET", "POST"], &["/v1", "/v2"]).to_string(),
        target("*", "a.b", None, &["GET"], &["/v1"]).to_string(),
        RequestTarget::default().to_string(),
        WebsocketTarget::default().to_string(),
    ];
    insta::assert_snapshot!(labels.join("\n"), @r"
        https://a.b:1 GET,POST /v1,/v2
        *://a.b GET /v1 [broad-request]
        <no-scheme>://<no-host> <no-methods> * [broad-request]
        <no-scheme>://<no-host> * [broad-websocket]
        ");
}
