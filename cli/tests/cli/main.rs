//! The program as it is used: words in, words out, an exit status.

mod bench;
mod bridge;
mod call;
mod componentize;
mod contracts;
#[cfg(unix)]
mod dead;
mod dev;
mod faults;
mod grants;
mod hosts;
mod inspect;
mod inventory;
mod newcomer;
mod plugin;
mod ptc;
mod record;
mod refusals;
mod run;
mod script;
mod send;
#[cfg(unix)]
mod serve;
mod signals;
mod test;
