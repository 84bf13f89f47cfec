//! Which cases are run: what was selected of what the subjects ask, and which part of it is done here.

mod selection;
mod shard;

use std::sync::Arc;

use crate::{Excuse, Set, Subject};

pub use selection::{Selection, SelectionError};
pub use shard::{Shard, ShardError};

/// The cases of a run, in order: subject by subject, each in the order of its suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// All that was selected.
    pub whole: Vec<Planned>,
    /// Which part of it is run here; all where none is named.
    pub shard: Option<Shard>,
}

/// One case of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Planned {
    /// The subject's number.
    pub subject: usize,
    /// The case's number in its suite.
    pub case: usize,
}

impl Plan {
    /// The selected cases of these subjects.
    ///
    /// # Errors
    ///
    /// [`SelectionError`] where nothing is left, which would look like a success, and where an id is none.
    pub fn of(
        subjects: &[Arc<dyn Subject>],
        selection: &Selection,
        shard: Option<Shard>,
    ) -> Result<Self, SelectionError> {
        let all = subjects
            .iter()
            .flat_map(|subject| (0..subject.len()).map(|number| subject.case(number)));
        let all: Vec<_> = all.collect();
        if let Some(unknown) = selection.unknown(&all) {
            return Err(unknown);
        }
        let mut whole = Vec::new();
        for (number, subject) in subjects.iter().enumerate() {
            for case in 0..subject.len() {
                let asked = match subject.case(case).set {
                    Set::Revision(_) => true,
                    Set::Next => selection.next,
                };
                if asked && selection.takes(subject.case(case)) && subject.asks(case) {
                    whole.push(Planned {
                        subject: number,
                        case,
                    });
                }
            }
        }
        if whole.is_empty() {
            return Err(selection.explain(&all));
        }
        // What is skipped altogether would look like a success too.
        let excuse = |planned: &Planned| subjects[planned.subject].excuse(planned.case);
        let excuses: Option<Vec<Excuse>> = whole.iter().map(excuse).collect();
        if let Some(excuse) = excuses.and_then(|excuses| excuses.first().copied()) {
            return Err(SelectionError::Skipped(excuse.reason()));
        }
        Ok(Self { whole, shard })
    }

    /// Those that are run here.
    pub fn here(&self) -> impl Iterator<Item = Planned> + '_ {
        self.whole
            .iter()
            .enumerate()
            .filter(|(number, _)| self.shard.is_none_or(|shard| shard.has(*number)))
            .map(|(_, planned)| *planned)
    }
}
