//! A component that does what it is told: written out as WebAssembly text for one case, with as little in it as the
//! case needs.
//!
//! A puppet knows no manifest and no host. Its memory is laid out by hand: what it says is put together in one place
//! and read from there, and what it is given is forgotten with every answer.

use std::fmt::Write as _;

use yoi_host::component::World;

/// Where texts of the component lie, where its configuration is kept, where answers are put together, and where
/// what the host hands over begins.
const TEXTS: usize = 0x1000;
const CONFIG: usize = 0x3_0000;
const ANSWER: usize = 0x4_0000;
const HANDED: usize = 0x9_0000;

/// Pages of memory: as far as what is handed over may reach.
const PAGES: u32 = 24;

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

impl HostFunction {
    const fn interface(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Open | Self::SendText | Self::Recv | Self::Close => "websocket",
            Self::Read | Self::List | Self::Write => "fs",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Open => "open",
            Self::SendText => "send-text",
            Self::Recv => "recv",
            Self::Close => "close",
            Self::Read => "read",
            Self::List => "list",
            Self::Write => "write",
        }
    }

    const fn parameters(self) -> &'static str {
        match self {
            Self::SendText => r#"(param "handle" u32) (param "text" string)"#,
            Self::Recv => r#"(param "handle" u32) (param "timeout-ms" u32)"#,
            Self::Close => r#"(param "handle" u32)"#,
            _ => r#"(param "request-json" string)"#,
        }
    }

    /// Of the lowered function; the last is where the answer goes.
    const fn core_parameters(self) -> &'static str {
        match self {
            Self::SendText => "i32 i32 i32 i32",
            Self::Close => "i32 i32",
            _ => "i32 i32 i32",
        }
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
            pages: PAGES,
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

    /// The component as text.
    fn source(&self, ports: &[u16]) -> (String, bool) {
        let functions = self.functions();
        let speaking = SPEAKING
            .replace("ANSWER", &ANSWER.to_string())
            .replace("CONFIG", &CONFIG.to_string());
        let mut texts = Texts::without(ports);
        let mut bodies = self.bodies(&mut texts);
        if texts.is_told() {
            bodies = bodies.replace(TELL, "(call $told ").replace(TOLD, ")");
            bodies.push_str(&texts.telling());
        }
        let mut out = String::from("(component\n");
        for import in &self.foreign {
            out.push_str(import);
            out.push('\n');
        }
        for n in 0..self.idle_instances {
            let _ = writeln!(
                out,
                "(core module $idle{n})\n(core instance (instantiate $idle{n}))"
            );
        }
        // A component that calls the host has its memory in an instance of its own: it has to be there before what
        // is imported can be lowered for the instance that calls it.
        let memory = format!("(memory (export \"memory\") {})", self.pages);
        let table = format!("(table $table {} funcref)", self.table);
        if functions.is_empty() {
            let _ = writeln!(
                out,
                "(core module $main {memory} {table} {} {} {bodies} {})",
                self.allocator(),
                speaking,
                texts.data(),
            );
            out.push_str("(core instance $main (instantiate $main))\n(alias core export $main \"memory\" (core memory $memory))\n(alias core export $main \"realloc\" (core func $realloc))\n");
        } else {
            self.import_host(&mut out, &functions);
            let _ = writeln!(out, "(core module $store {memory} {})", self.allocator());
            out.push_str("(core instance $store (instantiate $store))\n(alias core export $store \"memory\" (core memory $memory))\n(alias core export $store \"realloc\" (core func $realloc))\n");
            let mut taken = String::new();
            let mut given = String::new();
            for function in &functions {
                let (interface, name) = (function.interface(), function.name());
                let _ = writeln!(
                    out,
                    "(core func ${name} (canon lower (func ${interface} \"{name}\") (memory $memory) (realloc $realloc)))"
                );
                let _ = write!(
                    taken,
                    "(import \"host\" \"{name}\" (func $host-{name} (param {})))",
                    function.core_parameters()
                );
                let _ = write!(given, "(export \"{name}\" (func ${name}))");
            }
            let _ = writeln!(
                out,
                "(core module $main (import \"store\" \"memory\" (memory 1)) (import \"store\" \"reset\" (func $reset)) {taken} {table} {speaking} {bodies} {})",
                texts.data(),
            );
            let _ = writeln!(
                out,
                "(core instance $main (instantiate $main (with \"store\" (instance $store)) (with \"host\" (instance {given}))))"
            );
        }
        for (export, _) in &self.exports {
            let parameters = match *export {
                "call" => r#"(param "tool-name" string) (param "input-json" string)"#,
                "handle-tool" => r#"(param "name" string) (param "input-json" string)"#,
                "handle-ingress" => r#"(param "name" string) (param "event-json" string)"#,
                "start" => r#"(param "config-json" string)"#,
                _ => "",
            };
            let _ = writeln!(
                out,
                "(func (export \"{export}\") {parameters} (result string) (canon lift (core func $main \"{export}\") (memory $memory) (realloc $realloc)))"
            );
        }
        out.push(')');
        (out, texts.is_told())
    }

    /// What it calls of the host, each once.
    fn functions(&self) -> Vec<HostFunction> {
        fn collect(parts: &[Part], functions: &mut Vec<HostFunction>) {
            for part in parts {
                match part {
                    Part::Host(call) | Part::HostEnds(call) | Part::Quietly(call)
                        if !functions.contains(&call.function) =>
                    {
                        functions.push(call.function);
                    }
                    Part::If(_, then, otherwise) => {
                        collect(then, functions);
                        collect(otherwise, functions);
                    }
                    _ => {}
                }
            }
        }
        let mut functions = Vec::new();
        for (_, parts) in &self.exports {
            collect(parts, &mut functions);
        }
        collect(&self.at_instantiation, &mut functions);
        functions
    }

    fn import_host(&self, out: &mut String, functions: &[HostFunction]) {
        for interface in ["request", "websocket", "fs"] {
            let of_it: Vec<_> = functions
                .iter()
                .filter(|function| function.interface() == interface)
                .collect();
            if of_it.is_empty() {
                continue;
            }
            let _ = write!(
                out,
                "(import \"yoi:host/{interface}@1.0.0\" (instance ${interface} "
            );
            for function in of_it {
                let _ = write!(
                    out,
                    "(export \"{}\" (func {} (result string)))",
                    function.name(),
                    function.parameters()
                );
            }
            out.push_str("))\n");
        }
    }

    fn allocator(&self) -> String {
        let body = match self.realloc {
            Realloc::Good => format!(
                "(local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (if (i32.gt_u (global.get $next) (i32.const {})) (then unreachable))
                (local.get $at)",
                self.pages * 0x1_0000
            ),
            Realloc::Outside => "(i32.const 0xfffffff0)".to_owned(),
            Realloc::Traps => "unreachable".to_owned(),
        };
        format!(
            "(global $next (mut i32) (i32.const {HANDED}))
            (func $reset (export \"reset\") (global.set $next (i32.const {HANDED})))
            (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) {body})"
        )
    }

    fn bodies(&self, texts: &mut Texts<'_>) -> String {
        let mut out = String::new();
        for (export, parts) in &self.exports {
            let (parameters, input) = match *export {
                "status" | "stop" => ("", None),
                "start" => ("i32 i32", Some((0, 1))),
                _ => ("i32 i32 i32 i32", Some((2, 3))),
            };
            let parameters = if parameters.is_empty() {
                String::new()
            } else {
                format!("(param {parameters})")
            };
            let _ = write!(
                out,
                "(func (export \"{export}\") {parameters} (result i32) (call $enter)"
            );
            if let ("start", Some((at, len))) = (*export, input) {
                let _ = write!(out, "(call $keep (local.get {at}) (local.get {len}))");
            }
            // What stands in the memory of an instance lasts; a call of the world `tool` finds it as it was at first.
            if let ("start" | "call", Some((at, len))) = (*export, input) {
                let _ = write!(out, "{TELL}(local.get {at}) (local.get {len}){TOLD}");
            }
            for part in parts {
                write_part(&mut out, part, input, texts);
            }
            out.push_str("(call $done))\n");
        }
        if !self.at_instantiation.is_empty() {
            out.push_str("(func $first ");
            for part in &self.at_instantiation {
                write_part(&mut out, part, None, texts);
            }
            out.push_str(")(start $first)\n");
        }
        out
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

fn write_part(out: &mut String, part: &Part, input: Option<(u32, u32)>, texts: &mut Texts<'_>) {
    let input_or_nothing = match input {
        Some((at, len)) => format!("(local.get {at}) (local.get {len})"),
        None => "(i32.const 0) (i32.const 0)".to_owned(),
    };
    let _ = match part {
        Part::Text(text) => {
            let (at, len) = texts.add(text);
            writeln!(out, "(call $say (i32.const {at}) (i32.const {len}))")
        }
        Part::Input => writeln!(out, "(call $escape {input_or_nothing})"),
        Part::EventId => {
            let (at, len) = texts.add(b"\"correlation_id\"");
            writeln!(
                out,
                "(call $value {input_or_nothing} (i32.const {at}) (i32.const {len}))"
            )
        }
        Part::Name => writeln!(out, "(call $escape (local.get 0) (local.get 1))"),
        Part::Config => writeln!(out, "(call $escape (i32.const {CONFIG}) (global.get $config))"),
        Part::Calls => writeln!(out, "(call $digits (global.get $calls))"),
        Part::Length => writeln!(out, "(call $digits {})", length(input)),
        Part::Remember => writeln!(
            out,
            "(global.set $remembered (i32.add (global.get $remembered) (i32.const 1)))"
        ),
        Part::Remembered => writeln!(out, "(call $digits (global.get $remembered))"),
        Part::If(condition, then, otherwise) => {
            let condition = written(condition, input, texts);
            let _ = writeln!(out, "(if {condition} (then");
            for part in then {
                write_part(out, part, input, texts);
            }
            out.push_str(") (else\n");
            for part in otherwise {
                write_part(out, part, input, texts);
            }
            writeln!(out, "))")
        }
        Part::Host(call) | Part::HostEnds(call) | Part::Quietly(call) => {
            let (name, handle, timeout) = (call.function.name(), call.handle, call.timeout_ms);
            let text = match &call.text {
                Argument::Text(text) => {
                    let (at, len) = texts.add(text);
                    format!("(i32.const {at}) (i32.const {len})")
                }
                Argument::Input => input_or_nothing,
            };
            let arguments = match call.function {
                HostFunction::SendText => format!("(i32.const {handle}) {text}"),
                HostFunction::Recv => format!("(i32.const {handle}) (i32.const {timeout})"),
                HostFunction::Close => format!("(i32.const {handle})"),
                _ => text,
            };
            let answer = "(i32.load (i32.const 32)) (i32.load (i32.const 36))";
            let say = match part {
                Part::HostEnds(_) => format!("(call $ends {answer})"),
                Part::Host(_) => format!("(call $escape {answer})"),
                _ => String::new(),
            };
            writeln!(out, "(call $host-{name} {arguments} (i32.const 32)) {say}")
        }
        Part::Trap => writeln!(out, "unreachable"),
        Part::Spin => writeln!(out, "(loop $for-ever (br $for-ever))"),
        Part::Burn(rounds) => writeln!(out, "(call $burn (i32.const {rounds}))"),
        Part::Recurse => writeln!(out, "(drop (call $deeper (i32.const 0)))"),
        Part::GrowMemory(pages) => writeln!(out, "(drop (memory.grow (i32.const {pages})))"),
        Part::GrowTable(elements) => {
            writeln!(
                out,
                "(drop (table.grow $table (ref.null func) (i32.const {elements})))"
            )
        }
        Part::Span(at, len) => writeln!(
            out,
            "(i32.store (i32.const 16) (i32.const {at})) (i32.store (i32.const 20) (i32.const {len})) (return (i32.const 16))"
        ),
    };
}

/// The length of the input.
fn length(input: Option<(u32, u32)>) -> String {
    input.map_or_else(
        || "(i32.const 0)".to_owned(),
        |(_, len)| format!("(local.get {len})"),
    )
}

/// A condition as an expression. Every one of them has a value, whatever the others have.
fn written(condition: &Condition, input: Option<(u32, u32)>, texts: &mut Texts<'_>) -> String {
    let length = length(input);
    match condition {
        Condition::NameIs(name) => {
            let (at, len) = texts.add(name.as_bytes());
            format!("(call $same (local.get 0) (local.get 1) (i32.const {at}) (i32.const {len}))")
        }
        Condition::InputBegins(byte) => match input {
            Some((at, _)) => format!(
                "(i32.and (i32.gt_u {length} (i32.const 0)) (i32.eq (i32.load8_u (local.get {at})) (i32.const {byte})))"
            ),
            None => "(i32.const 0)".to_owned(),
        },
        Condition::InputLongerThan(bytes) => format!("(i32.gt_u {length} (i32.const {bytes}))"),
        Condition::InputWithin(from, to) => {
            format!("(i32.and (i32.ge_u {length} (i32.const {from})) (i32.lt_u {length} (i32.const {to})))")
        }
        Condition::Remembered(count) => format!("(i32.ge_u (global.get $remembered) (i32.const {count}))"),
        Condition::CallIs(number) => format!("(i32.eq (global.get $calls) (i32.const {number}))"),
        // An answer of fewer bytes is followed by others of this memory.
        Condition::HostFailed => {
            let error = i64::from_le_bytes(*b"{\"error\"");
            format!("(i64.eq (i64.load (i32.load (i32.const 32))) (i64.const {error}))")
        }
        Condition::Not(condition) => format!("(i32.eqz {})", written(condition, input, texts)),
        Condition::All(conditions) => conditions
            .iter()
            .fold("(i32.const 1)".to_owned(), |all, condition| {
                format!("(i32.and {all} {})", written(condition, input, texts))
            }),
    }
}

/// How a component is told ports: an array of them.
pub(crate) fn told(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("[{}]", ports.join(","))
}

/// Around what a component is told with, for as long as it is not known whether it has to be: a comment.
const TELL: &str = "(;";
const TOLD: &str = ";)";

/// Digits of a port that a component is told. Others have fewer; those stand in it, which costs no more than time.
const PORT_DIGITS: usize = 5;

/// The texts of a component, one behind the other.
struct Texts<'p> {
    bytes: Vec<u8>,
    /// Ports that do not stand in them, and where they would: which port, at which address.
    ports: &'p [u16],
    places: Vec<(usize, usize)>,
}

impl<'p> Texts<'p> {
    fn without(ports: &'p [u16]) -> Self {
        Self {
            bytes: Vec::new(),
            ports,
            places: Vec::new(),
        }
    }

    fn is_told(&self) -> bool {
        !self.places.is_empty()
    }

    /// A function that puts the ports, which it is given as [`told`] writes them, in their places.
    fn telling(&self) -> String {
        let needed = 1 + self.ports.len() * (PORT_DIGITS + 1);
        let mut out = format!(
            "(func $told (param $at i32) (param $len i32)
                (if (i32.ne (local.get $len) (i32.const {needed})) (then (return)))"
        );
        for (which, place) in &self.places {
            let from = 1 + which * (PORT_DIGITS + 1);
            let _ = write!(
                out,
                "(memory.copy (i32.const {place}) (i32.add (local.get $at) (i32.const {from})) (i32.const {PORT_DIGITS}))"
            );
        }
        out.push_str(")\n");
        out
    }

    fn add(&mut self, text: &[u8]) -> (usize, usize) {
        let at = TEXTS + self.bytes.len();
        self.bytes.extend_from_slice(text);
        for (which, port) in self.ports.iter().enumerate() {
            let written = format!(":{port}");
            if written.len() != PORT_DIGITS + 1 {
                continue;
            }
            let mut from = at - TEXTS;
            while let Some(found) = memchr::memmem::find(&self.bytes[from..], written.as_bytes()) {
                let port = from + found + 1;
                self.bytes[port..port + PORT_DIGITS].fill(b'0');
                self.places.push((which, TEXTS + port));
                from = port;
            }
        }
        assert!(TEXTS + self.bytes.len() <= CONFIG, "a puppet has too much to say");
        (at, text.len())
    }

    fn data(&self) -> String {
        let mut out = format!("(data (i32.const {TEXTS}) \"");
        for byte in &self.bytes {
            match byte {
                b'"' | b'\\' | 0..0x20 | 0x7f.. => {
                    let _ = write!(out, "\\{byte:02x}");
                }
                _ => out.push(char::from(*byte)),
            }
        }
        out.push_str("\")");
        out
    }
}

/// How a puppet puts an answer together.
///
/// `ANSWER` and `CONFIG` stand for their addresses.
const SPEAKING: &str = r#"
    (global $end (mut i32) (i32.const ANSWER))
    (global $calls (mut i32) (i32.const 0))
    (global $config (mut i32) (i32.const 0))
    (global $remembered (mut i32) (i32.const 0))
    (func $enter
        (global.set $end (i32.const ANSWER))
        (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
    (func $done (result i32)
        (call $reset)
        (i32.store (i32.const 16) (i32.const ANSWER))
        (i32.store (i32.const 20) (i32.sub (global.get $end) (i32.const ANSWER)))
        (i32.const 16))
    (func $keep (param $at i32) (param $len i32)
        (memory.copy (i32.const CONFIG) (local.get $at) (local.get $len))
        (global.set $config (local.get $len)))
    (func $say (param $at i32) (param $len i32)
        (memory.copy (global.get $end) (local.get $at) (local.get $len))
        (global.set $end (i32.add (global.get $end) (local.get $len))))
    (func $put (param $byte i32)
        (i32.store8 (global.get $end) (local.get $byte))
        (global.set $end (i32.add (global.get $end) (i32.const 1))))
    (func $hex (param $digit i32)
        (call $put (i32.add (local.get $digit)
            (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10))))))
    (func $escape (param $at i32) (param $len i32)
        (local $stop i32) (local $byte i32) (local $to i32)
        (local.set $stop (i32.add (local.get $at) (local.get $len)))
        (local.set $to (global.get $end))
        (block $all (loop $next
            (br_if $all (i32.ge_u (local.get $at) (local.get $stop)))
            (local.set $byte (i32.load8_u (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (if (i32.lt_u (local.get $byte) (i32.const 32))
                (then
                    (global.set $end (local.get $to))
                    (call $put (i32.const 92)) (call $put (i32.const 117))
                    (call $put (i32.const 48)) (call $put (i32.const 48))
                    (call $hex (i32.shr_u (local.get $byte) (i32.const 4)))
                    (call $hex (i32.and (local.get $byte) (i32.const 15)))
                    (local.set $to (global.get $end))
                    (br $next)))
            (if (i32.or (i32.eq (local.get $byte) (i32.const 34)) (i32.eq (local.get $byte) (i32.const 92)))
                (then
                    (i32.store8 (local.get $to) (i32.const 92))
                    (local.set $to (i32.add (local.get $to) (i32.const 1)))))
            (i32.store8 (local.get $to) (local.get $byte))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))
            (br $next)))
        (global.set $end (local.get $to)))
    (func $ends (param $at i32) (param $len i32)
        (call $digits (local.get $len))
        (if (i32.le_u (local.get $len) (i32.const 320))
            (then (call $put (i32.const 32)) (call $escape (local.get $at) (local.get $len)))
            (else
                (call $put (i32.const 32)) (call $escape (local.get $at) (i32.const 160))
                (call $put (i32.const 32)) (call $escape (i32.sub (i32.add (local.get $at) (local.get $len)) (i32.const 160)) (i32.const 160)))))
    (func $digits (param $number i32)
        (local $at i32)
        (local.set $at (i32.add (global.get $end) (i32.const 8)))
        (loop $next
            (local.set $at (i32.sub (local.get $at) (i32.const 1)))
            (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
            (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
            (br_if $next (i32.gt_u (local.get $at) (global.get $end))))
        (global.set $end (i32.add (global.get $end) (i32.const 8))))
    (func $same (param $at i32) (param $len i32) (param $other i32) (param $other_len i32) (result i32)
        (if (i32.ne (local.get $len) (local.get $other_len)) (then (return (i32.const 0))))
        (block $all (loop $next
            (br_if $all (i32.eqz (local.get $len)))
            (if (i32.ne (i32.load8_u (local.get $at)) (i32.load8_u (local.get $other))) (then (return (i32.const 0))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $other (i32.add (local.get $other) (i32.const 1)))
            (local.set $len (i32.sub (local.get $len) (i32.const 1)))
            (br $next)))
        (i32.const 1))
    (func $quote (param $at i32) (param $stop i32) (result i32)
        (block $there (loop $next
            (br_if $there (i32.ge_u (local.get $at) (local.get $stop)))
            (br_if $there (i32.eq (i32.load8_u (local.get $at)) (i32.const 34)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (local.get $at))
    (func $value (param $at i32) (param $len i32) (param $key i32) (param $key_len i32)
        (local $stop i32)
        (local.set $stop (i32.add (local.get $at) (local.get $len)))
        (block $found
            (loop $next
                (br_if $found (call $same (local.get $at) (local.get $key_len) (local.get $key) (local.get $key_len)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $next (i32.lt_u (i32.add (local.get $at) (local.get $key_len)) (local.get $stop))))
            (return))
        (local.set $at (call $quote (i32.add (local.get $at) (local.get $key_len)) (local.get $stop)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (call $say (local.get $at) (i32.sub (call $quote (local.get $at) (local.get $stop)) (local.get $at))))
    (func $burn (param $rounds i32)
        (loop $round
            (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
            (br_if $round (local.get $rounds))))
    (func $deeper (param i32) (result i32)
        (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
    "#;

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
