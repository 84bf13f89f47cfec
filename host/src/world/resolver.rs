//! From a name to addresses.

use std::fmt;
use std::io;
use std::net::IpAddr;

use super::Pending;

/// Finds the addresses of names.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// All addresses of `name`, in the order in which they are to be tried; each at most once is enough.
    ///
    /// `name` is a host name as a URL has it: lower case, punycode, perhaps with a final dot, never an
    /// address. It is called on the [`Net`](super::Net)'s own runtime, and dropped where it takes too long.
    fn lookup<'a>(&'a self, name: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup<'a>(&'a self, name: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            // The port is of no account: the system wants one, and gives it back with every address.
            let found = tokio::net::lookup_host((name, 0)).await?;
            let mut addresses = Vec::new();
            for address in found.map(|address| address.ip()) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            Ok(addresses)
        })
    }
}
