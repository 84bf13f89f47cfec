//! The four functions of the C library through which std would reach WASI.
//!
//! In `wasm32-wasip2` they live in wasi-libc, whose versions import `wasi:cli`, `wasi:io` and more. The linker
//! takes a member of that archive only for a symbol that nobody before it has defined, so with these here the
//! importing members stay out, and a component of ordinary std code has no WASI import. Their signatures are
//! those of C; for a file descriptor, an errno or an environment there is nothing behind them.
//!
//! Any more would be a risk: a member that is needed for another of its symbols comes in whole, and what it
//! has in common with this file is then defined twice.

#![expect(unsafe_code, reason = "symbols that std links against")]

use std::slice;

use crate::log::LOG;

const STDOUT: i32 = 1;
const STDERR: i32 = 2;

/// `struct iovec`.
#[repr(C)]
struct IoVec {
    base: *const u8,
    len: usize,
}

/// # Safety
///
/// `bytes` is the start of `len` readable bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: i32, bytes: *const u8, len: usize) -> isize {
    if fd != STDOUT && fd != STDERR {
        return -1;
    }
    if len > 0 {
        // SAFETY: the caller's promise.
        LOG.append(unsafe { slice::from_raw_parts(bytes, len) });
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

/// The end of the instance; the panic message is in the log by then.
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    core::arch::wasm32::unreachable()
}
