//! What becomes of a plugin that breaks.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use yoi_host::plugin::FailureCode;

use serde_json::json;
use yoi_host::authority::Manifest;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::{
    CommandStatus, Kept, Recovered, Service, ServiceOptions, Settlement, State, StopTimes,
};
use yoi_host::world::{Clock, HttpPeer, NetOptions, ScriptedDialer, ScriptedResolver};
use yoi_host::{Limits, Profile};

use crate::support::{
    TestJournal, Told, data, endless, event, failure, manifest, mode, outcome, plan, plan_of, plugin,
    plugin_with, scripted, started_with, told,
};

#[test]
fn a_plugin_that_traps_is_restarted_and_the_event_tried_again_but_not_by_the_yoi_host() {
    let trap = || event("events", "test", json!({"mode": "trap-until", "until": 3}));
    let service = Service::start(told(Profile::Documented)).unwrap();
    let taken = outcome(&service, trap());
    assert_eq!(taken.settlement, Settlement::Accepted);
    // A fresh instance: it was called once before, for its start.
    assert_eq!(
        (data(&taken)["calls"].clone(), taken.report.unwrap().attempt),
        (json!(2), 3)
    );
    assert_eq!((service.state(), service.metrics().restarts), (State::Running, 2));

    let service = Service::start(told(Profile::Yoi)).unwrap();
    let dead = outcome(&service, trap());
    assert_eq!(dead.settlement, Settlement::Dead);
    insta::assert_snapshot!(failure(&dead), @"`handle-ingress` trapped: wasm `unreachable` instruction executed");
    let refusal = service.send_blocking(mode("echo")).unwrap_err();
    insta::assert_snapshot!(refusal, @"plugin service is failed for ingress dispatch: `handle-ingress` trapped: wasm `unreachable` instruction executed");
    assert_eq!((service.state(), service.metrics().restarts), (State::Failed, 0));
}

#[test]
fn an_answer_against_the_contract_breaks_the_plugin() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let dead = outcome(&service, mode("bad-json"));
    assert_eq!(dead.settlement, Settlement::Dead);
    assert_eq!(outcome(&service, mode("echo")).settlement, Settlement::Accepted);
    assert_eq!(
        service.metrics().restarts,
        u64::from(ServiceOptions::default().retry.attempts)
    );
}

#[test]
fn a_tool_that_traps_breaks_the_plugin_but_the_yoi_host_learns_of_it_from_its_status() {
    for (profile, then) in [
        (Profile::Documented, State::Running),
        (Profile::Yoi, State::Failed),
    ] {
        let service = Service::start(told(profile)).unwrap();
        service.call_tool("trap", "null").wait().unwrap_err();
        match profile {
            Profile::Documented => {
                // It waits for the restart.
                assert_eq!(outcome(&service, mode("echo")).settlement, Settlement::Accepted);
            }
            Profile::Yoi => {
                assert_eq!(service.state(), State::Running);
                service.probe().wait().unwrap_err();
            }
        }
        assert_eq!(service.state(), then, "{profile}");
    }
}

#[test]
fn a_plugin_that_says_it_failed_is_restarted() {
    let plan = plan(yoi_guests::HOSTILE, Profile::Documented).config(r#"{"status":"failed"}"#);
    let service = Service::start(plan).unwrap();
    service.probe().wait().unwrap_err();
    assert_eq!(outcome(&service, mode("echo")).settlement, Settlement::Accepted);
    assert_eq!(service.metrics().restarts, 1);
}

/// An event of this source that is answered in this mode.
fn from(source: &str, mode: &str) -> yoi_host::plugin::service::Event {
    event("events", source, json!({ "mode": mode }))
}

#[test]
fn a_plugin_that_one_event_after_the_other_breaks_stays_failed_and_what_waits_is_abandoned() {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.most = 2;
    let journal = Arc::default();
    let service = started_with(told(Profile::Documented).options(options), &journal);
    let gate = journal.hold_delivery();
    let sent = [("a", "trap"), ("b", "trap"), ("c", "trap"), ("c", "echo")];
    let tickets = sent.map(|(source, mode)| service.send_blocking(from(source, mode)).unwrap());
    gate.open();
    for ticket in tickets {
        assert_eq!(ticket.wait().settlement, Settlement::Abandoned);
    }
    assert_eq!(service.state(), State::Failed);
    insta::assert_snapshot!(service.send_blocking(mode("echo")).unwrap_err(), @"plugin service is failed for ingress dispatch: `handle-ingress` trapped: wasm `unreachable` instruction executed (it was restarted 2 times within 300s and nothing went well meanwhile, which is the limit)");
    let ending = service.stop(crate::support::at_once()).wait();
    assert_eq!((ending.state, ending.abandoned), (State::Failed, 4));
}

#[test]
fn events_that_break_the_plugin_do_not_take_it_from_those_of_other_sources() {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.most = 4;
    let journal = Arc::default();
    let service = started_with(told(Profile::Documented).options(options), &journal);
    let gate = journal.hold_delivery();
    let poison = ["a", "b", "c", "d"].map(|source| service.send_blocking(from(source, "trap")).unwrap());
    let good = service.send_blocking(from("e", "echo")).unwrap();
    gate.open();
    // It goes before any of them is tried again.
    assert_eq!(good.wait().settlement, Settlement::Accepted);
    for ticket in poison {
        assert_eq!(ticket.wait().settlement, Settlement::Dead);
    }
    let begun = journal.told().into_iter().filter_map(|told| match told {
        Told::Begin(seq, attempt) => Some((seq, attempt)),
        _ => None,
    });
    let begun: Vec<_> = begun.collect();
    assert_eq!(begun[..5], [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]);
    assert_eq!(outcome(&service, mode("echo")).settlement, Settlement::Accepted);
    assert_eq!(service.metrics().restarts, 20);
}

#[test]
fn an_event_that_breaks_the_plugin_each_time_is_given_up_and_not_the_plugin() {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.most = 1;
    let service = Service::start(told(Profile::Documented).options(options)).unwrap();
    for _ in 0..3 {
        assert_eq!(outcome(&service, mode("trap")).settlement, Settlement::Dead);
        // That it went well says that the plugin is not broken.
        assert_eq!(outcome(&service, mode("echo")).settlement, Settlement::Accepted);
    }
    assert_eq!(service.metrics().restarts, 15);
}

#[test]
fn what_was_tried_before_the_host_died_waits_for_what_was_not() {
    let kept = |seq, source, attempt| Kept {
        seq,
        event: IngressEvent {
            kind: "test".into(),
            source: String::from(source),
            ingress_name: "events".into(),
            payload: json!({ "mode": "echo" }),
            created_at: "2026-11-20T10:00:00.000Z".into(),
            attempt,
            correlation_id: format!("e-{seq}"),
        },
    };
    let journal = Arc::new(TestJournal::default());
    *journal.recovered.lock().unwrap() = Recovered {
        events: vec![kept(0, "a", 3), kept(1, "b", 1), kept(2, "a", 1)],
        next: 3,
        ..Recovered::default()
    };
    let service = started_with(told(Profile::Documented), &journal);
    // The last of its source: it is told of once all of that are settled.
    assert_eq!(
        outcome(&service, from("a", "echo")).settlement,
        Settlement::Accepted
    );
    let begun = journal.told().into_iter().filter_map(|told| match told {
        Told::Begin(seq, _) => Some(seq),
        _ => None,
    });
    assert_eq!(begun.collect::<Vec<_>>(), [1, 0, 2, 3]);
}

/// Hostile in the time of the world, where each restart has this pause before it.
fn pausing(pause: Duration) -> Service {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.backoff.first = pause;
    options.restart.backoff.most = pause;
    options.retry.attempts = 1;
    let profile = Profile::Documented;
    let plan = plan_of(
        plugin(yoi_guests::HOSTILE, profile),
        &manifest(yoi_guests::HOSTILE),
        &NetOptions::new().build(),
    );
    Service::start(plan.config(r#"{"ingress":"told"}"#).options(options)).unwrap()
}

#[test]
fn a_service_that_is_told_to_stop_while_its_plugin_is_down_stops_in_order() {
    let service = pausing(Duration::from_secs(3600));
    assert_eq!(outcome(&service, mode("trap")).settlement, Settlement::Dead);
    assert_eq!(service.state(), State::Restarting);
    let behind = service.send_blocking(mode("echo")).unwrap();
    let ending = service.stop(crate::support::at_once()).wait();
    assert_eq!((ending.state, ending.abandoned), (State::Stopped, 1));
    assert_eq!(behind.wait().settlement, Settlement::Abandoned);
}

#[test]
fn what_waits_for_a_restart_is_delivered_before_the_end() {
    let service = pausing(Duration::from_millis(200));
    assert_eq!(outcome(&service, mode("trap")).settlement, Settlement::Dead);
    let behind = service.send_blocking(mode("echo")).unwrap();
    let times = StopTimes {
        drain: Duration::from_secs(600),
        hard: Duration::from_secs(600),
    };
    let ending = service.stop(times).wait();
    assert_eq!((ending.state, ending.abandoned), (State::Stopped, 0));
    assert_eq!(behind.wait().settlement, Settlement::Accepted);
}

#[test]
fn restarts_that_are_long_ago_do_not_count() {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.most = 1;
    let net = scripted();
    let manifest = manifest(yoi_guests::HOSTILE);
    let plugin = plugin(yoi_guests::HOSTILE, Profile::Documented);
    let within = options.restart.within;
    let plan = plan_of(plugin, &manifest, &net).config(r#"{"ingress":"told"}"#);
    let service = Service::start(plan.options(options)).unwrap();
    for _ in 0..3 {
        let trap = event("events", "test", json!({"mode": "trap-until", "until": 2}));
        assert_eq!(outcome(&service, trap).settlement, Settlement::Accepted);
        net.advance(within);
    }
    assert_eq!(service.metrics().restarts, 3);
}

#[test]
fn a_restart_that_fails_is_tried_again() {
    // The plugin makes a request while it starts, and with every event. To read the large answer takes more
    // instructions than a call has.
    let large = "\"".repeat(60_000);
    let peer = HttpPeer::new()
        .answer(200, "started")
        .answer(200, &large)
        .answer(200, &large)
        .answer(200, "started again")
        .answer(200, "tried again");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    let net = NetOptions::new()
        .resolver(ScriptedResolver::new().answer("api.test", [address.ip()]))
        .dialer(ScriptedDialer::new().http(address, peer.clone()))
        .clock(Clock::Scripted)
        .seed(7)
        .build();
    let toml = std::fs::read_to_string(yoi_guests::CALLER.package().join("plugin.toml")).unwrap();
    let target = "\n[[request]]\nscheme = \"http\"\nhost = \"api.test\"\nmethods = [\"GET\"]\n";
    let manifest = Manifest::parse(&(toml + target)).unwrap();
    let plugin = plugin(yoi_guests::CALLER, Profile::Documented);
    let call = json!({"call": "request", "args": {"method": "GET", "url": "http://api.test/"}});
    let plan = plan_of(plugin, &manifest, &net).config(call.to_string());
    let service = Service::start(plan).unwrap();
    let taken = outcome(&service, event("call", "test", call));
    assert_eq!(taken.settlement, Settlement::Accepted);
    assert!(data(&taken)["answer"].as_str().unwrap().contains("tried again"));
    assert_eq!(taken.report.unwrap().attempt, 2);
    assert_eq!((service.metrics().restarts, peer.leftovers()), (2, 0));
}

/// Hostile with this much time for a call, if it starts in that time.
fn within(profile: Profile, limits: Limits) -> Option<Service> {
    let plugin = plugin_with(yoi_guests::HOSTILE, profile, limits);
    let plan = plan_of(plugin, &manifest(yoi_guests::HOSTILE), &scripted());
    let mut options = ServiceOptions::of(profile);
    options.retry.attempts = 1;
    Service::start(plan.config(r#"{"ingress":"told"}"#).options(options)).ok()
}

#[test]
fn a_call_that_takes_too_long_is_ended_and_the_plugin_restarted() {
    let profile = Profile::Documented;
    // The guest may be slow to start on a machine that is busy.
    let mut times = (5..12).map(|n| Duration::from_millis(1 << n));
    let service = times.find_map(|time| within(profile, endless(profile).with_call_timeout(time)));
    let service = service.expect("a guest that starts within two seconds");
    let late = outcome(&service, mode("loop"));
    assert_eq!(late.settlement, Settlement::Dead);
    let failure = late.report.unwrap().failure.clone().unwrap();
    assert_eq!(failure.code, FailureCode::Deadline);
    assert_eq!(service.status().dispatch_counters.timed_out, 1);
    // It is about to be restarted, or was by now.
    assert!(matches!(service.state(), State::Restarting | State::Running));
}

#[test]
fn the_yoi_host_acts_upon_an_answer_before_it_finds_it_late() {
    let profile = Profile::Yoi;
    let asked = || {
        let command = json!({
            "command_id": "a", "kind": "diagnostic_status_update", "payload": {"status": "acted"}
        });
        let padding = "x".repeat(30_000);
        let payload = json!({"mode": "commands", "commands": [command], "padding": padding});
        event("events", "test", payload)
    };
    // A call is judged when it is done, and ended only after ten times its time. So a limit of a third of what
    // the last one took finds the next one late, unless a busy machine made one of them another's tenth.
    let mut took = Duration::from_millis(1);
    let mut call = || {
        let limits = Limits::of(profile).with_call_timeout(took / 3);
        took *= 2;
        let service = within(profile, limits)?;
        let report = outcome(&service, asked()).report?;
        if report.failure.is_none() {
            took = report.measures?.wall;
        }
        let code = report.failure.as_ref()?.code;
        (code == FailureCode::TooLate).then_some((service, report))
    };
    let late = (0..100).find_map(|_| call());
    let (service, report) = late.expect("a call that took more than its time, and less than ten times that");
    assert_eq!(report.commands[0].status, CommandStatus::Recorded);
    assert_eq!(service.status().component_status, Some("acted".into()));
    assert_eq!(service.status().dispatch_counters.timed_out, 1);
    assert_eq!(service.state(), State::Failed);
}
