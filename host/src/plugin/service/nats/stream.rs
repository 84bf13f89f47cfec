//! The stream: how it is laid out, and what is put into it.

use std::time::Duration;

use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, Stream};
use async_nats::jetstream::{self, Context};
use serde::Serialize;

use crate::limits::{
    STREAM_BYTES, STREAM_CONNECT_TIME, STREAM_DEAD_LETTERS, STREAM_DUPLICATES, STREAM_PARTITIONS,
};
use crate::plugin::message::IngressEvent;

/// How the events lie in the stream. Another one is not read.
const FORMAT: &str = "yoikit.stream/1";

/// A stream of events for one plugin.
#[derive(Debug, Clone)]
pub struct EventStream {
    context: Context,
    name: String,
    stream: Stream,
}

/// Why a stream cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The name is none that a subject may have.
    #[error("`{0}` cannot be the name of a stream: 1 to 64 letters, digits, `-` and `_` can")]
    BadName(String),
    /// No server.
    #[error("failed to connect to the NATS server {url}: {cause}")]
    Connect {
        /// Where it was looked for.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// The server does not do what is asked.
    #[error("failed to {doing} the stream `{name}`: {cause}")]
    Server {
        /// What was asked.
        doing: &'static str,
        /// Of which stream.
        name: String,
        /// What the server said.
        cause: String,
    },
    /// A stream of something else.
    #[error(
        "the stream `{name}` is not one of the plugin `{owner}`: it says of itself `{found}`; name another stream"
    )]
    Other {
        /// The stream.
        name: String,
        /// For whom it was opened.
        owner: String,
        /// What it says.
        found: String,
    },
}

/// An event that was given up, as it lies under `NAME.dead`.
#[derive(Debug, Serialize)]
pub(super) struct DeadLetter<'a> {
    pub(super) why: &'a str,
    /// The event, as it was in the stream.
    pub(super) event: &'a serde_json::value::RawValue,
}

/// The partition of a source, for senders that are not of this library: CRC-32 of the source's bytes (the one of
/// Ethernet and zip), modulo 16.
#[must_use]
pub fn partition(source: &str) -> u32 {
    crc32fast::hash(source.as_bytes()) % STREAM_PARTITIONS
}

impl EventStream {
    /// Connect to a server, and open the stream there, or lay it out, for the plugin that `owner` names.
    ///
    /// # Errors
    ///
    /// Where there is no server, or no such stream can be had of it.
    pub async fn open(url: &str, name: &str, owner: &str) -> Result<Self, StreamError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            return Err(StreamError::BadName(name.to_owned()));
        }
        let connecting = async_nats::ConnectOptions::new()
            .name("yoikit")
            .connection_timeout(STREAM_CONNECT_TIME)
            .connect(url);
        let client = connecting.await.map_err(|error| StreamError::Connect {
            // Without a name and a password, if it has them.
            url: url.rsplit('@').next().unwrap_or(url).to_owned(),
            cause: error.to_string(),
        })?;
        let context = jetstream::new(client);
        let about = format!("{FORMAT} {owner}");
        let events = Config {
            name: name.to_owned(),
            description: Some(about.clone()),
            subjects: vec![format!("{name}.event.*")],
            // An event is gone when it is settled, and not before: one that there is no room for is refused.
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            max_bytes: STREAM_BYTES,
            duplicate_window: STREAM_DUPLICATES,
            ..Config::default()
        };
        let dead = Config {
            name: format!("{name}-dead"),
            description: Some(about.clone()),
            subjects: vec![format!("{name}.dead")],
            max_messages: STREAM_DEAD_LETTERS,
            ..Config::default()
        };
        let server = |doing, name: &str, cause: String| StreamError::Server {
            doing,
            name: name.to_owned(),
            cause,
        };
        let mut opened = Vec::with_capacity(2);
        for config in [events, dead] {
            let name = config.name.clone();
            let stream = context
                .get_or_create_stream(config)
                .await
                .map_err(|error| server("open", &name, error.to_string()))?;
            let found = stream
                .cached_info()
                .config
                .description
                .clone()
                .unwrap_or_default();
            if found != about {
                let owner = owner.to_owned();
                return Err(StreamError::Other { name, owner, found });
            }
            opened.push(stream);
        }
        Ok(Self {
            context,
            name: name.to_owned(),
            stream: opened.swap_remove(0),
        })
    }

    /// Put an event into the stream. It is there, and will be delivered, when this is done; one with the same id that
    /// was put there in the last minutes is not put there again.
    ///
    /// # Errors
    ///
    /// Where the server does not take it: for one, when there is no room.
    pub async fn send(&self, event: &IngressEvent) -> Result<(), StreamError> {
        let subject = format!("{}.event.{}", self.name, partition(&event.source));
        // A value, strings and a number: nothing that cannot be JSON.
        let json = serde_json::to_vec(event).unwrap_or_default();
        self.publish(subject, &event.correlation_id, json).await
    }

    /// Put aside an event that was given up.
    pub(super) async fn give_up(&self, id: &str, letter: &DeadLetter<'_>) -> Result<(), StreamError> {
        let json = serde_json::to_vec(letter).unwrap_or_default();
        self.publish(format!("{}.dead", self.name), id, json).await
    }

    async fn publish(&self, subject: String, id: &str, json: Vec<u8>) -> Result<(), StreamError> {
        let failed = |error: jetstream::context::PublishError| StreamError::Server {
            doing: "write to",
            name: self.name.clone(),
            cause: error.to_string(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id);
        let stored = self.context.publish_with_headers(subject, headers, json.into());
        stored.await.map_err(failed)?.await.map_err(failed)?;
        Ok(())
    }

    /// What hosts take a partition by.
    pub(super) async fn consumer(&self, partition: u32, wait: Duration) -> Result<PullConsumer, StreamError> {
        let name = format!("partition-{partition}");
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: format!("{}.event.{partition}", self.name),
            ack_policy: AckPolicy::Explicit,
            ack_wait: wait,
            // In whatever host: the next one waits for this one.
            max_ack_pending: 1,
            // How often is for the host to say, which puts aside what it gives up.
            max_deliver: -1,
            ..pull::Config::default()
        };
        let consumer = self.stream.get_or_create_consumer(&name, config).await;
        consumer.map_err(|error| StreamError::Server {
            doing: "take from",
            name: self.name.clone(),
            cause: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_of_a_source_is_the_one_that_other_senders_compute() {
        // The check value of CRC-32, 0xcbf43926.
        assert_eq!(partition("123456789"), 6);
        assert_eq!(partition(""), 0);
    }
}
