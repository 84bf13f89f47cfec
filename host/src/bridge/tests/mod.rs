//! Dialects over transcripts, exchanges over scripted children, and a few real ones.

mod broker;
mod children;
mod compat;
mod conversations;
mod exchange;
mod faithful;
mod properties;
mod recorded;
mod scripted;
mod sink;

use super::event::NormalizedEvent;
use super::{Adapter, Mode, Opening, Translation, dialect};
use crate::wire::child::{Ending, How};
use crate::wire::{Line, Lines};

/// A translation, and the lines that it says first.
fn opened(
    adapter: Adapter,
    mode: Mode,
    opening: Opening,
) -> (Translation, Vec<String>, Vec<NormalizedEvent>) {
    let mut translation = Translation::new(dialect(adapter, mode, opening).unwrap(), mode);
    let said = translation.open();
    (translation, said.lines, said.events)
}

/// What becomes of a child's output, to its end.
fn replay(adapter: Adapter, mode: Mode, output: &[u8], ending: &Ending) -> Vec<NormalizedEvent> {
    replay_with(adapter, mode, Opening::default(), output, ending)
}

fn replay_with(
    adapter: Adapter,
    mode: Mode,
    opening: Opening,
    output: &[u8],
    ending: &Ending,
) -> Vec<NormalizedEvent> {
    let (mut translation, _, mut events) = opened(adapter, mode, opening);
    let mut lines = Lines::new(1 << 20);
    lines.push(output);
    lines.finish();
    for line in std::iter::from_fn(|| lines.next()) {
        events.extend(translation.line(&line).events);
    }
    events.extend(translation.end(ending).events);
    events
}

/// The same as lines of JSON, for snapshots.
fn told(adapter: Adapter, mode: Mode, output: &str) -> String {
    json(&replay(adapter, mode, output.as_bytes(), &exited(0)))
}

fn json(events: &[NormalizedEvent]) -> String {
    let lines = events.iter().map(|event| serde_json::to_string(event).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

fn exited(code: i32) -> Ending {
    Ending::itself(How::Exited(code), String::new())
}

fn line(text: &str) -> Line {
    Line::Text(text.to_owned())
}

/// What a reader has of the answer who honours what is void.
fn text_of(events: &[NormalizedEvent]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            NormalizedEvent::Text { delta } => text.push_str(delta),
            NormalizedEvent::Discard {
                of: super::Voice::Text,
                bytes,
            } => text.truncate(text.len() - bytes),
            _ => {}
        }
    }
    text
}
