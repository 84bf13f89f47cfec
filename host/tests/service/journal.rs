//! Events that outlive the host.

use std::sync::Arc;
use std::thread;

use serde_json::json;
use yoi_host::Profile;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::{
    JournalError, Kept, Recovered, Seq, Service, ServiceOptions, Settlement, State, WhenFull, Written,
};

use crate::support::{Gate, TestJournal, Told, at_once, data, mode, outcome, started_with, told, with_id};

fn kept(seq: u64, id: &str, attempt: u32) -> Kept {
    Kept {
        seq,
        event: IngressEvent {
            kind: "test".into(),
            source: "test".into(),
            ingress_name: "events".into(),
            payload: json!({"mode": "echo"}),
            created_at: "2026-11-20T10:00:00.000Z".into(),
            attempt,
            correlation_id: id.into(),
        },
    }
}

#[test]
fn every_step_of_an_event_is_told() {
    let journal = Arc::new(TestJournal::default());
    let service = started_with(told(Profile::Documented), &journal);
    let mut refused = with_id(mode("refuse-until"), "e-1");
    refused.payload["until"] = 2.into();
    assert_eq!(outcome(&service, refused).settlement, Settlement::Accepted);
    let _ = service.stop(at_once()).wait();
    assert_eq!(
        journal.told(),
        [
            Told::Accept(0, "e-1".into()),
            Told::Begin(0, 1),
            Told::Begin(0, 2),
            Told::Settle(0, Settlement::Accepted),
            Told::Close,
        ]
    );
}

#[test]
fn what_an_earlier_service_left_is_delivered_first_and_is_known() {
    let journal = Arc::new(TestJournal::default());
    *journal.recovered.lock().unwrap() = Recovered {
        events: vec![kept(7, "e-7", 2), kept(9, "e-9", 1)],
        settled: vec![("e-6".into(), Settlement::Dead)],
        left: 0,
        next: 11,
    };
    let service = started_with(told(Profile::Documented), &journal);
    let known = service.send_blocking(with_id(mode("echo"), "e-6")).unwrap();
    assert!(known.duplicate());
    assert_eq!(known.wait().settlement, Settlement::Dead);
    let again = service.send_blocking(with_id(mode("echo"), "e-9")).unwrap();
    assert!(again.duplicate());
    assert_eq!(again.wait().settlement, Settlement::Accepted);
    let last = outcome(&service, with_id(mode("echo"), "e-11"));
    assert_eq!(data(&last)["calls"], 4);
    assert_eq!(
        journal.told(),
        [
            Told::Begin(7, 2),
            Told::Settle(7, Settlement::Accepted),
            Told::Begin(9, 1),
            Told::Settle(9, Settlement::Accepted),
            Told::Accept(11, "e-11".into()),
            Told::Begin(11, 1),
            Told::Settle(11, Settlement::Accepted),
        ]
    );
}

#[test]
fn an_event_is_accepted_and_delivered_when_it_is_stored() {
    let journal = Arc::new(TestJournal::default());
    let service = started_with(told(Profile::Documented), &journal);
    let gate = journal.hold_accept();
    let sender = thread::spawn({
        let service = service.clone();
        move || service.send_blocking(mode("echo")).unwrap().wait()
    });
    while journal.told().is_empty() {
        thread::yield_now();
    }
    assert_eq!(
        (service.metrics().queue_depth, service.metrics().attempts),
        (1, 0)
    );
    gate.open();
    assert_eq!(sender.join().unwrap().settlement, Settlement::Accepted);
}

#[test]
fn an_event_that_could_not_be_stored_is_refused_and_not_delivered() {
    let journal = Arc::new(TestJournal::default());
    let service = started_with(told(Profile::Documented), &journal);
    let full = || JournalError("the disk is full".into());
    journal
        .accepts
        .lock()
        .unwrap()
        .push_back(Written::Now(Err(full())));
    insta::assert_snapshot!(service.send_blocking(mode("echo")).unwrap_err(), @"the event could not be stored: the disk is full");
    journal.hold_accept().fail("the disk is full");
    insta::assert_snapshot!(service.send_blocking(with_id(mode("echo"), "e-1")).unwrap_err(), @"the event could not be stored: the disk is full");
    assert_eq!((service.metrics().queue_depth, service.metrics().refused), (0, 2));
    // It is not taken for a duplicate.
    assert!(
        !service
            .send_blocking(with_id(mode("echo"), "e-1"))
            .unwrap()
            .duplicate()
    );
}

#[test]
fn a_delivery_that_the_journal_does_not_let_begin_begins_later() {
    let journal = Arc::new(TestJournal::default());
    let service = started_with(told(Profile::Documented), &journal);
    for _ in 0..2 {
        let full = JournalError("the disk is full".into());
        journal.begins.lock().unwrap().push_back(Written::Now(Err(full)));
    }
    let taken = outcome(&service, with_id(mode("echo"), "e-1"));
    assert_eq!(
        (taken.settlement, taken.report.unwrap().attempt),
        (Settlement::Accepted, 1)
    );
    assert_eq!((service.state(), service.metrics().attempts), (State::Running, 1));
    insta::assert_snapshot!(service.status().last_error.unwrap(), @"the journal failed, and is tried again: the disk is full");
    let begin = Told::Begin(0, 1);
    assert_eq!(journal.told()[1..4], [begin.clone(), begin.clone(), begin]);
}

/// A service with room for four, whose journal has forty of an earlier one; the first delivery waits for the gate.
fn with_forty_left(when_full: WhenFull, journal: &Arc<TestJournal>) -> (Service, Gate) {
    *journal.recovered.lock().unwrap() = Recovered {
        left: 40,
        next: 40,
        ..Recovered::default()
    };
    *journal.stored.lock().unwrap() = (0..40).map(|seq| kept(seq, &format!("e-{seq}"), 1)).collect();
    let mut options = ServiceOptions::of(Profile::Documented);
    options.queue_events = 4;
    options.when_full = when_full;
    let gate = journal.hold_delivery();
    let service = started_with(told(Profile::Documented).options(options), journal);
    while journal.told().is_empty() {
        thread::yield_now();
    }
    (service, gate)
}

#[test]
fn what_an_earlier_service_left_is_read_as_there_is_room_and_comes_before_all_that_is_new() {
    let journal = Arc::new(TestJournal::default());
    let (service, gate) = with_forty_left(WhenFull::Wait, &journal);
    assert_eq!(service.metrics().queue_depth, 40);
    let new = thread::spawn({
        let service = service.clone();
        move || {
            service
                .send_blocking(with_id(mode("echo"), "new"))
                .unwrap()
                .wait()
        }
    });
    gate.open();
    assert_eq!(new.join().unwrap().settlement, Settlement::Accepted);
    let begun: Vec<Seq> = journal
        .told()
        .iter()
        .filter_map(|told| match told {
            Told::Begin(seq, 1) => Some(*seq),
            _ => None,
        })
        .collect();
    assert!(begun.iter().copied().eq(0..=40), "{begun:?}");
    let pieces = journal.pieces.lock().unwrap();
    assert!(pieces.iter().all(|piece| *piece <= 4), "{pieces:?}");
    assert_eq!(pieces.iter().sum::<usize>(), 40);
    assert_eq!((service.metrics().taken, service.metrics().queue_depth), (41, 0));
}

#[test]
fn while_older_events_are_outside_the_queue_none_is_accepted_and_none_dropped() {
    for when_full in [WhenFull::Refuse, WhenFull::DropOldest] {
        let journal = Arc::new(TestJournal::default());
        let (service, gate) = with_forty_left(when_full, &journal);
        let refused = service.send_blocking(mode("echo")).unwrap_err();
        assert_eq!(refused.code(), yoi_host::plugin::FailureCode::IngressFull);
        // They wait where they are for the next host.
        let ended = service.kill();
        gate.open();
        assert_eq!(ended.wait().abandoned, 40);
        assert_eq!(service.metrics().dropped, 0);
    }
}

#[test]
fn what_cannot_be_read_is_read_after_a_pause() {
    let journal = Arc::new(TestJournal::default());
    let broken = JournalError("the disk is away".into());
    journal.unreadable.lock().unwrap().push_back(broken);
    let (service, gate) = with_forty_left(WhenFull::Wait, &journal);
    gate.open();
    let last = outcome(&service, with_id(mode("echo"), "new"));
    assert_eq!(last.settlement, Settlement::Accepted);
    assert_eq!(service.metrics().taken, 41);
    let diagnostics = service.status().diagnostics;
    insta::assert_snapshot!(diagnostics[0].message, @"the journal failed, and is tried again: the disk is away");
}
