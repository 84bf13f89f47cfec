//! The table of behaviours is true: every case that it names is there, and every behaviour has one, or a reason.

use std::collections::BTreeSet;

use yoi_conformance::suites::Contract;
use yoi_conformance::suites::plugin::behaviours::{AREAS, Behaviour, Proof};

fn all() -> impl Iterator<Item = &'static Behaviour> {
    AREAS.iter().flat_map(|area| area.behaviours)
}

#[test]
fn every_case_that_proves_a_behaviour_is_there() {
    let cases = Contract::Plugin.cases();
    let known: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    for behaviour in all() {
        match behaviour.proof {
            Proof::Cases(ids) => {
                assert!(!ids.is_empty(), "{}", behaviour.says);
                let lost: Vec<_> = ids.iter().filter(|id| !known.contains(**id)).collect();
                assert!(lost.is_empty(), "{}: {lost:?}", behaviour.says);
            }
            Proof::Elsewhere(why) => assert!(!why.trim().is_empty(), "{}", behaviour.says),
        }
    }
}

#[test]
fn every_behaviour_is_a_sentence_that_is_there_once() {
    let mut said = BTreeSet::new();
    for behaviour in all() {
        assert!(behaviour.says.ends_with('.'), "{}", behaviour.says);
        assert!(said.insert(behaviour.says), "{} is there twice", behaviour.says);
    }
    // As many as the tests of the yoi host look at.
    assert_eq!(said.len(), 139);
}
