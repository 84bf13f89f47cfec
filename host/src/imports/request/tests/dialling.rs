//! Where a request that may be made goes.

use super::*;

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
