//! Text that goes to people and models: cleaned of control characters and cut to a size.

const ELLIPSIS: char = '…';

/// `text` without control characters and in at most `max_bytes` bytes.
///
/// Each control character other than line feed and tab becomes a space. Text that is too long is cut between
/// two characters and ends in `…`, which counts as part of `max_bytes`; below 3 bytes there is no room for it.
pub fn bounded(text: &str, max_bytes: usize) -> String {
    bounded_as_json(text, max_bytes, usize::MAX)
}

/// As [`bounded`], and its form as a JSON string, quotes included, in at most `max_json_bytes`.
pub(crate) fn bounded_as_json(text: &str, max_bytes: usize, max_json_bytes: usize) -> String {
    let max_json_bytes = max_json_bytes.saturating_sub(2);
    let mut text = without_controls(text);
    if text.len() <= max_bytes && json_len(&text) <= max_json_bytes {
        return text;
    }
    let room = ELLIPSIS.len_utf8();
    match (max_bytes.checked_sub(room), max_json_bytes.checked_sub(room)) {
        (Some(max_bytes), Some(max_json_bytes)) => {
            truncate(&mut text, max_bytes, max_json_bytes);
            text.push(ELLIPSIS);
        }
        _ => truncate(&mut text, max_bytes, max_json_bytes),
    }
    text
}

/// `text` with a space for each control character other than line feed and tab.
pub(crate) fn without_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| CLASS[usize::from(byte)] == CONTROL) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = from.chars();
        out.extend(chars.next().map(without_control));
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

fn without_control(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        c if c.is_control() => ' ',
        c => c,
    }
}

/// Keeps as many whole characters as fit into `max_bytes` and, once escaped, into `max_json_bytes`.
fn truncate(text: &mut String, max_bytes: usize, max_json_bytes: usize) {
    text.truncate(text.floor_char_boundary(max_bytes));
    let mut json_bytes = json_len(text);
    while json_bytes > max_json_bytes {
        let Some(last) = text.pop() else { return };
        json_bytes -= json_len(last.encode_utf8(&mut [0; 4]));
    }
}

/// How many bytes `text` takes inside a JSON string. It has no control characters other than line feed and tab.
fn json_len(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|byte| usize::from(CLASS[usize::from(byte)] & ESCAPED))
        .sum();
    text.len() + escapes
}

const PLAIN: u8 = 0;
/// It takes a second byte in JSON.
const ESCAPED: u8 = 1;
/// Only the whole character shows whether it is a control character.
const CONTROL: u8 = 2;

/// What a byte of UTF-8 may be the beginning of. Texts are looked through by bytes, with a table, since a guest
/// has less fuel for a call than it takes to decode every character of the longest one.
static CLASS: [u8; 256] = {
    let mut class = [PLAIN; 256];
    let mut control = 0;
    while control < 0x20 {
        class[control] = CONTROL;
        control += 1;
    }
    class[0x7f] = CONTROL;
    // The first of the two-byte characters, U+0080 to U+009f, are controls too.
    class[0xc2] = CONTROL;
    class[b'\n' as usize] = ESCAPED;
    class[b'\t' as usize] = ESCAPED;
    class[b'"' as usize] = ESCAPED;
    class[b'\\' as usize] = ESCAPED;
    class
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_within_the_bound_is_kept() {
        assert_eq!(bounded("abc", 3), "abc");
        assert_eq!(bounded("", 0), "");
    }

    #[test]
    fn text_over_the_bound_ends_in_an_ellipsis_inside_it() {
        assert_eq!(bounded("abcdef", 5), "ab…");
        assert_eq!(bounded("abcdef", 3), "…");
    }

    #[test]
    fn a_bound_without_room_for_the_ellipsis_cuts_bare() {
        assert_eq!(bounded("abcdef", 2), "ab");
        assert_eq!(bounded("abcdef", 0), "");
    }

    #[test]
    fn multi_byte_text_is_cut_between_characters() {
        // Each of these takes 3 bytes, so 10 bytes hold two and the ellipsis.
        assert_eq!(bounded("日本語語", 10), "日本…");
        assert_eq!(bounded("日本語", 9), "日本語");
        assert_eq!(bounded("日本語", 8), "日…");
    }

    #[test]
    fn control_characters_become_spaces_but_line_feed_and_tab_stay() {
        assert_eq!(bounded("a\u{1b}[31m\r\n\tb\u{9b}\0", 99), "a [31m \n\tb  ");
    }

    #[test]
    fn the_json_bound_counts_escapes_and_quotes() {
        assert_eq!(bounded_as_json(r#""""#, 99, 6), r#""""#);
        assert_eq!(bounded_as_json(r#""""#, 99, 5), "…");
        assert_eq!(bounded_as_json("abc", 99, 5), "abc");
    }

    proptest! {
        #[test]
        fn controls_are_replaced_as_character_by_character(
            text in any::<String>(),
            more in "[a\\n\\x00-\\x1f\\x7f-\u{a9}é日]{0,40}",
        ) {
            let text = text + &more;
            prop_assert_eq!(without_controls(&text), text.chars().map(without_control).collect::<String>());
        }

        #[test]
        fn the_bound_holds(text in any::<String>(), max in 0usize..64) {
            prop_assert!(bounded(&text, max).len() <= max);
        }

        #[test]
        fn bounding_twice_changes_nothing(text in any::<String>(), max in 0usize..64) {
            let once = bounded(&text, max);
            prop_assert_eq!(bounded(&once, max), once);
        }

        #[test]
        fn what_is_kept_is_a_prefix(text in "[a-zé日🦀\"\\\\\n]{0,40}", max in 0usize..64) {
            let kept = bounded(&text, max);
            prop_assert!(text.starts_with(kept.strip_suffix('…').unwrap_or(&kept)));
        }

        #[test]
        fn no_room_is_wasted(text in "[a-zé日🦀]{0,40}", max in 3usize..64) {
            // The next character is at most 4 bytes long.
            let kept = bounded(&text, max);
            prop_assert!(kept == text || kept.len() + 4 > max);
        }

        #[test]
        fn the_json_bound_holds(text in any::<String>(), max in 2usize..64) {
            let json = serde_json::to_string(&bounded_as_json(&text, usize::MAX, max)).unwrap();
            prop_assert!(json.len() <= max);
        }
    }
}
