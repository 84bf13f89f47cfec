//! What becomes of the events of a stream.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use yoi_host::plugin::service::StopTimes;
use yoi_host::plugin::service::nats::{EventStream, StreamError, Taken, Taking, partition};

use crate::support::{AT_MOST, Begun, Server, WAIT, event, open_gate, runtime, service, service_telling};

#[test]
fn two_hosts_take_from_one_stream_and_the_order_of_a_source_is_kept() {
    let Some(server) = Server::start("two_hosts_take_from_one_stream_and_the_order_of_a_source_is_kept")
    else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "ticks", "project:counter")
            .await
            .unwrap();
        let (sources, each) = (8, 25);
        let begun = Begun::default();
        let (tell, told) = mpsc::channel();
        let mut hosts = Vec::new();
        for host in 0..2 {
            let service = service(yoi_guests::COUNTER, "null", host, &begun, open_gate());
            let tell = tell.clone();
            let taking = Taking::begin(&stream, &service, WAIT, move |taken| tell.send(taken).unwrap());
            hosts.push((taking.await.unwrap(), service));
        }
        for number in 0..each {
            for source in 0..sources {
                let id = format!("{source}-{number:02}");
                let event = event("tick", &format!("source-{source}"), id, Value::Null);
                stream.send(&event).await.unwrap();
            }
        }
        // An event that is sent again is there once.
        let again = event("tick", "source-0", "0-00".to_owned(), Value::Null);
        stream.send(&again).await.unwrap();

        let told = tokio::task::spawn_blocking(move || {
            let next = |_| told.recv_timeout(AT_MOST).unwrap();
            (0..sources * each).map(next).collect::<Vec<_>>()
        });
        for taken in told.await.unwrap() {
            assert!(
                matches!(taken, Taken::Acknowledged { attempt: 1, .. }),
                "{taken:?}"
            );
        }
        for (taking, service) in hosts {
            taking.stop().await;
            let ending = service.stop(StopTimes::default()).await;
            assert_eq!(ending.abandoned, 0);
        }
        let begun = begun.lock().unwrap();
        assert_eq!(begun.len(), sources * each);
        for source in 0..sources {
            let name = format!("source-{source}");
            let of_source = begun.iter().filter(|(of, ..)| *of == name);
            let ids: Vec<&str> = of_source.map(|(_, id, ..)| id.as_str()).collect();
            assert!(ids.is_sorted() && ids.len() == each, "{name}: {ids:?}");
        }
        let of_first = begun.iter().filter(|(.., host)| *host == 0).count();
        assert!(
            (1..begun.len()).contains(&of_first),
            "one of them took everything"
        );
    });
}

#[test]
fn an_event_that_fails_is_given_back_and_at_last_put_aside() {
    let Some(server) = Server::start("an_event_that_fails_is_given_back_and_at_last_put_aside") else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "harm", "project:hostile")
            .await
            .unwrap();
        let begun = Arc::<Mutex<Vec<u32>>>::default();
        let tell_begun = {
            let begun = Arc::clone(&begun);
            move |_: &str, _: &str, attempt| begun.lock().unwrap().push(attempt)
        };
        let told_what = r#"{"ingress":"told"}"#;
        let service = service_telling(
            yoi_guests::HOSTILE,
            told_what,
            2,
            Box::new(tell_begun),
            open_gate(),
        );
        let (tell, told) = mpsc::channel();
        let taking = Taking::begin(&stream, &service, WAIT, move |taken| tell.send(taken).unwrap());
        let taking = taking.await.unwrap();
        stream
            .send(&event(
                "events",
                "test",
                "bad".into(),
                json!({ "mode": "bad-json" }),
            ))
            .await
            .unwrap();
        let told = tokio::task::spawn_blocking(move || {
            let next = || told.recv_timeout(AT_MOST).unwrap();
            ([next(), next()], told)
        });
        let ([first, second], told) = told.await.unwrap();
        let first_failed = matches!(first, Taken::Retried { attempt: 1, .. });
        assert!(first_failed, "{first:?}");
        let Taken::Dead { correlation_id, why } = second else {
            panic!("{second:?}");
        };
        assert_eq!(correlation_id.as_deref(), Some("bad"));
        assert!(why.contains("not JSON"), "{why}");
        assert_eq!(*begun.lock().unwrap(), [1, 2]);
        // It came once and was given up once; in between it failed, and that is all.
        let metrics = service.metrics();
        assert_eq!((metrics.accepted, metrics.dead, metrics.failures), (1, 1, 2));

        // It lies where it can be looked at, with the reason.
        let client = async_nats::connect(&server.url).await.unwrap();
        let context = async_nats::jetstream::new(client.clone());
        let dead = context.get_stream("harm-dead").await.unwrap();
        let letter = dead.get_last_raw_message_by_subject("harm.dead").await.unwrap();
        let letter: Value = serde_json::from_slice(&letter.payload).unwrap();
        assert_eq!(letter["event"]["correlation_id"], "bad");
        assert_eq!(letter["why"], Value::String(why));

        // What is no event at all is not tried again, and lies there as it came.
        client.publish("harm.event.3", "hello".into()).await.unwrap();
        let told = tokio::task::spawn_blocking(move || told.recv_timeout(AT_MOST).unwrap());
        let Taken::Dead {
            correlation_id: None,
            why,
        } = told.await.unwrap()
        else {
            panic!("it was taken for an event");
        };
        assert!(why.starts_with("this is no event: "), "{why}");
        let letter = dead.get_last_raw_message_by_subject("harm.dead").await.unwrap();
        let letter: Value = serde_json::from_slice(&letter.payload).unwrap();
        assert_eq!(letter["event"], "hello");
        taking.stop().await;
        let _ = service.stop(StopTimes::default()).await;
    });
}

#[test]
fn what_a_host_had_when_it_ended_another_one_gets() {
    let Some(server) = Server::start("what_a_host_had_when_it_ended_another_one_gets") else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "relay", "project:hostile")
            .await
            .unwrap();
        let begun = Begun::default();
        let (tell, told) = mpsc::channel();
        let (shut, gate) = watch::channel(false);
        // As long as this test takes.
        let wait = Duration::from_secs(2);
        let lost = service(yoi_guests::HOSTILE, r#"{"ingress":"echo"}"#, 0, &begun, gate);
        let taking = Taking::begin(&stream, &lost, wait, |_| {}).await.unwrap();
        stream
            .send(&event("events", "test", "e-1".into(), Value::Null))
            .await
            .unwrap();
        // Under way there, and never said to be settled: the host is gone without a word.
        while begun.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(taking);
        drop(shut);
        let _ = lost.kill().await;

        let other = service(
            yoi_guests::HOSTILE,
            r#"{"ingress":"echo"}"#,
            1,
            &begun,
            open_gate(),
        );
        let taking = Taking::begin(&stream, &other, wait, move |taken| tell.send(taken).unwrap());
        let taking = taking.await.unwrap();
        let told = tokio::task::spawn_blocking(move || told.recv_timeout(AT_MOST).unwrap());
        let taken = told.await.unwrap();
        assert!(
            matches!(taken, Taken::Acknowledged { attempt: 2.., .. }),
            "{taken:?}"
        );
        taking.stop().await;
        let _ = other.stop(StopTimes::default()).await;
    });
}

#[test]
fn a_host_that_is_to_stop_gives_back_at_once_what_it_has_not_begun() {
    let Some(server) = Server::start("a_host_that_is_to_stop_gives_back_at_once_what_it_has_not_begun")
    else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "ticks", "project:counter")
            .await
            .unwrap();
        let begun = Begun::default();
        let (open, gate) = watch::channel(false);
        let first = service(yoi_guests::COUNTER, "null", 0, &begun, gate);
        let (tell, told) = mpsc::channel();
        let first_tell = tell.clone();
        let taking = Taking::begin(&stream, &first, WAIT, move |taken| {
            first_tell.send((0, taken)).unwrap();
        });
        let taking = taking.await.unwrap();
        // Sources of as many partitions.
        let mut sources = HashMap::new();
        for number in 0..64 {
            let source = format!("source-{number}");
            sources.entry(partition(&source)).or_insert(source);
        }
        for source in sources.values() {
            stream
                .send(&event("tick", source, format!("id of {source}"), Value::Null))
                .await
                .unwrap();
        }
        let client = async_nats::connect(&server.url).await.unwrap();
        let events = async_nats::jetstream::new(client)
            .get_stream("ticks")
            .await
            .unwrap();
        for partition in sources.keys() {
            while events
                .consumer_info(format!("partition-{partition}"))
                .await
                .unwrap()
                .num_ack_pending
                == 0
            {
                tokio::task::yield_now().await;
            }
        }
        while begun.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }

        taking.halt();
        let given_back = sources.len() - 1;
        let (told, returned) = tokio::task::spawn_blocking(move || {
            let next = |_| told.recv_timeout(AT_MOST).unwrap();
            let returned: Vec<_> = (0..given_back).map(next).collect();
            (told, returned)
        })
        .await
        .unwrap();
        for (host, taken) in returned {
            assert!(
                host == 0 && matches!(taken, Taken::Returned { attempt: None, .. }),
                "{host} {taken:?}"
            );
        }
        let second = service(yoi_guests::COUNTER, "null", 1, &begun, open_gate());
        let other = Taking::begin(&stream, &second, WAIT, move |taken| {
            tell.send((1, taken)).unwrap();
        });
        let other = other.await.unwrap();
        let (told, elsewhere) = tokio::task::spawn_blocking(move || {
            let next = |_| told.recv_timeout(AT_MOST).unwrap();
            let elsewhere: Vec<_> = (0..given_back).map(next).collect();
            (told, elsewhere)
        })
        .await
        .unwrap();
        for (host, taken) in elsewhere {
            // That it was given out before, and not begun, is no attempt.
            let acknowledged = matches!(taken, Taken::Acknowledged { attempt: 1, .. });
            assert!(host == 1 && acknowledged, "{host} {taken:?}");
        }

        // What had begun goes on to its end where it is.
        open.send(true).unwrap();
        taking.stop().await;
        let (host, taken) = told.try_recv().unwrap();
        assert!(
            host == 0 && matches!(taken, Taken::Acknowledged { attempt: 1, .. }),
            "{host} {taken:?}"
        );
        other.stop().await;
        assert_eq!(begun.lock().unwrap().len(), sources.len());
    });
}

#[test]
fn a_stream_that_cannot_be_used_says_why() {
    let Some(server) = Server::start("a_stream_that_cannot_be_used_says_why") else {
        return;
    };
    let refusal = |url: &str, name: &str, owner: &str| {
        let error: StreamError = runtime()
            .block_on(EventStream::open(url, name, owner))
            .unwrap_err();
        error.to_string()
    };
    runtime()
        .block_on(EventStream::open(&server.url, "mine", "project:one"))
        .unwrap();
    insta::assert_snapshot!(refusal(&server.url, "mine", "project:other"), @"the stream `mine` is not one of the plugin `project:other`: it says of itself `yoikit.stream/1 project:one`; name another stream");
    // The client would end the program.
    let stream = runtime()
        .block_on(EventStream::open(&server.url, "mine", "project:one"))
        .unwrap();
    let bad = event("tick", "test", "two\r\nlines".to_owned(), Value::Null);
    let refused = runtime().block_on(stream.send(&bad)).unwrap_err();
    insta::assert_snapshot!(refused, @r#"an id of a single line is needed, and this is none: "two\r\nlines""#);
    insta::assert_snapshot!(refusal(&server.url, "a.b", "project:one"), @"`a.b` cannot be the name of a stream: 1 to 64 letters, digits, `-` and `_` can");
    let nobody = refusal("nats://127.0.0.1:1", "mine", "project:one");
    assert!(
        nobody.starts_with("failed to connect to the NATS server nats://127.0.0.1:1: "),
        "{nobody}"
    );
}
