//! The functions of the C library through which std and its users would reach WASI.
//!
//! The linker takes a member of wasi-libc only for a symbol that nobody before it has defined, so with these here
//! the members that import WASI stay out. What is behind them is the host of this world. Their signatures are
//! those of C.
//!
//! `wasi:random` alone is left: std seeds its hash maps from it, and `getrandom` what Monty's own need, by imports that
//! no symbol stands before. The host answers those too, from the source that `random` of this world draws from.

#![expect(unsafe_code, reason = "symbols that std links against")]

use std::slice;

use crate::bindings::yoi::ptc::host::{self, Output};

const STDERR: i32 = 2;

/// `struct iovec`.
#[repr(C)]
struct IoVec {
    base: *const u8,
    len: usize,
}

/// `struct timespec`.
#[repr(C)]
struct TimeSpec {
    seconds: i64,
    nanos: i32,
}

/// Only a panic's message comes this way: the code's own output is collected by itself.
///
/// # Safety
///
/// `bytes` is the start of `len` readable bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: i32, bytes: *const u8, len: usize) -> isize {
    if fd != STDERR {
        return -1;
    }
    if len > 0 {
        // SAFETY: the caller's promise.
        let bytes = unsafe { slice::from_raw_parts(bytes, len) };
        host::write(Output::Stderr, &String::from_utf8_lossy(bytes));
    }
    len as isize
}

/// # Safety
///
/// `parts` is the start of `count` vectors, each of readable bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn writev(fd: i32, parts: *const IoVec, count: i32) -> isize {
    let parts = match usize::try_from(count) {
        Ok(0) => &[],
        // SAFETY: the caller's promise.
        Ok(count) => unsafe { slice::from_raw_parts(parts, count) },
        Err(_) => return -1,
    };
    let mut written = 0;
    for part in parts {
        // SAFETY: the caller's promise.
        match unsafe { write(fd, part.base, part.len) } {
            -1 => return -1,
            len => written += len,
        }
    }
    written
}

/// The environment is empty.
#[unsafe(no_mangle)]
extern "C" fn getenv(_name: *const u8) -> *mut u8 {
    std::ptr::null_mut()
}

/// The end of the instance; the panic's message is with the host by then.
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    core::arch::wasm32::unreachable()
}

/// Every clock is the host's.
///
/// # Safety
///
/// `into` is a place for a time.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(_clock: *const u8, into: *mut TimeSpec) -> i32 {
    const PER_SECOND: u64 = 1_000_000_000;
    let now = host::now();
    let time = TimeSpec {
        seconds: (now / PER_SECOND) as i64,
        nanos: (now % PER_SECOND) as i32,
    };
    // SAFETY: the caller's promise.
    unsafe { into.write(time) };
    0
}

/// # Safety
///
/// `into` is the start of `len` writable bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getentropy(into: *mut u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let into = unsafe { slice::from_raw_parts_mut(into, len) };
    for piece in into.chunks_mut(8) {
        piece.copy_from_slice(&host::random().to_le_bytes()[..piece.len()]);
    }
    0
}
