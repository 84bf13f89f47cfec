//! Every clause stands where its case says, and every case can be found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use yoi_conformance::Case;
use yoi_conformance::suites::Contract;

fn all() -> Vec<Case> {
    Contract::ALL
        .iter()
        .flat_map(|contract| contract.cases())
        .collect()
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .replace(' ', "-")
        .replace('\'', "")
}

#[test]
fn every_clause_stands_in_a_section_that_there_is() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for case in all() {
        let (file, section) = match case.clause.section.split_once('#') {
            Some((file, section)) => (file, section),
            None => (case.clause.section, ""),
        };
        if file.starts_with("contracts/") {
            used.entry(file).or_default().insert(section.to_owned());
        } else {
            assert!(conformance.join("..").join(file).exists(), "{}: {file}", case.id);
        }
    }
    assert_eq!(used.len(), 3, "contracts of their own: {used:?}");
    for (file, used) in used {
        let contract = std::fs::read_to_string(conformance.join(file)).unwrap();
        let headings: BTreeSet<String> = contract
            .lines()
            .filter(|line| line.starts_with("## "))
            .map(anchor)
            .collect();
        assert_eq!(
            used, headings,
            "{file}: a section without a case, or a case without one"
        );
    }
}

#[test]
fn no_id_is_used_twice_or_is_the_beginning_of_another() {
    let cases = all();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), cases.len());
    for id in &ids {
        assert!(!ids.contains(id.rsplit_once('.').unwrap().0), "{id}");
    }
}

#[test]
fn every_clause_is_a_sentence_of_its_own() {
    for case in all() {
        assert!(case.clause.text.ends_with('.'), "{}", case.id);
    }
}
