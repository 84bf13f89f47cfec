//! Texts that are kept: bounded, on a character's boundary.

use std::path::Path;

/// At most `limit` bytes of `text`, and how many were left out.
pub(crate) fn bounded(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let kept = &text[..text.floor_char_boundary(limit)];
    format!("{kept}… ({} bytes more)", text.len() - kept.len())
}

/// At most `limit` bytes of a text that may have been bounded before, and how many were left out of the whole.
pub(crate) fn bounded_further(text: &str, limit: usize) -> String {
    let before = text.strip_suffix(" bytes more)");
    let before = before.and_then(|text| text.rsplit_once("… ("));
    let before = before.and_then(|(kept, more)| Some((kept, more.parse::<usize>().ok()?)));
    match before {
        Some((kept, more)) if kept.len() > limit => {
            let less = &kept[..kept.floor_char_boundary(limit)];
            format!("{less}… ({} bytes more)", kept.len() - less.len() + more)
        }
        Some(_) => text.to_owned(),
        None => bounded(text, limit),
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What a path is called, without the folders that it is in.
pub(crate) fn name_of(path: &Path) -> String {
    let named = path.canonicalize().ok().filter(|_| path.file_name().is_none());
    let name = named.as_deref().unwrap_or(path).file_name();
    name.map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_would_change_it() {
        assert_eq!(quoted("a/b.wasm"), "a/b.wasm");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(bounded("héé", 4), "hé… (2 bytes more)");
        assert_eq!(bounded("héé", 5), "héé");
        assert_eq!(bounded_further("héé", 4), "hé… (2 bytes more)");
        assert_eq!(bounded_further("héé… (7 bytes more)", 4), "hé… (9 bytes more)");
        assert_eq!(bounded_further("hé… (7 bytes more)", 4), "hé… (7 bytes more)");
    }
}
