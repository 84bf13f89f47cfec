//! A network laid down before: for tests, and for runs that must not touch the real one.
//!
//! Both halves are cheap to clone, and a clone shares script and count: one goes into the
//! [`Net`](super::Net), the other is asked afterwards.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::DuplexStream;

use super::{ByteStream, Dialer, Pending, Resolver};

/// Bytes that a scripted connection holds in either direction before the writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// Names and what they resolve to. A name that is not in the script does not exist.
#[derive(Debug, Clone, Default)]
pub struct ScriptedResolver {
    shared: Arc<Mutex<Names>>,
}

#[derive(Debug, Default)]
struct Names {
    script: HashMap<String, VecDeque<Answer>>,
    asked: Vec<String>,
}

#[derive(Debug, Clone)]
enum Answer {
    Addresses(Vec<IpAddr>),
    Failure(String),
    Silence,
}

impl ScriptedResolver {
    /// No names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next answer for `name`. Answers are given in the order in which they were laid down, the last one
    /// for ever.
    #[must_use]
    pub fn answer(self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.next(name, Answer::Addresses(addresses.into_iter().collect()))
    }

    /// The next answer for `name` is a failure, in these words.
    #[must_use]
    pub fn fail(self, name: &str, message: &str) -> Self {
        self.next(name, Answer::Failure(message.to_owned()))
    }

    /// The next question for `name` is never answered.
    #[must_use]
    pub fn silence(self, name: &str) -> Self {
        self.next(name, Answer::Silence)
    }

    /// The names that were asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// The names of the script that were never asked for, sorted.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        let names = self.lock();
        let mut left: Vec<String> = names
            .script
            .keys()
            .filter(|name| !names.asked.contains(name))
            .cloned()
            .collect();
        left.sort();
        left
    }

    fn next(self, name: &str, answer: Answer) -> Self {
        self.lock()
            .script
            .entry(name.to_owned())
            .or_default()
            .push_back(answer);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for ScriptedResolver {
    fn lookup<'a>(&'a self, name: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        let mut names = self.lock();
        names.asked.push(name.to_owned());
        let answer = names
            .script
            .get_mut(name)
            .and_then(|answers| match answers.len() {
                1 => answers.front().cloned(),
                _ => answers.pop_front(),
            });
        drop(names);
        Box::pin(async move {
            match answer {
                Some(Answer::Addresses(addresses)) => Ok(addresses),
                Some(Answer::Failure(message)) => Err(io::Error::other(message)),
                Some(Answer::Silence) => future::pending().await,
                None => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
            }
        })
    }
}

/// Addresses and who answers there. An address that is not in the script refuses the connection.
#[derive(Debug, Clone, Default)]
pub struct ScriptedDialer {
    shared: Arc<Mutex<Addresses>>,
}

#[derive(Debug, Default)]
struct Addresses {
    script: HashMap<SocketAddr, Peer>,
    dialled: Vec<SocketAddr>,
}

#[derive(Clone)]
enum Peer {
    Serves(Arc<dyn Fn(DuplexStream) -> Pending<'static, ()> + Send + Sync>),
    Silence,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Peer::Serves(_) => "Serves",
            Peer::Silence => "Silence",
        })
    }
}

impl ScriptedDialer {
    /// No peers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At `address`, `serve` is given the far end of every connection. It runs on the network's runtime,
    /// beside the call that dialled.
    #[must_use]
    pub fn peer<F>(
        self,
        address: SocketAddr,
        serve: impl Fn(DuplexStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let serves = Peer::Serves(Arc::new(move |stream| Box::pin(serve(stream))));
        self.lock().script.insert(address, serves);
        self
    }

    /// At `address`, the connection is neither made nor refused.
    #[must_use]
    pub fn silence(self, address: SocketAddr) -> Self {
        self.lock().script.insert(address, Peer::Silence);
        self
    }

    /// The addresses that were dialled, in order.
    #[must_use]
    pub fn dialled(&self) -> Vec<SocketAddr> {
        self.lock().dialled.clone()
    }

    /// The addresses of the script that were never dialled, sorted.
    #[must_use]
    pub fn leftovers(&self) -> Vec<SocketAddr> {
        let addresses = self.lock();
        let mut left: Vec<SocketAddr> = addresses
            .script
            .keys()
            .filter(|address| !addresses.dialled.contains(address))
            .copied()
            .collect();
        left.sort();
        left
    }

    fn lock(&self) -> MutexGuard<'_, Addresses> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dialer for ScriptedDialer {
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>> {
        let mut addresses = self.lock();
        addresses.dialled.push(address);
        let peer = addresses.script.get(&address).cloned();
        drop(addresses);
        Box::pin(async move {
            match peer {
                Some(Peer::Serves(serve)) => {
                    let (near, far) = tokio::io::duplex(PIPE_BYTES);
                    tokio::spawn(serve(far));
                    Ok(Box::new(near) as Box<dyn ByteStream>)
                }
                Some(Peer::Silence) => future::pending().await,
                None => Err(io::Error::new(
                    io::ErrorKind::ConnectionRefused,
                    "connection refused",
                )),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(work)
    }

    #[test]
    fn answers_come_in_order_and_the_last_one_stays() {
        let [first, second] = [1, 2].map(|last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last)));
        let resolver = ScriptedResolver::new()
            .answer("a.test", [first])
            .answer("a.test", [second]);
        let answers = block_on(async {
            let mut answers = Vec::new();
            for _ in 0..3 {
                answers.extend(resolver.lookup("a.test").await.unwrap());
            }
            answers
        });
        assert_eq!(answers, [first, second, second]);
        assert_eq!(resolver.asked(), ["a.test", "a.test", "a.test"]);
    }

    #[test]
    fn what_was_never_asked_for_is_left_over() {
        let resolver = ScriptedResolver::new()
            .fail("b.test", "down")
            .silence("a.test")
            .fail("c.test", "down");
        block_on(resolver.lookup("b.test")).unwrap_err();
        assert_eq!(resolver.leftovers(), ["a.test", "c.test"]);

        let [used, left] = [1, 2].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let dialer = ScriptedDialer::new().peer(used, |_| async {}).silence(left);
        block_on(dialer.dial(used)).unwrap();
        assert_eq!(dialer.leftovers(), [left]);
    }

    #[test]
    fn what_is_not_in_the_script_is_not_there() {
        let error = block_on(ScriptedResolver::new().lookup("a.test")).unwrap_err();
        insta::assert_snapshot!(error, @"no such name");
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let error = block_on(ScriptedDialer::new().dial(nowhere)).unwrap_err();
        insta::assert_snapshot!(error, @"connection refused");
    }
}
