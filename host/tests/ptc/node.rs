//! QuickJS, whose async functions are made of generators, comes to what Node comes to.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use yoi_engines::Recipe;
use yoi_host::ptc::{PtcLimits, Session};

use crate::support::{made, run_timed};

/// One after the other, as the body of an async function, with `----` between them.
const PROGRAMS: &str = include_str!("programs.js.txt");

const NODE: &str = "\
const AsyncFunction = (async () => {}).constructor, all = [];
for (const code of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
    const run = async () => await new AsyncFunction(code)();
    all.push(run().then((value) => ({ value: value ?? null }), (error) => ({ error: error.name })));
}
Promise.all(all).then((all) => console.log(JSON.stringify(all)));";

/// What Node makes of them, where there is one.
fn by_node(programs: &[&str]) -> Option<Vec<Value>> {
    let node = Command::new("node")
        .args(["-e", NODE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut node) = node else {
        let _ = writeln!(io::stderr(), "skipped node: it is not installed");
        return None;
    };
    let mut stdin = node.stdin.take().unwrap();
    stdin.write_all(json!(programs).to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn programs_come_to_what_node_comes_to() {
    let Some(quickjs) = made(Recipe::QuickJs) else {
        return;
    };
    let programs: Vec<&str> = PROGRAMS.trim_end().split("\n----\n").collect();
    let Some(wanted) = by_node(&programs) else { return };
    assert_eq!(programs.len(), wanted.len());
    let mut others = Vec::new();
    for (program, wanted) in programs.iter().zip(wanted) {
        let mut session = Session::new(&quickjs, PtcLimits::default());
        let envelope = run_timed(&mut session, program);
        let seen = match (envelope.value(), envelope.error()) {
            (Some(value), _) => json!({ "value": serde_json::from_str::<Value>(value.get()).unwrap() }),
            (None, error) => json!({ "error": error.map(|(name, _)| name) }),
        };
        if seen != wanted {
            others.push(format!("{program}\n    node: {wanted}\n    here: {seen}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}
