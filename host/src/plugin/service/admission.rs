//! How an event gets into the queue.
//!
//! Whoever sends it has it checked and queued on its own thread, so that the queue's bounds are exact and a refusal
//! is immediate.

use std::sync::{Arc, MutexGuard};

use tokio::sync::oneshot;

use super::charter::Event;
use super::desk::Desk;
use super::happening::What;
use super::journal::{JournalError, Seq, Written};
use super::options::WhenFull;
use super::refusal::Refusal;
use super::shared::Shared;
use super::ticket::{Settlement, Ticket};
use super::time::{new_id, timestamp};
use crate::authority::Surface;
use crate::plugin::message::IngressEvent;
/// An event that is sound and allowed.
struct Prepared {
    event: Box<IngressEvent>,
    bytes: usize,
}

/// What came of trying to put an event into the queue.
enum Admission {
    Accepted(Ticket),
    /// It is in the queue, and accepted once it is stored.
    Storing(Ticket, oneshot::Receiver<Result<(), JournalError>>),
    /// There is no room, and whoever sends it waits.
    NoRoom(Prepared),
    Refused(Refusal),
}

impl Shared {
    /// Accept an event, or say why not. Where there is no room, do this.
    pub(super) async fn send(self: &Arc<Self>, event: Event, when_full: WhenFull) -> Result<Ticket, Refusal> {
        let mut prepared = self.prepare(event)?;
        loop {
            // From here on it is noticed when something leaves.
            let room = self.room.notified();
            let admission = self.admit(prepared, when_full);
            if !matches!(admission, Admission::NoRoom(_)) {
                // What was left to this sender may do for the next one.
                self.room.notify_one();
            }
            match admission {
                Admission::Accepted(ticket) => return Ok(ticket),
                Admission::Refused(refusal) => return Err(refusal),
                Admission::NoRoom(again) => {
                    prepared = again;
                    room.await;
                }
                Admission::Storing(ticket, stored) => {
                    let lost = || Err(JournalError("the journal did not answer".to_owned()));
                    return match stored.await.unwrap_or_else(|_| lost()) {
                        Ok(()) => Ok(ticket),
                        Err(error) => Err(error.into()),
                    };
                }
            }
        }
    }

    /// An event with everything that an envelope has, if it may be delivered at all.
    fn prepare(&self, event: Event) -> Result<Prepared, Refusal> {
        let event = IngressEvent {
            kind: event.kind,
            source: event.source,
            ingress_name: event.ingress,
            payload: event.payload,
            created_at: event.created_at.unwrap_or_else(|| timestamp(self.net.wall())),
            attempt: event.attempt,
            correlation_id: event.correlation_id.unwrap_or_else(|| new_id(&self.net)),
        };
        match self.check(&event) {
            Ok(bytes) => Ok(Prepared {
                event: Box::new(event),
                bytes,
            }),
            Err(refusal) => {
                self.lock().note_refusal(&self.net, &event, &refusal);
                Err(refusal)
            }
        }
    }

    /// The bytes of an event that may be delivered, in the contract's order.
    fn check(&self, event: &IngressEvent) -> Result<usize, Refusal> {
        if !self.charter.has(Surface::Ingress) {
            return Err(Refusal::SurfaceOff);
        }
        self.lock().takes_events()?;
        self.charter.check_event(event)
    }

    /// Put an event into the queue, if there is room.
    fn admit(self: &Arc<Self>, prepared: Prepared, when_full: WhenFull) -> Admission {
        let Prepared { event, bytes } = prepared;
        let mut desk = self.lock();
        let refused = |mut desk: MutexGuard<'_, Desk>, event: &IngressEvent, refusal: Refusal| {
            desk.note_refusal(&self.net, event, &refusal);
            Admission::Refused(refusal)
        };
        if let Err(refusal) = desk.takes_events() {
            return refused(desk, &event, refusal);
        }
        if let Some(ticket) = desk.known.find(&event.correlation_id) {
            desk.metrics.duplicates += 1;
            desk.happen(&self.net, || What::Duplicate {
                correlation_id: event.correlation_id.clone(),
            });
            return Admission::Accepted(ticket);
        }
        let most = self.options.queue_events;
        let full = Refusal::Full { events: most };
        while !desk.has_room(bytes) {
            let alone_too_large = bytes > self.options.queue_bytes || most == 0;
            match when_full {
                WhenFull::Wait if !alone_too_large => return Admission::NoRoom(Prepared { event, bytes }),
                // What is kept outside the queue is not dropped: that would be all of it.
                WhenFull::DropOldest if !alone_too_large && desk.backlog.is_none() => {
                    match desk.queue.oldest_idle() {
                        Some(oldest) => self.drop_event(&mut desk, oldest),
                        None => return refused(desk, &event, full),
                    }
                }
                _ => return refused(desk, &event, full),
            }
        }
        let seq = desk.next_seq;
        desk.next_seq += 1;
        let written = self.journal.accept(seq, &event);
        if let Written::Now(Err(error)) = written {
            return refused(desk, &event, error.into());
        }
        let ticket = desk.insert(seq, event, bytes, self.net.now());
        match written {
            Written::Now(_) => {
                desk.stored(&self.net, seq);
                drop(desk);
                self.work.notify_all();
                Admission::Accepted(ticket)
            }
            Written::Later(written) => {
                drop(desk);
                let (tell, stored) = oneshot::channel();
                let shared = Arc::clone(self);
                self.net.spawn(async move {
                    let result = written.await;
                    shared.stored(seq, &result);
                    // It fails where the sender does not wait for it any more.
                    let _ = tell.send(result);
                });
                Admission::Storing(ticket, stored)
            }
        }
    }

    /// The journal has stored an event, or could not.
    fn stored(&self, seq: Seq, result: &Result<(), JournalError>) {
        let mut desk = self.lock();
        match result {
            Ok(()) => {
                desk.stored(&self.net, seq);
                drop(desk);
                self.work.notify_all();
            }
            Err(error) => {
                desk.metrics.accepted = desk.metrics.accepted.saturating_sub(1);
                desk.counters.enqueued -= 1;
                desk.not_stored(&self.net, seq, error);
                let left = desk.leave(seq, Settlement::Abandoned, None);
                drop(desk);
                if let Some((answered, _)) = left {
                    answered.tell();
                }
                self.room.notify_one();
            }
        }
    }

    fn drop_event(&self, desk: &mut Desk, seq: Seq) {
        self.journal.settle(seq, Settlement::Dropped, None);
        if let Some((answered, Some(event))) = desk.leave(seq, Settlement::Dropped, None) {
            desk.metrics.dropped += 1;
            desk.happen(&self.net, || What::Dropped {
                correlation_id: event.correlation_id.clone(),
                ingress: event.ingress_name.clone(),
            });
            answered.tell();
        }
    }
}
