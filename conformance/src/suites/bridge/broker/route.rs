//! Who answers for a model.

use serde_json::Value;

use super::super::door::Ability;
use super::play::{Play, Seen, Step};
use super::talk::TEXT;
use super::{BrokerTarget, BrokerTest};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Excuse, Side, Stop};

const CHILD: Clause = Clause::new(
    "contracts/bridge.md#who-answers",
    "A model at `bridge:` and the name of a dialect is answered for by a child, and the framework is not asked.",
);
const FRAMEWORK: Clause = Clause::new(
    "contracts/bridge.md#who-answers",
    "Every other model is the framework's, and no child is started for it.",
);
const NOBODY: Clause = Clause::new(
    "contracts/bridge.md#who-answers",
    "A model that nobody answers for fails its exchange, which says so.",
);

/// What the framework says, and no child.
const WORDS: &str = "the framework's own words";

/// Addresses of models that no child answers for. An address is what it is, letter by letter.
fn elsewhere(target: &BrokerTarget) -> [String; 7] {
    let adapter = target.words().adapter;
    [
        String::new(),
        "https://api.test/v1".to_owned(),
        "bridge:".to_owned(),
        "bridge:nobody".to_owned(),
        format!("Bridge:{adapter}"),
        format!(" bridge:{adapter}"),
        format!("https://api.test/bridge:{adapter}"),
    ]
}

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| {
        let case = Case::must(id, clause).side(Side::Host);
        case.profiles(&["faithful"]).since(2)
    };
    vec![
        must("bridge.host.route.child", CHILD)
            .example(child)
            .excused(excuse),
        must("bridge.host.route.framework", FRAMEWORK)
            .example(framework)
            .excused(excuse),
        must("bridge.host.route.nobody", NOBODY)
            .example(nobody)
            .excused(excuse),
    ]
}

fn excuse(target: &BrokerTarget) -> Option<Excuse> {
    target.lacks(Ability::Framework)
}

/// A model at this address, with a child that would answer for it.
fn at(target: &BrokerTarget, address: Option<&str>, framework: bool) -> Play {
    let words = target.words();
    let mut play = Play::of(words.adapter, vec![Step::lines(&[&words.delta(), words.result])]);
    play.as_framework = true;
    play.address = address.map(str::to_owned);
    play.framework = framework.then(|| WORDS.to_owned());
    play
}

/// How it ended, and the text of the message then.
fn told(target: &BrokerTarget, context: &Context, play: &Play) -> Result<(String, String, Seen), Stop> {
    let (turn, seen) = target.turn(context, play)?;
    expect(
        turn.over,
        || "a stream that ends".to_owned(),
        || format!("{:?}", turn.stream),
    )?;
    let last = turn.stream.last().cloned().unwrap_or_default();
    let kind = last["type"].as_str().unwrap_or("nothing").to_owned();
    let message = match kind.as_str() {
        "done" => &last["message"],
        _ => &last["error"],
    };
    let parts = message["content"].as_array().into_iter().flatten();
    let text = parts.filter_map(|part| part["text"].as_str()).collect();
    if kind == "error" {
        let why = message["errorMessage"].as_str().filter(|why| !why.is_empty());
        expect(
            why.is_some(),
            || "an error that says what it is".to_owned(),
            || Value::to_string(message),
        )?;
    }
    Ok((kind, text, seen))
}

fn child(target: &BrokerTarget, context: &Context) -> Checked {
    let (kind, text, seen) = told(target, context, &at(target, None, true))?;
    expect_eq("the last event", "done", kind.as_str())?;
    expect_eq("the answer", TEXT, text.as_str())?;
    expect_eq("how many children are started", &1, &seen.children.len())
}

fn framework(target: &BrokerTarget, context: &Context) -> Checked {
    for address in elsewhere(target) {
        let (kind, text, seen) = told(target, context, &at(target, Some(&address), true))?;
        let of = format!("of a model at `{address}`");
        expect_eq(&format!("the last event {of}"), "done", kind.as_str())?;
        expect_eq(&format!("the answer {of}"), WORDS, text.as_str())?;
        expect_eq(
            &format!("how many children are started {of}"),
            &0,
            &seen.children.len(),
        )?;
    }
    Ok(())
}

fn nobody(target: &BrokerTarget, context: &Context) -> Checked {
    for address in elsewhere(target) {
        let (kind, _, seen) = told(target, context, &at(target, Some(&address), false))?;
        let of = format!("of a model at `{address}`");
        expect_eq(&format!("the last event {of}"), "error", kind.as_str())?;
        expect_eq(
            &format!("how many children are started {of}"),
            &0,
            &seen.children.len(),
        )?;
    }
    Ok(())
}
