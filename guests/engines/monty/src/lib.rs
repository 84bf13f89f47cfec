//! Monty as an engine of the world `yoi:ptc/engine`.
//!
//! Monty runs code until it calls something that it does not have itself, and hands the whole machine over as a
//! value which can be gone on with. A call of a tool is gone on with at once, with a future in its place; when
//! every task waits for one, the run pauses, and the world's `resume` brings what they wait for.
//!
//! - `session`: the machine, and what becomes of each of its questions
//! - `tools`: the object `tools`, and how its calls are judged
//! - `json`: values, across the boundary and back
//! - `os`: the answers to code that looks for a machine around it
//! - `console`: what the code prints
//! - `libc`: what std looks for below itself

mod console;
mod json;
mod libc;
mod os;
mod session;
mod tools;

use std::cell::RefCell;

use session::Session;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit/ptc",
        world: "engine",
    });
}

use bindings::yoi::ptc::types::{Answer, Step};

thread_local! {
    /// An instance is a session.
    static SESSION: RefCell<Session> = RefCell::new(Session::new());
}

struct Engine;

impl bindings::Guest for Engine {
    fn run(code: String, tools: Vec<String>) -> Step {
        SESSION.with_borrow_mut(|session| session.run(&code, tools))
    }

    fn resume(answers: Vec<Answer>) -> Step {
        SESSION.with_borrow_mut(|session| session.resume(answers))
    }

    fn abandon() {
        SESSION.with_borrow_mut(Session::abandon);
    }
}

#[expect(unsafe_code, reason = "generated: the glue of the exports")]
mod exports {
    use super::{Engine, bindings};

    bindings::export!(Engine with_types_in bindings);
}
