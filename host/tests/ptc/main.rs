//! User code in Monty and, where they were made, in other engines: what a run gives, in whatever order its calls are
//! answered, and how every misbehaviour ends.

mod calls;
mod cpython;
mod engines;
mod hostile;
mod node;
mod order;
mod quickjs;
mod recordings;
mod runs;
mod serve;
mod support;
mod values;
