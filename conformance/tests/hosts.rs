//! Our own host keeps what the contract promises, in this process and behind another.

use std::sync::Arc;

use yoi_conformance::plan::{Plan, Selection};
use yoi_conformance::report::CaseLine;
use yoi_conformance::run::{self, Settings};
use yoi_conformance::runner::{self, Options};
use yoi_conformance::suites::plugin::open::Opening;
use yoi_conformance::suites::plugin::{self, HostTarget};
use yoi_conformance::{About, Exit, Subject, Verdict};
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

#[test]
fn a_command_that_is_no_adapter_is_found_out_before_any_case_waits_for_it() {
    let said = |script: &str| {
        let command = ["/bin/sh", "-c", script].map(str::to_owned);
        let opening = Opening {
            profiles: vec![Profile::Documented],
            ..Opening::default()
        };
        let report = run::run(&opening.hosts(&command), &Settings::default(), &mut ()).unwrap();
        let unknown = |line: &CaseLine| matches!(line.verdict, Verdict::CouldNotRun { .. });
        assert!(report.cases.iter().all(unknown), "{script}");
        assert_eq!(report.end.outcome, Exit::CouldNotRun, "{script}");
        report.verdict_line(0)
    };
    insta::assert_snapshot!(said("exit 3"), @"documented: will not run: the host was asked `hello`: it ended with exit status 3");
    insta::assert_snapshot!(said("yes"), @"documented: will not run: the host was asked `hello`: it wrote a line to standard output that is no JSON object: `y`");
    insta::assert_snapshot!(said("cat /dev/zero"), @"documented: will not run: the host was asked `hello`: it wrote a line of more than 1048576 bytes");
    insta::assert_snapshot!(said("cat"), @r#"documented: will not run: the host was asked `hello`: it answered {"id":1,"op":"hello","protocol":"yoikit.host/1"}, which is not of the protocol: it has neither `done` nor `refused`"#);
    insta::assert_snapshot!(said("echo '{\"id\":1,\"done\":{\"greeted\":true}}'"), @r#"documented: will not run: the host was asked `hello`: it answered {"done":{"greeted":true},"id":1}, which is not of the protocol: unknown variant `greeted`, expected one of `hello`, `package`, `plugins`, `rows`, `loaded`, `status`, `tool`, `service`, `queued`, `settled`, `report`"#);
    insta::assert_snapshot!(said("echo '{\"done\":{}}'"), @r#"documented: will not run: the host was asked `hello`: it answered {"done":{}}, which is not of the protocol: it has no `id`"#);
}

#[test]
fn a_host_behind_an_adapter_is_named_in_the_report_as_it_names_itself() {
    let hello =
        r#"{"id":1,"done":{"hello":{"protocol":"yoikit.host/1","host":"mine","version":"7","profiles":[]}}}"#;
    let command = [
        "/bin/sh".to_owned(),
        "-c".to_owned(),
        format!("echo '{hello}'; cat >/dev/null"),
    ];
    let entrants = Opening::default().hosts(&command);
    let remark = entrants[0].subject.about().remark.clone();
    assert_eq!(remark.as_deref(), Some("it says that it is mine 7"));
}
