//! A service that takes its events from a stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::stream::{DeadLetter, EventStream, StreamError};
use crate::limits::{
    DELIVERY_PAUSE, DELIVERY_PAUSE_AT_MOST, MESSAGE_BYTES, STREAM_PARTITIONS, STREAM_PULL_TIME,
    STREAM_RETRY_TIME,
};
use crate::plugin::message::IngressEvent;
use crate::plugin::service::{Outcome, Refusal, Service, ServiceOptions, Settlement, WhenFull};
use crate::text::bounded;

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
        /// Which attempt it was.
        attempt: u32,
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
    /// The server does not do what is asked; it is asked again.
    Trouble {
        /// What went wrong.
        why: String,
    },
}

type Tell = Arc<dyn Fn(Taken) + Send + Sync>;

/// A service that takes events from a stream.
///
/// Dropped, it takes no more, and what it had is given to another host when that has waited long enough.
pub struct Taking {
    stop: watch::Sender<bool>,
    partitions: JoinSet<()>,
}

/// What a partition is taken with.
#[derive(Clone)]
struct Desk {
    stream: EventStream,
    service: Service,
    attempts: u32,
    wait: Duration,
    tell: Tell,
    /// Whose event the service has. The others wait here and not in its queue: from here they can be given back.
    turn: Arc<Mutex<()>>,
    stops: Stops,
}

/// Whether no more is to be taken. A sender that is gone says so as well.
#[derive(Clone)]
struct Stops(watch::Receiver<bool>);

/// What is to be done with an event.
enum Verdict {
    Done,
    Back { why: String, after: Option<Duration> },
    Dead { why: String },
}

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
            turn: Arc::default(),
            stops: Stops(stops),
        };
        let mut partitions = JoinSet::new();
        for partition in 0..STREAM_PARTITIONS {
            let consumer = stream.consumer(partition, wait).await?;
            partitions.spawn(desk.clone().take(consumer));
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
    async fn come(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl Desk {
    async fn take(mut self, consumer: PullConsumer) {
        loop {
            let message = tokio::select! {
                biased;
                () = self.stops.come() => return,
                message = next(&consumer) => message,
            };
            match message {
                Ok(None) => {}
                Ok(Some(message)) => {
                    if !self.deal_with(&message).await {
                        return;
                    }
                }
                Err(why) => {
                    (self.tell)(Taken::Trouble { why });
                    tokio::select! {
                        () = self.stops.come() => return,
                        () = tokio::time::sleep(STREAM_RETRY_TIME) => {}
                    }
                }
            }
        }
    }

    /// Deliver an event, and tell the stream what became of it. Whether the next one may be taken.
    async fn deal_with(&self, message: &Message) -> bool {
        let attempt = message
            .info()
            .map_or(1, |info| u32::try_from(info.delivered).unwrap_or(u32::MAX));
        let event = serde_json::from_slice::<IngressEvent>(&message.payload);
        let id = event.as_ref().ok().map(|event| event.correlation_id.clone());
        let mut goes_on = true;
        let verdict = match event {
            Err(error) => Verdict::Dead {
                why: format!("this is no event: {error}"),
            },
            // Whoever had it ended each time before it was settled: it may have been what ended them.
            Ok(_) if attempt > self.attempts => Verdict::Dead {
                why: format!("it was delivered {} times and never settled", self.attempts),
            },
            Ok(event) => {
                let event = IngressEvent { attempt, ..event };
                match self.deliver(message, event).await {
                    Ok(outcome) => self.judge(&outcome, attempt),
                    Err(refusal) => {
                        goes_on = !matches!(refusal, Refusal::Stopping(_) | Refusal::Failed(_));
                        self.refused(&refusal, attempt)
                    }
                }
            }
        };
        // Each is answered by the server: what is only sent may be lost when the host ends right after.
        let told = match verdict {
            Verdict::Done => message.double_ack().await.map(|()| Taken::Acknowledged {
                correlation_id: id.unwrap_or_default(),
                attempt,
            }),
            Verdict::Back { why, after } => {
                let given_back = message.double_ack_with(AckKind::Nak(after)).await;
                given_back.map(|()| Taken::Returned {
                    correlation_id: id.unwrap_or_default(),
                    attempt,
                    why,
                })
            }
            Verdict::Dead { why } => match self.put_aside(message, id.as_deref(), &why).await {
                Ok(()) => {
                    let ended = message.double_ack_with(AckKind::Term).await;
                    ended.map(|()| Taken::Dead {
                        correlation_id: id,
                        why,
                    })
                }
                Err(error) => Err(error.into()),
            },
        };
        // What the stream was not told of, it gives out again.
        (self.tell)(told.unwrap_or_else(|error| Taken::Trouble {
            why: error.to_string(),
        }));
        goes_on
    }

    /// Deliver it, and keep the stream from taking this host for dead meanwhile.
    async fn deliver(&self, message: &Message, event: IngressEvent) -> Result<Outcome, Refusal> {
        let mut stops = self.stops.clone();
        let delivered = async {
            let _turn = tokio::select! {
                biased;
                () = stops.come() => return Ok(Outcome::abandoned()),
                turn = self.turn.lock() => turn,
            };
            Ok(self.service.send(event).await?.await)
        };
        tokio::pin!(delivered);
        loop {
            tokio::select! {
                outcome = &mut delivered => return outcome,
                () = tokio::time::sleep(self.wait / 3) => {
                    // Where it is not heard, the event is delivered again: that is allowed.
                    let _ = message.ack_with(AckKind::Progress).await;
                }
            }
        }
    }

    fn judge(&self, outcome: &Outcome, attempt: u32) -> Verdict {
        match outcome.settlement {
            Settlement::Accepted | Settlement::Declined => Verdict::Done,
            Settlement::Dead => {
                let report = outcome.report.as_ref();
                let failure = report.and_then(|report| report.failure.as_ref());
                let why = failure.map_or_else(String::new, |failure| failure.message.clone());
                self.again_or_never(why, attempt)
            }
            Settlement::Dropped | Settlement::Abandoned => Verdict::Back {
                why: "this host stopped before it was delivered".to_owned(),
                after: None,
            },
        }
    }

    fn refused(&self, refusal: &Refusal, attempt: u32) -> Verdict {
        match refusal {
            Refusal::Stopping(_) | Refusal::Failed(_) => Verdict::Back {
                why: refusal.to_string(),
                after: None,
            },
            refusal if refusal.may_pass() => self.again_or_never(refusal.to_string(), attempt),
            refusal => Verdict::Dead {
                why: refusal.to_string(),
            },
        }
    }

    fn again_or_never(&self, why: String, attempt: u32) -> Verdict {
        if attempt >= self.attempts {
            return Verdict::Dead { why };
        }
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = DELIVERY_PAUSE.saturating_mul(doubled).min(DELIVERY_PAUSE_AT_MOST);
        Verdict::Back {
            why,
            after: Some(pause),
        }
    }

    async fn put_aside(&self, message: &Message, id: Option<&str>, why: &str) -> Result<(), StreamError> {
        let text = String::from_utf8_lossy(&message.payload);
        // What is no JSON is put aside as text.
        let event = RawValue::from_string(text.clone().into_owned())
            .or_else(|_| serde_json::value::to_raw_value(&text))
            .unwrap_or_default();
        let why = bounded(why, MESSAGE_BYTES);
        let letter = DeadLetter {
            why: &why,
            event: &event,
        };
        let sequence = message.info().map_or(0, |info| info.stream_sequence);
        let id = id.map_or_else(|| format!("message {sequence}"), |id| format!("{id} {sequence}"));
        self.stream.give_up(&id, &letter).await
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
