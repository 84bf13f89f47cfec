//! The chatbot, handed its events one by one: what it answers, keeps, and says last.

use serde_json::{Value, json};
use yoi_host::Profile;
use yoi_host::plugin::message::{CommandKind, IngressEvent, OutputCommand, ServiceOutput};
use yoi_host::plugin::{Instance, Lifecycle};

use crate::support::{plugin, started};

const ROOM: &str = "ws://127.0.0.1:4180/room";

/// An event of the room's; every one has another id.
fn event(number: u32, kind: &str, payload: Value) -> IngressEvent {
    IngressEvent {
        kind: kind.into(),
        source: format!("websocket:{ROOM}"),
        ingress_name: "room".into(),
        payload,
        created_at: "2026-11-20T10:00:00.000Z".into(),
        attempt: 1,
        correlation_id: format!("e-{number}"),
    }
}

fn hand(bot: &mut Instance, event: &IngressEvent) -> ServiceOutput {
    bot.handle_ingress("room", event).unwrap()
}

/// What the bot has the host send, where somebody says this.
fn said(bot: &mut Instance, text: &str) -> Option<String> {
    let event = event(1, "websocket_text", json!({ "url": ROOM, "text": text }));
    let output = hand(bot, &event);
    assert!(output.accepted && output.rejections.is_empty(), "{output:?}");
    let [command] = <[OutputCommand; 1]>::try_from(output.output_commands).ok()?;
    assert_eq!(command.kind, CommandKind::WebsocketSend);
    assert_eq!(command.payload["url"], ROOM);
    Some(command.payload["text"].as_str().unwrap().to_owned())
}

fn bot(config: &str) -> Instance {
    started(yoi_guests::CHATBOT, Profile::Documented, config)
}

#[test]
fn what_it_is_taught_it_tells() {
    for profile in Profile::ALL {
        let mut bot = started(yoi_guests::CHATBOT, profile, "null");
        let answers = [
            "!learn tea = a leaf, mostly",
            "!what tea",
            "!forget tea",
            "!what tea",
            "!stats",
        ]
        .map(|text| said(&mut bot, text).unwrap());
        insta::allow_duplicates! {
            insta::assert_snapshot!(answers.join("\n"), @"
            Noted: tea is a leaf, mostly
            As far as I know, tea is a leaf, mostly
            Forgotten: tea
            I know nothing of tea
            I heard 5 messages, answered 4, and know 0 facts
            ");
        }
    }
}

#[test]
fn what_is_not_said_to_it_is_kept_and_not_answered() {
    let mut bot = bot("null");
    assert_eq!(said(&mut bot, "good morning"), None);
    assert_eq!(said(&mut bot, "what tea"), None);
    let history = bot.handle_tool("chatbot_history", r#"{"most": 5}"#).unwrap();
    assert_eq!(history.content.as_deref(), Some(r#"["what tea","good morning"]"#));
}

#[test]
fn a_command_that_it_does_not_know_is_answered_with_those_it_does() {
    let known = "Say !learn WHAT = FACT, !what WHAT, !forget WHAT, !stats, !help";
    let mut bot = bot("null");
    for text in ["!help", "!learn tea", "!what", "!learn = x"] {
        assert_eq!(said(&mut bot, text).unwrap(), known, "{text}");
    }
    assert_eq!(
        said(&mut bot, "!dance now").unwrap(),
        format!("What is `dance`? {known}")
    );
}

#[test]
fn in_a_room_that_repeats_everything_it_does_not_talk_to_itself() {
    let mut bot = bot("null");
    for text in ["!learn !what tea = !what tea", "!what !what tea", "!!!", "!"] {
        let answer = said(&mut bot, text).unwrap();
        assert_eq!(said(&mut bot, &answer), None, "{answer}");
    }
}

#[test]
fn a_lost_connection_is_noticed_shown_and_forgotten_with_the_next_message() {
    let mut bot = bot("null");
    said(&mut bot, "hello");
    let reason = json!({ "url": ROOM, "reason": "host-owned WebSocket closed by peer" });
    let lost = hand(&mut bot, &event(2, "websocket_close", reason));
    let [show] = <[OutputCommand; 1]>::try_from(lost.output_commands).unwrap();
    assert_eq!(show.kind, CommandKind::DiagnosticStatusUpdate);
    assert_eq!(show.payload["message"], "the room closed the connection");
    assert_eq!(show.payload["status"]["connected"], false);

    let error = json!({ "url": ROOM, "error": "connection reset" });
    hand(&mut bot, &event(3, "websocket_error", error));
    let status = bot.status().unwrap();
    assert_eq!(
        (&status.data["connected"], &status.data["losses"]),
        (&json!(false), &json!(2))
    );

    said(&mut bot, "back again");
    assert_eq!(bot.status().unwrap().data["connected"], true);
}

#[test]
fn an_event_of_another_kind_is_not_taken_and_breaks_nothing() {
    let mut bot = bot("null");
    let output = hand(&mut bot, &event(1, "websocket_binary", Value::Null));
    assert!(!output.accepted);
    let no_text = event(2, "websocket_text", json!({ "url": ROOM }));
    insta::assert_snapshot!(bot.handle_ingress("room", &no_text).unwrap_err(), @r#"`handle-ingress` reported a failure: {"accepted":false,"error":{"code":"invalid_input","message":"the event has no `url` and `text`"}}"#);
    assert_eq!(bot.lifecycle(), Lifecycle::Running);
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut bot = bot("null");
    for fact in 0..200 {
        let long = "long ".repeat(100);
        said(&mut bot, &format!("!learn fact {fact} = {long}")).unwrap();
    }
    let status = bot.status().unwrap();
    assert_eq!(status.data["facts"], 128);
    insta::assert_snapshot!(said(&mut bot, "!learn one = more").unwrap(), @"I know 128 facts, and cannot learn another before I forget one");
    // What is known can still be learned anew.
    assert!(
        said(&mut bot, "!learn fact 7 = short")
            .unwrap()
            .starts_with("Noted")
    );
    let history = bot.handle_tool("chatbot_history", r#"{"most": 1000}"#).unwrap();
    assert_eq!(history.summary, "64 messages");
}

#[test]
fn it_is_spoken_to_as_the_configuration_says() {
    let mut bot = bot(r#"{"prefix": "~bot "}"#);
    assert_eq!(said(&mut bot, "!help"), None);
    assert!(said(&mut bot, "~bot help").unwrap().starts_with("Say ~bot learn"));

    let plugin = plugin(yoi_guests::CHATBOT, Profile::Documented);
    let mut refused = plugin.instance(r#"{"prefix": "bot"}"#).unwrap();
    insta::assert_snapshot!(refused.start().unwrap_err(), @r#"`start` reported a failure: {"error":{"code":"invalid_input","message":"`prefix` must begin with neither a letter nor a digit"}}"#);
}

#[test]
fn it_stops_with_a_last_word() {
    let mut bot = bot("null");
    said(&mut bot, "!learn tea = a leaf");
    let last = bot.stop().unwrap();
    assert_eq!(last.state.as_deref(), Some("stopped"));
    insta::assert_snapshot!(last.data, @r#"{"answered":1,"connected":true,"facts":1,"heard":1,"losses":0}"#);
    let log = bot.into_log().unwrap();
    assert_eq!(log.text, "goodbye, after 1 messages\n");
}
