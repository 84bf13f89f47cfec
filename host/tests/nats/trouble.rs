//! What is told where something is wrong with the server, its stream, or those who put events there.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;
use yoi_host::plugin::service::nats::{EventStream, Taken, Taking, partition};
use yoi_host::plugin::service::{Service, StopTimes};

use crate::support::{AT_MOST, Begun, Server, WAIT, event, open_gate, runtime, service};

/// A host that takes from a stream, and what it tells.
struct Host {
    service: Service,
    taking: Taking,
    told: Receiver<Taken>,
}

impl Host {
    async fn begin(stream: &EventStream) -> Self {
        let service = service(yoi_guests::COUNTER, "null", 0, &Begun::default(), open_gate());
        let (tell, told) = mpsc::channel();
        let taking = Taking::begin(stream, &service, WAIT, move |taken| tell.send(taken).unwrap());
        Self {
            taking: taking.await.unwrap(),
            service,
            told,
        }
    }

    /// What is told next.
    fn next(&self) -> Taken {
        tokio::task::block_in_place(|| self.told.recv_timeout(AT_MOST).unwrap())
    }

    async fn end(self) {
        self.taking.stop().await;
        let _ = self.service.stop(StopTimes::default()).await;
    }
}

async fn open(server: &Server) -> EventStream {
    EventStream::open(&server.url, "ticks", "yoikit.counter")
        .await
        .unwrap()
}

async fn send(stream: &EventStream, id: &str) {
    let event = event("tick", "source", id.to_owned(), Value::Null);
    // A server that has just come back may not take anything yet.
    while let Err(error) = stream.send(&event).await {
        assert!(error.to_string().contains("write to"), "{error}");
    }
}

#[test]
fn a_server_that_goes_and_comes_back_is_told_of_and_taken_from_again() {
    let Some(mut server) = Server::start("a_server_that_goes_and_comes_back_is_told_of_and_taken_from_again")
    else {
        return;
    };
    runtime().block_on(async {
        let stream = open(&server).await;
        let host = Host::begin(&stream).await;
        send(&stream, "before").await;
        assert!(matches!(host.next(), Taken::Acknowledged { .. }));
        assert!(stream.link().is_connected());

        server.kill();
        assert_eq!(host.next(), Taken::Lost);
        assert_eq!(
            (stream.link().is_connected(), stream.link().outages()),
            (false, 1)
        );
        server.come_back();
        let found = host.next();
        assert!(
            matches!(found, Taken::Found { after } if after > Duration::ZERO),
            "{found:?}"
        );
        send(&stream, "after").await;
        loop {
            match host.next() {
                Taken::Acknowledged { correlation_id, .. } if correlation_id == "after" => break,
                // A server that comes back is busy at first.
                Taken::Trouble { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        host.end().await;
    });
}

#[test]
fn a_stream_that_somebody_removes_ends_the_taking_in_words_and_what_belongs_to_it_is_mended() {
    let name = "a_stream_that_somebody_removes_ends_the_taking_in_words_and_what_belongs_to_it_is_mended";
    let Some(server) = Server::start(name) else {
        return;
    };
    runtime().block_on(async {
        let stream = open(&server).await;
        let host = Host::begin(&stream).await;
        let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());

        // Where it would be put aside, and the consumer of its partition.
        context.delete_stream("ticks-dead").await.unwrap();
        let of_source = format!("partition-{}", partition("source"));
        context
            .delete_consumer_from_stream(&of_source, "ticks")
            .await
            .unwrap();
        send(&stream, "e-1").await;
        let taken = host.next();
        assert!(matches!(taken, Taken::Acknowledged { .. }), "{taken:?}");
        context.get_stream("ticks-dead").await.unwrap();

        context.delete_stream("ticks").await.unwrap();
        let Taken::Gone { why } = host.next() else {
            panic!("it goes on");
        };
        insta::assert_snapshot!(why, @"the stream `ticks` was deleted, and the events in it with it: begin again, and it is laid out anew");
        // Nothing is left to be stopped, and it is told once.
        let Host { taking, told, .. } = host;
        taking.stop().await;
        assert!(told.try_recv().is_err());
    });
}

#[test]
fn an_event_where_no_host_takes_it_is_refused_and_one_in_another_partition_is_told_of() {
    let name = "an_event_where_no_host_takes_it_is_refused_and_one_in_another_partition_is_told_of";
    let Some(server) = Server::start(name) else {
        return;
    };
    runtime().block_on(async {
        let stream = open(&server).await;
        let host = Host::begin(&stream).await;
        let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
        for nowhere in ["ticks.event.16", "ticks.event.abc"] {
            let sent = context.publish(nowhere, "{}".into()).await.unwrap();
            sent.await.unwrap_err();
        }
        let belongs = partition("source");
        let elsewhere = (belongs + 1) % 16;
        let astray = serde_json::to_vec(&event("tick", "source", "astray".into(), Value::Null)).unwrap();
        let sent = context
            .publish(format!("ticks.event.{elsewhere}"), astray.into())
            .await
            .unwrap();
        sent.await.unwrap();
        let misplaced = Taken::Misplaced {
            correlation_id: "astray".into(),
            source: "source".into(),
            partition: elsewhere,
            belongs,
        };
        assert_eq!(host.next(), misplaced);
        assert!(matches!(host.next(), Taken::Acknowledged { .. }));
        // What no plugin can be told of is put aside at once.
        let mut undated = event("tick", "source", "undated".into(), Value::Null);
        undated.created_at = "yesterday".into();
        stream.send(&undated).await.unwrap();
        let Taken::Dead { why, .. } = host.next() else {
            panic!("it is delivered");
        };
        assert!(why.contains("created_at"), "{why}");
        host.end().await;
    });
}
