//! What the framework is told, held against a sink that keeps a copy of the message for every event, as the
//! reference does.

use proptest::prelude::*;

use crate::bridge::{
    AssistantMessage, BridgeFailure, FinishReason, Json, MessageSeed, NormalizedEvent, Part, Sink,
    StopReason, StreamEvent, ToolCall, Usage, Voice, What,
};

fn seed() -> MessageSeed {
    MessageSeed {
        api: "a".to_owned(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        timestamp: 7,
    }
}

fn run(events: impl IntoIterator<Item = NormalizedEvent>) -> Vec<StreamEvent> {
    let mut sink = Sink::new(seed());
    let mut out = Vec::new();
    for event in events {
        sink.take(event, &mut out);
    }
    out
}

fn text(delta: &str) -> NormalizedEvent {
    NormalizedEvent::Text {
        delta: delta.to_owned(),
    }
}

fn finish() -> NormalizedEvent {
    NormalizedEvent::Finish {
        reason: FinishReason::Stop,
    }
}

/// The slow and obvious way: a message that is copied for every event.
#[derive(Default)]
struct Reference {
    parts: Vec<Part>,
    open: Option<Voice>,
    told: Vec<(&'static str, Vec<Part>)>,
    started: bool,
    settled: bool,
}

impl Reference {
    fn push(&mut self, name: &'static str) {
        self.told.push((name, self.parts.clone()));
    }

    fn start(&mut self) {
        if !self.started {
            self.started = true;
            self.push("start");
        }
    }

    fn close(&mut self) {
        match self.open.take() {
            Some(Voice::Text) => self.push("text_end"),
            Some(Voice::Thinking) => self.push("thinking_end"),
            None => {}
        }
    }

    fn take(&mut self, event: &NormalizedEvent) {
        if self.settled {
            return;
        }
        match event {
            NormalizedEvent::Text { delta } => {
                self.start();
                if self.open != Some(Voice::Text) {
                    self.close();
                    self.parts.push(Part::Text { text: String::new() });
                    self.open = Some(Voice::Text);
                    self.push("text_start");
                }
                if let Some(Part::Text { text }) = self.parts.last_mut() {
                    text.push_str(delta);
                }
                self.push("text_delta");
            }
            NormalizedEvent::Thinking { delta } => {
                self.start();
                if self.open != Some(Voice::Thinking) {
                    self.close();
                    self.parts.push(Part::Thinking {
                        thinking: String::new(),
                    });
                    self.open = Some(Voice::Thinking);
                    self.push("thinking_start");
                }
                if let Some(Part::Thinking { thinking }) = self.parts.last_mut() {
                    thinking.push_str(delta);
                }
                self.push("thinking_delta");
            }
            NormalizedEvent::ToolCall { call } => {
                self.start();
                self.close();
                self.parts.push(Part::ToolCall(call.clone()));
                self.push("toolcall_start");
                self.push("toolcall_delta");
                self.push("toolcall_end");
            }
            NormalizedEvent::Finish { .. } => {
                self.start();
                self.close();
                self.settled = true;
                self.push("done");
            }
            NormalizedEvent::Failed { .. } => {
                self.start();
                self.close();
                self.settled = true;
                self.push("error");
            }
            _ => {}
        }
    }
}

fn events() -> impl Strategy<Value = Vec<NormalizedEvent>> {
    let call = ("[a-c]{0,2}", "[a-c]{0,2}").prop_map(|(id, name)| NormalizedEvent::ToolCall {
        call: ToolCall {
            id,
            name,
            arguments: Json::of_text(r#"{ "a" : "é b" }"#).unwrap(),
        },
    });
    let event = prop_oneof![
        6 => "[a-z語]{0,4}".prop_map(|delta| NormalizedEvent::Text { delta }),
        4 => "[a-z語]{0,4}".prop_map(|delta| NormalizedEvent::Thinking { delta }),
        2 => call,
        1 => "[a-z]{0,3}".prop_map(|resume_token| NormalizedEvent::Resume { resume_token }),
        1 => Just(finish()),
        1 => any::<bool>().prop_map(|aborted| NormalizedEvent::Failed {
            error: BridgeFailure { message: "m".to_owned(), aborted, code: None },
        }),
    ];
    prop::collection::vec(event, 0..24)
}

proptest! {
    #[test]
    fn every_snapshot_is_the_message_as_it_was_then(events in events()) {
        let mut reference = Reference::default();
        for event in &events {
            reference.take(event);
        }
        let told: Vec<_> = run(events)
            .iter()
            .map(|event| (event.name(), event.message().content))
            .collect();
        prop_assert_eq!(told, reference.told);
    }

    #[test]
    fn blocks_are_sequential_whole_and_closed_before_the_one_end(events in events()) {
        let mut events = events;
        events.push(finish());
        let told = run(events);
        prop_assert_eq!(told[0].name(), "start");
        prop_assert_eq!(told.iter().filter(|event| event.name() == "start").count(), 1);
        prop_assert_eq!(told.iter().filter(|event| event.is_terminal()).count(), 1);
        let last = told.last().unwrap();
        prop_assert!(last.is_terminal());
        let content = last.message().content;
        let (mut open, mut next, mut said) = (None, 0, String::new());
        for event in &told {
            match event.what() {
                What::BlockStart { index, .. } => {
                    prop_assert_eq!((open, *index), (None, next));
                    open = Some(*index);
                    next += 1;
                    said.clear();
                }
                What::BlockDelta { index, delta, .. } => {
                    prop_assert_eq!(open, Some(*index));
                    said.push_str(delta);
                }
                What::BlockEnd { index, content: whole, .. } => {
                    prop_assert_eq!(open.take(), Some(*index));
                    prop_assert_eq!(&said, whole);
                    let part = match &content[*index] {
                        Part::Text { text } | Part::Thinking { thinking: text } => text,
                        other => panic!("{other:?}"),
                    };
                    prop_assert_eq!(&said, part);
                }
                What::ToolCallStart { index } => {
                    prop_assert_eq!((open, *index), (None, next));
                    next += 1;
                }
                _ => {}
            }
            if !event.is_terminal() {
                prop_assert_eq!(event.message().stop_reason, StopReason::Stop);
            }
        }
        prop_assert_eq!(open, None);
        prop_assert_eq!(content.len(), next);
    }
}

#[test]
fn an_end_without_anything_is_a_start_and_an_empty_message() {
    let told = run([
        NormalizedEvent::Resume {
            resume_token: "t".to_owned(),
        },
        finish(),
    ]);
    let lines: Vec<_> = told
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"type":"start","partial":{"role":"assistant","content":[],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"done","reason":"stop","message":{"role":"assistant","content":[],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    "#);
}

#[test]
fn an_event_is_written_as_the_framework_has_it() {
    let call = ToolCall {
        id: "c".to_owned(),
        name: "f".to_owned(),
        arguments: Json::of_text("{ \"b\": 1.0, \"a\": [] }").unwrap(),
    };
    let aborted = BridgeFailure {
        message: "exchange aborted".to_owned(),
        aborted: true,
        code: None,
    };
    let told = run([
        text("a"),
        NormalizedEvent::ToolCall { call },
        NormalizedEvent::Failed { error: aborted },
    ]);
    let lines: Vec<_> = told
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"type":"start","partial":{"role":"assistant","content":[],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"text_start","contentIndex":0,"partial":{"role":"assistant","content":[{"type":"text","text":""}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"text_delta","contentIndex":0,"delta":"a","partial":{"role":"assistant","content":[{"type":"text","text":"a"}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"text_end","contentIndex":0,"content":"a","partial":{"role":"assistant","content":[{"type":"text","text":"a"}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"toolcall_start","contentIndex":1,"partial":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"toolCall","id":"c","name":"f","arguments":{ "b": 1.0, "a": [] }}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"toolcall_delta","contentIndex":1,"delta":"{\"b\":1.0,\"a\":[]}","partial":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"toolCall","id":"c","name":"f","arguments":{ "b": 1.0, "a": [] }}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"toolcall_end","contentIndex":1,"toolCall":{"id":"c","name":"f","arguments":{ "b": 1.0, "a": [] }},"partial":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"toolCall","id":"c","name":"f","arguments":{ "b": 1.0, "a": [] }}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"stop","timestamp":7}}
    {"type":"error","reason":"aborted","error":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"toolCall","id":"c","name":"f","arguments":{ "b": 1.0, "a": [] }}],"api":"a","provider":"p","model":"m","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"totalTokens":0,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"stopReason":"aborted","errorMessage":"exchange aborted","timestamp":7}}
    "#);
}

fn content(message: &AssistantMessage) -> Vec<&str> {
    let parts = message.content.iter().map(|part| match part {
        Part::Text { text } | Part::Thinking { thinking: text } => text.as_str(),
        _ => "(other)",
    });
    parts.collect()
}

#[test]
fn what_is_void_was_told_and_is_not_in_the_message_in_the_end() {
    let discard = |bytes| NormalizedEvent::Discard {
        of: Voice::Text,
        bytes,
    };
    let thought = NormalizedEvent::Thinking {
        delta: "hm".to_owned(),
    };
    let told = run([
        text("kept"),
        NormalizedEvent::Break,
        text("part"),
        thought,
        text("ial"),
        discard(7),
        text("whole"),
        finish(),
    ]);
    let before = told
        .iter()
        .rev()
        .find(|event| event.name() == "text_end")
        .unwrap()
        .message();
    assert_eq!(content(&before), ["kept", "part", "hm", "ial", "whole"]);
    assert_eq!(content(&told.last().unwrap().message()), ["kept", "hm", "whole"]);
    // A part of a block.
    let told = run([text("keptpart"), discard(4), finish()]);
    assert_eq!(content(&told.last().unwrap().message()), ["kept"]);
}

#[test]
fn usage_adds_up_in_the_message() {
    let usage = |output| NormalizedEvent::Usage {
        usage: Usage::of_tokens(1, output, 0, 0),
        whole_conversation: false,
    };
    let told = run([usage(2), text("a"), usage(3), finish()]);
    assert_eq!(told[0].message().usage.output, 2);
    assert_eq!(told.last().unwrap().message().usage.output, 5);
}

#[test]
fn many_pieces_cost_what_their_text_costs() {
    let mut sink = Sink::new(seed());
    let mut kept = Vec::new();
    for _ in 0..20_000 {
        sink.take(text("twenty bytes of text"), &mut kept);
    }
    sink.take(finish(), &mut kept);
    // Each event holds its own piece and a place in the one message.
    assert!(size_of::<StreamEvent>() <= 320, "{}", size_of::<StreamEvent>());
    assert_eq!(kept.len(), 20_004);
    assert_eq!(kept[10_001].message().text().len(), 20 * 10_000);
    assert_eq!(kept.last().unwrap().message().text().len(), 400_000);
}
