//! Lines of what a child writes.

use proptest::prelude::*;
use yoi_host::bridge::{Adapter, NormalizedEvent};
use yoi_host::limits::CHILD_LINE_BYTES;

use super::play::{Play, Step};
use super::talk::{Talk, lines, talks};
use super::{BrokerTarget, BrokerTest, has_one_end, kinds};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Side};

const CUT: Clause = Clause::new(
    "contracts/bridge.md#lines",
    "However a pipe cuts the same bytes, the same events come of them.",
);
const END: Clause = Clause::new(
    "contracts/bridge.md#lines",
    "A line ends with `\\n` or `\\r\\n`, the last may lack its end, and lines of blanks are none.",
);
const LONG: Clause = Clause::new(
    "contracts/bridge.md#lines",
    "A line above the bound is skipped to its end, nothing of it is kept, and the next is read.",
);
const TEXT: Clause = Clause::new(
    "contracts/bridge.md#lines",
    "A line that is no UTF-8 is skipped, and the next is read.",
);

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.lines.any-cutting", CUT).property(
            |target| (talks(target), prop::collection::vec(any::<u16>(), 0..12)),
            any_cutting,
        ),
        must("bridge.host.lines.ends", END).property(known_lines, ends),
        must("bridge.host.lines.too-long", LONG).example(too_long),
        must("bridge.host.lines.not-text", TEXT).example(not_text),
    ]
}

fn any_cutting(target: &BrokerTarget, context: &Context, (talk, cuts): &(Talk, Vec<u16>)) -> Checked {
    let bytes = talk.bytes();
    let mut cuts: Vec<usize> = cuts
        .iter()
        .map(|cut| usize::from(*cut) % (bytes.len() + 1))
        .collect();
    cuts.sort_unstable();
    let (mut pieces, mut from) = (Vec::new(), 0);
    for to in cuts.into_iter().chain([bytes.len()]) {
        pieces.push(Step::Say(bytes[from..to].to_owned()));
        from = to;
    }
    let (whole, _) = target.turn(context, &talk.play())?;
    let (cut, _) = target.turn(context, &talk.said_by(pieces))?;
    expect_eq("the events of the bytes in one piece", &whole.events, &cut.events)
}

fn known_lines(target: &BrokerTarget) -> impl Strategy<Value = (Adapter, Vec<String>)> + use<> {
    prop::sample::select(target.adapters.clone())
        .prop_flat_map(|adapter| (Just(adapter), prop::collection::vec(lines(adapter), 1..8)))
}

fn ends(target: &BrokerTarget, context: &Context, (adapter, lines): &(Adapter, Vec<String>)) -> Checked {
    let turn = |output: String| {
        let play = Play::of(*adapter, vec![Step::Say(output.into_bytes())]);
        target.turn(context, &play).map(|(turn, _)| turn.events)
    };
    let plain = turn(lines.join("\n") + "\n")?;
    let others = [
        ("with `\\r\\n`", lines.join("\r\n") + "\r\n"),
        ("without the last end", lines.join("\n")),
        ("with lines of blanks", lines.join("\n\n \t\r\n") + "\n\n"),
        (
            "with a mark of the byte order",
            format!("\u{feff}{}\n", lines.join("\n")),
        ),
    ];
    for (what, output) in others {
        expect_eq(
            &format!("the events of the same lines {what}"),
            &plain,
            &turn(output)?,
        )?;
    }
    Ok(())
}

/// A line that is none, between two that are.
fn between(target: &BrokerTarget, context: &Context, line: Vec<u8>) -> Checked {
    let words = target.words();
    let delta = words.delta();
    let steps = vec![
        Step::lines(&[&delta]),
        Step::Say(line),
        Step::Say(format!("\n{delta}\n{}\n", words.result).into_bytes()),
    ];
    let (turn, _) = target.turn(context, &Play::of(words.adapter, steps))?;
    has_one_end(&turn)?;
    let texts = turn.events.iter().filter(|event| event.kind() == "text").count();
    let finished = matches!(turn.events.last(), Some(NormalizedEvent::Finish { .. }));
    expect(
        texts == 2 && finished,
        || "the line before, the line after, and the end".to_owned(),
        || kinds(&turn.events),
    )
}

fn too_long(target: &BrokerTarget, context: &Context) -> Checked {
    // Longer than any host should hold, and than ours does.
    between(target, context, vec![b'x'; CHILD_LINE_BYTES + 1])
}

fn not_text(target: &BrokerTarget, context: &Context) -> Checked {
    between(target, context, vec![0xff, 0xfe, b'{', b'}'])
}
