//! What a child says, fit for a message of ours.

use std::borrow::Cow;

/// At most `limit` bytes of `text` (and an ellipsis where it was cut, on a character's boundary), with its
/// control characters as spaces, line breaks and tabs included: a message is one line.
#[must_use]
pub fn bounded(text: &str, limit: usize) -> Cow<'_, str> {
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
    use proptest::prelude::*;

    use super::*;

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
