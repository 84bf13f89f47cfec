//! What is sent, and what comes back.

use super::*;

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
