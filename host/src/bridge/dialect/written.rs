//! What goes to a dialect and comes from it, written as JSON: the form that `wit/bridge/dialect.wit` describes. A
//! component is given it and gives it, and so does a process.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Heard, Opening, Said};
use crate::bridge::event::NormalizedEvent;
use crate::limits::MESSAGE_BYTES;
use crate::text::bounded;
use crate::wire::child::{Ending, How};
use crate::wire::json::{self, Json};

impl Opening {
    /// What `open` is called with.
    #[must_use]
    pub fn to_json(&self) -> String {
        let opening = json!({
            "prompt": self.prompt,
            "resume": self.resume,
            "model": self.model,
            "cwd": self.cwd,
            "sessionId": self.session_id,
            "delegate": self.delegate,
        });
        opening.to_string()
    }
}

impl Ending {
    /// What `end` is called with.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (status, signal) = match self.how {
            How::Exited(status) => (Some(status), None),
            How::Signalled(signal) => (None, Some(signal)),
            How::Silent => (None, None),
        };
        json!({ "status": status, "signal": signal, "stderr": self.stderr }).to_string()
    }
}

/// What a dialect answers.
#[derive(Debug, Default)]
pub struct Answer {
    /// What became of a line, where it says so.
    pub heard: Option<Heard>,
    /// The rest.
    pub said: Said,
}

/// A text that is no answer of a dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(String);

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AnswerJson<'a> {
    heard: Option<String>,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    lines: Vec<String>,
    no_more_lines: bool,
}

impl Answer {
    /// The answer that a text is.
    ///
    /// # Errors
    ///
    /// Where it is none, in words that say what of it.
    pub fn read(text: &str) -> Result<Self, NoAnswer> {
        // A list would pass for an object whose members are not named.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(NoAnswer(
                "its answer is none of a dialect: it is no object".to_owned(),
            ));
        }
        let answer: AnswerJson<'_> = serde_json::from_str(text)
            .map_err(|error| NoAnswer(format!("its answer is none of a dialect: {error}")))?;
        let heard = match answer.heard.as_deref() {
            None => None,
            Some("understood") => Some(Heard::Understood),
            Some("unknown") => Some(Heard::Unknown),
            Some("noise") => Some(Heard::Noise),
            Some(other) => {
                let other = bounded(other, MESSAGE_BYTES);
                return Err(NoAnswer(format!("it says `{other}` of a line")));
            }
        };
        if let Some(line) = answer.lines.iter().find(|line| line.contains('\n')) {
            let line = bounded(line, MESSAGE_BYTES);
            return Err(NoAnswer(format!(
                "what it says to the child is more than a line: {line}"
            )));
        }
        let events: Result<_, NoAnswer> = answer.events.into_iter().map(event).collect();
        Ok(Self {
            heard,
            said: Said {
                events: events?,
                lines: answer.lines,
                no_more_lines: answer.no_more_lines,
            },
        })
    }
}

/// An event, the JSON in it as it was written.
fn event(raw: &RawValue) -> Result<NormalizedEvent, NoAnswer> {
    let mut event: NormalizedEvent =
        serde_json::from_str(raw.get()).map_err(|error| NoAnswer(format!("its event is none: {error}")))?;
    match &mut event {
        NormalizedEvent::ToolCall { call } => {
            let [written] = json::of(Some(raw), ["call"]);
            let [arguments] = json::of(written, ["arguments"]);
            call.arguments = arguments.map_or_else(Json::empty_object, Json::from);
        }
        NormalizedEvent::Activity(activity) => {
            let [detail] = json::of(Some(raw), ["detail"]);
            activity.detail = detail.map(Json::from);
        }
        _ => {}
    }
    Ok(event)
}
