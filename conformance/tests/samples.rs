//! The sample plugins keep the contract, and what does not is found out.

use std::fs;
use std::sync::Arc;

use yoi_conformance::plan::{Plan, Selection};
use yoi_conformance::runner::{self, Options, Outcome};
use yoi_conformance::suites::plugin::{self, GuestTarget};
use yoi_conformance::{Subject, Verdict};
use yoi_host::Profile;
use yoi_host::engine::EngineOptions;
use yoi_host::source::ManifestFile;

fn subject(guest: yoi_guests::Guest, profile: Profile) -> Arc<dyn Subject> {
    let engine = EngineOptions::new(profile).instances(16).build().unwrap();
    let bytes = fs::read(guest.component()).unwrap();
    let manifest = ManifestFile::open(&guest.package().join("plugin.toml"))
        .unwrap()
        .manifest;
    let target = GuestTarget::component_of(guest.name(), bytes, Some(manifest), &engine);
    let about = target.about().clone();
    plugin::guest().bind(Arc::new(target), about)
}

fn run(subject: Arc<dyn Subject>) -> Vec<(String, Outcome)> {
    let subjects = [subject];
    let plan = Plan::of(&subjects, &Selection::default(), None).unwrap();
    let outcomes = runner::run(&subjects, &plan, &Options::default(), |_| {});
    let named = outcomes.into_iter().map(|outcome| {
        let id = subjects[0].case(outcome.planned.case).id.to_owned();
        (id, outcome)
    });
    named.collect()
}

#[test]
fn the_counter_conforms_under_every_profile() {
    for profile in Profile::ALL {
        for (id, outcome) in run(subject(yoi_guests::COUNTER, profile)) {
            let optional = matches!(outcome.verdict, Verdict::Skipped { optional: true, .. });
            assert!(optional || outcome.verdict == Verdict::Pass, "{id}: {outcome:?}");
        }
    }
}

#[test]
fn a_component_that_brings_wasi_is_refused_and_nothing_else_is_known_of_it() {
    let ran = run(subject(yoi_guests::STD_RICH, Profile::Documented));
    let failed: Vec<_> = ran
        .iter()
        .filter(|(_, outcome)| outcome.verdict.evidence().is_some())
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(failed, ["plugin.component.fits-the-contract"]);
    for (id, outcome) in ran {
        // What is read in the manifest can be said of it all the same.
        let called = !id.starts_with("plugin.component.") && !id.starts_with("plugin.authority.");
        let unknown = matches!(outcome.verdict.name(), "could not run" | "skipped");
        assert!(!called || unknown, "{id}");
    }
}

#[test]
fn a_tool_that_breaks_the_contract_is_shown_with_the_smallest_input() {
    let ran = run(subject(yoi_guests::HOSTILE, Profile::Documented));
    let (_, outcome) = ran
        .iter()
        .find(|(id, _)| id == "plugin.tool.answers-any-json")
        .unwrap();
    let evidence = outcome.verdict.evidence().unwrap();
    assert_eq!(evidence.input, Some(serde_json::Value::Null));
}
