//! One exchange as a function: lines in, events out, and exactly one end, whatever the lines.
//!
//! This room sees to what holds for every dialect, so that none has to: nothing is told after the end, the end is
//! told once, and a child that ends out of turn fails with what is known of it. It knows no process.

use serde::Serialize;

use super::dialect::{Dialect, Heard, Said};
use super::event::{BridgeFailure, FailureCode, NormalizedEvent};
use super::spec::Mode;
use crate::limits::{BRIDGE_TEXT_BYTES, MESSAGE_BYTES};
use crate::text::bounded;
use crate::wire::Line;
use crate::wire::child::{EndedBy, Ending};

/// What a child's lines were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineCounts {
    /// All of them, but for empty ones.
    pub lines: u64,
    /// JSON that says what the dialect has no word for.
    pub unknown: u64,
    /// No JSON, or none of the protocol.
    pub noise: u64,
    /// Above the limit, and skipped.
    pub too_long: u64,
    /// No UTF-8.
    pub not_text: u64,
    /// Said after the exchange was over. Of a child that is run those are not heard; a recording may have them.
    pub after_end: u64,
}

/// A child's lines becoming events.
pub struct Translation {
    dialect: Box<dyn Dialect>,
    mode: Mode,
    counts: LineCounts,
    settled: bool,
    /// Whether anything of the answer was told.
    answered: bool,
    /// Bytes of text told.
    bytes: usize,
    /// Whether no block is under way, so that there is none to be broken off.
    blank: bool,
    /// The first line that was no JSON: often it says what is wrong.
    noise: Option<String>,
}

impl Translation {
    /// An exchange that has not begun.
    #[must_use]
    pub fn new(dialect: Box<dyn Dialect>, mode: Mode) -> Self {
        Self {
            dialect,
            mode,
            counts: LineCounts::default(),
            settled: false,
            answered: false,
            bytes: 0,
            blank: true,
            noise: None,
        }
    }

    /// Whether the exchange is over: its last event was told.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether the child said anything that belongs to an answer.
    #[must_use]
    pub const fn has_answered(&self) -> bool {
        self.answered
    }

    /// What the lines were so far.
    #[must_use]
    pub const fn counts(&self) -> LineCounts {
        self.counts
    }

    /// The child is there.
    pub fn open(&mut self) -> Said {
        let mut said = Said::default();
        if !self.settled {
            self.dialect.open(&mut said);
        }
        self.heard(said)
    }

    /// The child said a line.
    pub fn line(&mut self, line: &Line) -> Said {
        self.counts.lines += 1;
        let text = match line {
            Line::Text(text) => text,
            Line::TooLong { .. } => {
                self.counts.too_long += 1;
                return Said::default();
            }
            Line::NotText { .. } => {
                self.counts.not_text += 1;
                return Said::default();
            }
        };
        if self.settled {
            self.counts.after_end += 1;
            return Said::default();
        }
        // A mark of the byte order is one at the beginning of the first line.
        let text = match self.counts.lines {
            1 => text.strip_prefix('\u{feff}').unwrap_or(text),
            _ => text,
        };
        let mut said = Said::default();
        match self.dialect.line(text, &mut said) {
            Heard::Understood => {}
            Heard::Unknown => {
                self.counts.unknown += 1;
                if self.mode == Mode::Faithful {
                    let line = text.to_owned();
                    said.events.push(NormalizedEvent::Unknown { line });
                }
            }
            Heard::Noise => {
                self.counts.noise += 1;
                if self.noise.is_none() {
                    self.noise = Some(bounded(text, MESSAGE_BYTES).into_owned());
                }
            }
        }
        self.heard(said)
    }

    /// The child is gone, or has closed its output.
    pub fn end(&mut self, ending: &Ending) -> Said {
        let mut said = Said::default();
        if !self.settled {
            self.dialect.end(ending, &mut said);
            let error = BridgeFailure::new(FailureCode::ChildEnded, self.out_of_turn(ending));
            said.events.push(NormalizedEvent::Failed { error });
        }
        self.heard(said)
    }

    /// The exchange fails, whatever the child may say. None where it is over.
    pub fn fail(&mut self, error: BridgeFailure) -> Said {
        let mut said = Said::default();
        if !self.settled {
            said.events.push(NormalizedEvent::Failed { error });
        }
        self.heard(said)
    }

    fn out_of_turn(&self, ending: &Ending) -> String {
        let what = match ending.by {
            EndedBy::Itself => "the child ended before it was done",
            EndedBy::Asked | EndedBy::Killed => "the child closed its output before it was done, and stayed",
        };
        let mut message = format!("{what}: {ending}");
        let stderr = ending.stderr.trim();
        if !stderr.is_empty() {
            message += "; its last words on standard error:\n";
            message += stderr;
        }
        if let Some(noise) = &self.noise {
            message += "\nand on standard output, where its protocol was expected:\n";
            message += noise;
        }
        message
    }

    /// What of it is told: nothing after the end, and of the ends the first.
    fn heard(&mut self, mut said: Said) -> Said {
        if self.settled {
            return Said::default();
        }
        if let Some(end) = said.events.iter().position(NormalizedEvent::is_terminal) {
            said.events.truncate(end + 1);
            self.settled = true;
        }
        said.events.retain_mut(|event| self.keeps(event));
        if self.bytes > BRIDGE_TEXT_BYTES && !self.settled {
            self.settled = true;
            let message = format!("the child said more than {BRIDGE_TEXT_BYTES} bytes, more than is held");
            let error = BridgeFailure::new(FailureCode::TooLarge, message);
            said.events.push(NormalizedEvent::Failed { error });
        }
        said
    }

    /// Whether an event says anything, all of them being looked at in order.
    fn keeps(&mut self, event: &mut NormalizedEvent) -> bool {
        match event {
            NormalizedEvent::Text { .. } | NormalizedEvent::Thinking { .. } => {
                self.answered = true;
                self.bytes += event.bytes();
                self.blank = false;
            }
            NormalizedEvent::ToolCall { .. } => {
                self.answered = true;
                self.bytes += event.bytes();
                self.blank = true;
            }
            NormalizedEvent::Break => return !std::mem::replace(&mut self.blank, true),
            NormalizedEvent::Failed { error } if self.mode == Mode::Compat => error.code = None,
            _ => {}
        }
        true
    }
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translation")
            .field("settled", &self.settled)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
