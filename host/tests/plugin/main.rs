//! Real components under the real engine: what a call gives, and how each misbehaviour ends.

mod chatbot;
mod ended;
mod faults;
mod imports;
mod life;
mod loading;
mod polled;
mod support;
mod yoi;
