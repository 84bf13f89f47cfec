//! How a child is started.

use super::play::{Play, Step, TOLD};
use super::{BrokerTarget, BrokerTest};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Side};

const SPEC: Clause = Clause::new(
    "contracts/bridge.md#the-child",
    "A child is started as its spec says: that program, the spec's arguments before all others and as they are, and the \
     spec's variables.",
);
const SECRETS: Clause = Clause::new(
    "contracts/bridge.md#the-child",
    "A child gets no variable of its host's that is no business of its kind.",
);

/// Arguments that a shell would make something else of.
const ARGS: [&str; 4] = ["two words", "--flag=$HOME", "", "it's `id`"];

pub(super) fn tests() -> Vec<BrokerTest> {
    let case = Case::must("bridge.host.child.as-its-spec-says", SPEC);
    let secrets = Case::should("bridge.host.child.no-secrets", SECRETS);
    let of_hosts = |case: Case| case.side(Side::Host).profiles(&["faithful"]).next();
    vec![
        of_hosts(case).example(as_its_spec_says),
        of_hosts(secrets)
            .example(no_secrets)
            // What a host has in its environment is known of one that is started here.
            .applies(|target: &BrokerTarget| target.door() == "adapter"),
    ]
}

fn play(target: &BrokerTarget) -> Play {
    let words = target.words();
    Play::of(words.adapter, vec![Step::lines(&[&words.delta(), words.result])])
}

fn as_its_spec_says(target: &BrokerTarget, context: &Context) -> Checked {
    let mut play = play(target);
    let told = "two words, and a sign: =".to_owned();
    play.args = ARGS.map(str::to_owned).to_vec();
    play.env.insert(TOLD.to_owned(), told.clone());
    let seen = target.play(context, &play)?;
    let Some(child) = seen.children.first() else {
        return expect(false, || "a child".to_owned(), || "none".to_owned());
    };
    let words: Vec<&str> = child.words.iter().map(String::as_str).take(ARGS.len()).collect();
    expect_eq("the first arguments of the child", &ARGS.to_vec(), &words)?;
    expect_eq("the variable of the child", &Some(told), &child.told)
}

fn no_secrets(target: &BrokerTarget, context: &Context) -> Checked {
    let seen = target.play(context, &play(target))?;
    expect(
        seen.children.iter().all(|child| child.kept.is_none()),
        || "no variable of the host's with the child".to_owned(),
        || "one that only its host was given".to_owned(),
    )
}
