//! Values across the boundary: nothing is lost that JSON has a place for.

use proptest::prelude::*;
use serde_json::Value;

use crate::support::{answers, echo, error, fails, run, run_with, session, value};

#[test]
fn a_value_is_written_as_json_has_it() {
    let mut session = session();
    for (code, expected) in [
        ("None", "null"),
        ("[True, 1, 1.0, -0.0, 1e300]", "[true,1,1.0,-0.0,1e+300]"),
        ("2**70", "1180591620717411303424"),
        ("-2**63", "-9223372036854775808"),
        ("(1, (2,))", "[1,[2]]"),
        ("{'b': 1, 'a': 2, '1': 3}", "{\"b\":1,\"a\":2,\"1\":3}"),
        (
            "{1: 'x', None: 'y', 1.5: 'w', '1': 'z'}",
            "{\"1\":\"z\",\"None\":\"y\",\"1.5\":\"w\"}",
        ),
        ("{(1, 2): 3}", "{\"(1, 2)\":3}"),
        ("'\\u0000\\u2028\"\\\\'", "\"\\u0000\u{2028}\\\"\\\\\""),
        ("float('nan')", "null"),
        ("[float('inf'), float('-inf')]", "[null,null]"),
        ("b'ab'", "\"b'ab'\""),
        ("{1}", "\"{1}\""),
        ("range(3)", "\"range(0, 3)\""),
    ] {
        assert_eq!(value(&run(&mut session, code)), expected, "{code}");
    }
}

#[test]
fn a_long_repr_is_cut_and_a_long_string_is_not() {
    let mut session = session();
    let cut: String = serde_json::from_str(&value(&run(&mut session, "b'x' * 5000"))).unwrap();
    assert_eq!((cut.chars().count(), cut.chars().last()), (4000, Some('…')));
    let whole: String = serde_json::from_str(&value(&run(&mut session, "'x' * 5000"))).unwrap();
    assert_eq!(whole.len(), 5000);
}

#[test]
fn a_value_that_contains_itself_is_an_error() {
    let mut session = session();
    let code = "a = []\na.append(a)\na";
    assert_eq!(
        error(&run(&mut session, code)),
        "RecursionError: maximum recursion depth exceeded"
    );
    assert_eq!(value(&run(&mut session, "len(a)")), "1");
}

#[test]
fn arguments_keep_what_json_has_a_place_for() {
    let mut session = session();
    for (args, expected) in [
        ("", "{}"),
        ("a=None, b=[None]", "{\"a\":null,\"b\":[null]}"),
        (
            "x=1.0, y=2**53+1, z=2**70",
            "{\"x\":1.0,\"y\":9007199254740993,\"z\":1180591620717411303424}",
        ),
        (
            "**{'a b': 1, '': 2, 'class': 3}",
            "{\"a b\":1,\"\":2,\"class\":3}",
        ),
        (
            "t=(1, 2), d={2: 1, True: 2}",
            "{\"t\":[1,2],\"d\":{\"2\":1,\"True\":2}}",
        ),
        ("n=float('nan')", "{\"n\":null}"),
    ] {
        let code = format!("await tools.f({args})");
        let mut seen = String::new();
        run_with(&mut session, &code, &["f"], |call| {
            call.args.get().clone_into(&mut seen);
            answers("null")
        });
        assert_eq!(seen, expected, "{args}");
    }
}

#[test]
fn arguments_that_json_has_no_place_for_are_refused_where_they_are_given() {
    let mut session = session();
    for (args, expected) in [
        ("s={1}", "TypeError: Object of type set is not JSON serializable"),
        (
            "b=b'x'",
            "TypeError: Object of type bytes is not JSON serializable",
        ),
        (
            "d={(1,): 2}",
            "TypeError: keys must be str, int, float, bool or None, not tuple",
        ),
        (
            "f=len",
            "TypeError: Object of type builtin_function_or_method is not JSON serializable",
        ),
    ] {
        let code = format!("await tools.f({args})");
        let envelope = run_with(&mut session, &code, &["f"], |call| panic!("{call:?} was made"));
        assert_eq!(error(&envelope), expected, "{args}");
    }
}

#[test]
fn arguments_have_names() {
    let mut session = session();
    let envelope = run_with(&mut session, "await tools.f('x')", &["f"], |call| {
        panic!("{call:?} was made")
    });
    insta::assert_snapshot!(error(&envelope), @"TypeError: _PtcTool.__call__() takes 1 positional argument but 2 were given (name them: tools.f(key=value))");
}

#[test]
fn answers_are_what_python_reads_from_json() {
    let mut session = session();
    for (answer, code, expected) in [
        ("null", "[x is None, x == None]", "[true,true]"),
        ("1.0", "[x, type(x).__name__]", "[1.0,\"float\"]"),
        ("9007199254740993", "x", "9007199254740993"),
        (
            "123456789012345678901234567890",
            "x + 1",
            "123456789012345678901234567891",
        ),
        ("1e400", "x == float('inf')", "true"),
        (
            "{\"z\":1,\"1\":2,\"constructor\":3,\"__proto__\":4}",
            "list(x)",
            "[\"z\",\"1\",\"constructor\",\"__proto__\"]",
        ),
        ("{\"a\":1,\"a\":2}", "x", "{\"a\":2}"),
        ("[[],{},\"\",true]", "x", "[[],{},\"\",true]"),
    ] {
        let code = format!("x = await tools.f()\n{code}");
        let envelope = run_with(&mut session, &code, &["f"], |_| answers(answer));
        assert_eq!(value(&envelope), expected, "{answer}");
    }
}

#[test]
fn a_tools_failure_is_caught_under_its_own_name() {
    let mut session = session();
    let code = "try:\n    await tools.f()\nexcept ValueError as e:\n    x = ['caught', str(e)]\nx";
    let envelope = run_with(&mut session, code, &["f"], |_| fails("ValueError", "no"));
    assert_eq!(value(&envelope), "[\"caught\",\"no\"]");
}

#[test]
fn a_tools_failure_of_a_class_of_its_own_keeps_its_name_in_the_message() {
    let mut session = session();
    for (name, expected) in [
        ("BoomError", "RuntimeError: BoomError: tool exploded"),
        // These would end code past its handlers.
        ("SystemExit", "RuntimeError: SystemExit: tool exploded"),
        (
            "KeyboardInterrupt",
            "RuntimeError: KeyboardInterrupt: tool exploded",
        ),
    ] {
        let envelope = run_with(&mut session, "await tools.f()", &["f"], |_| {
            fails(name, "tool exploded")
        });
        assert_eq!(error(&envelope), expected);
    }
}

/// JSON of any shape whose numbers are not rounded by anyone.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_json_comes_back_from_a_tool_as_it_went_through_the_code(json in any_json()) {
        let mut session = session();
        let mut seen = None;
        let code = "x = await tools.get()\nawait tools.put(x=x)\nx";
        let envelope = run_with(&mut session, code, &["get", "put"], |call| {
            if call.tool == "get" {
                return answers(&json.to_string());
            }
            seen = Some(serde_json::from_str::<Value>(call.args.get()).unwrap());
            echo(call)
        });
        // As it is read here: the last digit of a float may differ from the one that was made up.
        let expected: Value = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&value(&envelope)).unwrap(), expected.clone());
        prop_assert_eq!(seen.unwrap(), serde_json::json!({"x": expected}));
    }
}
