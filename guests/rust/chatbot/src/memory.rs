//! What the bot keeps. All of it is bounded: a plugin has two megabytes, and a room goes on for years.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

const MESSAGES: usize = 64;
const FACTS: usize = 128;
/// Most bytes that are kept of one message, and of either side of a fact.
const TEXT_BYTES: usize = 256;

#[derive(Default)]
pub(crate) struct Memory {
    messages: VecDeque<String>,
    facts: BTreeMap<String, String>,
}

/// There is no room for another fact.
#[derive(Debug)]
pub(crate) struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "I know {FACTS} facts, and cannot learn another before I forget one"
        )
    }
}

impl Memory {
    /// Keeps what was said, in place of the oldest where there is no room.
    pub(crate) fn hear(&mut self, text: &str) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(kept(text));
    }

    /// What was said last, the newest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<&str> {
        self.messages
            .iter()
            .rev()
            .take(most)
            .map(String::as_str)
            .collect()
    }

    pub(crate) fn learn(&mut self, what: &str, fact: &str) -> Result<(), Full> {
        let what = kept(what);
        if self.facts.len() == FACTS && !self.facts.contains_key(&what) {
            return Err(Full);
        }
        self.facts.insert(what, kept(fact));
        Ok(())
    }

    pub(crate) fn recall(&self, what: &str) -> Option<&str> {
        self.facts.get(&kept(what)).map(String::as_str)
    }

    pub(crate) fn forget(&mut self, what: &str) -> bool {
        self.facts.remove(&kept(what)).is_some()
    }

    pub(crate) fn facts(&self) -> usize {
        self.facts.len()
    }
}

fn kept(text: &str) -> String {
    yoi_pdk::bounded(text, TEXT_BYTES)
}
