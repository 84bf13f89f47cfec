//! The command line of yoikit: words in, words out.
//!
//! What was typed becomes `args`, one command each in `commands`; what the host found becomes a
//! [`report`] for machines or a `screen` for people. Nothing is decided here that the host could decide.

#![warn(missing_docs)]

mod args;
mod commands;
mod exit;
mod failure;
mod harmless;
pub mod report;
mod screen;

use std::ffi::OsString;

use clap::Parser;

use failure::Failure;

pub use exit::Exit;

/// Run the command that `words` spell, the program's name first, and say how it ended.
pub fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    // `bridge replay` prints nothing else.
    let replays = words
        .windows(2)
        .any(|pair| pair[0] == "bridge" && pair[1] == "replay");
    let wants_json = replays || words.iter().any(|word| word == "--json");
    let args = match args::Args::try_parse_from(words) {
        Ok(args) => args,
        Err(answer) => {
            // Help and version come this way too, and are no errors. A reader that is gone is none either.
            let _ = answer.print();
            if !answer.use_stderr() {
                return Exit::Ok;
            }
            if wants_json {
                let failure = Failure::Usage(answer.to_string());
                let _ = screen::json_line(&report::FailureReport::of(&failure));
            }
            return Exit::Usage;
        }
    };
    let json = args.command.wants_json();
    match commands::run(args) {
        Ok(exit) => exit,
        Err(failure) => {
            let exit = failure.exit();
            screen::failure(&failure);
            if json && !failure.is_silent() {
                // Who cannot be told on standard output has been told on standard error.
                // On one line: also where whoever reads expects a line for each thing that happens.
                let _ = screen::json_line(&report::FailureReport::of(&failure));
            }
            exit
        }
    }
}
