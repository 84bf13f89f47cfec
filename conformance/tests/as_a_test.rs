//! The contract as one of a plugin's own tests: what `yoi_conformance::check` documents, run.

use yoi_conformance::{Check, check};

#[test]
fn conforms() {
    check(yoi_guests::COUNTER.package());
}

#[test]
#[should_panic(expected = "documented: does not conform")]
fn one_that_does_not_conform_fails_the_test_with_the_report() {
    Check::new(yoi_guests::HOSTILE.package())
        .case("plugin.tool")
        .run();
}

#[test]
#[should_panic(expected = "there is no case `plugin.tol`")]
fn a_case_that_there_is_not_fails_the_test() {
    Check::new(yoi_guests::COUNTER.package()).case("plugin.tol").run();
}
