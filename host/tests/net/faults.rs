//! Real guests whose host calls are broken on purpose, over TLS as without.

use std::fs;

use axum::Router;
use axum::routing::get as on_get;
use serde_json::{Value, json};
use yoi_guests::{FETCH, NOTES, SOCKET};
use yoi_host::authority::{Authority, Binding, Grants};
use yoi_host::engine::EngineOptions;
use yoi_host::imports::Access;
use yoi_host::imports::faults::{FaultKind, FaultPlan, Faults};
use yoi_host::plugin::{CallError, Instance, Plugin};
use yoi_host::world::Net;
use yoi_host::{Limits, Profile};

use crate::socket::echoing;
use crate::support::{Servers, granted, net};
use crate::tls::secure;

/// A plan of these faults, as inline tables of TOML.
fn faults(faults: &str) -> Faults {
    let text = format!("schema = \"yoikit.faults/1\"\nfault = [{faults}]\n");
    Faults::new(FaultPlan::parse(&text).unwrap())
}

/// A guest that may do this, and calls of which are broken so.
fn guest(
    guest: yoi_guests::Guest,
    profile: Profile,
    authority: &Authority,
    net: &Net,
    faults: &Faults,
) -> Instance {
    let engine = EngineOptions::new(profile).instances(1).build().unwrap();
    let mut limits = Limits::of(profile);
    // That host runs none that imports anything: what it would do is to be seen here.
    limits.core_instances = Limits::of(Profile::Documented).core_instances;
    limits.tables = Limits::of(Profile::Documented).tables;
    let plugin = Plugin::load_with(&engine, &fs::read(guest.component()).unwrap(), limits).unwrap();
    let access = Access::new(authority.clone(), net.clone()).breaking(faults.clone());
    plugin.instance_with("null", access).unwrap()
}

fn content(instance: &mut Instance, tool: &str, input: &Value) -> Value {
    let output = instance.handle_tool(tool, &input.to_string()).unwrap();
    serde_json::from_str(&output.content.unwrap()).unwrap()
}

#[test]
fn what_is_broken_is_what_tls_carries() {
    let servers = Servers::new();
    let (port, net) = secure(&servers, Router::new().route("/", on_get(|| async { "secret" })));
    let url = json!({"url": format!("https://secure.test:{port}/")});
    let faults = faults(
        r#"{ call = 1, kind = "bad_utf8", after_bytes = 1 },
           { call = 2, kind = "short_read" },
           { call = 3, kind = "reset", after_bytes = 20 }"#,
    );
    let authority = granted(&["secure.test"]);
    let mut fetch = guest(FETCH, Profile::Documented, &authority, &net, &faults);
    assert_eq!(content(&mut fetch, "fetch_get", &url)["body"], "s\u{FFFD}cret");
    assert_eq!(content(&mut fetch, "fetch_get", &url)["body"], "secret");
    let reset = content(&mut fetch, "fetch_get", &url)["error"]["message"].to_string();
    let reset = reset.replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(reset, @r#""request to https://secure.test:PORT/ failed: connection error: Connection reset by peer (os error 104)""#);
    assert_eq!(content(&mut fetch, "fetch_get", &url)["body"], "secret");
    assert_eq!(faults.unused(), []);
}

#[test]
fn a_socket_that_was_opened_before_is_broken_where_it_is_used() {
    let servers = Servers::new();
    let (port, net) = secure(&servers, echoing());
    let input = json!({"url": format!("wss://secure.test:{port}/"), "text": "hello"});
    // The plugin opens, sends and receives in each call.
    let faults = faults(
        r#"{ call = 1, import = "websocket.recv", kind = "cut" },
           { call = 2, import = "websocket.recv", kind = "bad_utf8", after_bytes = 4 },
           { call = 3, import = "websocket.recv", kind = "short_read" },
           { call = 4, import = "websocket.send-text", kind = "reset" }"#,
    );
    let authority = granted(&["secure.test"]);
    let mut socket = guest(SOCKET, Profile::Documented, &authority, &net, &faults);
    let answers = [1, 2, 3, 4].map(|_| content(&mut socket, "socket_echo", &input).to_string());
    insta::assert_snapshot!(answers.join("\n"), @r#"
    {"error":{"code":"failed","details":{"host_error":"failed"},"message":"WebSocket receive failed: WebSocket protocol error: Connection reset without closing handshake"}}
    {"error":{"code":"failed","details":{"host_error":"failed"},"message":"WebSocket receive failed: UTF-8 encoding error: invalid utf-8 sequence of 1 bytes from index 4"}}
    {"closed":false,"text":"hello"}
    {"error":{"code":"failed","details":{"host_error":"failed"},"message":"WebSocket send failed: IO error: Connection reset by peer (os error 104)"}}
    "#);
    assert_eq!(faults.unused(), []);
}

#[test]
fn in_profile_yoi_what_is_broken_ends_the_guest() {
    let servers = Servers::new();
    let port = servers.http(Router::new().route("/", on_get(|| async { "here" })));
    let input = json!({"url": format!("http://api.test:{port}/")}).to_string();
    let faults = faults(r#"{ call = 1, kind = "timeout" }, { call = 2, kind = "short_read" }"#);
    let (authority, net) = (granted(&["api.test"]), net(&["api.test"]));
    let mut fetch = guest(FETCH, Profile::Yoi, &authority, &net, &faults);
    let error = fetch.handle_tool("fetch_get", &input).unwrap_err();
    assert!(matches!(error, CallError::Fault(_)), "{error:?}");
    let words = error.to_string().replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(words, @"`call` was ended by a host call: request to http://api.test:PORT/ timed out");
    assert_eq!(fetch.host_calls()[0].fault, Some(FaultKind::Timeout));
    // Each call of a tool is a life of its own.
    assert!(
        fetch
            .handle_tool("fetch_get", &input)
            .unwrap()
            .summary
            .contains("200")
    );
    assert_eq!(fetch.host_calls()[0].fault, Some(FaultKind::ShortRead));
    assert_eq!(faults.unused(), []);
}

#[test]
fn a_full_disk_leaves_a_guests_file_as_it_was_in_both_profiles() {
    let mut told = Vec::new();
    for profile in Profile::ALL {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.txt");
        fs::write(&file, "old").unwrap();
        let mut grants = Grants::parse("permissions = [{ kind = \"host_api\", api = \"fs\" }]").unwrap();
        grants.fs.push(yoi_host::authority::FsGrant {
            root: folder.path().canonicalize().unwrap().to_str().unwrap().to_owned(),
            operations: yoi_host::authority::FsOperation::ALL.to_vec(),
        });
        let authority = Authority::without_manifest(grants, &Binding::Unbound);
        let faults = faults(r#"{ call = 1, kind = "disk_full", after_bytes = 2 }"#);
        let mut notes = guest(NOTES, profile, &authority, &Net::new(), &faults);
        let input = json!({"path": "one.txt", "content": "new"}).to_string();
        told.push(match notes.handle_tool("notes_write", &input) {
            Ok(output) => output.content.unwrap(),
            Err(error) => error.to_string(),
        });
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        notes.handle_tool("notes_write", &input).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(faults.unused(), []);
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    {"error":{"code":"failed","message":"FS write failed for one.txt: No space left on device (os error 28)","details":{"host_error":"io"}}}
    `call` was ended by a host call: FS write failed for one.txt: No space left on device (os error 28)
    "#);
}
