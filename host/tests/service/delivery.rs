//! What is delivered, how often, and what becomes of it.

use std::thread;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;
use yoi_host::Profile;
use yoi_host::plugin::service::{
    Event, Observed, Service, ServiceOptions, Settlement, State, What, WhenFull,
};

use crate::support::{at_once, data, event, failure, mode, outcome, told, with_id};

fn until(mode: &str, attempt: u32) -> Event {
    event("events", "test", json!({ "mode": mode, "until": attempt }))
}

#[test]
fn an_event_is_delivered_in_its_envelope() {
    for profile in Profile::ALL {
        let service = Service::start(told(profile)).unwrap();
        let mut sent = with_id(mode("echo"), "e-1");
        sent.created_at = Some("2026-11-20T10:00:00.000Z".into());
        let got = data(&outcome(&service, sent))["input"].clone();
        assert_eq!(
            got,
            json!({
                "kind": "test",
                "source": "test",
                "ingress_name": "events",
                "payload": {"mode": "echo"},
                "created_at": "2026-11-20T10:00:00.000Z",
                "attempt": 1,
                "correlation_id": "e-1",
            })
        );
    }
}

#[test]
fn what_the_sender_does_not_say_the_host_does() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let ticket = service.send_blocking(mode("echo")).unwrap();
    let id = ticket.correlation_id().to_owned();
    let got = data(&ticket.wait())["input"].clone();
    assert_eq!(got["created_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(got["correlation_id"], id.as_str());
    assert_eq!(id.len(), 36);
}

#[test]
fn an_event_that_failed_is_tried_again_but_an_error_is_no_failure_to_the_yoi_host() {
    for (profile, attempt) in [(Profile::Documented, 3), (Profile::Yoi, 1)] {
        let service = Service::start(told(profile)).unwrap();
        let taken = outcome(&service, until("refuse-until", 3));
        assert_eq!(taken.settlement, Settlement::Accepted);
        assert_eq!(taken.report.unwrap().attempt, attempt, "{profile}");
        assert_eq!(service.metrics().attempts, u64::from(attempt));
        assert_eq!(service.state(), State::Running);
    }
}

#[test]
fn an_event_that_fails_every_time_is_given_up_and_kept() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let dead = outcome(&service, with_id(mode("error"), "e-1"));
    assert_eq!(dead.settlement, Settlement::Dead);
    insta::assert_snapshot!(failure(&dead), @r#"`handle-ingress` reported a failure: {"error":{"message":"guest said no"}}"#);
    let attempts = ServiceOptions::default().retry.attempts;
    assert_eq!(dead.report.unwrap().attempt, attempts);
    let letters = service.dead_letters();
    assert_eq!(
        (letters.len(), letters[0].event.correlation_id.as_str()),
        (1, "e-1")
    );
    let metrics = service.metrics();
    assert_eq!(
        (metrics.dead, metrics.failures, metrics.queue_depth),
        (1, u64::from(attempts), 0)
    );
    // The next one is not held up by it.
    assert_eq!(outcome(&service, mode("echo")).settlement, Settlement::Accepted);
}

#[test]
fn an_event_that_is_not_wanted_is_no_failure() {
    for profile in Profile::ALL {
        let service = Service::start(told(profile)).unwrap();
        let declined = outcome(&service, mode("decline"));
        assert_eq!(declined.settlement, Settlement::Declined);
        assert_eq!((service.metrics().failures, service.metrics().declined), (0, 1));
    }
}

#[test]
fn events_of_a_source_wait_for_the_first_of_them() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let first = service.send_blocking(until("refuse-until", 4)).unwrap();
    let second = service.send_blocking(mode("echo")).unwrap();
    let calls = |ticket: yoi_host::plugin::service::Ticket| data(&ticket.wait())["calls"].as_u64().unwrap();
    let (first, second) = (calls(first), calls(second));
    assert!(first < second, "{first} {second}");
}

/// What an event does, and how it ends.
fn behaviours() -> impl Strategy<Value = (&'static str, u32, Settlement)> {
    prop_oneof![
        6 => Just(("echo", 0, Settlement::Accepted)),
        1 => Just(("decline", 0, Settlement::Declined)),
        1 => Just(("error", 0, Settlement::Dead)),
        2 => (2_u32..4).prop_map(|until| ("refuse-until", until, Settlement::Accepted)),
        1 => (2_u32..4).prop_map(|until| ("trap-until", until, Settlement::Accepted)),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    /// Three senders at once, each with a source of its own, and a queue that is too small for them.
    #[test]
    fn no_event_is_lost_and_those_of_a_source_come_in_order(
        sources in prop::collection::vec(prop::collection::vec(behaviours(), 0..12), 3),
    ) {
        let mut options = ServiceOptions::of(Profile::Documented);
        options.queue_events = 3;
        options.when_full = WhenFull::Wait;
        options.restart.most = u32::MAX;
        options.happenings = 4096;
        let service = Service::start(told(Profile::Documented).options(options)).unwrap();
        let mut observer = service.observe();
        thread::scope(|scope| {
            for (source, events) in sources.iter().enumerate() {
                let service = &service;
                scope.spawn(move || {
                    let tickets: Vec<_> = events.iter().enumerate().map(|(n, (mode, until, _))| {
                        let payload = json!({"mode": mode, "until": until});
                        let sent = event("events", &format!("source {source}"), payload);
                        service.send_blocking(with_id(sent, &format!("{source}-{n}"))).unwrap()
                    }).collect();
                    for (ticket, (.., settlement)) in tickets.into_iter().zip(events) {
                        assert_eq!(ticket.wait().settlement, *settlement);
                    }
                });
            }
        });
        let _ = service.stop(at_once()).wait();
        let mut settled = vec![Vec::new(); 3];
        while let Some(Observed::Happened(happening)) = observer.wait() {
            if let What::Delivery { report, settlement: Some(_), .. } = &happening.what {
                let (source, n) = report.correlation_id.split_once('-').unwrap();
                settled[source.parse::<usize>().unwrap()].push(n.parse::<usize>().unwrap());
            }
        }
        for (settled, events) in settled.iter().zip(&sources) {
            prop_assert!(settled.iter().copied().eq(0..events.len()), "{:?}", settled);
        }
    }
}

#[test]
fn events_of_other_sources_do_not_wait() {
    let journal = std::sync::Arc::default();
    let service = crate::support::started_with(told(Profile::Documented), &journal);
    // Nothing is taken from the queue before all are in it, and the second delivery of the first waits as well.
    let (gate, again) = (journal.hold_delivery(), journal.hold_delivery());
    let first = service.send_blocking(until("refuse-until", 2)).unwrap();
    let other = service
        .send_blocking(event("events", "other", json!({"mode": "echo"})))
        .unwrap();
    gate.open();
    again.open();
    let (first, other) = (data(&first.wait()), data(&other.wait()));
    assert_eq!(other["input"]["source"], "other");
    assert_eq!(first["input"]["attempt"], 2);
}

#[test]
fn an_event_that_is_known_is_not_delivered_again_but_by_the_yoi_host() {
    for (profile, deliveries) in [(Profile::Documented, 1), (Profile::Yoi, 3)] {
        let journal = std::sync::Arc::default();
        let service = crate::support::started_with(told(profile), &journal);
        let gate = journal.hold_delivery();
        let first = service.send_blocking(with_id(mode("echo"), "e-1")).unwrap();
        let meanwhile = service.send_blocking(with_id(mode("echo"), "e-1")).unwrap();
        gate.open();
        assert_eq!(first.wait().settlement, Settlement::Accepted);
        let documented = profile == Profile::Documented;
        assert_eq!(meanwhile.duplicate(), documented);
        assert_eq!(meanwhile.wait().settlement, Settlement::Accepted);
        let later = service.send_blocking(with_id(mode("echo"), "e-1")).unwrap();
        assert_eq!(later.duplicate(), documented);
        let later = later.wait();
        assert_eq!(
            (later.settlement, later.report.is_none()),
            (Settlement::Accepted, documented)
        );
        assert_eq!(service.metrics().attempts, deliveries);
        assert_eq!(service.metrics().duplicates, if documented { 2 } else { 0 });
    }
}

#[test]
fn an_event_that_breaks_a_rule_is_refused_in_words() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let refusal = |change: fn(&mut Event)| {
        let mut event = mode("echo");
        change(&mut event);
        let refusal = service.send_blocking(event).unwrap_err();
        format!("{}: {refusal}", refusal.code())
    };
    let told = [
        refusal(|event| event.source = " ".into()),
        refusal(|event| event.kind = String::new()),
        refusal(|event| event.created_at = Some(String::new())),
        refusal(|event| event.attempt = 0),
        refusal(|event| event.correlation_id = Some(String::new())),
        refusal(|event| event.correlation_id = Some("x".repeat(129))),
        refusal(|event| event.payload = "x".repeat(65_536).into()),
        refusal(|event| event.ingress = "nobody".into()),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    ingress.invalid: invalid plugin ingress event: source must not be empty
    ingress.invalid: invalid plugin ingress event: event kind must not be empty
    ingress.invalid: invalid plugin ingress event: created_at must not be empty
    ingress.invalid: invalid plugin ingress event: attempt must be greater than zero
    ingress.invalid: invalid plugin ingress event: correlation_id must not be empty
    ingress.invalid: invalid plugin ingress event: correlation_id must be at most 128 bytes without control characters
    ingress.invalid: invalid plugin ingress event: plugin ingress event exceeds 65536 bytes (it has 65712)
    ingress.undeclared: invalid plugin ingress event: requested ingress is not declared by plugin manifest: `nobody`
    ");
    assert_eq!(service.metrics().refused, 8);
    assert_eq!(service.status().dispatch_counters.rejected, 8);
}
