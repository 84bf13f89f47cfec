//! How a transcript is written: one JSON object a line.

use std::io::{self, BufRead};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::super::call::{CallId, ToolError, ToolResult};
use super::{End, Event, Header, Transcript};
use crate::limits::{MESSAGE_BYTES, PTC_TRANSCRIPT_BYTES, PTC_TRANSCRIPT_LINE_BYTES};
use crate::text::bounded;
use crate::wire::{self, LineReader};

/// The name and revision of the format.
pub const SCHEMA: &str = "yoikit.ptc-transcript/1";

/// Why a file is no transcript.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It has nothing in it.
    #[error("the file is empty: a transcript begins with a line that names its schema, `{SCHEMA}`")]
    Empty,
    /// It is something else, or of another revision.
    #[error("line 1: its schema is `{0}`, and not `{SCHEMA}`")]
    Schema(String),
    /// The file is larger than any that is written.
    #[error("it has more than {PTC_TRANSCRIPT_BYTES} bytes")]
    Large,
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The recording was broken off, and what comes next is not known.
    #[error("it breaks off after line {lines}: its last line, `{{\"end\":…}}`, is not there")]
    BrokenOff {
        /// How many there are.
        lines: usize,
    },
}

#[derive(Serialize, Deserialize)]
struct HeaderLine {
    schema: String,
    #[serde(flatten)]
    header: Header,
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: String,
}

/// Any line but the first. The members that are there say which it is.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EventLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ToolError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    woken: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

/// A member that is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(from).map(Some)
}

/// The first line.
pub(super) fn header(header: &Header) -> String {
    line_of(&HeaderLine {
        schema: SCHEMA.to_owned(),
        header: header.clone(),
    })
}

pub(super) fn called(call: CallId, tool: &str, args: &RawValue) -> String {
    line_of(&EventLine {
        call: Some(call.get()),
        tool: Some(tool.to_owned()),
        args: Some(on_one_line(args)),
        ..EventLine::default()
    })
}

pub(super) fn answered(at: u64, call: CallId, outcome: Result<&RawValue, ToolError>) -> String {
    let (value, error) = match outcome {
        Ok(value) => (Some(on_one_line(value)), None),
        Err(error) => (None, Some(error)),
    };
    line_of(&EventLine {
        at: Some(at),
        answered: Some(call.get()),
        value,
        error,
        ..EventLine::default()
    })
}

pub(super) fn woken(at: u64) -> String {
    line_of(&EventLine {
        at: Some(at),
        woken: Some(true),
        ..EventLine::default()
    })
}

/// The last line.
pub(super) fn end(calls: u64, ended: Option<&str>) -> String {
    line_of(&EventLine {
        end: Some(calls),
        ended: ended.map(str::to_owned),
        ..EventLine::default()
    })
}

fn line_of(line: &impl Serialize) -> String {
    let mut text = serde_json::to_string(line).expect("a line of texts and numbers is JSON");
    text.push('\n');
    text
}

/// The same value, on one line. Within JSON a line ends between values only.
fn on_one_line(value: &RawValue) -> Box<RawValue> {
    if !value.get().contains(['\n', '\r']) {
        return value.to_owned();
    }
    let text = value.get().replace(['\n', '\r'], " ");
    RawValue::from_string(text).expect("blanks are as good as ends of lines")
}

impl Transcript {
    /// Read a transcript that is whole.
    ///
    /// # Errors
    ///
    /// A [`TranscriptError`] that names the line.
    pub fn read(from: impl BufRead) -> Result<Self, TranscriptError> {
        let mut lines = LineReader::new(from, PTC_TRANSCRIPT_LINE_BYTES);
        let (mut number, mut bytes, mut calls) = (0, 0, 0);
        let mut transcript: Option<Self> = None;
        while let Some(line) = lines.next_line()? {
            number += 1;
            let refused = |reason: String| TranscriptError::Line {
                line: number,
                reason: bounded(&reason, MESSAGE_BYTES).into_owned(),
            };
            let text = match line {
                wire::Line::Text(text) => text,
                wire::Line::TooLong { .. } => {
                    return Err(refused(format!(
                        "it has more than {PTC_TRANSCRIPT_LINE_BYTES} bytes"
                    )));
                }
                wire::Line::NotText { .. } => return Err(refused("it is not UTF-8".to_owned())),
            };
            bytes += text.len();
            if bytes > PTC_TRANSCRIPT_BYTES {
                return Err(TranscriptError::Large);
            }
            let Some(transcript) = &mut transcript else {
                transcript = Some(Self {
                    header: read_header(&text)?,
                    events: Vec::new(),
                    end: None,
                });
                continue;
            };
            if transcript.end.is_some() {
                return Err(refused("nothing follows the line that ends it".to_owned()));
            }
            let line = match serde_json::from_str::<EventLine>(&text) {
                Ok(line) => line,
                // What a killed run has written last may be the beginning of a line.
                Err(error) if error.is_eof() => return Err(TranscriptError::BrokenOff { lines: number - 1 }),
                Err(error) => return Err(refused(in_line(&error))),
            };
            if let Some(end) = line.end {
                if end != calls {
                    return Err(refused(format!("it ends after {end} calls, and has {calls}")));
                }
                transcript.end = Some(End {
                    calls,
                    ended: line.ended,
                });
                continue;
            }
            let event = event(line).ok_or_else(|| {
                refused("it is neither a call, nor an answer, a timer or the end".to_owned())
            })?;
            calls += u64::from(matches!(event, Event::Called { .. }));
            transcript.events.push(event);
        }
        match transcript {
            None => Err(TranscriptError::Empty),
            Some(Self { end: None, .. }) => Err(TranscriptError::BrokenOff { lines: number }),
            Some(transcript) => Ok(transcript),
        }
    }
}

/// The parser's words, without a number of its own for the line.
fn in_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

fn read_header(text: &str) -> Result<Header, TranscriptError> {
    let refused = |error: serde_json::Error| TranscriptError::Line {
        line: 1,
        reason: in_line(&error),
    };
    let SchemaOnly { schema } = serde_json::from_str(text).map_err(refused)?;
    if schema != SCHEMA {
        return Err(TranscriptError::Schema(
            bounded(&schema, MESSAGE_BYTES).into_owned(),
        ));
    }
    let HeaderLine { header, .. } = serde_json::from_str(text).map_err(refused)?;
    Ok(header)
}

fn event(line: EventLine) -> Option<Event> {
    Some(match line {
        EventLine {
            call: Some(call),
            tool: Some(tool),
            args: Some(args),
            ..
        } => Event::Called {
            call: CallId::new(call),
            tool,
            args,
        },
        EventLine {
            at: Some(at),
            answered: Some(call),
            value,
            error,
            ..
        } => Event::Answered {
            at,
            call: CallId::new(call),
            outcome: outcome(value, error)?,
        },
        EventLine {
            at: Some(at),
            woken: Some(true),
            ..
        } => Event::Woken { at },
        _ => return None,
    })
}

fn outcome(value: Option<Box<RawValue>>, error: Option<ToolError>) -> Option<ToolResult> {
    match (value, error) {
        (Some(value), None) => Some(Ok(value)),
        (None, Some(error)) => Some(Err(error)),
        _ => None,
    }
}
