//! What can stand behind a contract, whatever the contract is: so far, a child process.
//!
//! - [`Child`]: a process that speaks lines of JSON, bounded in every way
//! - [`Line`]: a line in which an adapter is asked and answers, under a number
//! - `pool`: processes that are lent to cases
//! - [`Rpc`]: JSON-RPC over them

mod child;
mod line;
mod memory;
mod pool;
mod rpc;

pub use child::{Child, ChildError, Ender, Spawning, Speaker, end_children};
pub use line::Line;
pub(crate) use line::next_line;
pub(crate) use pool::{Lent, Pool, Worker};
pub use rpc::{Rpc, RpcError, Serve, TheirRequest};
