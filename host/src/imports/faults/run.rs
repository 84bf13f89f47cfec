//! A plan in a run, call by call.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::kind::sends_only;
use super::{FaultKind, FaultPlan, PlannedFault};
use crate::imports::Import;
use crate::world::{Disturbance, Switch};

/// A plan, and how far it has come. Clones share both: the calls of all instances that have one are counted
/// together, in the order in which they come.
#[derive(Debug, Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    plan: FaultPlan,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    calls: u64,
    calls_of: [u64; Import::ALL.len()],
    /// What has become of each fault; nothing yet where its call has not come.
    fates: Vec<Option<Fate>>,
}

/// What has become of a fault whose call came.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Struck,
    Unused(Unused),
}

/// A fault that broke nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnusedFault {
    /// Where it stands in the plan, from 1.
    pub number: usize,
    /// The fault.
    pub fault: PlannedFault,
    /// Why it broke nothing.
    pub reason: Unused,
}

/// Why a fault broke nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unused {
    /// Its call never came: there were only so many.
    NeverCalled {
        /// How many of those it counts.
        calls: u64,
    },
    /// Its call was of an import that the kind cannot break.
    OtherImport {
        /// What was called.
        import: Import,
    },
    /// Its call was broken by another fault, which stands before it.
    Taken {
        /// Where that one stands in the plan, from 1.
        by: usize,
    },
    /// Its call ended before it came to what the fault breaks: it was refused, say, or received fewer bytes.
    NeverStruck {
        /// What was called.
        import: Import,
    },
}

impl Faults {
    /// A plan of which nothing has happened yet.
    #[must_use]
    pub fn new(plan: FaultPlan) -> Self {
        let state = State {
            calls: 0,
            calls_of: [0; Import::ALL.len()],
            fates: vec![None; plan.faults().len()],
        };
        Self {
            shared: Arc::new(Shared {
                plan,
                state: Mutex::new(state),
            }),
        }
    }

    /// The faults that broke nothing so far, in the order of the plan: to be asked after the run.
    #[must_use]
    pub fn unused(&self) -> Vec<UnusedFault> {
        let state = self.lock();
        let unused = |(number, (fault, fate)): (usize, (&PlannedFault, &Option<Fate>))| {
            let reason = match fate {
                Some(Fate::Struck) => return None,
                Some(Fate::Unused(reason)) => *reason,
                None => Unused::NeverCalled {
                    calls: match fault.import {
                        None => state.calls,
                        Some(import) => state.calls_of[import as usize],
                    },
                },
            };
            Some(UnusedFault {
                number: number + 1,
                fault: fault.clone(),
                reason,
            })
        };
        let fates = self.shared.plan.faults().iter().zip(&state.fates);
        fates.enumerate().filter_map(unused).collect()
    }

    /// A call begins: count it, and which fault is to break it. Whatever comes of that is told by
    /// [`Faults::settle`].
    fn next(&self, import: Import) -> Option<usize> {
        let mut state = self.lock();
        state.calls += 1;
        state.calls_of[import as usize] += 1;
        let (calls, calls_of) = (state.calls, state.calls_of[import as usize]);
        let mut chosen = None;
        for (number, fault) in self.shared.plan.faults().iter().enumerate() {
            let its = match fault.import {
                None => fault.call == calls,
                Some(counted) => counted == import && fault.call == calls_of,
            };
            if !its {
                continue;
            }
            let reason = if !fault.kind.applies_to(import) {
                Unused::OtherImport { import }
            } else if let Some(by) = chosen {
                Unused::Taken { by: by + 1 }
            } else {
                chosen = Some(number);
                Unused::NeverStruck { import }
            };
            state.fates[number] = Some(Fate::Unused(reason));
        }
        chosen
    }

    fn settle(&self, number: usize, struck: bool) {
        if struck {
            self.lock().fates[number] = Some(Fate::Struck);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As a message: which fault it is, and why it broke nothing.
impl fmt::Display for UnusedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {} broke nothing, {}: ", self.number, self.fault)?;
        match (self.reason, self.fault.import) {
            (Unused::NeverCalled { calls: 0 }, _) => f.write_str("there was no such call"),
            (Unused::NeverCalled { calls: 1 }, _) => f.write_str("there was only one such call"),
            (Unused::NeverCalled { calls }, _) => write!(f, "there were only {calls} such calls"),
            (Unused::OtherImport { import }, _) => {
                let its: Vec<&str> = self
                    .fault
                    .kind
                    .imports()
                    .iter()
                    .map(|import| import.name())
                    .collect();
                write!(
                    f,
                    "that was {}, and it breaks only {}",
                    import.name(),
                    its.join(", ")
                )
            }
            (Unused::Taken { by }, _) => write!(f, "fault {by} broke the same call"),
            (Unused::NeverStruck { .. }, Some(_)) => f.write_str("the call never came to that"),
            (Unused::NeverStruck { import }, None) => {
                write!(f, "that was {}, which never came to that", import.name())
            }
        }
    }
}

/// The faults of one instance's calls, and the switch of all that it holds open.
#[derive(Debug)]
pub(in crate::imports) struct Breaking {
    faults: Faults,
    switch: Switch,
}

/// A call that is to be broken, under way.
#[derive(Debug)]
pub(in crate::imports) struct Broken {
    faults: Faults,
    switch: Switch,
    number: usize,
}

impl Breaking {
    pub(in crate::imports) fn new(faults: Faults) -> Self {
        Self {
            faults,
            switch: Switch::default(),
        }
    }

    pub(in crate::imports) fn switch(&self) -> &Switch {
        &self.switch
    }

    /// A call begins. If it is to be broken, it is so until the end.
    pub(in crate::imports) fn begin(&self, import: Import) -> Option<Broken> {
        let number = self.faults.next(import)?;
        let fault = &self.faults.shared.plan.faults()[number];
        self.switch.on(disturbance(fault, import)?);
        Some(Broken {
            faults: self.faults.clone(),
            switch: self.switch.clone(),
            number,
        })
    }
}

impl Broken {
    /// The call has ended. What was broken in it, if it came to that.
    pub(in crate::imports) fn end(self) -> Option<FaultKind> {
        let struck = self.switch.off();
        self.faults.settle(self.number, struck);
        let fault = &self.faults.shared.plan.faults()[self.number];
        struck.then_some(fault.kind)
    }
}

/// What has to be wrong with the world for it.
fn disturbance(fault: &PlannedFault, import: Import) -> Option<Disturbance> {
    let sends_only = sends_only(import);
    let after = fault.after_bytes;
    Some(match fault.kind {
        FaultKind::Timeout => Disturbance::Late,
        FaultKind::Refuse => Disturbance::Refused,
        FaultKind::Unresolved => Disturbance::Unresolved,
        // Nothing is received, so that is never after some bytes of it.
        FaultKind::Silence | FaultKind::Reset if sends_only && after > 0 => return None,
        FaultKind::Silence if sends_only => Disturbance::Stuck,
        FaultKind::Silence => Disturbance::Silence { after },
        FaultKind::Reset if sends_only => Disturbance::ResetBySending,
        FaultKind::Reset => Disturbance::Reset { after },
        FaultKind::Cut => Disturbance::Cut { after },
        FaultKind::ShortRead => Disturbance::OneByte,
        FaultKind::SlowBody => Disturbance::Slow {
            after,
            pause: fault.pause,
        },
        FaultKind::BadUtf8 => Disturbance::BadByte { at: after },
        FaultKind::DiskFull => Disturbance::Full { after },
        FaultKind::Io => Disturbance::Io,
    })
}
