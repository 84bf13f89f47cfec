//! A component that does what it is told: written out as WebAssembly text for one case, with as little in it as the
//! case needs.
//!
//! A puppet knows no manifest and no host. Its memory is laid out by hand: what it says is put together in one place
//! and read from there, and what it is given is forgotten with every answer. What it is to do stands here; how that is
//! written out, in `written`, and the texts in it, in `texts`.

mod texts;
mod written;

use yoi_host::component::World;

pub(crate) use texts::told;

/// Between the answers of several host calls in one content.
pub(crate) const SEPARATOR: &str = "\u{1e}";

/// What a puppet does in an export, in order. What is said is put together to one answer.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Say this.
    Text(Vec<u8>),
    /// Say the input (the configuration, the event), escaped to stand in a JSON string.
    Input,
    /// Say the id of the event that is the input.
    EventId,
    /// Say the name of the tool or ingress, escaped.
    Name,
    /// Say the configuration that it was started with, escaped.
    Config,
    /// Say how many exports were called since it was instantiated, this one included: eight digits.
    Calls,
    /// Say how long the input is: eight digits.
    Length,
    /// Count one more of whatever it is.
    Remember,
    /// Say how many were counted: eight digits.
    Remembered,
    /// Do these things where that holds, or else those.
    If(Condition, Vec<Part>, Vec<Part>),
    /// Call the host, and say the answer, escaped.
    Host(HostCall),
    /// Call the host, and say nothing of it.
    Quietly(HostCall),
    /// Call the host, and say of the answer only how long it is and how it begins and ends, escaped.
    HostEnds(HostCall),
    /// Execute `unreachable`.
    Trap,
    /// Run for ever.
    Spin,
    /// Go round a loop so many times, each of them 6 instructions.
    Burn(u32),
    /// Call itself for ever.
    Recurse,
    /// Grow the memory by so many pages.
    GrowMemory(u32),
    /// Grow the table by so many elements.
    GrowTable(u32),
    /// Answer with what is at this address, of this length, and nothing else.
    Span(u32, u32),
}

/// What decides what a puppet does.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    /// This is the name of the tool or ingress.
    NameIs(&'static str),
    /// The input begins with this byte.
    InputBegins(u8),
    /// The input has more bytes.
    InputLongerThan(u32),
    /// The input has at least so many bytes, and fewer than so many.
    InputWithin(u32, u32),
    /// At least so many were [counted](Part::Remember).
    Remembered(u32),
    /// It is entered for the time of this number.
    CallIs(u32),
    /// The host answered the last call with an error.
    HostFailed,
    /// That does not hold.
    Not(Box<Condition>),
    /// All of these hold.
    All(Vec<Condition>),
}

/// A call of an import.
#[derive(Debug, Clone)]
pub(crate) struct HostCall {
    pub(crate) function: HostFunction,
    pub(crate) text: Argument,
    pub(crate) handle: u32,
    pub(crate) timeout_ms: u32,
}

/// What text goes to the host.
#[derive(Debug, Clone)]
pub(crate) enum Argument {
    /// This.
    Text(Vec<u8>),
    /// The input of the export, as it is.
    Input,
}

/// A function that the host offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostFunction {
    Request,
    Open,
    SendText,
    Recv,
    Close,
    Read,
    List,
    Write,
}

/// How a puppet gives room for what it is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Realloc {
    /// As it should.
    #[default]
    Good,
    /// At an address outside its memory.
    Outside,
    /// Not at all: it traps.
    Traps,
}

/// A component to be.
#[derive(Debug, Clone)]
pub(crate) struct Puppet {
    world: World,
    exports: Vec<(&'static str, Vec<Part>)>,
    realloc: Realloc,
    pages: u32,
    table: u32,
    /// Imports that no host has, as they are written.
    foreign: Vec<String>,
    at_instantiation: Vec<Part>,
    idle_instances: u32,
}

/// Say this.
pub(crate) fn text(text: impl AsRef<[u8]>) -> Part {
    Part::Text(text.as_ref().to_vec())
}

impl HostCall {
    /// A function that takes a description.
    pub(crate) fn of(function: HostFunction, description: impl AsRef<[u8]>) -> Self {
        Self {
            function,
            text: Argument::Text(description.as_ref().to_vec()),
            handle: 0,
            timeout_ms: 0,
        }
    }

    /// A function, with the input of the export as it is.
    pub(crate) fn with_input(function: HostFunction) -> Self {
        Self {
            function,
            text: Argument::Input,
            handle: 0,
            timeout_ms: 0,
        }
    }

    pub(crate) fn on(mut self, handle: u32) -> Self {
        self.handle = handle;
        self
    }

    pub(crate) fn within(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }
}

impl Puppet {
    /// A plugin without state, which does this in every call.
    pub(crate) fn tool(parts: impl IntoIterator<Item = Part>) -> Self {
        Self::of(World::Tool, vec![("call", parts.into_iter().collect())])
    }

    /// A plugin with state that is well, and says what it is asked and how often.
    pub(crate) fn instance() -> Self {
        let status = |state: &str| {
            vec![
                text(format!(r#"{{"state":"{state}","data":{{"calls":""#)),
                Part::Calls,
                text(r#"","config":""#),
                Part::Config,
                text(r#""}}"#),
            ]
        };
        Self::of(
            World::Instance,
            vec![
                ("start", status("running")),
                ("handle-tool", echo()),
                (
                    "handle-ingress",
                    vec![
                        text(r#"{"accepted":true,"data":{"calls":""#),
                        Part::Calls,
                        text(r#"","event":""#),
                        Part::Input,
                        text(r#""}}"#),
                    ],
                ),
                ("status", status("running")),
                ("stop", status("stopped")),
            ],
        )
    }

    fn of(world: World, exports: Vec<(&'static str, Vec<Part>)>) -> Self {
        Self {
            world,
            exports,
            realloc: Realloc::Good,
            pages: written::PAGES,
            table: 1,
            foreign: Vec::new(),
            at_instantiation: Vec::new(),
            idle_instances: 0,
        }
    }

    /// The same, doing this in an export.
    pub(crate) fn doing(mut self, export: &'static str, parts: impl IntoIterator<Item = Part>) -> Self {
        self.exports.retain(|(name, _)| *name != export);
        self.exports.push((export, parts.into_iter().collect()));
        self
    }

    /// The same, answering an export with this.
    pub(crate) fn answering(self, export: &'static str, answer: impl AsRef<[u8]>) -> Self {
        self.doing(export, [text(answer)])
    }

    /// The same without an export.
    pub(crate) fn without(mut self, export: &str) -> Self {
        self.exports.retain(|(name, _)| *name != export);
        self
    }

    /// The same, doing this while it is instantiated.
    pub(crate) fn at_instantiation(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.at_instantiation = parts.into_iter().collect();
        self
    }

    pub(crate) fn realloc(mut self, realloc: Realloc) -> Self {
        self.realloc = realloc;
        self
    }

    /// The same with so many pages of memory to begin with.
    pub(crate) fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    /// The same with so many elements of a table to begin with.
    pub(crate) fn table(mut self, elements: u32) -> Self {
        self.table = elements;
        self
    }

    /// The same with an import that is written out, as `(import "wasi:…" (instance))`.
    pub(crate) fn importing(mut self, import: impl Into<String>) -> Self {
        self.foreign.push(import.into());
        self
    }

    /// The same with so many core instances that do nothing.
    pub(crate) fn idle_instances(mut self, count: u32) -> Self {
        self.idle_instances = count;
        self
    }

    pub(crate) fn world(&self) -> World {
        self.world
    }

    /// The component.
    pub(crate) fn build(&self) -> Vec<u8> {
        self.build_told(&[]).0
    }

    /// The component, in which these ports do not stand: it is told them, as [`told`] says, by its configuration or, in
    /// the world `tool`, by its input. So it has the same bytes in every run, and is compiled once. Also whether it has
    /// to be told any.
    pub(crate) fn build_told(&self, ports: &[u16]) -> (Vec<u8>, bool) {
        let (source, is_told) = self.source(ports);
        let component = wat::parse_str(&source);
        let component =
            component.unwrap_or_else(|error| panic!("a puppet is no component: {error}\n{source}"));
        (component, is_told)
    }
}

/// Say the input in the content of an answer.
pub(crate) fn echo() -> Vec<Part> {
    vec![
        text(r#"{"summary":"call "#),
        Part::Calls,
        text(r#"","content":""#),
        Part::Input,
        text(r#""}"#),
    ]
}

/// Call the host, one call after the other, and say the answers in the content, [`SEPARATOR`] between them.
pub(crate) fn calling(calls: impl IntoIterator<Item = HostCall>) -> Vec<Part> {
    let mut parts = vec![text(r#"{"summary":"called","content":""#)];
    for (n, call) in calls.into_iter().enumerate() {
        if n > 0 {
            parts.push(text("\\u001e"));
        }
        parts.push(Part::Host(call));
    }
    parts.push(text(r#""}"#));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_puppet_is_a_component() {
        let call = |function| HostCall::of(function, "{}");
        use HostFunction::{Close, List, Open, Read, Recv, Request, SendText, Write};
        let all = [Request, Open, SendText, Recv, Close, Read, List, Write].map(call);
        for puppet in [
            Puppet::tool(echo()),
            Puppet::tool(calling(all)),
            Puppet::instance(),
            Puppet::instance().doing("handle-tool", calling([HostCall::with_input(Read)])),
            Puppet::tool([Part::HostEnds(call(Read))]),
            Puppet::tool([
                Part::Trap,
                Part::Spin,
                Part::Recurse,
                Part::GrowMemory(1),
                Part::GrowTable(1),
                Part::Span(0, 1),
            ]),
            Puppet::tool([
                Part::Length,
                Part::EventId,
                Part::Remember,
                Part::Remembered,
                Part::Quietly(call(Read)),
                Part::If(
                    Condition::All(vec![
                        Condition::NameIs("do"),
                        Condition::InputBegins(b'{'),
                        Condition::InputLongerThan(1),
                        Condition::InputWithin(1, 2),
                        Condition::Remembered(1),
                        Condition::CallIs(1),
                        Condition::HostFailed,
                        Condition::Not(Box::new(Condition::CallIs(2))),
                    ]),
                    vec![Part::Trap],
                    vec![],
                ),
            ]),
            Puppet::tool(echo()).at_instantiation([Part::Trap]),
            Puppet::tool(echo()).realloc(Realloc::Outside),
            Puppet::tool(echo()).importing("(import \"wasi:cli/environment@0.2.0\" (instance))"),
            Puppet::instance().without("stop").idle_instances(3),
        ] {
            puppet.build();
        }
    }

    #[test]
    fn ports_that_are_told_do_not_stand_in_a_component() {
        let to = |ports: [u16; 2]| {
            let open = |port| HostCall::of(HostFunction::Open, format!(r#"{{"url":"ws://a.test:{port}/"}}"#));
            let puppet = Puppet::tool(calling(ports.map(open)));
            let (component, is_told) = puppet.build_told(&ports);
            assert!(is_told);
            component
        };
        assert_eq!(to([40_001, 40_002]), to([51_234, 59_999]));
        let (_, is_told) = Puppet::tool(echo()).build_told(&[40_001]);
        assert!(!is_told);
        assert_eq!(told(&[40_001, 40_002]), "[40001,40002]");
    }
}
