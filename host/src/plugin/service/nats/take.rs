//! A service that takes its events from a stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::begun::Page;
use super::deal::Desk;
use super::stream::{EventStream, StreamError};
use crate::limits::{STREAM_PARTITIONS, STREAM_PULL_TIME, STREAM_RETRY_TIME};
use crate::plugin::service::{Service, ServiceOptions, WhenFull};

/// What becomes of an event of a stream, for whoever watches.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "taken", rename_all = "snake_case")]
pub enum Taken {
    /// The plugin dealt with it, and the stream has it no more.
    Acknowledged {
        /// Its id.
        correlation_id: String,
        /// Which attempt it was, over all hosts.
        attempt: u32,
    },
    /// It was given back, to be tried again by this host or another.
    Returned {
        /// Its id.
        correlation_id: String,
        /// Which attempt it was; none where the plugin's service was not handed it, which counts as none.
        attempt: Option<u32>,
        /// Why.
        why: String,
    },
    /// It was given up, and put aside.
    Dead {
        /// Its id, where it could be read.
        correlation_id: Option<String>,
        /// Why.
        why: String,
    },
    /// This host said nothing of it for too long, so that another one was given it. This one leaves it alone.
    Overtaken {
        /// Its id.
        correlation_id: String,
    },
    /// The server does not do what is asked; it is asked again.
    Trouble {
        /// What went wrong.
        why: String,
    },
}

/// A service that takes events from a stream.
///
/// Dropped, it takes no more, and what it had is given to another host when that has waited long enough.
pub struct Taking {
    stop: watch::Sender<bool>,
    partitions: JoinSet<()>,
}

/// Whether no more is to be taken. A sender that is gone says so as well.
#[derive(Clone)]
pub(super) struct Stops(watch::Receiver<bool>);

impl Taking {
    /// Have a service take events from a stream. Each is attempted so many times, by whichever host; one that a host
    /// says nothing about for `wait` is taken for lost with it, and given to another.
    ///
    /// The service is one with [`Taking::options`].
    ///
    /// # Errors
    ///
    /// Where the server does not give them out.
    pub async fn begin(
        stream: &EventStream,
        service: &Service,
        attempts: u32,
        wait: Duration,
        tell: impl Fn(Taken) + Send + Sync + 'static,
    ) -> Result<Self, StreamError> {
        let (stop, stops) = watch::channel(false);
        let desk = Desk {
            stream: stream.clone(),
            service: service.clone(),
            attempts: attempts.max(1),
            wait,
            tell: Arc::new(tell),
            turn: Arc::new(Mutex::new(())),
            stops: Stops(stops),
        };
        let mut partitions = JoinSet::new();
        for partition in 0..STREAM_PARTITIONS {
            let consumer = stream.consumer(partition, wait).await?;
            partitions.spawn(take(desk.clone(), stream.page(partition), consumer));
        }
        Ok(Self { stop, partitions })
    }

    /// The options of a service that takes from a stream: the stream counts attempts, keeps what is not settled, and
    /// knows duplicates; and there is always room for the few events that are under way.
    #[must_use]
    pub fn options(mut options: ServiceOptions) -> ServiceOptions {
        options.retry.attempts = 1;
        options.known_events = 0;
        options.when_full = WhenFull::Wait;
        options
    }

    /// Take no more, and give back at once what the service was not handed yet. What it was handed goes on. A message
    /// that was on its way just then is given out again when the stream has waited for it.
    ///
    /// A service that is to stop is [stopped](Service::stop) after this.
    pub fn halt(&self) {
        // Where nobody hears it, everything has ended.
        let _ = self.stop.send(true);
    }

    /// [Halt](Taking::halt), and wait until the stream was told what became of everything. What the service abandons
    /// is given back at once.
    pub async fn stop(mut self) {
        self.halt();
        while self.partitions.join_next().await.is_some() {}
    }
}

impl Stops {
    pub(super) async fn come(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Take the events of a partition, one after the other.
async fn take(mut desk: Desk, mut page: Page, consumer: PullConsumer) {
    loop {
        let message = tokio::select! {
            biased;
            () = desk.stops.come() => return,
            message = next(&consumer) => message,
        };
        match message {
            Ok(None) => {}
            Ok(Some(message)) => {
                if !desk.deal_with(&mut page, &message).await {
                    return;
                }
            }
            Err(why) => {
                (desk.tell)(Taken::Trouble { why });
                tokio::select! {
                    () = desk.stops.come() => return,
                    () = tokio::time::sleep(STREAM_RETRY_TIME) => {}
                }
            }
        }
    }
}

/// The next event, if one comes in time.
async fn next(consumer: &PullConsumer) -> Result<Option<Message>, String> {
    let mut batch = consumer
        .fetch()
        .max_messages(1)
        .expires(STREAM_PULL_TIME)
        .messages()
        .await
        .map_err(|error| error.to_string())?;
    match batch.next().await {
        Some(message) => message.map(Some).map_err(|error| error.to_string()),
        None => Ok(None),
    }
}

impl fmt::Debug for Taking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taking").finish_non_exhaustive()
    }
}
