//! Plans as they are written.

use std::time::Duration;

use proptest::prelude::*;

use super::plan;
use crate::imports::Import;
use crate::imports::faults::{FaultKind, FaultPlan};
use crate::limits::FAULT_PLAN_BYTES;

fn mistakes(text: &str) -> String {
    FaultPlan::parse(text).unwrap_err().to_string()
}

#[test]
fn a_plan_is_read_as_it_is_written() {
    let text = r#"
        schema = "yoikit.faults/1"
        [[fault]]
        call = 2
        import = "request.request"
        kind = "reset"
        after_bytes = 100
        [[fault]]
        call = 0x10
        kind = "slow_body"
        pause_ms = 200
        [[fault]]
        call = 1
        kind = "slow_body"
    "#;
    let plan = FaultPlan::parse(text).unwrap();
    let [reset, slow, usual] = plan.faults() else {
        panic!("three faults: {plan:?}")
    };
    assert_eq!((reset.call, reset.import), (2, Some(Import::Request)));
    assert_eq!((reset.kind, reset.after_bytes), (FaultKind::Reset, 100));
    assert_eq!((slow.call, slow.import, slow.after_bytes), (16, None, 0));
    assert_eq!(slow.pause, Duration::from_millis(200));
    assert_eq!(usual.pause, Duration::from_millis(100));
}

#[test]
fn a_plan_without_faults_breaks_nothing() {
    assert_eq!(plan(&[]).faults(), []);
    assert_eq!(
        FaultPlan::parse("schema = \"yoikit.faults/1\"").unwrap(),
        plan(&[])
    );
}

#[test]
fn all_mistakes_are_shown_at_once_with_their_lines() {
    let text = r#"schema = "yoikit.faults/2"
version = 1
[[fault]]
call = 0
kind = "resett"
[[fault]]
kind = "timeout"
after = 3
[[fault]]
call = 1
import = "fs.append"
kind = 7
[[fault]]
call = 1.5
import = "fs.read"
kind = "io"
pause_ms = 10_001
after_bytes = -1
"#;
    insta::assert_snapshot!(mistakes(text), @r#"
    refused: `schema` must be "yoikit.faults/1"
      in faults.toml:1:10
      1 | schema = "yoikit.faults/2"
        |          ^^^^^^^^^^^^^^^^^
    refused: unknown field `version`: choose schema, fault
      in faults.toml:2:1
      2 | version = 1
        | ^^^^^^^
    refused: `call` must be an integer from 1 to 4294967295
      in faults.toml:4:8
      4 | call = 0
        |        ^
    refused: `kind` cannot be `resett`: choose timeout, silence, refuse, unresolved, reset, cut, short_read, slow_body, bad_utf8, disk_full, io
      in faults.toml:5:8
      5 | kind = "resett"
        |        ^^^^^^^^
    refused: `call` is missing
      in faults.toml:6:1
      6 | [[fault]]
        | ^^^^^^^^^
    refused: unknown field `after`: choose call, import, kind, after_bytes, pause_ms
      in faults.toml:8:1
      8 | after = 3
        | ^^^^^
    refused: `import` cannot be `fs.append`: choose request.request, websocket.open, websocket.send-text, websocket.recv, websocket.close, fs.read, fs.list, fs.write
      in faults.toml:11:10
      11 | import = "fs.append"
         |          ^^^^^^^^^^^
    refused: `kind` must be a string: choose timeout, silence, refuse, unresolved, reset, cut, short_read, slow_body, bad_utf8, disk_full, io
      in faults.toml:12:8
      12 | kind = 7
         |        ^
    refused: `call` must be an integer from 1 to 4294967295
      in faults.toml:14:8
      14 | call = 1.5
         |        ^^^
    refused: `pause_ms` must be an integer from 1 to 10000
      in faults.toml:17:12
      17 | pause_ms = 10_001
         |            ^^^^^^
    refused: `after_bytes` must be an integer from 0 to 4294967295
      in faults.toml:18:15
      18 | after_bytes = -1
         |               ^^
    "#);
}

#[test]
fn what_has_no_meaning_for_a_kind_is_refused() {
    let text = r#"schema = "yoikit.faults/1"
[[fault]]
call = 1
import = "fs.read"
kind = "reset"
[[fault]]
call = 2
kind = "timeout"
after_bytes = 0
[[fault]]
call = 3
kind = "reset"
pause_ms = 10
[[fault]]
call = 4
import = "websocket.send-text"
kind = "silence"
after_bytes = 10
"#;
    insta::assert_snapshot!(mistakes(text), @r#"
    refused: `reset` cannot break fs.read, only request.request, websocket.open, websocket.send-text, websocket.recv, websocket.close
      in faults.toml:5:8
      5 | kind = "reset"
        |        ^^^^^^^
    refused: `timeout` has no use for `after_bytes`, only silence, reset, cut, slow_body, bad_utf8, disk_full do
      in faults.toml:9:15
      9 | after_bytes = 0
        |               ^
    refused: `reset` has no use for `pause_ms`, only slow_body does
      in faults.toml:13:12
      13 | pause_ms = 10
         |            ^^
    refused: websocket.send-text receives nothing that `after_bytes` could count
      in faults.toml:18:15
      18 | after_bytes = 10
         |               ^^
    "#);
}

#[test]
fn two_faults_for_one_call_are_refused() {
    let text = r#"schema = "yoikit.faults/1"
[[fault]]
call = 1
kind = "reset"
[[fault]]
call = 1
import = "fs.read"
kind = "io"
[[fault]]
call = 1
kind = "cut"
[[fault]]
call = 1
import = "fs.read"
kind = "short_read"
"#;
    insta::assert_snapshot!(mistakes(text), @"
    refused: `cut` in host call 1: that call has `reset` already
      in faults.toml:9:1
      9 | [[fault]]
        | ^^^^^^^^^
    refused: `short_read` in call 1 of fs.read: that call has `io` already
      in faults.toml:12:1
      12 | [[fault]]
         | ^^^^^^^^^
    ");
}

#[test]
fn what_is_no_plan_is_refused() {
    let texts = [
        "",
        "schema = \"yoikit.faults/1\"\nfault = 1",
        "schema = \"yoikit.faults/1\"\nfault = [1]",
        "schema = \"yoikit.faults/1\"\n[fault]\ncall = 1",
        "schema = ",
        &format!("# {}", "x".repeat(FAULT_PLAN_BYTES)),
    ];
    insta::assert_snapshot!(texts.map(mistakes).join("\n"), @r#"
    refused: `schema` is missing: write `schema = "yoikit.faults/1"`
      in faults.toml
    refused: `fault` must be a list of tables: write `[[fault]]`
      in faults.toml:2:9
      2 | fault = 1
        |         ^
    refused: `fault` must be a list of tables: write `[[fault]]`
      in faults.toml:2:10
      2 | fault = [1]
        |          ^
    refused: `fault` must be a list of tables: write `[[fault]]`
      in faults.toml:2:1
      2 | [fault]
        | ^^^^^^^
    refused: not valid TOML: string values must be quoted, expected literal string
      in faults.toml:1:10
      1 | schema = 
        |          ^
    refused: it has more than 65536 bytes
      in faults.toml
    "#);
}

#[test]
fn a_screen_of_mistakes_is_shown_and_the_rest_is_counted() {
    let text = format!("schema = \"yoikit.faults/1\"\n{}", "[[fault]]\n".repeat(30));
    assert_eq!(mistakes(&text).lines().last(), Some("and 20 more"));
}

#[test]
fn every_kind_can_be_written_for_just_the_imports_that_it_breaks() {
    for kind in FaultKind::ALL {
        for import in Import::ALL {
            let text = format!(
                "schema = \"yoikit.faults/1\"\n[[fault]]\ncall = 1\nkind = \"{kind}\"\nimport = \"{}\"\n",
                import.name()
            );
            let read = FaultPlan::parse(&text);
            assert_eq!(read.is_ok(), kind.applies_to(import), "{text}{read:?}");
        }
    }
}

#[test]
fn names_are_those_of_reports() {
    for kind in FaultKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    for import in Import::ALL {
        assert_eq!(serde_json::to_value(import).unwrap(), import.name());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        text in "(schema = \"yoikit.faults/1\"\n)?([\\[\\]{}=.\"'#\n a-z0-9é_-]|fault|call|kind|import){0,40}",
    ) {
        if let Err(error) = FaultPlan::parse(&text) {
            prop_assert!(!error.list().is_empty());
        }
    }
}
