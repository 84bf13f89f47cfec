//! What is done with an event that the server gave out: it is delivered, and the stream is told what became of it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::begun::{HandOut, Page, Standing};
use super::stream::{EventStream, StreamError, partition};
use super::take::{Stops, Taken, Teller};
use crate::limits::{
    DELIVERY_PAUSE, DELIVERY_PAUSE_AT_MOST, INGRESS_EVENT_BYTES, MESSAGE_BYTES, STREAM_RETRY_TIME,
};
use crate::plugin::message::IngressEvent;
use crate::plugin::service::letter::Stored;
use crate::plugin::service::{Outcome, Refusal, Service, Settlement};
use crate::text::bounded;

/// What a partition is taken with.
pub(super) struct Desk {
    pub(super) stream: EventStream,
    pub(super) partition: u32,
    pub(super) service: Service,
    pub(super) attempts: u32,
    pub(super) wait: Duration,
    pub(super) teller: Arc<Teller>,
    /// Whose event the service has. The others wait here and not in its queue: from here they can be given back.
    pub(super) turn: Arc<Mutex<()>>,
    pub(super) stops: Stops,
}

/// How far a delivery came.
enum Delivery {
    /// The host is to stop, and the service was not handed it.
    NotBegun,
    /// It is another host's by now.
    Overtaken,
    /// What the service made of it, in this attempt.
    Settled(u32, Outcome),
    /// The service did not take it, in this attempt.
    Refused(u32, Refusal),
}

/// What is to be done with an event.
enum Verdict {
    /// It was dealt with, in this attempt.
    Done(u32),
    /// It failed in this attempt, and is to be tried again.
    Again {
        attempt: u32,
        why: String,
        pause: Duration,
    },
    /// This host cannot deal with it.
    Back {
        attempt: Option<u32>,
        why: String,
        pause: Option<Duration>,
    },
    /// It is given up, after so many attempts.
    Dead { attempts: u32, why: String },
    /// Nothing: it is another host's.
    Leave,
}

impl Desk {
    /// Deliver an event, and tell the stream what became of it. Whether the next one may be taken.
    pub(super) async fn deal_with(&self, page: &mut Page, message: &Message) -> bool {
        let event = serde_json::from_slice::<IngressEvent>(&message.payload);
        let id = event.as_ref().ok().map(|event| event.correlation_id.clone());
        let mut goes_on = true;
        let verdict = match event {
            Err(error) => Verdict::Dead {
                attempts: 0,
                why: format!("this is no event: {error}"),
            },
            Ok(event) => match self.deliver(page, message, self.in_its_place(event)).await {
                Ok(delivery) => {
                    goes_on = !matches!(
                        delivery,
                        Delivery::Refused(_, Refusal::Stopping(_) | Refusal::Failed(_))
                    );
                    self.judge(delivery)
                }
                Err(verdict) => verdict,
            },
        };
        // Each is answered by the server: what is only sent may be lost when the host ends right after.
        let told = match verdict {
            Verdict::Leave => Ok(Taken::Overtaken {
                correlation_id: id.unwrap_or_default(),
            }),
            Verdict::Done(attempt) => message.double_ack().await.map(|()| Taken::Acknowledged {
                correlation_id: id.unwrap_or_default(),
                attempt,
            }),
            Verdict::Again { attempt, why, pause } => {
                let given_back = message.double_ack_with(AckKind::Nak(Some(pause))).await;
                given_back.map(|()| Taken::Retried {
                    correlation_id: id.unwrap_or_default(),
                    attempt,
                    again_in: pause,
                    why,
                })
            }
            Verdict::Back { attempt, why, pause } => {
                let given_back = message.double_ack_with(AckKind::Nak(pause)).await;
                given_back.map(|()| Taken::Returned {
                    correlation_id: id.unwrap_or_default(),
                    attempt,
                    why,
                })
            }
            Verdict::Dead { attempts, why } => match self.put_aside(message, attempts, &why).await {
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
        match told {
            Ok(taken) => self.teller.tell(taken),
            // What the stream was not told of, it gives out again.
            Err(error) if self.stream.link().is_connected() => {
                if let Err(StreamError::Gone(_)) = self.mend().await {
                    return false;
                }
                self.teller.trouble(&error.to_string());
            }
            // Of an outage it was told, and a host that is to stop does not wait for its end.
            Err(_) => {}
        }
        goes_on
    }

    /// Lay out again what somebody removed. Where that is the stream itself, nothing more is taken.
    pub(super) async fn mend(&self) -> Result<PullConsumer, StreamError> {
        let mended = match self.stream.mend().await {
            Ok(()) => self.stream.consumer(self.partition, self.wait).await,
            Err(error) => Err(error),
        };
        if let Err(error @ StreamError::Gone(_)) = &mended {
            self.teller.gone(error);
        }
        mended
    }

    /// See whether an event lies where others of its source do.
    fn in_its_place(&self, event: IngressEvent) -> IngressEvent {
        let belongs = partition(&event.source);
        if belongs != self.partition {
            self.teller.tell(Taken::Misplaced {
                correlation_id: event.correlation_id.clone(),
                source: event.source.clone(),
                partition: self.partition,
                belongs,
            });
        }
        event
    }

    /// Deliver it, and keep the stream from taking this host for dead meanwhile.
    async fn deliver(
        &self,
        page: &mut Page,
        message: &Message,
        event: IngressEvent,
    ) -> Result<Delivery, Verdict> {
        // The server knows what it gave out; where it does not say, nothing is known of the event.
        let trouble = |why: String| Verdict::Back {
            attempt: None,
            why,
            pause: Some(STREAM_RETRY_TIME),
        };
        let given = match message.info() {
            Ok(info) => HandOut {
                sequence: info.stream_sequence,
                times: u64::try_from(info.delivered).unwrap_or(1),
            },
            Err(error) => return Err(trouble(error.to_string())),
        };
        match page.standing(given).await.map_err(trouble)? {
            // Whoever had it ended each time before it was settled: it may have been what ended them.
            Standing::Ours(begun) if begun >= self.attempts => {
                return Err(Verdict::Dead {
                    attempts: begun,
                    why: format!("it was begun {begun} times and never settled"),
                });
            }
            Standing::Ours(_) => {}
            Standing::Overtaken => return Ok(Delivery::Overtaken),
        }
        let mut stops = self.stops.clone();
        let delivered = async {
            let _turn = tokio::select! {
                biased;
                () = stops.come() => return Ok(Delivery::NotBegun),
                turn = self.turn.lock() => turn,
            };
            let Some(attempt) = page.begin(given).await.map_err(trouble)? else {
                return Ok(Delivery::Overtaken);
            };
            let event = IngressEvent { attempt, ..event };
            Ok(match self.service.send(event).await {
                Ok(ticket) => Delivery::Settled(attempt, ticket.await),
                Err(refusal) => Delivery::Refused(attempt, refusal),
            })
        };
        tokio::pin!(delivered);
        loop {
            tokio::select! {
                delivered = &mut delivered => return delivered,
                () = tokio::time::sleep(self.wait / 3) => {
                    // Where it is not heard, the event is given out again: that is allowed.
                    let _ = message.ack_with(AckKind::Progress).await;
                }
            }
        }
    }

    fn judge(&self, delivery: Delivery) -> Verdict {
        let (attempt, outcome) = match delivery {
            Delivery::NotBegun => {
                return Verdict::Back {
                    attempt: None,
                    why: "this host is to stop".to_owned(),
                    pause: None,
                };
            }
            Delivery::Overtaken => return Verdict::Leave,
            Delivery::Refused(attempt, refusal) => return self.refused(attempt, &refusal),
            Delivery::Settled(attempt, outcome) => (attempt, outcome),
        };
        match outcome.settlement {
            Settlement::Accepted | Settlement::Declined => Verdict::Done(attempt),
            failed @ (Settlement::Dead | Settlement::Returned) => {
                let report = outcome.report.as_ref();
                let failure = report.and_then(|report| report.failure.as_ref());
                let why = failure.map_or_else(String::new, |failure| failure.message.clone());
                match failed {
                    Settlement::Returned => self.again_or_never(attempt, why),
                    _ => Verdict::Dead {
                        attempts: attempt,
                        why,
                    },
                }
            }
            Settlement::Dropped | Settlement::Abandoned => Verdict::Back {
                attempt: Some(attempt),
                why: "this host stopped before it had dealt with it".to_owned(),
                pause: None,
            },
        }
    }

    fn refused(&self, attempt: u32, refusal: &Refusal) -> Verdict {
        match refusal {
            Refusal::Stopping(_) | Refusal::Failed(_) => Verdict::Back {
                attempt: Some(attempt),
                why: refusal.to_string(),
                pause: None,
            },
            refusal if refusal.may_pass() => self.again_or_never(attempt, refusal.to_string()),
            refusal => Verdict::Dead {
                attempts: attempt,
                why: refusal.to_string(),
            },
        }
    }

    fn again_or_never(&self, attempt: u32, why: String) -> Verdict {
        if attempt >= self.attempts {
            return Verdict::Dead {
                attempts: attempt,
                why,
            };
        }
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = DELIVERY_PAUSE.saturating_mul(doubled).min(DELIVERY_PAUSE_AT_MOST);
        Verdict::Again { attempt, why, pause }
    }

    async fn put_aside(&self, message: &Message, attempts: u32, why: &str) -> Result<(), StreamError> {
        let text = String::from_utf8_lossy(&message.payload);
        // What is no JSON is put aside as text; and of what is larger than an event can be, as much as that: the server
        // takes no message of any size, and what it does not take would come again for ever.
        let event = if text.len() > INGRESS_EVENT_BYTES {
            serde_json::value::to_raw_value(&bounded(&text, INGRESS_EVENT_BYTES))
        } else if let Ok(event) = serde_json::from_str::<IngressEvent>(&text) {
            serde_json::value::to_raw_value(&IngressEvent {
                attempt: attempts,
                ..event
            })
        } else {
            RawValue::from_string(text.clone().into_owned())
                .or_else(|_| serde_json::value::to_raw_value(&text))
        };
        let letter = Stored {
            why: Some(bounded(why, MESSAGE_BYTES).into_owned()),
            event: event.unwrap_or_default(),
        };
        let sequence = message.info().map_or(0, |info| info.stream_sequence);
        self.stream.give_up(sequence, &letter).await
    }
}
