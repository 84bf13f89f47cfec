//! A service against a model of it: any sequence of what may happen to one, in both worlds and profiles.
//!
//! The model knows nothing of queues, threads and time. It says for each step what is answered, in which state the
//! service is then, and what its counters show.

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use yoi_host::Profile;
use yoi_host::plugin::FailureCode;
use yoi_host::plugin::service::{Ending, Reply, Service, ServiceOptions, Settlement, State, StopTimes};

use crate::support::{data, event, mode, plan, told};

/// Deliveries of an event in profile `documented`.
const ATTEMPTS: u32 = 3;

/// Restarts of a plugin in profile `documented`.
const RESTARTS: u32 = 4;

/// What may happen to a service.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Start,
    Tool(Behaviour),
    Event(Behaviour),
    Probe,
    Stop,
    ShutDown,
    Kill,
}

/// How the guest behaves when it is entered.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    Good,
    Declines,
    /// It answers with an error.
    Refuses,
    /// It answers against the contract.
    Babbles,
    Traps,
    /// It runs until its budget is used up.
    Spins,
    /// It traps, but in the second delivery.
    TrapsOnce,
}

impl Behaviour {
    fn mode(self) -> &'static str {
        match self {
            Behaviour::Good => "echo",
            Behaviour::Declines => "decline",
            Behaviour::Refuses => "error",
            Behaviour::Babbles => "bad-json",
            Behaviour::Traps => "trap",
            Behaviour::Spins => "loop",
            Behaviour::TrapsOnce => "trap-until",
        }
    }
}

/// What is seen of a step.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    /// Nothing was there to do it with.
    Nothing,
    Started,
    /// A tool or a probe answered, or failed to.
    Answered(bool),
    Settled(Settlement, Option<u64>),
    Refused(FailureCode),
    Ended(State),
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    attempts: u64,
    taken: u64,
    declined: u64,
    dead: u64,
    abandoned: u64,
    refused: u64,
    restarts: u64,
}

/// The model.
#[derive(Debug, Clone)]
struct Model {
    profile: Profile,
    /// Whether it is a plugin of the world `tool`.
    tool: bool,
    /// None after the end.
    life: Option<Life>,
    /// How the last one ended.
    end: State,
    /// What is to be seen of the last step.
    seen: Seen,
}

#[derive(Debug, Clone)]
struct Life {
    /// Whether events are taken.
    running: bool,
    /// Whether the guest can be entered at all.
    alive: bool,
    /// How often this instance was entered.
    calls: u64,
    /// Restarts that count against the limit: those since anything went well.
    in_vain: u32,
    counts: Counts,
}

impl Life {
    fn new() -> Self {
        Self {
            running: true,
            alive: true,
            calls: 1,
            in_vain: 0,
            counts: Counts::default(),
        }
    }

    /// The plugin broke, and a host that restarts does so, if it may: always where it is an event's doing that broke it
    /// before.
    fn breaks(&mut self, profile: Profile, again: bool) {
        let may = again || self.in_vain < RESTARTS;
        if profile == Profile::Documented && may {
            self.in_vain += u32::from(!again);
            self.counts.restarts += 1;
            self.alive = true;
            self.calls = 1;
        } else {
            self.running = false;
        }
    }

    fn tool(&mut self, profile: Profile, behaviour: Behaviour) -> Seen {
        let entered = match profile {
            Profile::Documented => self.running,
            // Nobody asks how the plugin is.
            Profile::Yoi => true,
        };
        if !entered || !self.alive {
            return Seen::Answered(false);
        }
        self.calls += 1;
        match behaviour {
            Behaviour::Good => {
                self.in_vain = 0;
                Seen::Answered(true)
            }
            Behaviour::Traps | Behaviour::Spins => {
                self.alive = false;
                match profile {
                    Profile::Documented => self.breaks(profile, false),
                    // It goes unnoticed.
                    Profile::Yoi => {}
                }
                Seen::Answered(false)
            }
            _ => Seen::Answered(false),
        }
    }

    fn probe(&mut self, profile: Profile) -> Seen {
        if !self.running {
            return Seen::Answered(false);
        }
        if !self.alive {
            self.breaks(profile, false);
            return Seen::Answered(false);
        }
        self.calls += 1;
        Seen::Answered(true)
    }

    fn event(&mut self, profile: Profile, behaviour: Behaviour) -> Seen {
        if !self.running {
            self.counts.refused += 1;
            return Seen::Refused(FailureCode::IngressFailed);
        }
        let attempts = match profile {
            Profile::Documented => ATTEMPTS,
            Profile::Yoi => 1,
        };
        for attempt in 1..=attempts {
            self.counts.attempts += 1;
            let broke = if self.alive {
                self.calls += 1;
                match behaviour {
                    Behaviour::Good => return self.taken(true),
                    Behaviour::TrapsOnce if attempt > 1 => return self.taken(true),
                    Behaviour::Declines => {
                        self.in_vain = 0;
                        self.counts.declined += 1;
                        return Seen::Settled(Settlement::Declined, None);
                    }
                    Behaviour::Refuses => match profile {
                        Profile::Documented => false,
                        // An error counts as taken.
                        Profile::Yoi => return self.taken(false),
                    },
                    Behaviour::Babbles => true,
                    Behaviour::Traps | Behaviour::Spins | Behaviour::TrapsOnce => {
                        self.alive = false;
                        true
                    }
                }
            } else {
                true
            };
            let last = attempt == attempts;
            if last {
                self.counts.dead += 1;
            }
            if broke {
                self.breaks(profile, attempt > 1);
            }
            if !self.running && !last {
                self.counts.abandoned += 1;
                return Seen::Settled(Settlement::Abandoned, None);
            }
        }
        Seen::Settled(Settlement::Dead, None)
    }

    fn taken(&mut self, told: bool) -> Seen {
        self.in_vain = 0;
        self.counts.taken += 1;
        Seen::Settled(Settlement::Accepted, told.then_some(self.calls))
    }

    /// How it ends when the guest's `stop` is called.
    fn stopped(&self) -> State {
        if self.alive { State::Stopped } else { State::Failed }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        (
            prop::sample::select(Profile::ALL.to_vec()),
            prop::bool::weighted(0.2),
        )
            .prop_map(|(profile, tool)| Model {
                profile,
                tool,
                life: Some(Life::new()),
                end: State::Stopped,
                seen: Seen::Started,
            })
            .boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        use Behaviour::{Babbles, Declines, Good, Refuses, Spins, Traps, TrapsOnce};
        let tool = prop_oneof![4 => Just(Good), 1 => Just(Refuses), 1 => Just(Traps), 1 => Just(Spins)];
        let event = prop_oneof![
            6 => Just(Good),
            1 => Just(Declines),
            1 => Just(Refuses),
            1 => Just(Babbles),
            1 => Just(Traps),
            1 => Just(Spins),
            2 => Just(TrapsOnce),
        ];
        prop_oneof![
            4 => tool.prop_map(Step::Tool),
            8 => event.prop_map(Step::Event),
            3 => Just(Step::Probe),
            2 => Just(Step::Start),
            1 => Just(Step::Stop),
            1 => Just(Step::ShutDown),
            1 => Just(Step::Kill),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        let (profile, tool) = (state.profile, state.tool);
        let Some(life) = &mut state.life else {
            state.seen = match step {
                Step::Start => {
                    state.life = Some(Life::new());
                    Seen::Started
                }
                Step::Tool(_) | Step::Probe => Seen::Answered(false),
                Step::Event(_) if tool => Seen::Refused(FailureCode::IngressSurfaceOff),
                Step::Event(_) if state.end == State::Failed => Seen::Refused(FailureCode::IngressFailed),
                Step::Event(_) => Seen::Refused(FailureCode::IngressStopping),
                // How it ended is told again, and known from then.
                Step::Stop | Step::ShutDown | Step::Kill => Seen::Nothing,
            };
            return state;
        };
        let mut ends = None;
        state.seen = match step {
            // There is one already.
            Step::Start => Seen::Nothing,
            Step::Tool(behaviour) if tool => Seen::Answered(*behaviour == Behaviour::Good),
            Step::Event(_) if tool => {
                life.counts.refused += 1;
                Seen::Refused(FailureCode::IngressSurfaceOff)
            }
            Step::Probe if tool => Seen::Answered(true),
            Step::Stop | Step::ShutDown | Step::Kill if tool => {
                ends = Some(State::Stopped);
                Seen::Nothing
            }
            Step::Tool(behaviour) => life.tool(profile, *behaviour),
            Step::Event(behaviour) => life.event(profile, *behaviour),
            Step::Probe => life.probe(profile),
            Step::Stop => {
                ends = Some(life.stopped());
                Seen::Nothing
            }
            Step::ShutDown => {
                ends = Some(match profile {
                    Profile::Documented => life.stopped(),
                    // It is not stopped, it is gone.
                    Profile::Yoi => State::Stopped,
                });
                Seen::Nothing
            }
            Step::Kill => {
                ends = Some(State::Failed);
                Seen::Nothing
            }
        };
        if let Some(end) = ends {
            state.life = None;
            state.end = end;
            state.seen = Seen::Ended(end);
        }
        state
    }
}

/// The service.
struct Machine {
    service: Service,
    over: bool,
}

fn started(model: &Model) -> Service {
    let mut options = ServiceOptions::of(model.profile);
    if model.profile == Profile::Documented {
        options.retry.attempts = ATTEMPTS;
        options.restart.most = RESTARTS;
        // The model has no time in which a restart is forgotten.
        options.restart.within = std::time::Duration::MAX;
    }
    let plan = match model.tool {
        true => plan(yoi_guests::ECHO, model.profile),
        false => told(model.profile),
    };
    Service::start(plan.options(options)).unwrap()
}

impl Machine {
    fn step(&mut self, model: &Model, step: Step) -> Seen {
        let service = &self.service.clone();
        let over = self.over;
        match step {
            Step::Start if over => {
                self.service = started(model);
                self.over = false;
                Seen::Started
            }
            Step::Start => Seen::Nothing,
            Step::Tool(behaviour) => {
                let (tool, input) = match (model.tool, behaviour) {
                    (false, behaviour) => (behaviour.mode(), "null"),
                    (true, Behaviour::Good) => ("example_echo", r#"{"text":"a"}"#),
                    (true, _) => ("example_echo", "{"),
                };
                Seen::Answered(service.call_tool(tool, input).wait().is_ok())
            }
            Step::Event(behaviour) => {
                let mut sent = match model.tool {
                    true => event("events", "test", serde_json::Value::Null),
                    false => mode(behaviour.mode()),
                };
                if behaviour == Behaviour::TrapsOnce && !model.tool {
                    sent.payload["until"] = 2.into();
                }
                match service.send_blocking(sent) {
                    Err(refusal) => Seen::Refused(refusal.code()),
                    Ok(ticket) => {
                        let outcome = ticket.wait();
                        let calls = (outcome.settlement == Settlement::Accepted)
                            .then(|| data(&outcome)["calls"].as_u64())
                            .flatten();
                        Seen::Settled(outcome.settlement, calls)
                    }
                }
            }
            Step::Probe => Seen::Answered(service.probe().wait().is_ok()),
            Step::Stop => self.ended(service.stop(StopTimes::default())),
            Step::ShutDown => self.ended(service.shut_down(StopTimes::default())),
            Step::Kill => self.ended(service.kill()),
        }
    }

    fn ended(&mut self, ended: Reply<Ending>) -> Seen {
        let ending = ended.wait();
        if std::mem::replace(&mut self.over, true) {
            return Seen::Nothing;
        }
        Seen::Ended(ending.state)
    }

    /// The service as it is when nothing is under way.
    fn settle(&self) {
        while matches!(self.service.state(), State::Starting | State::Restarting) {
            std::thread::yield_now();
        }
    }
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        Self {
            service: started(model),
            over: false,
        }
    }

    fn apply(mut machine: Self, model: &Model, step: Step) -> Self {
        let seen = machine.step(model, step);
        assert_eq!(seen, model.seen, "{step:?}");
        machine.settle();
        machine
    }

    fn check_invariants(machine: &Self, model: &Model) {
        let metrics = machine.service.metrics();
        let state = machine.service.state();
        let Some(life) = &model.life else {
            assert_eq!((state, metrics.queue_depth), (model.end, 0));
            return;
        };
        let wanted = match (model.tool, life.running) {
            (true, _) => State::Ready,
            (false, true) => State::Running,
            (false, false) => State::Failed,
        };
        assert_eq!(state, wanted);
        assert_eq!(metrics.queue_depth, 0);
        let counts = Counts {
            attempts: metrics.attempts,
            taken: metrics.taken,
            declined: metrics.declined,
            dead: metrics.dead,
            abandoned: metrics.abandoned,
            refused: metrics.refused,
            restarts: metrics.restarts,
        };
        assert_eq!(counts, life.counts);
        // Nothing is lost: what was accepted was settled.
        let settled = counts.taken + counts.declined + counts.dead + counts.abandoned;
        assert_eq!(metrics.accepted, settled);
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 96, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_service_does_what_its_model_does(sequential 1..24 => Machine);
}
