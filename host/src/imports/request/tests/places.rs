//! Where a request may lead.

use super::*;

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
