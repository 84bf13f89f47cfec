//! What stands for a stream of NATS JetStream where the program was built without: there is none.

use tokio::runtime::Runtime;
use yoi_host::plugin::service::{Service, ServiceOptions};

use super::log::Log;
use crate::args::Serve;
use crate::failure::Failure;

/// None can be had.
pub(super) enum Stream {}

/// None can be taken from.
pub(super) enum Source {}

/// None is connected.
#[derive(Debug)]
pub(super) enum Link {}

impl Link {
    pub(super) fn is_connected(&self) -> bool {
        match *self {}
    }

    pub(super) fn outages(&self) -> u64 {
        match *self {}
    }
}

impl Stream {
    /// That nobody asks for one was seen to when the command was read.
    pub(super) fn open(_: &Serve, _: &Runtime, _: &str) -> Result<Option<Self>, Failure> {
        Ok(None)
    }

    pub(super) fn options(&self, _: ServiceOptions) -> ServiceOptions {
        match *self {}
    }

    pub(super) fn begin(&self, _: &Runtime, _: &Service, _: &Log) -> Result<Source, Failure> {
        match *self {}
    }
}

impl Source {
    pub(super) fn halt(&self) {
        match *self {}
    }

    pub(super) fn link(&self) -> Link {
        match *self {}
    }

    pub(super) async fn gone(&self) {
        match *self {}
    }

    pub(super) async fn over(self) -> (u64, Option<String>) {
        match self {}
    }
}
