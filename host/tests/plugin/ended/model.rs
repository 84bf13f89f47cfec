//! What an instance must be like, by what its calls have come to.

use std::time::Duration;

use serde_json::Value;
use yoi_guests::Guest;
use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::plugin::{CallError, Cause, FailureCode, Instance, Lifecycle, Plugin};

use super::{AMPLE, Ended, Op, plugin};

/// What an instance must be like, by what its calls have come to.
pub(super) struct Model {
    guest: Guest,
    profile: Profile,
    pub(super) config: &'static str,
    /// The calls that were carried out.
    pub(super) history: Vec<Op>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// It is as its history says.
    Well,
    /// A call was ended. Only the yoi host does not know at once whether the guest had been entered.
    Doubtful,
    /// It said that it is lost.
    Lost,
}

impl Model {
    pub(super) fn new(guest: Guest, profile: Profile, config: &'static str) -> Self {
        Self {
            guest,
            profile,
            config,
            history: Vec::new(),
            state: State::Well,
        }
    }

    pub(super) fn plugin(&self, timeout: Duration) -> Plugin {
        plugin(self.guest, self.profile, timeout)
    }

    pub(super) fn is_tool(&self) -> bool {
        self.plugin(AMPLE).world() == World::Tool
    }

    /// What a fresh instance with the same history answers.
    fn answer(&self, op: &Op) -> Value {
        let mut fresh = self.plugin(AMPLE).instance(self.config).unwrap();
        fresh.start().unwrap();
        for op in &self.history {
            op.run(&mut fresh).unwrap();
        }
        op.run(&mut fresh).unwrap()
    }

    /// Hold what a call came to against what it may.
    pub(super) fn check(&mut self, instance: &Instance, op: &Op, outcome: Result<Value, CallError>) -> Ended {
        let documented = self.profile == Profile::Documented;
        let lifecycle = instance.lifecycle();
        let notices = documented || !matches!(op, Op::Tool(..));
        let ended = match outcome {
            Ok(answer) => {
                assert_ne!(self.state, State::Lost, "it answers again");
                assert_eq!(answer, self.answer(op), "after {:?}", self.history);
                self.history.push(op.clone());
                self.state = State::Well;
                Ended::Answered
            }
            // The work was done, and took too long for the yoi host.
            Err(CallError::TooLate { .. }) => {
                assert!(!documented);
                assert_ne!(self.state, State::Lost);
                assert_eq!(lifecycle == Lifecycle::Failed, !self.is_tool());
                self.history.push(op.clone());
                self.state = State::Well;
                Ended::Late
            }
            Err(CallError::Fault(fault)) if fault.cause == Cause::Gone => {
                assert!(!documented && !self.is_tool());
                assert_ne!(self.state, State::Well, "nothing had ended it");
                self.state = State::Lost;
                Ended::Refused
            }
            Err(CallError::Fault(fault)) => {
                let known = matches!(fault.cause, Cause::Cancelled | Cause::Deadline(_));
                assert!(known, "{fault}");
                assert!(!documented || self.state == State::Well, "it was entered again");
                if !self.is_tool() && self.state == State::Well {
                    self.state = if documented { State::Lost } else { State::Doubtful };
                }
                if notices && !self.is_tool() {
                    assert_eq!(lifecycle, Lifecycle::Failed);
                }
                Ended::Interrupted
            }
            Err(CallError::NotRunning { .. }) => {
                assert_eq!(lifecycle, Lifecycle::Failed);
                assert!(notices, "the yoi host enters tools all the same");
                Ended::Refused
            }
            Err(other) => panic!("{other}"),
        };
        if self.is_tool() {
            assert_eq!(lifecycle, Lifecycle::Ready);
        } else if documented {
            let well = self.state == State::Well;
            assert_eq!(lifecycle == Lifecycle::Running, well, "{ended:?}");
        }
        ended
    }

    /// After whatever has ended, with nobody ending anything any more: it answers as if nothing had been, or it
    /// is lost for every call, and can be had again only where the profile's host has that.
    pub(super) fn settle(&mut self, mut instance: Instance, next: &Op) {
        let outcome = next.run(&mut instance);
        self.check(&instance, next, outcome);
        assert_ne!(
            self.state,
            State::Doubtful,
            "it neither answered nor said that it is lost"
        );
        if self.state == State::Lost {
            for op in [next, &Op::Status, &Op::Tick, next] {
                let code = op.run(&mut instance).unwrap_err().code();
                assert!(
                    matches!(code, FailureCode::NotRunning | FailureCode::Gone),
                    "{op:?}: {code}"
                );
            }
            assert_eq!(instance.lifecycle(), Lifecycle::Failed);
            instance.stop().unwrap_err();
        }
        match self.profile {
            Profile::Yoi => assert_eq!(instance.restart().unwrap_err().code(), FailureCode::NoRestart),
            Profile::Documented => {
                instance.restart().unwrap();
                (self.history, self.state) = (Vec::new(), State::Well);
                let outcome = next.run(&mut instance);
                assert_eq!(self.check(&instance, next, outcome), Ended::Answered);
            }
        }
    }
}
