//! The report of `yoikit ptc run`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use yoi_host::ptc::{CallRecord, Envelope};

use super::ReplayReport;

/// What `yoikit ptc run --json` prints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunReport {
    /// `yoikit.ptc-run/1`.
    pub schema: &'static str,
    /// What ran the code.
    pub engine: String,
    /// Where the code was read.
    pub file: String,
    /// Whether the code ended with a value, and nothing else went wrong.
    pub ok: bool,
    /// Wall time from the beginning of the code to its end, calls included, in microseconds.
    #[serde(rename = "wall_us", serialize_with = "micros")]
    #[schemars(with = "f64")]
    pub wall: Duration,
    /// Bytes of memory that the engine has taken.
    pub memory_bytes: usize,
    /// Where the calls were answered from, if not by tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<ReplayReport>,
    /// What went wrong besides: with a recording, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<String>,
    /// The contract's envelope, and the calls.
    #[serde(flatten, serialize_with = "envelope")]
    #[schemars(with = "Enveloped")]
    pub envelope: Envelope,
}

/// How an envelope stands in a report.
#[derive(Serialize, JsonSchema)]
struct Enveloped<'a> {
    /// The envelope as a client of the protocol gets it.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    envelope: &'a Envelope,
    /// The calls, in the order in which the code made them.
    calls: &'a [CallRecord],
}

fn envelope<S: Serializer>(envelope: &Envelope, to: S) -> Result<S::Ok, S::Error> {
    Enveloped {
        envelope,
        calls: &envelope.calls,
    }
    .serialize(to)
}

fn micros<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(duration.as_secs_f64() * 1e6)
}
