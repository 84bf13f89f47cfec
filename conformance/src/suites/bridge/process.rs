//! A dialect that is a process: the wire `yoikit.dialect/1`.
//!
//! A dialect in any language, without a component: a program that reads lines of JSON and answers each with one. What it
//! is told and what it answers is that of the world in `wit/bridge/dialect.wit`: its three functions are three members,
//! `open`, `line` and `end`. `docs/dialects.md` describes it for whoever writes one, and `guests/process/dialect.py` is one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use yoi_host::bridge::{Answer, BridgeFailure, Dialect, FailureCode, Heard, NormalizedEvent, Opening, Said};
use yoi_host::wire::child::Ending;

use crate::context::OnInterrupt;
use crate::limits::{ADAPTER_BREAKS, PROCESS_CALL_TIME};
use crate::target::{Child, ChildError};
use crate::{Context, Stop};

/// What it is told that it is spoken to in.
pub const PROTOCOL: &str = "yoikit.dialect/1";

/// A program that is a dialect, started for every exchange.
#[derive(Debug, Clone)]
pub struct ProcessDialect {
    program: String,
    arguments: Vec<String>,
    /// How long it may take for an answer.
    patience: Duration,
    known: Arc<Mutex<Known>>,
}

/// What is known of all processes of a command.
#[derive(Debug, Default)]
struct Known {
    /// Whether any of them has answered anything.
    has_worked: bool,
    /// How many broke before one had, and how the last did.
    breaks: u32,
    last: String,
}

impl ProcessDialect {
    /// The program that a command names, which is not empty.
    #[must_use]
    pub fn of(command: &[String]) -> Self {
        let (program, arguments) = command.split_first().expect("a command has a program");
        Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            patience: PROCESS_CALL_TIME,
            known: Arc::default(),
        }
    }

    /// A process for one exchange.
    pub(super) fn dialect(&self, context: &Context, opening: &Opening) -> Result<Asked, Stop> {
        self.is_worth_a_try()?;
        let started = Child::spawn(&self.program, &self.arguments);
        let child = started.map_err(|error| Stop::CouldNotRun(error.to_string()))?;
        let ender = child.ender();
        Ok(Asked {
            hook: context.on_interrupt(move || ender.end()),
            context: context.clone(),
            opening: opening.to_json(),
            child: Some(child),
            patience: self.patience,
            known: Arc::clone(&self.known),
        })
    }

    /// A program that is no dialect at all breaks in every case, and says nothing about any.
    fn is_worth_a_try(&self) -> Result<(), Stop> {
        let known = lock(&self.known);
        if known.has_worked || known.breaks < ADAPTER_BREAKS {
            return Ok(());
        }
        Err(Stop::CouldNotRun(format!(
            "{}; it broke {ADAPTER_BREAKS} times before it answered anything, and is not tried again",
            known.last
        )))
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process that is asked. It is ended with the exchange.
pub(super) struct Asked {
    #[expect(dead_code, reason = "ends the process while it is there")]
    hook: OnInterrupt,
    context: Context,
    opening: String,
    /// None after it failed: nothing is asked of it any more.
    child: Option<Child>,
    patience: Duration,
    known: Arc<Mutex<Known>>,
}

impl Asked {
    fn ask(&mut self, message: &Value, said: &mut Said) -> Option<Heard> {
        let child = self.child.as_mut()?;
        let answer = child
            .send(message)
            .and_then(|()| child.receive_line(self.patience));
        let answer = answer.map_err(|error| {
            if matches!(error, ChildError::Silent { .. }) {
                self.context.hung();
            }
            error.to_string()
        });
        // What a tool is called with counts as it was written.
        let answer = answer.and_then(|line| {
            let text = String::from_utf8(line).map_err(|_| "its answer is no UTF-8".to_owned())?;
            Answer::read(&text).map_err(|error| error.to_string())
        });
        match answer {
            Ok(answer) => {
                lock(&self.known).has_worked = true;
                *said = answer.said;
                answer.heard
            }
            Err(words) => {
                self.child = None;
                let mut known = lock(&self.known);
                known.breaks += 1;
                known.last.clone_from(&words);
                said.events.push(NormalizedEvent::Failed {
                    error: BridgeFailure {
                        message: format!("the dialect failed: {words}"),
                        aborted: false,
                        code: Some(FailureCode::Dialect),
                    },
                });
                None
            }
        }
    }
}

impl Dialect for Asked {
    fn open(&mut self, said: &mut Said) {
        let opening = json_of(&self.opening);
        self.ask(&json!({"protocol": PROTOCOL, "open": opening}), said);
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        self.ask(&json!({ "line": line }), said)
            .unwrap_or(Heard::Understood)
    }

    fn end(&mut self, ending: &Ending, said: &mut Said) {
        let ending = json_of(&ending.to_json());
        self.ask(&json!({ "end": ending }), said);
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
