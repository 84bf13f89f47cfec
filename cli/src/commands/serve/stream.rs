//! A stream of NATS JetStream that events are taken from as well.

use tokio::runtime::Runtime;
use yoi_host::limits::{DELIVERY_ATTEMPTS, STREAM_WAIT};
use yoi_host::plugin::service::nats::{EventStream, Taken, Taking};
use yoi_host::plugin::service::{Service, ServiceOptions};

use super::log::Log;
use crate::args::Serve;
use crate::failure::Failure;
use crate::report::service::{ProgramEvent, ServeEvent};

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
        let tell = move |taken: Taken| tell(ServeEvent::Program(ProgramEvent::Stream { taken }));
        let begun = Taking::begin(&self.0, service, DELIVERY_ATTEMPTS, STREAM_WAIT, tell);
        match runtime.block_on(begun) {
            Ok(taking) => Ok(Source(taking)),
            Err(error) => Err(Failure::Other(error.to_string())),
        }
    }
}

/// A stream that is taken from.
pub(super) struct Source(Taking);

impl Source {
    /// Take no more.
    pub(super) fn halt(&self) {
        self.0.halt();
    }

    /// When the stream was told what became of everything that was taken.
    pub(super) async fn over(self) {
        self.0.stop().await;
    }
}
