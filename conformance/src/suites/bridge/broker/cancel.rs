//! Exchanges that somebody ends.

use std::time::Duration;

use proptest::prelude::*;
use yoi_host::bridge::{FailureCode, NormalizedEvent};

use super::play::{Act, Play, Step};
use super::talk::{Talk, talks};
use super::{BrokerTarget, BrokerTest, failed_by, has_one_end, kinds};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Side};

const ENDED: Clause = Clause::new(
    "contracts/bridge.md#ending-it",
    "An exchange that somebody ends, at any point, has what was told until then and one last event: that it was aborted.",
);
const OVER: Clause = Clause::new(
    "contracts/bridge.md#ending-it",
    "Ending what is over, or what was ended, changes nothing.",
);
const DROPPED: Clause = Clause::new(
    "contracts/bridge.md#ending-it",
    "An exchange that nobody holds any more takes its child down.",
);

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.cancel.at-every-point", ENDED).property(
            |target| (talks(target), 0_usize..12, any::<bool>()),
            at_every_point,
        ),
        must("bridge.host.cancel.what-is-over", OVER).example(what_is_over),
        must("bridge.host.cancel.nobody-holds-it", DROPPED).property(|_| 0_usize..4, nobody_holds_it),
    ]
}

/// After so many events, with or without the child having said all that it has to say.
fn at_every_point(
    target: &BrokerTarget,
    context: &Context,
    (talk, point, pauses): &(Talk, usize, bool),
) -> Checked {
    // It hangs, so that it does not end by itself.
    let mut play = talk.said_by(vec![Step::Say(talk.bytes()), Step::Hang]);
    let long = Duration::from_secs(30 * 24 * 60 * 60);
    (play.times.start, play.times.idle, play.times.total) = (long, long, long);
    let whole = play.clone().read_by(vec![
        Act::ReadSome(*point),
        Act::Pause,
        Act::Pause,
        Act::Cancel,
        Act::ReadAll,
    ]);
    let mut acts = vec![Act::ReadSome(*point)];
    if *pauses {
        acts.push(Act::Pause);
    }
    acts.extend([Act::Cancel, Act::ReadAll]);
    let (turn, seen) = target.turn(context, &play.read_by(acts))?;
    has_one_end(&turn)?;
    let (all, _) = target.turn(context, &whole)?;
    let told = &turn.events[..turn.events.len() - 1];
    expect(
        all.events.starts_with(told),
        || {
            format!(
                "no other events than without the end, and in their order: {}",
                kinds(&all.events)
            )
        },
        || kinds(told),
    )?;
    let aborted = |event: Option<&NormalizedEvent>| matches!(event, Some(NormalizedEvent::Failed { error }) if error.aborted);
    // What was over before is over as it was.
    expect(
        aborted(turn.events.last()) || turn.events == all.events,
        || "an end that says that it was aborted".to_owned(),
        || format!("{:?}", turn.events.last()),
    )?;
    let ended: Vec<usize> = seen.children.iter().map(|child| child.ended).collect();
    expect(
        ended.iter().all(|ended| *ended == 1),
        || "each child taken down once".to_owned(),
        || format!("{ended:?}"),
    )
}

fn what_is_over(target: &BrokerTarget, context: &Context) -> Checked {
    let words = target.words();
    let delta = words.delta();
    let done = vec![Step::lines(&[&delta, words.result])];
    // A host need not have read the end of what nobody asked for.
    let late = vec![Act::Read(2), Act::Cancel, Act::Cancel, Act::ReadAll];
    let play = Play::of(words.adapter, done).read_by(late);
    let (turn, _) = target.turn(context, &play)?;
    expect_eq(
        "the events of what was over",
        "text finish",
        kinds(&turn.events).as_str(),
    )?;
    let hanging = vec![Step::lines(&[&delta]), Step::Hang];
    let twice = vec![Act::Read(1), Act::Cancel, Act::Pause, Act::Cancel, Act::ReadAll];
    let play = Play::of(words.adapter, hanging).read_by(twice);
    let (turn, _) = target.turn(context, &play)?;
    failed_by(&turn, FailureCode::Aborted)?;
    expect_eq(
        "the events of what was ended twice",
        "text failed",
        kinds(&turn.events).as_str(),
    )
}

fn nobody_holds_it(target: &BrokerTarget, context: &Context, read: &usize) -> Checked {
    let words = target.words();
    let delta = words.delta();
    let steps = vec![Step::lines(&[&delta, &delta, &delta]), Step::Hang];
    let play = Play::of(words.adapter, steps).read_by(vec![Act::Read(*read), Act::Pause, Act::Drop]);
    let seen = target.play(context, &play)?;
    let ended: Vec<usize> = seen.children.iter().map(|child| child.ended).collect();
    expect_eq("how often each child is taken down", &vec![1], &ended)
}
