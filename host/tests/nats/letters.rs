//! Events of a stream that were given up: they are seen, tried anew, and dropped.

use std::sync::mpsc;

use serde_json::json;
use yoi_host::plugin::service::nats::{EventStream, StreamLetters, Taken, Taking};
use yoi_host::plugin::service::{Letter, StopTimes};

use crate::support::{AT_MOST, Begun, Server, WAIT, event, open_gate, runtime, service_telling};

/// Number, id or text, attempts.
fn told(letters: &[Letter]) -> Vec<(u64, &str, Option<u32>)> {
    let told = letters.iter().map(|letter| match &letter.event {
        Some(event) => (letter.number, event.correlation_id.as_str(), Some(event.attempt)),
        None => (letter.number, letter.text.as_deref().unwrap(), None),
    });
    told.collect()
}

#[test]
fn what_was_given_up_is_tried_anew_or_dropped() {
    let Some(server) = Server::start("what_was_given_up_is_tried_anew_or_dropped") else {
        return;
    };
    runtime().block_on(async {
        let none = StreamLetters::open(&server.url, "harm").await.unwrap_err();
        insta::assert_snapshot!(none, @"there is no stream `harm` of a plugin on that server");

        let stream = EventStream::open(&server.url, "harm", "project:hostile")
            .await
            .unwrap();
        let begun = Begun::default();
        let config = r#"{"ingress":"told"}"#;
        let tell = {
            let begun = Begun::clone(&begun);
            move |source: &str, id: &str, attempt| {
                let told = (source.to_owned(), id.to_owned(), attempt, 0);
                begun.lock().unwrap().push(told);
            }
        };
        let hostile = service_telling(yoi_guests::HOSTILE, config, 1, Box::new(tell), open_gate());
        let (tell, taken) = mpsc::channel();
        let taking = Taking::begin(&stream, &hostile, WAIT, move |taken| tell.send(taken).unwrap());
        let taking = taking.await.unwrap();
        let next = |count: usize| {
            (0..count)
                .map(|_| taken.recv_timeout(AT_MOST).unwrap())
                .collect::<Vec<_>>()
        };

        // One source: they come in this order. The last is no event.
        for id in ["a", "b", "c"] {
            let event = event("events", "test", id.into(), json!({ "mode": "bad-json" }));
            stream.send(&event).await.unwrap();
        }
        tokio::task::block_in_place(|| next(3));
        let client = async_nats::connect(&server.url).await.unwrap();
        client.publish("harm.event.3", "hello".into()).await.unwrap();
        tokio::task::block_in_place(|| next(1));

        let letters = StreamLetters::open(&server.url, "harm").await.unwrap();
        assert_eq!(letters.owner(), "project:hostile");
        let list = letters.list().await.unwrap();
        assert_eq!(
            told(&list),
            [
                (1, "a", Some(1)),
                (2, "b", Some(1)),
                (3, "c", Some(1)),
                (4, "hello", None)
            ]
        );
        assert!(
            list[0].why.as_ref().unwrap().contains("not JSON"),
            "{:?}",
            list[0].why
        );

        // All of what is asked, or none.
        insta::assert_snapshot!(letters.discard(&[1, 9]).await.unwrap_err(), @"no event with the number 9 was given up there; nothing was done");
        insta::assert_snapshot!(letters.requeue(&[1, 4]).await.unwrap_err(), @"what has the number 4 is no event, and can be dropped and not be tried again; nothing was done");
        assert_eq!(letters.list().await.unwrap(), list);

        letters.discard(&[1, 4]).await.unwrap();
        letters.requeue(&[2]).await.unwrap();
        // It fails again, as an event that was never delivered before, though the server remembers its id.
        let again = tokio::task::block_in_place(|| next(1));
        assert!(
            matches!(&again[0], Taken::Dead { correlation_id: Some(id), .. } if id == "b"),
            "{again:?}"
        );
        let list = letters.list().await.unwrap();
        assert_eq!(told(&list), [(3, "c", Some(1)), (5, "b", Some(1))]);
        let attempts: Vec<_> = begun
            .lock()
            .unwrap()
            .iter()
            .map(|(_, id, attempt, _)| (id.clone(), *attempt))
            .collect();
        let wanted = ["a", "b", "c", "b"].map(|id| (id.to_owned(), 1));
        assert_eq!(attempts, wanted);
        taking.stop().await;
        let _ = hostile.stop(StopTimes::default()).await;
    });
}
