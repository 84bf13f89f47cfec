//! The sets of cases that have a name: what somebody was held to yesterday is what he is held to tomorrow.

use std::collections::BTreeSet;

use yoi_conformance::suites::Contract;
use yoi_conformance::{Case, Set};

/// Every case of a set as a line: what it is called and how much it asks, of whom.
fn set(cases: &[Case], number: u32) -> String {
    let in_set = |case: &&Case| matches!(case.set, Set::Revision(first) if first <= number);
    let mut lines: Vec<String> = cases
        .iter()
        .filter(in_set)
        .map(|case| {
            let profiles = match case.profiles {
                [] => "all".to_owned(),
                profiles => profiles.join("+"),
            };
            format!("{} {} {} {}", case.id, case.side, case.level, profiles)
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn a_named_set_never_changes() {
    // Where this differs, put the new case in the next set (`Case::next`) and the old one back.
    insta::assert_snapshot!("plugin-1", set(&Contract::Plugin.cases(), 1));
    insta::assert_snapshot!("plugin-2", set(&Contract::Plugin.cases(), 2));
    insta::assert_snapshot!("plugin-3", set(&Contract::Plugin.cases(), 3));
    insta::assert_snapshot!("plugin-4", set(&Contract::Plugin.cases(), 4));
    insta::assert_snapshot!("ptc-1", set(&Contract::Ptc.cases(), 1));
    insta::assert_snapshot!("bridge-1", set(&Contract::Bridge.cases(), 1));
    insta::assert_snapshot!("bridge-2", set(&Contract::Bridge.cases(), 2));
}

#[test]
fn no_id_is_there_twice_or_the_beginning_of_another() {
    let cases: Vec<Case> = Contract::ALL
        .iter()
        .flat_map(|contract| contract.cases())
        .collect();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), cases.len());
    for id in &ids {
        let under: Vec<_> = cases.iter().filter(|case| case.is_under(id)).collect();
        assert_eq!(under.len(), 1, "{id} selects more than itself");
    }
}

#[test]
fn the_newest_set_has_its_snapshot() {
    // A set that nothing holds to what it was could change unseen.
    let snapshots = include_str!("sets.rs");
    for contract in Contract::ALL {
        let cases = contract.cases();
        let revision = |case: &Case| match case.set {
            Set::Revision(first) => Some(first),
            Set::Next => None,
        };
        let Some(newest) = cases.iter().filter_map(revision).max() else {
            continue;
        };
        let name = contract.name();
        assert!(
            snapshots.contains(&format!("\"{name}-{newest}\"")),
            "{name}/{newest} is kept nowhere"
        );
    }
}
