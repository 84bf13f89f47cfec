//! The side of `yoikit serve`: events that `yoikit send` hands over.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::WriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::commands::door::{Answer, LINE_BYTES, QUESTION, Question};
use crate::commands::hand_over::Desk;
use crate::failure::Failure;

/// Senders that are heard at once; the next waits.
const CONVERSATIONS: usize = 64;

/// How long a sender may take to put the question.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long those who wait may take to be told, once the service has ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// A socket that is listened on. Dropped, it is gone.
pub(super) struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Door {
    /// Listen there, in place of one who was killed; not where another one listens.
    pub(super) fn open(path: PathBuf) -> Result<Self, Failure> {
        match listen(&path) {
            Ok(listener) => Ok(Self { listener, path }),
            Err(cause) if cause.kind() == io::ErrorKind::AddrInUse => Err(Failure::Other(format!(
                "another `yoikit serve` runs this plugin, and `yoikit send` would reach that one: stop it, or give \
                 this one a socket of its own with `--socket PATH` (it listens on {})",
                path.display()
            ))),
            Err(cause) => Err(Failure::File {
                path,
                doing: "listen on the socket",
                cause,
            }),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Answer whoever asks, until `over`; then those who wait are told, and the door is closed.
    pub(super) async fn serve(self, desk: Arc<Desk>, over: impl Future<Output = ()>) {
        let room = Arc::new(Semaphore::new(CONVERSATIONS));
        let mut conversations = JoinSet::new();
        tokio::pin!(over);
        loop {
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            tokio::select! {
                () = &mut over => break,
                (permit, accepted) = accepted => match accepted {
                    Ok((stream, _)) => {
                        let desk = Arc::clone(&desk);
                        conversations.spawn(async move {
                            converse(&desk, stream).await;
                            drop(permit);
                        });
                    }
                    // Out of files, for one: the next may be had again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
                Some(_) = conversations.join_next() => {}
            }
        }
        let _ = tokio::time::timeout(FAREWELL, conversations.join_all()).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Whoever removed it before has his reasons.
        let _ = fs::remove_file(&self.path);
    }
}

/// The lock on the folder is for the moment in which it is looked and taken: two that begin at once would each take
/// the other's for one that was left behind.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let lock = File::open(folder.unwrap_or(Path::new(".")))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    match fs::symlink_metadata(path) {
        Ok(data) if !data.file_type().is_socket() => {
            return Err(io::Error::other("it is there already, and is no socket"));
        }
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
            Err(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            Err(cause) => return Err(cause),
        },
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(cause),
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn converse(desk: &Desk, mut stream: UnixStream) {
    let (from, mut to) = stream.split();
    let mut line = Vec::new();
    let mut from = BufReader::new(from.take(LINE_BYTES as u64));
    let asked = tokio::time::timeout(PATIENCE, from.read_until(b'\n', &mut line)).await;
    // Who only knocks is another `serve` that looks whether somebody is here.
    if line.is_empty() || !matches!(asked, Ok(Ok(_))) {
        return;
    }
    let answer = match serde_json::from_slice::<Question>(&line) {
        Ok(question) if question.schema == QUESTION => {
            match desk.hand_over(&question.ingress, &question.event).await {
                Ok(event) => {
                    say(&mut to, &event.accepted()).await;
                    event.settled().await
                }
                Err(answer) => answer,
            }
        }
        Ok(question) => Answer::Trouble(format!("this `yoikit serve` does not know `{}`", question.schema)),
        Err(error) => Answer::Trouble(format!("this is no question: {error}")),
    };
    say(&mut to, &answer).await;
}

async fn say(to: &mut WriteHalf<'_>, answer: &Answer) {
    let Ok(mut line) = serde_json::to_vec(answer) else {
        return;
    };
    line.push(b'\n');
    // Who is gone need not be told.
    let _ = to.write_all(&line).await;
}
