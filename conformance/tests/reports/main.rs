//! What a run comes to, and how it is told: with a toy contract, so that nothing here is about plugins.

mod interrupting;
mod judging;
mod merging;
mod replaying;
mod shapes;
mod toy;
