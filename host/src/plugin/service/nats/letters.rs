//! The events of a stream that were given up.

use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, Context};

use super::stream::{EventStream, StreamError, about, connect};
use crate::plugin::message::IngressEvent;
use crate::plugin::service::letter::{Letter, LetterError, Stored};

/// The events of a stream that were given up, to be looked at, tried anew, or dropped. Hosts may take from the stream
/// meanwhile.
#[derive(Debug, Clone)]
pub struct StreamLetters {
    events: EventStream,
    dead: Stream,
}

impl StreamLetters {
    /// Those of the stream `name` on this server, whichever plugin it belongs to.
    ///
    /// # Errors
    ///
    /// Where there is no server, or no such stream.
    pub async fn open(url: &str, name: &str) -> Result<Self, StreamError> {
        let (context, link) = connect(url, name).await?;
        let events = find(&context, name).await?;
        let found = about(&events);
        let Some(owner) = found.strip_prefix(super::stream::FORMAT) else {
            return Err(StreamError::NoStream {
                name: name.to_owned(),
                found: Some(found),
            });
        };
        let dead = find(&context, &format!("{name}-dead")).await?;
        let owner = owner.trim_start().to_owned();
        Ok(Self {
            events: EventStream::of(context, link, name, &owner, events).await?,
            dead,
        })
    }

    /// The plugin that the stream belongs to.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.events.owner()
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    ///
    /// Where the server does not give them.
    pub async fn list(&self) -> Result<Vec<Letter>, StreamError> {
        let subject = format!("{}.dead", self.events.name());
        let mut letters = Vec::new();
        let mut from = 1;
        loop {
            match self.dead.get_first_raw_message_by_subject(&subject, from).await {
                Ok(message) => {
                    from = message.sequence + 1;
                    let stored = serde_json::from_slice::<Stored>(&message.payload);
                    letters.push(match stored {
                        Ok(stored) => stored.letter(message.sequence),
                        // Somebody else put it there.
                        Err(_) => Letter {
                            number: message.sequence,
                            why: None,
                            event: None,
                            text: Some(String::from_utf8_lossy(&message.payload).into_owned()),
                        },
                    });
                }
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    return Ok(letters);
                }
                Err(error) => return Err(self.error("read the dead letters of", error)),
            }
        }
    }

    /// Put these into the stream again, at its end, as if they had never been delivered. Done again after it broke
    /// off, none is there twice: what is put there is removed here right after.
    ///
    /// # Errors
    ///
    /// Where one of them is not there or is no event: nothing is done then. And where the server does not do it.
    pub async fn requeue(&self, numbers: &[u64]) -> Result<(), StreamError> {
        let letters = self.list().await?;
        LetterError::check(&letters, numbers, true)?;
        for letter in letters
            .into_iter()
            .filter(|letter| numbers.contains(&letter.number))
        {
            let Some(event) = letter.event else { continue };
            let event = IngressEvent { attempt: 1, ..event };
            self.events.send_again(letter.number, &event).await?;
            self.remove(letter.number).await?;
        }
        Ok(())
    }

    /// Drop these for good.
    ///
    /// # Errors
    ///
    /// Where one of them is not there: nothing is done then. And where the server does not do it.
    pub async fn discard(&self, numbers: &[u64]) -> Result<(), StreamError> {
        LetterError::check(&self.list().await?, numbers, false)?;
        for number in numbers {
            self.remove(*number).await?;
        }
        Ok(())
    }

    async fn remove(&self, number: u64) -> Result<(), StreamError> {
        let removed = self.dead.delete_message(number).await;
        let removed = removed.map_err(|error| self.error("remove a dead letter of", error))?;
        debug_assert!(removed, "it says that it is not, and that is an error");
        Ok(())
    }

    fn error(&self, doing: &'static str, cause: impl ToString) -> StreamError {
        StreamError::server(doing, self.events.name(), cause)
    }
}

pub(super) async fn find(context: &Context, name: &str) -> Result<Stream, StreamError> {
    let found = context.get_stream(name).await;
    found.map_err(|error| match error.kind() {
        jetstream::context::GetStreamErrorKind::JetStream(server) if server.code() == 404 => {
            StreamError::NoStream {
                name: name.to_owned(),
                found: None,
            }
        }
        _ => StreamError::server("open", name, error),
    })
}
