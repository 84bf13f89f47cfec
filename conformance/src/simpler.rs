//! Leaves of an input, texts and numbers, made as plain as they get.
//!
//! proptest makes a character smaller within the range that it was drawn from, an edge that was picked from a list no
//! smaller at all, and says of neither that it means nothing. A leaf that is made here is drawn as ever, so the same seed
//! gives the same inputs, and where one of them fails the plainest of its kind is tried first (`0`, the empty text), then
//! proptest's own way, then what that leaves: characters one by one towards `a`, numbers towards 0.

use std::fmt::Debug;

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// Make what this strategy makes, and make it plainer where it fails. Whatever is of the leaf's type must be an input.
pub(crate) fn simpler<S: Strategy<Value: Leaf>>(leaves: S) -> Simpler<S> {
    Simpler(leaves)
}

/// Something that can be made plainer by hand.
pub(crate) trait Leaf: Clone + Debug + PartialEq {
    /// The plainest of its kind.
    fn plainest(&self) -> Self;

    /// What is tried of it; none of it is the plainest. `cuts` where nobody tried yet to leave out a part of it.
    fn search(&self, cuts: bool) -> Search;

    /// The next that is tried in place of this one, which fails. `held` did not, if one was tried before.
    fn next(&self, search: &mut Search, held: Option<&Self>) -> Option<Self>;
}

/// How far the search for something plainer is.
#[derive(Debug, Clone)]
pub(crate) enum Search {
    /// Characters are left out from the last to the first, then made an `a` from the first to the last.
    Text { cut: usize, letter: usize },
    /// Between this one, which does not fail, and the one that does.
    Above(i64),
    /// Without what follows the point.
    Whole,
    /// All was tried.
    Over,
}

impl Leaf for String {
    fn plainest(&self) -> Self {
        Self::new()
    }

    fn search(&self, cuts: bool) -> Search {
        Search::Text {
            cut: if cuts { self.chars().count() } else { 0 },
            letter: 0,
        }
    }

    fn next(&self, search: &mut Search, _held: Option<&Self>) -> Option<Self> {
        let Search::Text { cut, letter } = search else {
            return None;
        };
        if let Some(place) = cut.checked_sub(1) {
            *cut = place;
            let others = self.chars().enumerate().filter(|(number, _)| *number != place);
            return Some(others.map(|(_, c)| c).collect());
        }
        let (place, _) = self.chars().enumerate().skip(*letter).find(|(_, c)| *c != 'a')?;
        *letter = place + 1;
        let plainer = self.chars().enumerate();
        Some(
            plainer
                .map(|(number, c)| if number == place { 'a' } else { c })
                .collect(),
        )
    }
}

impl Leaf for Value {
    fn plainest(&self) -> Self {
        match self {
            Value::String(text) => Value::from(text.plainest()),
            Value::Number(number) if number.is_f64() => Value::from(0.0),
            Value::Number(_) => Value::from(0),
            other => other.clone(),
        }
    }

    fn search(&self, cuts: bool) -> Search {
        match self {
            Value::String(text) => text.search(cuts),
            Value::Number(number) if number.is_i64() => Search::Above(0),
            Value::Number(_) => Search::Whole,
            _ => Search::Over,
        }
    }

    fn next(&self, search: &mut Search, held: Option<&Self>) -> Option<Self> {
        match (self, &mut *search) {
            (Value::String(text), _) => text.next(search, None).map(Value::from),
            (Value::Number(fails), Search::Above(holds)) => {
                *holds = held.and_then(Value::as_i64).unwrap_or(*holds);
                let (low, high) = (i128::from(*holds), i128::from(fails.as_i64()?));
                // Between them, so that it fits.
                let between = i64::try_from(low + (high - low) / 2).ok()?;
                (between != *holds).then(|| Value::from(between))
            }
            (Value::Number(fails), Search::Whole) => {
                *search = Search::Over;
                let fails = fails.as_f64()?;
                (fails.trunc() != fails).then(|| Value::from(fails.trunc()))
            }
            _ => None,
        }
    }
}

/// See [`simpler`].
#[derive(Debug, Clone)]
pub(crate) struct Simpler<S>(S);

impl<S: Strategy<Value: Leaf>> Strategy for Simpler<S> {
    type Tree = Tree<S::Tree>;
    type Value = S::Value;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let drawn = self.0.new_tree(runner)?;
        Ok(Tree {
            drawn,
            way: Way::Drawn,
        })
    }
}

/// A leaf, and which way of making it simpler is gone. What is current after a simplification was not tried yet.
#[derive(Debug)]
pub(crate) struct Tree<T: ValueTree> {
    drawn: T,
    way: Way<T::Value>,
}

#[derive(Debug)]
enum Way<L> {
    /// It is as it was drawn.
    Drawn,
    /// The plainest of all is tried. Where that fails there is nothing to look for.
    Plainest(L),
    /// proptest's own, which began with this one.
    Theirs { from: L },
    /// By hand: the one that fails, and what is tried in its place.
    Ours {
        fails: L,
        tried: Option<L>,
        search: Search,
    },
}

impl<T: ValueTree<Value: Leaf>> ValueTree for Tree<T> {
    type Value = T::Value;

    fn current(&self) -> T::Value {
        match &self.way {
            Way::Drawn | Way::Theirs { .. } => self.drawn.current(),
            Way::Plainest(plainest) => plainest.clone(),
            Way::Ours { fails, tried, .. } => tried.as_ref().unwrap_or(fails).clone(),
        }
    }

    fn simplify(&mut self) -> bool {
        match &mut self.way {
            Way::Drawn => {
                let drawn = self.drawn.current();
                let plainest = drawn.plainest();
                if plainest == drawn {
                    self.way = Way::Theirs { from: drawn };
                    return self.simplify();
                }
                self.way = Way::Plainest(plainest);
                true
            }
            Way::Plainest(_) => false,
            Way::Theirs { from } => {
                if self.drawn.simplify() {
                    return true;
                }
                let fails = self.drawn.current();
                let search = if fails == fails.plainest() {
                    Search::Over
                } else {
                    // What they made smaller they made as short as it gets.
                    fails.search(fails == *from)
                };
                self.way = Way::Ours {
                    fails,
                    tried: None,
                    search,
                };
                self.simplify()
            }
            Way::Ours { fails, tried, search } => {
                if let Some(plainer) = tried.take() {
                    *fails = plainer;
                }
                *tried = fails.next(search, None);
                tried.is_some()
            }
        }
    }

    fn complicate(&mut self) -> bool {
        match &mut self.way {
            Way::Drawn => false,
            Way::Plainest(_) => {
                self.way = Way::Theirs {
                    from: self.drawn.current(),
                };
                // Where there is nothing else either it stays as it was drawn, and that fails.
                self.simplify();
                true
            }
            Way::Theirs { .. } => self.drawn.complicate(),
            Way::Ours { fails, tried, search } => {
                let Some(held) = tried.take() else {
                    return false;
                };
                // Where nothing is left to try it is the one that fails again.
                *tried = fails.next(search, Some(&held));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::test_runner::Config;
    use serde_json::json;

    use super::*;

    /// The simplest that still fails, of the first of a thousand that does, as the property's own loop finds it.
    fn simplest<S: Strategy<Value: Leaf>>(leaves: S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
        let mut runner = TestRunner::deterministic();
        let leaves = simpler(leaves);
        let mut drawn = (0..1000).map(|_| leaves.new_tree(&mut runner).unwrap());
        let mut tree = drawn.find(|tree| fails(&tree.current())).unwrap();
        let mut smallest = tree.current();
        let mut goes_on = tree.simplify();
        while goes_on {
            goes_on = if fails(&tree.current()) {
                smallest = tree.current();
                tree.simplify()
            } else {
                tree.complicate()
            };
        }
        smallest
    }

    fn integers() -> impl Strategy<Value = Value> {
        prop_oneof![-100_i64..100, select(&[i64::MIN, i64::MAX][..]), any::<i64>()].prop_map(Value::from)
    }

    #[test]
    fn a_text_that_is_too_long_comes_down_to_plain_letters() {
        assert_eq!(simplest(".{0,16}", |text| text.chars().count() > 3), "aaaa");
    }

    #[test]
    fn a_text_that_was_never_drawn_comes_down_to_what_matters_in_it() {
        let fixed = prop_oneof!["[a-z]{0,4}", Just("日本語 \u{1f600}\n".to_owned())];
        assert_eq!(simplest(fixed, |text| text.contains('語')), "語");
    }

    #[test]
    fn where_anything_fails_the_plainest_is_found_at_once() {
        assert_eq!(simplest(".{1,16}", |_| true), "");
        assert_eq!(simplest(integers(), |_| true), json!(0));
    }

    #[test]
    fn an_integer_comes_down_to_the_first_that_fails_whatever_was_drawn() {
        let least = |least: i64| simplest(integers(), move |n| n.as_i64().unwrap() >= least);
        assert_eq!(least(1000), json!(1000));
        assert_eq!(least(i64::MAX), json!(i64::MAX));
        assert_eq!(
            simplest(integers(), |n| n.as_i64().unwrap() <= -1000),
            json!(-1000)
        );
        assert_eq!(
            simplest(integers(), |n| n.as_i64() == Some(i64::MIN)),
            json!(i64::MIN)
        );
    }

    #[test]
    fn a_number_loses_what_follows_the_point() {
        let more_than = |least: f64| simplest(Just(json!(150.5)), move |n| n.as_f64().unwrap() > least);
        assert_eq!(more_than(100.0), json!(150.0));
        assert_eq!(more_than(150.25), json!(150.5));
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn what_is_drawn_is_what_would_be_drawn_without(seed: [u8; 32]) {
            use proptest::test_runner::{RngAlgorithm, TestRng};
            let runner = || TestRunner::new_with_rng(
                Config::default(),
                TestRng::from_seed(RngAlgorithm::ChaCha, &seed),
            );
            let plain = ".{0,16}".new_tree(&mut runner()).unwrap().current();
            let wrapped = simpler(".{0,16}").new_tree(&mut runner()).unwrap().current();
            prop_assert_eq!(plain, wrapped);
        }

        #[test]
        fn whatever_fails_the_search_ends(least in 0_usize..12, letter: char) {
            let found = simplest(".{0,16}", |text| {
                text.chars().count() >= least && !text.contains(letter)
            });
            prop_assert_eq!(found.chars().count(), least);
        }
    }
}
