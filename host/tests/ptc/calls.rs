//! Calls: who may make them, who answers them, and when their time is over.

use std::time::{Duration, Instant};

use yoi_engines::Recipe;
use yoi_host::ptc::{
    CallFate, CallId, Ended, Outcome, Progress, PtcLimits, RefusedAnswer, RefusedRun, Session,
};

use crate::support::{
    answers, echo, error, fails, finished, json, made, monty, names, number, run, run_with, session,
    session_with, value,
};

/// A run that waits for two calls, `f(n=0)` and `f(n=1)`.
const TWO: &str = "import asyncio\nawait asyncio.gather(tools.f(n=0), tools.f(n=1))";

#[test]
fn a_call_is_made_with_its_arguments_and_gives_its_answer() {
    let mut session = session();
    let envelope = run_with(
        &mut session,
        "r = await tools.search(q='x', n=2)\nr['q'] * r['n']",
        &["search"],
        echo,
    );
    assert_eq!(value(&envelope), "\"xx\"");
    let call = &envelope.calls[0];
    assert_eq!((call.tool.as_str(), call.argument_bytes), ("search", 15));
    assert_eq!(call.fate, CallFate::Answered { bytes: 15 });
}

#[test]
fn only_tools_on_the_list_can_be_called() {
    let mut session = session();
    for code in [
        "await tools.ghost()",
        "tools.ghost",
        "f = getattr(tools, 'ghost')\nawait f()",
    ] {
        let envelope = run_with(&mut session, code, &["search"], |call| {
            panic!("{call:?} was made")
        });
        assert_eq!(
            error(&envelope),
            "AttributeError: '_PtcTools' object has no attribute 'ghost'",
            "{code}"
        );
    }
}

#[test]
fn the_list_is_that_of_the_run() {
    let mut session = session();
    run_with(
        &mut session,
        "keep = tools.search\nawait keep(q=1)",
        &["search"],
        echo,
    );
    // What an earlier run could call, this one cannot.
    let envelope = run_with(&mut session, "await keep(q=1)", &["other"], |call| {
        panic!("{call:?} was made")
    });
    assert_eq!(
        error(&envelope),
        "AttributeError: '_PtcTools' object has no attribute 'search'"
    );
}

#[test]
fn a_tool_is_no_global_name() {
    let mut session = session();
    let envelope = run_with(&mut session, "await search(q=1)", &["search"], |call| {
        panic!("{call:?} was made")
    });
    assert_eq!(error(&envelope), "NameError: name 'search' is not defined");
}

#[test]
fn several_failures_at_once_under_one_gather_end_the_run_with_the_first() {
    let mut session = session();
    let now = Instant::now();
    let code = "import asyncio\nasync def pair():\n    return await asyncio.gather(tools.f(n=1), tools.f(n=2))\n\
                try:\n    await asyncio.gather(tools.f(n=0), pair())\nexcept ValueError as e:\n    x = str(e)\n\
                [x, await tools.f(n=3)]";
    session.start(code, &names(&["f"]), now).unwrap();
    while let Some(call) = session.next_call(now) {
        session
            .answer(call.id, fails("ValueError", &call.id.to_string()), now)
            .unwrap();
    }
    assert!(matches!(session.go_on(now), Progress::Waiting));
    let last = session.next_call(now).unwrap();
    session.answer(last.id, answers("4"), now).unwrap();
    assert_eq!(value(&finished(session.go_on(now))), "[\"1\",4]");
}

#[test]
fn a_name_that_is_no_name_in_the_language_is_reached_all_the_same() {
    let mut session = session();
    for tool in ["a-b", "class", "é"] {
        let code = format!("f = getattr(tools, '{tool}')\nawait f(x=1)");
        assert_eq!(
            value(&run_with(&mut session, &code, &[tool], echo)),
            "{\"x\":1}",
            "{tool}"
        );
    }
}

#[test]
fn calls_under_a_gather_are_there_at_once_and_in_order() {
    let mut session = session();
    let now = Instant::now();
    assert!(matches!(
        session.start(TWO, &names(&["f"]), now),
        Ok(Progress::Waiting)
    ));
    let calls: Vec<_> = std::iter::from_fn(|| session.next_call(now)).collect();
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.id.get(), call.args.get()))
        .collect();
    assert_eq!(told, [(1, "{\"n\":0}"), (2, "{\"n\":1}")]);
}

#[test]
fn an_answer_that_nobody_waits_for_is_refused_by_name() {
    let mut session = session();
    let now = Instant::now();
    let id = CallId::new;
    assert_eq!(
        session.answer(id(1), answers("1"), now),
        Err(RefusedAnswer::Unknown(id(1)))
    );
    session.start(TWO, &names(&["f"]), now).unwrap();
    // It was not told yet.
    assert_eq!(
        session.answer(id(1), answers("1"), now),
        Err(RefusedAnswer::Unknown(id(1)))
    );
    while session.next_call(now).is_some() {}
    assert_eq!(
        session.answer(id(3), answers("1"), now),
        Err(RefusedAnswer::Unknown(id(3)))
    );
    assert_eq!(
        session.answer(id(0), answers("1"), now),
        Err(RefusedAnswer::Unknown(id(0)))
    );
    assert_eq!(session.answer(id(2), answers("\"b\""), now), Ok(()));
    assert_eq!(
        session.answer(id(2), answers("\"c\""), now),
        Err(RefusedAnswer::Duplicate(id(2)))
    );
    assert!(matches!(session.go_on(now), Progress::Waiting));
    assert_eq!(
        session.answer(id(2), answers("\"c\""), now),
        Err(RefusedAnswer::Duplicate(id(2)))
    );
    assert_eq!(session.answer(id(1), answers("\"a\""), now), Ok(()));
    assert_eq!(value(&finished(session.go_on(now))), "[\"a\",\"b\"]");
    assert_eq!(
        session.answer(id(1), answers("1"), now),
        Err(RefusedAnswer::Late(id(1)))
    );
    // The next run's calls have numbers of their own.
    session.start(TWO, &names(&["f"]), now).unwrap();
    assert_eq!(session.next_call(now).unwrap().id, id(3));
    assert_eq!(
        session.answer(id(2), answers("1"), now),
        Err(RefusedAnswer::Late(id(2)))
    );
}

#[test]
fn one_failure_under_a_gather_ends_the_run_and_the_other_answer_is_late() {
    let mut session = session();
    let now = Instant::now();
    session.start(TWO, &names(&["f"]), now).unwrap();
    while session.next_call(now).is_some() {}
    session
        .answer(CallId::new(2), fails("ValueError", "no"), now)
        .unwrap();
    let envelope = finished(session.go_on(now));
    assert_eq!(error(&envelope), "ValueError: no");
    assert_eq!(envelope.calls[0].fate, CallFate::Pending);
    let late = RefusedAnswer::Late(CallId::new(1));
    assert_eq!(session.answer(CallId::new(1), answers("1"), now), Err(late));
}

#[test]
fn a_call_whose_time_is_over_fails_and_can_be_caught() {
    let mut session = session_with(limits(|limits| limits.call_time = Duration::from_secs(30)));
    let now = Instant::now();
    let code = "try:\n    await tools.f()\nexcept TimeoutError as e:\n    x = str(e)\nx";
    session.start(code, &names(&["f"]), now).unwrap();
    let id = session.next_call(now).unwrap().id;
    assert_eq!(session.due(), Some(now + Duration::from_secs(30)));
    assert!(matches!(
        session.go_on(now + Duration::from_secs(29)),
        Progress::Waiting
    ));
    let envelope = finished(session.go_on(now + Duration::from_secs(30)));
    assert_eq!(value(&envelope), "\"the tool did not answer within 30s\"");
    assert_eq!(envelope.calls[0].fate, CallFate::TimedOut);
    assert_eq!(
        session.answer(id, answers("1"), now),
        Err(RefusedAnswer::Late(id))
    );
}

#[test]
fn a_run_whose_time_is_over_while_it_waits_ends_with_all_that_is_known_and_keeps_the_session() {
    let mut session = session_with(limits(|limits| limits.run_time = Duration::from_secs(2)));
    let now = Instant::now();
    let code = "x = 1\nprint('so far')\nawait tools.f(n=0)\nx = 2\nawait tools.g(n=1)";
    session.start(code, &names(&["f", "g"]), now).unwrap();
    let id = session.next_call(now).unwrap().id;
    session.answer(id, answers("1"), now).unwrap();
    assert!(matches!(session.go_on(now), Progress::Waiting));
    session.next_call(now).unwrap();
    assert_eq!(session.due(), Some(now + Duration::from_secs(2)));
    let envelope = finished(session.go_on(now + Duration::from_secs(2)));
    insta::assert_snapshot!(json(&envelope), @r#"{"ok":false,"stdout":"so far\n","stderr":"","value":null,"error":"TimeoutError","message":"the run took longer than 2s","error_code":"run.deadline","calls_done":1,"calls_pending":[{"id":"2","tool":"g"}],"session_lost":false}"#);
    assert_eq!(value(&run(&mut session, "x")), "2");
}

#[test]
fn a_cancelled_run_that_waits_ends_and_keeps_the_session() {
    let mut session = session();
    let now = Instant::now();
    session
        .start("x = 1\nawait tools.f()", &names(&["f"]), now)
        .unwrap();
    session.canceller().clone().cancel();
    let envelope = finished(session.go_on(now));
    assert!(
        matches!(envelope.outcome, Outcome::Ended(Ended::Cancelled)),
        "{}",
        json(&envelope)
    );
    assert_eq!(value(&run(&mut session, "x")), "1");
}

#[test]
fn no_call_comes_after_the_envelope() {
    let mut session = session();
    let now = Instant::now();
    session.start(TWO, &names(&["f"]), now).unwrap();
    session.end(Ended::Cancelled, now).unwrap();
    assert!(session.next_call(now).is_none());
    assert!(session.due().is_none());
    assert!(matches!(session.go_on(now), Progress::Waiting));
}

#[test]
fn no_more_calls_are_under_way_than_may_be() {
    let mut session = session_with(limits(|limits| limits.calls_in_flight = 2));
    let now = Instant::now();
    let code = "import asyncio\nawait asyncio.gather(*[tools.f(n=i) for i in range(5)])";
    session.start(code, &names(&["f"]), now).unwrap();
    for expected in 1..=4 {
        if expected == 1 {
            assert!(session.next_call(now).is_some());
        }
        assert_eq!(session.next_call(now).unwrap().id.get(), expected + 1);
        assert!(session.next_call(now).is_none(), "two are under way");
        session.answer(CallId::new(expected), Ok(number(1)), now).unwrap();
    }
    session.answer(CallId::new(5), Ok(number(1)), now).unwrap();
    assert_eq!(value(&finished(session.go_on(now))), "[1,1,1,1,1]");
}

#[test]
fn what_goes_past_a_limit_fails_by_itself_and_can_be_caught() {
    let mut session = session_with(limits(|limits| {
        limits.calls = 2;
        limits.argument_bytes = 20;
        limits.answer_bytes = 10;
    }));
    let code = "import asyncio\nawait asyncio.gather(*[tools.f(n=i) for i in range(3)])";
    let mut made = 0;
    let envelope = run_with(&mut session, code, &["f"], |_| {
        made += 1;
        answers("1")
    });
    assert_eq!(
        error(&envelope),
        "RuntimeError: CallLimitError: this run may make 2 calls"
    );
    assert_eq!(
        made, 0,
        "the refused one ends the gather before the others are handed out"
    );
    let code = format!("await tools.f(x='{}')", "x".repeat(20));
    let envelope = run_with(&mut session, &code, &["f"], |call| panic!("{call:?} was made"));
    assert_eq!(
        error(&envelope),
        "RuntimeError: ArgumentLimitError: the arguments have 28 bytes as JSON, 20 are allowed"
    );
    let envelope = run_with(&mut session, "await tools.f()", &["f"], |_| {
        answers("\"0123456789\"")
    });
    assert_eq!(
        error(&envelope),
        "RuntimeError: ResultLimitError: the tool's answer has 12 bytes as JSON, 10 are allowed"
    );
}

#[test]
fn an_answer_that_is_nested_too_deeply_fails_by_itself_in_every_engine() {
    let made = [Recipe::CPython, Recipe::QuickJs].map(made);
    let engines = made.into_iter().flatten().chain([monty().clone()]);
    for engine in engines {
        let mut session = Session::new(&engine, PtcLimits::default());
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let mut answer = |json: &str| run_with(&mut session, "await tools.f()", &["f"], |_| answers(json));
        assert_eq!(value(&answer(&nested(500))), nested(500));
        assert_eq!(
            value(&answer(&format!("\"\\\"{}\"", "[".repeat(501)))),
            format!("\"\\\"{}\"", "[".repeat(501))
        );
        assert_eq!(
            error(&answer(&nested(501))),
            "ValueError: the tool's answer is nested more than 500 levels deep"
        );
    }
}

#[test]
fn a_run_that_may_not_begin_is_refused_and_leaves_the_session_as_it_was() {
    let mut session = session_with(limits(|limits| limits.code_bytes = 8));
    let now = Instant::now();
    run(&mut session, "x = 1");
    let refused = session.start("x = 11111", &[], now).unwrap_err();
    assert_eq!(refused.to_string(), "the code has 9 bytes, 8 are allowed");
    let long = "t".repeat(129);
    let refused = session.start("x", &[long], now).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a tool has a name of 129 bytes, 128 are allowed"
    );
    assert_eq!(value(&run(&mut session, "x")), "1");
}

#[test]
fn a_second_run_waits_for_the_end_of_the_first() {
    let mut session = session();
    let now = Instant::now();
    session.start(TWO, &names(&["f"]), now).unwrap();
    assert!(matches!(session.start("1", &[], now), Err(RefusedRun::Busy)));
}

fn limits(change: impl FnOnce(&mut PtcLimits)) -> PtcLimits {
    let mut limits = PtcLimits::default();
    change(&mut limits);
    limits
}
