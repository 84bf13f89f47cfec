//! Conversations that are gone on with.

use std::time::Duration;

use yoi_host::bridge::{Adapter, FailureCode, NormalizedEvent};
use yoi_host::wire::child::How;

use super::super::door::Ability;
use super::play::{NAMED, Play, Role, Seen, Step};
use super::{BrokerTarget, BrokerTest, failed_by, has_one_end, kinds};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Excuse, Side};

const REMEMBERED: Clause = Clause::new(
    "contracts/bridge.md#conversations",
    "What a child calls its conversation is remembered, and the next exchange of that model goes on with it.",
);
const REFUSED: Clause = Clause::new(
    "contracts/bridge.md#conversations",
    "A name that the child refuses is forgotten, and it is asked once more without, if nothing was answered.",
);
const NAME: Clause = Clause::new(
    "contracts/bridge.md#conversations",
    "A name that could be taken for anything else never reaches a child.",
);
const IN_TURN: Clause = Clause::new(
    "contracts/bridge.md#conversations",
    "Exchanges of one conversation come one after the other.",
);

const COMPLETED: &str = r#"{"type":"turn.completed","usage":{"input_tokens":5,"output_tokens":6}}"#;
const ANSWERED: &str = r#"{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"half"}}"#;

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.conversations.gone-on-with", REMEMBERED)
            .example(gone_on_with)
            .excused(excuse),
        must("bridge.host.conversations.refused", REFUSED)
            .example(refused)
            .excused(excuse),
        must("bridge.host.conversations.refused-twice", REFUSED)
            .example(refused_twice)
            .excused(excuse),
        must("bridge.host.conversations.refused-too-late", REFUSED)
            .example(refused_too_late)
            .excused(excuse),
        must("bridge.host.conversations.no-flag", NAME)
            .example(no_flag)
            .excused(excuse),
        must("bridge.host.conversations.in-turn", IN_TURN)
            .example(in_turn)
            .excused(excuse),
    ]
}

fn excuse(target: &BrokerTarget) -> Option<Excuse> {
    target
        .lacks_codex()
        .or_else(|| target.lacks(Ability::Conversations))
}

/// What a conversation is called.
fn called(name: &str) -> String {
    format!("{NAMED}{name}")
}

fn started(name: &str) -> String {
    format!(r#"{{"type":"thread.started","thread_id":"{}"}}"#, called(name))
}

fn says(lines: &[&str]) -> Role {
    Role::of(vec![Step::lines(lines)])
}

fn refuses() -> Role {
    let words = format!("Error: no rollout found for thread id {}\n", called("old"));
    Role::ending(Vec::new(), How::Exited(1), words)
}

fn play(children: Vec<Role>, remembered: Option<&str>) -> Play {
    let mut play = Play::of(Adapter::CodexCli, Vec::new());
    play.children = children;
    play.remembered = Some(remembered.map(called));
    play
}

fn resumed(seen: &Seen) -> Vec<&str> {
    let resumed = seen.children.iter().map(|child| child.resumed.as_deref());
    let resumed = resumed.map(|token| token.map_or("-", |token| token.strip_prefix(NAMED).unwrap_or(token)));
    resumed.collect()
}

fn gone_on_with(target: &BrokerTarget, context: &Context) -> Checked {
    let child = || says(&[&started("new"), COMPLETED]);
    let mut play = play(vec![child(), child()], None);
    play.turns = 2;
    let seen = target.play(context, &play)?;
    expect_eq("what each child goes on with", &vec!["-", "new"], &resumed(&seen))
}

fn refused(target: &BrokerTarget, context: &Context) -> Checked {
    let play = play(vec![refuses(), says(&[ANSWERED, COMPLETED])], Some("old"));
    let (turn, seen) = target.turn(context, &play)?;
    has_one_end(&turn)?;
    let finished = matches!(turn.events.last(), Some(NormalizedEvent::Finish { .. }));
    expect(
        finished,
        || "an answer, without the conversation".to_owned(),
        || kinds(&turn.events),
    )?;
    expect_eq("what each child goes on with", &vec!["old", "-"], &resumed(&seen))?;
    expect_eq("what is remembered", &None, &seen.remembered)
}

fn refused_twice(target: &BrokerTarget, context: &Context) -> Checked {
    let play = play(vec![refuses(), refuses(), says(&[COMPLETED])], Some("old"));
    let (turn, seen) = target.turn(context, &play)?;
    has_one_end(&turn)?;
    expect_eq("what each child goes on with", &vec!["old", "-"], &resumed(&seen))
}

fn refused_too_late(target: &BrokerTarget, context: &Context) -> Checked {
    let mut late = refuses();
    late.steps = vec![Step::lines(&[ANSWERED])];
    let play = play(vec![late, says(&[COMPLETED])], Some("old"));
    let (turn, seen) = target.turn(context, &play)?;
    has_one_end(&turn)?;
    expect_eq("what each child goes on with", &vec!["old"], &resumed(&seen))
}

fn no_flag(target: &BrokerTarget, context: &Context) -> Checked {
    for token in ["--yolo", "", "a b", "a\nb", "语"] {
        let mut play = play(vec![says(&[COMPLETED])], None);
        play.resume = Some(token.to_owned());
        let (turn, seen) = target.turn(context, &play)?;
        failed_by(&turn, FailureCode::BadToken)?;
        expect_eq("how many children are started", &0, &seen.children.len())?;
    }
    Ok(())
}

fn in_turn(target: &BrokerTarget, context: &Context) -> Checked {
    let slow = |name: &str| {
        // One that takes its time to say what its conversation is called.
        Role::of(vec![
            Step::Wait(Duration::from_millis(200)),
            Step::lines(&[&started(name)]),
            Step::Wait(Duration::from_millis(200)),
            Step::lines(&[COMPLETED]),
        ])
    };
    let mut play = play(vec![slow("one"), slow("two")], None);
    (play.turns, play.at_once) = (2, true);
    let seen = target.play(context, &play)?;
    expect_eq("what each child goes on with", &vec!["-", "one"], &resumed(&seen))
}
