//! Broken dialects of child agents: our own, but for one thing that they hear or say.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use yoi_host::bridge::{
    Adapter, BridgeFailure, Dialect, FailureCode, FinishReason, Heard, Json, NormalizedEvent, Said,
};
use yoi_host::wire::child::Ending;

use super::{Kind, Mutant};
use crate::suites::bridge::target::Alter;

/// Sees whatever makes other events of known lines.
const OWN: &str = "bridge.dialect.agrees-with-the-hosts-own";

const fn mutant(name: &'static str, adapter: Adapter, caught_by: &'static str, alter: Alter) -> Mutant {
    Mutant {
        name,
        caught_by,
        seen_by: &[OWN],
        because: "it compares with the host's own dialect",
        kind: Kind::Dialect(adapter, alter),
    }
}

const fn seen_by(mut mutant: Mutant, seen_by: &'static [&'static str], because: &'static str) -> Mutant {
    mutant.seen_by = seen_by;
    mutant.because = because;
    mutant
}

pub(super) fn all() -> Vec<Mutant> {
    let parts = [of_any(), claude(), codex(), app_server(), indusagi()];
    parts.into_iter().flatten().collect()
}

/// A dialect, but for what it hears and says.
struct Altered {
    dialect: Box<dyn Dialect>,
    hears: fn(&str) -> Cow<'_, str>,
    says: fn(&str, Heard, &mut Said) -> Heard,
    ends: fn(&mut Said),
}

impl Altered {
    fn of(dialect: Box<dyn Dialect>) -> Self {
        Self {
            dialect,
            hears: |line| line.into(),
            says: |_, heard, _| heard,
            ends: |_| {},
        }
    }
}

impl Dialect for Altered {
    fn open(&mut self, said: &mut Said) {
        self.dialect.open(said);
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let line = (self.hears)(line);
        let heard = self.dialect.line(&line, said);
        (self.says)(&line, heard, said)
    }

    fn end(&mut self, ending: &Ending, said: &mut Said) {
        self.dialect.end(ending, said);
        (self.ends)(said);
    }
}

/// One that hears other lines.
fn hearing(dialect: Box<dyn Dialect>, hears: fn(&str) -> Cow<'_, str>) -> Box<dyn Dialect> {
    Box::new(Altered {
        hears,
        ..Altered::of(dialect)
    })
}

/// One that says something else of them.
fn saying(dialect: Box<dyn Dialect>, says: fn(&str, Heard, &mut Said) -> Heard) -> Box<dyn Dialect> {
    Box::new(Altered {
        says,
        ..Altered::of(dialect)
    })
}

/// One whose events are others.
fn telling(dialect: Box<dyn Dialect>, tells: fn(&mut NormalizedEvent)) -> Box<dyn Dialect> {
    struct Telling(Box<dyn Dialect>, fn(&mut NormalizedEvent));

    impl Dialect for Telling {
        fn open(&mut self, said: &mut Said) {
            self.0.open(said);
        }

        fn line(&mut self, line: &str, said: &mut Said) -> Heard {
            let heard = self.0.line(line, said);
            said.events.iter_mut().for_each(self.1);
            heard
        }

        fn end(&mut self, ending: &Ending, said: &mut Said) {
            self.0.end(ending, said);
        }
    }

    Box::new(Telling(dialect, tells))
}

fn failed(code: FailureCode) -> NormalizedEvent {
    NormalizedEvent::Failed {
        error: BridgeFailure::new(code, "it gives up"),
    }
}

const FINISH: NormalizedEvent = NormalizedEvent::Finish {
    reason: FinishReason::Stop,
};

/// A line that is an object, changed.
fn changed(line: &str, change: fn(&mut Value)) -> Cow<'_, str> {
    match serde_json::from_str::<Value>(line) {
        Ok(mut value) if value.is_object() => {
            change(&mut value);
            value.to_string().into()
        }
        _ => line.into(),
    }
}

fn kind_of(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    value["type"].as_str().unwrap_or_default().to_owned()
}

/// What any dialect could break.
fn of_any() -> Vec<Mutant> {
    use Adapter::{CodexAppServer, CodexCli, IndusagiWire};
    vec![
        seen_by(
            mutant(
                "breaks-at-noise",
                IndusagiWire,
                "bridge.dialect.takes-any-line",
                |own| {
                    saying(own, |_, heard, said| {
                        if heard == Heard::Noise {
                            said.events.push(failed(FailureCode::Dialect));
                        }
                        heard
                    })
                },
            ),
            &["bridge.dialect.noise-ends-nothing", OWN],
            "a dialect that breaks ends the exchange",
        ),
        mutant(
            "remembers-other-exchanges",
            CodexCli,
            "bridge.dialect.is-a-function",
            |own| {
                static HEARD: AtomicUsize = AtomicUsize::new(0);
                saying(own, |_, heard, said| {
                    let message = format!("line {}", HEARD.fetch_add(1, Ordering::Relaxed));
                    said.events.push(NormalizedEvent::Notice { message });
                    heard
                })
            },
        ),
        mutant(
            "gives-up-at-noise",
            CodexCli,
            "bridge.dialect.noise-ends-nothing",
            |own| {
                saying(own, |_, heard, said| {
                    if heard == Heard::Noise {
                        said.events.push(failed(FailureCode::Reported));
                    }
                    heard
                })
            },
        ),
        seen_by(
            mutant(
                "gives-up-at-what-is-new",
                IndusagiWire,
                "bridge.dialect.what-is-new-ends-nothing",
                |own| {
                    saying(own, |_, heard, said| {
                        if heard == Heard::Unknown {
                            said.events.push(failed(FailureCode::Unsupported));
                        }
                        heard
                    })
                },
            ),
            &["bridge.dialect.keeps-what-is-new", OWN],
            "after the end nothing is kept",
        ),
        mutant(
            "takes-back-too-much",
            CodexAppServer,
            "bridge.dialect.takes-back-what-it-told-alone",
            |own| {
                telling(own, |event| {
                    if let NormalizedEvent::Discard { bytes, .. } = event {
                        *bytes += 1000;
                    }
                })
            },
        ),
        mutant(
            "calls-silence-a-success",
            IndusagiWire,
            "bridge.dialect.silence-is-no-success",
            |own| {
                Box::new(Altered {
                    ends: |said| said.events.push(FINISH),
                    ..Altered::of(own)
                })
            },
        ),
        seen_by(
            mutant(
                "takes-all-for-understood",
                CodexCli,
                "bridge.dialect.says-what-it-does-not-understand",
                |own| saying(own, |_, _, _| Heard::Understood),
            ),
            &["bridge.dialect.keeps-what-is-new", OWN],
            "what is new is not kept either, and the host's own dialect keeps it",
        ),
        mutant(
            "throws-away-what-is-new",
            CodexCli,
            "bridge.dialect.keeps-what-is-new",
            |own| {
                saying(own, |_, heard, _| match heard {
                    Heard::Unknown => Heard::Understood,
                    heard => heard,
                })
            },
        ),
        seen_by(
            mutant("tells-of-every-line", IndusagiWire, OWN, |own| {
                saying(own, |_, heard, said| {
                    if heard == Heard::Understood && said.events.is_empty() {
                        let message = "something happened".to_owned();
                        said.events.push(NormalizedEvent::Notice { message });
                    }
                    heard
                })
            }),
            &[],
            "",
        ),
    ]
}

fn claude() -> Vec<Mutant> {
    use Adapter::ClaudeCli;
    vec![
        seen_by(
            mutant(
                "unwraps-nothing",
                ClaudeCli,
                "bridge.claude-cli.wrapped-events-are-read",
                |own| {
                    hearing(own, |line| match kind_of(line).as_str() {
                        "stream_event" => r#"{"type":"ping"}"#.into(),
                        _ => line.into(),
                    })
                },
            ),
            &["bridge.claude-cli.arguments-are-assembled", OWN],
            "there too the events are wrapped",
        ),
        // Made up, no tool call comes to its end.
        seen_by(
            mutant(
                "calls-tools-at-their-beginning",
                ClaudeCli,
                "bridge.claude-cli.arguments-are-assembled",
                |own| {
                    telling(own, |event| {
                        if let NormalizedEvent::ToolCall { call } = event {
                            call.arguments = Json::empty_object();
                        }
                    })
                },
            ),
            &[],
            "",
        ),
        mutant(
            "believes-that-it-is-no-error",
            ClaudeCli,
            "bridge.claude-cli.the-result-decides",
            |own| {
                hearing(own, |line| {
                    changed(line, |value| {
                        if value["type"] == "result" && value["is_error"] == false {
                            value["subtype"] = json!("success");
                        }
                    })
                })
            },
        ),
        mutant(
            "tells-what-sub-agents-say",
            ClaudeCli,
            "bridge.claude-cli.the-result-decides",
            |own| {
                hearing(own, |line| {
                    changed(line, |value| {
                        value["parent_tool_use_id"] = Value::Null;
                    })
                })
            },
        ),
        mutant(
            "tells-messages-twice",
            ClaudeCli,
            "bridge.claude-cli.wrapped-events-are-read",
            |own| {
                hearing(own, |line| {
                    changed(line, |value| {
                        if value["type"] == "assistant" {
                            value["message"]["id"] = json!("another");
                        }
                    })
                })
            },
        ),
    ]
}

fn codex() -> Vec<Mutant> {
    use Adapter::CodexCli;
    vec![
        mutant(
            "gives-up-at-a-reconnect",
            CodexCli,
            "bridge.codex-cli.a-reconnect-ends-nothing",
            |own| {
                saying(own, |line, heard, said| {
                    if kind_of(line) == "error" {
                        said.events = vec![failed(FailureCode::Reported)];
                    }
                    heard
                })
            },
        ),
        mutant(
            "answers-with-thoughts",
            CodexCli,
            "bridge.codex-cli.a-reconnect-ends-nothing",
            |own| {
                telling(own, |event| {
                    if let NormalizedEvent::Thinking { delta } = event {
                        let delta = std::mem::take(delta);
                        *event = NormalizedEvent::Text { delta };
                    }
                })
            },
        ),
        mutant(
            "takes-a-cut-for-a-failure",
            CodexCli,
            "bridge.codex-cli.what-was-cut-off-is-so",
            |own| {
                telling(own, |event| {
                    let cut = FinishReason::Length;
                    if *event == (NormalizedEvent::Finish { reason: cut }) {
                        *event = failed(FailureCode::Reported);
                    }
                })
            },
        ),
    ]
}

fn app_server() -> Vec<Mutant> {
    use Adapter::CodexAppServer;
    vec![
        mutant(
            "tells-twice-what-is-begun-anew",
            CodexAppServer,
            "bridge.codex-app-server.a-text-begun-anew-is-told-once",
            |own| {
                saying(own, |_, heard, said| {
                    said.events
                        .retain(|event| !matches!(event, NormalizedEvent::Discard { .. }));
                    heard
                })
            },
        ),
        mutant(
            "fails-with-anybodys-error",
            CodexAppServer,
            "bridge.codex-app-server.an-answer-to-another-ends-nothing",
            |own| {
                saying(own, |line, heard, said| {
                    let value: Value = serde_json::from_str(line).unwrap_or_default();
                    if value["method"].is_null() && value["error"].is_object() {
                        said.events = vec![failed(FailureCode::Reported)];
                        return Heard::Understood;
                    }
                    heard
                })
            },
        ),
    ]
}

fn indusagi() -> Vec<Mutant> {
    use Adapter::{IndusagiCli, IndusagiWire};
    vec![
        mutant(
            "ends-with-anybodys-answer",
            IndusagiCli,
            "bridge.indusagi-cli.an-answer-to-another-ends-nothing",
            |own| {
                saying(own, |line, heard, said| {
                    let value: Value = serde_json::from_str(line).unwrap_or_default();
                    if value["method"].is_null() && value["result"].is_object() {
                        said.events = vec![FINISH];
                        return Heard::Understood;
                    }
                    heard
                })
            },
        ),
        seen_by(
            mutant(
                "waits-for-more-turns",
                IndusagiWire,
                "bridge.indusagi-wire.the-result-ends-the-turn",
                |own| {
                    saying(own, |_, heard, said| {
                        said.events.retain(|event| !event.is_terminal());
                        heard
                    })
                },
            ),
            &["bridge.indusagi-wire.a-fault-is-a-failure", OWN],
            "a fault ends the turn as well",
        ),
        mutant(
            "takes-a-fault-for-an-answer",
            IndusagiWire,
            "bridge.indusagi-wire.a-fault-is-a-failure",
            |own| {
                telling(own, |event| {
                    if matches!(event, NormalizedEvent::Failed { .. }) {
                        *event = FINISH;
                    }
                })
            },
        ),
    ]
}
