//! What a client is told, and what is noted for people. Both threads write here.

use std::io::{self, Write};

use serde_json::value::RawValue;

use super::{Id, Shared, lock};
use crate::limits::PTC_SHOWN_BYTES;
use crate::ptc::envelope::Envelope;
use crate::ptc::protocol::{Refusal, Reply, ResultBody, call_name};
use crate::text::bounded;

impl<W: Write + Send, N: Write + Send> Shared<'_, W, N> {
    pub(super) fn finish(&self, id: &Id, envelope: &Envelope) {
        let name = |id| call_name(self.host.process, id);
        let body = ResultBody::Envelope {
            envelope: envelope.naming(&name),
        };
        self.send(&Reply::success(id.as_deref(), body));
        self.flush();
    }

    pub(super) fn refuse(&self, id: Option<&RawValue>, refusal: &Refusal) {
        self.send(&Reply::failure(id, refusal));
    }

    /// Write a line. A client that reads no more needs none.
    pub(super) fn send(&self, reply: &Reply<'_>) {
        let mut output = lock(&self.output);
        let sent = serde_json::to_writer(&mut *output, reply).map_err(io::Error::from);
        self.wrote(sent.and_then(|()| output.write_all(b"\n")));
    }

    pub(super) fn flush(&self) {
        let flushed = lock(&self.output).flush();
        self.wrote(flushed);
    }

    /// Requests are read to their end in any case; that an answer was lost is told then.
    pub(super) fn wrote(&self, written: io::Result<()>) {
        if let Err(cause) = written {
            lock(&self.lost).get_or_insert(cause);
        }
    }

    pub(super) fn note(&self, what: &str) {
        let _ = writeln!(lock(&self.notes), "[yoikit] {}", bounded(what, PTC_SHOWN_BYTES));
    }
}
