//! The name that somebody probably meant.

use crate::limits::MISTYPED_BYTES;

/// The known name that was probably meant by another: at most every third letter differs, in a short one a single letter.
/// Case is no difference, but a name that is known as it stands is not looked for.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MISTYPED_BYTES {
        return None;
    }
    let name_in_small = name.to_lowercase();
    known
        .filter(|known| known.len() <= MISTYPED_BYTES && *known != name)
        .map(|known| (strsim::damerau_levenshtein(&name_in_small, known), known))
        .filter(|(distance, known)| *distance <= (known.len().max(name.len()) / 3).max(1))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_is_near_within_a_third_of_its_length() {
        let known = || ["version", "id", "name"].into_iter();
        assert_eq!(nearest("versoin", known()), Some("version"));
        assert_eq!(nearest("Name", known()), Some("name"));
        assert_eq!(nearest("ib", known()), Some("id"));
        assert_eq!(nearest("name", known()), None);
        assert_eq!(nearest("unrelated", known()), None);
        assert_eq!(nearest(&"version".repeat(100), known()), None);
    }
}
