//! Our own host keeps what the contract promises, in this process and behind another.

use std::sync::Arc;

use yoi_conformance::plan::{Plan, Selection};
use yoi_conformance::runner::{self, Options};
use yoi_conformance::suites::plugin::{self, HostTarget};
use yoi_conformance::{About, Subject, Verdict};
use yoi_host::Profile;

fn ours(profile: Profile) -> Arc<dyn Subject> {
    let about = About {
        name: "yoikit".into(),
        door: "in process".into(),
        profile: profile.name().into(),
        digest: None,
        remark: None,
        trouble: None,
    };
    plugin::host().bind(Arc::new(HostTarget::in_process()), about)
}

#[test]
fn our_own_host_keeps_every_promise_of_each_profile() {
    let subjects: Vec<_> = Profile::ALL.into_iter().map(ours).collect();
    let all = Selection {
        next: true,
        ..Selection::default()
    };
    let plan = Plan::of(&subjects, &all, None).unwrap();
    let outcomes = runner::run(&subjects, &plan, &Options::default(), |_| {});
    let mut broken = String::new();
    for outcome in outcomes {
        let subject = &subjects[outcome.planned.subject];
        let id = subject.case(outcome.planned.case).id;
        // It has every ability that there is: nothing is skipped.
        if outcome.verdict != Verdict::Pass {
            broken.push_str(&format!(
                "{id} ({}): {:#?}\n",
                subject.about().profile,
                outcome.verdict
            ));
        }
    }
    assert!(broken.is_empty(), "{broken}");
}
