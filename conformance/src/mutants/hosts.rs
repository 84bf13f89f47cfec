//! Broken hosts: our own, but for one rule.
//!
//! Most alter what it is asked and answers; those in `peers` what goes between it and whom it dials: `middleman` does
//! it to sockets, `credulous` to certificates.

mod catalogue;
mod credulous;
mod middleman;
mod peers;
mod queue;

use std::fs;

use serde_json::{Value, json};
use yoi_host::package::{Files, Package, archive};
use yoi_host::{Limits, Profile};

use super::{Kind, Mutant};
use crate::suites::plugin::HostTarget;
use crate::suites::plugin::door::{
    Ask, Done, HostFault, InProcess, Lifecycle, Load, Outcome, PackageFound, PluginHost, Refusal,
    RefusalKind, Service, Status, Tool,
};
use crate::suites::plugin::host::plugin::{FULL_ID, TOOL, VERSION};

/// A host that is broken on purpose.
pub(super) struct Broken {
    /// It.
    pub(super) target: HostTarget,
    /// By name what it has to be asked for that to show; anything, where none is named. Asked for nothing of that it is
    /// the good host: it is not by its own word, but because what breaks it is given nothing else.
    pub(super) shows_in: Option<Asks>,
}

type Asks = &'static [&'static str];

/// Our own host, and what is done to what it is asked and answers.
struct Altered {
    host: InProcess,
    shows_in: Option<Asks>,
    alter: Box<Alter>,
    memory: Value,
}

type Alter = dyn Fn(&mut dyn FnMut(&Ask) -> Outcome, Ask, &mut Value) -> Outcome + Send;

/// One that goes by nothing but that.
type Fixed = fn(&mut dyn FnMut(&Ask) -> Outcome, Ask, &mut Value) -> Outcome;

impl Altered {
    fn new(
        shows_in: Option<Asks>,
        alter: impl Fn(&mut dyn FnMut(&Ask) -> Outcome, Ask, &mut Value) -> Outcome + Send + 'static,
    ) -> Self {
        Self {
            host: InProcess::new(),
            shows_in,
            alter: Box::new(alter),
            memory: Value::Null,
        }
    }
}

impl PluginHost for Altered {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        if self.shows_in.is_some_and(|asks| !asks.contains(&ask.name())) {
            return self.host.ask(ask);
        }
        let mut fault = None;
        let host = &mut self.host;
        let mut inner = |ask: &Ask| match host.ask(ask) {
            Ok(outcome) => outcome,
            Err(broken) => {
                fault = Some(broken.clone());
                Outcome::Refused(Refusal::new(RefusalKind::Unsupported, broken.0))
            }
        };
        let outcome = (self.alter)(&mut inner, ask.clone(), &mut self.memory);
        match fault {
            Some(fault) => Err(fault),
            None => Ok(outcome),
        }
    }
}

impl Broken {
    /// One that may be broken wherever it is asked anything.
    fn anywhere(target: HostTarget) -> Self {
        Self {
            target,
            shows_in: None,
        }
    }
}

/// One that is altered in what it is asked by these names, and in nothing else.
fn altered_in(asks: Asks, alter: Fixed) -> Broken {
    Broken {
        target: HostTarget::new(move |_| Ok(Box::new(Altered::new(Some(asks), alter)))),
        shows_in: Some(asks),
    }
}

fn limited(limits: fn(Limits) -> Limits) -> Broken {
    Broken::anywhere(HostTarget::new(move |_| {
        Ok(Box::new(
            InProcess::new().limits(limits(Limits::of(Profile::Documented))),
        ))
    }))
}

const fn mutant(name: &'static str, caught_by: &'static str, make: fn() -> Broken) -> Mutant {
    Mutant {
        name,
        caught_by,
        seen_by: &[],
        because: "",
        kind: Kind::Host(make),
    }
}

const fn also(mut mutant: Mutant, seen_by: &'static [&'static str], because: &'static str) -> Mutant {
    mutant.seen_by = seen_by;
    mutant.because = because;
    mutant
}

/// What a host takes that it should refuse.
fn pardoned(outcome: Outcome, pardons: impl Fn(&Refusal) -> bool, done: Done) -> Outcome {
    match outcome {
        Outcome::Refused(refusal) if pardons(&refusal) => Outcome::Done(done),
        other => other,
    }
}

fn some_tool() -> Done {
    Done::Tool(Tool {
        summary: "s".to_owned(),
        content: None,
    })
}

fn some_status() -> Done {
    Done::Status(Status {
        state: Some("running".to_owned()),
        data: Value::Null,
    })
}

fn some_service() -> Done {
    Done::Service(Service {
        accepted: true,
        data: Value::Null,
        commands: Vec::new(),
    })
}

fn some_package() -> Done {
    Done::Package(PackageFound {
        id: "a".to_owned(),
        version: "1".to_owned(),
        digest: String::new(),
        files: Vec::new(),
    })
}

fn says(refusal: &Refusal, words: &str) -> bool {
    refusal.message.contains(words)
}

fn has_code(refusal: &Refusal, code: &str) -> bool {
    refusal.code.as_deref() == Some(code)
}

macro_rules! takes_tool {
    ($pardons:expr) => {
        || {
            altered_in(&["call"], |host, ask, _| {
                let is_call = matches!(ask, Ask::Call { .. });
                let outcome = host(&ask);
                let pardons: fn(&Refusal) -> bool = $pardons;
                if is_call {
                    pardoned(outcome, pardons, some_tool())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! takes_status {
    ($pardons:expr) => {
        || {
            altered_in(&["start", "status", "stop"], |host, ask, _| {
                let is_life = matches!(ask, Ask::Start | Ask::Status | Ask::Stop);
                let outcome = host(&ask);
                let pardons: fn(&Refusal) -> bool = $pardons;
                if is_life {
                    pardoned(outcome, pardons, some_status())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! takes_service {
    ($pardons:expr) => {
        || {
            altered_in(&["deliver"], |host, ask, _| {
                let is_event = matches!(ask, Ask::Deliver { .. });
                let outcome = host(&ask);
                let pardons: fn(&Refusal) -> bool = $pardons;
                if is_event {
                    pardoned(outcome, pardons, some_service())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! takes_package {
    ($words:literal) => {
        || {
            altered_in(&["inspect"], |host, ask, _| {
                let is_inspect = matches!(ask, Ask::Inspect { .. });
                let outcome = host(&ask);
                if is_inspect {
                    pardoned(outcome, |refusal| says(refusal, $words), some_package())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! changes_load {
    ($change:expr) => {
        || {
            altered_in(&["load"], |host, ask, _| match ask {
                Ask::Load(mut load) => {
                    let change: fn(&mut Load) = $change;
                    change(&mut load);
                    host(&Ask::Load(load))
                }
                ask => host(&ask),
            })
        }
    };
}

macro_rules! changes_input {
    ($change:expr) => {
        || {
            altered_in(&["call"], |host, ask, _| match ask {
                Ask::Call { tool, input } => {
                    let change: fn(String) -> String = $change;
                    host(&Ask::Call {
                        tool,
                        input: change(input),
                    })
                }
                ask => host(&ask),
            })
        }
    };
}

macro_rules! changes_event {
    ($change:expr) => {
        || {
            altered_in(&["deliver"], |host, ask, _| match ask {
                Ask::Deliver { ingress, mut event } => {
                    let change: fn(&mut Value) = $change;
                    change(&mut event);
                    host(&Ask::Deliver { ingress, event })
                }
                ask => host(&ask),
            })
        }
    };
}

/// Grants with this line in place of what they say of `key`.
fn bound(grants: &str, key: &str, value: &str) -> String {
    let beginning = format!("{key} = ");
    let rest = grants.lines().filter(|line| !line.starts_with(&beginning));
    let rest: String = rest.map(|line| format!("{line}\n")).collect();
    format!("{key} = \"{value}\"\n{rest}")
}

fn digest_of(load: &Load) -> Option<String> {
    Package::open(&load.package, load.profile)
        .ok()
        .map(|package| package.digest.to_string())
}

/// Manifest and grants with this text in place of that, bound as they were.
fn rewritten(load: &mut Load, from: &str, to: &str) {
    let Ok(package) = Package::open(&load.package, load.profile) else {
        return;
    };
    let mut files = Files::new();
    for (path, content) in package.files.iter() {
        let content = match path {
            "plugin.toml" => String::from_utf8_lossy(content).replace(from, to).into_bytes(),
            _ => content.to_vec(),
        };
        // As many files as there were, and hardly larger.
        if files.insert(path, content).is_err() {
            return;
        }
    }
    let path = load.package.with_extension("altered");
    if fs::write(&path, archive::write(&files)).is_err() {
        return;
    }
    load.package = path;
    let before = package.digest.to_string();
    load.grants = load
        .grants
        .replace(from, to)
        .replace(&before, &files.digest().to_string());
}

pub(super) fn all() -> Vec<Mutant> {
    let mut all = alone();
    all.extend(peers::all());
    all.extend(queue::all());
    all.extend(catalogue::all());
    all
}

/// Those that need nobody else.
fn alone() -> Vec<Mutant> {
    vec![
        // What it makes of answers.
        mutant(
            "takes-an-answer-too-large",
            "plugin.host.tool-output.too-large",
            takes_tool!(|refusal| has_code(refusal, "output.too-large")),
        ),
        mutant(
            "takes-a-summary-too-long",
            "plugin.host.tool-output.too-long-summary",
            takes_tool!(|refusal| says(refusal, "of 1025 bytes")),
        ),
        mutant(
            "counts-letters",
            "plugin.host.tool-output.summary-counts-bytes",
            takes_tool!(|refusal| says(refusal, "of 1026 bytes")),
        ),
        mutant(
            "takes-unknown-keys",
            "plugin.host.tool-output.unknown-key",
            takes_tool!(|refusal| says(refusal, "`attachments`")),
        ),
        mutant(
            "takes-an-empty-summary",
            "plugin.host.tool-output.summary-empty",
            takes_tool!(|refusal| says(refusal, "empty `summary`")),
        ),
        mutant(
            "takes-no-answer",
            "plugin.host.tool-output.nothing",
            takes_tool!(|refusal| has_code(refusal, "output.empty")),
        ),
        also(
            mutant(
                "takes-arrays",
                "plugin.host.tool-output.array",
                takes_tool!(|refusal| says(refusal, "an array")),
            ),
            &["plugin.host.tool-output.costs-its-call-only"],
            "its plugin answers with an array",
        ),
        mutant(
            "takes-what-is-no-text",
            "plugin.host.tool-output.not-text",
            takes_tool!(|refusal| says(refusal, "utf-8")),
        ),
        mutant("cuts-content", "plugin.host.tool-output.largest", || {
            altered_in(&["call"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Tool(mut tool)) => {
                    if let Some(content) = &mut tool.content
                        && content.len() > 60_000
                    {
                        content.truncate(60_000);
                    }
                    Outcome::Done(Done::Tool(tool))
                }
                other => other,
            })
        }),
        mutant(
            "overlooks-an-error-of-null",
            "plugin.host.status.error-null",
            takes_status!(|refusal| says(refusal, "\"error\":null")),
        ),
        mutant(
            "takes-a-status-too-large",
            "plugin.host.status.too-large",
            takes_status!(|refusal| has_code(refusal, "output.too-large")),
        ),
        mutant(
            "takes-a-status-that-is-no-json",
            "plugin.host.status.not-json",
            takes_status!(|refusal| has_code(refusal, "output.not-json")),
        ),
        mutant(
            "takes-a-status-without-state",
            "plugin.host.status.without-state",
            takes_status!(|refusal| says(refusal, "without `state`")),
        ),
        mutant(
            "accepts-errors",
            "plugin.host.service-output.error-key",
            takes_service!(|refusal| has_code(refusal, "reported")),
        ),
        mutant(
            "takes-a-service-output-too-large",
            "plugin.host.service-output.too-large",
            takes_service!(|refusal| has_code(refusal, "output.too-large")),
        ),
        mutant("loses-data", "plugin.host.service-output.data", || {
            altered_in(&["deliver"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Service(mut service)) if service.data.get("n").is_some() => {
                    service.data = Value::Null;
                    Outcome::Done(Done::Service(service))
                }
                other => other,
            })
        }),
        // What it lets in.
        mutant(
            "takes-an-input-too-large",
            "plugin.host.tool-input.too-large",
            changes_input!(|input| if input.len() > 65_536 {
                "null".to_owned()
            } else {
                input
            }),
        ),
        also(
            mutant(
                "takes-what-is-no-json",
                "plugin.host.tool-input.not-json",
                changes_input!(
                    |input| match serde_json::from_str::<serde::de::IgnoredAny>(&input) {
                        Err(_) if input.len() <= 65_536 => "null".to_owned(),
                        _ => input,
                    }
                ),
            ),
            &[
                "plugin.host.tool-input.nothing",
                "plugin.host.tool-input.more-than-json",
                "plugin.host.life.any-sequence",
            ],
            "they hand over what is no JSON as well",
        ),
        also(
            mutant(
                "writes-inputs-anew",
                "plugin.host.tool-input.blanks",
                changes_input!(|input| match serde_json::from_str::<Value>(&input) {
                    Ok(value) if input.len() <= 65_536 => value.to_string(),
                    _ => input,
                }),
            ),
            &[
                "plugin.host.tool-input.number",
                "plugin.host.tool-input.large-number",
                "plugin.host.tool-input.repeated-key",
                "plugin.host.tool-input.array",
                "plugin.host.tool-input.object",
                "plugin.host.tool-input.not-ascii",
            ],
            "what they hand over is written otherwise than serde writes it",
        ),
        also(
            mutant("calls-any-tool", "plugin.host.tool-input.unknown-tool", || {
                altered_in(&["load", "call"], |host, ask, memory| match ask {
                    Ask::Call { tool, input } => {
                        let offered = memory
                            .as_array()
                            .is_some_and(|tools| tools.contains(&json!(tool)));
                        let tool = if offered { tool } else { TOOL.to_owned() };
                        host(&Ask::Call { tool, input })
                    }
                    ask => {
                        let outcome = host(&ask);
                        if let Outcome::Done(Done::Loaded(loaded)) = &outcome {
                            *memory = json!(loaded.tools);
                        }
                        outcome
                    }
                })
            }),
            &["plugin.host.permissions.one-tool-only"],
            "it calls a tool that is not offered",
        ),
        mutant("calls-another-tool", "plugin.host.tool-input.name", || {
            altered_in(&["call"], |host, ask, _| match ask {
                Ask::Call { tool, input } if tool == "another-tool" => host(&Ask::Call {
                    tool: TOOL.to_owned(),
                    input,
                }),
                ask => host(&ask),
            })
        }),
        also(
            mutant(
                "loses-the-configuration",
                "plugin.host.configuration.as-given",
                changes_load!(|load| load.config = "null".to_owned()),
            ),
            &[
                "plugin.host.configuration.not-json",
                "plugin.host.life.restart-is-fresh",
                "plugin.host.sources.*",
                "plugin.host.queue.too-late",
                "plugin.host.websocket.lasts",
            ],
            "they give a configuration too, or tell a port by it",
        ),
        mutant(
            "makes-a-configuration-up",
            "plugin.host.configuration.absent",
            || {
                altered_in(&["load"], |host, ask, _| match ask {
                    Ask::Load(mut load) => {
                        if load.config == "null" {
                            load.config = "{}".to_owned();
                        }
                        host(&Ask::Load(load))
                    }
                    ask => host(&ask),
                })
            },
        ),
        // Events.
        also(
            mutant(
                "counts-no-attempts",
                "plugin.host.events.later-attempt",
                changes_event!(|event| event["attempt"] = json!(1)),
            ),
            &[
                "plugin.host.events.no-attempt",
                "plugin.host.events.negative-attempt",
            ],
            "they are about attempts as well",
        ),
        mutant(
            "drops-unknown-fields",
            "plugin.host.events.unknown-field",
            changes_event!(|event| {
                event.as_object_mut().map(|event| event.remove("priority"));
            }),
        ),
        mutant(
            "takes-a-blank-source",
            "plugin.host.events.blank-source",
            changes_event!(|event| {
                if event["source"] == " " {
                    event["source"] = json!("unknown");
                }
            }),
        ),
        mutant(
            "takes-a-blank-time",
            "plugin.host.events.blank-time",
            changes_event!(|event| {
                if event["created_at"] == "" {
                    event["created_at"] = json!("2026-11-20T10:00:00.000Z");
                }
            }),
        ),
        mutant(
            "takes-any-kind",
            "plugin.host.events.undeclared-kind",
            changes_event!(|event| {
                if event["ingress_name"] == "kinds" {
                    event["kind"] = json!("a");
                }
            }),
        ),
        mutant(
            "takes-an-event-too-large",
            "plugin.host.events.too-large",
            changes_event!(|event| {
                if event.to_string().len() > 65_536 {
                    event["payload"] = Value::Null;
                }
            }),
        ),
        mutant("mixes-events-up", "plugin.host.events.order", || {
            altered_in(&["deliver"], |host, ask, memory| {
                let fifth = matches!(&ask, Ask::Deliver { event, .. } if event["correlation_id"] == "e-5");
                let outcome = host(&ask);
                let before = memory.take();
                *memory = serde_json::to_value(&outcome).unwrap_or_default();
                match serde_json::from_value(before) {
                    Ok(before) if fifth => before,
                    _ => outcome,
                }
            })
        }),
        // Its life.
        mutant("mixes-calls-up", "plugin.host.life.order", || {
            altered_in(&["call"], |host, ask, memory| {
                let fifth = matches!(&ask, Ask::Call { input, .. } if input == "5");
                let outcome = host(&ask);
                let before = memory.take();
                *memory = serde_json::to_value(&outcome).unwrap_or_default();
                match serde_json::from_value(before) {
                    Ok(before) if fifth => before,
                    _ => outcome,
                }
            })
        }),
        mutant("stops-twice", "plugin.host.life.stop-once", || {
            altered_in(&["stop"], |host, ask, memory| {
                let outcome = host(&ask);
                match (&ask, outcome) {
                    (Ask::Stop, Outcome::Done(Done::Status(mut status))) => {
                        if memory["calls"].is_string() {
                            status.data = json!({ "calls": "00000003" });
                        }
                        *memory = status.data.clone();
                        Outcome::Done(Done::Status(status))
                    }
                    (_, outcome) => outcome,
                }
            })
        }),
        also(
            mutant(
                "keeps-state-after-a-restart",
                "plugin.host.life.restart-is-fresh",
                || {
                    altered_in(&["restart"], |host, ask, _| match ask {
                        Ask::Restart => host(&Ask::Status),
                        ask => host(&ask),
                    })
                },
            ),
            &[
                "plugin.host.life.restart-after-trap",
                "plugin.host.life.restart-after-stop",
                "plugin.host.life.any-sequence",
            ],
            "they restart too",
        ),
        also(
            mutant("calls-what-is-stopped", "plugin.host.life.stop-is-final", || {
                altered_in(&["call"], |host, ask, _| {
                    let is_call = matches!(ask, Ask::Call { .. });
                    let outcome = host(&ask);
                    match is_call {
                        true => pardoned(
                            outcome,
                            |refusal| {
                                says(refusal, "the plugin is stopped") || has_code(refusal, "service.ended")
                            },
                            some_tool(),
                        ),
                        false => outcome,
                    }
                })
            }),
            &["plugin.host.life.any-sequence"],
            "it calls what is stopped as well",
        ),
        also(
            mutant(
                "says-that-all-is-well",
                "plugin.host.containment.dead-is-dead",
                || {
                    altered_in(&["report"], |host, ask, _| match host(&ask) {
                        Outcome::Done(Done::Report(mut report)) => {
                            if report.lifecycle == Lifecycle::Failed {
                                report.lifecycle = Lifecycle::Running;
                            }
                            Outcome::Done(Done::Report(report))
                        }
                        other => other,
                    })
                },
            ),
            &[
                "plugin.host.containment.*",
                "plugin.host.status.*",
                "plugin.host.service-output.not-json",
                "plugin.host.life.*",
                "plugin.host.events.trap-fails",
                "plugin.host.queue.too-late",
            ],
            "they look whether a plugin has failed",
        ),
        // Packages.
        also(
            mutant("writes-digests-large", "plugin.host.digest.golden", || {
                altered_in(&["inspect"], |host, ask, _| match host(&ask) {
                    Outcome::Done(Done::Package(mut package)) => {
                        package.digest = package.digest.to_uppercase();
                        Outcome::Done(Done::Package(package))
                    }
                    other => other,
                })
            }),
            &[
                "plugin.host.digest.order",
                "plugin.host.digest.metadata",
                "plugin.host.stores.digest",
                "plugin.host.enablement.pinned",
            ],
            "they compare with the same digest",
        ),
        mutant("digests-nothing", "plugin.host.digest.every-file", || {
            altered_in(&["inspect"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Package(mut package)) if package.id == "suite.package" => {
                    package.digest = "sha256:00".to_owned();
                    Outcome::Done(Done::Package(package))
                }
                other => other,
            })
        }),
        mutant(
            "takes-a-path-twice",
            "plugin.host.packages.duplicate",
            takes_package!("twice"),
        ),
        mutant(
            "takes-encrypted-entries",
            "plugin.host.packages.encrypted",
            takes_package!("encrypted"),
        ),
        mutant("takes-links", "plugin.host.packages.link", takes_package!("link")),
        // Grants.
        also(
            mutant(
                "overlooks-the-version",
                "plugin.host.grant-binding.other-version",
                changes_load!(|load| {
                    if load.grants.contains("digest = ") {
                        load.grants = bound(&load.grants, "version", VERSION);
                    }
                }),
            ),
            &[
                "plugin.host.grant-binding.no-version",
                "plugin.host.grant-binding.version-is-text",
            ],
            "they are about the version as well",
        ),
        also(
            mutant(
                "overlooks-the-id",
                "plugin.host.grant-binding.other-id",
                changes_load!(|load| {
                    if load.grants.contains("digest = ") {
                        load.grants = bound(&load.grants, "id", FULL_ID);
                    }
                }),
            ),
            &[
                "plugin.host.grant-binding.no-id",
                "plugin.host.grant-binding.other-source",
                "plugin.host.grant-binding.id-without-source",
            ],
            "they are about the id as well",
        ),
        also(
            mutant(
                "overlooks-the-digest",
                "plugin.host.grant-binding.other-digest",
                changes_load!(|load| {
                    if let Some(digest) = digest_of(load)
                        && load.grants.contains("version = ")
                    {
                        load.grants = bound(&load.grants, "digest", &digest);
                    }
                }),
            ),
            &["plugin.host.grant-binding.no-digest"],
            "it is about the digest as well",
        ),
        also(
            mutant(
                "grants-the-tool-unasked",
                "plugin.host.permissions.tool-not-granted",
                changes_load!(|load| {
                    load.grants = load.grants.replacen(
                        "permissions = [",
                        "permissions = [{ kind = \"tool\", name = \"do\" }, ",
                        1,
                    );
                }),
            ),
            &[
                "plugin.host.permissions.tool-of-other-name",
                "plugin.host.permissions.service-is-no-tool",
                "plugin.host.permissions.denied-is-not-entered",
            ],
            "they do not grant it either",
        ),
        mutant(
            "grants-the-surface-unasked",
            "plugin.host.permissions.surface-not-granted",
            changes_load!(|load| {
                load.grants = load.grants.replacen(
                    "permissions = [",
                    "permissions = [{ kind = \"surface\", surface = \"tool\" }, ",
                    1,
                );
            }),
        ),
        // Targets.
        also(
            mutant(
                "overlooks-prefixes",
                "plugin.host.targets.prefix",
                changes_load!(|load| {
                    rewritten(load, "path_prefixes = [\"/v1", "path_prefixes = [\"/\", \"/v1");
                }),
            ),
            &[
                "plugin.host.targets.*",
                "plugin.host.request.nothing-sent-when-denied",
                "plugin.host.commands.request-other-path",
            ],
            "they go to other paths as well",
        ),
        mutant(
            "overlooks-ports",
            "plugin.host.targets.port",
            changes_load!(|load| {
                rewritten(load, "\nport = 443\n", "\n");
            }),
        ),
        mutant(
            "overlooks-schemes",
            "plugin.host.targets.scheme",
            changes_load!(|load| {
                rewritten(load, "scheme = \"http\"", "scheme = \"*\"");
            }),
        ),
        mutant(
            "forgets-the-grants",
            "plugin.host.targets.both-sides",
            changes_load!(|load| {
                if load.grants.contains("[[request]]") {
                    load.grants.push_str("\n[[request]]\nscheme = \"*\"\nhost = \"*\"\nmethods = [\"GET\", \"POST\", \"PUT\", \"DELETE\"]\n");
                }
            }),
        ),
        mutant(
            "grants-every-operation",
            "plugin.host.fs.operations-apart",
            changes_load!(|load| {
                for one in ["[\"read\"]", "[\"list\"]", "[\"write\"]"] {
                    let all = "[\"read\", \"list\", \"write\"]";
                    load.grants = load
                        .grants
                        .replace(&format!("operations = {one}"), &format!("operations = {all}"));
                }
            }),
        ),
        also(
            mutant(
                "knows-no-names",
                "plugin.host.addresses.name-to-loopback",
                changes_load!(|load| load.names.clear()),
            ),
            &["plugin.host.addresses.*", "plugin.host.tls.trusted"],
            "they are about names as well",
        ),
        also(
            mutant(
                "leads-no-name-into-the-machine",
                "plugin.host.addresses.name-to-loopback",
                || {
                    Broken::anywhere(HostTarget::new(|_| {
                        Ok(Box::new(
                            InProcess::new().net(|options, _| options.public_only(true)),
                        ))
                    }))
                },
            ),
            &["plugin.host.tls.trusted"],
            "its server has a name, and is in the machine",
        ),
        mutant(
            "takes-no-methods-for-all",
            "plugin.host.targets.without-methods",
            changes_load!(|load| {
                rewritten(
                    load,
                    "host = \"m.test\"",
                    "host = \"m.test\"\nmethods = [\"GET\"]",
                );
            }),
        ),
        mutant(
            "takes-no-scheme-for-any",
            "plugin.host.targets.without-scheme",
            changes_load!(|load| {
                rewritten(load, "host = \"s.test\"", "host = \"s.test\"\nscheme = \"*\"");
            }),
        ),
        mutant(
            "takes-no-host-for-any",
            "plugin.host.targets.without-host",
            changes_load!(|load| {
                let prefixes = "path_prefixes = [\"/h\"]";
                rewritten(load, prefixes, &format!("{prefixes}\nhost = \"*\""));
            }),
        ),
        // Manifests.
        mutant("takes-no-long-id", "plugin.host.manifest.longest-id", || {
            altered_in(&["inspect"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Package(package)) if package.id.len() > 127 => {
                    Outcome::Refused(Refusal::new(RefusalKind::Package, "its id is too long"))
                }
                other => other,
            })
        }),
        mutant(
            "takes-any-length-of-id",
            "plugin.host.manifest.too-long-id",
            || {
                altered_in(&["inspect"], |host, ask, _| {
                    let is_long = matches!(&ask, Ask::Inspect { package, .. } if fs::read(package)
                        .is_ok_and(|archive| String::from_utf8_lossy(&archive).contains(&"a".repeat(129))));
                    let outcome = host(&ask);
                    pardoned(outcome, |_| is_long, some_package())
                })
            },
        ),
        mutant(
            "offers-no-long-name",
            "plugin.host.manifest.longest-tool-name",
            || {
                altered_in(&["load"], |host, ask, _| match host(&ask) {
                    Outcome::Done(Done::Loaded(mut loaded)) => {
                        loaded.tools.retain(|tool| tool.len() < 128);
                        Outcome::Done(Done::Loaded(loaded))
                    }
                    other => other,
                })
            },
        ),
        mutant(
            "offers-any-length-of-name",
            "plugin.host.manifest.too-long-tool-name",
            || {
                altered_in(&["load"], |host, ask, _| {
                    let long = "t".repeat(129);
                    let declares = matches!(&ask, Ask::Load(load) if load.grants.contains(&long));
                    match host(&ask) {
                        Outcome::Done(Done::Loaded(mut loaded)) if declares => {
                            loaded.tools.push(long);
                            Outcome::Done(Done::Loaded(loaded))
                        }
                        other => other,
                    }
                })
            },
        ),
        // Limits.
        mutant("waits-for-ever", "plugin.host.budgets.time", || {
            altered_in(&["call"], |host, ask, _| {
                let outcome = host(&ask);
                pardoned(
                    outcome,
                    |refusal| has_code(refusal, "fault.deadline"),
                    some_tool(),
                )
            })
        }),
        also(
            mutant(
                "gives-twice-the-instructions",
                "plugin.host.budgets.instructions-no-more",
                || limited(|limits| limits.with_fuel(10_000_000)),
            ),
            &["plugin.host.budgets.instructions-shared-with-instantiation"],
            "it goes past the budget as well",
        ),
        also(
            mutant(
                "gives-half-the-instructions",
                "plugin.host.budgets.instructions-enough",
                || limited(|limits| limits.with_fuel(2_500_000)),
            ),
            &[
                "plugin.host.budgets.instructions-every-call",
                "plugin.host.budgets.instructions-of-instantiation",
            ],
            "they use most of the budget",
        ),
        also(
            mutant(
                "gives-twice-the-memory",
                "plugin.host.budgets.memory-no-page-more",
                || limited(|limits| limits.with_memory_bytes(4 << 20)),
            ),
            &["plugin.host.budgets.memory-too-much-at-first"],
            "it is about the same bound",
        ),
        also(
            mutant("gives-a-page-less", "plugin.host.budgets.memory-at-first", || {
                limited(|limits| limits.with_memory_bytes(31 * 65_536))
            }),
            &["plugin.host.budgets.memory-to-the-last-page"],
            "it is about the same bound",
        ),
    ]
}
