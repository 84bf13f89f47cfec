//! Tool calls of a message whose arguments come in pieces, within one bound for all of them.

use std::collections::BTreeMap;

use crate::event::{BridgeFailure, FailureCode};
use crate::json::Json;
use crate::limits::{ARGUMENTS_BYTES, MESSAGE_BYTES};
use crate::text::bounded;

/// Calls that are under way, by the index of their block.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: BTreeMap<u64, Call>,
    bytes: usize,
}

#[derive(Debug)]
struct Call {
    id: String,
    name: String,
    /// What the block began with: `{}`, or all of it.
    input: Option<Json>,
    pieces: String,
}

/// A call, and its arguments or what came instead of an object.
#[derive(Debug, PartialEq)]
pub(super) struct Whole {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Result<Json, String>,
}

impl Call {
    fn bytes(&self) -> usize {
        let input = self.input.as_ref().map_or(0, |input| input.text().len());
        self.id.len() + self.name.len() + input + self.pieces.len()
    }
}

impl Calls {
    /// Another message begins: what is under way has no end any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A call begins, with nothing of its arguments yet or with all of them. One that was under way in its place has no
    /// end any more.
    pub(super) fn begins(
        &mut self,
        index: u64,
        id: String,
        name: String,
        input: Option<Json>,
    ) -> Result<(), BridgeFailure> {
        let pieces = String::new();
        let call = Call {
            id,
            name,
            input,
            pieces,
        };
        self.bytes += call.bytes();
        if let Some(before) = self.calls.insert(index, call) {
            self.bytes -= before.bytes();
        }
        self.hold(index)
    }

    /// A piece of a call's arguments. One of a call that never began is nothing.
    pub(super) fn goes_on(&mut self, index: u64, piece: &str) -> Result<(), BridgeFailure> {
        if let Some(call) = self.calls.get_mut(&index) {
            call.pieces.push_str(piece);
            self.bytes += piece.len();
        }
        self.hold(index)
    }

    /// A call is whole.
    pub(super) fn ends(&mut self, index: u64) -> Option<Whole> {
        let call = self.calls.remove(&index)?;
        self.bytes -= call.bytes();
        let arguments = match call.pieces.trim_ascii() {
            "" => Ok(call.input.unwrap_or_else(Json::empty_object)),
            pieces => Json::of_text(pieces)
                .filter(|json| json.text().starts_with('{'))
                .ok_or(call.pieces),
        };
        Some(Whole {
            id: call.id,
            name: call.name,
            arguments,
        })
    }

    /// Calls that grow without end, or are without end, are those of no model.
    fn hold(&self, index: u64) -> Result<(), BridgeFailure> {
        if self.bytes <= ARGUMENTS_BYTES {
            return Ok(());
        }
        let name = self.calls.get(&index).map_or("", |call| &call.name);
        let message = format!(
            "the arguments of the tool `{}`, with those of others that are under way, have more than \
             {ARGUMENTS_BYTES} bytes",
            bounded(name, MESSAGE_BYTES)
        );
        Err(BridgeFailure::new(FailureCode::TooLarge, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(calls: &mut Calls, index: u64) {
        calls
            .begins(index, format!("c{index}"), "read".to_owned(), None)
            .unwrap();
    }

    #[test]
    fn pieces_of_calls_that_are_under_way_together_are_told_apart() {
        let mut calls = Calls::default();
        begun(&mut calls, 1);
        begun(&mut calls, 2);
        for (index, piece) in [(1, "{\"a\":"), (2, "[1"), (1, "1}"), (3, "{}"), (2, "]")] {
            calls.goes_on(index, piece).unwrap();
        }
        let arguments = |call: Whole| (call.id, call.arguments.map(|json| json.text().to_owned()));
        assert_eq!(
            calls.ends(1).map(arguments),
            Some(("c1".to_owned(), Ok("{\"a\":1}".to_owned())))
        );
        assert_eq!(
            calls.ends(2).map(arguments),
            Some(("c2".to_owned(), Err("[1]".to_owned())))
        );
        assert_eq!(calls.ends(3), None);
        assert_eq!(calls.bytes, 0);
    }

    #[test]
    fn the_bound_is_one_for_all_that_are_under_way_and_none_for_those_that_were() {
        let mut calls = Calls::default();
        let half = "x".repeat(ARGUMENTS_BYTES / 2);
        for index in 0..8 {
            begun(&mut calls, index);
            calls.goes_on(index, &half).unwrap();
            calls.ends(index);
        }
        begun(&mut calls, 1);
        calls.goes_on(1, &half).unwrap();
        // The same once more is in its place.
        begun(&mut calls, 1);
        calls.goes_on(1, &half).unwrap();
        begun(&mut calls, 2);
        let error = calls.goes_on(2, &half).unwrap_err();
        assert_eq!(error.code, Some(FailureCode::TooLarge));
    }
}
