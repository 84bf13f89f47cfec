//! Broken plugins: puppets, each but for one thing like the good one.

use super::{Kind, Mutant};
use crate::suites::plugin::host::puppet::{Condition, HostCall, HostFunction, Part, Puppet, text};

/// A plugin: its component, and its manifest.
pub(super) struct Guest {
    pub(super) component: Vec<u8>,
    pub(super) manifest: String,
}

const MANIFEST: &str = r#"schema_version = 1
id = "mutant.good"
name = "Good"
version = "1"
permissions = [
    { kind = "surface", surface = "tool" },
    { kind = "surface", surface = "ingress" },
    { kind = "tool", name = "do" },
    { kind = "ingress", name = "events" },
    { kind = "host_api", api = "fs" },
    { kind = "host_api", api = "request" },
]

[runtime]
kind = "wasm-component"
component = "good.wasm"
world = "yoi:plugin/instance@1.0.0"

[[tools]]
name = "do"
description = "Does it"
input_schema = { type = "object", required = ["a"], properties = { a = { type = "string" } } }

[[ingresses]]
name = "events"
description = "Takes events"
event_kinds = ["test", "websocket_text"]

[[request]]
scheme = "http"
host = "a.test"
methods = ["GET"]
path_prefixes = ["/v1"]
"#;

const INVALID: &str = r#"{"summary":"tool error: invalid_input","content":"{\"error\":{\"code\":\"invalid_input\",\"message\":\"`a` is missing\"}}"}"#;
const UNSUPPORTED: &str = r#"{"summary":"tool error: unsupported_tool","content":"{\"error\":{\"code\":\"unsupported_tool\",\"message\":\"there is no such tool\"}}"}"#;
const UNSUPPORTED_EVENT: &str = r#"{"error":{"message":"there is no such ingress"}}"#;

/// One that keeps everything: it calls the host and makes do with whatever comes, counts its calls and events, and
/// answers every event with a command.
fn keeping_all() -> Puppet {
    Puppet::instance()
        .doing("start", status("running"))
        .doing("status", status("running"))
        .doing("stop", status("stopped"))
        .doing("handle-tool", tool(calls(), done()))
        .doing(
            "handle-ingress",
            ingress(vec![accepted(&[command("c-1", "e-1")])]),
        )
}

fn status(state: &str) -> Vec<Part> {
    vec![
        text(format!(r#"{{"state":"{state}","data":{{"done":""#)),
        Part::Remembered,
        text(r#""}}"#),
    ]
}

fn calls() -> Vec<Part> {
    vec![
        Part::Quietly(HostCall::of(HostFunction::Read, r#"{"path":"a.txt"}"#)),
        Part::Quietly(HostCall::of(
            HostFunction::Request,
            r#"{"method":"GET","url":"http://a.test/v1"}"#,
        )),
    ]
}

fn done() -> Vec<Part> {
    vec![
        text(r#"{"summary":"did it","content":""#),
        Part::Length,
        text(r#""}"#),
    ]
}

/// An object with something in it.
fn fits() -> Condition {
    Condition::All(vec![Condition::InputBegins(b'{'), Condition::InputLongerThan(2)])
}

/// A tool that does these things first, and answers an input that fits with that.
fn tool(first: Vec<Part>, fitting: Vec<Part>) -> Vec<Part> {
    let mut parts = first;
    parts.push(Part::Remember);
    parts.push(Part::If(
        Condition::NameIs("do"),
        vec![Part::If(fits(), fitting, vec![text(INVALID)])],
        vec![text(UNSUPPORTED)],
    ));
    parts
}

fn ingress(answer: Vec<Part>) -> Vec<Part> {
    vec![
        Part::Remember,
        Part::If(Condition::NameIs("events"), answer, vec![text(UNSUPPORTED_EVENT)]),
    ]
}

fn accepted(commands: &[String]) -> Part {
    text(format!(
        r#"{{"accepted":true,"output_commands":[{}]}}"#,
        commands.join(",")
    ))
}

fn command(id: &str, event: &str) -> String {
    format!(
        r#"{{"correlation_id":"e-1:{id}","source_event_id":"{event}","command_id":"{id}","kind":"diagnostic_status_update","payload":{{"message":"m"}},"requested_at":"2026-11-20T10:00:00.000Z"}}"#
    )
}

fn packaged(puppet: Puppet) -> Guest {
    with_manifest(puppet, MANIFEST.to_owned())
}

fn with_manifest(puppet: Puppet, manifest: String) -> Guest {
    Guest {
        component: puppet.build(),
        manifest,
    }
}

fn without_line(part: &str) -> String {
    let lines = MANIFEST.lines().filter(|line| !line.contains(part));
    lines.map(|line| format!("{line}\n")).collect()
}

pub(super) fn good() -> Guest {
    packaged(keeping_all())
}

/// One whose tool does these things first.
fn first(parts: Vec<Part>) -> Guest {
    let mut all = parts;
    all.extend(calls());
    packaged(keeping_all().doing("handle-tool", tool(all, done())))
}

/// One whose tool does these things once it has called the host.
fn afterwards(parts: Vec<Part>) -> Guest {
    let mut all = calls();
    all.extend(parts);
    packaged(keeping_all().doing("handle-tool", tool(all, done())))
}

/// One whose tool answers inputs that fit with this.
fn fitting(parts: Vec<Part>) -> Guest {
    packaged(keeping_all().doing("handle-tool", tool(calls(), parts)))
}

fn when(condition: Condition, parts: Vec<Part>) -> Part {
    Part::If(condition, parts, Vec::new())
}

/// Traps at an input of this length.
fn at_length(from: u32, to: u32) -> Guest {
    first(vec![when(Condition::InputWithin(from, to), vec![Part::Trap])])
}

const fn mutant(name: &'static str, caught_by: &'static str, make: fn() -> Guest) -> Mutant {
    Mutant {
        name,
        caught_by,
        seen_by: &[],
        because: "",
        kind: Kind::Guest(make),
    }
}

const fn also(mut mutant: Mutant, seen_by: &'static [&'static str], because: &'static str) -> Mutant {
    mutant.seen_by = seen_by;
    mutant.because = because;
    mutant
}

pub(super) fn all() -> Vec<Mutant> {
    vec![
        // Its life.
        mutant("start-traps-on-a-list", "plugin.start.any-configuration", || {
            let mut parts = vec![when(Condition::InputBegins(b'['), vec![Part::Trap])];
            parts.extend(status("running"));
            packaged(keeping_all().doing("start", parts))
        }),
        also(
            mutant("start-answers-nothing", "plugin.start.answers-a-status", || {
                packaged(keeping_all().doing("start", []))
            }),
            &["plugin.*"],
            "a plugin that does not start can be asked nothing",
        ),
        also(
            mutant("status-traps", "plugin.status.answers-a-status", || {
                packaged(keeping_all().doing("status", [Part::Trap]))
            }),
            &[
                "plugin.status.changes-nothing",
                "plugin.start.same-every-time",
                "plugin.stop.after-work",
                "plugin.ingress.lives-on",
                "plugin.life.any-sequence",
            ],
            "they ask for the status too",
        ),
        mutant("status-counts-itself", "plugin.status.changes-nothing", || {
            let mut parts = vec![Part::Remember];
            parts.extend(status("running"));
            packaged(keeping_all().doing("status", parts))
        }),
        also(
            mutant("stop-traps", "plugin.stop.answers-a-status", || {
                packaged(keeping_all().doing("stop", [Part::Trap]))
            }),
            &[
                "plugin.stop.after-work",
                "plugin.stop.says-stopped",
                "plugin.life.any-sequence",
            ],
            "they stop it too",
        ),
        also(
            mutant("stop-traps-after-work", "plugin.stop.after-work", || {
                let mut parts = vec![when(Condition::Remembered(1), vec![Part::Trap])];
                parts.extend(status("stopped"));
                packaged(keeping_all().doing("stop", parts))
            }),
            &["plugin.life.any-sequence"],
            "it stops a plugin that has worked",
        ),
        mutant("stop-says-running", "plugin.stop.says-stopped", || {
            packaged(keeping_all().doing("stop", status("running")))
        }),
        mutant("traps-at-the-seventh-call", "plugin.life.any-sequence", || {
            first(vec![when(Condition::CallIs(7), vec![Part::Trap])])
        }),
        // Its tools.
        also(
            mutant("tool-traps-on-what-fits", "plugin.tool.answers-what-fits", || {
                fitting(vec![Part::Trap])
            }),
            &["plugin.*"],
            "most cases call tools with what fits",
        ),
        also(
            mutant("tool-answers-too-much", "plugin.tool.answers-what-fits", || {
                fitting(vec![text(format!(
                    r#"{{"summary":"s","content":"{}"}}"#,
                    "x".repeat(65_536)
                ))])
            }),
            &["plugin.*"],
            "most cases call tools with what fits",
        ),
        also(
            mutant("tool-traps-on-null", "plugin.tool.answers-any-json", || {
                first(vec![when(Condition::InputBegins(b'n'), vec![Part::Trap])])
            }),
            &[
                "plugin.tool.wrong-type-is-refused",
                "plugin.tool-output.errors-have-their-form",
            ],
            "they give the tool null as well",
        ),
        also(
            mutant("unknown-tool-traps", "plugin.tool.unknown-does-not-trap", || {
                first(vec![Part::If(Condition::NameIs("do"), vec![], vec![Part::Trap])])
            }),
            &["plugin.tool.unknown-is-refused"],
            "it calls a tool that there is not",
        ),
        mutant("unknown-tool-is-served", "plugin.tool.unknown-is-refused", || {
            let mut parts = calls();
            parts.push(Part::Remember);
            parts.push(Part::If(
                Condition::All(vec![Condition::NameIs("do"), Condition::Not(Box::new(fits()))]),
                vec![text(INVALID)],
                done(),
            ));
            packaged(keeping_all().doing("handle-tool", parts))
        }),
        mutant(
            "declared-tool-is-not-served",
            "plugin.tool.declared-are-served",
            || {
                let second = "\n[[tools]]\nname = \"other\"\ndescription = \"Is not there\"\ninput_schema = { type = \"object\" }\n";
                let manifest = MANIFEST.replace(
                    "{ kind = \"tool\", name = \"do\" }",
                    "{ kind = \"tool\", name = \"do\" }, { kind = \"tool\", name = \"other\" }",
                );
                with_manifest(keeping_all(), format!("{manifest}{second}"))
            },
        ),
        mutant("missing-is-accepted", "plugin.tool.missing-is-refused", || {
            let empty = Condition::All(vec![
                Condition::NameIs("do"),
                Condition::InputBegins(b'{'),
                Condition::Not(Box::new(Condition::InputLongerThan(2))),
            ]);
            let parts = [Part::If(empty, done(), tool(calls(), done()))];
            packaged(keeping_all().doing("handle-tool", parts))
        }),
        mutant(
            "any-type-is-accepted",
            "plugin.tool.wrong-type-is-refused",
            || {
                let parts = tool(calls(), done());
                packaged(keeping_all().doing(
                    "handle-tool",
                    [Part::If(
                        Condition::All(vec![Condition::NameIs("do"), Condition::InputBegins(b'"')]),
                        done(),
                        parts,
                    )],
                ))
            },
        ),
        mutant("deep-input-traps", "plugin.tool.deep-input", || {
            at_length(2000, 2001)
        }),
        mutant("deeper-input-traps", "plugin.tool.deeper-input", || {
            at_length(60_000, 60_001)
        }),
        mutant("long-input-traps", "plugin.tool.long-input", || {
            at_length(15_900, 16_200)
        }),
        mutant("longest-input-traps", "plugin.tool.longest-input", || {
            at_length(64_900, 65_537)
        }),
        mutant("many-members-trap", "plugin.tool.many-members", || {
            at_length(8_000, 15_000)
        }),
        mutant(
            "summary-rings-a-bell",
            "plugin.tool-output.summary-for-a-line",
            || fitting(vec![text(r#"{"summary":"did\u0007it"}"#)]),
        ),
        mutant(
            "summary-is-blank",
            "plugin.tool-output.summary-says-something",
            || fitting(vec![text(r#"{"summary":"  "}"#)]),
        ),
        mutant(
            "error-without-its-form",
            "plugin.tool-output.errors-have-their-form",
            || {
                let parts = tool(calls(), done());
                packaged(keeping_all().doing(
                    "handle-tool",
                    [Part::If(
                        Condition::All(vec![Condition::NameIs("do"), Condition::InputBegins(b'f')]),
                        vec![text(r#"{"summary":"tool error: failed","content":"it failed"}"#)],
                        parts,
                    )],
                ))
            },
        ),
        // Its budgets.
        mutant("tool-works-too-hard", "plugin.budgets.instructions", || {
            let mut parts = vec![Part::Burn(700_000)];
            parts.extend(done());
            fitting(parts)
        }),
        mutant("tool-hoards-memory", "plugin.budgets.memory", || {
            let mut parts = vec![when(
                Condition::Not(Box::new(Condition::Remembered(2))),
                vec![Part::GrowMemory(6)],
            )];
            parts.extend(done());
            fitting(parts)
        }),
        mutant("start-works-too-hard", "plugin.budgets.start", || {
            let mut parts = vec![Part::Burn(700_000)];
            parts.extend(status("running"));
            packaged(keeping_all().doing("start", parts))
        }),
        mutant("answer-is-nearly-too-large", "plugin.budgets.output", || {
            fitting(vec![text(format!(
                r#"{{"summary":"s","content":"{}"}}"#,
                "x".repeat(60_000)
            ))])
        }),
        // Its events.
        also(
            mutant("event-traps", "plugin.ingress.answers-declared-kinds", || {
                packaged(keeping_all().doing("handle-ingress", ingress(vec![Part::Trap])))
            }),
            &["plugin.ingress.*", "plugin.life.any-sequence"],
            "they deliver events too",
        ),
        also(
            mutant(
                "unknown-ingress-traps",
                "plugin.ingress.undeclared-does-not-trap",
                || {
                    let parts = [Part::If(
                        Condition::NameIs("events"),
                        vec![accepted(&[command("c-1", "e-1")])],
                        vec![Part::Trap],
                    )];
                    packaged(keeping_all().doing("handle-ingress", parts))
                },
            ),
            &["plugin.ingress.undeclared-is-refused"],
            "it delivers to an ingress that there is not",
        ),
        mutant(
            "unknown-ingress-is-accepted",
            "plugin.ingress.undeclared-is-refused",
            || {
                packaged(keeping_all().doing(
                    "handle-ingress",
                    [Part::Remember, accepted(&[command("c-1", "e-1")])],
                ))
            },
        ),
        mutant(
            "command-for-another-event",
            "plugin.ingress.commands-are-sound",
            || {
                packaged(keeping_all().doing(
                    "handle-ingress",
                    ingress(vec![accepted(&[command("c-1", "e-2")])]),
                ))
            },
        ),
        mutant(
            "command-to-where-it-may-not",
            "plugin.ingress.commands-are-asked-for",
            || {
                let command = r#"{"correlation_id":"e-1:x","source_event_id":"e-1","command_id":"x","kind":"host_request_dispatch","payload":{"method":"GET","url":"http://b.test/"},"requested_at":"2026-11-20T10:00:00.000Z"}"#;
                packaged(
                    keeping_all().doing("handle-ingress", ingress(vec![accepted(&[command.to_owned()])])),
                )
            },
        ),
        mutant(
            "two-commands-of-one-id",
            "plugin.ingress.command-ids-differ",
            || {
                let twice = [command("c-1", "e-1"), command("c-1", "e-1")];
                packaged(keeping_all().doing("handle-ingress", ingress(vec![accepted(&twice)])))
            },
        ),
        also(
            mutant("second-event-traps", "plugin.ingress.redelivered", || {
                let mut parts = vec![when(Condition::Remembered(1), vec![Part::Trap])];
                parts.extend(ingress(vec![accepted(&[command("c-1", "e-1")])]));
                packaged(keeping_all().doing("handle-ingress", parts))
            }),
            &["plugin.ingress.lives-on", "plugin.life.any-sequence"],
            "they deliver several events",
        ),
        mutant("events-make-it-fail", "plugin.ingress.lives-on", || {
            let mut parts = vec![when(Condition::Remembered(4), vec![Part::Trap])];
            parts.extend(status("running"));
            packaged(keeping_all().doing("status", parts))
        }),
        // What it asks for.
        mutant(
            "tool-not-asked-for",
            "plugin.authority.tools-are-asked-for",
            || with_manifest(keeping_all(), without_line("kind = \"tool\"")),
        ),
        mutant(
            "ingress-not-asked-for",
            "plugin.authority.ingresses-are-asked-for",
            || with_manifest(keeping_all(), without_line("kind = \"ingress\"")),
        ),
        mutant(
            "import-not-asked-for",
            "plugin.authority.imports-are-asked-for",
            || with_manifest(keeping_all(), without_line("api = \"fs\"")),
        ),
        also(
            mutant("asks-for-more", "plugin.authority.asks-for-no-more", || {
                let request = calls().into_iter().skip(1).collect();
                packaged(keeping_all().doing("handle-tool", tool(request, done())))
            }),
            &["plugin.faults.disk"],
            "it is not asked of a plugin that uses no files",
        ),
        mutant("asks-for-everywhere", "plugin.authority.no-broad-targets", || {
            let more = "\n[[request]]\nscheme = \"https\"\nhost = \"*\"\nmethods = [\"GET\"]\npath_prefixes = [\"/\"]\n";
            with_manifest(keeping_all(), format!("{MANIFEST}{more}"))
        }),
        also(
            mutant(
                "traps-where-it-is-denied",
                "plugin.authority.denied-everything",
                || afterwards(vec![when(Condition::HostFailed, vec![Part::Trap])]),
            ),
            &["plugin.*"],
            "most cases grant nothing, and the faults are failures as well",
        ),
        also(
            mutant("brings-wasi", "plugin.component.fits-the-contract", || {
                packaged(keeping_all().importing("(import \"wasi:cli/environment@0.2.0\" (instance))"))
            }),
            &["plugin.*"],
            "a component that is not loaded can be asked nothing",
        ),
    ]
}
