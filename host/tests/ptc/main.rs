//! User code in Monty, under the real engine: what a run gives, in whatever order its calls are answered, and how
//! every misbehaviour ends.

mod calls;
mod hostile;
mod order;
mod runs;
mod serve;
mod support;
mod values;
