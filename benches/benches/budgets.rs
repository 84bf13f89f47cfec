//! Instructions, counted, and held to `benches/budgets.toml`: those of the processor by callgrind, those of guests in
//! wasmtime's fuel.
//!
//! The first needs valgrind, and gungraun's runner of the version that this was built with; where one is missing
//! it is said which, and only fuel is judged. No count depends on what else the machine does. What waits for
//! other threads (the network, the queues of services) is not counted: there is no one number for it.

#![expect(clippy::print_stdout, reason = "the figures are what the run is for")]

#[path = "budgets/fuel.rs"]
mod fuel;
#[path = "budgets/processor.rs"]
mod processor;

use std::process::ExitCode;

use yoi_benches::{Budgets, Judged};

/// What is to be done where a count is too large.
const ADVICE: &str = "\
More instructions than are budgeted. What they are spent on, function by function:
    callgrind_annotate FILE
of the file `callgrind.*.out` that belongs to the name, here and where the budget was kept, below
    {folder}
Take out what grew; or, where it is worth what it costs, raise the budget in benches/budgets.toml, and say there
what it is spent on.";

fn main() -> ExitCode {
    // This program is started again, below valgrind, for each thing that is counted.
    if processor::is_under_valgrind() {
        processor::measured();
        return ExitCode::SUCCESS;
    }
    let budgets = Budgets::parse(include_str!("../budgets.toml")).expect("the committed budgets");
    let fuel = budgets.judge_fuel(&fuel::counts());
    print!("{fuel}");
    let bench = std::env::args().any(|argument| argument == "--bench");
    let instructions = match bench.then(processor::counts) {
        Some(Ok(counts)) => budgets.judge_instructions(&counts),
        Some(Err(missing)) => {
            println!("skipped: instructions are not counted without {missing}");
            Judged::default()
        }
        None => Judged::default(),
    };
    print!("{instructions}");
    if fuel.is_kept() && instructions.is_kept() {
        return ExitCode::SUCCESS;
    }
    println!("\n{}", ADVICE.replace("{folder}", processor::FOLDER));
    ExitCode::FAILURE
}
