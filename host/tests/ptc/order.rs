//! The order in which answers come changes nothing that code can see.

use std::time::Instant;

use proptest::prelude::*;
use yoi_host::ptc::{Envelope, Progress, ToolCall};

use crate::support::{answers, finished, json, names, run_with, session, value};

/// A program whose calls depend on each other, in one of the ways that calls can.
#[derive(Debug, Clone)]
enum Program {
    Call(u8),
    /// Each after the other.
    Then(Vec<Program>),
    /// All at once.
    Gather(Vec<Program>),
}

impl Program {
    /// As functions of Python; the last is the program.
    fn code(&self) -> String {
        let mut lines = vec!["import asyncio".to_owned()];
        let last = self.define(&mut lines);
        lines.push(format!("await f{last}()"));
        lines.join("\n")
    }

    fn define(&self, lines: &mut Vec<String>) -> usize {
        let mut parts =
            |parts: &[Program]| -> Vec<usize> { parts.iter().map(|part| part.define(lines)).collect() };
        let body = match self {
            Program::Call(n) => format!("return [await tools.f(n={n})]"),
            Program::Then(programs) => {
                let awaits = parts(programs)
                    .iter()
                    .map(|part| format!("await f{part}()"))
                    .collect::<Vec<_>>();
                format!("return [{}]", awaits.join(", "))
            }
            Program::Gather(programs) => {
                let calls = parts(programs)
                    .iter()
                    .map(|part| format!("f{part}()"))
                    .collect::<Vec<_>>();
                format!("return await asyncio.gather({})", calls.join(", "))
            }
        };
        let number = lines.len();
        lines.push(format!("async def f{number}():\n    {body}"));
        number
    }
}

fn program() -> impl Strategy<Value = Program> {
    any::<u8>()
        .prop_map(Program::Call)
        .prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..5).prop_map(Program::Then),
                prop::collection::vec(inner, 1..5).prop_map(Program::Gather),
            ]
        })
}

/// What the tool answers follows from its arguments alone.
fn answer(call: &ToolCall) -> String {
    format!("[{},\"{}\"]", call.args.get(), call.tool)
}

/// Answer in the order that `choices` say: each picks one of the calls that wait, or lets the run go on.
fn interleaved(code: &str, choices: &[prop::sample::Index]) -> Envelope {
    let mut session = session();
    let now = Instant::now();
    let mut progress = session.start(code, &names(&["f"]), now).unwrap();
    let mut waiting: Vec<ToolCall> = Vec::new();
    let mut choices = choices.iter().cycle();
    let mut answered = false;
    while matches!(progress, Progress::Waiting) {
        waiting.extend(std::iter::from_fn(|| session.next_call(now)));
        let choice = choices.next().unwrap();
        // One more than there are: go on with what was answered so far, if anything was.
        let picked = choice.index(waiting.len() + usize::from(answered));
        let goes_on = picked == waiting.len();
        if !goes_on {
            let call = waiting.remove(picked);
            answered = true;
            session.answer(call.id, answers(&answer(&call)), now).unwrap();
            // Whatever is answered again is refused.
            assert!(session.answer(call.id, answers("0"), now).is_err());
        }
        if goes_on || waiting.is_empty() {
            progress = session.go_on(now);
            answered = false;
        }
    }
    assert!(session.next_call(now).is_none(), "no call after the envelope");
    finished(progress)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_order_of_answers_gives_what_answers_one_by_one_give(
        program in program(),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
    ) {
        let code = program.code();
        let sequential = run_with(&mut session(), &code, &["f"], |call| answers(&answer(call)));
        let interleaved = interleaved(&code, &choices);
        prop_assert_eq!(json(&interleaved), json(&sequential));
        // Each call that was told was answered once.
        prop_assert_eq!(interleaved.calls.len(), sequential.calls.len());
    }
}

#[test]
fn twenty_thousand_calls_are_under_way_at_once() {
    let code = "import asyncio\nsum(await asyncio.gather(*[tools.f(n=i) for i in range(20000)]))";
    let mut session = session();
    let now = Instant::now();
    let mut limits = session.limits().clone();
    limits.calls_in_flight = 20_000;
    let progress = session.start_with(code, &names(&["f"]), limits, now).unwrap();
    assert!(matches!(progress, Progress::Waiting));
    let calls: Vec<ToolCall> = std::iter::from_fn(|| session.next_call(now)).collect();
    assert_eq!(calls.len(), 20_000);
    for call in calls.iter().rev() {
        session.answer(call.id, answers("2"), now).unwrap();
    }
    assert_eq!(value(&finished(session.go_on(now))), "40000");
}
