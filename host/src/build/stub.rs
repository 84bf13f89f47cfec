//! What stands in for each function of WASI.
//!
//! The rule: what a language's runtime calls unasked must not end a plugin. A clock stands still at zero,
//! seeds are zero, what is printed is thrown away, the environment is empty, there are no files. Whatever
//! cannot be answered without a lie traps, and the function's name in the trap's backtrace says which it
//! was. Secure random numbers are of that kind: a predictable token is worse than none.
//!
//! This file owns the answers and the code for them. It must not know where in a module that code goes.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType as EncodedType};
use wasmparser::{FuncType, ValType};

/// What a replaced function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stub {
    /// Trap.
    Trap,
    /// Write constants where the caller wants its results, then return a constant if anything is returned.
    Answer {
        /// What is written.
        stores: &'static [Store],
        /// What is returned.
        value: i64,
    },
    /// `fd_write` of preview 1: claim that all buffers were written.
    SwallowBuffers,
    /// `random_get` of preview 1: fill the buffer with zeros.
    ZeroBuffer,
}

/// A constant that is written to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Store {
    address: Address,
    offset: u64,
    value: Value,
}

/// The parameter that holds an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    /// The last one: the canonical ABI passes there where a result goes that does not fit a register.
    Result,
    /// The one at this index.
    Param(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Byte(i32),
    Int(i32),
    Long(i64),
}

const NOTHING: Stub = returning(0);

/// There is one of each resource. Zero is left out: C code takes it for "not opened yet".
const HANDLE: Stub = returning(1);

/// The case `none` or `ok`, without a payload.
const FIRST_CASE: Stub = writing(&[result(0, Value::Byte(0))]);

/// An empty list: no address, no length.
const EMPTY_LIST: Stub = writing(&[result(0, Value::Int(0)), result(4, Value::Int(0))]);

/// Room for another 64 KiB: `ok` of an `u64`.
const ROOM: Stub = writing(&[result(0, Value::Byte(0)), result(8, Value::Long(0x1_0000))]);

/// The case `err(closed)` of a `result<list<u8>, stream-error>`.
const CLOSED_LIST: Stub = writing(&[result(0, Value::Byte(1)), result(4, Value::Byte(1))]);

/// The case `err(closed)` of a `result<u64, stream-error>`.
const CLOSED_COUNT: Stub = writing(&[result(0, Value::Byte(1)), result(8, Value::Byte(1))]);

/// Sixteen zero bytes: a `datetime`, or a seed of two `u64`.
const ZERO_PAIR: Stub = writing(&[result(0, Value::Long(0)), result(8, Value::Long(0))]);

// Preview 1 returns an errno, zero for success, and writes to where its parameters point.

/// How many strings, and how many bytes they have together.
const NO_STRINGS: Stub = writing(&[param(0, Value::Int(0)), param(1, Value::Int(0))]);
const TIME_ZERO: Stub = writing(&[param(2, Value::Long(0))]);
const RESOLUTION: Stub = writing(&[param(1, Value::Long(1))]);
const END_OF_FILE: Stub = writing(&[param(3, Value::Int(0))]);

/// There is no such function.
const ENOSYS: Stub = returning(52);

/// There is no such file.
const EBADF: Stub = returning(8);

const fn returning(value: i64) -> Stub {
    Stub::Answer { stores: &[], value }
}

const fn writing(stores: &'static [Store]) -> Stub {
    Stub::Answer { stores, value: 0 }
}

const fn result(offset: u64, value: Value) -> Store {
    Store {
        address: Address::Result,
        offset,
        value,
    }
}

const fn param(index: u32, value: Value) -> Store {
    Store {
        address: Address::Param(index),
        offset: 0,
        value,
    }
}

impl Stub {
    /// The stand-in for a function that a core module imports.
    pub(super) fn of(module: &str, name: &str, ty: &FuncType, has_memory: bool) -> Self {
        let stub = match module.strip_prefix("wasi:") {
            Some(interface) => preview2(interface.split('@').next().unwrap_or(interface), name),
            None => preview1(name),
        };
        if stub.fits(ty, has_memory) {
            stub
        } else {
            Stub::Trap
        }
    }

    /// Whether the function has the parameters and results that the stand-in works with. Another version of
    /// WASI may have given it others.
    fn fits(self, ty: &FuncType, has_memory: bool) -> bool {
        let pointers = |count: usize| has_memory && ty.params().get(..count).is_some_and(all_i32);
        match self {
            Stub::Trap => true,
            Stub::Answer { stores, .. } => {
                matches!(ty.results(), [] | [ValType::I32 | ValType::I64])
                    && stores.iter().all(|store| {
                        let param = store.address.in_params(ty);
                        has_memory && param.is_some_and(|index| ty.params()[index as usize] == ValType::I32)
                    })
            }
            Stub::SwallowBuffers => pointers(4) && ty.results() == [ValType::I32],
            Stub::ZeroBuffer => pointers(2) && ty.results() == [ValType::I32],
        }
    }

    /// The code of the stand-in for a function of this type.
    pub(super) fn body(self, ty: &FuncType) -> Function {
        match self {
            Stub::Trap => {
                let mut body = Function::new([]);
                body.instructions().unreachable().end();
                body
            }
            Stub::Answer { stores, value } => {
                let mut body = Function::new([]);
                let mut code = body.instructions();
                for store in stores {
                    store.write(&mut code, ty);
                }
                match ty.results() {
                    [ValType::I64] => _ = code.i64_const(value),
                    [_] => _ = code.i32_const(value as i32),
                    _ => {}
                }
                code.end();
                body
            }
            Stub::SwallowBuffers => swallow_buffers(),
            Stub::ZeroBuffer => {
                let mut body = Function::new([]);
                body.instructions()
                    .local_get(0)
                    .i32_const(0)
                    .local_get(1)
                    .memory_fill(0)
                    .i32_const(0)
                    .end();
                body
            }
        }
    }
}

impl Address {
    fn in_params(self, ty: &FuncType) -> Option<u32> {
        let count = u32::try_from(ty.params().len()).ok()?;
        match self {
            Address::Result => count.checked_sub(1),
            Address::Param(index) => (index < count).then_some(index),
        }
    }
}

impl Store {
    fn write(&self, code: &mut InstructionSink<'_>, ty: &FuncType) {
        let Some(address) = self.address.in_params(ty) else {
            return;
        };
        let at = |align| MemArg {
            offset: self.offset,
            align,
            memory_index: 0,
        };
        code.local_get(address);
        match self.value {
            Value::Byte(value) => code.i32_const(value).i32_store8(at(0)),
            Value::Int(value) => code.i32_const(value).i32_store(at(2)),
            Value::Long(value) => code.i64_const(value).i64_store(at(3)),
        };
    }
}

fn all_i32(types: &[ValType]) -> bool {
    types.iter().all(|ty| *ty == ValType::I32)
}

fn preview2(interface: &str, name: &str) -> Stub {
    if name.starts_with("[resource-drop]") {
        return NOTHING;
    }
    match (interface, name) {
        ("cli/environment", "get-environment" | "get-arguments") => EMPTY_LIST,
        ("cli/environment", "initial-cwd" | "get-initial-cwd") => FIRST_CASE,
        ("cli/stdin", "get-stdin") => HANDLE,
        ("cli/stdout", "get-stdout") => HANDLE,
        ("cli/stderr", "get-stderr") => HANDLE,
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => FIRST_CASE,
        ("io/streams", "[method]output-stream.check-write") => ROOM,
        (
            "io/streams",
            "[method]output-stream.write"
            | "[method]output-stream.blocking-write-and-flush"
            | "[method]output-stream.flush"
            | "[method]output-stream.blocking-flush"
            | "[method]output-stream.write-zeroes"
            | "[method]output-stream.blocking-write-zeroes-and-flush",
        ) => FIRST_CASE,
        ("io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => CLOSED_LIST,
        ("io/streams", "[method]input-stream.skip" | "[method]input-stream.blocking-skip") => CLOSED_COUNT,
        ("io/streams", "[method]output-stream.subscribe" | "[method]input-stream.subscribe") => HANDLE,
        ("io/poll", "[method]pollable.ready") => returning(1),
        ("io/poll", "[method]pollable.block") => NOTHING,
        ("clocks/monotonic-clock", "now") => returning(0),
        // A resolution is something one divides by.
        ("clocks/monotonic-clock", "resolution") => returning(1),
        ("clocks/monotonic-clock", "subscribe-instant" | "subscribe-duration") => HANDLE,
        ("clocks/wall-clock", "now" | "resolution") => ZERO_PAIR,
        ("random/insecure", "get-insecure-random-u64") => returning(0),
        ("random/insecure-seed", "insecure-seed") => ZERO_PAIR,
        ("filesystem/preopens", "get-directories") => EMPTY_LIST,
        _ => Stub::Trap,
    }
}

fn preview1(name: &str) -> Stub {
    match name {
        "args_sizes_get" | "environ_sizes_get" => NO_STRINGS,
        "args_get" | "environ_get" | "sched_yield" | "fd_close" => NOTHING,
        "clock_time_get" => TIME_ZERO,
        "clock_res_get" => RESOLUTION,
        // Preview 1 has one source for seeds and for secrets. Without it no hash map can be made.
        "random_get" => Stub::ZeroBuffer,
        "fd_write" => Stub::SwallowBuffers,
        "fd_read" => END_OF_FILE,
        "fd_prestat_get" => EBADF,
        "proc_exit" | "proc_raise" => Stub::Trap,
        _ => ENOSYS,
    }
}

/// Adds up the lengths in an array of buffers, each an address and a length.
fn swallow_buffers() -> Function {
    let (buffers, count, written, sum) = (1, 2, 3, 4);
    let length = MemArg {
        offset: 4,
        align: 2,
        memory_index: 0,
    };
    let answer = MemArg {
        offset: 0,
        align: 2,
        memory_index: 0,
    };
    let mut body = Function::new([(1, EncodedType::I32)]);
    let mut code = body.instructions();
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(count).i32_eqz().br_if(1);
    code.local_get(sum)
        .local_get(buffers)
        .i32_load(length)
        .i32_add()
        .local_set(sum);
    code.local_get(buffers).i32_const(8).i32_add().local_set(buffers);
    code.local_get(count).i32_const(1).i32_sub().local_set(count);
    code.br(0).end().end();
    code.local_get(written)
        .local_get(sum)
        .i32_store(answer)
        .i32_const(0)
        .end();
    body
}
