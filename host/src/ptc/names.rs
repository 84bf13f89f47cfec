//! What code can call a tool by.

/// Whether code can write `tools.NAME`: letters of ASCII, digits and `_`, a digit not first.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_part) && name.starts_with(|c: char| is_part(c) && !c.is_ascii_digit())
}

/// The name that code calls a tool by which has this one elsewhere: `_` stands for what no name of code has, and
/// before a digit.
#[must_use]
pub fn identifier(name: &str) -> String {
    let mut made: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if !made.starts_with(|c: char| !c.is_ascii_digit()) {
        made.insert(0, '_');
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_code_can_write_is_an_identifier() {
        for name in ["f", "_", "read_file", "F2", "class"] {
            assert!(is_identifier(name), "{name}");
            assert_eq!(identifier(name), name);
        }
        for name in ["", "2f", "a-b", "rea d", "é", "a.b"] {
            assert!(!is_identifier(name), "{name}");
        }
    }

    #[test]
    fn what_it_cannot_becomes_one() {
        let made: Vec<_> = ["", "2f", "get-weather", "fs.read", "é"].map(identifier).into();
        assert_eq!(made, ["_", "_2f", "get_weather", "fs_read", "_"]);
    }
}
