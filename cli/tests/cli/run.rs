//! Running the program, and what of its output is the same every time.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// This repository.
pub(crate) const HOUSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a run left.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The exit status and both streams, as a snapshot has them.
    pub(crate) fn whole(&self) -> String {
        let mut whole = format!("exit {}\n", self.status);
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                whole += &format!("--- {name}\n{text}");
            }
        }
        whole
    }
}

/// What differs from run to run and from build to build.
pub(crate) const VARIES: [(&str, &str); 10] = [
    (r" +[\d.]+ (µs|ms|s)\b", " [TIME]"),
    (r" +(≥ )?\d{1,3}( \d{3})+", " $1[COUNT]"),
    (r"≥ \d+", "≥ [COUNT]"),
    (r"[\d.]+ KiB, ", "[SIZE], "),
    (r"made of [\d.]+ KiB", "made of [SIZE]"),
    (r"sha256 [0-9a-f]{12}…", "sha256 […]"),
    (r"sha256:[0-9a-f]{12}…", "sha256:[…]"),
    (r" at 0x[0-9a-f]+", " at [OFFSET]"),
    (r"made with .*", "made with [TOOLS]"),
    (r"wasmtime \d+\.\d+\.\d+", "wasmtime [VERSION]"),
];

/// Run `yoikit` in a folder. Compiled components are shared by all tests of this process.
pub(crate) fn yoikit(folder: &Path, words: &[&str]) -> Ran {
    yoikit_with_input(folder, words, Stdio::null())
}

pub(crate) fn yoikit_with_input(folder: &Path, words: &[&str], input: Stdio) -> Ran {
    run(folder, words, input, &[])
}

/// The same with environment variables besides.
pub(crate) fn yoikit_with_env(folder: &Path, words: &[&str], env: &[(&str, &OsStr)]) -> Ran {
    run(folder, words, Stdio::null(), env)
}

/// Where the tests of this process keep machine code.
pub(crate) fn cache() -> PathBuf {
    static CACHE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    CACHE.path().join("code")
}

/// The program with these words, yet to be started.
pub(crate) fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yoikit"));
    command
        .args(words)
        .current_dir(folder)
        .env("YOIKIT_CACHE_DIR", cache())
        .env_remove("RUST_BACKTRACE")
        // What a build service that runs these tests says is not for them.
        .env_remove("JOB_COMPLETION_INDEX")
        .env_remove("CI_NODE_INDEX")
        .env_remove("CIRCLE_NODE_INDEX")
        .env_remove("BUILDKITE_PARALLEL_JOB");
    command
}

fn run(folder: &Path, words: &[&str], input: Stdio, env: &[(&str, &OsStr)]) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command(folder, words)
        .envs(env.iter().copied())
        .stdin(input)
        .output()
        .unwrap();
    Ran {
        status: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A snapshot of everything that a command left, without what varies.
macro_rules! assert_ran {
    ($ran:expr, @$snapshot:literal) => {{
        let whole = $ran.whole();
        insta::with_settings!({ filters => crate::run::VARIES.to_vec() }, {
            insta::assert_snapshot!(whole, @$snapshot);
        });
    }};
}
pub(crate) use assert_ran;
