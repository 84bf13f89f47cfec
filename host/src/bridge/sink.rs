//! Events of a child as the framework tells of a message that grows.
//!
//! Blocks come one after the other, each with a beginning, pieces and an end, and every event can show the message
//! as it was then. The message is kept once: what an event shows is a length of it, and is put together when
//! somebody looks. So the whole costs what the text costs, however many pieces it came in.

use std::sync::{Arc, Mutex, PoisonError};

use super::event::{FinishReason, NormalizedEvent, ToolCall, Voice};
use super::message::{AssistantMessage, Model, Part, StopReason, Usage};
use super::stream::{StreamEvent, What};

/// Whose answer it is: what every message says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSeed {
    /// The framework's name for how the model is spoken to.
    pub api: String,
    /// Who runs the model.
    pub provider: String,
    /// Its name.
    pub model: String,
    /// When the exchange began, in milliseconds since 1970.
    pub timestamp: u64,
}

impl MessageSeed {
    /// What a model says of itself.
    #[must_use]
    pub fn of(model: &Model, timestamp: u64) -> Self {
        Self {
            api: model.api.clone(),
            provider: model.provider.clone(),
            model: model.id.clone(),
            timestamp,
        }
    }
}

/// Takes what a child did, and gives what the framework tells of it.
#[derive(Debug)]
pub struct Sink {
    grown: Arc<Grown>,
    /// The block under way.
    open: Option<(Voice, usize)>,
    started: bool,
    settled: bool,
    parts: usize,
    /// Bytes of the last part.
    length: usize,
    usage: Usage,
}

/// A message that only grows.
#[derive(Debug)]
struct Grown {
    seed: MessageSeed,
    parts: Mutex<Vec<Grows>>,
}

#[derive(Debug)]
struct Grows {
    part: Part,
    /// Bytes of it that are void, at its end.
    void: usize,
}

impl Grown {
    fn with<T>(&self, look: impl FnOnce(&mut Vec<Grows>) -> T) -> T {
        look(&mut self.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A message as it was at one moment, put together when it is looked at.
#[derive(Debug, Clone)]
pub struct Snapshot {
    grown: Arc<Grown>,
    parts: usize,
    length: usize,
    usage: Usage,
    end: Option<(StopReason, Option<Arc<str>>)>,
}

impl Snapshot {
    /// The message.
    #[must_use]
    pub fn message(&self) -> AssistantMessage {
        let seed = &self.grown.seed;
        let (stop_reason, error) = self.end.clone().unwrap_or_default();
        AssistantMessage {
            content: self.grown.with(|parts| self.content(parts)),
            api: seed.api.clone(),
            provider: seed.provider.clone(),
            model: seed.model.clone(),
            usage: self.usage,
            stop_reason,
            error_message: error.map(|error| error.as_ref().to_owned()),
            timestamp: seed.timestamp,
        }
    }

    fn content(&self, parts: &[Grows]) -> Vec<Part> {
        let mut content = Vec::with_capacity(self.parts);
        for (index, grows) in parts[..self.parts].iter().enumerate() {
            let cut = |text: &String| match (index + 1 == self.parts, self.end.is_some()) {
                // What is void is so in the end; until then it was said.
                (_, true) => text[..text.len() - grows.void].to_owned(),
                (true, false) => text[..self.length].to_owned(),
                (false, false) => text.clone(),
            };
            let part = match &grows.part {
                Part::Text { text } => Part::Text { text: cut(text) },
                Part::Thinking { thinking } => Part::Thinking {
                    thinking: cut(thinking),
                },
                other => other.clone(),
            };
            let is_void = grows.void > 0
                && self.end.is_some()
                && matches!(&part, Part::Text { text: left } | Part::Thinking { thinking: left } if left.is_empty());
            if !is_void {
                content.push(part);
            }
        }
        content
    }
}

impl Sink {
    /// A sink for one exchange.
    #[must_use]
    pub fn new(seed: MessageSeed) -> Self {
        Self {
            grown: Arc::new(Grown {
                seed,
                parts: Mutex::default(),
            }),
            open: None,
            started: false,
            settled: false,
            parts: 0,
            length: 0,
            usage: Usage::default(),
        }
    }

    /// What an event of the child is to the framework: none, one or a few of its own.
    pub fn take(&mut self, event: NormalizedEvent, out: &mut impl Extend<StreamEvent>) {
        if self.settled {
            return;
        }
        match event {
            NormalizedEvent::Text { delta } => self.piece(Voice::Text, delta, out),
            NormalizedEvent::Thinking { delta } => self.piece(Voice::Thinking, delta, out),
            NormalizedEvent::ToolCall { call } => self.tool_call(call, out),
            NormalizedEvent::Finish { reason } => {
                let stop = match reason {
                    FinishReason::Stop => StopReason::Stop,
                    FinishReason::Length => StopReason::Length,
                    FinishReason::ToolUse => StopReason::ToolUse,
                };
                self.settle(What::Done { reason }, stop, None, out);
            }
            NormalizedEvent::Failed { error } => {
                let stop = match error.aborted {
                    true => StopReason::Aborted,
                    false => StopReason::Error,
                };
                self.settle(
                    What::Error {
                        aborted: error.aborted,
                    },
                    stop,
                    Some(error.message.into()),
                    out,
                );
            }
            NormalizedEvent::Break => self.close(out),
            NormalizedEvent::Discard { of, bytes } => self.discard(of, bytes, out),
            NormalizedEvent::Usage { usage, .. } => self.usage = self.usage.plus(&usage),
            // Not the framework's concern: links are kept by the broker, and it has no word for the others.
            NormalizedEvent::Resume { .. }
            | NormalizedEvent::Activity(_)
            | NormalizedEvent::Notice { .. }
            | NormalizedEvent::Unknown { .. } => {}
        }
    }

    fn start(&mut self, out: &mut impl Extend<StreamEvent>) {
        if !self.started {
            self.started = true;
            self.push(What::Start, out);
        }
    }

    fn piece(&mut self, voice: Voice, delta: String, out: &mut impl Extend<StreamEvent>) {
        self.start(out);
        let index = match self.open {
            Some((open, index)) if open == voice => index,
            _ => {
                self.close(out);
                let part = match voice {
                    Voice::Text => Part::Text { text: String::new() },
                    Voice::Thinking => Part::Thinking {
                        thinking: String::new(),
                    },
                };
                let index = self.append(part);
                self.open = Some((voice, index));
                self.push(What::BlockStart { voice, index }, out);
                index
            }
        };
        self.length = self
            .grown
            .with(|parts| match parts.last_mut().map(|last| &mut last.part) {
                Some(Part::Text { text } | Part::Thinking { thinking: text }) => {
                    text.push_str(&delta);
                    text.len()
                }
                _ => 0,
            });
        self.push(What::BlockDelta { voice, index, delta }, out);
    }

    fn tool_call(&mut self, call: ToolCall, out: &mut impl Extend<StreamEvent>) {
        self.start(out);
        self.close(out);
        let index = self.append(Part::ToolCall(call.clone()));
        self.push(What::ToolCallStart { index }, out);
        let delta = call.arguments.compact();
        self.push(What::ToolCallDelta { index, delta }, out);
        self.push(What::ToolCallEnd { index, call }, out);
    }

    fn close(&mut self, out: &mut impl Extend<StreamEvent>) {
        let Some((voice, index)) = self.open.take() else {
            return;
        };
        let content = self
            .grown
            .with(|parts| match parts.last().map(|last| &last.part) {
                Some(Part::Text { text } | Part::Thinking { thinking: text }) => text.clone(),
                _ => String::new(),
            });
        self.push(
            What::BlockEnd {
                voice,
                index,
                content,
            },
            out,
        );
    }

    /// The last bytes of a voice are void. What was told of them stays told; the message in the end lacks them.
    fn discard(&mut self, of: Voice, mut bytes: usize, out: &mut impl Extend<StreamEvent>) {
        self.close(out);
        self.grown.with(|parts| {
            for grows in parts.iter_mut().rev() {
                let text = match (&grows.part, of) {
                    (Part::Text { text }, Voice::Text) => text,
                    (Part::Thinking { thinking }, Voice::Thinking) => thinking,
                    _ => continue,
                };
                let void = bytes.min(text.len() - grows.void);
                // Only whole characters; a dialect never asks for others.
                let end = text.floor_char_boundary(text.len() - grows.void - void);
                bytes -= void;
                grows.void = text.len() - end;
                if bytes == 0 {
                    break;
                }
            }
        });
    }

    fn settle(
        &mut self,
        what: What,
        stop: StopReason,
        error: Option<Arc<str>>,
        out: &mut impl Extend<StreamEvent>,
    ) {
        self.start(out);
        self.close(out);
        self.settled = true;
        let mut snapshot = self.snapshot();
        snapshot.end = Some((stop, error));
        out.extend([StreamEvent::new(what, snapshot)]);
    }

    fn append(&mut self, part: Part) -> usize {
        let index = self.parts;
        self.grown.with(|parts| parts.push(Grows { part, void: 0 }));
        self.parts += 1;
        self.length = 0;
        index
    }

    fn push(&self, what: What, out: &mut impl Extend<StreamEvent>) {
        out.extend([StreamEvent::new(what, self.snapshot())]);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            grown: Arc::clone(&self.grown),
            parts: self.parts,
            length: self.length,
            usage: self.usage,
            end: None,
        }
    }
}
