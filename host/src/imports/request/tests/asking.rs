//! Who may ask, and for what.

use super::*;

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
