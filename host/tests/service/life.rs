//! From start to end.

use serde_json::json;
use yoi_host::Profile;
use yoi_host::imports::Access;
use yoi_host::plugin::FailureCode;
use yoi_host::plugin::service::{
    Observed, Plan, Service, ServiceOptions, Settlement, StartError, State, StopTimes, What,
};

use crate::support::{
    at_once, endless, manifest, mode, outcome, plan, plan_of, plugin, plugin_with, scripted, tick, told,
};

#[test]
fn a_service_takes_events_and_tools_and_is_stopped() {
    for profile in Profile::ALL {
        let plan = plan(yoi_guests::COUNTER, profile).config(r#"{"start": 40}"#);
        let service = Service::start(plan).unwrap();
        assert_eq!(service.state(), State::Running);
        let taken = outcome(&service, tick());
        assert_eq!(taken.settlement, Settlement::Accepted);
        let added = service.call_tool("counter_add", r#"{"by": 1}"#).wait().unwrap();
        assert_eq!(added.summary, "the count is 42");
        assert_eq!(service.probe().wait().unwrap().data, json!({"count": 42}));
        let ending = service.stop(StopTimes::default()).wait();
        assert_eq!(
            (ending.state, ending.forced, ending.abandoned),
            (State::Stopped, false, 0)
        );
        assert_eq!(ending.status.unwrap().data, json!({"count": 42}));
        let status = service.status();
        assert_eq!(status.lifecycle, State::Stopped);
        assert_eq!(status.component_status.unwrap()["state"], "stopped");
        insta::allow_duplicates! {
            insta::assert_snapshot!(service.send_blocking(tick()).unwrap_err(), @"plugin service rejects ingress while stopping/stopped (state Stopped)");
            insta::assert_snapshot!(service.call_tool("counter_get", "{}").wait().unwrap_err(), @"the service has ended");
        }
        // Whoever stops it twice is told the same.
        assert_eq!(service.stop(StopTimes::default()).wait().state, State::Stopped);
    }
}

#[test]
fn a_tool_is_always_ready_and_takes_no_events() {
    for profile in Profile::ALL {
        let service = Service::start(plan(yoi_guests::ECHO, profile)).unwrap();
        assert_eq!(service.state(), State::Ready);
        let said = service
            .call_tool("example_echo", r#"{"text":"a"}"#)
            .wait()
            .unwrap();
        assert_eq!(said.content.as_deref(), Some("a"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(service.send_blocking(tick()).unwrap_err(), @"invalid plugin ingress event: the surface `ingress` is not enabled");
        }
        assert_eq!(service.stop(at_once()).wait().state, State::Stopped);
    }
}

#[test]
fn a_plugin_that_does_not_start_is_no_service() {
    for profile in Profile::ALL {
        let plan = plan(yoi_guests::HOSTILE, profile).config(r#"{"start":"failed"}"#);
        let error = Service::start(plan).unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error, @r#"plugin instance startup failed closed: `start` reported a failure: {"data":{"reason":"guest said no"},"state":"failed"}"#);
        }
    }
}

#[test]
fn a_plugin_of_which_nothing_is_granted_is_no_service() {
    let manifest = manifest(yoi_guests::COUNTER);
    let plan = Plan::new(
        plugin(yoi_guests::COUNTER, Profile::Documented),
        Access::none(),
        &manifest,
    );
    let error = Service::start(plan).unwrap_err();
    assert!(matches!(error, StartError::Denied(_)), "{error}");
}

#[test]
fn what_is_not_declared_turned_on_or_granted_is_not_called() {
    let service = Service::start(plan(yoi_guests::COUNTER, Profile::Documented)).unwrap();
    insta::assert_snapshot!(service.call_tool("counter_sub", "{}").wait().unwrap_err(), @"the tool `counter_sub` is not declared by the plugin's manifest");
    insta::assert_snapshot!(service.call_tool("counter_get", "{").wait().unwrap_err(), @"the tool input is not valid JSON: EOF while parsing an object at line 1 column 1");
    let only_ingress =
        plan(yoi_guests::COUNTER, Profile::Documented).surfaces(&[yoi_host::authority::Surface::Ingress]);
    let service = Service::start(only_ingress).unwrap();
    insta::assert_snapshot!(service.call_tool("counter_get", "{}").wait().unwrap_err(), @"the surface `tool` is not enabled");
}

#[test]
fn a_host_that_ends_stops_its_plugins_but_the_yoi_host_does_not() {
    for (profile, says_stopped) in [(Profile::Documented, true), (Profile::Yoi, false)] {
        let service = Service::start(plan(yoi_guests::COUNTER, profile)).unwrap();
        let ended = service.ended();
        drop(service);
        let ending = ended.wait();
        assert_eq!(ending.state, State::Stopped);
        assert_eq!(ending.status.is_some(), says_stopped, "{profile}");
    }
}

#[test]
fn a_service_that_stops_delivers_what_is_in_its_queue_but_the_yoi_host_clears_it() {
    for (profile, settlement) in [
        (Profile::Documented, Settlement::Accepted),
        (Profile::Yoi, Settlement::Abandoned),
    ] {
        let journal = std::sync::Arc::default();
        let service = crate::support::started_with(told(profile), &journal);
        let gate = journal.hold_delivery();
        let first = service.send_blocking(mode("echo")).unwrap();
        let second = service.send_blocking(mode("echo")).unwrap();
        while journal.told().len() < 3 {
            std::thread::yield_now();
        }
        let ended = service.stop(StopTimes::default());
        gate.open();
        assert_eq!(first.wait().settlement, Settlement::Accepted);
        assert_eq!(second.wait().settlement, settlement, "{profile}");
        assert_eq!(ended.wait().state, State::Stopped);
    }
}

#[test]
fn a_guest_that_does_not_end_is_ended_when_the_time_is_over() {
    for profile in Profile::ALL {
        let net = scripted();
        let plugin = plugin_with(yoi_guests::HOSTILE, profile, endless(profile));
        let plan = plan_of(plugin, &manifest(yoi_guests::HOSTILE), &net).config(r#"{"ingress":"told"}"#);
        let journal = std::sync::Arc::default();
        let service = crate::support::started_with(plan, &journal);
        let ticket = service.send_blocking(mode("loop")).unwrap();
        while journal.told().len() < 2 {
            std::thread::yield_now();
        }
        let times = StopTimes::default();
        let ended = service.stop(times);
        net.advance(times.hard);
        let ending = ended.wait();
        assert!(ending.forced);
        assert_eq!((ending.state, ending.abandoned), (State::Failed, 1));
        assert_eq!(ticket.wait().settlement, Settlement::Abandoned);
    }
}

#[test]
fn a_guest_can_be_ended_at_once() {
    let profile = Profile::Documented;
    let plugin = plugin_with(yoi_guests::HOSTILE, profile, endless(profile));
    let service = Service::start(plan_of(plugin, &manifest(yoi_guests::HOSTILE), &scripted())).unwrap();
    let called = service.call_tool("loop", "null");
    let ending = service.kill().wait();
    assert!(ending.forced);
    // It was entered, or its turn had not come.
    let code = called.wait().unwrap_err().code();
    assert!(
        matches!(code, FailureCode::Cancelled | FailureCode::ServiceEnded),
        "{code}"
    );
}

#[test]
fn who_watches_sees_what_happens_and_the_end() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let mut observer = service.observe();
    for answer in ["echo", "decline", "foreign-command"] {
        let _ = outcome(&service, mode(answer));
    }
    service.call_tool("echo", "null").wait().unwrap();
    service.call_tool("error", "null").wait().unwrap_err();
    service.probe().wait().unwrap();
    service.stop(at_once()).wait();
    let mut seen = Vec::new();
    while let Some(Observed::Happened(happening)) = observer.wait() {
        seen.push(match &happening.what {
            What::State { from, to, .. } => format!("state {from} -> {to}"),
            What::Accepted { queue_depth, .. } => format!("accepted ({queue_depth})"),
            What::Delivery {
                settlement, report, ..
            } => {
                format!("delivery {} {settlement:?}", report.attempt)
            }
            What::Command(result) => format!("command {:?}: {}", result.status, result.message),
            What::Tool { tool, failure, .. } => format!("tool {tool} {}", failure.is_none()),
            What::Status { status, .. } => format!("status {}", status.as_ref().unwrap()["state"]),
            other => format!("{other:?}"),
        });
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
    accepted (1)
    delivery 1 Some(Accepted)
    accepted (1)
    delivery 1 Some(Declined)
    accepted (1)
    command Rejected: source_event_id must match the ingress event correlation_id
    delivery 1 Some(Accepted)
    tool echo true
    tool error false
    status "running"
    state Running -> Stopping
    state Stopping -> Stopped
    "#);
}

#[test]
fn what_happens_is_a_line_of_json() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let mut observer = service.observe();
    let _ = outcome(&service, crate::support::with_id(mode("foreign-command"), "e-1"));
    service.send_blocking(mode_for_nobody()).unwrap_err();
    let _ = service.stop(at_once()).wait();
    let mut lines = Vec::new();
    while let Some(Observed::Happened(happening)) = observer.wait() {
        let mut line = serde_json::to_value(&*happening).unwrap();
        // What a call takes is another figure every time.
        if let Some(report) = line.get_mut("report") {
            report["measures"] = json!("…");
        }
        if line["correlation_id"].as_str().is_some_and(|id| id.len() == 36) {
            line["correlation_id"] = json!("…");
        }
        lines.push(line.to_string());
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"at":"2026-01-01T00:00:00.000Z","correlation_id":"e-1","event":"accepted","ingress":"events","kind":"test","queue_depth":1,"source":"test"}
    {"at":"2026-01-01T00:00:00.000Z","command_id":"foreign","correlation_id":"hostile","event":"command","kind":"diagnostic_status_update","message":"source_event_id must match the ingress event correlation_id","recorded_at":"2026-01-01T00:00:00.000Z","source_event_id":"another event","status":"Rejected"}
    {"at":"2026-01-01T00:00:00.000Z","event":"delivery","report":{"attempt":1,"commands":[{"command_id":"foreign","correlation_id":"hostile","kind":"diagnostic_status_update","message":"source_event_id must match the ingress event correlation_id","recorded_at":"2026-01-01T00:00:00.000Z","source_event_id":"another event","status":"Rejected"}],"correlation_id":"e-1","failure":null,"ingress":"events","kind":"test","measures":"…","output":{"accepted":true,"data":null,"output_commands":[],"rejections":[{"command_id":"foreign","correlation_id":"hostile","kind":"diagnostic_status_update","message":"source_event_id must match the ingress event correlation_id","source_event_id":"another event"}],"withheld":[]},"queued_us":0.0,"source":"test"},"retry_in_us":null,"settlement":"accepted"}
    {"at":"2026-01-01T00:00:00.000Z","code":"ingress.undeclared","correlation_id":"…","event":"refused","ingress":"nobody","message":"invalid plugin ingress event: requested ingress is not declared by plugin manifest: `nobody`","missing":[]}
    {"at":"2026-01-01T00:00:00.000Z","event":"state","from":"Running","to":"Stopping","why":null}
    {"at":"2026-01-01T00:00:00.000Z","event":"state","from":"Stopping","to":"Stopped","why":null}
    "#);
}

#[test]
fn who_is_too_slow_is_told_how_much_was_missed() {
    let options = ServiceOptions {
        happenings: 4,
        ..ServiceOptions::default()
    };
    let service = Service::start(told(Profile::Documented).options(options)).unwrap();
    let mut observer = service.observe();
    for _ in 0..8 {
        let _ = outcome(&service, mode("echo"));
    }
    let Some(Observed::Missed(missed)) = observer.wait() else {
        panic!("nothing was missed");
    };
    assert!(missed >= 12, "{missed}");
}

#[test]
fn the_status_has_the_shape_of_the_contract() {
    let service = Service::start(told(Profile::Documented).named("user:hostile")).unwrap();
    let _ = outcome(&service, mode("foreign-command"));
    service.send_blocking(mode_for_nobody()).unwrap_err();
    insta::assert_snapshot!(serde_json::to_string_pretty(&service.status()).unwrap(), @r#"
    {
      "plugin_ref": "user:hostile",
      "lifecycle": "Running",
      "component_status": {
        "data": {
          "calls": 1,
          "input": {
            "ingress": "told"
          }
        },
        "state": "running"
      },
      "queue_depth": 0,
      "queue_capacity": 32,
      "last_error": "invalid plugin ingress event: requested ingress is not declared by plugin manifest: `nobody`",
      "dispatch_counters": {
        "enqueued": 1,
        "dispatched": 1,
        "rejected": 1,
        "failed": 0,
        "timed_out": 0
      },
      "output_command_results": [
        {
          "correlation_id": "hostile",
          "source_event_id": "another event",
          "command_id": "foreign",
          "kind": "diagnostic_status_update",
          "status": "Rejected",
          "message": "source_event_id must match the ingress event correlation_id",
          "recorded_at": "2026-01-01T00:00:00.000Z"
        }
      ],
      "websocket_connections": [],
      "diagnostics": [
        {
          "kind": "ServiceOutputCommandRejected",
          "state": "Running",
          "message": "service output command foreign (diagnostic_status_update): source_event_id must match the ingress event correlation_id"
        },
        {
          "kind": "InvalidEvent",
          "state": "Running",
          "message": "invalid plugin ingress event: requested ingress is not declared by plugin manifest: `nobody`"
        }
      ]
    }
    "#);
}

fn mode_for_nobody() -> yoi_host::plugin::service::Event {
    crate::support::event("nobody", "test", json!(null))
}
