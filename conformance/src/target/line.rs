//! Lines of a protocol in which an adapter is asked: what is asked stands under a number, and its answer under the same.

use std::io::{self, BufRead};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::CHILD_STDERR_SHOWN_BYTES;
use crate::text::bounded;

/// A line to the adapter: what is asked, under a number that the answer repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line<T> {
    /// The number.
    pub id: u64,
    /// What is asked, or what came of it.
    #[serde(flatten)]
    pub what: T,
}

impl<T: DeserializeOwned> Line<T> {
    /// What a line asks; what is wrong with one that is not of the protocol, under its number if it has one, or 0.
    ///
    /// # Errors
    ///
    /// That.
    pub(crate) fn asked(line: &[u8]) -> Result<Self, Line<String>> {
        serde_json::from_slice(line).map_err(|error| Line {
            id: number_in(line),
            what: error.to_string(),
        })
    }

    /// What a line answers.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with as much of it as tells which one it was.
    pub(crate) fn answered(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| {
            let shown = String::from_utf8_lossy(line);
            let shown = bounded(shown.trim(), CHILD_STDERR_SHOWN_BYTES);
            let value: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
            if !value.is_object() {
                return format!("it wrote a line to standard output that is no JSON object: `{shown}`");
            }
            let has = |key: &str| value.get(key).is_some();
            let why = match () {
                () if !has("id") => "it has no `id`".to_owned(),
                () if !has("done") && !has("refused") => "it has neither `done` nor `refused`".to_owned(),
                // Of the value it is told without a place in the line, which is shown.
                () => serde_json::from_value::<Self>(value)
                    .err()
                    .unwrap_or(error)
                    .to_string(),
            };
            format!("it answered {shown}, which is not of the protocol: {why}")
        })
    }
}

/// The number of a line that is otherwise not of the protocol; 0 where it has none.
fn number_in(line: &[u8]) -> u64 {
    #[derive(Deserialize)]
    struct Numbered {
        id: u64,
    }
    serde_json::from_slice::<Numbered>(line).map_or(0, |line| line.id)
}

/// The next line of at most so many bytes; none at the end.
///
/// # Errors
///
/// Where it cannot be read, or has more.
pub(crate) fn next_line(input: &mut impl BufRead, most: usize, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = io::Read::take(input, most as u64 + 1).read_until(b'\n', line)?;
    if line.len() > most {
        let error = format!("a line has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    Ok(read > 0)
}
