//! What a guest gets that calls the host.

use serde_json::{Value, json};
use yoi_host::Profile;
use yoi_host::imports::Import;

use crate::support::{plugin, started};

#[test]
fn every_import_is_refused_by_name_and_recorded() {
    let mut caller = started(yoi_guests::CALLER, Profile::Documented, "null");
    for import in [
        Import::Request,
        Import::WebsocketOpen,
        Import::WebsocketSendText,
        Import::WebsocketRecv,
        Import::WebsocketClose,
        Import::FsRead,
        Import::FsList,
        Import::FsWrite,
    ] {
        let name = match import {
            Import::Request => "request",
            other => other.name(),
        };
        let args = match import.api() {
            "websocket" if import != Import::WebsocketOpen => json!({}),
            _ => json!("anything"),
        };
        let input = json!({ "call": name, "args": args }).to_string();
        let output = caller.handle_tool("call-import", &input).unwrap();
        let answer: Value = serde_json::from_str(&output.content.unwrap()).unwrap();
        let message = format!(
            "plugin host API dispatch denied: requested host_api.{} permission is missing",
            import.api()
        );
        assert_eq!(answer, json!({"error": {"code": "denied", "message": message}}));

        let [call] = caller.host_calls() else {
            panic!("one call is recorded: {:?}", caller.host_calls())
        };
        assert_eq!(call.import, import);
        assert_eq!(call.error.as_ref().unwrap().message, message);
        assert_eq!(caller.last_call().unwrap().host_calls, 1);
    }
}

#[test]
fn a_call_during_start_is_refused_as_well() {
    let config = json!({"call": "fs.read", "args": {"path": "secret"}}).to_string();
    let mut caller = plugin(yoi_guests::CALLER, Profile::Documented)
        .instance(&config)
        .unwrap();
    caller.start().unwrap();
    assert_eq!(caller.host_calls().len(), 1);
}
