//! The functions of the C library through which std would reach WASI. A dialect has nothing to reach: what it prints
//! goes nowhere, and a panic is a trap.
//!
//! The linker takes a member of wasi-libc only for a symbol that nobody before it has defined, so with these here the
//! members that import WASI stay out. Their signatures are those of C.

#![expect(unsafe_code, reason = "symbols that std links against")]

/// `struct iovec`.
#[repr(C)]
struct IoVec {
    base: *const u8,
    len: usize,
}

#[unsafe(no_mangle)]
extern "C" fn write(_fd: i32, _bytes: *const u8, len: usize) -> isize {
    len as isize
}

/// # Safety
///
/// `parts` is the start of `count` vectors.
#[unsafe(no_mangle)]
unsafe extern "C" fn writev(_fd: i32, parts: *const IoVec, count: i32) -> isize {
    let Ok(count) = usize::try_from(count) else {
        return -1;
    };
    // SAFETY: the caller's promise. None may have no start.
    let lengths = (0..count).map(|at| unsafe { (*parts.add(at)).len });
    lengths.sum::<usize>() as isize
}

/// The environment is empty.
#[unsafe(no_mangle)]
extern "C" fn getenv(_name: *const u8) -> *mut u8 {
    std::ptr::null_mut()
}

/// The end of the instance.
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    core::arch::wasm32::unreachable()
}
