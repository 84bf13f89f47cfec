//! The calls of a session: each is told once, answered once, and known by name when it is answered again.
//!
//! This file knows calls and times, and nothing of engines.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::mem;
use std::time::Instant;

use serde_json::value::RawValue;

use super::call::{CallFate, CallId, CallRecord, ToolCall, ToolError, ToolResult};
use super::wit::{Answer, Call, WitToolError};
use crate::limits::{PTC_ANSWER_LEVELS, PTC_SHOWN_BYTES, PtcLimits};
use crate::text::bounded;

/// Why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedAnswer {
    /// No call of this number was told.
    #[error("call {0} is unknown: there was none of this number")]
    Unknown(CallId),
    /// The call has its answer.
    #[error("call {0} was answered before")]
    Duplicate(CallId),
    /// The call is over: its time, or its run, is.
    #[error("the answer to call {0} is late: nobody waits for it any more")]
    Late(CallId),
}

/// How an engine breaks the rules of calling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Breach {
    #[error("it used the id {0} for two calls")]
    IdAgain(u32),
    #[error("the arguments of `{tool}` are no JSON object")]
    Arguments { tool: String },
}

#[derive(Debug)]
pub(super) struct Ledger {
    limits: PtcLimits,
    /// The number of the run's first call. Calls below it are of earlier runs.
    first: u64,
    /// The calls of this run, by number.
    calls: Vec<Entry>,
    /// The engine's ids of them.
    engine_ids: HashSet<u32>,
    /// Calls that were not handed out yet, as indices into `calls`.
    queue: VecDeque<usize>,
    /// Calls that are with a tool, in the order in which their time is over.
    with_tool: VecDeque<usize>,
    in_flight: usize,
    /// Answers that the engine has not got yet.
    ready: Vec<(CallId, Answer)>,
    /// When the run began.
    began: Instant,
}

#[derive(Debug)]
struct Entry {
    engine_id: u32,
    tool: String,
    args: Option<Box<RawValue>>,
    argument_bytes: usize,
    state: State,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Queued,
    WithTool {
        since: Instant,
    },
    Over {
        fate: CallFate,
        since: Option<Instant>,
        at: Instant,
    },
}

impl Ledger {
    pub(super) fn new(limits: PtcLimits, now: Instant) -> Self {
        Self {
            limits,
            first: 1,
            calls: Vec::new(),
            engine_ids: HashSet::new(),
            queue: VecDeque::new(),
            with_tool: VecDeque::new(),
            in_flight: 0,
            ready: Vec::new(),
            began: now,
        }
    }

    /// A run begins, with bounds of its own.
    pub(super) fn begin(&mut self, limits: PtcLimits, now: Instant) {
        self.finish(now);
        self.limits = limits;
        self.began = now;
    }

    /// The engine made a call. One that the run may not make is answered here and now; of another, what is to be
    /// handed out is given back.
    pub(super) fn admit(
        &mut self,
        call: Call,
        allowed: &BTreeSet<String>,
        now: Instant,
    ) -> Result<Option<(CallId, &str, &RawValue)>, Breach> {
        let Call { id, tool, args } = call;
        if !self.engine_ids.insert(id) {
            return Err(Breach::IdAgain(id));
        }
        let argument_bytes = args.len();
        let refused = self.refusal(&tool, argument_bytes, allowed);
        let index = self.calls.len();
        let mut entry = Entry {
            engine_id: id,
            tool,
            args: None,
            argument_bytes,
            state: State::Queued,
        };
        match refused {
            None => {
                entry.args = Some(arguments(args).ok_or_else(|| Breach::Arguments {
                    tool: bounded(&entry.tool, PTC_SHOWN_BYTES).into_owned(),
                })?);
                self.queue.push_back(index);
            }
            Some(error) => {
                entry.state = State::Over {
                    fate: CallFate::Refused {
                        error: error.name.clone(),
                    },
                    since: None,
                    at: now,
                };
                let number = CallId(self.first + index as u64);
                self.ready.push((number, answer(id, Err(error))));
            }
        }
        self.calls.push(entry);
        let entry = &self.calls[index];
        let args = entry.args.as_deref();
        Ok(args.map(|args| (CallId(self.first + index as u64), entry.tool.as_str(), args)))
    }

    /// Why the run may not make a call, if it may not.
    fn refusal(&self, tool: &str, bytes: usize, allowed: &BTreeSet<String>) -> Option<ToolError> {
        let limits = &self.limits;
        if !allowed.contains(tool) {
            let tools: Vec<&str> = allowed.iter().map(String::as_str).collect();
            let there = match tools.join(", ") {
                none if none.is_empty() => "it has no tools".to_owned(),
                names => format!("there are {}", bounded(&names, PTC_SHOWN_BYTES)),
            };
            let said = format!(
                "tool '{}' is not on the allow list of this run: {there}",
                bounded(tool, PTC_SHOWN_BYTES)
            );
            return Some(ToolError::new("UnknownToolError", said));
        }
        if self.calls.len() >= limits.calls {
            let said = format!("this run may make {} calls", limits.calls);
            return Some(ToolError::new("CallLimitError", said));
        }
        if bytes > limits.argument_bytes {
            let said = format!(
                "the arguments have {bytes} bytes as JSON, {} are allowed",
                limits.argument_bytes
            );
            return Some(ToolError::new("ArgumentLimitError", said));
        }
        None
    }

    /// The next call for a tool, if one waits and there is room for it.
    pub(super) fn hand_out(&mut self, now: Instant) -> Option<ToolCall> {
        if self.in_flight >= self.limits.calls_in_flight {
            return None;
        }
        let index = self.queue.pop_front()?;
        let entry = &mut self.calls[index];
        entry.state = State::WithTool { since: now };
        self.with_tool.push_back(index);
        self.in_flight += 1;
        Some(ToolCall {
            id: CallId(self.first + index as u64),
            tool: entry.tool.clone(),
            args: entry.args.take().expect("a queued call has its arguments"),
        })
    }

    /// A tool answered.
    pub(super) fn answer(
        &mut self,
        id: CallId,
        outcome: ToolResult,
        now: Instant,
    ) -> Result<(), RefusedAnswer> {
        let Some(index) = id.0.checked_sub(self.first) else {
            return Err(match id.0 {
                0 => RefusedAnswer::Unknown(id),
                _ => RefusedAnswer::Late(id),
            });
        };
        let entry = usize::try_from(index)
            .ok()
            .and_then(|index| self.calls.get_mut(index));
        let Some(entry) = entry else {
            return Err(RefusedAnswer::Unknown(id));
        };
        let since = match &entry.state {
            State::WithTool { since } => *since,
            // Nobody was told of it.
            State::Queued
            | State::Over {
                fate: CallFate::Refused { .. },
                ..
            } => {
                return Err(RefusedAnswer::Unknown(id));
            }
            State::Over {
                fate: CallFate::TimedOut,
                ..
            } => return Err(RefusedAnswer::Late(id)),
            State::Over { .. } => return Err(RefusedAnswer::Duplicate(id)),
        };
        let limit = self.limits.answer_bytes;
        let outcome = match outcome {
            Ok(value) if value.get().len() > limit => Err(ToolError::too_large(value.get().len(), limit)),
            Ok(value) if levels(value.get()) > PTC_ANSWER_LEVELS => Err(ToolError::too_deep()),
            outcome => outcome.map(|value| String::from(Box::<str>::from(value))),
        };
        let fate = match &outcome {
            Ok(value) => CallFate::Answered { bytes: value.len() },
            Err(error) => CallFate::Failed {
                error: bounded(&error.name, PTC_SHOWN_BYTES).into_owned(),
            },
        };
        entry.state = State::Over {
            fate,
            since: Some(since),
            at: now,
        };
        self.in_flight -= 1;
        self.ready.push((id, answer(entry.engine_id, outcome)));
        Ok(())
    }

    /// Answer the calls whose time is over.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(&index) = self.with_tool.front() {
            let entry = &mut self.calls[index];
            if let State::WithTool { since } = entry.state {
                if now < since + self.limits.call_time {
                    return;
                }
                let said = format!("the tool did not answer within {:?}", self.limits.call_time);
                entry.state = State::Over {
                    fate: CallFate::TimedOut,
                    since: Some(since),
                    at: now,
                };
                self.in_flight -= 1;
                let number = CallId(self.first + index as u64);
                let error = ToolError::new("TimeoutError", said);
                self.ready.push((number, answer(entry.engine_id, Err(error))));
            }
            self.with_tool.pop_front();
        }
    }

    /// When the next call's time is over.
    pub(super) fn due(&mut self) -> Option<Instant> {
        while let Some(&index) = self.with_tool.front() {
            if let State::WithTool { since } = self.calls[index].state {
                return Some(since + self.limits.call_time);
            }
            self.with_tool.pop_front();
        }
        None
    }

    /// The answers that the engine has not got yet.
    pub(super) fn take_ready(&mut self) -> Vec<Answer> {
        let ready = mem::take(&mut self.ready).into_iter();
        ready.map(|(_, answer)| answer).collect()
    }

    /// The same, to look at.
    pub(super) fn ready(&self) -> impl Iterator<Item = (CallId, Result<&str, ToolError>)> {
        self.ready.iter().map(|(call, answer)| {
            let outcome = answer.outcome.as_ref().map(String::as_str);
            let error = |error: &WitToolError| ToolError::new(&error.name, &error.message);
            (*call, outcome.map_err(error))
        })
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether a call waits for its tool, or to be handed to it.
    pub(super) fn is_open(&self) -> bool {
        self.in_flight > 0 || !self.queue.is_empty()
    }

    /// The run is over. Answers that come from now on are late.
    pub(super) fn finish(&mut self, now: Instant) -> Vec<CallRecord> {
        let (first, began) = (self.first, self.began);
        self.first += self.calls.len() as u64;
        self.engine_ids.clear();
        self.queue.clear();
        self.with_tool.clear();
        self.in_flight = 0;
        self.ready.clear();
        let calls = mem::take(&mut self.calls).into_iter().enumerate();
        calls
            .map(|(index, entry)| {
                let (fate, since, at) = match entry.state {
                    State::Queued => (CallFate::Pending, None, now),
                    State::WithTool { since } => (CallFate::Pending, Some(since), now),
                    State::Over { fate, since, at } => (fate, since, at),
                };
                CallRecord {
                    id: CallId(first + index as u64),
                    tool: entry.tool,
                    argument_bytes: entry.argument_bytes,
                    fate,
                    began: since.map(|since| since.saturating_duration_since(began)),
                    took: since.map(|since| at.saturating_duration_since(since)),
                }
            })
            .collect()
    }
}

fn answer(id: u32, outcome: Result<String, ToolError>) -> Answer {
    let outcome = outcome.map_err(|ToolError { name, message }| WitToolError { name, message });
    Answer { id, outcome }
}

/// How deep JSON is nested.
fn levels(json: &str) -> usize {
    let (mut level, mut deepest) = (0, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' => level -= 1,
            b'"' => {
                while let Some(within) = bytes.next()
                    && within != b'"'
                {
                    if within == b'\\' {
                        bytes.next();
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// Arguments, if they are an object. They are looked at once and handed on as they are.
fn arguments(args: String) -> Option<Box<RawValue>> {
    let args = RawValue::from_string(args).ok()?;
    args.get().starts_with('{').then_some(args)
}
