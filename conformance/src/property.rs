//! Inputs that are made up, as plain data: generated, shrunk where one fails, and played again from a file without
//! the generator.
//!
//! proptest generates and simplifies; the loop is ours, because a target that could not be run must not count as a
//! smaller failure, and because the time of a case is the runner's.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Context;
use crate::context::Cost;
use crate::limits::{HUNG_SHRINK_STEPS, LOCAL_REJECTS, LOST_SHRINK_STEPS};
use crate::verdict::{Checked, Evidence, Step, Stop, Verdict, Way};

/// What may be an input: plain data.
pub trait Input: Serialize + DeserializeOwned + Debug {}

impl<I: Serialize + DeserializeOwned + Debug> Input for I {}

/// A clause that has to hold for every input.
pub(crate) trait Property<T>: Send + Sync {
    /// Look for an input for which it does not hold.
    fn search(&self, target: &T, context: &Context) -> Verdict;

    /// Whether this is one of its inputs, and if not, why.
    fn takes(&self, input: &Value) -> Result<(), String>;

    /// Try this input.
    fn replay(&self, target: &T, context: &Context, input: &Value) -> Verdict;
}

type Generator<T, I> = Box<dyn Fn(&T) -> BoxedStrategy<I> + Send + Sync>;
type First<I> = Box<dyn Fn() -> Vec<BoxedStrategy<I>> + Send + Sync>;
type Check<T, I> = Box<dyn Fn(&T, &Context, &I) -> Checked + Send + Sync>;

/// A generator, and what is checked of each of its values.
pub(crate) struct Generated<T, I> {
    /// Inputs that are tried before any is made up.
    pub(crate) first: First<I>,
    pub(crate) generator: Generator<T, I>,
    pub(crate) check: Check<T, I>,
}

/// One input tried.
enum Tried {
    Held,
    Failed(Box<Evidence>),
    Stopped(Stop),
    /// The time of the case was over meanwhile; what the check says counts for nothing.
    Overtime,
}

impl<T, I: Input> Generated<T, I> {
    fn try_one(&self, target: &T, context: &Context, input: &I) -> Tried {
        context.begin_transcript();
        let checked = (self.check)(target, context, input);
        if context.is_interrupted() {
            return Tried::Overtime;
        }
        match checked {
            Ok(()) => Tried::Held,
            Err(Stop::Fail(finding)) => match serde_json::to_value(input) {
                Ok(value) => Tried::Failed(Box::new(Evidence {
                    input: Some(value),
                    ..context.evidence(finding)
                })),
                Err(error) => Tried::Stopped(Stop::Harness(format!(
                    "a failing input cannot be written down: {error}"
                ))),
            },
            Err(stop) => Tried::Stopped(stop),
        }
    }

    /// The simplest input that fails alone. Where what was asked before had a part in the failure there is none: then it
    /// is shown as it came, and said so.
    fn smallest(
        &self,
        target: &T,
        context: &Context,
        tree: &mut dyn ValueTree<Value = I>,
        evidence: Box<Evidence>,
    ) -> Box<Evidence> {
        if !context.alone() {
            return self.shrink(target, context, tree, evidence);
        }
        match self.try_one(target, context, &tree.current()) {
            Tried::Failed(evidence) => self.shrink(target, context, tree, evidence),
            Tried::Held | Tried::Stopped(_) | Tried::Overtime => {
                let mut evidence = evidence;
                evidence.steps.push(Step {
                    way: Way::Note,
                    what: "alone this input does not fail: what was asked before had a part in it".to_owned(),
                    text: String::new(),
                });
                evidence
            }
        }
    }

    /// Something simpler that fails as well, as far as it can be found in a bounded number of steps. A failure is
    /// known already, so nothing that happens here can take it back.
    fn shrink(
        &self,
        target: &T,
        context: &Context,
        tree: &mut dyn ValueTree<Value = I>,
        mut smallest: Box<Evidence>,
    ) -> Box<Evidence> {
        let most = match context.cost() {
            Cost::Call => context.shrink_steps(),
            Cost::Start => LOST_SHRINK_STEPS.min(context.shrink_steps()),
            Cost::Patience => HUNG_SHRINK_STEPS.min(context.shrink_steps()),
        };
        // The way down leads back to where it was, and by inputs that are equal: none is tried twice.
        let mut held: BTreeSet<String> = BTreeSet::new();
        let mut tried = 0;
        let mut simpler = tree.simplify();
        for _ in 0..context.shrink_steps() {
            if !simpler || tried == most {
                break;
            }
            let input = tree.current();
            let value = serde_json::to_value(&input).ok();
            if value.is_some() && value == smallest.input {
                simpler = tree.simplify();
                continue;
            }
            let known = value.map(|value| value.to_string());
            if known.as_ref().is_some_and(|known| held.contains(known)) {
                simpler = tree.complicate();
                continue;
            }
            tried += 1;
            simpler = match self.try_one(target, context, &input) {
                Tried::Failed(evidence) => {
                    smallest = evidence;
                    tree.simplify()
                }
                Tried::Held | Tried::Stopped(_) => {
                    held.extend(known);
                    tree.complicate()
                }
                Tried::Overtime => false,
            };
        }
        smallest
    }
}

impl<T: Send + Sync, I: Input> Property<T> for Generated<T, I> {
    fn search(&self, target: &T, context: &Context) -> Verdict {
        for saved in context.saved() {
            match self.replay(target, context, &saved.input) {
                Verdict::Pass => {}
                Verdict::Fail(mut evidence) => {
                    evidence.regression = Some(saved.name.clone());
                    return Verdict::Fail(evidence);
                }
                other => return other,
            }
        }
        let strategy = (self.generator)(target);
        let mut runner = seeded(context.seed());
        let first = (self.first)();
        let made_up = (0..context.property_cases()).map(|_| &strategy);
        for strategy in first.iter().chain(made_up) {
            let mut tree = match strategy.new_tree(&mut runner) {
                Ok(tree) => tree,
                Err(reason) => {
                    return of(
                        context,
                        Stop::Harness(format!("no input could be made up: {reason}")),
                    );
                }
            };
            match self.try_one(target, context, &tree.current()) {
                Tried::Held => {}
                Tried::Failed(evidence) => {
                    return Verdict::Fail(self.smallest(target, context, &mut tree, evidence));
                }
                Tried::Stopped(stop) => return of(context, stop),
                Tried::Overtime => return of(context, context.overtime()),
            }
        }
        Verdict::Pass
    }

    fn takes(&self, input: &Value) -> Result<(), String> {
        I::deserialize(input).map(drop).map_err(|error| error.to_string())
    }

    fn replay(&self, target: &T, context: &Context, input: &Value) -> Verdict {
        let input: I = match I::deserialize(input) {
            Ok(input) => input,
            Err(error) => {
                let why = format!("a saved input is none of this case's, or of an older form: {error}");
                return of(context, Stop::Harness(why));
            }
        };
        match self.try_one(target, context, &input) {
            Tried::Held => Verdict::Pass,
            Tried::Failed(evidence) => Verdict::Fail(evidence),
            Tried::Stopped(stop) => of(context, stop),
            Tried::Overtime => of(context, context.overtime()),
        }
    }
}

fn of(context: &Context, stop: Stop) -> Verdict {
    stop.verdict(|finding| context.evidence(finding))
}

/// A generator of this seed alone: nothing is read from files or from the environment.
fn seeded(seed: [u8; 32]) -> TestRunner {
    let config = Config {
        failure_persistence: None,
        // Those that the environment may say otherwise.
        max_local_rejects: LOCAL_REJECTS,
        max_global_rejects: LOCAL_REJECTS,
        verbose: 0,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}
