//! The protocol: lines, requests, calls, and how it ends.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::language::Language;
use super::peer::{Answer, Message, Peer, ran};
use super::{CALLS, END, FRAMING, Mark, Marked, PtcTarget, REQUESTS, RUNS};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Context, Stop};

use Mark::{Fix, Match, Tighten};

pub(super) fn cases() -> Vec<Marked> {
    vec![
        Match.of(Case::must("ptc.wire.greets-first", FRAMING).example(greets)),
        Match.of(Case::must("ptc.wire.blank-lines-are-nothing", FRAMING).example(blanks)),
        Match.of(Case::must("ptc.wire.lines-may-end-with-cr", FRAMING).example(cr)),
        Match.of(Case::must("ptc.wire.no-json-is-answered", FRAMING).example(no_json)),
        Match.of(Case::must("ptc.wire.last-line-needs-no-end", FRAMING).example(last_line)),
        Match.of(Case::must("ptc.wire.large-lines-are-read", FRAMING).example(large)),
        Match.of(Case::must("ptc.wire.no-line-ends-it", FRAMING).property(|_| lines(), no_line_ends_it)),
        Match.of(Case::must("ptc.request.id-comes-back", REQUESTS).example(ids)),
        Match.of(Case::must("ptc.request.unknown-method-is-told", REQUESTS).example(unknown)),
        Match.of(Case::must("ptc.request.init", REQUESTS).example(init)),
        Match.of(Case::must("ptc.request.params-are-checked", REQUESTS).example(params)),
        Match.of(Case::must("ptc.request.more-params-are-nothing", REQUESTS).example(more_params)),
        Fix.of(Case::must("ptc.request.failure-has-a-code", REQUESTS).example(code)),
        Match.of(Case::must("ptc.call.is-told-with-its-arguments", CALLS).example(told)),
        Match.of(Case::must("ptc.call.all-are-told-before-any-is-answered", CALLS).example(all_told)),
        Match.of(Case::must("ptc.call.first-answer-counts", CALLS).example(first_answer)),
        Match.of(Case::must("ptc.call.answer-for-nobody-harms-nothing", CALLS).example(nobody)),
        Match.of(Case::must("ptc.call.names-are-not-used-again", CALLS).example(names)),
        Fix.of(Case::must("ptc.call.names-its-request", CALLS).example(names_its_request)),
        Match.of(Case::must("ptc.runs.others-are-served-meanwhile", RUNS).example(meanwhile)),
        Fix.of(Case::must("ptc.runs.two-at-once", RUNS).example(two_at_once)),
        Match.of(Case::must("ptc.end.close-is-answered-last", END).example(close)),
        Match.of(Case::must("ptc.end.input-is-over", END).example(eof)),
        Fix.of(Case::must("ptc.end.waiting-run-is-answered", END).fault(waiting_run)),
        Fix.of(Case::must("ptc.end.close-answers-waiting-runs", END).fault(close_waiting)),
        Tighten.of(Case::must("ptc.end.cancel-ends-a-run", END).fault(cancel)),
    ]
}

/// Something that leaves the host as it was.
fn with(target: &PtcTarget, context: &Context, steps: impl FnOnce(&mut Peer) -> Checked) -> Checked {
    let mut lent = target.booted(context)?;
    steps(&mut lent.peer)?;
    lent.peer.settle(context)?;
    lent.give_back();
    Ok(())
}

fn member(message: &Message, wanted: &str, found: bool) -> Result<(), Stop> {
    expect(found, || wanted.to_owned(), || message.text.clone())
}

fn goes_on(peer: &mut Peer, context: &Context) -> Checked {
    let ran = peer.run(context, "1+1", &[], |_| Answer::Never)?;
    expect_eq("the value of 1+1", &Some("2"), &ran.value())
}

fn greets(target: &PtcTarget, context: &Context) -> Checked {
    let lent = target.fresh(context)?;
    let greeting = lent.peer.greeting();
    let is_ack = greeting.kind.as_deref() == Some("ack")
        && greeting.capabilities.get("host_call") == Some(&json!("v1"));
    member(greeting, "a greeting with the capability host_call", is_ack)
}

fn blanks(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        peer.say(context, "")?;
        peer.say(context, "  \t ")?;
        goes_on(peer, context)
    })
}

fn cr(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        peer.say(context, "{\"id\":\"cr\",\"method\":\"fly\"}\r")?;
        let answer = peer.next(context)?;
        member(
            &answer,
            "an answer to the request cr",
            answer.id == Some(json!("cr")),
        )
    })
}

fn no_json(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        for line in ["nonsense", "{", "{} {}", "\u{feff}{}"] {
            peer.say(context, line)?;
            let answer = peer.next(context)?;
            let said = answer.error.as_ref().and_then(Value::as_str).unwrap_or_default();
            let as_asked = answer.ok == Some(false)
                && answer.text.contains("\"id\":null")
                && said.starts_with("invalid JSON on stdin: ");
            member(
                &answer,
                "a failure with id null and `invalid JSON on stdin: …`",
                as_asked,
            )?;
        }
        goes_on(peer, context)
    })
}

fn last_line(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    lent.peer
        .say_bytes(b"{\"id\":\"last\",\"method\":\"fly\"}".to_vec())?;
    lent.peer.say_no_more();
    let answer = lent.peer.next(context)?;
    member(
        &answer,
        "an answer to the request last",
        answer.id == Some(json!("last")),
    )
}

fn large(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let text = "x".repeat(300_000);
        let code = peer
            .language()
            .form(format!("len('{text}')"), format!("'{text}'.length"));
        let ran = peer.run(context, &code, &[], |_| Answer::Never)?;
        expect_eq("the value", &Some("300000"), &ran.value())
    })
}

/// Lines of anything. None of them is a whole request to close.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let of = |text: &'static str| Just(text.to_owned());
    let line = prop_oneof![
        "\\PC{0,40}",
        "(\\{|\\[|\"|,|:|[0-9]|null|true|\\}|\\]){0,24}",
        of("{\"type\":\"host_call_result\""),
        of("{\"type\":\"host_call_result\",\"id\":{}}"),
        of("{\"id\":\"x\",\"method\":\"runPtc\",\"params\":{\"code\":1}}"),
        of("{\"id\":\"x\",\"method\":[\"close\"]}"),
    ];
    prop::collection::vec(line, 0..8)
}

fn no_line_ends_it(target: &PtcTarget, context: &Context, lines: &Vec<String>) -> Checked {
    let mut lent = target.booted(context)?;
    for line in lines {
        lent.peer.say(context, line)?;
    }
    // A host of another language may read `id` or `method` in what looks like none.
    let id = lent.peer.start(context, "1+1", &[], &Value::Null)?;
    loop {
        let answer = lent.peer.next(context)?;
        if answer.id == Some(id.into()) {
            let ran = ran(answer, Vec::new())?;
            expect_eq("the value of 1+1", &Some("2"), &ran.value())?;
            lent.give_back();
            return Ok(());
        }
    }
}

fn ids(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        for id in ["1", "\"a\"", "null", "{\"b\":1,\"a\":[2]}"] {
            peer.say(context, &format!("{{\"id\":{id},\"method\":\"fly\"}}"))?;
            let answer = peer.next(context)?;
            member(
                &answer,
                &format!("the id {id}"),
                answer.text.contains(&format!("\"id\":{id}")),
            )?;
        }
        Ok(())
    })
}

fn unknown(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        for (line, name) in [
            ("{\"id\":\"u\",\"method\":\"fly\"}", "fly"),
            ("{\"id\":\"u\"}", "undefined"),
            ("42", "undefined"),
            ("[]", "undefined"),
            ("{\"type\":\"ack\"}", "undefined"),
        ] {
            peer.say(context, line)?;
            let answer = peer.next(context)?;
            let wanted = format!("unknown method: {name}");
            let told = answer.ok == Some(false) && answer.error == Some(json!(wanted));
            member(&answer, &wanted, told)?;
        }
        Ok(())
    })
}

fn init(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.fresh(context)?;
    let answer = lent.peer.ask(context, "init", &json!({}))?;
    let result: Option<Value> = answer
        .result
        .as_ref()
        .and_then(|result| serde_json::from_str(result.get()).ok());
    let wanted = json!({"events": [{"Version": "0.1.0"}], "version": "0.1.0"});
    member(&answer, &wanted.to_string(), result == Some(wanted.clone()))
}

fn params(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        for (params, wanted) in [
            (json!({}), "runPtc requires `code` (string)"),
            (json!({"code": 7}), "runPtc requires `code` (string)"),
            (json!([1]), "runPtc requires `code` (string)"),
            (
                json!({"code": "1", "tools": null}),
                "runPtc `tools` must be an array of names",
            ),
            (
                json!({"code": "1", "tools": "f"}),
                "runPtc `tools` must be an array of names",
            ),
        ] {
            let answer = peer.ask(context, "runPtc", &params)?;
            let told = answer.ok == Some(false) && answer.error == Some(json!(wanted));
            member(&answer, wanted, told)?;
        }
        Ok(())
    })
}

fn more_params(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let answer = peer.ask(context, "runPtc", &json!({"code": "1", "brand_new": [1]}))?;
        let ran = ran(answer, Vec::new())?;
        expect_eq("the value", &Some("1"), &ran.value())
    })
}

fn code(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let answer = peer.ask(context, "fly", &json!({}))?;
        member(&answer, "an `error_code`", answer.error_code.is_some())
    })
}

fn told(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let code = peer.language().form(
            "await tools.f(n=[1, {'a': 'b'}])",
            "await tools.f({n: [1, {a: 'b'}]})",
        );
        let id = peer.start(context, code, &["f"], &Value::Null)?;
        let message = peer.next(context)?;
        let call = message.call();
        let as_asked = call.as_ref().is_some_and(|call| {
            call.id.is_string() && call.tool == "f" && call.args == "{\"n\":[1,{\"a\":\"b\"}]}"
        });
        member(
            &message,
            "a call of f with its arguments, and a text for its id",
            as_asked,
        )?;
        let Some(call) = call else { return Ok(()) };
        peer.answer(context, &call.id, &Answer::Value("5".to_owned()))?;
        let answer = peer.next(context)?;
        member(&answer, "the run's answer", answer.id == Some(id.into()))
    })
}

fn two(language: Language) -> &'static str {
    language.form(
        "import asyncio\nawait asyncio.gather(tools.f(n=1), tools.f(n=2))",
        "await Promise.all([tools.f({n: 1}), tools.f({n: 2})])",
    )
}

/// A run with two calls under way.
fn two_calls(peer: &mut Peer, context: &Context) -> Result<(u64, [Value; 2]), Stop> {
    let id = peer.start(context, two(peer.language()), &["f"], &Value::Null)?;
    let mut next = || -> Result<Value, Stop> {
        let message = peer.next(context)?;
        message
            .call()
            .map(|call| call.id)
            .ok_or_else(|| Stop::fail("two calls before any is answered", message.text))
    };
    let calls = [next()?, next()?];
    Ok((id, calls))
}

fn ends_with(peer: &mut Peer, context: &Context, id: u64, value: &str) -> Checked {
    let answer = peer.next(context)?;
    member(&answer, "the run's answer", answer.id == Some(id.into()))?;
    let ran = ran(answer, Vec::new())?;
    expect_eq("the value", &Some(value), &ran.value())
}

fn value(json: &str) -> Answer {
    Answer::Value(json.to_owned())
}

fn all_told(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let (id, [first, second]) = two_calls(peer, context)?;
        peer.answer(context, &second, &value("\"b\""))?;
        peer.answer(context, &first, &value("\"a\""))?;
        ends_with(peer, context, id, "[\"a\",\"b\"]")
    })
}

fn first_answer(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let (id, [first, second]) = two_calls(peer, context)?;
        peer.answer(context, &first, &value("1"))?;
        peer.answer(context, &first, &value("2"))?;
        peer.answer(context, &first, &Answer::Fails("E", "x"))?;
        peer.answer(context, &second, &value("3"))?;
        ends_with(peer, context, id, "[1,3]")?;
        // Late.
        peer.answer(context, &second, &value("4"))?;
        goes_on(peer, context)
    })
}

fn nobody(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        for id in ["\"hc_0_0\"", "\"\"", "7", "null", "{}"] {
            peer.say(
                context,
                &format!("{{\"type\":\"host_call_result\",\"id\":{id},\"ok\":true}}"),
            )?;
        }
        peer.say(context, "{\"type\":\"host_call_result\",\"ok\":true}")?;
        goes_on(peer, context)
    })
}

fn names(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2 {
            let code = peer.language().form(
                "for _ in range(3):\n    await tools.f()",
                "for (let i = 0; i < 3; i++) await tools.f()",
            );
            let ran = peer.run(context, code, &["f"], |_| value("1"))?;
            for call in ran.calls {
                expect(
                    seen.insert(call.id.to_string()),
                    || "another name for each call of a host".to_owned(),
                    || format!("{} again", call.id),
                )?;
            }
        }
        expect_eq("the number of calls", &6, &seen.len())
    })
}

fn names_its_request(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let id = peer.start(context, "await tools.f()", &["f"], &Value::Null)?;
        let message = peer.next(context)?;
        let call = message
            .call()
            .ok_or_else(|| Stop::fail("a call", message.text.clone()))?;
        peer.answer(context, &call.id, &value("1"))?;
        ends_with(peer, context, id, "1")?;
        member(
            &message,
            &format!("request_id {id}"),
            message.request_id == Some(id.into()),
        )
    })
}

fn meanwhile(target: &PtcTarget, context: &Context) -> Checked {
    with(target, context, |peer| {
        let (id, [first, second]) = two_calls(peer, context)?;
        let answer = peer.ask(context, "fly", &json!({}))?;
        member(&answer, "a failure", answer.ok == Some(false))?;
        peer.answer(context, &first, &value("1"))?;
        peer.answer(context, &second, &value("2"))?;
        ends_with(peer, context, id, "[1,2]")
    })
}

fn two_at_once(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    let peer = &mut lent.peer;
    let (define, print) = peer.language().form(("", "print"), ("var ", "console.log"));
    let code = |tool: &str| format!("{define}x = await tools.{tool}()\n{print}(x)\nx");
    let first = peer.start(context, &code("f"), &["f"], &Value::Null)?;
    let second = peer.start(context, &code("g"), &["g"], &Value::Null)?;
    let mut answers = BTreeMap::new();
    while answers.len() < 2 {
        let message = peer.next(context)?;
        if let Some(call) = message.call() {
            peer.answer(context, &call.id, &value(&format!("\"{}\"", call.tool)))?;
        } else if let Some(id) = message.id.as_ref().and_then(Value::as_u64) {
            answers.insert(id, message);
        }
    }
    for (id, tool) in [(first, "f"), (second, "g")] {
        let answer = answers.remove(&id);
        let answer = answer.ok_or_else(|| Stop::fail(format!("an answer to request {id}"), "none"))?;
        let ran = ran(answer, Vec::new())?;
        let wanted = (Some(format!("\"{tool}\"")), format!("{tool}\n"));
        let seen = (ran.value().map(str::to_owned), ran.envelope.stdout.clone());
        expect_eq("value and output of each", &wanted, &seen)?;
    }
    Ok(())
}

/// The lines that are left, to the end of the output.
fn rest(peer: &mut Peer, context: &Context) -> Result<Vec<Message>, Stop> {
    let mut rest = Vec::new();
    while let Some(message) = peer.line(context)? {
        rest.push(message);
    }
    Ok(rest)
}

fn close(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    lent.peer.say(context, "{\"id\":\"bye\",\"method\":\"close\"}")?;
    lent.peer
        .say(context, "{\"id\":\"late\",\"method\":\"fly\"}")
        .ok();
    let rest = rest(&mut lent.peer, context)?;
    let wanted = json!({"id": "bye", "ok": true, "result": {"closed": true}});
    let seen: Vec<Value> = rest
        .iter()
        .filter_map(|message| serde_json::from_str(&message.text).ok())
        .collect();
    expect_eq("all that is said then", &vec![wanted], &seen)?;
    expect_eq("the exit status", &Some(0), &lent.peer.status(context)?)
}

fn eof(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    lent.peer.say_no_more();
    let rest = rest(&mut lent.peer, context)?;
    expect_eq("lines after the end of the input", &0, &rest.len())?;
    expect_eq("the exit status", &Some(0), &lent.peer.status(context)?)
}

/// A run that printed and waits for a tool.
fn waiting(peer: &mut Peer, context: &Context) -> Result<u64, Stop> {
    let code = peer.language().form(
        "print('so far')\nawait tools.f()",
        "console.log('so far')\nawait tools.f()",
    );
    let id = peer.start(context, code, &["f"], &Value::Null)?;
    let message = peer.next(context)?;
    member(&message, "a call", message.call().is_some())?;
    Ok(id)
}

fn told_so_far(rest: Vec<Message>, id: u64) -> Checked {
    let answer = rest.into_iter().find(|message| message.id == Some(id.into()));
    let answer = answer.ok_or_else(|| Stop::fail("an answer to the run that waits", "none"))?;
    let ran = ran(answer, Vec::new())?;
    expect(
        !ran.envelope.ok && ran.envelope.stdout == "so far\n",
        || "an envelope with an error and what was printed".to_owned(),
        || ran.text.clone(),
    )
}

fn waiting_run(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    let id = waiting(&mut lent.peer, context)?;
    lent.peer.say_no_more();
    told_so_far(rest(&mut lent.peer, context)?, id)
}

fn close_waiting(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    let id = waiting(&mut lent.peer, context)?;
    lent.peer.say(context, "{\"id\":\"bye\",\"method\":\"close\"}")?;
    told_so_far(rest(&mut lent.peer, context)?, id)
}

fn cancel(target: &PtcTarget, context: &Context) -> Checked {
    let mut lent = target.booted(context)?;
    let peer = &mut lent.peer;
    super::hostile::announces(peer, "cancel")?;
    let id = waiting(peer, context)?;
    peer.say(
        context,
        &json!({"id": "stop", "method": "cancel", "params": {"id": id}}).to_string(),
    )?;
    let answers = vec![peer.next(context)?, peer.next(context)?];
    told_so_far(answers, id)?;
    goes_on(peer, context)
}
