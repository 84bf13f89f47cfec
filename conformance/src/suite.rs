//! Cases with what is done to judge them, and the one interface between suites and the runner.
//!
//! A suite speaks to targets of its own type `T`. Bound to one of them it is a [`Subject`], and nobody who runs or
//! reports cases knows more.

use std::sync::Arc;
use std::time::Duration;

use proptest::strategy::{BoxedStrategy, Just, Strategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case::{Case, Clause, Kind, Level, Set, Side};
use crate::property::{Generated, Input, Property};
use crate::verdict::{Checked, Stop, Verdict};
use crate::{Context, limits};

/// A case, and what is done to see whether a target keeps its clause.
pub struct Test<T> {
    case: Case,
    applies: Box<dyn Fn(&T) -> bool + Send + Sync>,
    excused: Box<Excused<T>>,
    body: Body<T>,
}

/// Why a case is not asked of a target, known before anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excuse {
    /// The contract leaves it to the target, which does nothing of the kind: "it has no tools".
    Optional(&'static str),
    /// It cannot be seen whether the target keeps it: "it came without a manifest".
    Unseen(&'static str),
}

type Excused<T> = dyn Fn(&T) -> Option<Excuse> + Send + Sync;

type Steps<T> = Box<dyn Fn(&T, &Context) -> Checked + Send + Sync>;

enum Body<T> {
    Steps(Steps<T>),
    Property(Box<dyn Property<T>>),
}

/// The cases of a contract for one kind of target.
pub struct Suite<T> {
    name: &'static str,
    revision: u32,
    tests: Arc<[Test<T>]>,
}

/// What is known of a target before anything is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// What it is called: a file's name, a command. No path of this machine.
    pub name: String,
    /// The door that it stands behind: `component`, `process`, `mcp`.
    pub door: String,
    /// The profile that it is held to.
    pub profile: String,
    /// What its content is known by, where it has any: `sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// What is not asked of it and why, where less is asked than might be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remark: Option<String>,
    /// Why it can do nothing under this profile, if it cannot; it reads after "will not run:".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trouble: Option<String>,
}

/// A target under one profile, held against a suite: all that the runner and the reports know.
pub trait Subject: Send + Sync {
    /// The suite: `plugin`.
    fn suite(&self) -> &'static str;

    /// The number of its newest named set.
    fn revision(&self) -> u32;

    /// The target.
    fn about(&self) -> &About;

    /// How many cases the suite has. They are numbered from 0.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The case of this number.
    fn case(&self, number: usize) -> &Case;

    /// Whether the case is one for targets like this.
    fn asks(&self, number: usize) -> bool;

    /// Why it is skipped all the same, if it is.
    fn excuse(&self, number: usize) -> Option<Excuse>;

    /// How much longer a case may take for each input.
    fn pace(&self) -> Duration;

    /// Judge one case.
    fn judge(&self, number: usize, context: &Context) -> Verdict;

    /// Whether an input that was kept is one of this case's, and if not, why. Cases without inputs take any.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn takes(&self, number: usize, input: &Value) -> Result<(), String>;

    /// Judge one case by one input that was kept. Cases without inputs are judged as always.
    fn replay(&self, number: usize, context: &Context, input: &Value) -> Verdict;
}

struct Bound<T> {
    suite: Suite<T>,
    target: Arc<T>,
    about: About,
    pace: Duration,
}

impl Case {
    /// Who does otherwise breaks the contract.
    #[must_use]
    pub const fn must(id: &'static str, clause: Clause) -> Self {
        Self::of_level(Level::Must, id, clause)
    }

    /// Who does otherwise needs a good reason.
    #[must_use]
    pub const fn should(id: &'static str, clause: Clause) -> Self {
        Self::of_level(Level::Should, id, clause)
    }

    /// As one likes.
    #[must_use]
    pub const fn may(id: &'static str, clause: Clause) -> Self {
        Self::of_level(Level::May, id, clause)
    }

    const fn of_level(level: Level, id: &'static str, clause: Clause) -> Self {
        Self {
            id,
            clause,
            level,
            side: Side::Guest,
            kind: Kind::Example,
            profiles: &[],
            set: Set::Revision(1),
        }
    }

    /// The side that is asked, if not the guest's.
    #[must_use]
    pub const fn side(mut self, side: Side) -> Self {
        self.side = side;
        self
    }

    /// The profiles that it holds for, if not all.
    #[must_use]
    pub const fn profiles(mut self, profiles: &'static [&'static str]) -> Self {
        self.profiles = profiles;
        self
    }

    /// The first revision that asks it, if not the first of all.
    #[must_use]
    pub const fn since(mut self, revision: u32) -> Self {
        self.set = Set::Revision(revision);
        self
    }

    /// It waits for the next set.
    #[must_use]
    pub const fn next(mut self) -> Self {
        self.set = Set::Next;
        self
    }

    /// Judged by fixed steps.
    pub fn example<T>(self, steps: impl Fn(&T, &Context) -> Checked + Send + Sync + 'static) -> Test<T> {
        self.judged(Kind::Example, Body::Steps(Box::new(steps)))
    }

    /// Judged by fixed steps in which something is broken on purpose.
    pub fn fault<T>(self, steps: impl Fn(&T, &Context) -> Checked + Send + Sync + 'static) -> Test<T> {
        self.judged(Kind::Fault, Body::Steps(Box::new(steps)))
    }

    /// Judged by inputs that are made up for the target.
    pub fn property<T: Send + Sync + 'static, I: Input + 'static, S: Strategy<Value = I> + 'static>(
        self,
        inputs: impl Fn(&T) -> S + Send + Sync + 'static,
        check: impl Fn(&T, &Context, &I) -> Checked + Send + Sync + 'static,
    ) -> Test<T> {
        self.property_of(Vec::new, inputs, check)
    }

    /// The same, with inputs that are tried before any is made up, the plainest first: whatever the seed, no target
    /// passes that breaks at one of them.
    pub fn property_from<
        T: Send + Sync + 'static,
        I: Input + Clone + 'static,
        S: Strategy<Value = I> + 'static,
    >(
        self,
        first: impl Fn() -> Vec<I> + Send + Sync + 'static,
        inputs: impl Fn(&T) -> S + Send + Sync + 'static,
        check: impl Fn(&T, &Context, &I) -> Checked + Send + Sync + 'static,
    ) -> Test<T> {
        let first = move || first().into_iter().map(|input| Just(input).boxed()).collect();
        self.property_of(first, inputs, check)
    }

    fn property_of<T: Send + Sync + 'static, I: Input + 'static, S: Strategy<Value = I> + 'static>(
        self,
        first: impl Fn() -> Vec<BoxedStrategy<I>> + Send + Sync + 'static,
        inputs: impl Fn(&T) -> S + Send + Sync + 'static,
        check: impl Fn(&T, &Context, &I) -> Checked + Send + Sync + 'static,
    ) -> Test<T> {
        let generator = move |target: &T| -> BoxedStrategy<I> { inputs(target).boxed() };
        let property = Generated {
            first: Box::new(first),
            generator: Box::new(generator),
            check: Box::new(check),
        };
        self.judged(Kind::Property, Body::Property(Box::new(property)))
    }

    fn judged<T>(mut self, kind: Kind, body: Body<T>) -> Test<T> {
        self.kind = kind;
        Test {
            case: self,
            applies: Box::new(|_| true),
            excused: Box::new(|_| None),
            body,
        }
    }
}

impl<T> Test<T> {
    /// A case for the targets for which this says so: of the others nobody hears of it.
    #[must_use]
    pub fn applies(mut self, applies: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.applies = Box::new(applies);
        self
    }

    /// Skipped where a target has an excuse, with that for the reason.
    #[must_use]
    pub fn excused(mut self, excused: impl Fn(&T) -> Option<Excuse> + Send + Sync + 'static) -> Self {
        self.excused = Box::new(excused);
        self
    }

    /// In the set of this number and those that follow, if not in the first of all.
    #[must_use]
    pub fn since(mut self, revision: u32) -> Self {
        self.case = self.case.since(revision);
        self
    }

    /// Of another kind than it looks: a property whose inputs are fault plans, say.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.case.kind = kind;
        self
    }

    /// The case.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }
}

impl<T: Send + Sync + 'static> Suite<T> {
    /// The cases of a contract, whose newest named set is of this number.
    #[must_use]
    pub fn new(name: &'static str, revision: u32, tests: Vec<Test<T>>) -> Self {
        Self {
            name,
            revision,
            tests: tests.into(),
        }
    }

    /// The cases, in order.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.tests.iter().map(Test::case)
    }

    /// Hold a target against it.
    #[must_use]
    pub fn bind(&self, target: Arc<T>, about: About) -> Arc<dyn Subject> {
        self.bind_paced(target, about, limits::INPUT_TIME)
    }

    /// The same for a target that takes longer for each input.
    #[must_use]
    pub fn bind_paced(&self, target: Arc<T>, about: About, pace: Duration) -> Arc<dyn Subject> {
        Arc::new(Bound {
            suite: Self {
                name: self.name,
                revision: self.revision,
                tests: Arc::clone(&self.tests),
            },
            target,
            about,
            pace,
        })
    }
}

impl<T: Send + Sync + 'static> Subject for Bound<T> {
    fn suite(&self) -> &'static str {
        self.suite.name
    }

    fn revision(&self) -> u32 {
        self.suite.revision
    }

    fn about(&self) -> &About {
        &self.about
    }

    fn len(&self) -> usize {
        self.suite.tests.len()
    }

    fn case(&self, number: usize) -> &Case {
        &self.suite.tests[number].case
    }

    fn asks(&self, number: usize) -> bool {
        let test = &self.suite.tests[number];
        test.case.holds_for(&self.about.profile) && (test.applies)(&self.target)
    }

    fn excuse(&self, number: usize) -> Option<Excuse> {
        (self.suite.tests[number].excused)(&self.target)
    }

    fn pace(&self) -> Duration {
        self.pace
    }

    fn judge(&self, number: usize, context: &Context) -> Verdict {
        if let Some(excuse) = self.excuse(number) {
            return excuse.verdict();
        }
        match &self.suite.tests[number].body {
            Body::Property(property) => property.search(&self.target, context),
            Body::Steps(steps) => {
                let checked = steps(&self.target, context);
                let stop = if context.is_interrupted() {
                    Err(context.overtime())
                } else {
                    checked
                };
                match stop {
                    Ok(()) => Verdict::Pass,
                    Err(stop) => stop.verdict(|finding| context.evidence(finding)),
                }
            }
        }
    }

    fn takes(&self, number: usize, input: &Value) -> Result<(), String> {
        match &self.suite.tests[number].body {
            Body::Property(property) => property.takes(input),
            Body::Steps(_) => Ok(()),
        }
    }

    fn replay(&self, number: usize, context: &Context, input: &Value) -> Verdict {
        if let Some(excuse) = self.excuse(number) {
            return excuse.verdict();
        }
        match &self.suite.tests[number].body {
            Body::Property(property) => property.replay(&self.target, context, input),
            Body::Steps(_) => self.judge(number, context),
        }
    }
}

impl Excuse {
    /// It in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Excuse::Optional(reason) | Excuse::Unseen(reason) => reason,
        }
    }

    fn verdict(self) -> Verdict {
        Verdict::Skipped {
            reason: self.reason().to_owned(),
            optional: matches!(self, Excuse::Optional(_)),
        }
    }
}

impl Kind {
    /// How long a case of this kind may take with so many inputs, at this pace.
    #[must_use]
    pub fn time_box(self, inputs: u32, pace: Duration) -> Duration {
        match self {
            Kind::Example => limits::CASE_TIME,
            Kind::Property | Kind::Fault => limits::CASE_TIME + pace * inputs,
        }
    }
}

impl std::fmt::Debug for dyn Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject")
            .field("suite", &self.suite())
            .field("about", self.about())
            .finish_non_exhaustive()
    }
}

/// What is wrong with the target, as the reason why a case of it could not run.
#[must_use]
pub fn in_trouble(about: &About) -> Option<Stop> {
    let trouble = about.trouble.as_ref()?;
    Some(Stop::CouldNotRun(format!("the target will not run: {trouble}")))
}
