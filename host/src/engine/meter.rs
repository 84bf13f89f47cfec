//! What a guest takes, counted, and refused past the limit.

use wasmtime::ResourceLimiter;

use crate::Limits;

/// A growth that was refused. It is the cause that wasmtime's error carries: growing past a limit ends the
/// guest, it does not return -1 to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Linear memory.
    #[error("memory would grow to {wanted} bytes, {limit} are allowed")]
    Memory {
        /// Bytes of all memories together after the growth.
        wanted: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A table.
    #[error("a table would grow to {wanted} elements, {limit} are allowed")]
    Table {
        /// Elements after the growth.
        wanted: usize,
        /// Elements allowed.
        limit: usize,
    },
}

/// The limiter of a store. Memory never shrinks, so what is taken is also the peak.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    memory_bytes: usize,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            memory_bytes: 0,
        }
    }

    /// Bytes of linear memory taken so far.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The module's own maximum makes `memory.grow` answer -1, which is the guest's affair.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.memory_bytes.saturating_add(desired - current);
        let limit = self.limits.memory_bytes;
        if wanted > limit {
            return Err(Denied::Memory { wanted, limit }.into());
        }
        self.memory_bytes = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let limit = self.limits.table_elements;
        if desired > limit {
            return Err(Denied::Table {
                wanted: desired,
                limit,
            }
            .into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.core_instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}
