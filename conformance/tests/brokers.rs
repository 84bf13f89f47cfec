//! Our own host of child agents keeps what the contract promises, whatever its children are.

use std::time::Duration;

use yoi_conformance::Exit;
use yoi_conformance::report::Styles;
use yoi_conformance::run::{self, Settings};
use yoi_conformance::suites::bridge::open::Opening;

fn conforms(door: &str, inputs: u32) {
    let mut hosts = Opening::hosts();
    hosts.retain(|host| host.subject.about().door == door);
    assert_eq!(hosts.len(), 1);
    let mut settings = Settings {
        strict: true,
        ..Settings::default()
    };
    // What waits for the next set is asked of our own.
    settings.selection.next = true;
    settings.options.property_cases = inputs;
    // A machine that is busy is no fault of the host's.
    settings.options.time_box = Some(Duration::from_secs(600));
    let report = run::run(&hosts, &settings, &mut ()).unwrap();
    assert_eq!(
        report.end.outcome,
        Exit::Conforms,
        "{}",
        report.to_text(Styles::PLAIN)
    );
    assert!(report.cases.len() > 25, "{}", report.cases.len());
}

#[test]
fn with_children_that_are_played() {
    conforms("in-process", 64);
}

#[test]
fn with_children_that_are_processes() {
    // Some fifty milliseconds each.
    conforms("process", 6);
}
