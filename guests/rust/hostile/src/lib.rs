//! A plugin that breaks whatever it is told to break.
//!
//! In a tool call the name of the tool is the misbehaviour; the other exports misbehave as the configuration
//! says: `{"start": MODE, "status": MODE, "stop": MODE, "ingress": MODE}`, where an export without a mode is a
//! good one. With the ingress mode `told`, each event says in its payload what it is answered with:
//! `{"mode": MODE}`. [`mode`] lists them all.
//!
//! The exports are written by hand: no binding would let invalid text or a length out of nowhere through.

mod abi;
mod harm;
mod mode;
mod state;
