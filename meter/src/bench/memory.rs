//! How the memory of an instance grows from call to call.

use crate::report::{Growth, Memory};

/// Watches the memory of the instances of one worker.
#[derive(Debug, Default)]
pub(super) struct Watch {
    memory: Memory,
    life: Option<Growth>,
}

impl Watch {
    /// A fresh instance is called from now on.
    pub(super) fn fresh(&mut self) {
        self.settle();
    }

    /// A call left the instance with so many bytes.
    pub(super) fn after_call(&mut self, bytes: usize) {
        self.memory.high_water_bytes = self.memory.high_water_bytes.max(bytes);
        let life = self.life.get_or_insert(Growth {
            first_bytes: bytes,
            last_bytes: bytes,
            calls: 0,
            steps: 0,
            last_step: 0,
        });
        life.calls += 1;
        if bytes > life.last_bytes {
            life.last_bytes = bytes;
            life.steps += 1;
            life.last_step = life.calls;
        }
    }

    /// What was seen of all of them.
    pub(super) fn end(mut self) -> Memory {
        self.settle();
        self.memory
    }

    fn settle(&mut self) {
        if let Some(life) = self.life.take().filter(|life| life.calls > 1) {
            self.memory = merged(
                self.memory,
                Memory {
                    high_water_bytes: 0,
                    growth: Some(life),
                },
            );
        }
    }
}

/// What two workers saw.
pub(super) fn merged(one: Memory, other: Memory) -> Memory {
    let grown = |growth: &Growth| (growth.last_bytes - growth.first_bytes, growth.calls);
    Memory {
        high_water_bytes: one.high_water_bytes.max(other.high_water_bytes),
        growth: [one.growth, other.growth].into_iter().flatten().max_by_key(grown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[usize]) -> Memory {
        let mut watch = Watch::default();
        bytes.iter().for_each(|bytes| watch.after_call(*bytes));
        watch.end()
    }

    #[test]
    fn memory_that_grows_and_stays_is_no_leak() {
        let growth = seen(&[1, 1, 2, 3, 3, 3, 3, 3, 3, 3]).growth.unwrap();
        assert_eq!(
            (
                growth.first_bytes,
                growth.last_bytes,
                growth.steps,
                growth.last_step
            ),
            (1, 3, 2, 4)
        );
        assert!(!growth.goes_on());
    }

    #[test]
    fn memory_that_grows_on_is_a_leak() {
        assert!(seen(&[1, 1, 2, 2, 3, 3, 4, 4]).growth.unwrap().goes_on());
    }

    #[test]
    fn each_instance_is_looked_at_by_itself() {
        let mut watch = Watch::default();
        for _ in 0..10 {
            watch.fresh();
            watch.after_call(5);
            watch.after_call(9);
        }
        let memory = watch.end();
        assert_eq!(memory.high_water_bytes, 9);
        assert_eq!(memory.growth.unwrap().steps, 1);
    }

    #[test]
    fn an_instance_that_is_called_once_does_not_grow() {
        assert_eq!(
            seen(&[7]),
            Memory {
                high_water_bytes: 7,
                growth: None
            }
        );
    }
}
