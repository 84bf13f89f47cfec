//! Processes of one command, lent to cases: one that a case is done with serves the next, one that broke is replaced,
//! and a command whose processes only break is given up.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Ender;
use crate::Context;
use crate::context::OnInterrupt;
use crate::limits::ADAPTER_BREAKS;

/// A process that can be lent.
pub(crate) trait Worker {
    /// What ends it from elsewhere.
    fn ender(&self) -> Ender;

    /// Whether it has answered anything but who it is.
    fn has_worked(&self) -> bool;

    /// How it broke, if it did.
    fn broken(&self) -> Option<String>;
}

/// Processes of one command.
#[derive(Debug)]
pub(crate) struct Pool<P> {
    kept: Arc<Mutex<Kept<P>>>,
}

/// What is known of the processes of a command.
#[derive(Debug)]
struct Kept<P> {
    idle: Vec<P>,
    /// How many broke in a row before they had answered anything, and how the last did.
    breaks: u32,
    last: Option<String>,
}

/// A process for the length of a case, ended with the time of that.
pub(crate) struct Lent<P: Worker> {
    /// There until this is dropped.
    process: Option<P>,
    kept: Arc<Mutex<Kept<P>>>,
    _ends: OnInterrupt,
}

impl<P: Worker> Pool<P> {
    /// Without any process yet.
    pub(crate) fn new() -> Self {
        Self {
            kept: Arc::new(Mutex::new(Kept {
                idle: Vec::new(),
                breaks: 0,
                last: None,
            })),
        }
    }

    /// One that is there, or a new one.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(crate) fn lend(
        &self,
        ctx: &Context,
        spawn: impl FnOnce() -> Result<P, String>,
    ) -> Result<Lent<P>, String> {
        let idle = {
            let mut kept = lock(&self.kept);
            if let Some(fault) = kept.last.as_ref().filter(|_| kept.breaks >= ADAPTER_BREAKS) {
                return Err(format!(
                    "{fault}; it broke {ADAPTER_BREAKS} times before it answered anything, and is not tried again"
                ));
            }
            kept.idle.pop()
        };
        let process = match idle {
            Some(process) => process,
            None => spawn()?,
        };
        let ender = process.ender();
        Ok(Lent {
            process: Some(process),
            kept: Arc::clone(&self.kept),
            _ends: ctx.on_interrupt(move || ender.end()),
        })
    }
}

impl<P> Clone for Pool<P> {
    fn clone(&self) -> Self {
        Self {
            kept: Arc::clone(&self.kept),
        }
    }
}

const THERE: &str = "a process is lent until its loan is dropped";

impl<P: Worker> Deref for Lent<P> {
    type Target = P;

    fn deref(&self) -> &P {
        self.process.as_ref().expect(THERE)
    }
}

impl<P: Worker> DerefMut for Lent<P> {
    fn deref_mut(&mut self) -> &mut P {
        self.process.as_mut().expect(THERE)
    }
}

impl<P: Worker> Drop for Lent<P> {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        let mut kept = lock(&self.kept);
        if process.has_worked() {
            kept.breaks = 0;
        }
        match process.broken() {
            None => kept.idle.push(process),
            Some(_) if process.has_worked() => {}
            Some(fault) => {
                kept.breaks += 1;
                kept.last = Some(fault);
            }
        }
    }
}

fn lock<P>(kept: &Mutex<Kept<P>>) -> MutexGuard<'_, Kept<P>> {
    // Nothing under the lock can leave it half changed.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
