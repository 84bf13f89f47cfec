//! Services: real guests under supervision, on a clock that waits for nobody.

mod commands;
mod delivery;
mod journal;
mod life;
mod model;
mod queue;
mod restart;
mod sockets;
mod support;
