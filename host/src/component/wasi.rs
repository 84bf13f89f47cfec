//! Which part of a guest's build brings a WASI import in, and how to be rid of it.
//!
//! This file owns the advice; whether a WASI import is a fault is not decided here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::producers::Toolchain;

/// The last resort, the same for everything that comes from one linker run.
pub(super) const DENY: &str =
    "`yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function";

/// What a WASI interface is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WasiCause {
    /// Standard streams, environment variables, exit: what a language's runtime links in unasked.
    Runtime,
    /// The seeds of hash maps.
    Seed,
    /// Random numbers.
    Random,
    /// A clock that only measures.
    MonotonicClock,
    /// The time of day.
    WallClock,
    /// Files and directories.
    Files,
    /// Sockets and names.
    Sockets,
    /// HTTP, out or in.
    Http,
    /// Anything else.
    Other,
}

impl WasiCause {
    /// The cause of an import such as `wasi:cli/exit@0.2.6`.
    #[must_use]
    pub fn of(import: &str) -> Self {
        let unversioned = import.split('@').next().unwrap_or(import);
        let (package, interface) = unversioned.split_once('/').unwrap_or((unversioned, ""));
        match (package, interface) {
            ("wasi:cli" | "wasi:io", _) => WasiCause::Runtime,
            ("wasi:random", "insecure-seed") => WasiCause::Seed,
            ("wasi:random", _) => WasiCause::Random,
            ("wasi:clocks", "monotonic-clock") => WasiCause::MonotonicClock,
            ("wasi:clocks", _) => WasiCause::WallClock,
            ("wasi:filesystem", _) => WasiCause::Files,
            ("wasi:sockets", _) => WasiCause::Sockets,
            ("wasi:http", _) => WasiCause::Http,
            _ => WasiCause::Other,
        }
    }

    /// What in the guest brings such an import in, as it reads after "from".
    #[must_use]
    pub const fn origin(self, toolchain: Toolchain) -> &'static str {
        match toolchain {
            Toolchain::ComponentizeJs => "the JavaScript runtime that componentize-js builds in",
            Toolchain::ComponentizeQjs => "the JavaScript runtime that componentize-qjs builds in",
            Toolchain::ComponentizePy => "the Python runtime that componentize-py builds in",
            Toolchain::CargoComponent => match self {
                WasiCause::Runtime => {
                    "the preview 1 adapter of cargo component, for panic messages, abort and the environment"
                }
                // Preview 1 has one source for both.
                WasiCause::Random => WasiCause::Seed.in_rust(),
                _ => self.in_rust(),
            },
            Toolchain::Rust => self.in_rust(),
            Toolchain::C => match self {
                WasiCause::Runtime => "wasi-libc: stdio, `getenv`, `abort`, `exit`",
                WasiCause::Seed | WasiCause::Random => "wasi-libc: `getentropy`, `arc4random`",
                WasiCause::MonotonicClock | WasiCause::WallClock => "wasi-libc: `clock_gettime`, `time`",
                WasiCause::Files => "wasi-libc: `open`, `fopen`, `stat`",
                WasiCause::Sockets => "wasi-libc: `socket`, `getaddrinfo`",
                WasiCause::Http | WasiCause::Other => "bindings in the guest",
            },
            Toolchain::Unknown => match self {
                WasiCause::Runtime => "the language's runtime: standard streams, environment, exit",
                WasiCause::Seed => "the seed of a hash map",
                WasiCause::Random => "random numbers",
                WasiCause::MonotonicClock | WasiCause::WallClock => "a clock",
                WasiCause::Files => "files",
                WasiCause::Sockets => "sockets",
                WasiCause::Http => "an HTTP library",
                WasiCause::Other => "bindings in the guest",
            },
        }
    }

    const fn in_rust(self) -> &'static str {
        match self {
            WasiCause::Runtime => "Rust's standard library: panic messages, abort, the environment, printing",
            WasiCause::Seed => "Rust's standard library: the random seed of `HashMap` and `HashSet`",
            WasiCause::Random => "a crate that wants random numbers, such as `getrandom`",
            WasiCause::MonotonicClock => "Rust's standard library: `Instant`",
            WasiCause::WallClock => "Rust's standard library: `SystemTime`",
            WasiCause::Files => "Rust's standard library: `std::fs`",
            WasiCause::Sockets => "Rust's standard library: `std::net`",
            WasiCause::Http => "a crate that speaks `wasi:http`",
            WasiCause::Other => "bindings in the guest",
        }
    }

    /// How to build the guest without it.
    #[must_use]
    pub const fn remedy(self, toolchain: Toolchain) -> &'static str {
        match toolchain {
            Toolchain::ComponentizeJs => {
                "componentize with `disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event']`"
            }
            Toolchain::ComponentizeQjs => "componentize with `--stub-wasi`",
            Toolchain::ComponentizePy => "componentize with `--stub-wasi`",
            _ => match (self, toolchain) {
                (WasiCause::Runtime, Toolchain::CargoComponent) => {
                    "build with `cargo build --target wasm32-wasip2` and depend on the crate `yoi-pdk`"
                }
                (WasiCause::Runtime, Toolchain::Rust) => {
                    "depend on the crate `yoi-pdk`, whose libc entry points keep these out"
                }
                (WasiCause::Runtime, Toolchain::C) => {
                    "do without stdio and the environment; end with `__builtin_trap()` instead of `abort`"
                }
                (WasiCause::Runtime, _) => "build without the language's standard input and output",
                (WasiCause::Seed, Toolchain::Rust)
                | (WasiCause::Seed | WasiCause::Random, Toolchain::CargoComponent) => {
                    "use `BTreeMap` and `BTreeSet`, or a hasher with a fixed seed"
                }
                (WasiCause::Seed, _) => "use a fixed seed",
                (WasiCause::Random, _) => {
                    "take what is random from the input; a plugin has no source of its own"
                }
                (WasiCause::MonotonicClock | WasiCause::WallClock, _) => {
                    "take the time from the input; a plugin has no clock"
                }
                (WasiCause::Files, _) => "use the import `yoi:host/fs`",
                (WasiCause::Sockets, _) => "use the imports `yoi:host/request` and `yoi:host/websocket`",
                (WasiCause::Http, _) => "use the import `yoi:host/request`",
                (WasiCause::Other, _) => "leave the interface out of the guest's world",
            },
        }
    }
}

/// Whether [`DENY`] can work on what a toolchain makes: a component of one core module of its own.
pub(super) const fn can_be_denied(toolchain: Toolchain) -> bool {
    !matches!(
        toolchain,
        Toolchain::ComponentizeJs | Toolchain::ComponentizeQjs | Toolchain::ComponentizePy
    )
}

/// Whether an import of a component, or a module that a core module imports from, is WASI's.
pub(crate) fn is_wasi(name: &str) -> bool {
    name.starts_with("wasi:") || name == "wasi_snapshot_preview1" || name == "wasi_unstable"
}
