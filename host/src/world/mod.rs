//! The outside world, injected: a plugin's host calls see no more of it than what stands here.
//!
//! This room knows how things are reached, and nothing of who may reach them: that is decided before
//! ([`crate::authority`]) and beside it (the imports judge every address before it is dialled). Nothing here
//! reads an environment variable; a proxy that one names is not used.
//!
//! - [`Net`]: names, addresses, TLS and time bounds, as [`NetOptions`] put them together
//! - [`Resolver`], [`Dialer`]: what a world must do; [`SystemResolver`] and [`TcpDialer`] do it for real
//! - [`ScriptedResolver`], [`ScriptedDialer`]: answers laid down before, every question counted

mod dialer;
mod net;
mod resolver;
mod scripted;
mod tasks;
mod tls;

use std::pin::Pin;

pub use dialer::{ByteStream, Dialer, TcpDialer};
pub use net::{Net, NetOptions, NetTimes};
pub use resolver::{Resolver, SystemResolver};
pub use scripted::{ScriptedDialer, ScriptedResolver};
pub(crate) use tasks::Unfinished;
pub use tls::BadAuthority;

/// Work that is under way: a future on the heap, which any thread may drive.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
