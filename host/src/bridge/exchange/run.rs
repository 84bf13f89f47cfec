//! The side of the child: from its start to its end, and once more where it does not know the conversation.

use std::future::ready;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::outbox::{Outbox, Reader};
use super::silence::Silence;
use super::{Errand, ExchangeReport, ExchangeTimes};
use crate::bridge::dialect::Said;
use crate::bridge::event::{BridgeFailure, FailureCode, NormalizedEvent};
use crate::bridge::spec::Mode;
use crate::bridge::translation::Translation;
use crate::bridge::transport::Transport;
use crate::wire::child::{Ending, Farewell};

/// An exchange, as whoever drives it has it.
pub(super) struct Run {
    errand: Box<dyn Errand>,
    mode: Mode,
    times: ExchangeTimes,
    outbox: Outbox,
    cancelled: watch::Receiver<bool>,
    over: Instant,
    /// Whether it was ended from outside.
    stopped: bool,
}

/// What ends an exchange from outside.
enum Stop {
    Cancelled,
    /// A time is over, which these words say.
    TooLong(String),
}

impl Stop {
    fn failure(self) -> BridgeFailure {
        match self {
            Self::Cancelled => BridgeFailure::aborted(),
            Self::TooLong(words) => BridgeFailure::new(FailureCode::Deadline, words),
        }
    }
}

/// How an attempt went.
enum Attempt {
    Over(Ending),
    /// The child does not know the conversation, and nothing was answered.
    Refused,
}

impl Run {
    /// One that has not begun, and where its events are to be read.
    pub(super) fn new(
        errand: Box<dyn Errand>,
        mode: Mode,
        times: ExchangeTimes,
        cancelled: watch::Receiver<bool>,
    ) -> (Self, Reader) {
        let (outbox, reader) = Outbox::new();
        let run = Self {
            errand,
            mode,
            times,
            outbox,
            cancelled,
            over: Instant::now() + times.total,
            stopped: false,
        };
        (run, reader)
    }

    pub(super) async fn run(mut self) -> ExchangeReport {
        let mut report = ExchangeReport::unknown();
        self.go(&mut report).await;
        report.stopped = self.stopped;
        report
    }

    async fn go(&mut self, report: &mut ExchangeReport) {
        let over = self.over;
        let mut cancelled = self.cancelled.clone();
        let prepared = tokio::select! {
            biased;
            stop = stopped(&mut cancelled, over, self.times.total) => Err(stop),
            events = self.errand.prepare() => Ok(events),
        };
        let told = match prepared {
            Ok(events) => self.tell_all(events).await,
            Err(stop) => Err(stop),
        };
        if let Err(stop) = told {
            self.stop(stop);
            return;
        }
        loop {
            let dialect = self.errand.dialect();
            let connected = dialect.and_then(|dialect| Ok((dialect, self.errand.connect()?)));
            let (dialect, transport) = match connected {
                Ok(connected) => connected,
                Err(error) => {
                    self.finish(NormalizedEvent::Failed { error });
                    return;
                }
            };
            report.attempts += 1;
            let mut translation = Translation::new(dialect, self.mode);
            let attempt = self.attempt(&mut translation, transport).await;
            report.counts = translation.counts();
            match attempt {
                Attempt::Over(ending) => {
                    report.ending = Some(ending);
                    return;
                }
                Attempt::Refused => {
                    let forgotten = tokio::select! {
                        biased;
                        events = self.errand.forget() => Ok(events),
                        stop = stopped(&mut cancelled, over, self.times.total) => Err(stop),
                    };
                    let told = match forgotten {
                        Ok(events) => self.tell_all(events).await,
                        Err(stop) => Err(stop),
                    };
                    if let Err(stop) = told {
                        self.stop(stop);
                        return;
                    }
                }
            }
        }
    }

    /// One child, from its first line to its end.
    async fn attempt(&mut self, translation: &mut Translation, mut transport: Box<dyn Transport>) -> Attempt {
        let mut refused = false;
        let opened = translation.open();
        let mut stop = self
            .carry(
                opened,
                translation.has_answered(),
                transport.as_mut(),
                &mut refused,
            )
            .await
            .err();
        let mut silence = Silence::begin(&self.times);
        while stop.is_none() && !translation.is_settled() {
            let mut cancelled = self.cancelled.clone();
            let heard = tokio::select! {
                biased;
                over = stopped(&mut cancelled, self.over, self.times.total) => {
                    stop = Some(over);
                    break;
                }
                heard = transport.hear() => heard,
                () = sleep_until(silence.until()) => {
                    stop = Some(Stop::TooLong(silence.words()));
                    break;
                }
            };
            match heard {
                Ok(Some(line)) => {
                    let said = translation.line(&line);
                    silence.is_broken_by(&said.events);
                    let told = Instant::now();
                    stop = self
                        .carry(said, translation.has_answered(), transport.as_mut(), &mut refused)
                        .await
                        .err();
                    // While its events wait for their reader, it is not the child that is silent.
                    silence.does_not_count(told.elapsed());
                }
                Ok(None) => break,
                Err(error) => {
                    let message = format!("failed to read what the child says: {error}");
                    let said = translation.fail(BridgeFailure::new(FailureCode::Transport, message));
                    stop = self
                        .carry(said, translation.has_answered(), transport.as_mut(), &mut refused)
                        .await
                        .err();
                }
            }
        }
        if let Some(stop) = stop {
            let farewell = Farewell {
                alone: Duration::ZERO,
                asked: self.times.soft,
            };
            let ending = transport.end(farewell);
            return Attempt::Over(self.give_up(stop, ending).await);
        }
        let farewell = Farewell {
            alone: self.times.leave,
            asked: self.times.soft,
        };
        if translation.is_settled() {
            return match (transport.end(farewell).await, refused) {
                (_, true) => Attempt::Refused,
                (ending, false) => Attempt::Over(ending),
            };
        }
        // The child has said its last and has not ended the exchange. How it ended tells why.
        let mut ending = transport.end(farewell);
        let mut cancelled = self.cancelled.clone();
        let ended = tokio::select! {
            biased;
            stop = stopped(&mut cancelled, self.over, self.times.total) => Err(stop),
            ended = &mut ending => Ok(ended),
        };
        match ended {
            Ok(ended) => {
                let silent = translation.counts().lines == 0;
                let said = translation.end(&ended);
                // One that says nothing at all and fails, asked to take up a conversation, may not know it: asked
                // once more without, nothing is lost.
                let unheard = silent && !ended.how.is_success();
                if self.is_refused(translation.has_answered(), &said.events)
                    || (unheard && self.errand.resumes() && self.mode == Mode::Faithful)
                {
                    return Attempt::Refused;
                }
                Attempt::Over(match self.tell_all(said.events).await {
                    Ok(()) => ended,
                    Err(stop) => self.give_up(stop, ready(ended)).await,
                })
            }
            Err(stop) => Attempt::Over(self.give_up(stop, ending).await),
        }
    }

    /// Whether a child says that it does not know the conversation, and has not said anything of an answer.
    fn is_refused(&self, answered: bool, events: &[NormalizedEvent]) -> bool {
        self.errand.resumes()
            && !answered
            && events.iter().any(|event| {
                matches!(event, NormalizedEvent::Failed { error } if error.code == Some(FailureCode::TokenRefused))
            })
    }

    /// Hand on what a dialect said, to the child and to the reader.
    async fn carry(
        &mut self,
        said: Said,
        answered: bool,
        transport: &mut dyn Transport,
        refused: &mut bool,
    ) -> Result<(), Stop> {
        for line in &said.lines {
            transport.say(line);
        }
        if said.no_more_lines {
            transport.say_no_more();
        }
        if self.is_refused(answered, &said.events) {
            *refused = true;
            return Ok(());
        }
        self.tell_all(said.events).await
    }

    async fn tell_all(&mut self, events: Vec<NormalizedEvent>) -> Result<(), Stop> {
        for event in events {
            let mut cancelled = self.cancelled.clone();
            let told = tokio::select! {
                biased;
                // First, for as long as it takes no time: what a child used is not to be forgotten.
                told = self.errand.note(event) => told,
                stop = stopped(&mut cancelled, self.over, self.times.total) => return Err(stop),
            };
            for event in told {
                if event.is_terminal() {
                    self.finish(event);
                    return Ok(());
                }
                self.tell(event).await?;
            }
        }
        Ok(())
    }

    /// Hand an event to the reader, who may be slow.
    async fn tell(&mut self, event: NormalizedEvent) -> Result<(), Stop> {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            biased;
            stop = stopped(&mut cancelled, self.over, self.times.total) => Err(stop),
            () = self.outbox.hand(event) => Ok(()),
        }
    }

    /// Somebody or something ended it from outside. What the child had yet to say is not told; that it is over is told
    /// at once, before the child is gone.
    async fn give_up(&mut self, stop: Stop, ending: impl Future<Output = Ending>) -> Ending {
        let last = self.stop(stop);
        // What was used until then may be worth to be remembered; nobody hears any more whether it was.
        let (ending, _) = tokio::join!(ending, self.errand.note(last));
        ending
    }

    /// The last event of an exchange that is ended from outside. Where another was told before, that one stays the
    /// last.
    fn stop(&mut self, stop: Stop) -> NormalizedEvent {
        self.stopped |= !self.outbox.is_closed();
        let error = stop.failure();
        let last = NormalizedEvent::Failed { error };
        self.finish(last.clone());
        last
    }

    /// The last event. The reader has it after all that waits, without waiting for the child's end.
    fn finish(&mut self, mut event: NormalizedEvent) {
        if let (NormalizedEvent::Failed { error }, Mode::Compat) = (&mut event, self.mode) {
            error.code = None;
        }
        self.outbox.close(event);
    }
}

/// Until somebody ends the exchange, or its time is over.
async fn stopped(cancelled: &mut watch::Receiver<bool>, over: Instant, total: Duration) -> Stop {
    tokio::select! {
        biased;
        // Where whoever could end it is gone, it is ended: they had to drop it.
        _ = cancelled.wait_for(|&cancelled| cancelled) => Stop::Cancelled,
        () = sleep_until(over) => Stop::TooLong(format!("the exchange did not end within {total:?}")),
    }
}
