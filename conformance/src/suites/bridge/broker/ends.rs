//! The one end of an exchange.

use std::time::Duration;

use yoi_host::bridge::{Adapter, FailureCode, NormalizedEvent};
use yoi_host::limits::BRIDGE_TEXT_BYTES;
use yoi_host::wire::child::How;

use super::play::{Play, Role, Step};
use super::talk::{DELTA, RESULT, Talk, talks};
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

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.end.one-for-any-output", ONE).property(|_| talks(), one_for_any_output),
        must("bridge.host.end.nothing-after", ONE).example(nothing_after),
        must("bridge.host.end.says-how-it-ended", WHY).example(says_how_it_ended),
        must("bridge.host.end.no-child", NONE).example(no_child),
        must("bridge.host.end.broken-pipe", NONE)
            .fault(broken_pipe)
            // No process can be made to have one.
            .applies(|target| target.door() == "in-process"),
        must("bridge.host.end.silent-child", TIME).example(silent_child),
        must("bridge.host.end.endless-answer", MUCH).example(endless_answer),
        must("bridge.host.end.child-is-taken-down", DOWN).property(|_| talks(), child_is_taken_down),
    ]
}

fn one_for_any_output(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let (turn, _) = target.turn(context, &talk.play())?;
    has_one_end(&turn)
}

fn nothing_after(target: &BrokerTarget, context: &Context) -> Checked {
    let lines = [DELTA, RESULT, DELTA, RESULT, "noise"];
    let play = Play::of(Adapter::IndusagiWire, vec![Step::lines(&lines)]);
    let (turn, _) = target.turn(context, &play)?;
    expect_eq("the events", "text finish", kinds(&turn.events).as_str())
}

fn says_how_it_ended(target: &BrokerTarget, context: &Context) -> Checked {
    let ends = [
        (How::Exited(0), "exit status 0"),
        (How::Exited(7), "exit status 7"),
        (How::Signalled(9), "signal 9"),
    ];
    for (how, words) in ends {
        let mut play = Play::of(Adapter::IndusagiWire, Vec::new());
        let stderr = "error: not logged in\n".to_owned();
        play.children = vec![Role::ending(vec![Step::lines(&[DELTA])], how, stderr)];
        let (turn, _) = target.turn(context, &play)?;
        failed_by(&turn, FailureCode::ChildEnded)?;
        let message = failure(&turn).map_or("", |(_, message)| message);
        expect(
            message.contains(words) && message.contains("not logged in"),
            || format!("`{words}`, and what the child wrote to standard error"),
            || message.to_owned(),
        )?;
    }
    Ok(())
}

fn no_child(target: &BrokerTarget, context: &Context) -> Checked {
    let mut play = Play::of(Adapter::IndusagiWire, Vec::new());
    play.children.clear();
    let (turn, _) = target.turn(context, &play)?;
    failed_by(&turn, FailureCode::NotStarted)
}

fn broken_pipe(target: &BrokerTarget, context: &Context) -> Checked {
    let steps = vec![Step::lines(&[DELTA]), Step::Break];
    let (turn, _) = target.turn(context, &Play::of(Adapter::IndusagiWire, steps))?;
    failed_by(&turn, FailureCode::Transport)
}

fn silent_child(target: &BrokerTarget, context: &Context) -> Checked {
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(3600));
    for (which, steps) in [
        ("start", vec![Step::Hang]),
        ("idle", vec![Step::lines(&[DELTA]), Step::Hang]),
        ("total", vec![Step::lines(&[DELTA]), Step::Hang]),
    ] {
        let mut play = Play::of(Adapter::IndusagiWire, steps);
        let time = |name| if which == name { short } else { long };
        (play.times.start, play.times.idle, play.times.total) = (time("start"), time("idle"), time("total"));
        let (turn, _) = target.turn(context, &play)?;
        failed_by(&turn, FailureCode::Deadline)?;
    }
    Ok(())
}

fn endless_answer(target: &BrokerTarget, context: &Context) -> Checked {
    let text = "x".repeat(BRIDGE_TEXT_BYTES / 8);
    let line = format!(r#"{{"type":"event","event":{{"kind":"text_delta","delta":"{text}"}}}}"#);
    let chatter = Step::Repeat {
        bytes: (line + "\n").into_bytes(),
        at_most: 4 * BRIDGE_TEXT_BYTES,
    };
    let (turn, _) = target.turn(context, &Play::of(Adapter::IndusagiWire, vec![chatter]))?;
    failed_by(&turn, FailureCode::TooLarge)
}

fn child_is_taken_down(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let (turn, seen) = target.turn(context, &talk.play())?;
    let ended: Vec<usize> = seen.children.iter().map(|child| child.ended).collect();
    expect_eq(
        "how often each child is taken down",
        &vec![1; seen.children.len()],
        &ended,
    )?;
    // And whoever asks is told when nothing of it is left.
    let ending = turn.report.and_then(|report| report.ending);
    let failed = matches!(turn.events.last(), Some(NormalizedEvent::Failed { .. }));
    expect(
        ending.is_some() || failed,
        || "how the child ended".to_owned(),
        || "nothing".to_owned(),
    )
}
