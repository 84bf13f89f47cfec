//! What ends a run before its time.

use std::fmt;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Told;

/// Ends a run before its time: no case begins any more, those that run are told to end, and what is known by then is what
/// there is. Cloned freely.
#[derive(Clone, Default)]
pub struct Halt {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    why: Option<String>,
    dispatcher: Option<Sender<Told>>,
}

impl Halt {
    /// End the run, now or as soon as it begins; `why` is what its report says. The first who halts it says why.
    pub fn halt(&self, why: &str) {
        let mut state = self.state();
        if state.why.is_none() {
            state.why = Some(why.to_owned());
            if let Some(dispatcher) = &state.dispatcher {
                // One that is gone has nothing to end.
                let _ = dispatcher.send(Told::Halt);
            }
        }
    }

    /// Whether the run was ended so.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.state().why.is_some()
    }

    /// Why it was, if it was.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        self.state().why.clone()
    }

    /// Whom to tell.
    pub(super) fn tell(&self, dispatcher: Sender<Told>) {
        self.state().dispatcher = Some(dispatcher);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Halt").field(&self.why()).finish()
    }
}
