//! Monty in this process, without a sandbox around it: the floor under the engine.

use monty::{MontyRepl, ReplProgress};
use monty_types::{
    CompileOptions, ExtFunctionResult, MontyObject, NameLookupResult, PrintWriter, ResourceLimits,
    ResourceTracker,
};

pub(crate) fn fresh() -> MontyRepl {
    let tracker = ResourceTracker::new(ResourceLimits::default());
    MontyRepl::new("bench.py", tracker, CompileOptions::default())
}

/// Run code whose function `f` answers 1, and give the session back.
pub(crate) fn run(session: MontyRepl, code: &str) -> MontyRepl {
    let print = || PrintWriter::Disabled;
    let mut progress = session
        .feed_start(code, Vec::new(), print())
        .unwrap_or_else(|failed| panic!("{}", failed.error));
    loop {
        let next = match progress {
            ReplProgress::Complete { repl, .. } => return repl,
            ReplProgress::NameLookup(asked) => {
                let (name, docstring) = (asked.name.clone(), None);
                let found: NameLookupResult = MontyObject::Function { name, docstring }.into();
                asked.resume(found, print())
            }
            ReplProgress::FunctionCall(asked) => asked.resume_pending(print()),
            ReplProgress::ResolveFutures(paused) => {
                let answers = paused
                    .pending_call_ids()
                    .iter()
                    .map(|id| (*id, ExtFunctionResult::from(MontyObject::Int(1))))
                    .collect();
                paused.resume(answers, print())
            }
            ReplProgress::OsCall(asked) => panic!("it asks for the system: {}", asked.function_call.name()),
        };
        progress = next.unwrap_or_else(|failed| panic!("{}", failed.error));
    }
}
