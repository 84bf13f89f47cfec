//! Monty in this process, without a sandbox around it: the floor under the engine.

use monty::{MontyRepl, ReplProgress};
use monty_types::{
    CompileOptions, ExtFunctionResult, MontyObject, NameLookupResult, PrintWriter, ResourceLimits,
    ResourceTracker,
};

use crate::table::spread;
use crate::{CALLS, GATHERED};

pub(crate) fn table() {
    println!("\nmonty, native");
    spread("fresh session and 1+1", 1000, 1, None, || run(fresh(), "1+1"));
    let mut warm = Some(fresh());
    let mut again = |code: &str| warm = Some(run(warm.take().expect("it is idle"), code));
    spread("1+1 in a warm session", 1000, 1, None, || again("1+1"));
    spread("a run with one call", 1000, 1, None, || again("await f(n=1)"));
    let code = format!("n = 0\nfor i in range({CALLS}):\n    n += await f(n=i)\nn");
    spread("each of 200 calls in a loop", 50, CALLS, None, || again(&code));
    let code = format!("import asyncio\nsum(await asyncio.gather(*[f(n=i) for i in range({GATHERED})]))");
    spread("20,000 calls at once", 5, 1, None, || run(fresh(), &code));
}

fn fresh() -> MontyRepl {
    let tracker = ResourceTracker::new(ResourceLimits::default());
    MontyRepl::new("bench.py", tracker, CompileOptions::default())
}

/// Run code whose function `f` answers 1, and give the session back.
fn run(session: MontyRepl, code: &str) -> MontyRepl {
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
