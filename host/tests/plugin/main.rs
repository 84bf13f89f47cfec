//! Real components under the real engine: what a call gives, and how each misbehaviour ends.

mod faults;
mod imports;
mod life;
mod loading;
mod support;
mod yoi;
