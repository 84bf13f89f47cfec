//! The host's own dialects conform, and one that breaks the contract is told by the cases that say so.

use std::sync::Arc;

use yoi_conformance::plan::{Plan, Selection};
use yoi_conformance::runner::{self, Options};
use yoi_conformance::suites::bridge::{DialectTarget, dialect};
use yoi_conformance::{About, Subject, Verdict};
use yoi_host::Profile;
use yoi_host::bridge::{Adapter, DialectComponent};
use yoi_host::engine::EngineOptions;

fn verdicts(target: DialectTarget, name: &str) -> Vec<(&'static str, Verdict)> {
    let about = About {
        name: name.to_owned(),
        door: target.door().to_owned(),
        profile: Profile::Documented.to_string(),
        digest: None,
        remark: None,
        trouble: None,
    };
    let subjects: [Arc<dyn Subject>; 1] = [dialect().bind(Arc::new(target), about)];
    let plan = Plan::of(&subjects, &Selection::default(), None).unwrap();
    let outcomes = runner::run(&subjects, &plan, &Options::default(), |_| {});
    let named = outcomes.into_iter().map(|outcome| {
        let id = subjects[0].case(outcome.planned.case).id;
        (id, outcome.verdict)
    });
    named.collect()
}

#[test]
fn the_hosts_own_dialects_conform() {
    for adapter in Adapter::ALL {
        let verdicts = verdicts(DialectTarget::native(adapter), adapter.name());
        assert!(verdicts.len() > 7, "{adapter} has cases of its own");
        for (id, verdict) in verdicts {
            assert_eq!(verdict, Verdict::Pass, "{adapter}: {id}");
        }
    }
}

/// A component that answers every line with this, and else with nothing.
fn answering(answer: &str) -> DialectComponent {
    let bytes: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(component
          (core module $m
            (memory (export "memory") 4)
            (data (i32.const 0) "\20\00\00\00\02\00\00\00\00\01\00\00\{:02x}\00\00\00")
            (data (i32.const 32) "{{}}")
            (data (i32.const 256) "{bytes}")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "none") (param i32 i32) (result i32) (i32.const 0))
            (func (export "some") (param i32 i32) (result i32) (i32.const 8)))
          (core instance $i (instantiate $m))
          (func (export "open") (param "opening" string) (result string)
            (canon lift (core func $i "none") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
          (func (export "line") (param "line" string) (result string)
            (canon lift (core func $i "some") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
          (func (export "end") (param "ending" string) (result string)
            (canon lift (core func $i "none") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
        answer.len()
    );
    let engine = EngineOptions::new(Profile::Documented)
        .instances(64)
        .build()
        .unwrap();
    DialectComponent::load(&engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn failed(answer: &str, speaks: Option<Adapter>) -> Vec<&'static str> {
    let verdicts = verdicts(DialectTarget::component(answering(answer), speaks), "broken");
    let failed = verdicts
        .into_iter()
        .filter(|(_, verdict)| verdict.name() == "fail");
    failed.map(|(id, _)| id).collect()
}

#[test]
fn a_component_that_knows_nothing_and_says_so_conforms() {
    assert_eq!(failed(r#"{"heard":"unknown"}"#, None), [""; 0]);
}

#[test]
fn what_a_broken_dialect_breaks_is_told() {
    let over = r#"{"events":[{"kind":"finish","reason":"stop"}]}"#;
    assert_eq!(
        failed(over, None),
        [
            "bridge.dialect.noise-ends-nothing",
            "bridge.dialect.what-is-new-ends-nothing",
            "bridge.dialect.keeps-what-is-new",
        ]
    );
    let takes_back = r#"{"events":[{"kind":"discard","of":"text","bytes":5}]}"#;
    assert!(failed(takes_back, None).contains(&"bridge.dialect.takes-back-what-it-told-alone"));
    assert!(failed("[]", None).contains(&"bridge.dialect.takes-any-line"));
    let claims = failed("{}", Some(Adapter::IndusagiWire));
    assert!(
        claims.contains(&"bridge.indusagi-wire.the-result-ends-the-turn"),
        "{claims:?}"
    );
}
