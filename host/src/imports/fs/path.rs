//! The rules for a path that a guest names. Text only: no file is touched here.

use std::borrow::Cow;

use super::error::FsError;
use crate::limits::{FS_PATH_BYTES, FS_PATH_SHOWN_BYTES};
use crate::text::bounded;

/// A path that keeps the rules: relative, without `..`, names between slashes.
#[derive(Debug)]
pub(super) struct RequestPath<'a> {
    requested: &'a str,
    names: Vec<&'a str>,
    names_directory: bool,
}

impl<'a> RequestPath<'a> {
    /// Hold a path against the rules.
    pub(super) fn parse(requested: &'a str) -> Result<Self, FsError> {
        if requested.len() > FS_PATH_BYTES {
            return Err(FsError::PathTooLong);
        }
        if requested.is_empty() {
            return Err(FsError::PathEmpty);
        }
        if requested.contains('\0') {
            return Err(FsError::PathNul);
        }
        if requested.starts_with('/') {
            return Err(FsError::PathAbsolute);
        }
        let mut names = Vec::new();
        let mut names_directory = true;
        for segment in requested.split('/') {
            match segment {
                ".." => return Err(FsError::PathTraversal),
                "" | "." => names_directory = true,
                name => {
                    names.push(name);
                    names_directory = false;
                }
            }
        }
        Ok(Self {
            requested,
            names,
            names_directory,
        })
    }

    /// The names on the way, and the last; none for the root itself.
    pub(super) fn split(&self) -> Option<(&[&'a str], &'a str)> {
        let (last, parents) = self.names.split_last()?;
        Some((parents, *last))
    }

    /// Whether it can only be a directory's: the root itself, or a path that ends with a slash.
    pub(super) fn names_directory(&self) -> bool {
        self.names_directory
    }

    /// The path as an answer repeats it: what the guest gave, cut where it is long.
    pub(super) fn echo(&self) -> Cow<'a, str> {
        let kept = self.requested.floor_char_boundary(FS_PATH_SHOWN_BYTES);
        if kept == self.requested.len() {
            return Cow::Borrowed(self.requested);
        }
        Cow::Owned(format!("{}…", &self.requested[..kept]))
    }

    /// The path as a message shows it: on one line.
    pub(super) fn shown(&self) -> String {
        bounded(self.requested, FS_PATH_SHOWN_BYTES).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(path: &str) -> String {
        RequestPath::parse(path).unwrap_err().to_string()
    }

    fn names(path: &str) -> Vec<&str> {
        RequestPath::parse(path).unwrap().names
    }

    #[test]
    fn a_path_out_of_the_root_is_refused_wherever_it_leads() {
        for path in ["..", "../a", "a/..", "a/../b", "a/b/../../c", "./..", "a/..//"] {
            assert_eq!(
                refusal(path),
                "FS path traversal outside the grant root is denied",
                "{path}"
            );
        }
        for path in ["/", "/etc/passwd", "//a"] {
            assert_eq!(
                refusal(path),
                "FS request paths must be relative to a configured fs grant root",
                "{path}"
            );
        }
    }

    #[test]
    fn a_path_is_neither_empty_nor_long_nor_holds_a_nul() {
        insta::assert_snapshot!(refusal(""), @"FS path must not be empty");
        insta::assert_snapshot!(refusal("a\0b"), @"FS path contains a NUL byte");
        insta::assert_snapshot!(refusal(&"a/".repeat(2048 + 1)), @"FS path exceeds 4096 bytes");
        assert_eq!(names(&"a/".repeat(2048)).len(), 2048);
    }

    #[test]
    fn dots_and_double_slashes_are_dropped_and_other_characters_kept() {
        assert_eq!(names("a//b/./c"), ["a", "b", "c"]);
        assert_eq!(names("./a"), ["a"]);
        assert_eq!(names("."), [""; 0]);
        assert_eq!(names(r"a\..\b"), [r"a\..\b"]);
        assert_eq!(names("..."), ["..."]);
        assert_eq!(names(" "), [" "]);
        assert_eq!(names("~"), ["~"]);
    }

    #[test]
    fn a_trailing_slash_names_a_directory() {
        for path in [".", "./", "a/", "a/.", "a/b//"] {
            assert!(RequestPath::parse(path).unwrap().names_directory(), "{path}");
        }
        for path in ["a", "./a", "a//b", "a/./b"] {
            assert!(!RequestPath::parse(path).unwrap().names_directory(), "{path}");
        }
    }

    #[test]
    fn a_path_is_split_before_its_last_name() {
        let path = RequestPath::parse("a/b/c/").unwrap();
        assert_eq!(path.split(), Some((["a", "b"].as_slice(), "c")));
        assert_eq!(RequestPath::parse("./").unwrap().split(), None);
    }

    #[test]
    fn a_path_is_repeated_as_it_was_given() {
        let echo = |path| RequestPath::parse(path).unwrap().echo().into_owned();
        assert_eq!(echo("./secrets/tokens.txt"), "./secrets/tokens.txt");
        assert_eq!(echo("a\nb"), "a\nb");
        assert_eq!(echo("."), ".");
    }

    proptest! {
        #[test]
        fn names_never_leave_their_directory(path in "[a./\\\\é\0]{0,12}") {
            if let Ok(path) = RequestPath::parse(&path) {
                for name in &path.names {
                    prop_assert!(!matches!(*name, "" | "." | ".."));
                    prop_assert!(!name.contains(['/', '\0']));
                }
            }
        }

        #[test]
        fn what_is_shown_is_bounded(path in "[a-c/é語\n]{1,400}") {
            if let Ok(path) = RequestPath::parse(&path) {
                prop_assert!(path.echo().len() <= 160 + '…'.len_utf8());
                prop_assert!(path.shown().len() <= 160 + '…'.len_utf8());
                prop_assert!(!path.shown().contains('\n'));
                if path.requested.len() <= 160 {
                    prop_assert_eq!(path.echo(), path.requested);
                }
            }
        }
    }
}
