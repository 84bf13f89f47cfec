//! Faults as a terminal shows them: WASI imports of one cause together, everything else by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::fault::{Fault, Problem, Severity};
use super::producers::Toolchain;
use super::wasi::{self, WasiCause};

/// All faults, one paragraph each, a group of WASI imports counting as one. Ends with a line break unless
/// there are none.
#[must_use]
pub fn render(faults: &[Fault]) -> String {
    let mut out = String::new();
    let mut wasi_done = false;
    for fault in faults {
        if let Problem::WasiImport { .. } = fault.problem {
            if !wasi_done {
                wasi_paragraph(&mut out, faults);
                wasi_done = true;
            }
            continue;
        }
        line(&mut out, 0, &format!("{}: {fault}", fault.severity));
        if let Some(advice) = fault.advice() {
            line(&mut out, 1, &format!("help: {advice}"));
        }
    }
    out
}

/// The imports of one origin, which have one remedy.
struct Group<'a> {
    origin: &'static str,
    remedy: &'static str,
    /// `wasi:cli@0.2.6` and what is imported from it.
    packages: BTreeMap<String, Vec<&'a str>>,
}

fn wasi_paragraph(out: &mut String, faults: &[Fault]) {
    let imports: Vec<(&str, WasiCause, Toolchain)> = faults
        .iter()
        .filter_map(|fault| match &fault.problem {
            Problem::WasiImport {
                name,
                cause,
                toolchain,
            } => Some((name.as_str(), *cause, *toolchain)),
            _ => None,
        })
        .collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (name, cause, toolchain) in &imports {
        let (origin, remedy) = (cause.origin(*toolchain), cause.remedy(*toolchain));
        let (package, interface) = split(name);
        let index = groups
            .iter()
            .position(|group| group.origin == origin)
            .unwrap_or_else(|| {
                groups.push(Group {
                    origin,
                    remedy,
                    packages: BTreeMap::new(),
                });
                groups.len() - 1
            });
        groups[index].packages.entry(package).or_default().push(interface);
    }
    let count = match imports.len() {
        1 => "1 import".to_owned(),
        count => format!("{count} imports"),
    };
    line(
        out,
        0,
        &format!(
            "{}: {count} of WASI, which a yoi host does not have",
            Severity::Refuses
        ),
    );
    for group in &groups {
        line(out, 1, &format!("from {}", group.origin));
        for (package, interfaces) in &group.packages {
            line(out, 2, &format!("{package}: {}", interfaces.join(", ")));
        }
        line(out, 2, &format!("help: {}", group.remedy));
    }
    if imports
        .iter()
        .all(|(_, _, toolchain)| wasi::can_be_denied(*toolchain))
    {
        line(out, 1, &format!("help: {}", wasi::DENY));
    }
}

/// `wasi:cli/exit@0.2.6` as `wasi:cli@0.2.6` and `exit`.
fn split(import: &str) -> (String, &str) {
    let (path, version) = match import.split_once('@') {
        Some((path, version)) => (path, format!("@{version}")),
        None => (import, String::new()),
    };
    let (package, interface) = path.split_once('/').unwrap_or((path, "*"));
    (format!("{package}{version}"), interface)
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wasi(toolchain: Toolchain, names: &[&str]) -> Vec<Fault> {
        names
            .iter()
            .map(|name| Fault {
                severity: Severity::Refuses,
                problem: Problem::WasiImport {
                    name: (*name).to_owned(),
                    cause: WasiCause::of(name),
                    toolchain,
                },
            })
            .collect()
    }

    #[test]
    fn what_rust_brings_in_is_grouped_by_its_cause() {
        let faults = wasi(
            Toolchain::Rust,
            &[
                "wasi:io/poll@0.2.6",
                "wasi:io/error@0.2.6",
                "wasi:io/streams@0.2.6",
                "wasi:cli/environment@0.2.6",
                "wasi:cli/exit@0.2.6",
                "wasi:cli/stderr@0.2.6",
                "wasi:clocks/monotonic-clock@0.2.6",
                "wasi:clocks/wall-clock@0.2.6",
                "wasi:random/insecure-seed@0.2.6",
                "wasi:random/random@0.2.6",
                "wasi:filesystem/types@0.2.6",
                "wasi:sockets/tcp@0.2.6",
                "wasi:http/outgoing-handler@0.2.0",
                "wasi:nn/tensor",
            ],
        );
        insta::assert_snapshot!(render(&faults), @"
        refused: 14 imports of WASI, which a yoi host does not have
          from Rust's standard library: panic messages, abort, the environment, printing
            wasi:cli@0.2.6: environment, exit, stderr
            wasi:io@0.2.6: poll, error, streams
            help: depend on the crate `yoi-pdk`, whose libc entry points keep these out
          from Rust's standard library: `Instant`
            wasi:clocks@0.2.6: monotonic-clock
            help: take the time from the input; a plugin has no clock
          from Rust's standard library: `SystemTime`
            wasi:clocks@0.2.6: wall-clock
            help: take the time from the input; a plugin has no clock
          from Rust's standard library: the random seed of `HashMap` and `HashSet`
            wasi:random@0.2.6: insecure-seed
            help: use `BTreeMap` and `BTreeSet`, or a hasher with a fixed seed
          from a crate that wants random numbers, such as `getrandom`
            wasi:random@0.2.6: random
            help: take what is random from the input; a plugin has no source of its own
          from Rust's standard library: `std::fs`
            wasi:filesystem@0.2.6: types
            help: use the import `yoi:host/fs`
          from Rust's standard library: `std::net`
            wasi:sockets@0.2.6: tcp
            help: use the imports `yoi:host/request` and `yoi:host/websocket`
          from a crate that speaks `wasi:http`
            wasi:http@0.2.0: outgoing-handler
            help: use the import `yoi:host/request`
          from bindings in the guest
            wasi:nn: tensor
            help: leave the interface out of the guest's world
          help: `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function
        ");
    }

    #[test]
    fn each_toolchain_has_its_own_remedy() {
        let imports = ["wasi:cli/stderr@0.2.3", "wasi:random/random@0.2.3"];
        let toolchains = [
            Toolchain::CargoComponent,
            Toolchain::C,
            Toolchain::ComponentizeJs,
            Toolchain::ComponentizeQjs,
            Toolchain::ComponentizePy,
            Toolchain::Unknown,
        ];
        let shown = toolchains.map(|toolchain| render(&wasi(toolchain, &imports)));
        insta::assert_snapshot!(shown.join("\n"), @"
        refused: 2 imports of WASI, which a yoi host does not have
          from the preview 1 adapter of cargo component, for panic messages, abort and the environment
            wasi:cli@0.2.3: stderr
            help: build with `cargo build --target wasm32-wasip2` and depend on the crate `yoi-pdk`
          from Rust's standard library: the random seed of `HashMap` and `HashSet`
            wasi:random@0.2.3: random
            help: use `BTreeMap` and `BTreeSet`, or a hasher with a fixed seed
          help: `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function

        refused: 2 imports of WASI, which a yoi host does not have
          from wasi-libc: stdio, `getenv`, `abort`, `exit`
            wasi:cli@0.2.3: stderr
            help: do without stdio and the environment; end with `__builtin_trap()` instead of `abort`
          from wasi-libc: `getentropy`, `arc4random`
            wasi:random@0.2.3: random
            help: take what is random from the input; a plugin has no source of its own
          help: `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function

        refused: 2 imports of WASI, which a yoi host does not have
          from the JavaScript runtime that componentize-js builds in
            wasi:cli@0.2.3: stderr
            wasi:random@0.2.3: random
            help: componentize with `disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event']`

        refused: 2 imports of WASI, which a yoi host does not have
          from the JavaScript runtime that componentize-qjs builds in
            wasi:cli@0.2.3: stderr
            wasi:random@0.2.3: random
            help: componentize with `--stub-wasi`

        refused: 2 imports of WASI, which a yoi host does not have
          from the Python runtime that componentize-py builds in
            wasi:cli@0.2.3: stderr
            wasi:random@0.2.3: random
            help: componentize with `--stub-wasi`

        refused: 2 imports of WASI, which a yoi host does not have
          from the language's runtime: standard streams, environment, exit
            wasi:cli@0.2.3: stderr
            help: build without the language's standard input and output
          from random numbers
            wasi:random@0.2.3: random
            help: take what is random from the input; a plugin has no source of its own
          help: `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function
        ");
    }

    #[test]
    fn a_single_fault_has_its_advice_too() {
        let faults = wasi(Toolchain::Rust, &["wasi:random/insecure-seed@0.2.6"]);
        insta::assert_snapshot!(faults[0], @"imports `wasi:random/insecure-seed@0.2.6`, and a yoi host has no WASI");
        insta::assert_snapshot!(faults[0].advice().unwrap(), @"it comes from Rust's standard library: the random seed of `HashMap` and `HashSet`; use `BTreeMap` and `BTreeSet`, or a hasher with a fixed seed; or `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function");
    }

    #[test]
    fn nothing_wrong_is_nothing_said() {
        assert_eq!(render(&[]), "");
    }
}
