//! Every misbehaviour by its name, and what it answers where it gets to answer.

use yoi_pdk::{Value, json, serde_json};

use crate::abi::Answer;
use crate::{harm, state};

/// Three bytes a letter, so that few byte counts fall between two letters.
const WIDE: &str = "あ";

/// Which export is to answer.
#[derive(Clone, Copy)]
pub(crate) enum Export {
    Start,
    HandleTool,
    HandleIngress,
    Status,
    Stop,
}

/// What `export` answers in the mode `mode`, if it does. `input` is what it was called with, as JSON.
pub(crate) fn answer(mode: &str, export: Export, input: &str) -> Answer {
    let told;
    let mode = if mode == "told" {
        told = mode_in(input);
        &told
    } else {
        mode
    };
    let calls = state::count_call();
    let good = |data: Value| Answer::from(good(export, mode, data).to_string());
    let input_value = || serde_json::from_str::<Value>(input).unwrap_or(Value::Null);

    match mode {
        // The good one. Its content tells how many calls this instance has had.
        "echo" => good(json!({ "calls": calls, "input": input_value() })),

        // What uses up what there is.
        "loop" => harm::spin(),
        "recursion" => good(json!({ "sum": harm::recurse() })),
        "memory" => good(json!({ "pages": harm::grow_memory() })),
        "table" => good(json!({ "entries": harm::grow_table() })),

        // What ends the instance.
        "trap" => harm::trap(),
        "panic" => panic!("the guest panics as it was told to, at call {calls}"),

        // What is no text.
        "bad-utf8" => Answer::Bytes(b"{\"summary\":\"\xff\xfe\"}".to_vec()),
        "bad-length" => Answer::Span(16, harm::memory_bytes()),
        "bad-pointer" => Answer::Span(0xffff_fff0, 8),

        // What is no answer.
        "empty" => Answer::from(String::new()),
        "bad-json" => Answer::from(r#"{"summary": "cut o"#.to_owned()),
        "array" => Answer::from("[]".to_owned()),
        "not-an-object" => Answer::from(r#""only text""#.to_owned()),
        "unknown-key" => Answer::from(unknown_key(export).to_string()),
        "big-output" => {
            // Put in afterwards: to escape so much text twice would cost more fuel than many a host gives.
            let frame = self::good(export, mode, json!("@")).to_string();
            Answer::from(frame.replace('@', &"x".repeat(70_000)))
        }

        // What is no answer of a tool.
        "no-summary" => Answer::from(json!({ "content": "text" }).to_string()),
        "empty-summary" => Answer::from(json!({ "summary": "" }).to_string()),
        "long-summary" => Answer::from(json!({ "summary": WIDE.repeat(400) }).to_string()),
        "bad-summary" => Answer::from(json!({ "summary": 1 }).to_string()),
        "bad-content" => Answer::from(json!({ "summary": "ok", "content": {} }).to_string()),

        // What says no.
        "error" => Answer::from(json!({ "error": { "message": "guest said no" } }).to_string()),
        "long-error" => Answer::from(json!({ "error": { "message": WIDE.repeat(400) } }).to_string()),
        "failed" => {
            let status = json!({ "state": "failed", "data": { "reason": "guest said no" } });
            Answer::from(status.to_string())
        }

        // What says no to an event, and what says no to the first deliveries of it: in the payload, `until` is the
        // one that is good.
        "decline" => Answer::from(json!({ "accepted": false, "data": "not for me" }).to_string()),
        "refuse-until" if too_early(&input_value()) => {
            Answer::from(json!({ "error": { "message": "not yet" } }).to_string())
        }
        "trap-until" if too_early(&input_value()) => harm::trap(),
        "refuse-until" | "trap-until" => good(json!({ "calls": calls, "input": input_value() })),

        // What would take over a terminal.
        "print" => {
            print_to_terminal();
            Answer::from(controls(export).to_string())
        }

        // What asks the host for what it must not do.
        "many-commands" => Answer::from(commands(input, 17, "status", status_update()).to_string()),
        "big-command" => {
            let payload = json!({ "message": "x".repeat(17_000) });
            Answer::from(commands(input, 1, "big", payload).to_string())
        }
        "empty-command-id" => Answer::from(commands(input, 1, "", status_update()).to_string()),
        "foreign-command" => {
            let event = r#"{"correlation_id":"another event"}"#;
            Answer::from(commands(event, 1, "foreign", status_update()).to_string())
        }
        "long-method" => Answer::from(long_method(input).to_string()),
        "commands" => Answer::from(told_commands(input).to_string()),
        "no-commands" => Answer::from(json!({ "accepted": true, "output_commands": "none" }).to_string()),

        _ => {
            let message = format!("there is no mode `{mode}`");
            match export {
                Export::HandleTool => Answer::from(json!({ "summary": message }).to_string()),
                _ => Answer::from(json!({ "error": { "message": message } }).to_string()),
            }
        }
    }
}

/// An answer as `export` should give it, around `data`.
fn good(export: Export, mode: &str, data: Value) -> Value {
    match export {
        Export::HandleTool => json!({ "summary": mode, "content": data.to_string() }),
        Export::HandleIngress => json!({ "accepted": true, "data": data }),
        Export::Start | Export::Status => json!({ "state": "running", "data": data }),
        Export::Stop => json!({ "state": "stopped", "data": data }),
    }
}

/// The mode that an event itself names, in its payload.
fn mode_in(event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap_or(Value::Null);
    event["payload"]["mode"].as_str().unwrap_or("echo").to_owned()
}

/// Whether this delivery of an event comes before the one that its payload names.
fn too_early(event: &Value) -> bool {
    event["attempt"].as_u64() < event["payload"]["until"].as_u64()
}

/// The commands that an event's payload lists as `{"command_id", "kind", "payload"}`, in answer to it.
fn told_commands(event: &str) -> Value {
    let parsed: Value = serde_json::from_str(event).unwrap_or(Value::Null);
    let commands: Vec<Value> = parsed["payload"]["commands"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|told| {
            let text = |key: &str| told[key].as_str().unwrap_or_default();
            command(event, text("command_id"), text("kind"), told["payload"].clone())
        })
        .collect();
    json!({ "accepted": true, "output_commands": commands })
}

fn unknown_key(export: Export) -> Value {
    let mut answer = good(export, "ok", Value::Null);
    answer["attachments"] = json!([]);
    answer
}

/// A title for the window, a colour left on, a link, a bell, and lines that lie about who wrote them.
fn print_to_terminal() {
    println!("a line to standard output");
    eprintln!("a line to standard error");
    println!("\u{1b}]0;owned\u{7}\u{1b}[31mred\u{1b}]8;;https://example.com/\u{1b}\\link");
    eprintln!("\rerror: not what it seems\u{8}\u{9b}2J\u{7f}\u{202e}txet");
}

fn controls(export: Export) -> Value {
    let text = "\u{1b}]0;owned\u{7}\u{1b}[31mred\nnext\u{9b}2J";
    match export {
        Export::HandleTool => json!({ "summary": text, "content": text }),
        export => good(export, text, json!(text)),
    }
}

fn status_update() -> Value {
    json!({ "message": "an update" })
}

fn commands(event: &str, count: usize, command_id: &str, payload: Value) -> Value {
    let command = command(event, command_id, "diagnostic_status_update", payload);
    json!({ "accepted": true, "output_commands": vec![command; count] })
}

fn long_method(event: &str) -> Value {
    let payload = json!({ "method": WIDE.repeat(400), "url": "https://example.com/" });
    let command = command(event, "long", "host_request_dispatch", payload);
    json!({ "accepted": true, "output_commands": [command] })
}

fn command(event: &str, command_id: &str, kind: &str, payload: Value) -> Value {
    let event: Value = serde_json::from_str(event).unwrap_or(Value::Null);
    json!({
        "correlation_id": "hostile",
        "source_event_id": event["correlation_id"],
        "command_id": command_id,
        "kind": kind,
        "payload": payload,
        "requested_at": "1970-01-01T00:00:00Z",
    })
}
