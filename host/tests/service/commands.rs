//! What a guest asks for, and what becomes of it.

use serde_json::{Value, json};
use yoi_host::Profile;
use yoi_host::authority::Manifest;
use yoi_host::plugin::service::{Outcome, Service, Settlement};

use crate::support::{event, outcome, plan_of, plugin, scripted, told};

/// Hostile, which may make one request and open one connection.
fn allowed(profile: Profile) -> Service {
    let toml = format!(
        "{}\n{}",
        std::fs::read_to_string(yoi_guests::HOSTILE.package().join("plugin.toml")).unwrap(),
        r#"
        [[permissions]]
        kind = "host_api"
        api = "request"
        [[permissions]]
        kind = "host_api"
        api = "websocket"
        [[request]]
        scheme = "https"
        host = "api.test"
        methods = ["GET"]
        [[websocket]]
        scheme = "wss"
        host = "chat.test"
        "#
    );
    let manifest = Manifest::parse(&toml).unwrap();
    let plan = plan_of(plugin(yoi_guests::HOSTILE, profile), &manifest, &scripted());
    Service::start(plan.config(r#"{"ingress":"told"}"#)).unwrap()
}

fn command(id: &str, kind: &str, payload: Value) -> Value {
    json!({"command_id": id, "kind": kind, "payload": payload})
}

fn status(id: &str) -> Value {
    command(
        id,
        "diagnostic_status_update",
        json!({"message": "noted", "status": {"n": 1}}),
    )
}

fn request(id: &str, url: &str) -> Value {
    command(id, "host_request_dispatch", json!({"method": "GET", "url": url}))
}

fn send(id: &str, url: &str) -> Value {
    command(id, "websocket_send", json!({"url": url, "text": "hi"}))
}

fn asked(service: &Service, commands: Value) -> Outcome {
    let outcome = outcome(
        service,
        event(
            "events",
            "test",
            json!({"mode": "commands", "commands": commands}),
        ),
    );
    assert_eq!(outcome.settlement, Settlement::Accepted);
    outcome
}

fn verdicts(outcome: &Outcome) -> String {
    let report = outcome.report.as_ref().unwrap();
    let lines = report.commands.iter().map(|result| {
        let id = result.command_id.as_deref().unwrap_or("?");
        format!("{id} {:?}: {}", result.status, result.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn commands_that_are_allowed_are_carried_out_in_order() {
    for profile in Profile::ALL {
        let service = allowed(profile);
        let outcome = asked(
            &service,
            json!([
                status("a"),
                request("b", "https://api.test/x"),
                send("c", "wss://chat.test/")
            ]),
        );
        insta::allow_duplicates! {
            insta::assert_snapshot!(verdicts(&outcome), @"
            a Recorded: noted
            b Unsupported: host_request_dispatch output command is grant-checked but transport dispatch is unsupported in v0
            c Rejected: no host-owned WebSocket connection is active for wss://chat.test/
            ");
        }
        assert_eq!(service.status().component_status, Some(json!({"n": 1})));
        assert_eq!(service.status().output_command_results.len(), 3);
        let counts = service.metrics().commands;
        assert_eq!((counts.recorded, counts.unsupported, counts.rejected), (1, 1, 1));
    }
}

#[test]
fn one_that_is_not_granted_keeps_all_from_being_carried_out_and_the_yoi_host_names_it_only() {
    let list = || {
        json!([
            status("a"),
            request("b", "https://other.test/"),
            send("c", "wss://chat.test/")
        ])
    };
    let service = allowed(Profile::Documented);
    let before = service.status().component_status;
    let outcome = asked(&service, list());
    insta::assert_snapshot!(verdicts(&outcome), @"
    b Rejected: host_request_dispatch not granted: host_api.request target GET https://other.test/ is not declared by the plugin manifest
    a Withheld: not carried out: another command of the same answer was refused
    c Withheld: not carried out: another command of the same answer was refused
    ");
    assert!(!outcome.report.unwrap().commands[0].missing.is_empty());
    assert_eq!(service.status().component_status, before);
    insta::assert_snapshot!(verdicts(&asked(&allowed(Profile::Yoi), list())), @"b Rejected: host_request_dispatch not granted: host_api.request target GET https://other.test/ is not declared by the plugin manifest");
}

#[test]
fn one_that_is_malformed_keeps_all_from_being_carried_out() {
    let service = allowed(Profile::Documented);
    let outcome = asked(
        &service,
        json!([status("a"), command("b", "dance", json!({})), status("")]),
    );
    insta::assert_snapshot!(verdicts(&outcome), @"
    ? Rejected: malformed service output command envelope: unknown variant `dance`, expected one of `diagnostic_status_update`, `host_request_dispatch`, `websocket_send`
     Rejected: command_id must be 1 to 128 bytes without control characters
    a Withheld: not carried out: another command of the same answer was refused
    ");
}

#[test]
fn nothing_is_reached_without_a_grant() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    let outcome = asked(
        &service,
        json!([
            request("a", "https://api.test/"),
            send("b", "wss://chat.test/"),
            send("c", "https://chat.test/"),
            send("d", "no url"),
        ]),
    );
    insta::assert_snapshot!(verdicts(&outcome), @"
    a Rejected: host_request_dispatch not granted: plugin host API dispatch denied: requested host_api.request permission is missing
    b Rejected: websocket_send not granted: requested host_api.websocket permission is missing
    c Rejected: websocket_send refused: HTTP URLs are not supported by host_api.websocket
    d Rejected: websocket_send refused: invalid WebSocket URL: relative URL without a base
    ");
}

#[test]
fn a_command_never_answers_another_event() {
    for profile in Profile::ALL {
        let service = Service::start(told(profile)).unwrap();
        let outcome = outcome(&service, crate::support::mode("foreign-command"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(verdicts(&outcome), @"foreign Rejected: source_event_id must match the ingress event correlation_id");
        }
    }
}

#[test]
fn the_last_results_are_kept() {
    let service = Service::start(told(Profile::Documented)).unwrap();
    for _ in 0..3 {
        let many: Vec<Value> = (0..16).map(|n| status(&format!("c-{n}"))).collect();
        let _ = asked(&service, many.into());
    }
    assert_eq!(service.status().output_command_results.len(), 32);
    assert_eq!(service.metrics().commands.recorded, 48);
}
