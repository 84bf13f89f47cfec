//! Who may open a connection, and to what.

use super::*;

#[test]
fn a_connection_opens_carries_text_both_ways_and_closes() {
    let (mut guest, _world) = guest_of(echo);
    let answers = [
        words(&guest.open("ws://a.test/chat?token=abc#top")),
        words(&guest.send(1, "grüß dich")),
        words(&guest.recv(1, 0)),
        words(&guest.close(1)),
        words(&guest.close(1)),
        words(&guest.send(1, "more")),
        words(&guest.recv(1, 0)),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    answered {"handle":1,"url":"ws://a.test/chat"}
    answered {"sent":true,"bytes":11}
    answered {"type":"text","text":"grüß dich"}
    answered {"closed":true}
    answered {"closed":false}
    UnknownHandle: unknown WebSocket handle 1
    UnknownHandle: unknown WebSocket handle 1
    "#);
}

#[test]
fn without_a_grant_every_call_is_denied_before_anything_is_read() {
    let mut guest = Guest::new(Authority::none(), &nothing());
    let refusals = [
        words(&guest.open_with(&json!("x".repeat(10_000)))),
        words(&guest.send(1, &"x".repeat(100_000))),
        words(&guest.recv(1, 0)),
        words(&guest.close(1)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    ");
}

#[test]
fn every_rule_for_opening_has_its_words() {
    let world = nothing();
    let authority = granted(
        r#"
        permissions = [{ kind = "host_api", api = "websocket" }]
        [[websocket]]
        scheme = "wss"
        host = "a.test"
        path_prefixes = ["/live"]
        "#,
    );
    let mut guest = Guest::new(authority, &world);
    let url = |url: &str| json!({ "url": url });
    let descriptors = [
        json!({"url": "x".repeat(8192)}),
        json!([]),
        json!({}),
        json!({"url": "wss://a.test", "more": 1}),
        json!({"url": "wss://a.test", "headers": [{"name": "a"}]}),
        json!({"url": "wss://a.test", "protocols": ["chat"]}),
        json!({"url": "wss://a.test", "headers": [{"name": "a", "value": "b"}]}),
        url("nowhere"),
        url("https://a.test"),
        url("ftp://a.test"),
        url("wss://"),
        url("wss://user:pass@a.test/live"),
        url("ws://a.test/live"),
        url("wss://a.test/other?secret=x"),
    ];
    let refusals = descriptors.map(|descriptor| words(&guest.open_with(&descriptor)));
    assert_eq!(world.resolver.asked(), Vec::<String>::new());
    assert_eq!(world.dialer.dialled(), []);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    TooLarge: WebSocket open descriptor exceeds 8192 bytes
    Invalid: invalid WebSocket open request JSON: invalid type, expected an object at line 1 column 0
    Invalid: invalid WebSocket open request JSON: missing field `url` at line 1 column 2
    Invalid: invalid WebSocket open request JSON: unknown field `more`, expected one of `url`, `protocols`, `headers` at line 1 column 7
    Invalid: invalid WebSocket open request JSON: missing field `value` at line 1 column 24
    Unsupported: WebSocket subprotocol negotiation is not supported by host_api.websocket v1
    Unsupported: WebSocket handshake headers from guest memory are not supported; future secret-ref grants must inject credential-bearing headers explicitly
    Invalid: invalid WebSocket URL: relative URL without a base
    Unsupported: HTTP URLs are not supported by host_api.websocket
    Unsupported: unsupported WebSocket URL scheme "ftp"; only ws and wss are allowed
    Invalid: invalid WebSocket URL: empty host
    Invalid: WebSocket URLs with embedded credentials are not allowed
    Denied: host_api.websocket target ws://a.test/live is not covered by enabled WebSocket grants
    Denied: host_api.websocket target wss://a.test/other is not covered by enabled WebSocket grants
    "#);
}

#[test]
fn wss_takes_the_same_way_out_as_https() {
    let world = scripted(
        ScriptedResolver::new()
            .answer("metadata.test", [ip("169.254.169.254")])
            .answer("mixed.test", [ip(PUBLIC), ip("::ffff:169.254.0.1")])
            .fail("broken.test", "the server is down")
            .answer("empty.test", []),
        ScriptedDialer::new(),
    );
    let mut guest = Guest::new(granted_hosts(&["*"]), &world);
    let refusals = [
        "wss://127.1/",
        "ws://0x7f000001:8080/",
        "wss://[::1]/",
        "wss://[64:ff9b::a9fe:a9fe]/",
        "wss://metadata.test/",
        "wss://mixed.test/",
        "wss://broken.test/",
        "wss://empty.test/",
        "wss://unknown.test/",
    ]
    .map(|url| words(&guest.open(url)));
    assert_eq!(world.dialer.dialled(), []);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    Denied: host_api.websocket target wss://127.0.0.1/ is 127.0.0.1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.websocket target ws://127.0.0.1:8080/ is 127.0.0.1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.websocket target wss://[::1]/ is ::1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.websocket target wss://[64:ff9b::a9fe:a9fe]/ is 64:ff9b::a9fe:a9fe (169.254.169.254 inside), the address of a metadata service: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: "metadata.test" resolves to 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
    Denied: one of the 2 addresses of "mixed.test" is ::ffff:169.254.0.1 (169.254.0.1 inside), a link-local address: it is reached by no name, manifest and grant must name the address itself
    Unreachable: DNS lookup failed for "broken.test": the server is down
    Unreachable: DNS lookup for "empty.test" returned no addresses
    Unreachable: DNS lookup failed for "unknown.test": no such name
    "#);
}

#[test]
fn public_only_holds_for_connections_as_well() {
    let world = scripted_with(
        ScriptedResolver::new().answer("a.test", [ip("127.0.0.1")]),
        ScriptedDialer::new(),
        |options| options.public_only(true),
    );
    let refusal = Guest::new(granted_hosts(&["a.test"]), &world).open("ws://a.test/");
    insta::assert_snapshot!(words(&refusal), @r#"Denied: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only"#);
    assert_eq!(world.dialer.dialled(), []);
}

#[test]
fn a_wildcard_leads_connections_to_the_internet_alone_until_the_host_is_named() {
    let mut told = Vec::new();
    for addresses in [
        vec!["127.0.0.1"],
        vec![PUBLIC, "10.0.0.1"],
        vec!["10.0.0.1", "224.0.0.1"],
    ] {
        for public_only in [false, true] {
            let world = scripted_with(
                ScriptedResolver::new().answer("a.test", addresses.iter().map(|address| ip(address))),
                ScriptedDialer::new().peer(at(addresses[0], 80), |stream| async {
                    echo(accept_async(stream).await.unwrap()).await;
                }),
                |options| options.public_only(public_only),
            );
            let files = Files::new("*", "*");
            let refusal = Guest::new(files.authority(), &world).open("ws://a.test/");
            assert_eq!(world.dialer.dialled(), []);
            told.push(words(&refusal));
            let refusal = refusal.unwrap_err();
            if refusal.denial.is_some() {
                let (files, sides) = files.completed(&refusal);
                assert_eq!(sides, [Side::Manifest, Side::Grants]);
                let opened = Guest::new(files.authority(), &world).open("ws://a.test/");
                told.push(format!("  with the lines: {}", words(&opened)));
            }
        }
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    Denied: "a.test" resolves to 127.0.0.1, a loopback address: a wildcard leads to public addresses only, manifest and grant must name the host itself
      with the lines: answered {"handle":1,"url":"ws://a.test/"}
    Denied: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only
    Denied: one of the 2 addresses of "a.test" is 10.0.0.1, a private address: a wildcard leads to public addresses only, manifest and grant must name the host itself
      with the lines: answered {"handle":1,"url":"ws://a.test/"}
    Denied: one of the 2 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only
    Denied: one of the 2 addresses of "a.test" is 224.0.0.1, a multicast address: it is reached by no name, manifest and grant must name the address itself
    Denied: one of the 2 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only
    "#);
}

#[test]
fn a_name_that_changes_its_address_is_asked_for_once() {
    let (mut guest, world) = guest_of(echo);
    let _ = world.resolver.clone().answer("a.test", [ip("127.0.0.1")]);
    guest.handle();
    assert_eq!(world.resolver.asked(), ["a.test"]);
    assert_eq!(world.dialer.dialled(), [at(PUBLIC, 80)]);
}

#[test]
fn a_server_that_does_not_shake_hands_is_a_failure() {
    let failures = [
        "HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: wrong\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "",
    ]
    .map(|response| {
        let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), answering(response));
        let world = scripted(name("a.test"), dialer);
        let failure = words(&Guest::new(granted_hosts(&["a.test"]), &world).open("ws://a.test/"));
        assert_eq!(world.dialer.dialled(), [at(PUBLIC, 80)]);
        failure
    });
    insta::assert_snapshot!(failures.join("\n"), @r#"
    Failed: WebSocket connection to ws://a.test/ failed: HTTP error: 302 Found
    Failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: Key mismatch in "Sec-WebSocket-Accept" header
    Failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: httparse error: invalid HTTP version
    Failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: Handshake not finished
    "#);
}
