//! How a transcript is written: one JSON object a line.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::exchange::{Exchange, Header, Refusal, Transcript};
use crate::imports::Import;
use crate::imports::faults::FaultKind;
use crate::limits::{MESSAGE_BYTES, TRANSCRIPT_BYTES, TRANSCRIPT_LINE_BYTES};
use crate::text::bounded;

/// The name and revision of the format.
pub const SCHEMA: &str = "yoikit.transcript/1";

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
    /// A line is longer than any that is written.
    #[error("line {line} has more than {TRANSCRIPT_LINE_BYTES} bytes")]
    Long {
        /// Which, from 1.
        line: u64,
    },
    /// The file is larger than any that is written.
    #[error("it has more than {TRANSCRIPT_BYTES} bytes")]
    Large,
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
    /// The recording was broken off, and what comes next is not known.
    #[error("it breaks off after host call {calls}: its last line, `{{\"end\":{calls}}}`, is not there")]
    BrokenOff {
        /// How many there are.
        calls: usize,
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallLine {
    call: u64,
    import: Import,
    #[serde(default, skip_serializing_if = "is_zero")]
    handle: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    timeout_ms: u32,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    given: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given_bytes: Option<usize>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    answer: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Refusal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<FaultKind>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unseen: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
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

/// The line of the host call that is the run's `call`th.
pub(super) fn call(call: u64, exchange: &Exchange) -> String {
    let given = one_line(&exchange.given);
    line_of(&CallLine {
        call,
        import: exchange.import,
        handle: exchange.handle,
        timeout_ms: exchange.timeout_ms,
        text: (given.is_none() && !exchange.given.is_empty()).then(|| exchange.given.clone()),
        given,
        given_bytes: exchange.given_bytes,
        answer: exchange.outcome.as_ref().ok().map(|answer| {
            // The host's own, and so JSON on one line.
            one_line(answer).unwrap_or_else(|| to_raw_value(answer).expect("text is JSON"))
        }),
        error: exchange.outcome.as_ref().err().cloned(),
        root: exchange.root.clone(),
        fault: exchange.fault,
        unseen: exchange.unseen,
        redacted: exchange.redacted,
    })
}

/// The last line.
pub(super) fn end(calls: u64) -> String {
    line_of(&EndLine { end: calls })
}

fn line_of(line: &impl Serialize) -> String {
    let mut text = serde_json::to_string(line).expect("a line of texts and numbers is JSON");
    text.push('\n');
    text
}

/// The text as it stands, where it is JSON that can stand in a line.
fn one_line(text: &str) -> Option<Box<RawValue>> {
    if text.contains(['\n', '\r']) {
        return None;
    }
    let value = RawValue::from_string(text.to_owned()).ok()?;
    // A value is kept without the blanks around it.
    (value.get() == text).then_some(value)
}

impl Transcript {
    /// Read a transcript. One that was broken off is one as well, as far as it goes: see
    /// [`Transcript::ended`].
    ///
    /// # Errors
    ///
    /// A [`TranscriptError`] that names the line, but [`TranscriptError::BrokenOff`].
    pub fn read(from: impl BufRead) -> Result<Self, TranscriptError> {
        let mut lines = Lines::new(from);
        let Some((_, first)) = lines.next()? else {
            return Err(TranscriptError::Empty);
        };
        let mut transcript = Self {
            header: read_header(&first)?,
            exchanges: Vec::new(),
            ended: false,
        };
        while let Some((line, text)) = lines.next()? {
            if text.is_empty() {
                continue;
            }
            let refused = |reason: String| TranscriptError::Line {
                line,
                reason: bounded(&reason, MESSAGE_BYTES).into_owned(),
            };
            if transcript.ended {
                return Err(refused("nothing follows the line that ends it".to_owned()));
            }
            let calls = transcript.exchanges.len() as u64;
            if let Ok(EndLine { end }) = serde_json::from_str(&text) {
                if end != calls {
                    let reason = format!("it ends after {end} host calls, and has {calls}");
                    return Err(refused(reason));
                }
                transcript.ended = true;
                continue;
            }
            match serde_json::from_str::<CallLine>(&text) {
                Ok(read) => {
                    let expected = calls + 1;
                    transcript
                        .exchanges
                        .push(exchange(read, expected).map_err(refused)?);
                }
                // What a killed run has written last may be the beginning of a line.
                Err(error) if error.is_eof() && lines.is_at_end()? => break,
                Err(error) => return Err(refused(in_line(&error))),
            }
        }
        Ok(transcript)
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
    serde_json::from_str(text).map_err(refused)
}

fn exchange(line: CallLine, expected: u64) -> Result<Exchange, String> {
    if line.call != expected {
        return Err(format!("call {} where call {expected} was to come", line.call));
    }
    let given = match (line.given, line.text) {
        (Some(given), None) => String::from(Box::<str>::from(given)),
        (None, Some(text)) => text,
        (None, None) => String::new(),
        (Some(_), Some(_)) => return Err("a call has `given` or `text`, not both".to_owned()),
    };
    let outcome = match (line.answer, line.error) {
        (Some(answer), None) => Ok(String::from(Box::<str>::from(answer))),
        (None, Some(refusal)) => Err(refusal),
        _ => return Err("a call has either `answer` or `error`".to_owned()),
    };
    Ok(Exchange {
        import: line.import,
        handle: line.handle,
        timeout_ms: line.timeout_ms,
        given,
        given_bytes: line.given_bytes,
        outcome,
        root: line.root,
        fault: line.fault,
        unseen: line.unseen,
        redacted: line.redacted,
    })
}

/// Lines within bounds, with their numbers.
struct Lines<R> {
    from: R,
    line: u64,
    bytes: usize,
}

impl<R: BufRead> Lines<R> {
    fn new(from: R) -> Self {
        Self {
            from,
            line: 0,
            bytes: 0,
        }
    }

    fn next(&mut self) -> Result<Option<(u64, String)>, TranscriptError> {
        let mut bytes = Vec::new();
        let most = TRANSCRIPT_LINE_BYTES as u64 + 1;
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.bytes += read;
        if read > TRANSCRIPT_LINE_BYTES {
            return Err(TranscriptError::Long { line: self.line });
        }
        if self.bytes > TRANSCRIPT_BYTES {
            return Err(TranscriptError::Large);
        }
        let mut text = String::from_utf8(bytes).map_err(|_| TranscriptError::Line {
            line: self.line,
            reason: "it is not UTF-8".to_owned(),
        })?;
        text.truncate(text.trim_end().len());
        Ok(Some((self.line, text)))
    }

    fn is_at_end(&mut self) -> Result<bool, TranscriptError> {
        Ok(self.from.fill_buf()?.is_empty())
    }
}
