//! The outside world, injected: a plugin's host calls see no more of it than what stands here.
//!
//! This room knows how things are reached, and nothing of who may reach them: that is decided before
//! ([`crate::authority`]) and beside it (the imports judge every address before it is dialled). Nothing here
//! reads an environment variable; a proxy that one names is not used.
//!
//! - [`Net`]: names, addresses, TLS, time bounds and chance, as [`NetOptions`] put them together
//! - [`Resolver`], [`Dialer`]: what a world must do; [`SystemResolver`] and [`TcpDialer`] do it for real
//! - [`ScriptedResolver`], [`ScriptedDialer`]: answers laid down before, every question counted
//! - [`HttpPeer`], [`WebsocketPeer`]: who answers at a scripted address
//! - [`Clock`]: the machine's, or one that waits for nobody
//! - [`ScriptedTree`]: files laid down before, and what became of them
//! - `disturb`: any of it broken on purpose, for the length of one call

mod chance;
mod clock;
mod dialer;
mod disturb;
mod net;
mod peers;
mod resolver;
mod scripted;
mod tasks;
mod tls;
mod tree;

use std::pin::Pin;

pub use clock::Clock;
pub use dialer::{ByteStream, Dialer, TcpDialer};
pub(crate) use disturb::{Disturbance, Switch, Wire};
pub use net::{Net, NetOptions, NetTimes};
pub use peers::{HttpPeer, WebsocketPeer};
pub use resolver::{Resolver, SystemResolver};
pub use scripted::{ScriptedDialer, ScriptedResolver};
pub(crate) use tasks::{Alarm, Hold, Unfinished};
pub use tls::BadAuthority;
pub use tree::{LaidTree, Node, ScriptedTree};

/// Work that is under way: a future on the heap, which any thread may drive.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
