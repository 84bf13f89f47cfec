//! Events that were given up, as a journal or a stream keeps them: to be looked at, tried anew, or dropped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::plugin::message::IngressEvent;

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Letter {
    /// Its number, by which it is named: no other one where it is kept has it, or ever gets it.
    pub number: u64,
    /// Why it was given up, where that was told.
    pub why: Option<String>,
    /// The event, with the attempt that was the last; none where it was no event.
    pub event: Option<IngressEvent>,
    /// What came, where it was no event.
    pub text: Option<String>,
}

/// Why nothing was done with some letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// There are no such ones.
    #[error("no event with the number {} was given up there; nothing was done", list(.0))]
    Unknown(Vec<u64>),
    /// They cannot be delivered.
    #[error(
        "what has the number {} is no event, and can be dropped and not be tried again; nothing was done",
        list(.0)
    )]
    NoEvent(Vec<u64>),
}

/// A letter as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) why: Option<String>,
    /// The event, or a string of what was none.
    pub(super) event: Box<RawValue>,
}

impl Stored {
    /// The letter of this number.
    pub(super) fn letter(self, number: u64) -> Letter {
        let json = self.event.get();
        let event = serde_json::from_str(json).ok();
        let text = event
            .is_none()
            .then(|| serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned()));
        Letter {
            number,
            why: self.why,
            event,
            text,
        }
    }
}

impl LetterError {
    /// Whether all these are there, and can be tried again, if they are to be.
    pub(super) fn check(letters: &[Letter], numbers: &[u64], to_try: bool) -> Result<(), Self> {
        let find = |number: &u64| letters.iter().find(|letter| letter.number == *number);
        let pick = |is: &dyn Fn(&u64) -> bool| numbers.iter().copied().filter(|number| is(number)).collect();
        let unknown: Vec<u64> = pick(&|number| find(number).is_none());
        if !unknown.is_empty() {
            return Err(Self::Unknown(unknown));
        }
        let no_event: Vec<u64> = pick(&|number| find(number).is_some_and(|letter| letter.event.is_none()));
        if to_try && !no_event.is_empty() {
            return Err(Self::NoEvent(no_event));
        }
        Ok(())
    }
}

fn list(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_no_event_is_shown_as_it_came() {
        for (stored, text) in [(r#""hello""#, "hello"), (r#"{"a":1}"#, r#"{"a":1}"#)] {
            let stored = Stored {
                why: None,
                event: RawValue::from_string(stored.to_owned()).unwrap(),
            };
            let letter = stored.letter(3);
            assert_eq!((letter.event, letter.text.as_deref()), (None, Some(text)));
        }
    }

    #[test]
    fn some_that_are_not_there_or_no_events_are_named() {
        let letter = |number| Letter {
            number,
            why: None,
            event: None,
            text: Some(String::new()),
        };
        let there = [letter(1), letter(2)];
        let check = |numbers: &[u64], to_try| LetterError::check(&there, numbers, to_try);
        assert_eq!(check(&[1, 2], false), Ok(()));
        insta::assert_snapshot!(check(&[1, 5, 7], false).unwrap_err(), @"no event with the number 5, 7 was given up there; nothing was done");
        insta::assert_snapshot!(check(&[2], true).unwrap_err(), @"what has the number 2 is no event, and can be dropped and not be tried again; nothing was done");
    }
}
