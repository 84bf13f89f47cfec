//! The events that a service knows: those in its queue, and the last that were settled.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::ticket::{Settlement, Ticket};

/// Ids of events, and what is known of them. The settled ones are bounded; those under way are by the queue.
#[derive(Debug)]
pub(super) struct Known {
    /// How many settled ones are remembered. With none, nothing is recognised.
    most: usize,
    under_way: HashMap<Arc<str>, Ticket>,
    settled: HashMap<Arc<str>, Settlement>,
    /// The settled ones, oldest first.
    order: VecDeque<Arc<str>>,
}

impl Known {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            under_way: HashMap::new(),
            settled: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// What a second sender of this event is given.
    pub(super) fn find(&self, id: &str) -> Option<Ticket> {
        if let Some(ticket) = self.under_way.get(id) {
            return Some(ticket.again());
        }
        let (id, settlement) = self.settled.get_key_value(id)?;
        Some(Ticket::settled(Arc::clone(id), *settlement))
    }

    /// The event is under way.
    pub(super) fn begin(&mut self, id: &Arc<str>, ticket: &Ticket) {
        if self.most > 0 {
            self.under_way.insert(Arc::clone(id), ticket.clone());
        }
    }

    /// The event is settled. One that the plugin never got may be sent again.
    pub(super) fn settle(&mut self, id: &Arc<str>, settlement: Settlement) {
        self.under_way.remove(id);
        match settlement {
            Settlement::Returned | Settlement::Dropped | Settlement::Abandoned => return,
            Settlement::Accepted | Settlement::Declined | Settlement::Dead => {}
        }
        if self.most == 0 || self.settled.insert(Arc::clone(id), settlement).is_some() {
            return;
        }
        self.order.push_back(Arc::clone(id));
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.settled.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: &str) -> Arc<str> {
        Arc::from(id)
    }

    #[test]
    fn an_event_is_known_from_its_acceptance_until_so_many_others_were_settled() {
        let mut known = Known::new(2);
        let (tell, ticket) = Ticket::new(id("a"));
        assert!(known.find("a").is_none());
        known.begin(&id("a"), &ticket);
        let again = known.find("a").unwrap();
        assert!(again.duplicate() && !ticket.duplicate());
        drop(tell);
        assert_eq!(again.wait().settlement, Settlement::Abandoned);
        known.settle(&id("a"), Settlement::Accepted);
        assert_eq!(known.find("a").unwrap().wait().settlement, Settlement::Accepted);
        known.settle(&id("b"), Settlement::Dead);
        known.settle(&id("c"), Settlement::Declined);
        assert!(known.find("a").is_none());
        assert_eq!(known.find("b").unwrap().wait().settlement, Settlement::Dead);
        assert_eq!(
            (known.settled.len(), known.order.len(), known.under_way.len()),
            (2, 2, 0)
        );
    }

    #[test]
    fn an_event_that_the_plugin_never_got_may_be_sent_again() {
        let mut known = Known::new(2);
        let (_tell, ticket) = Ticket::new(id("a"));
        for settlement in [Settlement::Dropped, Settlement::Abandoned] {
            known.begin(&id("a"), &ticket);
            known.settle(&id("a"), settlement);
            assert!(known.find("a").is_none());
        }
    }

    #[test]
    fn who_remembers_nothing_recognises_nothing() {
        let mut known = Known::new(0);
        let (_tell, ticket) = Ticket::new(id("a"));
        known.begin(&id("a"), &ticket);
        assert!(known.find("a").is_none());
        known.settle(&id("a"), Settlement::Accepted);
        assert!(known.find("a").is_none());
    }
}
