//! What children say, made up: lines that they are known to say, in any order, and whatever else a pipe may bring.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use yoi_host::bridge::Adapter;
use yoi_host::wire::child::How;

use super::super::transcripts::known_lines;
use super::BrokerTarget;
use super::play::{Play, Role, Step};

/// What a child says, and how it ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Talk {
    pub(super) adapter: Adapter,
    output: Vec<Piece>,
    end: End,
}

/// A piece of output. Most is text, and then it is to be read as text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Status(u8),
    Signal(i32),
}

/// The words of one dialect, in which cases speak that are of none in particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) adapter: Adapter,
    /// What stands before and after a text.
    around: (&'static str, &'static str),
    /// The end of a turn.
    pub(super) result: &'static str,
}

/// The text of which most answers are made here.
pub(super) const TEXT: &str = "some text";

impl Words {
    /// The dialects that there are words of, those first that are taken first.
    pub(super) const ADAPTERS: [Adapter; 3] =
        [Adapter::IndusagiWire, Adapter::IndusagiCli, Adapter::ClaudeCli];

    /// Those of the first of the dialects that are known.
    pub(super) fn of_any(adapters: &[Adapter]) -> Option<Self> {
        let known = Self::ADAPTERS
            .into_iter()
            .find(|adapter| adapters.contains(adapter))?;
        let (around, result) = match known {
            Adapter::ClaudeCli => (
                (
                    r#"{"type":"stream_event","parent_tool_use_id":null,"event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""#,
                    r#""}}}"#,
                ),
                r#"{"type":"result","subtype":"success","is_error":false}"#,
            ),
            Adapter::IndusagiCli => (
                (
                    r#"{"jsonrpc":"2.0","method":"stream/text","params":{"delta":""#,
                    r#""}}"#,
                ),
                r#"{"jsonrpc":"2.0","method":"stream/done","params":{"reason":"stop"}}"#,
            ),
            _ => (
                (
                    r#"{"type":"event","event":{"kind":"text_delta","delta":""#,
                    r#""}}"#,
                ),
                r#"{"type":"result","snapshot":{"phase":"settled"}}"#,
            ),
        };
        Some(Self {
            adapter: known,
            around,
            result,
        })
    }

    /// A piece of an answer.
    pub(super) fn text(&self, text: &str) -> String {
        let (before, after) = self.around;
        format!("{before}{text}{after}")
    }

    /// A piece of an answer, like any other.
    pub(super) fn delta(&self) -> String {
        self.text(TEXT)
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::of_any(&Adapter::ALL).expect("there are words of a known dialect")
    }
}

/// What children of the dialects say that a host has.
pub(super) fn talks(target: &BrokerTarget) -> impl Strategy<Value = Talk> + use<> {
    prop::sample::select(target.adapters.clone()).prop_flat_map(|adapter| {
        let ends = prop::sample::select(&["\n", "\r\n", "\n\n", ""][..]);
        let line = (lines(adapter), ends).prop_map(|(line, end)| Piece::Text(line + end));
        let bytes = prop::collection::vec(any::<u8>(), 0..12).prop_map(Piece::Bytes);
        let piece = prop_oneof![12 => line, 1 => bytes];
        let end = prop_oneof![
            prop::sample::select(&[0_u8, 0, 1, 2, 101, 255][..]).prop_map(End::Status),
            prop::sample::select(&[9, 15][..]).prop_map(End::Signal),
        ];
        (prop::collection::vec(piece, 0..16), end).prop_map(move |(output, end)| Talk {
            adapter,
            output,
            end,
        })
    })
}

/// Lines that an adapter's child is known to say, some of other children's, some cut short, and some that are none.
pub(super) fn lines(adapter: Adapter) -> impl Strategy<Value = String> {
    let own = known_lines(adapter);
    let others: Vec<String> = Adapter::ALL.into_iter().flat_map(known_lines).collect();
    let cut = (prop::sample::select(own.clone()), any::<prop::sample::Index>());
    let cut = cut.prop_map(|(line, at)| {
        let at = line.floor_char_boundary(at.index(line.len() + 1));
        line[..at].to_owned()
    });
    prop_oneof![
        12 => prop::sample::select(own),
        2 => prop::sample::select(others),
        1 => cut,
        1 => Just("npm warn 語 deprecated".to_owned()),
        1 => Just("{\"type\":\"语.brand_new\",\"payload\":[null]}".to_owned()),
    ]
}

impl Talk {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let pieces = self.output.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Bytes(bytes) => bytes,
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// A child that says it at once.
    pub(super) fn play(&self) -> Play {
        self.said_by(vec![Step::Say(self.bytes())])
    }

    /// A child that does this instead, and ends as it does.
    pub(super) fn said_by(&self, steps: Vec<Step>) -> Play {
        let how = match self.end {
            End::Status(status) => How::Exited(status.into()),
            End::Signal(signal) => How::Signalled(signal),
        };
        let mut play = Play::of(self.adapter, Vec::new());
        play.children = vec![Role::ending(steps, how, "its last words\n".to_owned())];
        play
    }
}

#[cfg(test)]
mod tests {
    use yoi_host::bridge::{Mode, NormalizedEvent, Opening, Translation, dialect};
    use yoi_host::wire::Line;

    use super::*;

    #[test]
    fn the_words_of_every_dialect_come_to_an_answer_and_its_end() {
        for adapter in Words::ADAPTERS {
            let words = Words::of_any(&[adapter]).unwrap();
            let own = dialect(adapter, Mode::Faithful, Opening::default()).unwrap();
            let mut translation = Translation::new(own, Mode::Faithful);
            let mut events = translation.open().events;
            for line in [words.delta(), words.text("more"), words.result.to_owned()] {
                events.extend(translation.line(&Line::Text(line)).events);
            }
            let kinds: Vec<_> = events.iter().map(NormalizedEvent::kind).collect();
            assert_eq!(kinds, ["text", "text", "finish"], "{adapter}");
        }
    }
}
