//! The stream: how it is laid out, and what is put into it.

use std::time::Duration;

use async_nats::header::{HeaderMap, HeaderValue, NATS_MESSAGE_ID};
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, Stream};
use async_nats::jetstream::{self, Context, kv};

use super::begun::Page;
use super::letters::find;
use super::link::Link;
use crate::limits::{
    STREAM_BYTES, STREAM_CONNECT_TIME, STREAM_DEAD_LETTERS, STREAM_DUPLICATES, STREAM_PARTITIONS, STREAM_PING,
};
use crate::plugin::message::IngressEvent;
use crate::plugin::service::letter::{LetterError, Stored};

/// How the events lie in the stream. Another one is not read.
pub(super) const FORMAT: &str = "yoikit.stream/1";

/// A stream of events for one plugin.
#[derive(Debug, Clone)]
pub struct EventStream {
    context: Context,
    link: Link,
    name: String,
    owner: String,
    stream: Stream,
    begun: kv::Store,
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
        "the stream `{name}` is not one of the plugin `{owner}`: it says {}; name another stream",
        of_itself(.found)
    )]
    Other {
        /// The stream.
        name: String,
        /// For whom it was opened.
        owner: String,
        /// What it says.
        found: String,
    },
    /// Somebody removed it, or made another one in its place.
    #[error(
        "the stream `{0}` was deleted, and the events in it with it: begin again, and it is laid out anew"
    )]
    Gone(String),
    /// No stream, where one was to be.
    #[error("there is no stream `{name}` of a plugin on that server{}", other(.found.as_deref()))]
    NoStream {
        /// The stream that was looked for.
        name: String,
        /// What one of that name says of itself.
        found: Option<String>,
    },
    /// The id of an event has line breaks in it.
    #[error("an id of a single line is needed, and this is none: {0:?}")]
    BadId(String),
    /// Some letters cannot be had as they were asked for.
    #[error(transparent)]
    Letter(#[from] LetterError),
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
        let (context, link) = connect(url, name).await?;
        let wanted = format!("{FORMAT} {owner}");
        let subject = |partition| format!("{name}.event.{partition}");
        let events = Config {
            name: name.to_owned(),
            description: Some(wanted.clone()),
            // One by one: what is put under any other is refused, and does not lie there for nobody.
            subjects: (0..STREAM_PARTITIONS).map(subject).collect(),
            // An event is gone when it is settled, and not before: one that there is no room for is refused.
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            max_bytes: STREAM_BYTES,
            duplicate_window: STREAM_DUPLICATES,
            ..Config::default()
        };
        let dead = for_dead(name, owner);
        let mut opened = Vec::with_capacity(2);
        for config in [events, dead] {
            let name = config.name.clone();
            let stream = context
                .get_or_create_stream(config)
                .await
                .map_err(|error| StreamError::server("open", &name, error))?;
            let found = about(&stream);
            if found != wanted {
                let owner = owner.to_owned();
                return Err(StreamError::Other { name, owner, found });
            }
            opened.push(stream);
        }
        Self::of(context, link, name, owner, opened.swap_remove(0)).await
    }

    /// The stream that was found.
    pub(super) async fn of(
        context: Context,
        link: Link,
        name: &str,
        owner: &str,
        stream: Stream,
    ) -> Result<Self, StreamError> {
        let failed = |cause: String| StreamError::server("keep count of", name, cause);
        let laid_out = context.get_or_create_stream(for_counts(name, owner)).await;
        laid_out.map_err(|error| failed(error.to_string()))?;
        let begun = context.get_key_value(format!("{name}-begun")).await;
        let begun = begun.map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            context,
            link,
            name: name.to_owned(),
            owner: owner.to_owned(),
            stream,
            begun,
        })
    }

    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The plugin that it belongs to.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Whether its server can be reached.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// See that the stream is there still, and lay out again what somebody removed of what belongs to it.
    pub(super) async fn mend(&self) -> Result<(), StreamError> {
        let found = match find(&self.context, &self.name).await {
            Err(StreamError::NoStream { .. }) => return Err(StreamError::Gone(self.name.clone())),
            found => found?,
        };
        // Another one counts its events from 1, and what is known of this one's says nothing of those.
        if found.cached_info().created != self.stream.cached_info().created {
            return Err(StreamError::Gone(self.name.clone()));
        }
        for config in [
            for_dead(&self.name, &self.owner),
            for_counts(&self.name, &self.owner),
        ] {
            let name = config.name.clone();
            let laid_out = self.context.get_or_create_stream(config).await;
            laid_out.map_err(|error| StreamError::server("lay out", &name, error))?;
        }
        Ok(())
    }

    /// Put an event into the stream. It is there, and will be delivered, when this is done; one with the same id that
    /// was put there in the last minutes is not put there again.
    ///
    /// # Errors
    ///
    /// Where the server does not take it: for one, when there is no room.
    pub async fn send(&self, event: &IngressEvent) -> Result<(), StreamError> {
        self.publish_event(&event.correlation_id, event).await
    }

    /// Put an event there that was given up as this number: once, however often it is said.
    pub(super) async fn send_again(&self, number: u64, event: &IngressEvent) -> Result<(), StreamError> {
        // The server may remember its own id.
        self.publish_event(&format!("dead letter {number}"), event).await
    }

    async fn publish_event(&self, id: &str, event: &IngressEvent) -> Result<(), StreamError> {
        let subject = format!("{}.event.{}", self.name, partition(&event.source));
        // A value, strings and a number: nothing that cannot be JSON.
        let json = serde_json::to_vec(event).unwrap_or_default();
        self.publish(subject, id, json).await
    }

    /// Put aside an event that was given up, which has this number in the stream.
    pub(super) async fn give_up(&self, sequence: u64, letter: &Stored) -> Result<(), StreamError> {
        let json = serde_json::to_vec(letter).unwrap_or_default();
        let id = format!("event {sequence} of {}", self.born());
        self.publish(format!("{}.dead", self.name), &id, json).await
    }

    /// What was begun of a partition.
    pub(super) fn page(&self, partition: u32) -> Page {
        Page::new(self.begun.clone(), partition, self.born())
    }

    /// When the stream was laid out, which tells it from an earlier one of its name.
    fn born(&self) -> String {
        self.stream.cached_info().created.to_string()
    }

    async fn publish(&self, subject: String, id: &str, json: Vec<u8>) -> Result<(), StreamError> {
        let failed = |error| StreamError::server("write to", &self.name, error);
        // The client ends the program for one that is none.
        let id = id
            .parse::<HeaderValue>()
            .map_err(|_| StreamError::BadId(id.to_owned()))?;
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
        consumer.map_err(|error| StreamError::server("take from", &self.name, error))
    }
}

impl StreamError {
    pub(super) fn server(doing: &'static str, name: &str, cause: impl ToString) -> Self {
        Self::Server {
            doing,
            name: name.to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// The stream of what was given up.
fn for_dead(name: &str, owner: &str) -> Config {
    Config {
        name: format!("{name}-dead"),
        description: Some(format!("{FORMAT} {owner}")),
        subjects: vec![format!("{name}.dead")],
        max_messages: STREAM_DEAD_LETTERS,
        ..Config::default()
    }
}

/// The bucket of what was begun, as the client lays out one, which asks the server more than an older one knows to answer.
fn for_counts(name: &str, owner: &str) -> Config {
    let bucket = format!("{name}-begun");
    Config {
        name: format!("KV_{bucket}"),
        description: Some(format!("{FORMAT} {owner}")),
        subjects: vec![format!("$KV.{bucket}.>")],
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        ..Config::default()
    }
}

/// A server that has streams, and maybe one of this name.
pub(super) async fn connect(url: &str, name: &str) -> Result<(Context, Link), StreamError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return Err(StreamError::BadName(name.to_owned()));
    }
    let link = Link::new();
    let hears = link.clone();
    let connecting = async_nats::ConnectOptions::new()
        .name("yoikit")
        .connection_timeout(STREAM_CONNECT_TIME)
        .ping_interval(STREAM_PING)
        .event_callback(move |event| {
            hears.heard(&event);
            std::future::ready(())
        })
        .connect(url);
    let client = connecting.await.map_err(|error| StreamError::Connect {
        // Without a name and a password, if it has them.
        url: url.rsplit('@').next().unwrap_or(url).to_owned(),
        cause: error.to_string(),
    })?;
    Ok((jetstream::new(client), link))
}

/// What a stream says of itself: the format of its events, and whose it is.
pub(super) fn about(stream: &Stream) -> String {
    let description = &stream.cached_info().config.description;
    description.clone().unwrap_or_default()
}

fn other(found: Option<&str>) -> String {
    match found {
        None => String::new(),
        Some(found) => format!(": one of that name says {}", of_itself(found)),
    }
}

fn of_itself(found: &str) -> String {
    match found {
        "" => "nothing of itself".to_owned(),
        found => format!("of itself `{found}`"),
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
