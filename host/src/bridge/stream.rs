//! The framework's stream: events of a message that grows, bounded, with one end.
//!
//! The reference keeps every event for ever and shows it to whoever comes late. Here whoever reads takes the
//! events, and the child waits for them; who wants them twice keeps them ([`Kept`]).

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::event::{FinishReason, ToolCall, Voice};
use super::exchange::Exchange;
use super::message::{AssistantMessage, Message};
use super::sink::{Sink, Snapshot};

/// Something that became of a message, and the message as it was then.
#[derive(Debug, Clone)]
pub struct StreamEvent {
    what: What,
    snapshot: Snapshot,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// It began.
    Start,
    /// A block of text or of thoughts began.
    BlockStart {
        /// Which of the two.
        voice: Voice,
        /// Its place among the message's parts.
        index: usize,
    },
    /// A block grew.
    BlockDelta {
        /// Of text or of thoughts.
        voice: Voice,
        /// Its place.
        index: usize,
        /// By what.
        delta: String,
    },
    /// A block is whole.
    BlockEnd {
        /// Of text or of thoughts.
        voice: Voice,
        /// Its place.
        index: usize,
        /// All of it.
        content: String,
    },
    /// A tool call began.
    ToolCallStart {
        /// Its place.
        index: usize,
    },
    /// Arguments of a tool call.
    ToolCallDelta {
        /// Its place.
        index: usize,
        /// The JSON text.
        delta: String,
    },
    /// A tool call is whole.
    ToolCallEnd {
        /// Its place.
        index: usize,
        /// The call.
        call: ToolCall,
    },
    /// The message is whole. The last event.
    Done {
        /// Why.
        reason: FinishReason,
    },
    /// The message stays as it is. The last event.
    Error {
        /// Whether somebody wanted that.
        aborted: bool,
    },
}

impl StreamEvent {
    pub(crate) const fn new(what: What, snapshot: Snapshot) -> Self {
        Self { what, snapshot }
    }

    /// What happened.
    #[must_use]
    pub const fn what(&self) -> &What {
        &self.what
    }

    /// The message as it was then. It is put together for whoever asks.
    #[must_use]
    pub fn message(&self) -> AssistantMessage {
        self.snapshot.message()
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self.what, What::Done { .. } | What::Error { .. })
    }

    /// The framework's name for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match (&self.what, voice(&self.what)) {
            (What::Start, _) => "start",
            (What::BlockStart { .. }, Some(Voice::Thinking)) => "thinking_start",
            (What::BlockStart { .. }, _) => "text_start",
            (What::BlockDelta { .. }, Some(Voice::Thinking)) => "thinking_delta",
            (What::BlockDelta { .. }, _) => "text_delta",
            (What::BlockEnd { .. }, Some(Voice::Thinking)) => "thinking_end",
            (What::BlockEnd { .. }, _) => "text_end",
            (What::ToolCallStart { .. }, _) => "toolcall_start",
            (What::ToolCallDelta { .. }, _) => "toolcall_delta",
            (What::ToolCallEnd { .. }, _) => "toolcall_end",
            (What::Done { .. }, _) => "done",
            (What::Error { .. }, _) => "error",
        }
    }
}

const fn voice(what: &What) -> Option<Voice> {
    match what {
        What::BlockStart { voice, .. } | What::BlockDelta { voice, .. } | What::BlockEnd { voice, .. } => {
            Some(*voice)
        }
        _ => None,
    }
}

/// As the framework writes it, the message included: for one event, not for all of a stream.
impl Serialize for StreamEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("type", self.name())?;
        let message = Message::Assistant(self.message());
        match &self.what {
            What::Start => {}
            What::BlockStart { index, .. } | What::ToolCallStart { index } => {
                map.serialize_entry("contentIndex", index)?;
            }
            What::BlockDelta { index, delta, .. } | What::ToolCallDelta { index, delta } => {
                map.serialize_entry("contentIndex", index)?;
                map.serialize_entry("delta", delta)?;
            }
            What::BlockEnd { index, content, .. } => {
                map.serialize_entry("contentIndex", index)?;
                map.serialize_entry("content", content)?;
            }
            What::ToolCallEnd { index, call } => {
                map.serialize_entry("contentIndex", index)?;
                map.serialize_entry("toolCall", call)?;
            }
            What::Done { reason } => {
                map.serialize_entry("reason", reason)?;
                map.serialize_entry("message", &message)?;
                return map.end();
            }
            What::Error { aborted } => {
                map.serialize_entry("reason", if *aborted { "aborted" } else { "error" })?;
                map.serialize_entry("error", &message)?;
                return map.end();
            }
        }
        map.serialize_entry("partial", &message)?;
        map.end()
    }
}

/// What a stream of the framework's own is: whatever gives its events.
pub type FrameworkEvents = Pin<Box<dyn Stream<Item = StreamEvent> + Send>>;

/// Why a stream has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// It took too long. In the framework's words.
    #[error("Event stream timed out after {}ms", .0.as_millis())]
    TimedOut(Duration),
    /// It ended without an end, as a stream of somebody else's may.
    #[error("the stream ended without a last event")]
    Unended,
}

/// Events of a message that grows, from a child or from the framework.
pub struct EventStream {
    source: Source,
    ready: VecDeque<StreamEvent>,
    over: bool,
}

enum Source {
    Child { exchange: Exchange, sink: Sink },
    Framework(FrameworkEvents),
}

impl EventStream {
    /// Of a child's exchange.
    #[must_use]
    pub const fn of_exchange(exchange: Exchange, sink: Sink) -> Self {
        Self {
            source: Source::Child { exchange, sink },
            ready: VecDeque::new(),
            over: false,
        }
    }

    /// Of the framework itself.
    #[must_use]
    pub const fn of_framework(events: FrameworkEvents) -> Self {
        Self {
            source: Source::Framework(events),
            ready: VecDeque::new(),
            over: false,
        }
    }

    /// The next event; none after the last. May be dropped and called again at any time.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.over |= event.is_terminal();
                return Some(event);
            }
            if self.over {
                return None;
            }
            match &mut self.source {
                Source::Child { exchange, sink } => sink.take(exchange.next().await?, &mut self.ready),
                Source::Framework(events) => self.ready.push_back(events.next().await?),
            }
        }
    }

    /// End it, where a child is behind it: its last event says that it was aborted. The framework's own is ended
    /// by being dropped.
    pub fn cancel(&self) {
        if let Source::Child { exchange, .. } = &self.source {
            exchange.cancel();
        }
    }

    /// Read to the end, and give the message. One that failed is a message as well: it says so.
    ///
    /// # Errors
    ///
    /// Where there is no end.
    pub async fn result(mut self) -> Result<AssistantMessage, StreamError> {
        let mut last = None;
        while let Some(event) = self.next().await {
            if event.is_terminal() {
                last = Some(event);
            }
        }
        last.map(|event| event.message()).ok_or(StreamError::Unended)
    }

    /// The same in a bounded time, after which it is ended.
    ///
    /// # Errors
    ///
    /// Where it takes longer, and where there is no end.
    pub async fn result_within(self, time: Duration) -> Result<AssistantMessage, StreamError> {
        let result = tokio::time::timeout(time, self.result()).await;
        result.unwrap_or(Err(StreamError::TimedOut(time)))
    }

    /// Read to the end, and keep every event.
    pub async fn keep(mut self) -> Kept {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        Kept(events)
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = match &self.source {
            Source::Child { .. } => "child",
            Source::Framework(_) => "framework",
        };
        f.debug_struct("EventStream")
            .field("source", &source)
            .finish_non_exhaustive()
    }
}

/// All events of a stream that is over, to be read as often as one likes. They share one message.
#[derive(Debug, Clone, Default)]
pub struct Kept(Vec<StreamEvent>);

impl Kept {
    /// The events, from the first.
    pub fn iter(&self) -> impl Iterator<Item = &StreamEvent> {
        self.0.iter()
    }

    /// The message that it came to.
    #[must_use]
    pub fn result(&self) -> Option<AssistantMessage> {
        let last = self.0.last().filter(|event| event.is_terminal());
        last.map(StreamEvent::message)
    }
}
