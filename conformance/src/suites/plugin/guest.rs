//! What is asked of a plugin, of whatever it is made.
//!
//! A case says one clause of the contract; where that stands, it names. `schema` makes inputs up that fit what a
//! tool says of itself, `excuses` has why one is not asked, and `world` is where a plugin's host calls lead.

mod authority;
mod budgets;
mod excuses;
mod faults;
mod ingress;
mod life;
mod schema;
mod sequences;
mod tools;
mod world;

pub(super) use excuses::no_process;

use serde::Serialize;
use serde_json::{Value, json};

use super::target::{CallFailure, GuestTarget, Setup};
use crate::verdict::expect;
use crate::{Case, Checked, Clause, Context, Stop, Test};
use world::words;

type GuestTest = Test<GuestTarget>;

const FITS: Clause = Clause::new(
    "wit/plugin",
    "A component stands in the world `tool` or `instance`, and imports nothing but `yoi:host`.",
);
const START: Clause = Clause::new("wit/plugin/instance.wit#start", "Begin. Answers a PluginStatus.");

/// All of it.
#[must_use]
pub fn tests() -> Vec<GuestTest> {
    let first = vec![
        Case::must("plugin.component.fits-the-contract", FITS)
            .example(fits)
            .excused(excuses::no_component),
        Case::must("plugin.start.answers-a-status", START)
            .example(starts)
            .excused(excuses::no_life),
    ];
    [
        first,
        life::tests(),
        tools::tests(),
        ingress::tests(),
        authority::tests(),
        faults::tests(),
        budgets::tests(),
        sequences::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fits(target: &GuestTarget, _: &Context) -> Checked {
    let trouble = target.about().trouble.as_deref();
    expect(
        trouble.is_none(),
        || "a component that this profile's host loads".into(),
        || trouble.unwrap_or_default().into(),
    )
}

fn starts(target: &GuestTarget, context: &Context) -> Checked {
    let started = target.open(context, Setup::default())?.start();
    match started {
        Ok(_) => Ok(()),
        Err(failure) => Err(Stop::fail("a PluginStatus", failure.message)),
    }
}

/// An answer, or how there was none, so that two can be held beside each other.
fn told(answer: Result<impl Serialize, CallFailure>) -> Value {
    match answer {
        Ok(answer) => json!(answer),
        Err(failure) => json!({ "failed": failure.code }),
    }
}

/// That a plugin refused something in its own words, and did not trap or talk nonsense.
fn refused_well(expected: &str, failure: &CallFailure) -> Checked {
    expect(
        failure.code == "reported",
        || expected.to_owned(),
        || failure.message.clone(),
    )
}
