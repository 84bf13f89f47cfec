//! A puppet as WebAssembly text.

use std::fmt::Write as _;

use super::texts::Texts;
use super::{Argument, Condition, HostFunction, Part, Puppet, Realloc};

/// Where texts of the component lie, where its configuration is kept, where answers are put together, and where
/// what the host hands over begins.
pub(super) const TEXTS: usize = 0x1000;
pub(super) const CONFIG: usize = 0x3_0000;
const ANSWER: usize = 0x4_0000;
const HANDED: usize = 0x9_0000;

/// Pages of memory: as far as what is handed over may reach.
pub(super) const PAGES: u32 = 24;

/// Around what a component is told with, for as long as it is not known whether it has to be: a comment.
const TELL: &str = "(;";
const TOLD: &str = ";)";

/// How a puppet puts an answer together. `ANSWER` and `CONFIG` stand for their addresses.
const SPEAKING: &str = include_str!("speaking.wat");

impl Puppet {
    /// The component as text.
    pub(super) fn source(&self, ports: &[u16]) -> (String, bool) {
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
