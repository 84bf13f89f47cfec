//! Calls and answers in any order.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::language::Language;
use super::peer::{Answer, Call, Ran, ran};
use super::target::Lent;
use super::{CALLS, Mark, Marked, PtcTarget, STATE, TASKS};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Context, Stop};

use Mark::{Fix, Match};

pub(super) fn cases() -> Vec<Marked> {
    vec![
        Match.of(Case::must("ptc.order.any-order-gives-the-same-value", TASKS).property(|_| interleaving(), any_order)),
        Match.of(Case::must("ptc.order.each-call-is-told-once", CALLS).property(|_| interleaving(), told_once)),
        Match.of(Case::must("ptc.order.nothing-is-called-after-the-end", TASKS).property(|_| 2..8_usize, after_the_end)),
        Match.of(Case::must("ptc.order.many-calls-at-once", CALLS).example(many)),
        Fix.of(Case::must("ptc.order.blocks-are-one-program", STATE).property(|_| steps(), one_program)),
    ]
}

/// A program whose calls depend on each other, in one of the ways that calls can.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Program {
    Call(u8),
    /// Each after the other.
    Then(Vec<Program>),
    /// All at once.
    Gather(Vec<Program>),
}

/// A program, and by what its answers are chosen: each number picks one of the calls that wait.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Interleaving {
    program: Program,
    picks: Vec<u8>,
}

fn interleaving() -> impl Strategy<Value = Interleaving> {
    let program = any::<u8>()
        .prop_map(Program::Call)
        .prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Program::Then),
                prop::collection::vec(inner, 1..4).prop_map(Program::Gather),
            ]
        });
    (program, prop::collection::vec(any::<u8>(), 1..16))
        .prop_map(|(program, picks)| Interleaving { program, picks })
}

impl Program {
    /// As functions; the last is the program.
    fn code(&self, language: Language) -> String {
        let mut lines = vec![language.form("import asyncio", "").to_owned()];
        let last = self.define(language, &mut lines);
        lines.push(format!("await f{last}()"));
        lines.join("\n")
    }

    fn define(&self, language: Language, lines: &mut Vec<String>) -> usize {
        let mut parts = |parts: &[Self]| -> Vec<String> {
            parts
                .iter()
                .map(|part| format!("f{}()", part.define(language, lines)))
                .collect()
        };
        let body = match self {
            Self::Call(n) => language.form(
                format!("return [await tools.f(n={n})]"),
                format!("return [await tools.f({{n: {n}}})]"),
            ),
            Self::Then(programs) => {
                let awaits: Vec<_> = parts(programs)
                    .iter()
                    .map(|part| format!("await {part}"))
                    .collect();
                format!("return [{}]", awaits.join(", "))
            }
            Self::Gather(programs) => {
                let parts = parts(programs).join(", ");
                language.form(
                    format!("return await asyncio.gather({parts})"),
                    format!("return await Promise.all([{parts}])"),
                )
            }
        };
        let number = lines.len();
        lines.push(language.form(
            format!("async def f{number}():\n    {body}"),
            format!("async function f{number}() {{ {body} }}"),
        ));
        number
    }

    /// How many calls it makes, and what it comes to.
    fn value(&self) -> (usize, String) {
        match self {
            Self::Call(n) => (1, format!("[[{{\"n\":{n}}}]]")),
            Self::Then(programs) | Self::Gather(programs) => {
                let parts: Vec<_> = programs.iter().map(Self::value).collect();
                let calls = parts.iter().map(|(calls, _)| calls).sum();
                let values: Vec<_> = parts.into_iter().map(|(_, value)| value).collect();
                (calls, format!("[{}]", values.join(",")))
            }
        }
    }
}

/// What the tool answers follows from its arguments alone.
fn answer(call: &Call) -> Answer {
    Answer::Value(format!("[{}]", call.args))
}

/// How long nothing has to come until the code is taken to wait. Where it comes later, that is another order, and no
/// worse one.
const QUIET: Duration = Duration::from_millis(3);

/// Run a program with its calls answered as the picks say.
fn interleaved(
    lent: &mut Lent<'_>,
    context: &Context,
    input: &Interleaving,
    twice: bool,
) -> Result<Ran, Stop> {
    let peer = &mut lent.peer;
    let id = peer.start(
        context,
        &input.program.code(peer.language()),
        &["f"],
        &Value::Null,
    )?;
    let (mut calls, mut waiting) = (Vec::new(), Vec::new());
    let mut picks = input.picks.iter().cycle();
    loop {
        let message = match waiting.is_empty() {
            true => Some(peer.next(context)?),
            false => peer.within(context, QUIET)?,
        };
        match message {
            Some(message) => match message.call() {
                Some(call) => {
                    calls.push(call.clone());
                    waiting.push(call);
                }
                None if message.id == Some(id.into()) => return ran(message, calls),
                None => return Err(Stop::fail("a call, or the run's answer", message.text)),
            },
            None => {
                let pick = usize::from(*picks.next().unwrap_or(&0)) % waiting.len();
                let call: Call = waiting.swap_remove(pick);
                peer.answer(context, &call.id, &answer(&call))?;
                if twice {
                    peer.answer(context, &call.id, &Answer::Value("\"again\"".to_owned()))?;
                }
            }
        }
    }
}

fn any_order(target: &PtcTarget, context: &Context, input: &Interleaving) -> Checked {
    let mut lent = target.booted(context)?;
    let (_, wanted) = input.program.value();
    let ran = interleaved(&mut lent, context, input, false)?;
    expect_eq("the value", &Some(wanted.as_str()), &ran.value())?;
    lent.give_back();
    Ok(())
}

fn told_once(target: &PtcTarget, context: &Context, input: &Interleaving) -> Checked {
    let mut lent = target.booted(context)?;
    let (calls, wanted) = input.program.value();
    let ran = interleaved(&mut lent, context, input, true)?;
    expect_eq("the number of calls", &calls, &ran.calls.len())?;
    let names: BTreeSet<_> = ran.calls.iter().map(|call| call.id.to_string()).collect();
    expect_eq("the number of names", &calls, &names.len())?;
    expect_eq("the value", &Some(wanted.as_str()), &ran.value())?;
    lent.peer.settle(context)?;
    lent.give_back();
    Ok(())
}

/// One of many calls fails, and with it the run.
fn after_the_end(target: &PtcTarget, context: &Context, calls: &usize) -> Checked {
    let mut lent = target.booted(context)?;
    let peer = &mut lent.peer;
    let code = peer.language().form(
        format!("import asyncio\nawait asyncio.gather(*[tools.f(n=i) for i in range({calls})])"),
        format!("await Promise.all(Array.from({{length: {calls}}}, (_, i) => tools.f({{n: i}})))"),
    );
    let id = peer.start(context, &code, &["f"], &Value::Null)?;
    let mut waiting = Vec::new();
    while waiting.len() < *calls {
        let message = peer.next(context)?;
        let call = message.call();
        waiting.push(call.ok_or_else(|| Stop::fail(format!("{calls} calls"), message.text))?);
    }
    let Some((first, others)) = waiting.split_first() else {
        return Err(Stop::CouldNotRun("the input asks for no call".to_owned()));
    };
    peer.answer(context, &first.id, &Answer::Fails("ValueError", "no"))?;
    let last = peer.next(context)?;
    expect(
        last.id == Some(id.into()),
        || "the run's answer".to_owned(),
        || last.text.clone(),
    )?;
    let ran = ran(last, Vec::new())?;
    expect(!ran.envelope.ok, || "an error".to_owned(), || ran.text.clone())?;
    for call in others {
        peer.answer(context, &call.id, &answer(call))?;
    }
    peer.settle(context)?;
    lent.give_back();
    Ok(())
}

fn many(target: &PtcTarget, context: &Context) -> Checked {
    const MANY: usize = 500;
    let mut lent = target.booted(context)?;
    let peer = &mut lent.peer;
    let code = peer.language().form(
        format!("import asyncio\nsum(await asyncio.gather(*[tools.f(n=i) for i in range({MANY})]))"),
        format!(
            "var all = await Promise.all(Array.from({{length: {MANY}}}, (_, i) => tools.f({{n: i}})))\n\
             all.reduce((a, b) => a + b)"
        ),
    );
    let id = peer.start(context, &code, &["f"], &Value::Null)?;
    let mut answers = String::new();
    for _ in 0..MANY {
        let message = peer.next(context)?;
        let call = message.call();
        let call =
            call.ok_or_else(|| Stop::fail(format!("{MANY} calls before any is answered"), message.text))?;
        answers += &format!(
            "{{\"type\":\"host_call_result\",\"id\":{},\"ok\":true,\"value\":2}}\n",
            call.id
        );
    }
    peer.say_bytes(answers.into_bytes())?;
    let last = peer.next(context)?;
    expect(
        last.id == Some(id.into()),
        || "the run's answer".to_owned(),
        || last.text.clone(),
    )?;
    let ran = ran(last, Vec::new())?;
    expect_eq("the value", &Some("1000"), &ran.value())?;
    lent.give_back();
    Ok(())
}

/// What a line of a program does to one of four names.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Step {
    name: u8,
    from: u8,
    add: i8,
    /// Whether a block ends with it.
    ends: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..4_u8, 0..4_u8, any::<i8>(), any::<bool>()).prop_map(|(name, from, add, ends)| Step {
        name,
        from,
        add,
        ends,
    });
    prop::collection::vec(step, 1..12)
}

fn one_program(target: &PtcTarget, context: &Context, steps: &Vec<Step>) -> Checked {
    let mut lent = target.booted(context)?;
    let start = lent
        .peer
        .language()
        .form("p0 = p1 = p2 = p3 = 0\n", "var p0 = 0, p1 = 0, p2 = 0, p3 = 0\n");
    let mut block = start.to_owned();
    let mut names = [0_i64; 4];
    for step in steps {
        block += &format!("p{} = p{} + {}\n", step.name, step.from, step.add);
        names[usize::from(step.name)] = names[usize::from(step.from)] + i64::from(step.add);
        if step.ends {
            lent.peer.run(context, &block, &[], |_| Answer::Never)?;
            block.clear();
        }
    }
    // A line of JavaScript that begins like this goes on with the one before.
    block += lent.peer.language().form("[p0, p1, p2, p3]", ";[p0, p1, p2, p3]");
    let ran = lent.peer.run(context, &block, &[], |_| Answer::Never)?;
    let wanted = format!("[{},{},{},{}]", names[0], names[1], names[2], names[3]);
    expect_eq("the value", &Some(wanted.as_str()), &ran.value())?;
    lent.give_back();
    Ok(())
}
