//! What goes to a dialect and comes from it, written as JSON: the form that `wit/bridge/dialect.wit` describes. A
//! component is given it and gives it, and so does a process.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::{Heard, Opening, Said};
use crate::ending::{EndedBy, Ending, How};
use crate::event::NormalizedEvent;
use crate::json::{self, Json};
use crate::limits::MESSAGE_BYTES;
use crate::message::Cost;
use crate::text::bounded;

/// A text that is none of what a dialect is given or gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotWritten(String);

impl Opening {
    /// What `open` is called with.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("it has no keys but names")
    }

    /// The same, read.
    ///
    /// # Errors
    ///
    /// Where a text is no opening.
    pub fn read(text: &str) -> Result<Self, NotWritten> {
        serde_json::from_str(text).map_err(|error| NotWritten(format!("the opening is none: {error}")))
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct EndingJson {
    status: Option<i32>,
    signal: Option<i32>,
    by: EndedBy,
    stderr: String,
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
        json!({ "status": status, "signal": signal, "by": self.by, "stderr": self.stderr }).to_string()
    }

    /// The same, read.
    ///
    /// # Errors
    ///
    /// Where a text is no ending.
    pub fn read(text: &str) -> Result<Self, NotWritten> {
        let ending: EndingJson =
            serde_json::from_str(text).map_err(|error| NotWritten(format!("the ending is none: {error}")))?;
        Ok(Self {
            how: match (ending.status, ending.signal) {
                (Some(status), _) => How::Exited(status),
                (None, Some(signal)) => How::Signalled(signal),
                (None, None) => How::Silent,
            },
            by: ending.by,
            stderr: ending.stderr,
        })
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AnswerJson<'a> {
    heard: Option<String>,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    lines: Vec<String>,
    no_more_lines: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    heard: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    events: &'a [NormalizedEvent],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    lines: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_more_lines: bool,
}

impl Answer {
    /// What a dialect says, written.
    #[must_use]
    pub fn to_json(&self) -> String {
        let answer = AnswerOut {
            heard: match self.heard {
                None | Some(Heard::Understood) => None,
                Some(Heard::Unknown) => Some("unknown"),
                Some(Heard::Noise) => Some("noise"),
            },
            events: &self.said.events,
            lines: &self.said.lines,
            no_more_lines: self.said.no_more_lines,
        };
        serde_json::to_string(&answer).expect("it has no keys but names")
    }

    /// The answer that a text is.
    ///
    /// # Errors
    ///
    /// Where it is none, in words that say what of it.
    pub fn read(text: &str) -> Result<Self, NotWritten> {
        // A list would pass for an object whose members are not named.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(NotWritten(
                "its answer is none of a dialect: it is no object".to_owned(),
            ));
        }
        let answer: AnswerJson<'_> = serde_json::from_str(text)
            .map_err(|error| NotWritten(format!("its answer is none of a dialect: {error}")))?;
        let heard = match answer.heard.as_deref() {
            None => None,
            Some("understood") => Some(Heard::Understood),
            Some("unknown") => Some(Heard::Unknown),
            Some("noise") => Some(Heard::Noise),
            Some(other) => {
                let other = bounded(other, MESSAGE_BYTES);
                return Err(NotWritten(format!("it says `{other}` of a line")));
            }
        };
        if let Some(line) = answer.lines.iter().find(|line| line.contains('\n')) {
            let line = bounded(line, MESSAGE_BYTES);
            return Err(NotWritten(format!(
                "what it says to the child is more than a line: {line}"
            )));
        }
        let events: Result<_, NotWritten> = answer.events.into_iter().map(event).collect();
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
fn event(raw: &RawValue) -> Result<NormalizedEvent, NotWritten> {
    let mut event: NormalizedEvent =
        serde_json::from_str(raw.get()).map_err(|error| NotWritten(format!("its event is none: {error}")))?;
    match &mut event {
        NormalizedEvent::ToolCall { call } => {
            let [written] = json::of(Some(raw), ["call"]);
            let [arguments] = json::of(written, ["arguments"]);
            call.arguments = arguments.map_or_else(Json::empty_object, Json::from);
        }
        // The parser takes the last digit of a fraction less seriously than whoever wrote it.
        NormalizedEvent::Usage { usage, .. } => {
            let [written] = json::of(Some(raw), ["usage"]);
            let [cost] = json::of(written, ["cost"]);
            let names = ["input", "output", "cacheRead", "cacheWrite", "total"];
            let cost = json::of(cost, names).map(|dollars| dollars.and_then(|it| it.get().parse().ok()));
            let [input, output, cache_read, cache_write, total] = cost.map(Option::unwrap_or_default);
            usage.cost = Cost {
                input,
                output,
                cache_read,
                cache_write,
                total,
            };
        }
        NormalizedEvent::Activity(activity) => {
            let [detail] = json::of(Some(raw), ["detail"]);
            activity.detail = detail.map(Json::from);
        }
        _ => {}
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ToolCall;
    use crate::message::{Context, Usage};

    #[test]
    fn an_opening_survives_being_written() {
        let opening = Opening {
            context: Context::of_prompt("why?"),
            prompt: "why?".to_owned(),
            resume: Some("t".to_owned()),
            used: Some(Usage::of_tokens(1, 2, 3, 4)),
            delegate: Some("d".to_owned()),
            ..Opening::default()
        };
        assert_eq!(Opening::read(&opening.to_json()), Ok(opening));
        assert_eq!(
            Opening::read(r#"{"prompt":"hello","resume":null}"#),
            Ok(Opening {
                prompt: "hello".to_owned(),
                ..Opening::default()
            })
        );
        let refused = Opening::read(r#"{"prompt":1}"#).unwrap_err();
        insta::assert_snapshot!(refused, @"the opening is none: invalid type: integer `1`, expected a string at line 1 column 11");
    }

    #[test]
    fn an_ending_survives_being_written() {
        for how in [How::Exited(1), How::Signalled(9), How::Silent] {
            for by in [EndedBy::Itself, EndedBy::Asked, EndedBy::Killed] {
                let stderr = "oh\nno".to_owned();
                let ending = Ending { how, by, stderr };
                assert_eq!(Ending::read(&ending.to_json()), Ok(ending));
            }
        }
    }

    #[test]
    fn an_answer_is_read_as_it_was_said_to_the_last_digit() {
        let mut usage = Usage::of_tokens(1, 2, 0, 0);
        usage.cost.total = 0.1 + 0.2;
        let written = Json::of_text(r#"{"z": 1.0, "a":"\u00e9"}"#).unwrap();
        let answer = Answer {
            heard: Some(Heard::Unknown),
            said: Said {
                events: vec![
                    NormalizedEvent::ToolCall {
                        call: ToolCall {
                            id: "a".to_owned(),
                            name: "b".to_owned(),
                            arguments: written,
                        },
                    },
                    NormalizedEvent::Usage {
                        usage,
                        whole_conversation: true,
                    },
                ],
                lines: vec!["{}".to_owned()],
                no_more_lines: true,
            },
        };
        let read = Answer::read(&answer.to_json()).unwrap();
        assert_eq!(read.heard, answer.heard);
        assert_eq!(read.said.events, answer.said.events);
        assert_eq!(read.said.lines, answer.said.lines);
        assert!(read.said.no_more_lines);
        assert_eq!(Answer::default().to_json(), "{}");
    }
}
