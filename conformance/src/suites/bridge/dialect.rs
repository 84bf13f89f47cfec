//! What is asked of the dialect of a child agent.

use proptest::prelude::*;
use yoi_host::bridge::{FailureCode, NormalizedEvent};

use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Stop, Test};

use super::{DialectTarget, transcripts};

const LINE: Clause = Clause::new(
    "wit/bridge/dialect.wit#line",
    "The child said a line. `heard` says what became of it.",
);
const STATE: Clause = Clause::new(
    "wit/bridge/dialect.wit#dialect",
    "It keeps what it has to know between the calls, and has nothing besides.",
);
const UNKNOWN: Clause = Clause::new(
    "wit/bridge/dialect.wit#line",
    "`unknown` for what the dialect has no word for, which is then kept as it is; `noise` for what is none of the \
     protocol.",
);
const END: Clause = Clause::new(
    "wit/bridge/dialect.wit#end",
    "The child has said its last, and the exchange is not over.",
);
const SAME: Clause = Clause::new(
    "wit/bridge/dialect.wit#dialect",
    "A dialect of a known child makes of its lines what the host's own dialect makes of them.",
);
const CHILD: Clause = Clause::new(
    "wit/bridge/dialect.wit#dialect",
    "The dialect of a child agent: what its lines mean, and what is said to it.",
);

/// All cases for dialects.
pub(super) fn tests() -> Vec<Test<DialectTarget>> {
    let mut tests = vec![
        Case::must("bridge.dialect.takes-any-line", LINE).property(|_| lines(), over(takes_any_line)),
        Case::must("bridge.dialect.is-a-function", STATE).property(known_lines, over(is_a_function)),
        Case::must("bridge.dialect.noise-ends-nothing", UNKNOWN).property(|_| noise(), over(ends_nothing)),
        Case::must("bridge.dialect.what-is-new-ends-nothing", UNKNOWN)
            .property(|_| new_things(), over(ends_nothing)),
        Case::must("bridge.dialect.takes-back-what-it-told-alone", LINE)
            .property(known_lines, over(takes_back_its_own)),
        Case::must("bridge.dialect.silence-is-no-success", END).example(silence_is_no_success),
        // The reference drops them.
        Case::must("bridge.dialect.says-what-it-does-not-understand", UNKNOWN)
            .profiles(&["faithful"])
            .since(2)
            .example(says_what_it_does_not_understand),
        // The reference drops it.
        Case::should("bridge.dialect.keeps-what-is-new", UNKNOWN)
            .profiles(&["faithful"])
            .property(|_| new_things(), over(keeps_what_is_new)),
        // What of a child's details is told is the dialect's to say.
        Case::should("bridge.dialect.agrees-with-the-hosts-own", SAME)
            .property(known_lines, over(agrees_with_the_hosts_own))
            .applies(|target| target.door() != "native" && target.speaks().is_some()),
    ];
    tests.extend(transcripts::ALL.iter().map(|transcript| {
        Case::must(transcript.id, CHILD)
            .profiles(&["faithful"])
            .example(move |target: &DialectTarget, context| transcript.holds(target, context))
            .applies(move |target| target.speaks() == Some(transcript.adapter))
    }));
    tests
}

/// A check of lines, as the runner has them.
fn over(
    check: fn(&DialectTarget, &Context, &[String]) -> Checked,
) -> impl Fn(&DialectTarget, &Context, &Vec<String>) -> Checked + Send + Sync + 'static {
    move |target, context, lines| check(target, context, lines)
}

/// Lines of JSON and of none.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![new_thing(), noise_line(), ".{0,24}"];
    prop::collection::vec(line, 0..12)
}

fn new_thing() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null"),
        Just("1.5e3"),
        Just("\"text\""),
        Just("[{}]"),
        Just("{\"type\":\"x\",\"id\":1}"),
    ];
    ("[a-z]{3,8}\\.brand_new", value)
        .prop_map(|(kind, value)| format!("{{\"type\":\"{kind}\",\"payload\":{value}}}"))
}

fn new_things() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(new_thing(), 1..6)
}

fn noise_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("[SandboxDebug] started".to_owned()),
        Just("{\"type\":".to_owned()),
        Just("npm warn deprecated".to_owned()),
        "[a-z ]{1,20}",
    ]
}

fn noise() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(noise_line(), 1..6)
}

/// Lines that the target's child is known to say, in any order, where any are known; some cut short, some new.
fn known_lines(target: &DialectTarget) -> impl Strategy<Value = Vec<String>> + use<> {
    let known = target.speaks().map(transcripts::known_lines).unwrap_or_default();
    if known.is_empty() {
        return prop::collection::vec(new_thing(), 0..24).boxed();
    }
    let cut = (prop::sample::select(known.clone()), any::<prop::sample::Index>());
    let cut = cut.prop_map(|(line, at)| {
        let at = line.floor_char_boundary(at.index(line.len() + 1));
        line[..at].to_owned()
    });
    let line = prop_oneof![16 => prop::sample::select(known), 1 => cut, 1 => new_thing(), 1 => noise_line()];
    prop::collection::vec(line, 0..24).boxed()
}

/// Whether the dialect itself is what failed.
fn broke(events: &[NormalizedEvent]) -> Option<&str> {
    events.iter().find_map(|event| match event {
        NormalizedEvent::Failed { error } if error.code == Some(FailureCode::Dialect) => {
            Some(error.message.as_str())
        }
        _ => None,
    })
}

fn takes_any_line(target: &DialectTarget, context: &Context, lines: &[String]) -> Checked {
    let events = target.hear(context, lines)?.ended();
    let broke = broke(&events);
    expect(
        broke.is_none(),
        || "an answer to every line".to_owned(),
        || broke.unwrap_or_default().to_owned(),
    )
}

fn is_a_function(target: &DialectTarget, context: &Context, lines: &[String]) -> Checked {
    let first = target.hear(context, lines)?.ended();
    let second = target.hear(context, lines)?.ended();
    expect_eq("the same events for the same lines", &first, &second)
}

fn ends_nothing(target: &DialectTarget, context: &Context, lines: &[String]) -> Checked {
    let heard = target.hear(context, lines)?;
    expect(
        !heard.is_over(),
        || "an exchange that goes on".to_owned(),
        || last_of(heard.events()),
    )
}

fn keeps_what_is_new(target: &DialectTarget, context: &Context, lines: &[String]) -> Checked {
    let heard = target.hear(context, lines)?;
    let kept = heard.events().iter().filter_map(|event| match event {
        NormalizedEvent::Unknown { line } => Some(line),
        _ => None,
    });
    let kept: Vec<_> = kept.collect();
    expect_eq("each line kept as it is", &lines.iter().collect(), &kept)
}

/// What is void was told before: no more bytes of a voice, and whole characters.
fn takes_back_its_own(target: &DialectTarget, context: &Context, lines: &[String]) -> Checked {
    let mut told = [String::new(), String::new()];
    for event in target.hear(context, lines)?.ended() {
        match event {
            NormalizedEvent::Text { delta } => told[0].push_str(&delta),
            NormalizedEvent::Thinking { delta } => told[1].push_str(&delta),
            NormalizedEvent::Discard { of, bytes } => {
                let told = &mut told[usize::from(of == yoi_host::bridge::Voice::Thinking)];
                let left = told
                    .len()
                    .checked_sub(bytes)
                    .filter(|left| told.is_char_boundary(*left));
                expect(
                    left.is_some(),
                    || "no more taken back than was told".to_owned(),
                    || format!("{bytes} bytes of {}", told.len()),
                )?;
                told.truncate(left.unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(())
}

fn agrees_with_the_hosts_own(target: &DialectTarget, context: &Context, lines: &[String]) -> Checked {
    let own = target.own().ok_or_else(|| {
        let speaks = target.speaks().map_or("nobody", yoi_host::bridge::Adapter::name);
        Stop::CouldNotRun(format!("the host has no dialect of `{speaks}` in this mode"))
    })?;
    let (theirs, ours) = (target.hear(context, lines)?, own.hear(context, lines)?);
    expect_eq(
        "what the host's own dialect says to the child",
        &ours.lines().iter().map(|line| as_meant(line)).collect::<Vec<_>>(),
        &theirs
            .lines()
            .iter()
            .map(|line| as_meant(line))
            .collect::<Vec<_>>(),
    )?;
    expect_eq(
        "the events of the host's own dialect",
        &ours.ended(),
        &theirs.ended(),
    )
}

/// A line of JSON, however it is written; one of none as it is.
fn as_meant(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|_| line.into())
}

/// How an exchange stands, as whoever wrote the dialect knows it.
pub(super) fn last_of(events: &[NormalizedEvent]) -> String {
    let last = events
        .last()
        .map(|event| serde_json::to_string(event).unwrap_or_default());
    last.unwrap_or_else(|| "no event".to_owned())
}

/// Whoever takes everything for understood and tells of nothing has not heard.
fn says_what_it_does_not_understand(target: &DialectTarget, context: &Context) -> Checked {
    let lines = [
        r#"{"type":"x.brand_new","payload":null}"#,
        r#"{"type":"y.brand_new","payload":[{}]}"#,
        "npm warn deprecated",
        "{\"type\":",
    ];
    let heard = target.hear(context, &lines.map(str::to_owned))?;
    let counts = heard.counts();
    expect(
        counts.unknown + counts.noise > 0 || !heard.events().is_empty(),
        || "`unknown` or `noise` of a line that is none of the child's, or an event".to_owned(),
        || {
            format!(
                "{} lines, all of them understood, and nothing told of any",
                counts.lines
            )
        },
    )
}

fn silence_is_no_success(target: &DialectTarget, context: &Context) -> Checked {
    let events = target.hear(context, &[])?.ended();
    let last = events.last();
    expect(
        matches!(last, Some(NormalizedEvent::Failed { .. })),
        || "a failure of a child that says nothing".to_owned(),
        || last_of(&events),
    )
}
