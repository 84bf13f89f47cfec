//! A guest's text, made harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every character shown as an escape that would do more than print: control characters (but for
/// line breaks and tabs), and those that change the direction in which text runs.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmful(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The same on one line.
#[must_use]
pub fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', "\\n").replace('\t', " ")
}

fn is_harmful(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks, embeddings, overrides and isolates of direction; separators that break lines; the mark that
        // begins files; letters that do not show.
        '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_in_any_script_is_untouched() {
        let text = "line\n\ttabbed é 語 🙂";
        assert!(matches!(harmless(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn what_would_drive_a_terminal_is_shown_instead() {
        insta::assert_snapshot!(
            harmless("\u{1b}]0;owned\u{7}\r\u{9b}2J\u{7f}\u{202e}txet\u{8}"),
            @r"\u{1b}]0;owned\u{7}\u{d}\u{9b}2J\u{7f}\u{202e}txet\u{8}"
        );
        assert_eq!(harmless_line("a\nb\tc"), "a\\nb c");
    }
}
