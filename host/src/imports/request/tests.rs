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

// Who may ask, and for what.

#[test]
fn an_answer_has_the_fields_of_the_contract_in_its_order() {
    let world = scripted(
        name("a.test"),
        ScriptedDialer::new().peer(at(PUBLIC, 80), answering(OK)),
    );
    let answer = get(&granted_hosts(&["a.test"]), &world, "http://a.test/").unwrap();
    insta::assert_snapshot!(answer, @r#"{"status":200,"headers":[{"name":"content-length","value":"2"}],"body":"ok","truncated":false}"#);
}

#[test]
fn without_a_grant_the_host_api_is_denied_before_the_description_is_read() {
    let world = nothing();
    let refusal = request(&Authority::none(), &world.net, &patient(), "no JSON");
    insta::assert_snapshot!(words(&refusal), @"Denied: plugin host API dispatch denied: requested host_api.request permission is missing");
}

#[test]
fn an_oversized_description_is_refused_before_anything_else() {
    let json = " ".repeat(limits::REQUEST_DESCRIPTOR_BYTES + 1);
    let refusal = request(&Authority::none(), &nothing().net, &patient(), &json);
    insta::assert_snapshot!(words(&refusal), @"TooLarge: request descriptor exceeds 49152 bytes");
}

#[test]
fn a_url_that_is_not_granted_is_denied_before_any_lookup() {
    let world = nothing();
    let authority = granted(
        r#"
        permissions = [{ kind = "host_api", api = "request" }]
        [[request]]
        scheme = "https"
        host = "a.test"
        methods = ["GET"]
        path_prefixes = ["/v1"]
        "#,
    );
    let refusals = [
        ("GET", "https://b.test/v1?secret=x"),
        ("POST", "https://a.test/v1"),
        ("GET", "https://a.test/v1/../v2"),
        ("GET", "https://a.test/v1/%2e%2e/v2"),
        ("GET", "http://a.test/v1"),
    ]
    .map(|(method, url)| words(&send(&authority, &world, &json!({"method": method, "url": url}))));
    assert_untouched(&world);
    insta::assert_snapshot!(refusals.join("\n"), @r"
    Denied: host_api.request target GET https://b.test/v1 is not covered by enabled request grants
    Denied: host_api.request target POST https://a.test/v1 is not covered by enabled request grants
    Denied: host_api.request target GET https://a.test/v2 is not covered by enabled request grants
    Denied: host_api.request target GET https://a.test/v2 is not covered by enabled request grants
    Denied: host_api.request target GET http://a.test/v1 is not covered by enabled request grants
    ");
}

#[test]
fn every_rule_for_a_description_has_its_words() {
    let world = nothing();
    let authority = granted_hosts(&["*"]);
    let with = |name: &str, value: &str| json!({"method": "GET", "url": "http://a.test", "headers": [{"name": name, "value": value}]});
    let url = |url: &str| json!({"method": "GET", "url": url});
    let many = vec![json!({"name": "a", "value": "b"}); 17];
    let descriptors = [
        json!([]),
        json!({"method": "GET"}),
        json!({"method": "GET", "url": "http://a.test", "more": 1}),
        json!({"method": "GET", "url": "http://a.test", "headers": [["a", "b"]]}),
        json!({"method": "HEAD", "url": "http://a.test"}),
        json!({"method": "get", "url": "http://a.test"}),
        json!({"method": "GET", "url": "http://a.test", "headers": many}),
        with("", "b"),
        with(&"n".repeat(65), "b"),
        with("a", &"v".repeat(1025)),
        with("Authorization", "Bearer abc"),
        with("X-API-Key", "abc"),
        with("Upgrade", "websocket"),
        with("Connection", "keep-alive, Upgrade"),
        with("Accept", "text/html, text/event-stream"),
        with("Accept", "text/Event-Stream ; q=1"),
        with("Host", "b.test"),
        with("Content-Length", "0"),
        with("Transfer-Encoding", "chunked"),
        with("Connection", "close"),
        with("TE", "trailers"),
        with("a b", "c"),
        with("a", "b\r\nc: d"),
        json!({"method": "POST", "url": "http://a.test", "body": "b".repeat(32_769)}),
        url("nowhere"),
        url("http://"),
        url("ws://a.test"),
        url("ftp://a.test"),
        url("data:text/plain,a"),
        url("http://user@a.test"),
        url("http://:pass@a.test"),
        url("http://a.test:99999"),
    ];
    let refusals = descriptors.map(|descriptor| words(&send(&authority, &world, &descriptor)));
    assert_untouched(&world);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    Invalid: invalid request JSON: invalid type, expected an object at line 1 column 0
    Invalid: invalid request JSON: missing field `url` at line 1 column 16
    Invalid: invalid request JSON: unknown field `more`, expected one of `method`, `url`, `headers`, `body` at line 1 column 22
    Invalid: invalid request JSON: invalid type, expected an object at line 1 column 12
    Unsupported: request method `HEAD` is not allowed
    Unsupported: request method `get` is not allowed
    TooLarge: request descriptor has too many headers (max 16)
    Invalid: request header name is invalid
    Invalid: request header name is invalid
    TooLarge: request header `a` exceeds 1024 bytes
    Denied: request header `Authorization` is credential-like and must be supplied by an explicit future secret-ref grant, not guest memory
    Denied: request header `X-API-Key` is credential-like and must be supplied by an explicit future secret-ref grant, not guest memory
    Unsupported: persistent connection upgrade headers are not supported by host_api.request
    Unsupported: persistent connection upgrade headers are not supported by host_api.request
    Unsupported: SSE/event-stream requests are not supported by host_api.request
    Unsupported: SSE/event-stream requests are not supported by host_api.request
    Unsupported: request header `Host` is written by the host
    Unsupported: request header `Content-Length` is written by the host
    Unsupported: request header `Transfer-Encoding` is written by the host
    Unsupported: request header `Connection` is written by the host
    Unsupported: request header `TE` is written by the host
    Invalid: invalid request header name `a b`
    Invalid: invalid request header value for `a`
    TooLarge: request body exceeds 32768 bytes
    Invalid: invalid request URL: relative URL without a base
    Invalid: invalid request URL: empty host
    Unsupported: WebSocket URLs are not supported by host_api.request
    Unsupported: unsupported request URL scheme "ftp"; only http and https are allowed
    Unsupported: unsupported request URL scheme "data"; only http and https are allowed
    Invalid: request URLs with embedded credentials are not allowed
    Invalid: request URLs with embedded credentials are not allowed
    Invalid: invalid request URL: invalid port number
    "#);
}

#[test]
fn a_refusal_quotes_the_guest_without_secrets_and_in_one_line() {
    let world = nothing();
    let authority = granted_hosts(&["*"]);
    let refusals = [
        json!({"method": "GET Authorization: Bearer abc.def", "url": "http://a.test"}),
        json!({"method": "語\n".repeat(400), "url": "http://a.test"}),
        json!({"method": "GET", "url": "http://a.test", "token=abc.def": 1}),
    ]
    .map(|descriptor| words(&send(&authority, &world, &descriptor)));
    for refusal in &refusals {
        assert!(
            !refusal.contains("abc.def") && !refusal.contains('\n'),
            "{refusal}"
        );
        assert!(refusal.len() <= limits::MESSAGE_BYTES + 20, "{}", refusal.len());
    }
}

// Where it goes.

#[test]
fn every_spelling_of_an_address_is_that_address() {
    let wildcard = granted_hosts(&["*"]);
    let literal = granted_hosts(&["127.0.0.1"]);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.0x1",
        "0177.0.0.1",
        "017700000001",
        "0177.0x0.1",
        "%31%32%37.0.0.1",
        "１２７．０．０．１",
        "127。0。0。1",
    ] {
        let url = format!("http://{host}/");
        let world = nothing();
        let refusal = get(&wildcard, &world, &url).unwrap_err();
        assert_eq!(refusal.code, HostErrorCode::Denied, "{host}: {refusal}");
        assert_untouched(&world);

        let world = scripted(
            ScriptedResolver::new(),
            ScriptedDialer::new().peer(at("127.0.0.1", 80), answering(OK)),
        );
        get(&literal, &world, &url).unwrap();
        assert_eq!(world.dialer.dialled(), [at("127.0.0.1", 80)], "{host}");
        assert_eq!(world.resolver.asked(), Vec::<String>::new(), "{host}");
    }
}

#[test]
fn an_address_that_is_not_of_the_internet_is_covered_by_no_wildcard() {
    let world = nothing();
    let refusals = [
        "http://127.0.0.1/",
        "http://10.0.0.1:8080/",
        "http://169.254.169.254/latest/meta-data",
        "http://169.254.1.1/",
        "http://224.0.0.1/",
        "http://0.0.0.0/",
        "http://255.255.255.255/",
        "http://240.0.0.1/",
        "https://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:4136:e378:8000:0:80ff:fffe]/",
        "http://[::ffff:93.184.215.14]/",
    ]
    .map(|url| words(&get(&granted_hosts(&["*"]), &world, url)));
    assert_untouched(&world);
    insta::assert_snapshot!(refusals.join("\n"), @r"
    Denied: host_api.request target GET http://127.0.0.1/ is 127.0.0.1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://10.0.0.1:8080/ is 10.0.0.1, a private address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://169.254.169.254/latest/meta-data is 169.254.169.254, the address of a metadata service: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://169.254.1.1/ is 169.254.1.1, a link-local address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://224.0.0.1/ is 224.0.0.1, a multicast address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://0.0.0.0/ is 0.0.0.0, the unspecified address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://255.255.255.255/ is 255.255.255.255, the broadcast address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://240.0.0.1/ is 240.0.0.1, a reserved address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET https://[::1]/ is ::1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[fe80::1]/ is fe80::1, a link-local address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[fd00:ec2::254]/ is fd00:ec2::254, the address of a metadata service: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[::ffff:7f00:1]/ is ::ffff:127.0.0.1 (127.0.0.1 inside), a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[::7f00:1]/ is ::7f00:1 (127.0.0.1 inside), a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[64:ff9b::a9fe:a9fe]/ is 64:ff9b::a9fe:a9fe (169.254.169.254 inside), the address of a metadata service: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[2002:7f00:1::]/ is 2002:7f00:1:: (127.0.0.1 inside), a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[2001:0:4136:e378:8000:0:80ff:fffe]/ is 2001:0:4136:e378:8000:0:80ff:fffe (127.0.0.1 inside), a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.request target GET http://[::ffff:5db8:d70e]/ is ::ffff:93.184.215.14 (93.184.215.14 inside), a public address: a wildcard does not cover it, manifest and grant must name the address itself
    ");
}

#[test]
fn a_wildcard_for_one_method_does_not_lend_itself_to_an_address_named_for_another() {
    let target = |host: &str, method: &str| {
        format!("[[request]]\nscheme = \"http\"\nhost = \"{host}\"\nmethods = [\"{method}\"]\n")
    };
    let permissions = "permissions = [{ kind = \"host_api\", api = \"request\" }]\n";
    let authority = granted(&format!(
        "{permissions}{}{}",
        target("*", "POST"),
        target("10.0.0.1", "GET")
    ));
    let world = nothing();
    let descriptor = json!({"method": "POST", "url": "http://10.0.0.1/"});
    let refusal = send(&authority, &world, &descriptor).unwrap_err();
    assert_eq!(refusal.code, HostErrorCode::Denied);
    assert!(refusal.denial.is_some_and(|denial| !denial.lines().is_empty()));
    assert_untouched(&world);
}

#[test]
fn an_address_that_is_named_literally_is_dialled_whatever_it_is() {
    for (host, address) in [
        ("169.254.169.254", "169.254.169.254"),
        ("::1", "::1"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
    ] {
        let world = scripted_with(
            ScriptedResolver::new(),
            ScriptedDialer::new().peer(at(address, 80), answering(OK)),
            |options| options.public_only(true),
        );
        let url = if host.contains(':') {
            format!("http://[{host}]/")
        } else {
            format!("http://{host}/")
        };
        get(&granted_hosts(&[host]), &world, &url).unwrap();
        assert_eq!(world.dialer.dialled(), [at(address, 80)]);
    }
}

#[test]
fn an_address_of_the_internet_may_be_covered_by_a_wildcard() {
    let world = scripted(
        ScriptedResolver::new(),
        ScriptedDialer::new().peer(at(PUBLIC, 443), |mut stream| async move {
            stream.write_all(b"SSH-2.0-OpenSSH\r\n").await.unwrap();
        }),
    );
    // It is dialled; the peer does not speak TLS.
    let refusal = get(&granted_hosts(&["*"]), &world, &format!("https://{PUBLIC}/")).unwrap_err();
    assert_eq!(refusal.code, HostErrorCode::Failed, "{refusal}");
    assert_eq!(world.dialer.dialled(), [at(PUBLIC, 443)]);
}

#[test]
fn a_name_leads_where_the_policy_lets_it() {
    let outcome = |address: &str, public_only: bool| {
        let world = scripted_with(
            ScriptedResolver::new().answer("a.test", [ip(address)]),
            ScriptedDialer::new().peer(at(address, 80), answering(OK)),
            |options| options.public_only(public_only),
        );
        let answer = get(&granted_hosts(&["a.test"]), &world, "http://a.test/");
        match answer {
            Ok(_) => "answered".to_owned(),
            Err(refusal) => {
                assert_eq!(refusal.code, HostErrorCode::Denied);
                assert_eq!(world.dialer.dialled(), []);
                refusal.message
            }
        }
    };
    let lines = [
        PUBLIC,
        "127.0.0.1",
        "10.0.0.1",
        "fd12::1",
        "169.254.0.1",
        "169.254.169.254",
        "fd00:ec2::254",
        "224.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "240.0.0.1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ]
    .map(|address| {
        let (open, public) = (outcome(address, false), outcome(address, true));
        format!("{address}\n  by default: {open}\n  public only: {public}")
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    93.184.215.14
      by default: answered
      public only: answered
    127.0.0.1
      by default: answered
      public only: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only
    10.0.0.1
      by default: answered
      public only: "a.test" resolves to 10.0.0.1, a private address: names may lead to public addresses only
    fd12::1
      by default: answered
      public only: "a.test" resolves to fd12::1, a private address: names may lead to public addresses only
    169.254.0.1
      by default: "a.test" resolves to 169.254.0.1, a link-local address: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 169.254.0.1, a link-local address: it is reached by no name, manifest and grant must name the address itself
    169.254.169.254
      by default: "a.test" resolves to 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
    fd00:ec2::254
      by default: "a.test" resolves to fd00:ec2::254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to fd00:ec2::254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
    224.0.0.1
      by default: "a.test" resolves to 224.0.0.1, a multicast address: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 224.0.0.1, a multicast address: it is reached by no name, manifest and grant must name the address itself
    0.0.0.0
      by default: "a.test" resolves to 0.0.0.0, the unspecified address: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 0.0.0.0, the unspecified address: it is reached by no name, manifest and grant must name the address itself
    255.255.255.255
      by default: "a.test" resolves to 255.255.255.255, the broadcast address: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 255.255.255.255, the broadcast address: it is reached by no name, manifest and grant must name the address itself
    240.0.0.1
      by default: "a.test" resolves to 240.0.0.1, a reserved address: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 240.0.0.1, a reserved address: it is reached by no name, manifest and grant must name the address itself
    fe80::1
      by default: "a.test" resolves to fe80::1, a link-local address: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to fe80::1, a link-local address: it is reached by no name, manifest and grant must name the address itself
    ::ffff:127.0.0.1
      by default: answered
      public only: "a.test" resolves to ::ffff:127.0.0.1 (127.0.0.1 inside), a loopback address: names may lead to public addresses only
    64:ff9b::a9fe:a9fe
      by default: "a.test" resolves to 64:ff9b::a9fe:a9fe (169.254.169.254 inside), the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 64:ff9b::a9fe:a9fe (169.254.169.254 inside), the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
    2002:a9fe:a9fe::
      by default: "a.test" resolves to 2002:a9fe:a9fe:: (169.254.169.254 inside), the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
      public only: "a.test" resolves to 2002:a9fe:a9fe:: (169.254.169.254 inside), the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
    "#);
}

#[test]
fn one_forbidden_address_among_the_records_forbids_the_name() {
    let world = scripted(
        ScriptedResolver::new().answer("a.test", [ip(PUBLIC), ip("127.0.0.1"), ip("169.254.169.254")]),
        ScriptedDialer::new().peer(at(PUBLIC, 80), answering(OK)),
    );
    let refusal = get(&granted_hosts(&["a.test"]), &world, "http://a.test/");
    insta::assert_snapshot!(words(&refusal), @r#"Denied: one of the 3 addresses of "a.test" is 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself"#);
    assert_eq!(world.dialer.dialled(), []);
}

/// What becomes of a name with these addresses: covered by a wildcard or by name, by default or public only.
fn led_to(addresses: &[&str], host: &str, public_only: bool) -> String {
    let world = scripted_with(
        ScriptedResolver::new().answer("a.test", addresses.iter().map(|address| ip(address))),
        ScriptedDialer::new().peer(at(addresses[0], 80), answering(OK)),
        |options| options.public_only(public_only),
    );
    match get(&granted_hosts(&[host]), &world, "http://a.test/") {
        Ok(_) => "answered".to_owned(),
        Err(refusal) => {
            assert_eq!(refusal.code, HostErrorCode::Denied);
            assert_eq!(world.dialer.dialled(), []);
            let lines = refusal.denial.map_or(0, |denial| denial.lines().len());
            format!("{} ({lines} to add)", refusal.message)
        }
    }
}

#[test]
fn a_name_that_only_a_wildcard_covers_leads_to_the_internet_alone() {
    let told = [
        vec![PUBLIC],
        vec!["127.0.0.1"],
        vec!["fd12::1"],
        vec!["::ffff:10.0.0.1"],
        vec![PUBLIC, "10.0.0.1", "127.0.0.1"],
        // No lines would be enough for this one, so none are told.
        vec![PUBLIC, "10.0.0.1", "169.254.169.254"],
    ]
    .map(|addresses| {
        let outcome = |host, public_only| led_to(&addresses, host, public_only);
        format!(
            "{}\n  wildcard: {}\n  wildcard, public only: {}\n  by name: {}\n  by name, public only: {}",
            addresses.join(", "),
            outcome("*", false),
            outcome("*", true),
            outcome("a.test", false),
            outcome("a.test", true),
        )
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    93.184.215.14
      wildcard: answered
      wildcard, public only: answered
      by name: answered
      by name, public only: answered
    127.0.0.1
      wildcard: "a.test" resolves to 127.0.0.1, a loopback address: a wildcard leads to public addresses only, manifest and grant must name the host itself (1 to add)
      wildcard, public only: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only (0 to add)
      by name: answered
      by name, public only: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only (0 to add)
    fd12::1
      wildcard: "a.test" resolves to fd12::1, a private address: a wildcard leads to public addresses only, manifest and grant must name the host itself (1 to add)
      wildcard, public only: "a.test" resolves to fd12::1, a private address: names may lead to public addresses only (0 to add)
      by name: answered
      by name, public only: "a.test" resolves to fd12::1, a private address: names may lead to public addresses only (0 to add)
    ::ffff:10.0.0.1
      wildcard: "a.test" resolves to ::ffff:10.0.0.1 (10.0.0.1 inside), a private address: a wildcard leads to public addresses only, manifest and grant must name the host itself (1 to add)
      wildcard, public only: "a.test" resolves to ::ffff:10.0.0.1 (10.0.0.1 inside), a private address: names may lead to public addresses only (0 to add)
      by name: answered
      by name, public only: "a.test" resolves to ::ffff:10.0.0.1 (10.0.0.1 inside), a private address: names may lead to public addresses only (0 to add)
    93.184.215.14, 10.0.0.1, 127.0.0.1
      wildcard: one of the 3 addresses of "a.test" is 10.0.0.1, a private address: a wildcard leads to public addresses only, manifest and grant must name the host itself (1 to add)
      wildcard, public only: one of the 3 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only (0 to add)
      by name: answered
      by name, public only: one of the 3 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only (0 to add)
    93.184.215.14, 10.0.0.1, 169.254.169.254
      wildcard: one of the 3 addresses of "a.test" is 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself (0 to add)
      wildcard, public only: one of the 3 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only (0 to add)
      by name: one of the 3 addresses of "a.test" is 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself (0 to add)
      by name, public only: one of the 3 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only (0 to add)
    "#);
}

#[test]
fn a_wildcard_beside_a_target_that_names_the_host_does_not_hide_it() {
    let loopback = [ip("127.0.0.1")];
    let world = scripted(
        ScriptedResolver::new()
            .answer("a.test", loopback)
            .answer("a.test.", loopback),
        ScriptedDialer::new().peer(at("127.0.0.1", 80), answering(OK)),
    );
    for hosts in [["*", "a.test"], ["a.test", "*"]] {
        for url in ["http://a.test/", "http://A.TEST./"] {
            get(&granted_hosts(&hosts), &world, url).unwrap();
        }
    }
}

#[test]
fn the_lines_that_a_name_under_a_wildcard_lacks_let_it_lead_to_the_machine() {
    for (asked, given, lacking) in [
        ("*", "*", vec![Side::Manifest, Side::Grants]),
        ("a.test", "*", vec![Side::Grants]),
        ("*", "a.test", vec![Side::Manifest]),
    ] {
        let world = scripted(
            ScriptedResolver::new()
                .answer("a.test", [ip("127.0.0.1"), ip("10.0.0.1")])
                .answer("b.test", [ip("10.0.0.1")]),
            ScriptedDialer::new().peer(at("10.0.0.1", 80), answering(OK)),
        );
        let files = Files::new(asked, given);
        let refusal = get(&files.authority(), &world, "http://a.test/x").unwrap_err();
        assert_eq!(world.dialer.dialled(), []);
        let (files, sides) = files.completed(&refusal);
        assert_eq!(sides, lacking);
        get(&files.authority(), &world, "http://a.test/x").unwrap();
        // What was added names one host, and opens the machine to no other.
        let other = get(&files.authority(), &world, "http://b.test/x").unwrap_err();
        assert!(other.denial.is_some(), "{other}");
    }
}

#[test]
fn the_addresses_that_were_judged_are_dialled_in_order_until_one_answers() {
    let [first, second, third] = ["93.184.215.1", "2606:4700::1", "93.184.215.3"];
    let world = scripted(
        ScriptedResolver::new().answer("a.test", [first, second, third].map(ip)),
        ScriptedDialer::new().peer(at(second, 8080), answering(OK)),
    );
    get(&granted_hosts(&["a.test"]), &world, "http://a.test:8080/").unwrap();
    assert_eq!(world.dialer.dialled(), [at(first, 8080), at(second, 8080)]);
}

#[test]
fn a_silent_address_leaves_time_for_the_next() {
    let [first, second] = ["93.184.215.1", "93.184.215.2"];
    let world = scripted_with(
        ScriptedResolver::new().answer("a.test", [first, second].map(ip)),
        ScriptedDialer::new()
            .silence(at(first, 80))
            .peer(at(second, 80), answering(OK)),
        |options| {
            let mut times = impatient();
            times.request *= 20;
            options.times(times)
        },
    );
    get(&granted_hosts(&["a.test"]), &world, "http://a.test/").unwrap();
    assert_eq!(world.dialer.dialled(), [at(first, 80), at(second, 80)]);
}

#[test]
fn a_name_that_changes_its_address_is_asked_for_once() {
    let world = scripted(
        name("a.test").answer("a.test", [ip("127.0.0.1")]),
        ScriptedDialer::new()
            .peer(at(PUBLIC, 80), answering(OK))
            .peer(at("127.0.0.1", 80), answering(OK)),
    );
    get(&granted_hosts(&["a.test"]), &world, "http://a.test/").unwrap();
    assert_eq!(world.resolver.asked(), ["a.test"]);
    assert_eq!(world.dialer.dialled(), [at(PUBLIC, 80)]);
}

#[test]
fn a_name_that_cannot_be_resolved_is_denied() {
    let authority = granted_hosts(&["*"]);
    let world = scripted(
        ScriptedResolver::new()
            .fail("broken.test", "the server is down")
            .answer("empty.test", []),
        ScriptedDialer::new(),
    );
    let refusals = [
        "http://broken.test/",
        "http://empty.test/",
        "http://unknown.test/",
    ]
    .map(|url| words(&get(&authority, &world, url)));
    assert_eq!(world.dialer.dialled(), []);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    Unreachable: DNS lookup failed for "broken.test": the server is down
    Unreachable: DNS lookup for "empty.test" returned no addresses
    Unreachable: DNS lookup failed for "unknown.test": no such name
    "#);
}

#[test]
fn an_international_name_is_matched_resolved_and_sent_in_punycode() {
    let heads = Heads::default();
    let world = scripted(
        name("xn--r8jz45g.test"),
        ScriptedDialer::new().peer(at(PUBLIC, 80), heads.answering(OK)),
    );
    get(
        &granted_hosts(&["xn--r8jz45g.test"]),
        &world,
        "http://例え.TEST/ü?q=ü",
    )
    .unwrap();
    assert_eq!(world.resolver.asked(), ["xn--r8jz45g.test"]);
    let head = heads.all().remove(0);
    assert!(head.starts_with("GET /%C3%BC?q=%C3%BC HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: xn--r8jz45g.test\r\n"), "{head}");
}

#[test]
fn a_redirect_is_an_answer_wherever_it_leads() {
    for location in ["http://169.254.169.254/", "http://a.test/"] {
        let response = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let world = scripted(
            name("a.test"),
            ScriptedDialer::new().peer(at(PUBLIC, 80), answering(response)),
        );
        let answer = get(&granted_hosts(&["*"]), &world, "http://a.test/").unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["status"], 302);
        assert_eq!(
            answer["headers"][0],
            json!({"name": "location", "value": location})
        );
        assert_eq!(world.dialer.dialled(), [at(PUBLIC, 80)]);
        assert_eq!(world.resolver.asked(), ["a.test"]);
    }
}

// What is sent, and what comes back.

#[test]
fn a_request_is_sent_as_the_guest_wrote_it_and_the_host_completed_it() {
    let heads = Heads::default();
    let world = scripted(
        name("a.test"),
        ScriptedDialer::new().peer(at(PUBLIC, 8080), heads.answering(OK)),
    );
    let descriptor = json!({
        "method": "POST",
        "url": "http://a.test:8080/a/./b?c=d#e",
        "headers": [{"name": "X-One", "value": "1"}, {"name": "x-two", "value": "2"}, {"name": "X-ONE", "value": "3"}],
        "body": "text",
    });
    send(&granted_hosts(&["a.test"]), &world, &descriptor).unwrap();
    insta::with_settings!({filters => [(r"yoikit/[0-9.]+", "yoikit/VERSION")]}, {
        insta::assert_snapshot!(heads.all().remove(0).replace('\r', ""), @r"
        POST /a/b?c=d HTTP/1.1
        x-one: 1
        x-one: 3
        x-two: 2
        user-agent: yoikit/VERSION
        host: a.test:8080
        connection: close
        content-length: 4
        ");
    });
}

#[test]
fn a_guest_may_say_who_it_is() {
    let heads = Heads::default();
    let world = scripted(
        name("a.test"),
        ScriptedDialer::new().peer(at(PUBLIC, 80), heads.answering(OK)),
    );
    let headers = json!([{"name": "User-Agent", "value": "guest/1"}]);
    let descriptor = json!({"method": "GET", "url": "http://a.test", "headers": headers, "body": null});
    send(&granted_hosts(&["a.test"]), &world, &descriptor).unwrap();
    let head = heads.all().remove(0);
    assert!(
        head.contains("user-agent: guest/1\r\n") && !head.contains("yoikit"),
        "{head}"
    );
}

fn body_from(response: Vec<u8>) -> Result<(String, bool), HostError> {
    let world = scripted(
        name("a.test"),
        ScriptedDialer::new().peer(at(PUBLIC, 80), answering(response)),
    );
    get(&granted_hosts(&["a.test"]), &world, "http://a.test/").map(|answer| body_of(&answer))
}

fn response(head: &str, body: &[u8]) -> Vec<u8> {
    [head.as_bytes(), b"\r\n\r\n", body].concat()
}

#[test]
fn a_body_of_the_largest_size_is_whole_and_one_byte_more_is_cut() {
    let limit = limits::RESPONSE_BODY_BYTES;
    for (length, truncated) in [(limit, false), (limit + 1, true)] {
        let body = vec![b'a'; length];
        for head in [
            "HTTP/1.1 200 OK".to_owned(),
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}"),
        ] {
            let (text, cut) = body_from(response(&head, &body)).unwrap();
            assert_eq!((text.len(), cut), (limit, truncated), "{head}");
        }
    }
}

#[test]
fn a_body_that_is_not_utf_8_is_text_within_the_same_limit() {
    let (text, cut) = body_from(response("HTTP/1.1 200 OK", &vec![0xff; 40_000])).unwrap();
    assert!(cut && text.len() <= limits::RESPONSE_BODY_BYTES && text.chars().all(|c| c == '\u{fffd}'));
}

#[test]
fn an_endless_body_is_cut_and_the_connection_dropped() {
    let (over, is_over) = mpsc::channel();
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), move |mut stream| {
        let over = over.clone();
        async move {
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut sent = 0;
            while stream.write_all(&[b'a'; 1024]).await.is_ok() {
                sent += 1024;
            }
            over.send(sent).unwrap();
        }
    });
    let world = scripted(name("a.test"), dialer);
    let answer = get(&granted_hosts(&["a.test"]), &world, "http://a.test/").unwrap();
    assert!(body_of(&answer).1);
    // What was read is the answer, what one connection of the script holds, and what hyper had in hand.
    let sent: usize = is_over.recv().unwrap();
    assert!(
        sent <= 64 * 1024 + 64 * 1024 + limits::RESPONSE_HEAD_BYTES + 1024,
        "{sent}"
    );
}

#[test]
fn an_answer_that_breaks_off_is_a_failure() {
    let failures = [
        response("HTTP/1.1 200 OK\r\ncontent-length: 10", b"short"),
        response("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", b"5\r\nsho"),
        b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(),
        b"".to_vec(),
        b"SSH-2.0-OpenSSH\r\n".to_vec(),
        response(
            &format!(
                "HTTP/1.1 200 OK\r\na: {}",
                "b".repeat(4 * limits::RESPONSE_HEAD_BYTES)
            ),
            b"",
        ),
    ]
    .map(|response| match body_from(response) {
        Ok(answer) => panic!("{answer:?}"),
        Err(error) => words(&Err(error)),
    });
    insta::assert_snapshot!(failures.join("\n"), @r"
    Failed: request response read failed: error reading a body from connection: end of file before message length reached
    Failed: request response read failed: error reading a body from connection: end of file before message length reached
    Failed: request to http://a.test/ failed: connection closed before message completed
    Failed: request to http://a.test/ failed: connection closed before message completed
    Failed: request to http://a.test/ failed: invalid HTTP version parsed
    Failed: request to http://a.test/ failed: message head is too large
    ");
}

#[test]
fn a_url_that_is_too_long_in_the_form_in_which_it_is_sent_is_invalid() {
    // Each letter has two bytes in the description, and six on the wire.
    let url = format!("http://a.test/{}", "é".repeat(11_000));
    let world = nothing();
    let refusal = get(&granted_hosts(&["a.test"]), &world, &url);
    assert_untouched(&world);
    let refusal = words(&refusal).replace("%C3%A9", "");
    insta::assert_snapshot!(refusal, @"Invalid: request to http://a.test/%C3%A… failed: the URL cannot be sent: uri too long");
}

#[test]
fn every_fault_of_an_exchange_that_no_peer_can_cause_has_its_code_and_words() {
    let unsendable = || http::Request::builder().uri("a b").body(()).unwrap_err();
    let silence = || ConnectError::Silence;
    let told = [
        Fault::Path(unsendable()),
        Fault::Connect(silence()),
        Fault::Timeout,
    ]
    .map(|fault| format!("{:?}: {}", fault.code(), fault.message("http://a.test/")));
    insta::assert_snapshot!(told.join("\n"), @"
    Invalid: request to http://a.test/ failed: the URL cannot be sent: invalid uri character
    Timeout: request to http://a.test/ timed out
    Timeout: request to http://a.test/ timed out
    ");
}

// How long it takes.

#[test]
fn silence_at_any_point_is_ended_by_the_time_of_a_request() {
    let authority = granted_hosts(&["*"]);
    let silent_peer = |greeting: &'static [u8]| {
        move |mut stream: tokio::io::DuplexStream| async move {
            stream.write_all(greeting).await.unwrap();
            // Until the other side is gone.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let world = scripted_with(
        name("dial.test")
            .silence("lookup.test")
            .answer("head.test", [ip("93.184.215.2")])
            .answer("body.test", [ip("93.184.215.3")]),
        ScriptedDialer::new()
            .silence(at(PUBLIC, 80))
            .peer(at("93.184.215.2", 80), silent_peer(b""))
            .peer(at("93.184.215.2", 443), silent_peer(b""))
            .peer(
                at("93.184.215.3", 80),
                silent_peer(b"HTTP/1.1 200 OK\r\n\r\nbeginning"),
            ),
        |options| options.times(impatient()),
    );
    let refusals = [
        "http://lookup.test/",
        "http://dial.test/",
        "http://head.test/",
        "https://head.test/",
        "http://body.test/",
    ]
    .map(|url| words(&get(&authority, &world, url)));
    insta::assert_snapshot!(refusals.join("\n"), @r"
    Timeout: request to http://lookup.test/ timed out
    Timeout: request to http://dial.test/ timed out
    Timeout: request to http://head.test/ timed out
    Timeout: request to https://head.test/ timed out
    Timeout: request to http://body.test/ timed out
    ");
}

#[test]
fn a_refused_connection_is_unreachable() {
    let world = scripted(name("a.test"), ScriptedDialer::new());
    let refusal = get(&granted_hosts(&["a.test"]), &world, "http://a.test/path?query");
    insta::assert_snapshot!(words(&refusal), @"Unreachable: request to http://a.test/path failed: connection refused");
}

#[test]
fn a_cancelled_call_does_not_wait_for_the_network() {
    let cancel = Cancel::default();
    let (dialled, was_dialled) = mpsc::channel();
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), move |mut stream| {
        let dialled = dialled.clone();
        async move {
            dialled.send(()).unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let world = scripted(name("a.test"), dialer);
    let canceller = {
        let cancel = cancel.clone();
        std::thread::spawn(move || {
            was_dialled.recv().unwrap();
            cancel.cancel();
        })
    };
    let json = json!({"method": "GET", "url": "http://a.test"}).to_string();
    let authority = granted_hosts(&["a.test"]);
    let refusal = request(&authority, &world.net, &Patience::endless(cancel), &json);
    canceller.join().unwrap();
    insta::assert_snapshot!(words(&refusal), @"Timeout: the call was cancelled while the host waited");
}

#[test]
fn a_call_whose_time_is_over_does_not_touch_the_network() {
    let world = nothing();
    let json = json!({"method": "GET", "url": "http://a.test"}).to_string();
    let patience = Patience::new(Cancel::default(), Instant::now());
    let refusal = request(&granted_hosts(&["a.test"]), &world.net, &patience, &json);
    insta::assert_snapshot!(words(&refusal), @"Timeout: the time of the call was over while the host waited");
    assert_untouched(&world);
}
