//! A service that takes its events from a stream.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

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
use crate::limits::{
    STREAM_LOOK, STREAM_PARTITIONS, STREAM_PULL_TIME, STREAM_RETRY_TIME, STREAM_TROUBLE_QUIET,
};
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
    /// It failed, and is given out again after a pause, to this host or another.
    Retried {
        /// Its id.
        correlation_id: String,
        /// Which attempt it was, over all hosts.
        attempt: u32,
        /// After which time it is given out again, in microseconds.
        #[serde(rename = "again_in_us", serialize_with = "crate::text::micros")]
        #[schemars(with = "f64")]
        again_in: Duration,
        /// Why.
        why: String,
    },
    /// It was given back, since this host could not deal with it.
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
    /// It lies in another partition than its source's, so that its order with others of that source is not kept. It is
    /// delivered all the same.
    Misplaced {
        /// Its id.
        correlation_id: String,
        /// Where it comes from.
        source: String,
        /// The partition that it lies in.
        partition: u32,
        /// Its source's.
        belongs: u32,
    },
    /// The server does not do what is asked; it is asked again.
    Trouble {
        /// What went wrong.
        why: String,
    },
    /// The server cannot be reached; it is tried again and again. What was under way may be given out once more.
    Lost,
    /// The server can be reached again.
    Found {
        /// How long it could not, in microseconds.
        #[serde(rename = "after_us", serialize_with = "crate::text::micros")]
        #[schemars(with = "f64")]
        after: Duration,
    },
    /// Somebody removed the stream. Nothing more is taken.
    Gone {
        /// What to do.
        why: String,
    },
}

/// A service that takes events from a stream.
///
/// Dropped, it takes no more, and what it had is given to another host when that has waited long enough.
pub struct Taking {
    stop: Arc<watch::Sender<bool>>,
    tasks: JoinSet<()>,
}

/// Whether no more is to be taken. A sender that is gone says so as well.
#[derive(Clone)]
pub(super) struct Stops(watch::Receiver<bool>);

impl Taking {
    /// Have a service take events from a stream. Each is attempted as often as the service's [`Retry`](crate::plugin::service::Retry)
    /// has it, by whichever host; one that a host says nothing about for `wait` is taken for lost with it, and given to
    /// another.
    ///
    /// The service is one with [`Taking::options`].
    ///
    /// # Errors
    ///
    /// Where the server does not give them out.
    pub async fn begin(
        stream: &EventStream,
        service: &Service,
        wait: Duration,
        tell: impl Fn(Taken) + Send + Sync + 'static,
    ) -> Result<Self, StreamError> {
        let (stop, stops) = watch::channel(false);
        let stop = Arc::new(stop);
        let teller = Arc::new(Teller::new(Box::new(tell), Arc::clone(&stop)));
        let turn = Arc::new(Mutex::new(()));
        let mut tasks = JoinSet::new();
        for partition in 0..STREAM_PARTITIONS {
            let desk = Desk {
                stream: stream.clone(),
                partition,
                service: service.clone(),
                attempts: service.options().retry.attempts.max(1),
                wait,
                teller: Arc::clone(&teller),
                turn: Arc::clone(&turn),
                stops: Stops(stops.clone()),
            };
            let consumer = stream.consumer(partition, wait).await?;
            tasks.spawn(take(desk, stream.page(partition), consumer));
        }
        tasks.spawn(watch_over(stream.clone(), teller, Stops(stops)));
        Ok(Self { stop, tasks })
    }

    /// The options of a service that takes from a stream: the stream gives out again what failed, counts attempts, keeps
    /// what is not settled, and knows duplicates; and there is always room for the few events that are under way.
    #[must_use]
    pub fn options(mut options: ServiceOptions) -> ServiceOptions {
        options.retry.by_sender = true;
        options.known_events = 0;
        options.when_full = WhenFull::Wait;
        options
    }

    /// Take no more, and give back at once what the service was not handed yet. What it was handed goes on. A message
    /// that was on its way just then is given out again when the stream has waited for it.
    ///
    /// A service that is to stop is [stopped](Service::stop) after this.
    pub fn halt(&self) {
        self.stop.send_replace(true);
    }

    /// [Halt](Taking::halt), and wait until the stream was told what became of everything. What the service abandons
    /// is given back at once.
    pub async fn stop(mut self) {
        self.halt();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Stops {
    pub(super) async fn come(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Take the events of a partition, one after the other.
async fn take(mut desk: Desk, mut page: Page, mut consumer: PullConsumer) {
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
                // Of an outage it was told, and what it brings about is no news.
                if desk.stream.link().is_connected() {
                    match desk.mend().await {
                        Ok(mended) => consumer = mended,
                        Err(StreamError::Gone(_)) => return,
                        Err(error) => desk.teller.trouble(&format!("{why}; {error}")),
                    }
                }
                tokio::select! {
                    () = desk.stops.come() => return,
                    () = tokio::time::sleep(STREAM_RETRY_TIME) => {}
                }
            }
        }
    }
}

/// Tell when the server is lost and when it is found, and look whether the stream is there still.
async fn watch_over(stream: EventStream, teller: Arc<Teller>, mut stops: Stops) {
    let mut connected = stream.link().watch();
    let mut lost: Option<Instant> = None;
    loop {
        tokio::select! {
            biased;
            () = stops.come() => return,
            changed = connected.changed() => {
                if changed.is_err() {
                    return;
                }
                match (*connected.borrow_and_update(), lost) {
                    (false, None) => {
                        lost = Some(Instant::now());
                        teller.tell(Taken::Lost);
                    }
                    (true, Some(since)) => {
                        lost = None;
                        teller.tell(Taken::Found { after: since.elapsed() });
                    }
                    _ => {}
                }
            }
            () = tokio::time::sleep(STREAM_LOOK), if lost.is_none() => {
                // Of what else is wrong those tell who take from it, if it lasts.
                if let Err(error @ StreamError::Gone(_)) = stream.mend().await {
                    teller.gone(&error);
                    return;
                }
            }
        }
    }
}

/// Tells whoever watches.
pub(super) struct Teller {
    tell: Box<dyn Fn(Taken) + Send + Sync>,
    stop: Arc<watch::Sender<bool>>,
    /// What went wrong last, and when that was told.
    trouble: std::sync::Mutex<Option<(String, Instant)>>,
}

impl Teller {
    fn new(tell: Box<dyn Fn(Taken) + Send + Sync>, stop: Arc<watch::Sender<bool>>) -> Self {
        Self {
            tell,
            stop,
            trouble: std::sync::Mutex::default(),
        }
    }

    pub(super) fn tell(&self, taken: Taken) {
        (self.tell)(taken);
    }

    /// Something goes wrong, which each partition may meet again and again.
    pub(super) fn trouble(&self, why: &str) {
        let mut last = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = last
            .as_ref()
            .is_none_or(|(told, at)| told != why || at.elapsed() >= STREAM_TROUBLE_QUIET);
        if is_news {
            *last = Some((why.to_owned(), Instant::now()));
            drop(last);
            self.tell(Taken::Trouble { why: why.to_owned() });
        }
    }

    /// The stream is no more: nothing more is taken. It is told once.
    pub(super) fn gone(&self, error: &StreamError) {
        if !self.stop.send_replace(true) {
            let why = error.to_string();
            self.tell(Taken::Gone { why });
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
