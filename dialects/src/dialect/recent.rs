//! What a child said of late, by the names that it has for it. A child that says new names without end is remembered by
//! its last ones, and a name that is none is remembered by its beginning.

use std::collections::VecDeque;

use crate::limits::{NAME_BYTES, NAMES};

/// Things by their names, the latest last.
#[derive(Debug)]
pub(super) struct Recent<T>(VecDeque<(String, T)>);

/// As much of a name as is remembered.
fn known(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES)]
}

impl<T> Recent<T> {
    pub(super) fn insert(&mut self, name: &str, thing: T) {
        self.remove(name);
        if self.0.len() == NAMES {
            self.0.pop_front();
        }
        self.0.push_back((known(name).to_owned(), thing));
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.place(name).map(|place| &self.0[place].1)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.place(name).map(|place| &mut self.0[place].1)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<T> {
        let place = self.place(name)?;
        self.0.remove(place).map(|(_, thing)| thing)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut T)> {
        self.0.iter_mut().map(|(name, thing)| (name.as_str(), thing))
    }

    /// Mostly the last is asked for.
    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().rposition(|(other, _)| other == known(name))
    }
}

impl<T: Default> Recent<T> {
    /// What has this name, which is new where nothing has.
    pub(super) fn entry(&mut self, name: &str) -> &mut T {
        let place = self.place(name).unwrap_or_else(|| {
            self.insert(name, T::default());
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_names_are_remembered_and_no_more_of_them_than_the_bound() {
        let mut recent = Recent::default();
        for number in 0..3 * NAMES {
            recent.insert(&format!("{number}/{}", "x".repeat(4 * NAME_BYTES)), number);
        }
        assert_eq!(recent.0.len(), NAMES);
        assert!(recent.0.iter().all(|(name, _)| name.len() <= NAME_BYTES));
        let last = format!("{}/{}", 3 * NAMES - 1, "x".repeat(4 * NAME_BYTES));
        assert_eq!(recent.get(&last), Some(&(3 * NAMES - 1)));
        assert!(!recent.contains("0/"));
    }

    #[test]
    fn a_name_that_is_said_again_stands_for_the_latest() {
        let mut recent = Recent::default();
        recent.insert("a", 1);
        recent.insert("b", 2);
        recent.insert("a", 3);
        *recent.entry("b") += 10;
        assert_eq!((recent.get("a"), recent.get("b")), (Some(&3), Some(&12)));
        assert_eq!(recent.0.len(), 2);
        assert_eq!((recent.remove("a"), recent.remove("a")), (Some(3), None));
        assert_eq!(*recent.entry("c"), 0);
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let mut recent = Recent::default();
        let name = format!("{}語", "x".repeat(NAME_BYTES - 1));
        recent.insert(&name, ());
        assert!(recent.contains(&name));
    }
}
