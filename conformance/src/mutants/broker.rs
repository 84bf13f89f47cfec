//! Broken hosts of child agents: our own, but for one rule.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::Value;
use yoi_host::bridge::{
    BridgeFailure, ExchangeTimes, FailureCode, FinishReason, LinkError, LinkKey, LinkStore, LinksInMemory,
    NormalizedEvent, RuntimeLink, Transport,
};
use yoi_host::wire::Line;
use yoi_host::wire::child::{Ending, Farewell};
use yoi_host::world::Pending;

use super::{Kind, Mutant};
use crate::suites::bridge::broker::play::{Act, Play, Seen};
use crate::suites::bridge::broker::script::{Framing, own_framing};
use crate::suites::bridge::door::own::Children;
use crate::suites::bridge::door::{self, Exchange, NotDone, Own};

const fn mutant(name: &'static str, caught_by: &'static str, make: fn(&mut Own)) -> Mutant {
    Mutant {
        name,
        caught_by,
        seen_by: &[],
        because: "",
        kind: Kind::Broker(make),
    }
}

const fn also(mut mutant: Mutant, seen_by: &'static [&'static str], because: &'static str) -> Mutant {
    mutant.seen_by = seen_by;
    mutant.because = because;
    mutant
}

pub(super) fn good() -> Own {
    Own::new(Children::Scripted)
}

pub(super) fn all() -> Vec<Mutant> {
    let parts = [
        lines(),
        ends(),
        readers(),
        streams(),
        conversations(),
        routes(),
        children(),
        wires(),
    ];
    parts.into_iter().flatten().collect()
}

fn lines() -> Vec<Mutant> {
    vec![
        mutant("reads-pieces", "bridge.host.lines.any-cutting", |own| {
            own.framing = || {
                altered(|lines, bytes| {
                    lines.push(bytes);
                    lines.finish();
                })
            };
        }),
        mutant("wants-a-last-newline", "bridge.host.lines.ends", |own| {
            own.framing = || {
                Box::new(Framed {
                    lines: own_framing(),
                    push: |lines, bytes| lines.push(bytes),
                    finishes: false,
                    stops_at: |_| false,
                    stopped: false,
                })
            };
        }),
        mutant("stops-at-a-long-line", "bridge.host.lines.too-long", |own| {
            own.framing = || stopping_at(|line| matches!(line, Line::TooLong { .. }));
        }),
        mutant("stops-at-what-is-no-text", "bridge.host.lines.not-text", |own| {
            own.framing = || stopping_at(|line| matches!(line, Line::NotText { .. }));
        }),
    ]
}

/// What a host tells of the last event of each exchange.
fn last(seen: Seen, change: impl Fn(NormalizedEvent) -> Vec<NormalizedEvent>) -> Seen {
    let mut seen = seen;
    for turn in &mut seen.turns {
        if let Some(last) = turn.events.pop() {
            turn.events.extend(change(last));
        }
    }
    seen
}

fn failed_by(event: &NormalizedEvent, code: FailureCode) -> bool {
    matches!(event, NormalizedEvent::Failed { error } if error.code == Some(code))
}

const FINISH: NormalizedEvent = NormalizedEvent::Finish {
    reason: FinishReason::Stop,
};

fn ends() -> Vec<Mutant> {
    vec![
        also(
            mutant("tells-no-end", "bridge.host.end.one-for-any-output", |own| {
                own.told = |_, seen| last(seen, |_| Vec::new());
            }),
            &["bridge.host.*"],
            "nearly all look at the end",
        ),
        also(
            mutant("tells-the-end-twice", "bridge.host.end.nothing-after", |own| {
                own.told = |_, seen| {
                    last(seen, |event| match event {
                        NormalizedEvent::Finish { .. } => vec![event.clone(), event],
                        event => vec![event],
                    })
                };
            }),
            &["bridge.host.*"],
            "many have an exchange that goes well",
        ),
        also(
            mutant(
                "takes-silence-for-success",
                "bridge.host.end.says-how-it-ended",
                |own| {
                    own.told = |_, seen| {
                        last(seen, |event| match failed_by(&event, FailureCode::ChildEnded) {
                            true => vec![FINISH],
                            false => vec![event],
                        })
                    };
                },
            ),
            &["bridge.host.stream.message"],
            "it compares with what the framework is told",
        ),
        mutant("keeps-last-words", "bridge.host.end.says-how-it-ended", |own| {
            own.told = |_, seen| {
                last(seen, |event| match event {
                    NormalizedEvent::Failed { mut error } => {
                        let end = error
                            .message
                            .find("; its last words")
                            .unwrap_or(error.message.len());
                        error.message.truncate(end);
                        vec![NormalizedEvent::Failed { error }]
                    }
                    event => vec![event],
                })
            };
        }),
        mutant("calls-an-absent-child-dead", "bridge.host.end.no-child", |own| {
            own.told = |_, seen| {
                last(seen, |event| match failed_by(&event, FailureCode::NotStarted) {
                    true => vec![NormalizedEvent::Failed {
                        error: BridgeFailure::new(FailureCode::ChildEnded, "it ended"),
                    }],
                    false => vec![event],
                })
            };
        }),
        mutant(
            "takes-a-broken-pipe-for-an-end",
            "bridge.host.end.broken-pipe",
            |own| {
                own.between = |child| {
                    Box::new(Between {
                        child,
                        ahead: VecDeque::new(),
                        is: Broken::EndsWhereThePipeBreaks,
                    })
                };
            },
        ),
        mutant("waits-for-ever", "bridge.host.end.silent-child", |own| {
            own.asked = |play| {
                let long = Duration::from_secs(30 * 24 * 60 * 60);
                let times = ExchangeTimes {
                    start: long,
                    idle: long,
                    total: long,
                    ..play.times
                };
                Play { times, ..play }
            };
        }),
        mutant("takes-any-amount", "bridge.host.end.endless-answer", |own| {
            own.told = |_, seen| {
                last(seen, |event| match failed_by(&event, FailureCode::TooLarge) {
                    true => vec![FINISH],
                    false => vec![event],
                })
            };
        }),
        also(
            mutant(
                "leaves-children-alone",
                "bridge.host.end.child-is-taken-down",
                |own| {
                    own.between = |child| {
                        Box::new(Between {
                            child,
                            ahead: VecDeque::new(),
                            is: Broken::NeverEnds,
                        })
                    };
                },
            ),
            &[
                "bridge.host.end.says-how-it-ended",
                "bridge.host.cancel.at-every-point",
                "bridge.host.cancel.nobody-holds-it",
                "bridge.host.reader.can-be-ended",
            ],
            "it does not know how they ended, and others look at the children too",
        ),
    ]
}

fn readers() -> Vec<Mutant> {
    vec![
        also(
            mutant("cannot-be-ended", "bridge.host.cancel.at-every-point", |own| {
                own.asked = |mut play| {
                    play.acts.retain(|act| *act != Act::Cancel);
                    play
                };
            }),
            &[
                "bridge.host.cancel.what-is-over",
                "bridge.host.reader.can-be-ended",
            ],
            "they end exchanges as well",
        ),
        mutant("aborts-what-is-over", "bridge.host.cancel.what-is-over", |own| {
            own.told = |play, seen| {
                let ended = play.acts.contains(&Act::Cancel);
                last(seen, |event| match (ended, &event) {
                    (true, NormalizedEvent::Finish { .. }) => vec![NormalizedEvent::Failed {
                        error: BridgeFailure::aborted(),
                    }],
                    _ => vec![event],
                })
            };
        }),
        also(
            mutant("reads-ahead", "bridge.host.reader.child-waits", |own| {
                own.between = |child| {
                    Box::new(Between {
                        child,
                        ahead: VecDeque::new(),
                        is: Broken::ReadsAhead,
                    })
                };
            }),
            &["bridge.host.reader.large-lines"],
            "it is the same of long lines",
        ),
        mutant(
            "drops-what-nobody-reads",
            "bridge.host.reader.misses-nothing",
            |own| {
                own.told = |play, mut seen| {
                    if play.acts.first() == Some(&Act::Pause) {
                        for turn in &mut seen.turns {
                            if turn.events.len() > 1 {
                                turn.events.remove(0);
                            }
                        }
                    }
                    seen
                };
            },
        ),
        mutant(
            "tells-what-nobody-said",
            "bridge.host.cancel.at-every-point",
            |own| {
                own.told = |play, seen| {
                    let at_once = !play.acts.contains(&Act::Pause);
                    last(seen, |event| {
                        let aborted = failed_by(&event, FailureCode::Aborted);
                        let message = "one more".to_owned();
                        let more = (at_once && aborted).then_some(NormalizedEvent::Notice { message });
                        more.into_iter().chain([event]).collect()
                    })
                };
            },
        ),
    ]
}

/// What a host tells of each event of the framework's.
fn stream(seen: Seen, change: impl Fn(&mut Vec<Value>)) -> Seen {
    let mut seen = seen;
    for turn in &mut seen.turns {
        change(&mut turn.stream);
    }
    seen
}

fn streams() -> Vec<Mutant> {
    vec![
        mutant("leaves-blocks-open", "bridge.host.stream.blocks", |own| {
            own.told = |_, seen| {
                stream(seen, |events| {
                    events.retain(|event| !event["type"].as_str().is_some_and(|kind| kind.ends_with("_end")));
                })
            };
        }),
        mutant("counts-blocks-from-one", "bridge.host.stream.blocks", |own| {
            own.told = |_, seen| {
                stream(seen, |events| {
                    for event in events {
                        if let Some(index) = event["contentIndex"].as_u64() {
                            event["contentIndex"] = (index + 1).into();
                        }
                    }
                })
            };
        }),
        mutant("shows-what-is-yet-to-come", "bridge.host.stream.moments", |own| {
            own.told = |_, seen| {
                stream(seen, |events| {
                    let mut shown = events.iter().map(|event| event["partial"].clone());
                    let last = shown.rfind(|partial| !partial.is_null());
                    for event in events {
                        if let (Some(last), false) = (&last, event["partial"].is_null()) {
                            event["partial"] = last.clone();
                        }
                    }
                })
            };
        }),
        mutant("forgets-thoughts", "bridge.host.stream.message", |own| {
            own.told = |_, seen| {
                stream(seen, |events| {
                    for name in ["message", "error"] {
                        let last = events.last_mut().and_then(|event| event.get_mut(name));
                        let content = last.and_then(|message| message["content"].as_array_mut());
                        if let Some(content) = content {
                            content.retain(|part| part["type"] != "thinking");
                        }
                    }
                })
            };
        }),
    ]
}

fn conversations() -> Vec<Mutant> {
    vec![
        also(
            mutant(
                "remembers-nothing",
                "bridge.host.conversations.gone-on-with",
                |own| {
                    own.links = || {
                        Arc::new(Forgetful {
                            links: LinksInMemory::new(),
                            saves: false,
                            forgets: true,
                        })
                    };
                },
            ),
            &["bridge.host.conversations.*"],
            "what is not remembered is not refused either",
        ),
        mutant(
            "keeps-what-was-refused",
            "bridge.host.conversations.refused",
            |own| {
                own.links = || {
                    Arc::new(Forgetful {
                        links: LinksInMemory::new(),
                        saves: true,
                        forgets: false,
                    })
                };
            },
        ),
        mutant("takes-any-name", "bridge.host.conversations.no-flag", |own| {
            own.asked = |mut play| {
                play.resume = play.resume.map(|_| "token".to_owned());
                play
            };
        }),
        mutant(
            "goes-on-twice-at-once",
            "bridge.host.conversations.in-turn",
            |own| {
                own.is_one_broker = false;
            },
        ),
    ]
}

fn routes() -> Vec<Mutant> {
    vec![
        mutant("asks-the-framework-always", "bridge.host.route.child", |own| {
            own.asked = |mut play| {
                if play.framework.is_some() {
                    play.address.get_or_insert_with(|| "https://api.test".to_owned());
                }
                play
            };
        }),
        mutant(
            "starts-a-child-for-everyone",
            "bridge.host.route.framework",
            |own| {
                own.asked = |mut play| {
                    play.address = play.address.filter(|_| play.framework.is_none());
                    play
                };
            },
        ),
        mutant("reads-addresses-loosely", "bridge.host.route.framework", |own| {
            own.asked = |mut play| {
                let is_framed = play.framework.is_some();
                let is_loose = |address: &String| address.trim().to_lowercase() == "bridge:indusagi-wire";
                play.address = play.address.filter(|address| !(is_framed && is_loose(address)));
                play
            };
        }),
        mutant(
            "is-silent-where-nobody-answers",
            "bridge.host.route.nobody",
            |own| {
                own.told = |play, seen| {
                    let nobody = play.address.is_some() && play.framework.is_none();
                    stream(seen, |events| {
                        if nobody {
                            events.clear();
                        }
                    })
                };
            },
        ),
    ]
}

fn children() -> Vec<Mutant> {
    let as_specified = "bridge.host.child.as-its-spec-says";
    let who_holds_the_key = "bridge.host.credentials.who-holds-the-key";
    vec![
        mutant("forgets-the-arguments-of-a-spec", as_specified, |own| {
            own.begins = |mut begin| {
                begin.spec.args.clear();
                begin
            };
        }),
        mutant("has-a-shell-read-arguments", as_specified, |own| {
            own.begins = |mut begin| {
                let args = begin.spec.args.iter();
                begin.spec.args = args.flat_map(|arg| arg.split(' ')).map(str::to_owned).collect();
                begin
            };
        }),
        mutant("forgets-the-variables-of-a-spec", as_specified, |own| {
            own.begins = |mut begin| {
                begin.spec.env.clear();
                begin
            };
        }),
        mutant("wants-a-key-of-everyone", who_holds_the_key, |own| {
            own.credential = |_| true;
        }),
        mutant("wants-a-key-of-nobody", who_holds_the_key, |own| {
            own.credential = |_| false;
        }),
    ]
}

/// Hosts whose children are programs, at the other end of a wire: what can be wrong there alone.
fn wires() -> Vec<Mutant> {
    let wire = |name, caught_by, make| Mutant {
        kind: Kind::Wire(make),
        ..mutant(name, caught_by, |_| {})
    };
    vec![
        wire(
            "leaves-what-children-start",
            "bridge.host.end.nothing-left",
            |own| {
                own.between = |child| Box::new(Left(Some(child)));
            },
        ),
        wire(
            "tells-the-end-twice-by-wire",
            "bridge.host.end.nothing-after",
            |own| {
                own.tells = |exchange| Box::new(Told::of(exchange, Fault::EndsTwice));
            },
        ),
        wire("hears-no-end-by-wire", "bridge.host.reader.can-be-ended", |own| {
            own.tells = |exchange| Box::new(Told::of(exchange, Fault::IsNotEnded));
        }),
        wire(
            "reads-ahead-of-the-wire",
            "bridge.host.reader.large-lines",
            |own| {
                own.tells = |exchange| Box::new(Told::of(exchange, Fault::ReadsAhead));
            },
        ),
        wire(
            "holds-what-nobody-holds",
            "bridge.host.cancel.nobody-holds-it",
            |own| {
                own.tells = |exchange| Box::new(Told::of(exchange, Fault::IsHeld));
            },
        ),
        wire(
            "waits-for-ever-behind-a-wire",
            "bridge.host.end.silent-child",
            |own| {
                own.begins = |mut begin| {
                    let long = 24 * 60 * 60 * 1000;
                    (begin.times.start, begin.times.idle, begin.times.total) = (long, long, long);
                    begin
                };
            },
        ),
        wire(
            "remembers-nothing-behind-a-wire",
            "bridge.host.conversations.gone-on-with",
            |own| {
                own.links = || {
                    Arc::new(Forgetful {
                        links: LinksInMemory::new(),
                        saves: false,
                        forgets: true,
                    })
                };
            },
        ),
    ]
}

/// A child that is let be, whoever wants it taken down.
struct Left(Option<Box<dyn Transport>>);

impl Left {
    fn child(&mut self) -> &mut dyn Transport {
        self.0.as_mut().expect("it is there until it is dropped").as_mut()
    }
}

impl Transport for Left {
    fn say(&mut self, line: &str) {
        self.child().say(line);
    }

    fn say_no_more(&mut self) {
        self.child().say_no_more();
    }

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        self.child().hear()
    }

    fn end(self: Box<Self>, _: Farewell) -> Pending<'static, Ending> {
        Box::pin(async { Ending::default() })
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        // Dropped, it would be taken down.
        std::mem::forget(self.0.take());
    }
}

/// What is wrong with how an exchange is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    EndsTwice,
    IsNotEnded,
    ReadsAhead,
    IsHeld,
}

/// An exchange that is told with a fault.
struct Told {
    exchange: Option<Box<dyn Exchange>>,
    fault: Fault,
    /// What was read and not told yet.
    ahead: VecDeque<door::Told>,
}

impl Told {
    fn of(exchange: Box<dyn Exchange>, fault: Fault) -> Self {
        Self {
            exchange: Some(exchange),
            fault,
            ahead: VecDeque::new(),
        }
    }
}

const HELD: &str = "it is held until it is dropped";

impl Exchange for Told {
    fn next(&mut self) -> Pending<'_, Result<Option<door::Told>, NotDone>> {
        Box::pin(async {
            if let Some(told) = self.ahead.pop_front() {
                return Ok(Some(told));
            }
            let exchange = self.exchange.as_mut().expect(HELD);
            let told = exchange.next().await?;
            match (self.fault, &told) {
                (Fault::EndsTwice, Some(door::Told::Event(event))) if event.is_terminal() => {
                    self.ahead.extend(told.clone());
                }
                (Fault::ReadsAhead, Some(_)) => {
                    let moment = Duration::from_millis(100);
                    while let Ok(Ok(Some(more))) = tokio::time::timeout(moment, exchange.next()).await {
                        self.ahead.push_back(more);
                    }
                }
                _ => {}
            }
            Ok(told)
        })
    }

    fn abort(&mut self) -> Pending<'_, Result<(), NotDone>> {
        match self.fault {
            Fault::IsNotEnded => Box::pin(async { Ok(()) }),
            _ => self.exchange.as_mut().expect(HELD).abort(),
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if self.fault == Fault::IsHeld {
            std::mem::forget(self.exchange.take());
        }
    }
}

/// Our own framing, but for what it does with what is read and after some lines.
struct Framed {
    lines: Box<dyn Framing>,
    push: fn(&mut dyn Framing, &[u8]),
    finishes: bool,
    stops_at: fn(&Line) -> bool,
    stopped: bool,
}

fn altered(push: fn(&mut dyn Framing, &[u8])) -> Box<dyn Framing> {
    Box::new(Framed {
        lines: own_framing(),
        push,
        finishes: true,
        stops_at: |_| false,
        stopped: false,
    })
}

fn stopping_at(stops_at: fn(&Line) -> bool) -> Box<dyn Framing> {
    Box::new(Framed {
        lines: own_framing(),
        push: |lines, bytes| lines.push(bytes),
        finishes: true,
        stops_at,
        stopped: false,
    })
}

impl Framing for Framed {
    fn push(&mut self, bytes: &[u8]) {
        (self.push)(self.lines.as_mut(), bytes);
    }

    fn finish(&mut self) {
        if self.finishes {
            self.lines.finish();
        }
    }

    fn next(&mut self) -> Option<Line> {
        let line = self.lines.next().filter(|_| !self.stopped)?;
        self.stopped = (self.stops_at)(&line);
        Some(line)
    }
}

/// How much is read ahead of a reader, in bytes: more than may be.
const AHEAD: usize = 10 << 20;

/// What stands between an exchange and its child, and is broken.
struct Between {
    child: Box<dyn Transport>,
    ahead: VecDeque<Line>,
    is: Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Broken {
    EndsWhereThePipeBreaks,
    NeverEnds,
    ReadsAhead,
}

impl Between {
    fn read_ahead(&mut self) {
        let mut bytes = 0;
        while bytes < AHEAD
            && let Some(Ok(Some(line))) = self.child.hear().now_or_never()
        {
            if let Line::Text(text) = &line {
                bytes += text.len();
            }
            self.ahead.push_back(line);
        }
    }
}

impl Transport for Between {
    fn say(&mut self, line: &str) {
        self.child.say(line);
    }

    fn say_no_more(&mut self) {
        self.child.say_no_more();
    }

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        Box::pin(async {
            if let Some(line) = self.ahead.pop_front() {
                return Ok(Some(line));
            }
            let heard = self.child.hear().await;
            match self.is {
                Broken::EndsWhereThePipeBreaks => Ok(heard.unwrap_or_default()),
                Broken::NeverEnds => heard,
                Broken::ReadsAhead => {
                    if matches!(heard, Ok(Some(_))) {
                        self.read_ahead();
                    }
                    heard
                }
            }
        })
    }

    fn end(self: Box<Self>, farewell: Farewell) -> Pending<'static, Ending> {
        match self.is {
            Broken::NeverEnds => Box::pin(async { Ending::default() }),
            _ => self.child.end(farewell),
        }
    }
}

/// A memory that does not do all that it is asked.
struct Forgetful {
    links: LinksInMemory,
    saves: bool,
    forgets: bool,
}

impl LinkStore for Forgetful {
    fn find<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<Option<RuntimeLink>, LinkError>> {
        self.links.find(key)
    }

    fn save(&self, link: RuntimeLink) -> Pending<'_, Result<(), LinkError>> {
        match self.saves {
            true => self.links.save(link),
            false => Box::pin(async { Ok(()) }),
        }
    }

    fn forget<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<(), LinkError>> {
        match self.forgets {
            true => self.links.forget(key),
            false => Box::pin(async { Ok(()) }),
        }
    }
}
