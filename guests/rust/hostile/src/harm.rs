//! What harms the instance, or means to harm the host. None of it may be left to the mercy of the optimiser,
//! which knows well that a loop without an effect need not run and a recursion need not recurse.

#![expect(unsafe_code, reason = "the linear memory and the table, from inside")]

use std::arch::wasm32;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Runs for ever.
pub(crate) fn spin() -> ! {
    static TURNS: AtomicU32 = AtomicU32::new(0);
    loop {
        TURNS.fetch_add(1, Relaxed);
    }
}

/// Calls itself until the stack of the engine is used up. Frames take nothing from the stack in linear memory,
/// which would otherwise be the first to end.
pub(crate) fn recurse() -> u32 {
    static DEPTH: AtomicU32 = AtomicU32::new(0);
    descend(&DEPTH)
}

/// What is done after the inner call keeps it from being a jump.
#[inline(never)]
fn descend(depth: &AtomicU32) -> u32 {
    if depth.fetch_add(1, Relaxed) == u32::MAX {
        return 0;
    }
    let inner = descend(depth);
    depth.fetch_sub(1, Relaxed).rotate_left(5) ^ inner
}

/// Grows the memory until that is refused, and says how many pages were had.
pub(crate) fn grow_memory() -> usize {
    let mut pages = 0;
    while wasm32::memory_grow(0, 1) != usize::MAX {
        pages += 1;
    }
    pages
}

/// Grows the table until that is refused, and says how many entries were had.
pub(crate) fn grow_table() -> u32 {
    const STEP: u32 = 64;
    let mut entries: u32 = 0;
    while table_grow(STEP) != -1 {
        entries += STEP;
    }
    entries
}

/// The size of the memory in bytes.
pub(crate) fn memory_bytes() -> usize {
    const PAGE: usize = 65_536;
    wasm32::memory_size(0) * PAGE
}

/// The end of the instance, without a word.
pub(crate) fn trap() -> ! {
    wasm32::unreachable()
}

fn table_grow(by: u32) -> i32 {
    unsafe extern "C" {
        /// In the object file that the build script writes.
        safe fn yoi_table_grow(by: u32) -> i32;
    }
    yoi_table_grow(by)
}
