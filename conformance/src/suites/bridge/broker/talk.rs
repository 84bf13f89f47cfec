//! What children say, made up: lines that they are known to say, in any order, and whatever else a pipe may bring.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use yoi_host::bridge::Adapter;
use yoi_host::wire::child::How;

use super::super::transcripts::known_lines;
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

/// A piece of an answer, and the end of a turn, in the words of `indusagi-wire`.
pub(super) const DELTA: &str = r#"{"type":"event","event":{"kind":"text_delta","delta":"some text"}}"#;
pub(super) const RESULT: &str = r#"{"type":"result","snapshot":{"phase":"settled"}}"#;

pub(super) fn talks() -> impl Strategy<Value = Talk> {
    prop::sample::select(Adapter::ALL.to_vec()).prop_flat_map(|adapter| {
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
