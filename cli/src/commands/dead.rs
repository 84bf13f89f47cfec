//! `yoikit dead`: the events that a service gave up, where they are kept.

use yoi_host::plugin::service::Letter;
use yoi_host::plugin::service::disk::{DiskLetterError, DiskLetters};
#[cfg(feature = "nats")]
use yoi_host::plugin::service::nats::{StreamError, StreamLetters};

use crate::args::{DeadCommand, DeadPick, DeadPlace};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::dead::{Action, DeadReport};
use crate::screen;

/// Where they are kept.
enum Place {
    File(DiskLetters),
    #[cfg(feature = "nats")]
    Stream(tokio::runtime::Runtime, Box<StreamLetters>),
}

pub(super) fn run(command: &DeadCommand) -> Result<Exit, Failure> {
    let report = match command {
        DeadCommand::List(list) => {
            let mut place = Place::open(&list.place)?;
            let letters = place.list()?;
            DeadReport::new(Action::List, name(&list.place), place.owner(), letters, 0)
        }
        DeadCommand::Requeue(pick) => change(Action::Requeue, pick)?,
        DeadCommand::Drop(pick) => change(Action::Drop, pick)?,
    };
    if command.wants_json() {
        screen::json(&report)?;
    } else {
        screen::dead(&report)?;
    }
    Ok(Exit::Ok)
}

fn change(action: Action, pick: &DeadPick) -> Result<DeadReport, Failure> {
    let mut place = Place::open(&pick.place)?;
    let there = place.list()?;
    let can_be = |letter: &Letter| action == Action::Drop || letter.event.is_some();
    let numbers: Vec<u64> = if pick.all {
        there
            .iter()
            .filter(|letter| can_be(letter))
            .map(|letter| letter.number)
            .collect()
    } else {
        pick.numbers.clone()
    };
    match action {
        Action::Requeue => place.requeue(&numbers)?,
        Action::Drop => place.discard(&numbers)?,
        Action::List => {}
    }
    let (picked, left): (Vec<_>, Vec<_>) = there
        .into_iter()
        .partition(|letter| numbers.contains(&letter.number));
    let (name, owner) = (name(&pick.place), place.owner());
    Ok(DeadReport::new(action, name, owner, picked, left.len()))
}

/// What the place goes by.
fn name(place: &DeadPlace) -> String {
    match (&place.durable, &place.stream) {
        (Some(file), _) => file.display().to_string(),
        (None, stream) => stream.clone().unwrap_or_default(),
    }
}

impl Place {
    fn open(place: &DeadPlace) -> Result<Self, Failure> {
        if let Some(file) = &place.durable {
            let letters = DiskLetters::open(file).map_err(|error| Failure::Other(error.to_string()))?;
            return Ok(Self::File(letters));
        }
        #[cfg(feature = "nats")]
        if let (Some(url), Some(stream)) = (&place.nats, &place.stream) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let letters = runtime
                .block_on(StreamLetters::open(url, stream))
                .map_err(of_stream)?;
            return Ok(Self::Stream(runtime, Box::new(letters)));
        }
        Err(Failure::Usage(
            "name a journal, `--durable FILE`, or a stream".to_owned(),
        ))
    }

    fn owner(&self) -> String {
        match self {
            Self::File(letters) => letters.owner().to_owned(),
            #[cfg(feature = "nats")]
            Self::Stream(_, letters) => letters.owner().to_owned(),
        }
    }

    fn list(&mut self) -> Result<Vec<Letter>, Failure> {
        match self {
            Self::File(letters) => letters.list().map_err(|error| Failure::Other(error.to_string())),
            #[cfg(feature = "nats")]
            Self::Stream(runtime, letters) => runtime.block_on(letters.list()).map_err(of_stream),
        }
    }

    fn requeue(&mut self, numbers: &[u64]) -> Result<(), Failure> {
        match self {
            Self::File(letters) => letters.requeue(numbers).map_err(of_file),
            #[cfg(feature = "nats")]
            Self::Stream(runtime, letters) => runtime.block_on(letters.requeue(numbers)).map_err(of_stream),
        }
    }

    fn discard(&mut self, numbers: &[u64]) -> Result<(), Failure> {
        match self {
            Self::File(letters) => letters.discard(numbers).map_err(of_file),
            #[cfg(feature = "nats")]
            Self::Stream(runtime, letters) => runtime.block_on(letters.discard(numbers)).map_err(of_stream),
        }
    }
}

fn of_file(error: DiskLetterError) -> Failure {
    match error {
        DiskLetterError::Letter(error) => Failure::Usage(error.to_string()),
        error => Failure::Other(error.to_string()),
    }
}

#[cfg(feature = "nats")]
fn of_stream(error: StreamError) -> Failure {
    match error {
        StreamError::Letter(error) => Failure::Usage(error.to_string()),
        error => Failure::Other(error.to_string()),
    }
}
