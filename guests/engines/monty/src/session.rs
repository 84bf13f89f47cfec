//! The machine, and what becomes of each of its questions.

use std::collections::{BTreeSet, VecDeque};
use std::mem;

use monty::{MontyRepl, ReplProgress, ReplResolveFutures, ReplStartError};
use monty_types::{
    CompileOptions, ExcType, ExtFunctionResult, MontyException, ResourceLimits, ResourceTracker,
};

use crate::bindings::yoi::ptc::types::{Answer, Call, Outcome, Pause, Step, Uncaught};
use crate::console::{self, Console};
use crate::json;
use crate::os;
use crate::tools::{self, Tools};

/// What the machine calls a script; each run gets a name of its own beside it.
const SCRIPT: &str = "session.py";

/// Allocations of what can be part of a cycle between two searches for cycles that nobody holds.
const ALLOCATIONS_PER_COLLECTION: usize = 100_000;

/// A machine, between runs or in the middle of one.
pub(crate) struct Session {
    machine: Machine,
    tools: Tools,
    /// Where this run's ids begin: the machine counts its calls from nothing in every run, the world for as long
    /// as the engine lives.
    first_id: u32,
    /// Where the next run's begin.
    next_id: u32,
    /// Calls of this run that were told and not answered.
    waiting: BTreeSet<u32>,
    /// Results that the machine has not got yet, by its own ids.
    owed: VecDeque<(u32, ExtFunctionResult)>,
}

enum Machine {
    Idle(MontyRepl),
    Paused(ReplResolveFutures),
    /// For the moment in which it runs: a trap there is the end of the instance.
    Running,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            machine: Machine::Idle(new_machine()),
            tools: Tools::default(),
            first_id: 0,
            next_id: 0,
            waiting: BTreeSet::new(),
            owed: VecDeque::new(),
        }
    }

    pub(crate) fn run(&mut self, code: &str, tools: Vec<String>) -> Step {
        self.abandon();
        self.first_id = self.next_id;
        self.tools = Tools::new(tools);
        let Machine::Idle(machine) = mem::replace(&mut self.machine, Machine::Running) else {
            unreachable!("what was abandoned is idle");
        };
        let inputs = vec![(tools::NAME.to_owned(), self.tools.object())];
        let mut console = Console::default();
        match machine.feed_start(code, inputs, console.writer()) {
            Err(failed) if is_unreadable(&failed.error) => {
                self.machine = Machine::Idle(failed.repl);
                Step::Finished(Outcome::Unreadable(uncaught(&failed.error)))
            }
            progress => self.go_on(progress, &mut console),
        }
    }

    pub(crate) fn resume(&mut self, answers: Vec<Answer>) -> Step {
        let paused = match mem::replace(&mut self.machine, Machine::Running) {
            Machine::Paused(paused) => paused,
            other => {
                self.machine = other;
                return Step::Finished(Outcome::Raised(Uncaught {
                    name: "RuntimeError".to_owned(),
                    message: "nothing is paused that could go on".to_owned(),
                    trace: None,
                }));
            }
        };
        for Answer { id, outcome } in answers {
            // The host has seen to it that there is no other; this keeps a mistake of its from ending the run.
            if self.waiting.remove(&id) {
                self.owed.push_back((id - self.first_id, tools::outcome(outcome)));
            }
        }
        self.go_on(Ok(ReplProgress::ResolveFutures(paused)), &mut Console::default())
    }

    pub(crate) fn abandon(&mut self) {
        let machine = match mem::replace(&mut self.machine, Machine::Running) {
            Machine::Paused(paused) => paused.into_repl(),
            Machine::Idle(machine) => machine,
            Machine::Running => unreachable!("an instance that trapped is not entered again"),
        };
        self.machine = Machine::Idle(machine);
        self.waiting.clear();
        self.owed.clear();
    }

    /// Answer whatever the machine asks until it pauses or ends.
    fn go_on(
        &mut self,
        mut progress: Result<ReplProgress, Box<ReplStartError>>,
        console: &mut Console,
    ) -> Step {
        // Calls that were made and not told yet.
        let mut made: Vec<Call> = Vec::new();
        loop {
            progress = match progress {
                Ok(ReplProgress::FunctionCall(asked)) => {
                    let judged =
                        self.tools
                            .judge(asked.object_id, &asked.function_name, &asked.args, &asked.kwargs);
                    match judged {
                        Ok((tool, args)) => {
                            let id = self.first_id + asked.call_id;
                            self.next_id = self.next_id.max(id + 1);
                            made.push(Call { id, tool, args });
                            asked.resume_pending(console.writer())
                        }
                        Err(raised) => asked.resume(raised, console.writer()),
                    }
                }
                Ok(ReplProgress::NameLookup(asked)) => {
                    let found = self.tools.look_up(asked.object_id(), &asked.name);
                    asked.resume(found, console.writer())
                }
                Ok(ReplProgress::OsCall(asked)) => asked.resume_with(console.writer(), os::answer),
                Ok(ReplProgress::ResolveFutures(paused)) => {
                    let batch = next_batch(&mut self.owed, paused.pending_call_ids());
                    if !batch.is_empty() {
                        paused.resume(batch, console.writer())
                    } else if paused.pending_call_ids().is_empty() {
                        // A future that an earlier run left behind: its call is over, and so is its answer.
                        let said = "cannot await a call of an earlier run".to_owned();
                        let raised = MontyException::new(ExcType::RuntimeError, Some(said));
                        paused.abort(raised, console.writer())
                    } else {
                        self.machine = Machine::Paused(paused);
                        self.waiting.extend(made.iter().map(|call| call.id));
                        return Step::Paused(Pause {
                            calls: made,
                            wake_after: None,
                        });
                    }
                }
                Ok(ReplProgress::Complete { repl, value }) => {
                    let outcome = match json::result(&value) {
                        Ok(value) => Outcome::Value(value),
                        Err(unfit) => Outcome::Raised(uncaught(&MontyException::new(
                            unfit.class(),
                            Some(unfit.to_string()),
                        ))),
                    };
                    return self.finish(repl, &made, outcome);
                }
                Err(failed) => {
                    let ReplStartError { repl, error } = *failed;
                    return self.finish(repl, &made, Outcome::Raised(uncaught(&error)));
                }
            }
        }
    }

    /// The end of a run. Calls that nobody waited for were never told, and so never made.
    fn finish(&mut self, machine: MontyRepl, unmade: &[Call], outcome: Outcome) -> Step {
        for call in unmade {
            console::warn(&format!(
                "RuntimeWarning: coroutine 'tools.{}' was never awaited\n",
                call.tool
            ));
        }
        self.machine = Machine::Idle(machine);
        self.waiting.clear();
        self.owed.clear();
        Step::Finished(outcome)
    }
}

/// The results to hand over next, of those that are owed. Where failures are among them each goes by itself: the
/// machine stalls over two that end the same gather. What nobody waits for any more, since its gather has failed, is
/// dropped.
fn next_batch(
    owed: &mut VecDeque<(u32, ExtFunctionResult)>,
    pending: &[u32],
) -> Vec<(u32, ExtFunctionResult)> {
    let pending: BTreeSet<u32> = pending.iter().copied().collect();
    owed.retain(|(id, _)| pending.contains(id));
    let has_failure = owed
        .iter()
        .any(|(_, result)| matches!(result, ExtFunctionResult::Error(_)));
    let batch = if has_failure { 1 } else { owed.len() };
    owed.drain(..batch).collect()
}

fn new_machine() -> MontyRepl {
    let limits = ResourceLimits::default().gc_interval(ALLOCATIONS_PER_COLLECTION);
    MontyRepl::new(SCRIPT, ResourceTracker::new(limits), CompileOptions::default())
}

fn uncaught(error: &MontyException) -> Uncaught {
    let name = error.exc_type().to_string();
    Uncaught {
        // Without the module, as in `json.JSONDecodeError`.
        name: name.rsplit('.').next().unwrap_or(&name).to_owned(),
        message: error.message().unwrap_or_default().to_owned(),
        trace: (!error.traceback().is_empty()).then(|| error.to_string()),
    }
}

/// Whether an error is of the compiler, which names no frame.
fn is_unreadable(error: &MontyException) -> bool {
    let frames = error.traceback();
    !frames.is_empty() && frames.iter().all(|frame| frame.hide_frame_name)
}
