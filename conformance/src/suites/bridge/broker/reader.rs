//! Readers that are slow.

use proptest::prelude::*;
use yoi_host::bridge::FailureCode;

use super::play::{Act, Play, Step};
use super::talk::{Talk, talks};
use super::{BrokerTarget, BrokerTest, failed_by, has_one_end};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Side};

const WAITS: Clause = Clause::new(
    "contracts/bridge.md#a-slow-reader",
    "A child waits for a reader that is slow: no more of what it says is held than a few megabytes.",
);
const ALL: Clause = Clause::new(
    "contracts/bridge.md#a-slow-reader",
    "A reader that is slow misses nothing.",
);
const ENDS: Clause = Clause::new(
    "contracts/bridge.md#a-slow-reader",
    "An exchange whose reader is slow is ended as fast as any other.",
);

/// Most bytes of a child's that may be held for a reader.
const HELD: usize = 8 << 20;

/// Bytes that a child says whom nobody holds back.
const SAID: usize = 64 << 20;

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.reader.child-waits", WAITS)
            .example(|target: &BrokerTarget, context| child_waits(target, context, target.words().delta())),
        must("bridge.host.reader.large-lines", WAITS).example(|target: &BrokerTarget, context| {
            child_waits(target, context, target.words().text(&"x".repeat(700_000)))
        }),
        must("bridge.host.reader.misses-nothing", ALL).property(
            |target| (talks(target), prop::collection::vec(1_usize..4, 0..6)),
            misses_nothing,
        ),
        must("bridge.host.reader.can-be-ended", ENDS).example(can_be_ended),
    ]
}

fn chatter(line: String, at_most: usize) -> Vec<Step> {
    let bytes = (line + "\n").into_bytes();
    vec![Step::Repeat { bytes, at_most }]
}

fn child_waits(target: &BrokerTarget, context: &Context, line: String) -> Checked {
    let acts = vec![Act::Read(3), Act::Pause];
    let play = Play::of(target.words().adapter, chatter(line, SAID)).read_by(acts);
    let (turn, _) = target.turn(context, &play)?;
    let heard = turn.heard;
    expect(
        heard > 0 && heard <= HELD,
        || format!("at most {HELD} bytes that nobody has read"),
        || format!("{heard}"),
    )
}

fn misses_nothing(target: &BrokerTarget, context: &Context, (talk, reads): &(Talk, Vec<usize>)) -> Checked {
    let (fast, _) = target.turn(context, &talk.play())?;
    let mut acts: Vec<Act> = reads
        .iter()
        .flat_map(|read| [Act::Pause, Act::Read(*read)])
        .collect();
    acts.push(Act::ReadAll);
    let (slow, _) = target.turn(context, &talk.play().read_by(acts))?;
    expect_eq("the events that a fast reader has", &fast.events, &slow.events)
}

fn can_be_ended(target: &BrokerTarget, context: &Context) -> Checked {
    let acts = vec![Act::Read(1), Act::Pause, Act::Cancel, Act::ReadAll];
    // So much that a host that cannot be ended has it told in bearable time.
    let steps = chatter(target.words().delta(), SAID / 32);
    let play = Play::of(target.words().adapter, steps).read_by(acts);
    let (turn, seen) = target.turn(context, &play)?;
    has_one_end(&turn)?;
    failed_by(&turn, FailureCode::Aborted)?;
    let ended: Vec<usize> = seen.children.iter().map(|child| child.ended).collect();
    expect_eq("how often each child is taken down", &vec![1], &ended)
}
