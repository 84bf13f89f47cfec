//! Every mutant is caught by the case that it names, and by no other that it does not.

use yoi_conformance::mutants::{self, Judged, Mutant};
use yoi_conformance::suites::Contract;

/// What became of all mutants of a contract, each of which was caught as it says.
fn caught(contract: Contract, at_least: usize) -> String {
    let mut all: Vec<Mutant> = mutants::all();
    all.retain(|mutant| mutant.contract() == contract);
    let judged = mutants::judge(&all).unwrap();
    let table = mutants::table(&judged);
    assert!(judged.iter().all(Judged::is_as_it_should_be), "{table}");
    assert!(judged.len() >= at_least, "{}", judged.len());
    table
}

#[test]
fn every_mutant_is_caught_by_the_case_that_it_names() {
    insta::assert_snapshot!(caught(Contract::Plugin, 40));
}

#[test]
fn every_broken_dialect_and_host_of_child_agents_is_caught_by_the_case_that_it_names() {
    insta::assert_snapshot!(caught(Contract::Bridge, 50));
}
