//! The one end of an exchange.

use std::time::Duration;

use yoi_host::bridge::FailureCode;
use yoi_host::limits::BRIDGE_TEXT_BYTES;
use yoi_host::wire::child::How;

use super::play::{Act, Play, Role, Step};
use super::talk::{Talk, talks};
use super::{BrokerTarget, BrokerTest, failed_by, failure, has_one_end, kinds};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Side};

const ONE: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "Whatever a child says, and however it ends, there is exactly one last event, and nothing after it.",
);
const WHY: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "A child that ends out of turn fails its exchange, with how it ended and its last words.",
);
const NONE: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "A child that is not there, or whose pipe breaks, fails its exchange, and nothing else.",
);
const TIME: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "A child that says nothing in its time is ended: from its start, from its last line, and in all.",
);
const MUCH: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "A child whose answer has no end is ended.",
);
const DOWN: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "Every child that was started is taken down, once.",
);

const LEFT: Clause = Clause::new(
    "contracts/bridge.md#the-end",
    "What a child started goes with it.",
);

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.end.one-for-any-output", ONE).property(talks, one_for_any_output),
        must("bridge.host.end.nothing-after", ONE).example(nothing_after),
        must("bridge.host.end.says-how-it-ended", WHY).example(says_how_it_ended),
        must("bridge.host.end.no-child", NONE).example(no_child),
        must("bridge.host.end.broken-pipe", NONE)
            .fault(broken_pipe)
            // No program can be made to have one.
            .applies(|target| !target.has_programs()),
        must("bridge.host.end.silent-child", TIME).example(silent_child),
        must("bridge.host.end.endless-answer", MUCH).example(endless_answer),
        must("bridge.host.end.child-is-taken-down", DOWN).property(talks, child_is_taken_down),
        must("bridge.host.end.nothing-left", LEFT)
            .next()
            .example(nothing_left)
            // Nothing stays of a child that is played.
            .applies(BrokerTarget::has_programs),
    ]
}

fn one_for_any_output(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let (turn, _) = target.turn(context, &talk.play())?;
    has_one_end(&turn)
}

fn nothing_after(target: &BrokerTarget, context: &Context) -> Checked {
    let words = target.words();
    let delta = words.delta();
    let lines = [&delta, words.result, &delta, words.result, "noise"];
    let play = Play::of(words.adapter, vec![Step::lines(&lines)]);
    let (turn, _) = target.turn(context, &play)?;
    expect_eq("the events", "text finish", kinds(&turn.events).as_str())
}

fn says_how_it_ended(target: &BrokerTarget, context: &Context) -> Checked {
    let ends = [
        (How::Exited(0), "0"),
        (How::Exited(7), "7"),
        (How::Signalled(9), "9"),
    ];
    let words = target.words();
    for (how, number) in ends {
        let mut play = Play::of(words.adapter, Vec::new());
        let stderr = "error: not logged in\n".to_owned();
        play.children = vec![Role::ending(vec![Step::lines(&[&words.delta()])], how, stderr)];
        let (turn, _) = target.turn(context, &play)?;
        failed_by(&turn, FailureCode::ChildEnded)?;
        let message = failure(&turn).map_or("", |(_, message)| message);
        expect(
            message.contains(number) && message.contains("not logged in"),
            || format!("the number {number}, and what the child wrote to standard error"),
            || message.to_owned(),
        )?;
    }
    Ok(())
}

fn no_child(target: &BrokerTarget, context: &Context) -> Checked {
    let mut play = Play::of(target.words().adapter, Vec::new());
    play.children.clear();
    let (turn, _) = target.turn(context, &play)?;
    failed_by(&turn, FailureCode::NotStarted)
}

fn broken_pipe(target: &BrokerTarget, context: &Context) -> Checked {
    let words = target.words();
    let steps = vec![Step::lines(&[&words.delta()]), Step::Break];
    let (turn, _) = target.turn(context, &Play::of(words.adapter, steps))?;
    failed_by(&turn, FailureCode::Transport)
}

fn silent_child(target: &BrokerTarget, context: &Context) -> Checked {
    let words = target.words();
    let delta = words.delta();
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(3600));
    for (which, steps) in [
        ("start", vec![Step::Hang]),
        ("idle", vec![Step::lines(&[&delta]), Step::Hang]),
        ("total", vec![Step::lines(&[&delta]), Step::Hang]),
    ] {
        let mut play = Play::of(words.adapter, steps);
        let time = |name| if which == name { short } else { long };
        (play.times.start, play.times.idle, play.times.total) = (time("start"), time("idle"), time("total"));
        let (turn, _) = target.turn(context, &play)?;
        failed_by(&turn, FailureCode::Deadline)?;
    }
    Ok(())
}

fn endless_answer(target: &BrokerTarget, context: &Context) -> Checked {
    let text = "x".repeat(BRIDGE_TEXT_BYTES / 8);
    let words = target.words();
    let line = words.text(&text);
    let chatter = Step::Repeat {
        bytes: (line + "\n").into_bytes(),
        at_most: 4 * BRIDGE_TEXT_BYTES,
    };
    let (turn, _) = target.turn(context, &Play::of(words.adapter, vec![chatter]))?;
    failed_by(&turn, FailureCode::TooLarge)
}

fn child_is_taken_down(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let (_, seen) = target.turn(context, &talk.play())?;
    let ended: Vec<usize> = seen.children.iter().map(|child| child.ended).collect();
    expect(
        !ended.is_empty(),
        || "a child to be started".to_owned(),
        || "none".to_owned(),
    )?;
    expect_eq(
        "how often each child is taken down",
        &vec![1; seen.children.len()],
        &ended,
    )
}

/// What it started is still busy when the child itself is done, or is taken down.
fn nothing_left(target: &BrokerTarget, context: &Context) -> Checked {
    let words = target.words();
    let delta = words.delta();
    let done = vec![Step::Leave, Step::lines(&[&delta, words.result])];
    let cut = vec![Step::Leave, Step::lines(&[&delta]), Step::Hang];
    let plays = [
        Play::of(words.adapter, done),
        Play::of(words.adapter, cut.clone()).read_by(vec![Act::Read(1), Act::Cancel, Act::ReadAll]),
        Play::of(words.adapter, cut).read_by(vec![Act::Read(1), Act::Drop]),
    ];
    for play in plays {
        let seen = target.play(context, &play)?;
        let ended: Vec<usize> = seen.children.iter().map(|child| child.ended).collect();
        expect(
            ended == [1],
            || "a child of which nothing is left".to_owned(),
            || match &ended[..] {
                [] => "no child".to_owned(),
                _ => "something that it started is still there".to_owned(),
            },
        )?;
    }
    Ok(())
}
