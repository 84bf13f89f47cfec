//! How long a request takes.

use super::*;

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
