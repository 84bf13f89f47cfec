//! Guests spend no more than is budgeted. The number is the same on every machine, and takes no valgrind.

#[path = "../benches/budgets/fuel.rs"]
mod fuel;

use yoi_benches::Budgets;

#[test]
fn no_guest_spends_more_than_its_budget() {
    let budgets = Budgets::parse(include_str!("../budgets.toml")).expect("the committed budgets");
    let judged = budgets.judge_fuel(&fuel::counts());
    assert!(judged.is_kept(), "of benches/budgets.toml:\n{judged}");
}
