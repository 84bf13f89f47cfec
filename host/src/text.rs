//! How things are put into words: a guest's text, fit for a message of ours, and durations in reports.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serializer;

/// Serialise a duration as microseconds, for fields that end in `_us`.
pub(crate) fn micros<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(duration.as_secs_f64() * 1e6)
}

/// `text` as a word of a shell, to be typed as it is shown.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// At most `limit` bytes of `text` (and an ellipsis where it was cut, on a character's boundary), with its
/// control characters as spaces, line breaks and tabs included: a message is one line.
pub(crate) fn bounded(text: &str, limit: usize) -> Cow<'_, str> {
    let cut = text.len() > limit;
    let kept = &text[..text.floor_char_boundary(limit)];
    if !cut && !kept.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut line: String = kept
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if cut {
        line.push('…');
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_can_be_typed_as_it_is_shown() {
        assert_eq!(shell_word("a/b-c_1.wasm"), "a/b-c_1.wasm");
        assert_eq!(shell_word("my plugin"), "'my plugin'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word("$HOME"), "'$HOME'");
    }
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_bounded_and_free_of_controls(text: String, limit in 0_usize..40) {
            let line = bounded(&text, limit);
            prop_assert!(line.len() <= limit + '…'.len_utf8());
            prop_assert!(!line.contains(char::is_control));
        }

        #[test]
        fn plain_text_within_the_limit_is_itself(text in "[a-zé語 ]{0,12}") {
            prop_assert_eq!(bounded(&text, 64), text.as_str());
        }
    }
}
