//! The exports of the world `instance`, in the terms of the canonical ABI: a text is an address and a length,
//! and a result is the address of those two.

#![expect(unsafe_code, reason = "the canonical ABI by hand")]

use std::cell::{Cell, RefCell};

use crate::mode::{self, Export};
use crate::state;

/// For the type of the world alone, which goes into the component beside the code: nothing here is called.
mod world {
    wit_bindgen::generate!({
        path: "../../../wit/plugin",
        world: "instance",
        generate_all,
    });
}

/// What an export answers with.
pub(crate) enum Answer {
    /// Bytes, which are meant to be UTF-8.
    Bytes(Vec<u8>),
    /// An address and a length, whatever is there.
    Span(usize, usize),
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::Bytes(text.into_bytes())
    }
}

thread_local! {
    /// The answer to the last call. The host has read it by the next one, so nothing is ever freed for it and
    /// the exports need no second half that does so.
    static LAST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static SPAN: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
}

/// Hands `answer` over: the address of its address and length.
fn lower(answer: Answer) -> *const [usize; 2] {
    let span = match answer {
        Answer::Bytes(bytes) => LAST.with_borrow_mut(|last| {
            *last = bytes;
            [last.as_ptr().addr(), last.len()]
        }),
        Answer::Span(address, len) => [address, len],
    };
    SPAN.with(|last| {
        last.set(span);
        last.as_ptr().cast_const()
    })
}

/// Takes over a text that the host has written.
///
/// # Safety
///
/// `bytes` and `len` are a text parameter of the call that is running, and used once.
unsafe fn lift(bytes: *mut u8, len: usize) -> String {
    if len == 0 {
        return String::new();
    }
    // SAFETY: the host has had the memory from `cabi_realloc`, which is the allocator of this component, and
    // has written UTF-8 to all of it.
    unsafe { String::from_raw_parts(bytes, len, len) }
}

fn enter() {
    wit_bindgen::rt::run_ctors_once();
}

#[unsafe(export_name = "start")]
unsafe extern "C" fn start(config: *mut u8, config_len: usize) -> *const [usize; 2] {
    enter();
    // SAFETY: the parameter, used once.
    let config = unsafe { lift(config, config_len) };
    state::configure(&config);
    lower(mode::answer(
        &state::mode_of(Export::Start),
        Export::Start,
        &config,
    ))
}

#[unsafe(export_name = "handle-tool")]
unsafe extern "C" fn handle_tool(
    name: *mut u8,
    name_len: usize,
    input: *mut u8,
    input_len: usize,
) -> *const [usize; 2] {
    enter();
    // SAFETY: the parameters, each used once.
    let (name, input) = unsafe { (lift(name, name_len), lift(input, input_len)) };
    lower(mode::answer(&name, Export::HandleTool, &input))
}

#[unsafe(export_name = "handle-ingress")]
unsafe extern "C" fn handle_ingress(
    name: *mut u8,
    name_len: usize,
    event: *mut u8,
    event_len: usize,
) -> *const [usize; 2] {
    enter();
    // SAFETY: the parameters, each used once.
    let (_name, event) = unsafe { (lift(name, name_len), lift(event, event_len)) };
    lower(mode::answer(
        &state::mode_of(Export::HandleIngress),
        Export::HandleIngress,
        &event,
    ))
}

#[unsafe(export_name = "status")]
extern "C" fn status() -> *const [usize; 2] {
    enter();
    lower(mode::answer(
        &state::mode_of(Export::Status),
        Export::Status,
        "null",
    ))
}

#[unsafe(export_name = "stop")]
extern "C" fn stop() -> *const [usize; 2] {
    enter();
    lower(mode::answer(&state::mode_of(Export::Stop), Export::Stop, "null"))
}
