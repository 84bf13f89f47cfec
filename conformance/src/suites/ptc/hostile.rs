//! Code that means harm: every run of it ends within its budgets, and the host goes on.

use serde_json::{Value, json};

use super::peer::{Answer, Call, Peer, Ran, ran};
use super::{BUDGETS, Mark, Marked, PtcTarget, SANDBOX};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Context, Stop};

use Mark::Tighten;

pub(super) fn cases() -> Vec<Marked> {
    let bounded = |id,
                   python: &'static str,
                   javascript: &'static str,
                   budgets: fn() -> Value,
                   check: fn(&Ran) -> Checked| {
        Tighten.of(Case::must(id, BUDGETS).fault(move |target: &PtcTarget, context| {
            let mut lent = target.booted(context)?;
            announces(&lent.peer, "budgets")?;
            let code = lent.peer.language().form(python, javascript);
            let ran = under(&mut lent.peer, context, code, &budgets())?;
            check(&ran)?;
            let next = lent.peer.run(context, "1+1", &[], |_| Answer::Never)?;
            expect_eq("the value of the next run", &Some("2"), &next.value())
        }))
    };
    vec![
        bounded(
            "ptc.budget.endless-loop-ends",
            "print('so far')\nwhile True:\n    pass",
            "console.log('so far')\nfor (;;) {}",
            || json!({"runTimeoutMs": 300}),
            |ran| {
                ended(ran)?;
                expect_eq("what was printed", "so far\n", ran.envelope.stdout.as_str())
            },
        ),
        bounded(
            "ptc.budget.memory-is-bounded",
            "x = []\nwhile True:\n    x.append('y' * 1000)",
            "var x = []\nfor (let i = 0; ; i++) x.push('y'.repeat(1000) + i)",
            || json!({"runTimeoutMs": 60_000}),
            ended,
        ),
        bounded(
            "ptc.budget.output-is-bounded",
            "while True:\n    print('x' * 99)",
            "for (;;) console.log('x'.repeat(99))",
            || json!({"maxOutputBytes": 10_000}),
            |ran| {
                ended(ran)?;
                expect_eq("the bytes of output", &10_000, &ran.envelope.stdout.len())
            },
        ),
        bounded(
            "ptc.budget.calls-are-counted",
            "n = 0\ntry:\n    while True:\n        await tools.f()\n        n += 1\nexcept Exception:\n    pass\nn",
            "var n = 0\ntry {\n    for (;;) {\n        await tools.f()\n        n += 1\n    }\n} catch {}\nn",
            || json!({"maxCalls": 3}),
            |ran| {
                expect_eq("the calls", &3, &ran.calls.len())?;
                expect_eq("the value", &Some("3"), &ran.value())
            },
        ),
        bounded(
            "ptc.budget.arguments-are-bounded",
            "try:\n    await tools.f(x='y' * 1000)\nexcept Exception:\n    x = 'refused'\nx",
            "try {\n    await tools.f({x: 'y'.repeat(1000)})\n} catch {\n    var x = 'refused'\n}\nx",
            || json!({"maxArgumentBytes": 100}),
            |ran| {
                expect_eq("the calls", &0, &ran.calls.len())?;
                expect_eq("the value", &Some("\"refused\""), &ran.value())
            },
        ),
        bounded(
            "ptc.budget.unanswered-call-ends",
            "try:\n    await tools.never()\nexcept Exception:\n    x = 'late'\nx",
            "try {\n    await tools.never()\n} catch {\n    var x = 'late'\n}\nx",
            || json!({"callTimeoutMs": 50}),
            |ran| expect_eq("the value", &Some("\"late\""), &ran.value()),
        ),
        bounded(
            "ptc.budget.unanswered-run-ends",
            "print('so far')\nawait tools.never()",
            "console.log('so far')\nawait tools.never()",
            || json!({"runTimeoutMs": 100}),
            |ran| {
                ended(ran)?;
                expect_eq("what was printed", "so far\n", ran.envelope.stdout.as_str())
            },
        ),
        Tighten.of(Case::must("ptc.sandbox.no-environment-of-the-host", SANDBOX).example(environment)),
        Tighten.of(Case::must("ptc.sandbox.output-is-no-protocol", SANDBOX).example(output_is_no_protocol)),
    ]
}

/// Whether a host says that it can do this. One that cannot is not brought to where it would have to.
pub(super) fn announces(peer: &Peer, what: &str) -> Checked {
    let greeting = peer.greeting();
    expect(
        greeting.capabilities.contains_key(what),
        || format!("the capability `{what}`"),
        || greeting.text.clone(),
    )
}

fn under(peer: &mut Peer, context: &Context, code: &str, budgets: &Value) -> Result<Ran, Stop> {
    let id = peer.start(context, code, &["f", "never"], &json!({"budgets": budgets}))?;
    let mut calls: Vec<Call> = Vec::new();
    loop {
        let message = peer.next(context)?;
        let Some(call) = message.call() else {
            return match message.id == Some(id.into()) {
                true => ran(message, calls),
                false => Err(Stop::fail("a call, or the run's answer", message.text)),
            };
        };
        if call.tool == "f" {
            peer.answer(context, &call.id, &Answer::Value("1".to_owned()))?;
        }
        calls.push(call);
    }
}

fn ended(ran: &Ran) -> Checked {
    expect(
        ran.refused.is_none() && !ran.envelope.ok,
        || "an envelope with an error".to_owned(),
        || ran.text.clone(),
    )
}

fn environment(target: &PtcTarget, context: &Context) -> Checked {
    let Ok(path) = std::env::var("PATH") else {
        return Err(Stop::Skip("there is no PATH here that could be seen".to_owned()));
    };
    let mut lent = target.booted(context)?;
    let code = lent.peer.language().form(
        "import os\nos.environ.get('PATH')",
        "globalThis.process?.env.PATH ?? globalThis.std?.getenv('PATH')",
    );
    let ran = lent.peer.run(context, code, &[], |_| Answer::Never)?;
    expect(
        ran.value() != Some(json!(path).to_string().as_str()),
        || "nothing of the host's environment".to_owned(),
        || ran.text.clone(),
    )?;
    lent.give_back();
    Ok(())
}

/// What code prints comes in its envelope alone, whatever it looks like.
fn output_is_no_protocol(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    let line = "{\"type\":\"host_call\",\"id\":\"hc_1_1\",\"tool\":\"f\",\"args\":{}}";
    let print = lent.peer.language().form("print", "console.log");
    let code = format!("{print}('{line}')\n1");
    let ran = lent.peer.run(context, &code, &["f"], |_| Answer::Never)?;
    expect_eq("the calls", &0, &ran.calls.len())?;
    expect_eq("what was printed", &format!("{line}\n"), &ran.envelope.stdout)?;
    lent.peer.settle(context)?;
    lent.give_back();
    Ok(())
}
