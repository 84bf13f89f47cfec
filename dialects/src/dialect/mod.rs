//! The dialects: what a child agent's lines mean, one file each.
//!
//! A dialect is a function from what it knows and a line to what it knows then, events, and lines to say. It knows
//! no process, no clock and no file. That an exchange ends once, and with one event, is not its business either
//! (whoever runs the child sees to it), so what a dialect says after the end is not heard.

mod app_server;
mod calls;
mod claude;
mod codex;
mod compat;
mod indusagi;
mod items;
mod recent;
mod telling;
mod wire;
mod written;

use serde::{Deserialize, Serialize};

pub use written::{Answer, NotWritten};

use crate::ending::Ending;
use crate::event::{BridgeFailure, FinishReason, NormalizedEvent};
use crate::message::{Context, Usage};
use crate::rpc::{Fault, RpcError, Version};
use crate::spec::{Adapter, Mode};

/// What is known before the first line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Opening {
    /// What is asked, in one text.
    pub prompt: String,
    /// The same as the framework has it, for peers that take it so.
    pub context: Context,
    /// The conversation that is to be taken up again, by the child's own name.
    pub resume: Option<String>,
    /// What that conversation had used when it was last heard of.
    pub used: Option<Usage>,
    /// The model, where the child is not to choose.
    pub model: Option<String>,
    /// The folder that the child works in.
    pub cwd: Option<String>,
    /// Our name for the conversation.
    pub session_id: Option<String>,
    /// Whom the peer is to hand the work on to.
    pub delegate: Option<String>,
}

/// What a dialect has to say.
#[derive(Debug, Default)]
pub struct Said {
    /// What happened.
    pub events: Vec<NormalizedEvent>,
    /// Lines for the child, without their ends.
    pub lines: Vec<String>,
    /// Whether nothing more will be said to the child.
    pub no_more_lines: bool,
}

impl Said {
    fn text(&mut self, delta: impl Into<String>) {
        let delta = delta.into();
        self.events.push(NormalizedEvent::Text { delta });
    }

    fn thinking(&mut self, delta: impl Into<String>) {
        let delta = delta.into();
        self.events.push(NormalizedEvent::Thinking { delta });
    }

    fn resume(&mut self, token: impl Into<String>) {
        let resume_token = token.into();
        self.events.push(NormalizedEvent::Resume { resume_token });
    }

    fn notice(&mut self, message: impl Into<String>) {
        let message = message.into();
        self.events.push(NormalizedEvent::Notice { message });
    }

    fn finish(&mut self, reason: FinishReason) {
        self.events.push(NormalizedEvent::Finish { reason });
    }

    fn failed(&mut self, error: BridgeFailure) {
        self.events.push(NormalizedEvent::Failed { error });
    }
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was understood.
    Understood,
    /// It is JSON, and says what the dialect has no word for.
    Unknown,
    /// It is no JSON, or none that the protocol could have.
    Noise,
}

/// A child agent's way of speaking.
pub trait Dialect: Send {
    /// The child is there: say the first lines.
    fn open(&mut self, said: &mut Said);

    /// The child said a line.
    fn line(&mut self, line: &str, said: &mut Said) -> Heard;

    /// The child has said its last, without having ended the exchange. Where it is known why, say so; what
    /// is left unsaid is told as an end out of turn.
    fn end(&mut self, ending: &Ending, said: &mut Said);
}

/// The dialect of an adapter; none for a mode that it does not have: the reference has three dialects.
#[must_use]
pub fn dialect(adapter: Adapter, mode: Mode, opening: Opening) -> Option<Box<dyn Dialect>> {
    Some(match (mode, adapter) {
        (Mode::Faithful, Adapter::ClaudeCli) => Box::new(claude::Claude::new(opening)),
        (Mode::Faithful, Adapter::CodexCli) => Box::new(codex::Codex::new(opening)),
        (Mode::Faithful, Adapter::CodexAppServer) => Box::new(app_server::AppServer::new(opening)),
        (Mode::Faithful, Adapter::IndusagiCli) => Box::new(indusagi::Indusagi::new(opening)),
        (Mode::Faithful, Adapter::IndusagiWire) => Box::new(wire::Wire::new(opening)),
        (Mode::Compat, Adapter::ClaudeCli) => Box::new(compat::Claude::new(opening)),
        (Mode::Compat, Adapter::CodexCli) => Box::new(compat::Codex::new(opening)),
        (Mode::Compat, Adapter::IndusagiCli) => Box::new(compat::Indusagi::new(opening)),
        (Mode::Compat, Adapter::CodexAppServer | Adapter::IndusagiWire) => return None,
    })
}

/// What becomes of a line that is no message of JSON-RPC. Who has a name for what they asked is told; a log line that
/// strayed between the messages is not worth an answer.
fn no_message(fault: Fault, version: Version, line: &str, said: &mut Said) -> Heard {
    if fault.error.code == RpcError::PARSE || !line.trim_ascii_start().starts_with('{') {
        return Heard::Noise;
    }
    if fault.id.is_some() {
        said.lines.push(fault.line(version));
    }
    Heard::Unknown
}

/// Usage that a child counts up, told as differences.
#[derive(Debug, Default)]
struct Meter {
    told: Usage,
    /// Whether what was used before is not known, so that the first difference is the whole.
    blind: bool,
}

impl Meter {
    fn from(opening: &Opening) -> Self {
        Self {
            told: opening.used.unwrap_or_default(),
            blind: opening.resume.is_some() && opening.used.is_none(),
        }
    }

    /// The child counts in a conversation that nothing is known of.
    fn of_another_conversation() -> Self {
        Self {
            told: Usage::default(),
            blind: true,
        }
    }

    /// The child counts so much by now.
    fn reads(&mut self, total: Usage, said: &mut Said) {
        let usage = total.since(&self.told);
        self.told = total;
        if !usage.is_nothing() {
            said.events.push(NormalizedEvent::Usage {
                usage,
                whole_conversation: std::mem::take(&mut self.blind),
            });
        }
    }
}
