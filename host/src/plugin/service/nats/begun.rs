//! Which deliveries were begun, over all hosts.
//!
//! The server counts how often it gave an event out. That is more than it was delivered: a host may give it back, or be
//! gone, before its plugin was handed anything. So hosts keep count themselves, in a bucket `NAME-begun` with one entry
//! for each partition: of a partition one event is under way at a time, so that nothing else need be known.
//!
//! **An entry is replaced only by a host that saw it.** A host that was stopped for so long that its event was given to
//! another one finds the entry changed, and leaves the event alone.

use async_nats::jetstream::kv::{Operation, Store, UpdateErrorKind};
use serde::{Deserialize, Serialize};

/// How often an entry may change under a host that is about to replace it. A partition has one event under way, so it
/// changes once, where another host had the events in between.
const TRIES: usize = 3;

/// An event that the server gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HandOut {
    /// Its number in the stream.
    pub(super) sequence: u64,
    /// How often it was given out, with this one.
    pub(super) times: u64,
}

/// Where a host stands with an event that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is this host's, and was begun so many times before.
    Ours(u32),
    /// Another host was given it since, or what comes after it.
    Overtaken,
}

/// What was begun last of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// When the stream was laid out: one that was removed and made again counts its events from 1.
    stream: String,
    sequence: u64,
    /// As how many times it was given out then.
    handed_out: u64,
    /// How often it was begun.
    begun: u32,
}

/// The entry of one partition.
#[derive(Debug, Clone)]
pub(super) struct Page {
    bucket: Store,
    key: String,
    stream: String,
    /// As it was seen last, and at which revision; none before it was looked at.
    seen: Option<(u64, Option<Entry>)>,
}

impl Page {
    pub(super) fn new(bucket: Store, partition: u32, stream: String) -> Self {
        Self {
            bucket,
            key: format!("partition-{partition}"),
            stream,
            seen: None,
        }
    }

    /// Where this host stands with an event that it was just given.
    pub(super) async fn standing(&mut self, given: HandOut) -> Result<Standing, String> {
        // One that is given out for the first time was begun by nobody: what this host saw last will do.
        if self.seen.is_none() || given.times > 1 {
            self.look().await?;
        }
        Ok(self.standing_as_seen(given))
    }

    /// Write down that a delivery is about to begin, and say which one: it may begin when this is done. None where the
    /// event is not this host's any more.
    pub(super) async fn begin(&mut self, given: HandOut) -> Result<Option<u32>, String> {
        if self.seen.is_none() {
            self.look().await?;
        }
        for _ in 0..TRIES {
            let Standing::Ours(before) = self.standing_as_seen(given) else {
                return Ok(None);
            };
            let entry = Entry {
                stream: self.stream.clone(),
                sequence: given.sequence,
                handed_out: given.times,
                begun: before.saturating_add(1),
            };
            // Strings and numbers: nothing that cannot be JSON.
            let json = serde_json::to_vec(&entry).unwrap_or_default();
            let revision = self.seen.as_ref().map_or(0, |(revision, _)| *revision);
            match self.bucket.update(&self.key, json.into(), revision).await {
                Ok(revision) => {
                    let begun = entry.begun;
                    self.seen = Some((revision, Some(entry)));
                    return Ok(Some(begun));
                }
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => self.look().await?,
                Err(error) => {
                    // It may have been written all the same.
                    self.seen = None;
                    return Err(error.to_string());
                }
            }
        }
        Err(format!("the entry `{}` changes all the time", self.key))
    }

    async fn look(&mut self) -> Result<(), String> {
        let found = self.bucket.entry(&self.key).await;
        let found = found.map_err(|error| error.to_string())?;
        self.seen = Some(found.map_or((0, None), |found| {
            let entry = (found.operation == Operation::Put)
                .then(|| serde_json::from_slice(&found.value).ok())
                .flatten();
            (found.revision, entry)
        }));
        Ok(())
    }

    fn standing_as_seen(&self, given: HandOut) -> Standing {
        let entry = self.seen.as_ref().and_then(|(_, entry)| entry.as_ref());
        standing(entry.filter(|entry| entry.stream == self.stream), given)
    }
}

/// Where a host stands that was given this, when that was begun last. Where somebody removed the consumer, so that the
/// server counts from 1 again, an event is taken for another host's until it was given out as often as before.
fn standing(last: Option<&Entry>, given: HandOut) -> Standing {
    match last {
        None => Standing::Ours(0),
        Some(last) if last.sequence < given.sequence => Standing::Ours(0),
        Some(last) if last.sequence == given.sequence && last.handed_out < given.times => {
            Standing::Ours(last.begun)
        }
        Some(_) => Standing::Overtaken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(last: (u64, u64, u32), given: (u64, u64)) -> Standing {
        let entry = Entry {
            stream: "now".into(),
            sequence: last.0,
            handed_out: last.1,
            begun: last.2,
        };
        let given = HandOut {
            sequence: given.0,
            times: given.1,
        };
        standing(Some(&entry), given)
    }

    #[test]
    fn what_was_begun_is_counted_and_not_what_was_given_out() {
        let given = HandOut {
            sequence: 7,
            times: 1,
        };
        assert_eq!(standing(None, given), Standing::Ours(0));
        assert_eq!(stands((6, 4, 4), (7, 1)), Standing::Ours(0));
        // Given out five times, and begun once.
        assert_eq!(stands((7, 2, 1), (7, 5)), Standing::Ours(1));
    }

    #[test]
    fn a_host_that_was_away_for_too_long_is_overtaken() {
        // By one that has the same event, and by one that has the next.
        assert_eq!(stands((7, 2, 1), (7, 1)), Standing::Overtaken);
        assert_eq!(stands((8, 1, 1), (7, 1)), Standing::Overtaken);
        // It has begun this one itself.
        assert_eq!(stands((7, 1, 1), (7, 1)), Standing::Overtaken);
    }
}
