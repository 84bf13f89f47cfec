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
    let fits = |bytes: usize, json_bytes: usize| bytes <= max_bytes && json_bytes <= max_json_bytes;

    let mut out = String::with_capacity(text.len().min(max_bytes));
    let mut json_bytes = 0;
    // The longest prefix behind which the ellipsis still has room.
    let mut cut = None;
    for c in text.chars().map(without_control) {
        if fits(out.len() + ELLIPSIS.len_utf8(), json_bytes + ELLIPSIS.len_utf8()) {
            cut = Some(out.len());
        }
        let c_json_bytes = json_len(c);
        if !fits(out.len() + c.len_utf8(), json_bytes + c_json_bytes) {
            if let Some(cut) = cut {
                out.truncate(cut);
                out.push(ELLIPSIS);
            }
            return out;
        }
        out.push(c);
        json_bytes += c_json_bytes;
    }
    out
}

/// `text` with a space for each control character other than line feed and tab.
pub(crate) fn without_controls(text: &str) -> String {
    text.chars().map(without_control).collect()
}

fn without_control(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        c if c.is_control() => ' ',
        c => c,
    }
}

/// How many bytes a character takes inside a JSON string, once control characters are replaced.
fn json_len(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\t' => 2,
        c => c.len_utf8(),
    }
}

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
