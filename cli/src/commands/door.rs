//! The local socket by which `yoikit send` finds the `yoikit serve` of the same plugin and the same user.
//!
//! One connection carries one question, and one or two answers, a line of JSON each: that the event was accepted, where
//! it was, and what became of it. Who may connect is a matter of the folder, which is the user's alone.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use yoi_host::limits::INGRESS_EVENT_BYTES;

use crate::failure::Failure;
use crate::report::service::SendReport;

/// Longest line in either direction: the largest event, or the largest answer with its commands, every byte written
/// as an escape of six.
pub(super) const LINE_BYTES: usize = 6 * 2 * INGRESS_EVENT_BYTES;

/// What is asked for in a question, and how it is told.
pub(super) const QUESTION: &str = "yoikit.send-question/2";

/// An event for a running service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// [`QUESTION`].
    pub(super) schema: String,
    pub(super) ingress: String,
    /// As it was typed.
    pub(super) event: String,
}

/// An answer to it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The event is accepted. Another answer comes.
    Accepted {
        correlation_id: String,
        /// Whether it is kept where the service does not get to it.
        kept: bool,
    },
    /// What became of the event.
    Report(Box<SendReport>),
    /// The event cannot be meant.
    Usage(String),
    /// The question cannot be answered.
    Trouble(String),
}

/// Where the socket of a plugin is, or would be: where somebody says, or in a folder of the user's.
pub(super) fn place(named: Option<&Path>, identity: &str) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let folder = users_folder()?;
    let name: String = Sha256::digest(identity)
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(folder.join(format!("{name}.sock")))
}

/// The folder for sockets, made if it is not there: the user's own, which nobody else can look into.
fn users_folder() -> Result<PathBuf, Failure> {
    let user = rustix::process::getuid().as_raw();
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let folder = match runtime.filter(|folder| folder.is_absolute() && folder.is_dir()) {
        Some(runtime) => runtime.join("yoikit"),
        None => env::temp_dir().join(format!("yoikit-{user}")),
    };
    let failed = |cause| Failure::File {
        path: folder.clone(),
        doing: "use the folder for sockets",
        cause,
    };
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(failed(cause)),
    }
    let data = fs::symlink_metadata(&folder).map_err(failed)?;
    if !data.is_dir() || data.uid() != user || data.mode() & 0o077 != 0 {
        return Err(failed(io::Error::other(
            "it is not yours alone; remove it, or name a socket by `--socket`",
        )));
    }
    Ok(folder)
}

/// Put a question to whoever listens there. None where nobody does.
pub(super) fn ask(place: &Path, question: &Question) -> Result<Option<Answer>, Failure> {
    let trouble = |what: String| Failure::Other(format!("the running `yoikit serve` gave no answer: {what}"));
    let mut stream = match UnixStream::connect(place) {
        Ok(stream) => stream,
        // Nobody was there, or nobody is any more.
        Err(cause)
            if matches!(
                cause.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(cause) => {
            return Err(Failure::File {
                path: place.to_owned(),
                doing: "connect to",
                cause,
            });
        }
    };
    let mut line = serde_json::to_vec(question).map_err(|error| trouble(error.to_string()))?;
    line.push(b'\n');
    stream
        .write_all(&line)
        .map_err(|cause| trouble(cause.to_string()))?;
    let mut lines = BufReader::new(stream.take(2 * LINE_BYTES as u64));
    let mut accepted: Option<(String, bool)> = None;
    loop {
        let mut answer = String::new();
        // Whoever is killed leaves half a line, or breaks the connection.
        let whole = lines.read_line(&mut answer).is_ok() && answer.ends_with('\n');
        if !whole {
            return Err(trouble(match accepted {
                None => "it ended before it said whether it took the event; one with a `correlation_id` may be sent \
                         again, and is not delivered twice where it was kept"
                    .to_owned(),
                Some((id, true)) => {
                    format!("it ended, and keeps the event {id}: the next one with that journal delivers it")
                }
                Some((id, false)) => format!("it ended, and the event {id} with it, delivered or not"),
            }));
        }
        match serde_json::from_str(&answer) {
            Ok(Answer::Accepted { correlation_id, kept }) => accepted = Some((correlation_id, kept)),
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => return Err(trouble(format!("it is of another version, perhaps: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_same_for_the_same_plugin_and_short_enough_for_a_socket() {
        let [one, again, other] = ["/a/b", "/a/b", "/a/c"].map(|identity| place(None, identity).unwrap());
        assert_eq!(one, again);
        assert_ne!(one, other);
        assert!(one.as_os_str().len() < 100, "{}", one.display());
        assert_eq!(place(Some(Path::new("x")), "/a/b").unwrap(), Path::new("x"));
    }

    /// What a sender is told whose host says this and ends.
    fn told(said: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("sock");
        let listener = std::os::unix::net::UnixListener::bind(&place).unwrap();
        let question = Question {
            schema: QUESTION.to_owned(),
            ingress: "room".to_owned(),
            event: "{}".to_owned(),
        };
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                (&stream).write_all(said.as_bytes()).unwrap();
            });
            let Err(Failure::Other(told)) = ask(&place, &question) else {
                panic!("it is taken for an answer");
            };
            told
        })
    }

    #[test]
    fn a_host_that_ends_leaves_its_sender_with_what_is_known_of_the_event() {
        let accepted = |kept| {
            let answer = Answer::Accepted {
                correlation_id: "e-1".to_owned(),
                kept,
            };
            serde_json::to_string(&answer).unwrap() + "\n"
        };
        insta::assert_snapshot!(told(""), @"the running `yoikit serve` gave no answer: it ended before it said whether it took the event; one with a `correlation_id` may be sent again, and is not delivered twice where it was kept");
        insta::assert_snapshot!(told(&accepted(true)), @"the running `yoikit serve` gave no answer: it ended, and keeps the event e-1: the next one with that journal delivers it");
        insta::assert_snapshot!(told(&(accepted(false) + "{\"rep")), @"the running `yoikit serve` gave no answer: it ended, and the event e-1 with it, delivered or not");
    }

    #[test]
    fn where_nobody_listens_there_is_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let question = Question {
            schema: QUESTION.to_owned(),
            ingress: "room".to_owned(),
            event: "{}".to_owned(),
        };
        assert!(ask(&folder.path().join("none"), &question).unwrap().is_none());
        // One whose owner was killed is left behind.
        let stale = folder.path().join("stale");
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        // A child that another test starts holds what is open here until it runs a program of its own.
        while UnixStream::connect(&stale).is_ok() {
            std::thread::yield_now();
        }
        assert!(ask(&stale, &question).unwrap().is_none());
    }
}
