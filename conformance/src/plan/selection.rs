//! Which cases are meant.

use std::collections::BTreeSet;

use crate::limits::SUGGESTIONS;
use crate::{Case, Kind, Level, Set, Side};

/// Which cases are meant. An empty list means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids, or beginnings of ids up to a dot.
    pub ids: Vec<String>,
    /// Words that the clause or its section has, in whatever case. A section's may be written as its heading has them:
    /// `Output commands` is `output-commands`.
    pub clauses: Vec<String>,
    /// How much they ask.
    pub levels: Vec<Level>,
    /// How they look.
    pub kinds: Vec<Kind>,
    /// Whom they ask.
    pub sides: Vec<Side>,
    /// Those as well that wait for the next set.
    pub next: bool,
}

/// Nothing is selected, or what is cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// No case has such an id.
    #[error("there is no case `{id}`{}", suggest(near))]
    Unknown {
        /// What was asked for.
        id: String,
        /// Ids that look like it.
        near: Vec<String>,
    },
    /// The case waits for the next set.
    #[error("`{0}` waits for the next set: `--next` runs it")]
    Waits(String),
    /// Each part of the selection has cases, but no case has them all.
    #[error("no case of these targets is selected: {0}")]
    Nothing(String),
    /// An input that was kept is none of its case's.
    #[error("{name} holds no input of `{case}`, or one of an older form: {reason}; it can be deleted")]
    Input {
        /// What the file is called.
        name: String,
        /// The case that it is for.
        case: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Whatever is selected is skipped.
    #[error("every case that is selected would be skipped: {0}")]
    Skipped(&'static str),
}

fn suggest(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!(": is `{}` meant?", near.join("` or `")),
    }
}

impl Selection {
    /// Whether it takes this case, whatever its set.
    #[must_use]
    pub fn takes(&self, case: &Case) -> bool {
        fn any<T: PartialEq>(wanted: &[T], is: &T) -> bool {
            wanted.is_empty() || wanted.contains(is)
        }
        let clause = |words: &String| {
            let words = words.to_lowercase();
            let section = case.clause.section.to_lowercase();
            section.contains(&words)
                || section.contains(&words.replace(' ', "-"))
                || case.clause.text.to_lowercase().contains(&words)
        };
        (self.ids.is_empty() || self.ids.iter().any(|id| case.is_under(id)))
            && (self.clauses.is_empty() || self.clauses.iter().any(clause))
            && any(&self.levels, &case.level)
            && any(&self.kinds, &case.kind)
            && any(&self.sides, &case.side)
    }

    /// Whether it leaves nothing out of what everybody is held to.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self
            == Self {
                next: self.next,
                ..Self::default()
            }
    }

    /// The first id that was asked for and that none of these cases has. What is misspelt would be left out unnoticed.
    #[must_use]
    pub fn unknown(&self, cases: &[&Case]) -> Option<SelectionError> {
        let is_unknown = |id: &&String| !cases.iter().any(|case| case.is_under(id));
        let id = self.ids.iter().find(is_unknown)?;
        Some(SelectionError::Unknown {
            id: id.clone(),
            near: near(id, cases.iter().map(|case| case.id).collect()),
        })
    }

    /// Why none of these cases is selected.
    #[must_use]
    pub fn explain(&self, cases: &[&Case]) -> SelectionError {
        if let Some(unknown) = self.unknown(cases) {
            return unknown;
        }
        let mut waiting = cases
            .iter()
            .filter(|case| case.set == Set::Next && self.takes(case));
        if let Some(case) = waiting.next().filter(|_| !self.next) {
            return SelectionError::Waits(case.id.to_owned());
        }
        let mut asked = Vec::new();
        let mut say = |what: &str, values: Vec<&str>| {
            if !values.is_empty() {
                asked.push(format!("{what} {}", values.join(" or ")));
            }
        };
        say("id", self.ids.iter().map(String::as_str).collect());
        say("clause", self.clauses.iter().map(String::as_str).collect());
        say("level", self.levels.iter().map(|level| level.name()).collect());
        say("kind", self.kinds.iter().map(|kind| kind.name()).collect());
        say("side", self.sides.iter().map(|side| side.name()).collect());
        SelectionError::Nothing(match asked.is_empty() {
            true => "they are asked nothing".to_owned(),
            false => asked.join(", "),
        })
    }
}

/// Ids that may be meant: those that go on where `id` ends, else those that look like it, and nearly as much as
/// the one that does most. All begin with the same words, so likeness alone would name anything.
fn near(id: &str, known: BTreeSet<&str>) -> Vec<String> {
    let begun: Vec<&str> = known
        .iter()
        .copied()
        .filter(|known| known.starts_with(id))
        .collect();
    // Where the beginning of ids was typed, that of others may be meant.
    let dots = id.matches('.').count();
    let beginnings = known.iter().filter_map(|known| {
        let (end, _) = known.match_indices('.').nth(dots)?;
        Some(&known[..end])
    });
    let mut near: Vec<(f64, &str)> = if begun.is_empty() {
        let named: BTreeSet<&str> = beginnings.chain(known.iter().copied()).collect();
        let alike = named
            .into_iter()
            .map(|known| (strsim::jaro_winkler(id, known), known));
        alike.filter(|(likeness, _)| *likeness > 0.85).collect()
    } else {
        begun.into_iter().map(|known| (1.0, known)).collect()
    };
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let best = near.first().map_or(1.0, |(likeness, _)| *likeness);
    near.retain(|(likeness, _)| best - likeness < 0.02);
    near.truncate(SUGGESTIONS);
    near.into_iter().map(|(_, id)| id.to_owned()).collect()
}
