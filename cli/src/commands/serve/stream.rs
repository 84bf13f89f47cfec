//! A stream of NATS JetStream that events are taken from as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Runtime;
use tokio::sync::watch;
use yoi_host::limits::STREAM_WAIT;
pub(super) use yoi_host::plugin::service::nats::Link;
use yoi_host::plugin::service::nats::{EventStream, Taken, Taking};
use yoi_host::plugin::service::{Service, ServiceOptions};

use super::log::Log;
use crate::args::Serve;
use crate::failure::Failure;
use crate::report::service::ProgramEvent;

/// The stream that was typed.
pub(super) struct Stream(EventStream);

impl Stream {
    /// The stream for the plugin of this name, if one was typed.
    pub(super) fn open(args: &Serve, runtime: &Runtime, plugin: &str) -> Result<Option<Self>, Failure> {
        let (Some(url), Some(name)) = (&args.nats, &args.stream) else {
            return Ok(None);
        };
        match runtime.block_on(EventStream::open(url, name, plugin)) {
            Ok(stream) => Ok(Some(Self(stream))),
            Err(error) => Err(Failure::Other(error.to_string())),
        }
    }

    /// How a service is run that takes from it.
    pub(super) fn options(&self, options: ServiceOptions) -> ServiceOptions {
        Taking::options(options)
    }

    /// Have the service take from it, and tell what becomes of each event.
    pub(super) fn begin(&self, runtime: &Runtime, service: &Service, log: &Log) -> Result<Source, Failure> {
        let tell = log.teller();
        let given_back = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&given_back);
        let (tell_gone, gone) = watch::channel(None);
        let tell = move |taken: Taken| {
            match &taken {
                Taken::Returned { attempt: Some(_), .. } => {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                Taken::Gone { why } => {
                    tell_gone.send_replace(Some(why.clone()));
                }
                _ => {}
            }
            tell(ProgramEvent::Stream { taken });
        };
        let begun = Taking::begin(&self.0, service, STREAM_WAIT, tell);
        match runtime.block_on(begun) {
            Ok(taking) => Ok(Source {
                taking,
                given_back,
                gone,
                link: self.0.link().clone(),
            }),
            Err(error) => Err(Failure::Other(error.to_string())),
        }
    }
}

/// A stream that is taken from.
pub(super) struct Source {
    taking: Taking,
    /// Events that the service had and did not get to.
    given_back: Arc<AtomicU64>,
    /// Why there is no stream any more, once there is none.
    gone: watch::Receiver<Option<String>>,
    link: Link,
}

impl Source {
    /// Take no more.
    pub(super) fn halt(&self) {
        self.taking.halt();
    }

    /// Its connection.
    pub(super) fn link(&self) -> Link {
        self.link.clone()
    }

    /// When there is no stream any more.
    pub(super) async fn gone(&self) {
        let mut gone = self.gone.clone();
        if gone.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// When the stream was told what became of everything that was taken: how many events that the service had it was
    /// given back, and why there is none any more, if so.
    pub(super) async fn over(self) -> (u64, Option<String>) {
        self.taking.stop().await;
        let gone = self.gone.borrow().clone();
        (self.given_back.load(Ordering::Relaxed), gone)
    }
}
