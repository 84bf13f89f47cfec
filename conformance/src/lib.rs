//! Says whether whoever stands behind a contract keeps it, and if not, shows the smallest way to see it.
//!
//! A [`Case`] names one clause of a contract; a [`Suite`] knows how to see whether targets of its kind keep it;
//! bound to a target it is a [`Subject`], which is all that the [`runner`] and the reports know. A run is a pure
//! function of its subjects, its plan and its seed: only the times differ.
//!
//! - [`case`], [`verdict`]: what is asked, and how an answer is called
//! - [`suite`]: cases with what is done to judge them; the one interface between suites and the runner
//! - [`context`]: what a case is given: seed, time box, transcript
//! - [`property`]: inputs generated, shrunk, and played again without the generator
//! - [`plan`], [`runner`]: which cases, and running them
//! - [`run`]: from targets and settings to a [`report`], with its [`baseline`] and its [`regression`]s
//! - [`suites`]: the contracts
//! - [`mutants`]: who tests the tester

pub mod baseline;
pub mod case;
pub mod context;
pub mod exit;
pub mod limits;
pub mod mutants;
pub mod plan;
pub mod property;
pub mod regression;
pub mod report;
pub mod run;
pub mod runner;
pub mod seed;
mod simpler;
pub mod suite;
pub mod suites;
pub mod target;
mod text;
pub mod verdict;
mod versions;

pub use case::{Case, Clause, Kind, Level, Set, Side};
pub use context::Context;
pub use exit::Exit;
pub use seed::Seed;
pub use suite::{About, Excuse, Subject, Suite, Test};
pub use suites::plugin::check::{Check, check};
pub use verdict::{Checked, Finding, Stop, Verdict, expect, expect_eq, shown};
