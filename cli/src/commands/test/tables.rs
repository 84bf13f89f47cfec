//! What the suites say of themselves: what their cases prove, and what catches what is broken on purpose.

use yoi_conformance::mutants::{self, Judged};
use yoi_conformance::suites::Contract;
use yoi_conformance::suites::plugin::behaviours::AREAS;

use crate::args::Test;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::test::{BehavioursReport, MutantsReport};
use crate::screen;

pub(super) fn behaviours(args: &Test) -> Result<Exit, Failure> {
    only_plugin(args, "--behaviours")?;
    if args.json {
        screen::json(&BehavioursReport::of(AREAS))?;
    } else {
        screen::behaviours(AREAS)?;
    }
    Ok(Exit::Ok)
}

pub(super) fn mutants(args: &Test) -> Result<Exit, Failure> {
    only_plugin(args, "--mutants")?;
    let count = mutants::all().len();
    screen::progress(&format!(
        "{count} plugins and hosts that are broken are held to all cases"
    ));
    let judged = mutants::judge().map_err(Failure::Engine)?;
    let caught = judged.iter().all(Judged::is_as_it_should_be);
    if args.json {
        screen::json(&MutantsReport::new(judged))?;
    } else {
        screen::text(&mutants::table(&judged))?;
    }
    // A suite that misses one is broken itself.
    Ok(if caught { Exit::Ok } else { Exit::HarnessFault })
}

fn only_plugin(args: &Test, word: &str) -> Result<(), Failure> {
    match args.contract {
        Contract::Plugin => Ok(()),
        _ => Err(Failure::Usage(format!("`{word}` is of the contract `plugin`"))),
    }
}
