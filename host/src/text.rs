//! How things are put into words: a guest's text, fit for a message of ours, and durations in reports.

use std::time::Duration;

use serde::Serializer;

pub(crate) use yoi_dialects::text::bounded;

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
}
