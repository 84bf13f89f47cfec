//! `yoikit bridge replay`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use yoi_host::bridge::{FailureCode, LineCounts, Mode, NormalizedEvent, Opening, Translation, dialect};
use yoi_host::limits::CHILD_LINE_BYTES;
use yoi_host::wire::LineReader;
use yoi_host::wire::child::Ending;

use super::advice::understood_nothing;
use super::{component, name};
use crate::args::{BridgeReplay, Who};
use crate::commands::users_cache;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::bridge::{BridgeHead, BridgeLine, BridgeTail};
use crate::screen::bridge::line;

pub(super) fn run(args: &BridgeReplay) -> Result<Exit, Failure> {
    let name = name(&args.who);
    let dialect = match (&args.who, args.mode) {
        (Who::Adapter(adapter), mode) => dialect(*adapter, mode, Opening::default()),
        (Who::Component(file), Mode::Faithful) => {
            let dialect = component(file, users_cache(), 2)?.dialect(&Opening::default());
            Some(dialect.map_err(|error| Failure::Other(error.message))?)
        }
        (Who::Component(_), Mode::Compat) => None,
    };
    let Some(dialect) = dialect else {
        let message = format!(
            "the reference has no `{name}`, so there is nothing to be compared with: leave out `--mode compat`"
        );
        return Err(Failure::Usage(message));
    };
    let failed = |cause| Failure::File {
        path: args.file.clone(),
        doing: "read what a child said in",
        cause,
    };
    let from: Box<dyn Read> = match args.file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => {
            let file = File::open(&args.file).map_err(failed)?;
            if file.metadata().is_ok_and(|found| found.is_dir()) {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            Box::new(file)
        }
    };
    let mut lines = LineReader::new(from, CHILD_LINE_BYTES);
    let mut translation = Translation::new(dialect, args.mode);
    line(&BridgeHead::of(&name, args.mode))?;
    let (mut exit, mut code) = (Exit::Ok, None);
    // What would be said to the child is of no interest to a recording of it. What is told first is: not everything
    // that can be asked can be carried.
    let mut tell = |events: Vec<NormalizedEvent>| -> Result<(), Failure> {
        for event in events {
            if let NormalizedEvent::Failed { error } = &event {
                (exit, code) = (Exit::PluginFailed, error.code);
            }
            line(&BridgeLine::Event(event))?;
        }
        Ok(())
    };
    tell(translation.open().events)?;
    while let Some(text) = lines.next_line().map_err(failed)? {
        tell(translation.line(&text).events)?;
    }
    tell(translation.end(&Ending::default()).events)?;
    line(&BridgeLine::Tail(BridgeTail {
        kind: "tail",
        ended: None,
        lines: translation.counts(),
        attempts: 0,
        advice: not_its(code, translation.counts()),
    }))?;
    Ok(exit)
}

/// What to do about lines of which not one was understood.
fn not_its(code: Option<FailureCode>, counts: LineCounts) -> Option<&'static str> {
    (code == Some(FailureCode::ChildEnded) && understood_nothing(&counts)).then_some(
        "no line was understood: are they what that program said, and not events or another's lines?",
    )
}
