//! A call that ends before its time leaves the connection as it was.

use super::*;

#[test]
fn what_arrives_after_the_time_of_a_call_is_received_by_the_next() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Arc::new(std::sync::Mutex::new(gone));
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let gone = std::sync::Arc::clone(&gone);
        async move {
            let wait = tokio::task::spawn_blocking(move || gone.lock().unwrap().recv());
            wait.await.unwrap().unwrap();
            peer.send(Message::text("late")).await.unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        }
    });
    let handle = guest.handle();
    let mut answers = vec![words(&guest.recv(handle, 1))];
    go.send(()).unwrap();
    answers.push(words(&guest.recv(handle, 0)));
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Timeout: WebSocket receive timed out
    answered {"type":"text","text":"late"}
    "#);
}

#[test]
fn half_a_message_is_kept_for_the_next_call() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Arc::new(std::sync::Mutex::new(gone));
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let gone = std::sync::Arc::clone(&gone);
        async move {
            // A text frame of four bytes, as a server writes it.
            peer.get_mut().write_all(b"\x81\x04ha").await.unwrap();
            let wait = tokio::task::spawn_blocking(move || gone.lock().unwrap().recv());
            wait.await.unwrap().unwrap();
            peer.get_mut().write_all(b"lf").await.unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        }
    });
    let handle = guest.handle();
    let mut answers = vec![words(&guest.recv(handle, 20))];
    go.send(()).unwrap();
    answers.push(words(&guest.recv(handle, 0)));
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Timeout: WebSocket receive timed out
    answered {"type":"text","text":"half"}
    "#);
}

#[test]
fn a_cancelled_call_leaves_the_connection_usable() {
    let (mut guest, _world) = guest_of(echo);
    let handle = guest.handle();
    let cancel = Cancel::default();
    let canceller = std::thread::spawn({
        let cancel = cancel.clone();
        move || cancel.cancel()
    });
    let patience = Patience::endless(cancel);
    let refusal = guest
        .sockets
        .recv(&guest.authority, &patience, guest.now, handle, 0);
    canceller.join().unwrap();
    insta::assert_snapshot!(words(&refusal), @"Timeout: the call was cancelled while the host waited");
    guest.send(handle, "still here").unwrap();
    insta::assert_snapshot!(words(&guest.recv(handle, 0)), @r#"answered {"type":"text","text":"still here"}"#);
}

/// What `work` comes to, unless it is dropped before: after this many polls.
async fn polled_at_most<T>(work: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        // Whoever else is there has its turn, and then this again, woken or not.
        context.waker().wake_by_ref();
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Two ends of a connection that holds a few bytes at a time, so that everything takes many polls.
async fn narrow() -> (wire::Stream, Peer) {
    let (near, far) = tokio::io::duplex(5);
    let near: Box<dyn ByteStream> = Box::new(near);
    (
        WebSocketStream::from_raw_socket(near, Role::Client, None).await,
        WebSocketStream::from_raw_socket(far, Role::Server, None).await,
    )
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

const LONG: Duration = Duration::from_secs(60);

proptest! {
    #[test]
    fn receiving_that_is_dropped_at_any_point_loses_nothing(polls in vec(0_usize..8, 0..24)) {
        let texts: Vec<String> = (0..5).map(|number| format!("message {number}")).collect();
        let received = block_on(async {
            let (mut stream, peer) = narrow().await;
            let (mut mouth, mut ear) = peer.split();
            let saying = texts.clone();
            tokio::spawn(async move {
                for text in saying {
                    mouth.send(Message::Ping("x".into())).await.unwrap();
                    mouth.send(Message::text(text)).await.unwrap();
                }
            });
            // Nobody could answer a ping if nobody listened.
            tokio::spawn(async move { while let Some(Ok(_)) = ear.next().await {} });
            let mut polls = polls.into_iter();
            let mut received = Vec::new();
            while received.len() < texts.len() {
                let work = wire::receive(&mut stream, LONG, LONG);
                let answer = polled_at_most(work, polls.next().unwrap_or(usize::MAX)).await;
                received.extend(answer.map(Result::unwrap));
            }
            received
        });
        let expected: Vec<Received> = texts.into_iter().map(Received::Text).collect();
        prop_assert_eq!(received, expected);
    }

    #[test]
    fn sending_that_is_dropped_at_any_point_sends_whole_texts_in_order(polls in vec(0_usize..8, 0..24)) {
        let (done, arrived) = block_on(async {
            let (mut stream, mut peer) = narrow().await;
            let hearing = tokio::spawn(async move {
                let mut arrived = Vec::new();
                while let Some(Ok(Message::Text(text))) = peer.next().await {
                    arrived.push(text.to_string());
                    if arrived.last().is_some_and(|text| text == "end") {
                        break;
                    }
                }
                arrived
            });
            let mut done = Vec::new();
            for (number, polls) in polls.into_iter().enumerate() {
                let text = format!("message {number}");
                let work = wire::send(&mut stream, text.clone(), LONG);
                let sent = polled_at_most(work, polls).await;
                done.push((text, sent.is_some()));
            }
            wire::send(&mut stream, "end".to_owned(), LONG).await.unwrap();
            done.push(("end".to_owned(), true));
            (done, hearing.await.unwrap())
        });
        let mut next = arrived.iter().peekable();
        for (text, sent) in &done {
            let came = next.next_if_eq(&text).is_some();
            prop_assert!(came || !sent, "{text} was sent and did not arrive: {arrived:?}");
        }
        prop_assert_eq!(next.next(), None);
    }
}
