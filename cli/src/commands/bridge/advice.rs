//! What whoever typed a command can do about an exchange that failed.

use std::path::Path;

use yoi_host::bridge::{FailureCode, LineCounts};

/// What to do about a program that is not there.
pub(super) const INSTALL: &str = "install it, or say where it is with `--binary FILE`";

/// What is known when it is over.
pub(super) struct Case<'a> {
    /// Why it failed; none where it did not.
    pub(super) code: Option<FailureCode>,
    /// What the child's lines were.
    pub(super) counts: LineCounts,
    /// The program that was named, where one was.
    pub(super) binary: Option<&'a str>,
}

/// What to do about it, where that is known.
pub(super) fn advice(case: &Case<'_>) -> Option<&'static str> {
    match case.code? {
        // One that was named by a path is what was meant.
        FailureCode::NotStarted if case.binary.is_some_and(is_path) => None,
        FailureCode::NotStarted => Some(INSTALL),
        FailureCode::Deadline => {
            Some("give it more time: `--idle TIME` for its silence, `--timeout TIME` for all of it")
        }
        FailureCode::ChildEnded if case.counts.lines == 0 => {
            Some("run the program by itself: it may want a login first, or other arguments")
        }
        FailureCode::ChildEnded if understood_nothing(&case.counts) => {
            Some("nothing that it said was understood: is this the adapter of that program?")
        }
        FailureCode::ChildEnded => Some("run the program by itself: it may say there what stopped it"),
        _ => None,
    }
}

/// Whether lines came, and the adapter had no word for any of them.
pub(super) const fn understood_nothing(counts: &LineCounts) -> bool {
    counts.lines > 0 && counts.lines == counts.unknown + counts.noise
}

/// Whether a program is not looked for by its name.
pub(super) fn is_path(program: &str) -> bool {
    Path::new(program).components().count() > 1
}
