//! What becomes of a plugin that breaks.

use serde_json::json;
use yoi_host::Profile;
use yoi_host::plugin::service::{Service, ServiceOptions, Settlement, State};

use crate::support::{data, event, failure, mode, outcome, plan, told};

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

#[test]
fn a_plugin_that_breaks_too_often_stays_failed_and_what_waits_is_abandoned() {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.most = 2;
    let service = Service::start(told(Profile::Documented).options(options)).unwrap();
    let poison = service.send_blocking(mode("trap")).unwrap();
    let behind = service.send_blocking(mode("echo")).unwrap();
    assert_eq!(poison.wait().settlement, Settlement::Abandoned);
    assert_eq!(behind.wait().settlement, Settlement::Abandoned);
    assert_eq!(service.state(), State::Failed);
    insta::assert_snapshot!(service.send_blocking(mode("echo")).unwrap_err(), @"plugin service is failed for ingress dispatch: `handle-ingress` trapped: wasm `unreachable` instruction executed (it was restarted 2 times within 60s, which is the limit)");
    let ending = service.stop(crate::support::at_once()).wait();
    assert_eq!((ending.state, ending.abandoned), (State::Failed, 2));
}

#[test]
fn restarts_that_are_long_ago_do_not_count() {
    let mut options = ServiceOptions::of(Profile::Documented);
    options.restart.most = 1;
    let net = crate::support::scripted();
    let manifest = crate::support::manifest(yoi_guests::HOSTILE);
    let plugin = crate::support::plugin(yoi_guests::HOSTILE, Profile::Documented);
    let within = options.restart.within;
    let plan = crate::support::plan_of(plugin, &manifest, &net).config(r#"{"ingress":"told"}"#);
    let service = Service::start(plan.options(options)).unwrap();
    for _ in 0..3 {
        let trap = event("events", "test", json!({"mode": "trap-until", "until": 2}));
        assert_eq!(outcome(&service, trap).settlement, Settlement::Accepted);
        net.advance(within);
    }
    assert_eq!(service.metrics().restarts, 3);
}
