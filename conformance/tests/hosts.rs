//! Our own host keeps what the contract promises, in this process and behind another.

use std::sync::Arc;

use yoi_conformance::plan::{Plan, Selection};
use yoi_conformance::report::{CaseLine, Styles};
use yoi_conformance::run::{self, Settings};
use yoi_conformance::runner::{self, Options};
use yoi_conformance::suites::plugin::door::{
    Ask, CommandResult, CommandVerdict, Done, Hello, HostFault, InProcess, Lifecycle, Loaded, Outcome,
    PackageFound, PluginHost, Plugins, Report, Rows, Service, Settled, Status, Tool,
};
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
    insta::assert_snapshot!(said("echo '{\"id\":1,\"done\":{\"greeted\":true}}'"), @r#"documented: will not run: the host was asked `hello`: it answered {"id":1,"done":{"greeted":true}}, which is not of the protocol: unknown variant `greeted`, expected one of `hello`, `package`, `plugins`, `rows`, `loaded`, `status`, `tool`, `service`, `queued`, `settled`, `report`"#);
    insta::assert_snapshot!(said("echo '{\"done\":{}}'"), @r#"documented: will not run: the host was asked `hello`: it answered {"done":{}}, which is not of the protocol: it has no `id`"#);
}

#[test]
fn an_adapter_that_always_breaks_is_not_tried_for_every_case() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let hello = r#"{"id":1,"done":{"hello":{"protocol":"yoikit.host/1","host":"mine","version":"7","profiles":["documented"]}}}"#;
    let script = format!(
        "echo started >> {}; read -r line; echo '{hello}'; read -r line; echo oh no >&2; exit 4",
        starts.display()
    );
    let command = ["/bin/sh".to_owned(), "-c".to_owned(), script];
    let opening = Opening {
        profiles: vec![Profile::Documented],
        ..Opening::default()
    };
    let mut settings = Settings::default();
    settings.options.jobs = 2.try_into().unwrap();
    let report = run::run(&opening.hosts(&command), &settings, &mut ()).unwrap();
    assert_eq!(report.end.outcome, Exit::CouldNotRun);
    let started = std::fs::read_to_string(&starts).unwrap().lines().count();
    // Once to say hello, and once more where two cases ran side by side.
    assert!(started <= 7, "{started}");
    let said = report.to_text(Styles::PLAIN);
    let gave_up = "it ended with exit status 4; on standard error: `oh no`; it broke 5 times before it answered anything, and is not tried again";
    assert!(said.contains(gave_up), "{said}");
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

/// A host that looks at nothing: it answers every question with something of the right form, so many of everything.
struct Inventive(usize);

impl Inventive {
    fn many<T: Clone>(&self, of: T) -> Vec<T> {
        vec![of; self.0]
    }

    fn done(&self, ask: &Ask) -> Done {
        let name = || "x".to_owned();
        let status = || Status {
            state: self.many(name()).pop(),
            data: serde_json::Value::Null,
        };
        let service = || Service {
            accepted: true,
            data: serde_json::Value::Null,
            commands: self.many(CommandResult {
                command_id: self.many(name()).pop(),
                verdict: CommandVerdict::Recorded,
                message: name(),
            }),
        };
        match ask {
            // It claims to be able to do all that ours does, so that it is asked all of it.
            Ask::Hello { .. } => Done::Hello(Hello {
                host: name(),
                version: name(),
                ..InProcess::hello()
            }),
            Ask::Inspect { .. } => Done::Package(PackageFound {
                id: name(),
                version: name(),
                digest: String::new(),
                files: self.many(name()),
            }),
            Ask::Survey(_) => Done::Plugins(Plugins {
                on: true,
                plugins: Vec::new(),
            }),
            Ask::Examine(_) => Done::Rows(Rows {
                runtime: true,
                host_apis: Vec::new(),
                tools: Vec::new(),
                services: Vec::new(),
                ingresses: Vec::new(),
            }),
            Ask::Load(_) => Done::Loaded(Loaded {
                tools: self.many(name()),
                ingresses: self.many(name()),
            }),
            Ask::Start | Ask::Status | Ask::Stop | Ask::Restart => Done::Status(status()),
            Ask::Call { .. } => Done::Tool(Tool {
                summary: name(),
                content: self.many(name()).pop().map(|_| self.many(name()).join("\u{1e}")),
            }),
            Ask::Deliver { .. } => Done::Service(service()),
            Ask::Enqueue { .. } => Done::Queued,
            Ask::Settle => Done::Settled(self.many(Settled::Done(service()))),
            Ask::Report => Done::Report(Report {
                lifecycle: Lifecycle::Running,
                last_error: None,
                component_status: None,
                sockets: Vec::new(),
            }),
        }
    }
}

impl PluginHost for Inventive {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        Ok(Outcome::Done(self.done(ask)))
    }
}

#[test]
fn nothing_that_a_host_answers_breaks_the_harness() {
    for number in [0, 1, 9] {
        let about = About {
            name: format!("inventive {number}"),
            door: "in process".into(),
            profile: Profile::Documented.name().into(),
            digest: None,
            remark: None,
            trouble: None,
        };
        let host = HostTarget::new(move |_| Ok(Box::new(Inventive(number))));
        let subjects: Vec<Arc<dyn Subject>> = vec![plugin::host().bind(Arc::new(host), about)];
        let plan = Plan::of(&subjects, &Selection::default(), None).unwrap();
        // Many wait for somebody on a socket who never comes.
        let options = Options {
            jobs: 32.try_into().unwrap(),
            time_box: Some(std::time::Duration::from_secs(2)),
            ..Options::default()
        };
        let outcomes = runner::run(&subjects, &plan, &options, |_| {});
        let broken: Vec<_> = outcomes
            .iter()
            .filter(|outcome| matches!(outcome.verdict, Verdict::HarnessFault { .. }))
            .map(|outcome| (subjects[0].case(outcome.planned.case).id, &outcome.verdict))
            .collect();
        assert!(broken.is_empty(), "{number}: {broken:#?}");
    }
}
