//! The identity of a package's content.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::Files;

/// What the digest begins with, so that it is no other hash of the same bytes.
const DOMAIN: &[u8] = b"yoi-plugin-package-digest-v1\0";

/// What a digest is written with.
const PREFIX: &str = "sha256:";

/// The digest of a package's files, written as `sha256:` and 64 hexadecimal digits in lower case.
///
/// It is a SHA-256 of a domain, then for each file in the order of the bytes of its path: the path, a zero
/// byte, its length as a big-endian `u64`, the SHA-256 of its content. So it says nothing about the order or
/// the dates in an archive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is no digest of a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotADigest {
    /// It begins with something else.
    #[error("a digest begins with `sha256:`")]
    Prefix,
    /// It has too many or too few digits.
    #[error("a digest has 64 hexadecimal digits after `sha256:`, not {0} bytes")]
    Length(usize),
    /// Something in it is no digit, or one in upper case: hosts compare digests as text.
    #[error("a digest has only the digits 0-9 and a-f after `sha256:`, not `{0}`")]
    Digit(char),
}

impl Digest {
    pub(super) fn of(files: &Files) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        for (path, content) in files.iter() {
            hash.update(path);
            hash.update([0]);
            hash.update((content.len() as u64).to_be_bytes());
            hash.update(Sha256::digest(content));
        }
        Self(hash.finalize().into())
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(PREFIX).ok_or(NotADigest::Prefix)?;
        if let Some(other) = digits.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(NotADigest::Digit(other));
        }
        let mut bytes = [0; 32];
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(NotADigest::Length(digits.len()));
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'a' + 10,
        };
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = value(*high) << 4 | value(*low);
        }
        Ok(Self(bytes))
    }
}

/// As text.
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl JsonSchema for Digest {
    fn schema_name() -> Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The digest of a package's files.",
            "type": "string",
            "pattern": "^sha256:[0-9a-f]{64}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::fixtures::golden;
    use proptest::prelude::*;

    #[test]
    fn the_contracts_example_has_the_contracts_digest() {
        let digest = golden().digest();
        assert_eq!(
            digest.to_string(),
            "sha256:5271cb78bc655b5e65844397bea0a4663b61ff06a8ad38d73ae9fd585da68dd8"
        );
    }

    #[test]
    fn a_byte_more_or_in_another_file_is_another_digest() {
        let of = |files: &[(&str, &str)]| {
            let mut all = Files::new();
            for (path, content) in files {
                all.insert(*path, *content).unwrap();
            }
            all.digest()
        };
        let all = [
            of(&[]),
            of(&[("a", "")]),
            of(&[("a", "b")]),
            of(&[("b", "a")]),
            of(&[("a", ""), ("b", "")]),
            of(&[("a/b", "")]),
        ];
        for (index, digest) in all.iter().enumerate() {
            assert!(!all[..index].contains(digest), "{index}");
        }
        assert_eq!(of(&[("b", "2"), ("a", "1")]), of(&[("a", "1"), ("b", "2")]));
    }

    #[test]
    fn what_is_no_digest_says_why() {
        let refused = |text: &str| text.parse::<Digest>().unwrap_err().to_string();
        insta::assert_snapshot!(refused(&"0".repeat(64)), @"a digest begins with `sha256:`");
        insta::assert_snapshot!(refused("SHA256:00"), @"a digest begins with `sha256:`");
        insta::assert_snapshot!(refused("sha256:"), @"a digest has 64 hexadecimal digits after `sha256:`, not 0 bytes");
        insta::assert_snapshot!(refused(&format!("sha256:{}", "0".repeat(65))), @"a digest has 64 hexadecimal digits after `sha256:`, not 65 bytes");
        insta::assert_snapshot!(refused(&format!("sha256:{}A", "0".repeat(63))), @"a digest has only the digits 0-9 and a-f after `sha256:`, not `A`");
        insta::assert_snapshot!(refused(&format!("sha256:{}é", "0".repeat(62))), @"a digest has only the digits 0-9 and a-f after `sha256:`, not `é`");
    }

    proptest! {
        #[test]
        fn a_digest_is_read_as_it_is_written(bytes: [u8; 32]) {
            let digest = Digest(bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            let json = serde_json::to_string(&digest).unwrap();
            prop_assert_eq!(json, format!("\"{digest}\""));
        }
    }
}
