//! Every mutant is caught by the case that it names, and by no other that it does not.

use yoi_conformance::mutants;

#[test]
fn every_mutant_is_caught_by_the_case_that_it_names() {
    let judged = mutants::judge(&mutants::all()).unwrap();
    let table = mutants::table(&judged);
    assert!(judged.iter().all(mutants::Judged::is_as_it_should_be), "{table}");
    assert!(judged.len() >= 40, "{}", judged.len());
    insta::assert_snapshot!(table);
}
