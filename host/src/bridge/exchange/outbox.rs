//! Between an exchange and its reader: events that wait to be read, within bounds, and a place of its own for the last.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::bridge::event::{BridgeFailure, FailureCode, NormalizedEvent};
use crate::limits::{BRIDGE_WAITING_BYTES, BRIDGE_WAITING_EVENTS};

/// Where a reader has its events from.
#[derive(Debug)]
pub(super) struct Reader {
    events: mpsc::Receiver<Waiting>,
    last: Arc<Mutex<Option<NormalizedEvent>>>,
    /// Whether the last event was read.
    over: bool,
}

/// Where events are handed to a reader.
#[derive(Debug)]
pub(super) struct Outbox {
    /// None after the last event: nobody else has one, so that this ends the reader's queue.
    events: Option<mpsc::Sender<Waiting>>,
    room: Arc<Semaphore>,
    last: Arc<Mutex<Option<NormalizedEvent>>>,
}

#[derive(Debug)]
struct Waiting {
    event: NormalizedEvent,
    /// Its room, free when it was read.
    _room: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event; none after the last.
    pub(super) async fn next(&mut self) -> Option<NormalizedEvent> {
        if self.over {
            return None;
        }
        if let Some(waiting) = self.events.recv().await {
            return Some(waiting.event);
        }
        self.over = true;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever drove the exchange is gone without a last word: what it was given panicked, or its runtime ended.
        Some(last.unwrap_or_else(|| {
            let message = "the exchange broke off: what drove it failed, and is gone";
            let error = BridgeFailure::new(FailureCode::Transport, message);
            NormalizedEvent::Failed { error }
        }))
    }
}

impl Outbox {
    pub(super) fn new() -> (Self, Reader) {
        let (events, receiver) = mpsc::channel(BRIDGE_WAITING_EVENTS);
        let last = Arc::new(Mutex::new(None));
        let reader = Reader {
            events: receiver,
            last: Arc::clone(&last),
            over: false,
        };
        let outbox = Self {
            events: Some(events),
            room: Arc::new(Semaphore::new(BRIDGE_WAITING_BYTES)),
            last,
        };
        (outbox, reader)
    }

    /// Hand an event to the reader, as soon as there is room for it. After the last one, nothing.
    pub(super) async fn hand(&self, event: NormalizedEvent) {
        let Some(events) = &self.events else {
            return;
        };
        // One that is larger than all the room waits alone.
        let bytes = event.bytes().clamp(1, BRIDGE_WAITING_BYTES);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(bytes).await {
            // A reader that is gone has ended the exchange as well.
            let _ = events.send(Waiting { event, _room: room }).await;
        }
    }

    /// The last event, which does not wait for room. Where another was told before, that one stays the last.
    pub(super) fn close(&mut self, event: NormalizedEvent) {
        if self.events.is_some() {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(event);
            self.events = None;
        }
    }

    /// Whether the last event was told.
    pub(super) const fn is_closed(&self) -> bool {
        self.events.is_none()
    }
}
