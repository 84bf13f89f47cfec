//! Children that are programs: shells that do as they are told, and leave word of what they were told.
//!
//! Whoever stands behind the door starts `/bin/sh` with the name of a script before all other arguments. The script finds
//! out which child it is by a folder that it makes, writes down there how it was started, and plays its role. All that it
//! starts holds one end of a pipe: once nobody has it any more, nothing is left.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use yoi_host::wire::child::How;
use yoi_host::world::Pending;

use super::super::door::KEPT;
use super::play::{ChildSeen, NAMED, Play, Role, Step, TOLD};
use super::player::{Cast, Run};
use crate::limits::{PLAY_LEFT_TIME, PLAY_LOOK, PLAY_PAUSE, PLAY_TIME};

/// How many bytes of what is repeated a shell writes at a time: more than a pipe holds.
const AT_A_TIME: usize = 256 * 1024;

/// For how long a child does nothing that does nothing any more, in seconds: longer than anybody waits for it here. One
/// that nobody takes down goes by itself.
const HANGS: u32 = 60;

/// Where the children of a play are, and what they leave word of.
pub(super) struct Shells {
    folder: TempDir,
    /// Whether there are any.
    is_cast: bool,
    /// Whether they are told of conversations.
    is_named: bool,
}

impl Shells {
    /// The children of a play.
    pub(super) fn of(play: &Play) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let here = folder.path();
        mknodat(CWD, here.join("alive"), FileType::Fifo, Mode::RWXU, 0)?;
        fs::write(here.join("child"), script(here))?;
        for (number, role) in play.children.iter().enumerate() {
            fs::write(here.join(format!("role-{number}")), part(here, number, role)?)?;
        }
        Ok(Self {
            folder,
            is_cast: !play.children.is_empty(),
            is_named: play.resume.is_some() || play.remembered.is_some(),
        })
    }

    fn folders(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let folders = (0..).map(|number: u32| self.folder.path().join(number.to_string()));
        folders.take_while(|folder| folder.is_dir())
    }

    /// Whether anything is left of any of them.
    fn is_left(&self) -> bool {
        let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let alive = OpenOptions::new()
            .read(true)
            .custom_flags(nonblock)
            .open(self.folder.path().join("alive"));
        // Nobody writes to it: it is at its end where nobody could, and else there is nothing yet.
        let read = alive.and_then(|mut alive| alive.read(&mut [0]));
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

impl Cast for Shells {
    fn run(&self) -> Run {
        let script = self.folder.path().join("child").display().to_string();
        let program = if self.is_cast {
            "/bin/sh"
        } else {
            "/no/such/program"
        };
        Run {
            program: Some(program.to_owned()),
            args: vec![script],
        }
    }

    fn children(&self) -> Vec<ChildSeen> {
        let ended = usize::from(!self.is_left());
        self.folders().map(|folder| seen(&folder, ended)).collect()
    }

    fn heard(&self) -> usize {
        let said = self
            .folders()
            .map(|folder| fs::read_to_string(folder.join("said")));
        let said = said.map(Result::unwrap_or_default);
        said.map(|said| {
            said.lines()
                .filter_map(|line| line.parse::<usize>().ok())
                .sum::<usize>()
        })
        .sum()
    }

    fn pause(&self) -> Pending<'_, ()> {
        Box::pin(async {
            let until = Instant::now() + PLAY_TIME;
            let mut before = None;
            let mut since = Instant::now();
            loop {
                let now = (self.folders().count(), self.heard(), self.is_left());
                // Nothing happens before a child is there.
                let waits = self.is_cast && now.0 == 0;
                if before != Some(now) || waits {
                    (before, since) = (Some(now), Instant::now());
                }
                if since.elapsed() >= PLAY_PAUSE || Instant::now() >= until {
                    return;
                }
                sleep(PLAY_LOOK).await;
            }
        })
    }

    fn settle(&self) -> Pending<'_, ()> {
        Box::pin(async {
            let until = Instant::now() + PLAY_LEFT_TIME;
            while self.is_left() && Instant::now() < until {
                sleep(PLAY_LOOK).await;
            }
            // Who is told on standard input is told early, and what was read of it may be written down a moment late.
            let until = Instant::now() + PLAY_PAUSE;
            let unheard = |folder: PathBuf| {
                let read = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
                read("input").is_empty() && named(&String::from_utf8_lossy(&read("words"))).is_none()
            };
            while self.is_named && self.folders().any(unheard) && Instant::now() < until {
                sleep(PLAY_LOOK).await;
            }
        })
    }
}

/// What a child left word of.
fn seen(folder: &Path, ended: usize) -> ChildSeen {
    let text = |name: &str| {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let variable = |name: &str| Some(text(name)).filter(|value| !value.is_empty());
    let words = text("words");
    ChildSeen {
        resumed: named(&words).or_else(|| named(&text("input"))),
        words: words.split_terminator('\0').map(str::to_owned).collect(),
        told: variable("told"),
        kept: variable("kept"),
        ended,
    }
}

/// The name of a conversation in what a child was told.
fn named(text: &str) -> Option<String> {
    let name = &text[text.find(NAMED)?..];
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    Some(name[..end.unwrap_or(name.len())].to_owned())
}

/// What every child does first: it finds out which it is, and leaves word of what it was told.
fn script(here: &Path) -> String {
    let here = here.display();
    let (kept, _) = KEPT;
    format!(
        r#"exec 9<>'{here}/alive'
n=0
while ! mkdir "{here}/$n" 2>/dev/null; do [ -d "{here}/$n" ] || exit 127; n=$((n+1)); done
d="{here}/$n"
[ $# -eq 0 ] || printf '%s\0' "$@" >"$d/words"
printf '%s' "${{{TOLD}-}}" >"$d/told"
printf '%s' "${{{kept}-}}" >"$d/kept"
exec 8<&0
cat <&8 >"$d/input" 2>/dev/null 9>&- &
exec 8<&-
[ -f "{here}/role-$n" ] || {{ echo 'there is no other child' >&2; exit 127; }}
. "{here}/role-$n"
"#
    )
}

/// A role. What it says is in files of the folder.
fn part(here: &Path, number: usize, role: &Role) -> io::Result<String> {
    let mut script = String::new();
    let mut files = 0;
    let mut keep = |bytes: &[u8]| {
        let path = here.join(format!("said-{number}-{files}"));
        files += 1;
        fs::write(&path, bytes).map(|()| path.display().to_string())
    };
    // What does not fit into the pipe is said once somebody reads, and then it is written down that it was.
    let say = |file: &str, bytes: usize| format!("cat '{file}'; echo {bytes} >>\"$d/said\"");
    for step in &role.steps {
        let _ = match step {
            Step::Say(bytes) => writeln!(script, "{}", say(&keep(bytes)?, bytes.len())),
            Step::Repeat { bytes, at_most } => {
                let first = say(&keep(bytes)?, bytes.len());
                let piece = bytes.repeat(AT_A_TIME.div_ceil(bytes.len().max(1)));
                let times = at_most / piece.len().max(1);
                let more = say(&keep(&piece)?, piece.len());
                writeln!(
                    script,
                    "{first}\ni=0; while [ $i -lt {times} ]; do {more}; i=$((i+1)); done; exec sleep {HANGS}"
                )
            }
            Step::Wait(time) => writeln!(script, "sleep {}", time.as_secs_f64()),
            Step::Leave => writeln!(script, "sleep {HANGS} </dev/null >/dev/null 2>&1 &"),
            Step::Hang => writeln!(script, "exec sleep {HANGS}"),
            // No program can have its pipe break and live.
            Step::Break => Ok(()),
        };
    }
    let stderr = keep(role.ending.stderr.as_bytes())?;
    let _ = writeln!(script, "cat '{stderr}' >&2");
    let _ = match role.ending.how {
        How::Exited(status) => writeln!(script, "exit {status}"),
        How::Signalled(signal) => writeln!(script, "kill -{signal} $$"),
        How::Silent => Ok(()),
    };
    Ok(script)
}
