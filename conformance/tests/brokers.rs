//! Our own host of child agents keeps what the contract promises, whatever its children are.

use std::sync::Arc;
use std::time::Duration;

use yoi_conformance::report::{CaseLine, Styles};
use yoi_conformance::run::{self, Entrant, Settings};
use yoi_conformance::suites::bridge::door::Own;
use yoi_conformance::suites::bridge::door::own::Children;
use yoi_conformance::suites::bridge::open::Opening;
use yoi_conformance::suites::bridge::{self, BrokerTarget};
use yoi_conformance::{About, Exit, Verdict};

fn conforms(door: &str, inputs: u32) {
    let mut hosts = Opening::hosts(&[]);
    hosts.retain(|host| host.subject.about().door == door);
    assert_eq!(hosts.len(), 1);
    all_conform(&hosts, inputs);
}

fn all_conform(hosts: &[Entrant], inputs: u32) {
    let mut settings = Settings {
        strict: true,
        ..Settings::default()
    };
    // What waits for the next set is asked of our own.
    settings.selection.next = true;
    settings.options.property_cases = inputs;
    // A machine that is busy is no fault of the host's.
    settings.options.time_box = Some(Duration::from_secs(600));
    let report = run::run(hosts, &settings, &mut ()).unwrap();
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

#[test]
fn at_the_other_end_of_a_wire() {
    let target = BrokerTarget::piped(Own::new(Children::Processes));
    let about = About {
        name: "yoikit".to_owned(),
        door: target.door().to_owned(),
        profile: "faithful".to_owned(),
        digest: None,
        remark: None,
        trouble: None,
    };
    let far = Entrant {
        subject: bridge::broker().bind(Arc::new(target), about),
        judged: true,
        words: Vec::new(),
    };
    all_conform(&[far], 4);
}

fn shell(script: &str) -> [String; 3] {
    ["/bin/sh", "-c", script].map(str::to_owned)
}

#[test]
fn a_command_that_is_no_adapter_is_found_out_before_any_case_waits_for_it() {
    let said = |script: &str| {
        let report = run::run(&Opening::hosts(&shell(script)), &Settings::default(), &mut ()).unwrap();
        let unknown = |line: &CaseLine| matches!(line.verdict, Verdict::CouldNotRun { .. });
        let judged = report
            .cases
            .iter()
            .filter(|line| !matches!(line.verdict, Verdict::Skipped { .. }));
        assert!(judged.clone().all(unknown), "{script}");
        assert!(judged.count() > 20, "{script}");
        assert_eq!(report.end.outcome, Exit::CouldNotRun, "{script}");
        report.verdict_line(0)
    };
    insta::assert_snapshot!(said("exit 3"), @"faithful: will not run: the host was asked `hello`: it ended with exit status 3");
    insta::assert_snapshot!(said("yes"), @"faithful: will not run: the host was asked `hello`: it wrote a line to standard output that is no JSON object: `y`");
    insta::assert_snapshot!(said("cat"), @r#"faithful: will not run: the host was asked `hello`: it answered {"id":1,"op":"hello","protocol":"yoikit.bridge-host/1"}, which is not of the protocol: it has neither `done` nor `refused`"#);
    insta::assert_snapshot!(said("echo '{\"id\":2,\"done\":\"over\"}'; cat >/dev/null"), @"faithful: will not run: the host was asked `hello`: it answered under number 2, under which nothing was asked that is not answered");
    let hello = |version: u32, adapter: &str| {
        format!(
            r#"echo '{{"id":1,"done":{{"hello":{{"protocol":"yoikit.bridge-host/{version}","host":"mine","version":"7","adapters":["{adapter}"]}}}}}}'; cat >/dev/null"#
        )
    };
    insta::assert_snapshot!(said(&hello(2, "claude-cli")), @"faithful: will not run: the host speaks yoikit.bridge-host/2, not yoikit.bridge-host/1");
    insta::assert_snapshot!(said(&hello(1, "gemini")), @"faithful: will not run: the host has none of the dialects that the cases are spoken in: `indusagi-wire`, `indusagi-cli`, `claude-cli`");
}

/// An adapter that says who it is, and then does this.
fn greets(then: &str) -> [String; 3] {
    let hello = r#"{"id":1,"done":{"hello":{"protocol":"yoikit.bridge-host/1","host":"mine","version":"7","adapters":["claude-cli"]}}}"#;
    shell(&format!("read -r line; echo '{hello}'; {then}"))
}

#[test]
fn an_adapter_that_always_breaks_is_not_tried_for_every_case() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let then = format!(
        "read -r line; echo started >> {}; echo oh no >&2; exit 4",
        starts.display()
    );
    let mut settings = Settings::default();
    settings.options.jobs = 2.try_into().unwrap();
    let report = run::run(&Opening::hosts(&greets(&then)), &settings, &mut ()).unwrap();
    assert_eq!(report.end.outcome, Exit::CouldNotRun);
    let started = std::fs::read_to_string(&starts).unwrap().lines().count();
    // Once to say who it is, and once more where two cases ran side by side.
    assert!(started <= 7, "{started}");
    let said = report.to_text(Styles::PLAIN);
    let gave_up = "it ended with exit status 4; on standard error: `oh no`; it broke 5 times before it answered anything, and is not tried again";
    assert!(said.contains(gave_up), "{said}");
}

#[test]
fn what_a_host_cannot_do_is_skipped_and_said() {
    let entrants = Opening::hosts(&greets("cat >/dev/null"));
    let remark = entrants[0].subject.about().remark.clone();
    assert_eq!(remark.as_deref(), Some("it says that it is mine 7"));
    let subject = &entrants[0].subject;
    let excuses = (0..subject.len()).filter_map(|case| subject.excuse(case));
    let mut reasons: Vec<&str> = excuses.map(|excuse| excuse.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    insta::assert_snapshot!(reasons.join("\n"), @"
    the host has not the ability `credentials`
    the host has not the ability `framework`
    the host has not the dialect `codex-cli`
    ");
}
