//! Whether the server can be reached.
//!
//! The client connects again by itself, for as long as it takes, and says nothing of it to those who wait for events. So
//! it is heard here, for whoever has to know.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_nats::Event;
use tokio::sync::watch;

/// The connection to a server.
#[derive(Debug, Clone)]
pub struct Link {
    connected: Arc<watch::Sender<bool>>,
    outages: Arc<AtomicU64>,
}

impl Link {
    /// One that is about to be connected.
    pub(super) fn new() -> Self {
        Self {
            connected: Arc::new(watch::Sender::new(true)),
            outages: Arc::default(),
        }
    }

    /// Whether the server can be reached.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// How often it could not any more.
    #[must_use]
    pub fn outages(&self) -> u64 {
        self.outages.load(Ordering::Relaxed)
    }

    /// The client says something.
    pub(super) fn heard(&self, event: &Event) {
        let connected = match event {
            Event::Connected => true,
            Event::Disconnected | Event::Closed => false,
            _ => return,
        };
        let changed = self
            .connected
            .send_if_modified(|was| std::mem::replace(was, connected) != connected);
        if changed && !connected {
            self.outages.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// See it change.
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_counted_once_however_often_it_is_said() {
        let link = Link::new();
        for event in [
            Event::Connected,
            Event::Disconnected,
            Event::Disconnected,
            Event::LameDuckMode,
        ] {
            link.heard(&event);
        }
        assert_eq!((link.is_connected(), link.outages()), (false, 1));
        link.heard(&Event::Connected);
        link.heard(&Event::Disconnected);
        assert_eq!(link.outages(), 2);
    }
}
