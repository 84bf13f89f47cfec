//! One worker: calls, and looks at the clock before and after. Nothing in its loop is shared with others but the
//! question whether the run is to end, which nobody writes meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use yoi_host::plugin::{CallError, Cause};

use super::seat::{Seat, failure};
use super::tally::{Call, Tally};
use super::{Pace, Plan, Target};
use crate::Stop;
use crate::limits::{FAILED_STARTS, LOOK_UP, TIMER_LATE};

/// Call until the level is over.
pub(super) fn work(
    seat: &mut Seat<'_>,
    (target, plan, stop): (&Target<'_>, &Plan, &Stop),
    (workers, number): (usize, usize),
    begin: Instant,
) -> Tally {
    let mut tally = Tally::new(plan, workers, number);
    let mut turns = Turns::new(plan, workers, number, begin);
    let counted_from = begin + plan.warm_up;
    let mut failed_starts = 0;
    while let Some(turn) = turns.next(stop, &mut tally) {
        let (instance, fresh) = match seat.ready() {
            Ok(ready) => ready,
            Err(error) => {
                if turn.due >= counted_from && !stop.is_asked() {
                    tally.failure(error.code().to_string(), error.to_string());
                }
                failed_starts += 1;
                if failed_starts == FAILED_STARTS {
                    break;
                }
                continue;
            }
        };
        failed_starts = 0;
        if fresh {
            tally.memory.fresh();
        }
        let began = Instant::now();
        let ended = instance.handle_tool(target.tool, target.input);
        let end = Instant::now();
        if stop.is_asked() && is_cut_off(&ended) {
            break;
        }
        if let Some(measures) = instance.last_call() {
            tally.memory.after_call(measures.memory_bytes);
        }
        let from = match plan.pace {
            Pace::Closed => began,
            Pace::Open { .. } => turn.due,
        };
        if from >= counted_from {
            if let Some(late) = turn.timer_late {
                tally.timer_late(late);
            }
            tally.note(Call {
                latency: end - from,
                service: end - began,
                at: began - counted_from,
                failure: failure(&ended),
                complete: ended.is_ok(),
                inside: Call::inside(instance),
            });
        }
        if seat.loses(&ended) && from >= counted_from {
            tally.restarts += 1;
        }
    }
    tally
}

fn is_cut_off<T>(ended: &Result<T, CallError>) -> bool {
    let fault = ended.as_ref().err().and_then(CallError::fault);
    fault.is_some_and(|fault| fault.cause == Cause::Cancelled)
}

/// When a worker calls.
struct Turns<'a> {
    plan: &'a Plan,
    workers: u64,
    number: u64,
    begin: Instant,
    until: Instant,
    made: u64,
}

struct Turn {
    due: Instant,
    /// How late it is, where the worker was free before.
    timer_late: Option<Duration>,
}

impl<'a> Turns<'a> {
    fn new(plan: &'a Plan, workers: usize, number: usize, begin: Instant) -> Self {
        Self {
            plan,
            workers: workers as u64,
            number: number as u64,
            begin,
            until: begin + plan.warm_up + plan.duration,
            made: 0,
        }
    }

    /// Wait for the next turn. None where the level is over.
    fn next(&mut self, stop: &Stop, tally: &mut Tally) -> Option<Turn> {
        if stop.is_asked() {
            return None;
        }
        let free = Instant::now();
        let Pace::Open { rate } = self.plan.pace else {
            return (free < self.until).then_some(Turn {
                due: free,
                timer_late: None,
            });
        };
        if free >= self.counted_from() {
            self.forget_the_warm_up(rate);
        }
        let due = self.due(self.made, rate);
        if due >= self.until {
            return None;
        }
        if free >= self.until {
            self.give_up(rate, tally);
            return None;
        }
        let waits = free < due;
        while waits && Instant::now() < due {
            if stop.is_asked() {
                return None;
            }
            wait(due);
        }
        self.made += 1;
        if due >= self.counted_from() {
            tally.due += 1;
        }
        Some(Turn {
            due,
            timer_late: waits.then(|| due.elapsed()),
        })
    }

    /// The calls that were due in the warm-up and not made are made no more: who would wait behind them is counted.
    fn forget_the_warm_up(&mut self, rate: f64) {
        while self.due(self.made, rate) < self.counted_from() {
            self.made += 1;
        }
    }

    /// The calls that were due until the end and are not made any more.
    fn give_up(&mut self, rate: f64, tally: &mut Tally) {
        loop {
            let due = self.due(self.made, rate);
            if due >= self.until {
                return;
            }
            self.made += 1;
            if due >= self.counted_from() {
                tally.due += 1;
                tally.never_made += 1;
            }
        }
    }

    /// When this worker's call of that number is due. The workers take turns.
    fn due(&self, made: u64, rate: f64) -> Instant {
        let place = made * self.workers + self.number;
        self.begin + Duration::from_secs_f64(place as f64 / rate)
    }

    fn counted_from(&self) -> Instant {
        self.begin + self.plan.warm_up
    }
}

/// Wait for a while, at most until then: asleep while there is time, awake for the rest, since timers are late.
fn wait(due: Instant) {
    match due
        .saturating_duration_since(Instant::now())
        .checked_sub(TIMER_LATE)
    {
        Some(time) if !time.is_zero() => thread::sleep(time.min(LOOK_UP)),
        _ => std::hint::spin_loop(),
    }
}
