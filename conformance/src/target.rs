//! What can stand behind a contract, whatever the contract is: so far, a child process.
//!
//! - [`Child`]: a process that speaks lines of JSON, bounded in every way
//! - [`Rpc`]: JSON-RPC over them

mod child;
mod memory;
mod rpc;

pub use child::{Child, ChildError, Ender, end_children};
pub use rpc::{Rpc, RpcError, Serve, TheirRequest};
