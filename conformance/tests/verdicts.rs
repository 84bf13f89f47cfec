//! What is said of each sample plugin at the end, under each profile.

use yoi_conformance::report::Styles;
use yoi_conformance::run::{self, Settings};
use yoi_conformance::suites::plugin::open::Opening;

/// The last lines of a report: one for each profile.
fn verdicts(guest: yoi_guests::Guest) -> String {
    let entrants = Opening::default().open(guest.package(), |_| {}).unwrap();
    let report = run::run(&entrants, &Settings::default(), &mut ()).unwrap();
    let text = report.to_text(Styles::PLAIN);
    let lines = text
        .lines()
        .filter(|line| line.starts_with("documented: ") || line.starts_with("yoi: "));
    lines.map(|line| format!("  {line}\n")).collect()
}

#[test]
fn every_sample_has_its_verdict_under_each_profile() {
    let told: String = yoi_guests::all()
        .iter()
        .map(|guest| format!("{}\n{}", guest.name(), verdicts(*guest)))
        .collect();
    insta::assert_snapshot!(told, @"
    caller
      documented: conforms (35 of 35 must, 2 skipped as optional)
      yoi: will not run: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import — not judged
    chatbot
      documented: conforms (27 of 27 must, 12 skipped as optional)
      yoi: conforms (27 of 27 must, 4 skipped as optional) — not judged
    counter
      documented: conforms (27 of 27 must, 11 skipped as optional)
      yoi: conforms (27 of 27 must, 3 skipped as optional) — not judged
    echo
      documented: conforms (17 of 17 must, 28 skipped as optional)
      yoi: conforms (17 of 17 must, 20 skipped as optional) — not judged
    fetch
      documented: conforms (24 of 24 must, 20 skipped as optional)
      yoi: will not run: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import — not judged
    hostile
      documented: does not conform (14 of 27 must, 13 failed, 11 advisory failed, 13 skipped as optional)
      yoi: does not conform (14 of 27 must, 13 failed, 11 advisory failed, 5 skipped as optional) — not judged
    notes
      documented: conforms (22 of 22 must, 23 skipped as optional)
      yoi: will not run: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import — not judged
    socket
      documented: conforms (24 of 24 must, 20 skipped as optional)
      yoi: will not run: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import — not judged
    std-rich
      documented: will not run: imports `wasi:clocks/monotonic-clock@0.2.6`, and a yoi host has no WASI
      yoi: will not run: imports `wasi:clocks/monotonic-clock@0.2.6`, and a yoi host has no WASI — not judged
    ");
}
