//! What happens when there is no room.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use yoi_host::plugin::FailureCode;

use yoi_host::Profile;
use yoi_host::plugin::service::{Service, ServiceOptions, Settlement, WhenFull};

use crate::support::{Gate, TestJournal, mode, started_with, told};

/// A service with room for two, of which one is under way until the gate is opened.
fn busy(when_full: WhenFull) -> (Service, Gate) {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.queue_events = 2;
    options.when_full = when_full;
    let journal = Arc::new(TestJournal::default());
    let gate = journal.hold_delivery();
    let service = started_with(told(Profile::Documented).options(options), &journal);
    drop(service.send_blocking(mode("echo")).unwrap());
    while journal.told().len() < 2 {
        thread::yield_now();
    }
    (service, gate)
}

#[test]
fn an_event_too_many_is_refused() {
    let (service, gate) = busy(WhenFull::Refuse);
    let second = service.send_blocking(mode("echo")).unwrap();
    let refusal = service.send_blocking(mode("echo")).unwrap_err();
    insta::assert_snapshot!(refusal, @"plugin ingress queue is full (capacity 2)");
    assert!(refusal.may_pass());
    assert_eq!(service.metrics().queue_depth, 2);
    gate.open();
    assert_eq!(second.wait().settlement, Settlement::Accepted);
    assert_eq!((service.metrics().refused, service.metrics().taken), (1, 2));
}

#[test]
fn the_oldest_that_waits_makes_room() {
    let (service, gate) = busy(WhenFull::DropOldest);
    let second = service.send_blocking(mode("echo")).unwrap();
    let third = service.send_blocking(mode("echo")).unwrap();
    assert_eq!(second.wait().settlement, Settlement::Dropped);
    gate.open();
    assert_eq!(third.wait().settlement, Settlement::Accepted);
    assert_eq!((service.metrics().dropped, service.metrics().taken), (1, 2));
}

#[test]
fn a_sender_waits_for_room() {
    let (service, gate) = busy(WhenFull::Wait);
    let second = service.send_blocking(mode("echo")).unwrap();
    let third = thread::spawn({
        let service = service.clone();
        move || service.send_blocking(mode("echo")).unwrap().wait()
    });
    assert_eq!(service.metrics().queue_depth, 2);
    gate.open();
    assert_eq!(second.wait().settlement, Settlement::Accepted);
    assert_eq!(third.join().unwrap().settlement, Settlement::Accepted);
}

/// Counts how often a sender is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn as_many_senders_are_woken_as_there_is_room_for() {
    let (service, gate) = busy(WhenFull::Wait);
    let second = service.send_blocking(mode("echo")).unwrap();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut senders: Vec<_> = (0..32).map(|_| Box::pin(service.send(mode("echo")))).collect();
    for sender in &mut senders {
        assert!(sender.as_mut().poll(&mut context).is_pending());
    }
    gate.open();
    assert_eq!(second.wait().settlement, Settlement::Accepted);
    // It is asked after both, and both have made room.
    service.probe().wait().unwrap();
    assert_eq!(woken.0.load(Ordering::SeqCst), 2);
    // Whoever was woken wakes the next, as long as there is room.
    let mut tickets = Vec::new();
    while !senders.is_empty() {
        senders.retain_mut(|sender| match sender.as_mut().poll(&mut context) {
            Poll::Ready(ticket) => {
                tickets.push(ticket.unwrap());
                false
            }
            Poll::Pending => true,
        });
        thread::yield_now();
    }
    for ticket in tickets {
        assert_eq!(ticket.wait().settlement, Settlement::Accepted);
    }
}

#[test]
fn a_sender_that_waits_is_told_when_the_service_stops() {
    let (service, gate) = busy(WhenFull::Wait);
    let _second = service.send_blocking(mode("echo")).unwrap();
    let third = thread::spawn({
        let service = service.clone();
        move || service.send_blocking(mode("echo")).unwrap_err()
    });
    let ended = service.stop(crate::support::at_once());
    insta::assert_snapshot!(third.join().unwrap().code(), @"ingress.stopping");
    gate.open();
    let _ = ended.wait();
}

#[test]
fn bytes_are_bounded_as_well_and_one_that_alone_is_too_large_is_not_waited_for() {
    for when_full in [WhenFull::Refuse, WhenFull::DropOldest, WhenFull::Wait] {
        let mut options = ServiceOptions::of(Profile::Documented);
        options.queue_bytes = 1000;
        options.when_full = when_full;
        let service = Service::start(told(Profile::Documented).options(options)).unwrap();
        let mut large = mode("echo");
        large.payload = "x".repeat(1000).into();
        assert_eq!(
            service.send_blocking(large).unwrap_err().code(),
            FailureCode::IngressFull
        );
        assert_eq!(
            service.send_blocking(mode("echo")).unwrap().wait().settlement,
            Settlement::Accepted
        );
    }
}
