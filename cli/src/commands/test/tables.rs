//! What the suites say of themselves: what their cases prove, and what catches what is broken on purpose.

use yoi_conformance::mutants::{self, Judged, Mutant};
use yoi_conformance::plan::Selection;
use yoi_conformance::suites::Contract;
use yoi_conformance::suites::plugin::behaviours::AREAS;

use crate::args::Test;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::test::{BehavioursReport, MutantsReport};
use crate::screen;

pub(super) fn behaviours(args: &Test) -> Result<Exit, Failure> {
    if args.contract != Contract::Plugin {
        let why = "`--behaviours` is of the contract `plugin`";
        return Err(Failure::Usage(why.to_owned()));
    }
    if args.json {
        screen::json(&BehavioursReport::of(AREAS))?;
    } else {
        screen::behaviours(AREAS)?;
    }
    Ok(Exit::Ok)
}

pub(super) fn mutants(args: &Test, selection: &Selection) -> Result<Exit, Failure> {
    if args.contract == Contract::Ptc {
        let why = "`--mutants` is of the contracts `plugin` and `bridge`";
        return Err(Failure::Usage(why.to_owned()));
    }
    let cases = args.contract.cases();
    let is_meant = |mutant: &Mutant| {
        let mut catchers = cases.iter().filter(|case| case.id == mutant.caught_by);
        catchers.any(|case| selection.takes(case))
    };
    let mutants: Vec<Mutant> = mutants::all().into_iter().filter(is_meant).collect();
    if mutants.is_empty() {
        let why = "none of those that are broken is caught by a case that is selected";
        return Err(Failure::Usage(why.to_owned()));
    }
    screen::progress(&match mutants.len() {
        1 => "1 that is broken is held to all cases".to_owned(),
        count => format!("{count} that are broken are held to all cases"),
    });
    let judged = mutants::judge(&mutants).map_err(Failure::Engine)?;
    let caught = judged.iter().all(Judged::is_as_it_should_be);
    if args.json {
        screen::json(&MutantsReport::new(judged))?;
    } else {
        screen::text(&mutants::table(&judged))?;
    }
    // A suite that misses one is broken itself.
    Ok(if caught { Exit::Ok } else { Exit::HarnessFault })
}
