//! A child process that speaks lines of JSON on its standard input and output.
//!
//! Whatever it does, whoever waits for it waits no longer than it means to: lines are bounded, nothing blocks on a
//! pipe, and the child is ended with all that it started. What it writes to standard error is drained, and its end
//! is kept for messages.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::Serialize;
use serde_json::Value;
use yoi_host::wire::child::tie;

use crate::limits::{
    CHILD_LINE_BYTES, CHILD_LINES, CHILD_STDERR_BYTES, CHILD_STDERR_SHOWN_BYTES, LETTING_GO,
    PROCESS_MEMORY_PAUSE, PROCESS_MEMORY_TOLD_BYTES,
};
use crate::target::memory;

/// A child process. Dropping it ends it, and all that it started.
pub struct Child {
    ender: Ender,
    input: Option<SyncSender<Vec<u8>>>,
    lines: Receiver<Result<Vec<u8>, ChildError>>,
    exit: Receiver<ExitStatus>,
    exited: Option<ExitStatus>,
    errors: Arc<Mutex<VecDeque<u8>>>,
    /// Disconnected once standard error was read to its end.
    drained: Receiver<()>,
    /// The most memory that it may hold, where it is looked how much it does.
    memory: Option<u64>,
}

/// What is not as usual about a child.
#[derive(Debug, Clone)]
pub struct Spawning {
    /// Variables that it gets besides ours.
    pub variables: Vec<(&'static str, &'static str)>,
    /// Longest line that it may write.
    pub line_bytes: usize,
}

impl Default for Spawning {
    fn default() -> Self {
        Self {
            variables: Vec::new(),
            line_bytes: CHILD_LINE_BYTES,
        }
    }
}

/// Speaks to a child from elsewhere. Its standard input stays open as long as there is one.
#[derive(Debug, Clone)]
pub struct Speaker {
    input: SyncSender<Vec<u8>>,
}

impl Speaker {
    /// Send bytes as they are.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotReading`], also where it takes none any more: how it ended is told where its lines are read.
    pub fn send_bytes(&self, bytes: Vec<u8>) -> Result<(), ChildError> {
        self.input.try_send(bytes).map_err(|_| ChildError::NotReading)
    }
}

/// Ends a child from elsewhere. Cloned freely.
#[derive(Debug, Clone)]
pub struct Ender {
    /// None once the child is no more: its number may be another's then.
    group: Arc<Mutex<Option<Pid>>>,
}

/// The children that are there, so that all can be ended with this process.
struct Children {
    there: Mutex<Option<Vec<Ender>>>,
    fewer: Condvar,
}

static CHILDREN: Children = Children {
    there: Mutex::new(Some(Vec::new())),
    fewer: Condvar::new(),
};

/// End all children with all that they started, wait as long until they are gone, and let no more begin: this
/// process is told to end.
pub fn end_children(patience: Duration) {
    let ending = lock(&CHILDREN.there).take().unwrap_or_default();
    for child in &ending {
        child.end();
    }
    let guard = lock(&CHILDREN.there);
    let alive = |_: &mut Option<Vec<Ender>>| ending.iter().any(|child| lock(&child.group).is_some());
    // Whatever is left then is not to be had.
    drop(CHILDREN.fewer.wait_timeout_while(guard, patience, alive));
}

/// How a child fails to speak.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// There is no such program, or it cannot be run.
    #[error("`{program}` cannot be run: {cause}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It said nothing.
    #[error("it said nothing on standard output for {waited:?}{}{}", and_holds(*holds), and_errors(errors))]
    Silent {
        /// How long it was waited for.
        waited: Duration,
        /// How much memory it holds at least, where that may be why.
        holds: Option<u64>,
        /// The end of what it wrote to standard error.
        errors: String,
    },
    /// It ended, or closed its output.
    #[error("{how}{}", and_errors(errors))]
    Ended {
        /// How.
        how: String,
        /// The end of what it wrote to standard error.
        errors: String,
    },
    /// It took more memory than it may hold, and was ended.
    #[error("it took more than {} of memory", mebibytes(*.0))]
    Memory(u64),
    /// It wrote a line that no message needs.
    #[error("it wrote a line of more than {0} bytes")]
    Flood(usize),
    /// It wrote something else than a JSON object.
    #[error("it wrote a line to standard output that is no JSON object: `{0}`")]
    NotJson(String),
    /// It does not read what it is sent.
    #[error("it does not read its standard input")]
    NotReading,
}

fn and_holds(holds: Option<u64>) -> String {
    holds.map_or_else(String::new, |bytes| {
        format!(", and holds more than {} of memory", mebibytes(bytes))
    })
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn and_errors(errors: &str) -> String {
    match errors {
        "" => String::new(),
        errors => format!("; on standard error: `{errors}`"),
    }
}

impl Child {
    /// Start a program, in a process group of its own.
    ///
    /// # Errors
    ///
    /// [`ChildError::Start`].
    pub fn spawn(program: &str, arguments: &[String]) -> Result<Self, ChildError> {
        Self::spawn_as(program, arguments, &Spawning::default())
    }

    /// The same, otherwise than usual.
    ///
    /// # Errors
    ///
    /// As [`Child::spawn`].
    pub fn spawn_as(program: &str, arguments: &[String], how: &Spawning) -> Result<Self, ChildError> {
        let start = |cause| ChildError::Start {
            program: program.to_owned(),
            cause,
        };
        // Held until the child is in it: one that begins while all are ended must not be left.
        let mut children = lock(&CHILDREN.there);
        let Some(there) = children.as_mut() else {
            return Err(start(io::ErrorKind::Interrupted.into()));
        };
        let mut command = Command::new(program);
        tie(&mut command);
        let mut process = command
            .args(arguments)
            .envs(how.variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(start)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(start(io::Error::other("its streams are not there")));
        };
        let group = Arc::new(Mutex::new(Some(Pid::from_child(&process))));
        let ender = Ender { group };
        there.push(ender.clone());
        drop(children);
        let errors = Arc::default();
        let (input, to_write) = sync_channel(CHILD_LINES);
        let (to_lines, lines) = sync_channel(CHILD_LINES);
        let (to_exit, exit) = sync_channel(1);
        thread::spawn(move || write(stdin, &to_write));
        let most = how.line_bytes;
        thread::spawn(move || read(stdout, most, &to_lines));
        let into = Arc::clone(&errors);
        let (draining, drained) = sync_channel(0);
        thread::spawn(move || {
            drain(stderr, &into);
            drop(draining);
        });
        let reaper = ender.clone();
        thread::spawn(move || {
            let status = reaper.reap(process);
            let _ = status.map(|status| to_exit.send(status));
        });
        Ok(Self {
            ender,
            input: Some(input),
            lines,
            exit,
            exited: None,
            errors,
            drained,
            memory: None,
        })
    }

    /// End it where it is seen to hold more memory than this, with all that it started.
    #[must_use]
    pub fn holding_at_most(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// What speaks to it from elsewhere; none once nothing more is sent.
    #[must_use]
    pub fn speaker(&self) -> Option<Speaker> {
        self.input.clone().map(|input| Speaker { input })
    }

    /// What ends it from elsewhere.
    #[must_use]
    pub fn ender(&self) -> Ender {
        self.ender.clone()
    }

    /// Send a line.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotReading`] where earlier lines still wait, [`ChildError::Ended`] where it takes none.
    pub fn send(&mut self, message: &impl Serialize) -> Result<(), ChildError> {
        let mut line = serde_json::to_vec(message).map_err(|error| ChildError::NotJson(error.to_string()))?;
        line.push(b'\n');
        self.send_bytes(line)
    }

    /// Send bytes as they are: lines and parts of lines.
    ///
    /// # Errors
    ///
    /// As [`Child::send`].
    pub fn send_bytes(&mut self, bytes: Vec<u8>) -> Result<(), ChildError> {
        match self.input.as_ref().map(|input| input.try_send(bytes)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(ChildError::NotReading),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(self.ended()),
        }
    }

    /// Send nothing more: its standard input is over after what was sent.
    pub fn send_no_more(&mut self) {
        self.input = None;
    }

    /// Wait for its next line, a JSON object.
    ///
    /// # Errors
    ///
    /// How it failed to write one.
    pub fn receive(&mut self, patience: Duration) -> Result<Value, ChildError> {
        let line = self.receive_line(patience)?;
        match serde_json::from_slice(&line) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err(ChildError::NotJson(shown(&line))),
        }
    }

    /// Wait for its next line, as it was written.
    ///
    /// # Errors
    ///
    /// How it failed to write one.
    pub fn receive_line(&mut self, patience: Duration) -> Result<Vec<u8>, ChildError> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let pause = self.memory.map_or(left, |_| left.min(PROCESS_MEMORY_PAUSE));
            match self.lines.recv_timeout(pause) {
                Ok(line) => return line,
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(most) = self.memory.filter(|most| self.ender.memory() > *most) {
                        self.ender.end();
                        return Err(ChildError::Memory(most));
                    }
                    if left <= pause {
                        return Err(self.silent(patience));
                    }
                }
            }
        }
    }

    fn silent(&self, waited: Duration) -> ChildError {
        // Of what differs from run to run no more than a reader needs.
        let holds = self.memory.map(|_| self.ender.memory());
        let holds = holds.filter(|bytes| *bytes >= PROCESS_MEMORY_TOLD_BYTES);
        ChildError::Silent {
            waited,
            holds: holds.map(|bytes| 1 << bytes.ilog2()),
            errors: self.errors(),
        }
    }

    /// Close its standard input, and wait until it ends by itself.
    ///
    /// # Errors
    ///
    /// [`ChildError::Silent`] where it does not.
    pub fn finish(&mut self, patience: Duration) -> Result<ExitStatus, ChildError> {
        self.input = None;
        let until = Instant::now() + patience;
        // Whatever it still says is not asked for, and must not keep it from ending.
        while let Ok(Ok(_)) = self
            .lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {}
        let left = until.saturating_duration_since(Instant::now());
        self.status(left).ok_or_else(|| self.silent(patience))
    }

    /// The end of what it wrote to standard error, on one line.
    #[must_use]
    pub fn errors(&self) -> String {
        let kept: Vec<u8> = lock(&self.errors).iter().copied().collect();
        shown(kept.trim_ascii())
    }

    fn ended(&mut self) -> ChildError {
        // Who closed its output mostly ends in a moment.
        let how = match self.status(LETTING_GO) {
            None => "it closed its standard output".to_owned(),
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("it ended with exit status {code}"),
                (_, Some(signal)) => format!("it was ended by signal {signal}"),
                _ => format!("it ended: {status}"),
            },
        };
        // What it said last mostly says why.
        let _ = self.drained.recv_timeout(LETTING_GO);
        ChildError::Ended {
            how,
            errors: self.errors(),
        }
    }

    fn status(&mut self, patience: Duration) -> Option<ExitStatus> {
        if self.exited.is_none() {
            self.exited = self.exit.recv_timeout(patience).ok();
        }
        self.exited
    }
}

impl Ender {
    /// End the child and all that it started, if it is still there.
    pub fn end(&self) {
        if let Some(group) = *lock(&self.group) {
            // One that is gone needs no ending.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// How many bytes of memory the child holds with all that it started, as far as that can be seen.
    fn memory(&self) -> u64 {
        let leader = *lock(&self.group);
        leader.map_or(0, |leader| memory::of(leader.as_raw_nonzero().get()))
    }

    /// Wait until the child ends by itself or by [`Ender::end`].
    fn reap(&self, mut process: std::process::Child) -> Option<ExitStatus> {
        let pid = Pid::from_child(&process);
        // Until it is reaped its number is nobody else's.
        let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let status = {
            let mut group = lock(&self.group);
            let _ = kill_process_group(pid, Signal::KILL);
            *group = None;
            process.wait().ok()
        };
        if let Some(there) = lock(&CHILDREN.there).as_mut() {
            there.retain(|child| !Arc::ptr_eq(&child.group, &self.group));
        }
        CHILDREN.fewer.notify_all();
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.ender.end();
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("ender", &self.ender)
            .finish_non_exhaustive()
    }
}

fn write(mut stdin: impl Write, lines: &Receiver<Vec<u8>>) {
    while let Ok(line) = lines.recv() {
        // Who reads no more is told so by the channel that closes.
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read(stdout: impl Read, most: usize, lines: &SyncSender<Result<Vec<u8>, ChildError>>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = (&mut stdout).take(most as u64 + 1).read_until(b'\n', &mut line);
        if read.is_err() || line.is_empty() {
            return;
        }
        let flood = line.len() > most;
        let line = if flood {
            Err(ChildError::Flood(most))
        } else {
            Ok(line)
        };
        if lines.send(line).is_err() || flood {
            return;
        }
    }
}

fn drain(mut stderr: impl Read, into: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut buffer) {
        let mut kept = lock(into);
        kept.extend(&buffer[..count]);
        let over = kept.len().saturating_sub(CHILD_STDERR_BYTES);
        kept.drain(..over);
    }
}

/// The end of a text on one line.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let from = text.ceil_char_boundary(text.len().saturating_sub(CHILD_STDERR_SHOWN_BYTES));
    let line: String = text[from..]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if from > 0 { format!("…{line}") } else { line }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Child {
        Child::spawn("/bin/sh", &["-c".to_owned(), script.to_owned()]).unwrap()
    }

    #[test]
    fn lines_go_both_ways() {
        let mut child = shell("while read -r line; do echo \"$line\"; done");
        child.send(&json!({"n": 1})).unwrap();
        assert_eq!(child.receive(LONG).unwrap(), json!({"n": 1}));
        assert!(child.finish(LONG).unwrap().success());
    }

    #[test]
    fn every_way_not_to_speak_is_told() {
        let said = |script: &str| shell(script).receive(LONG).unwrap_err().to_string();
        insta::assert_snapshot!(said("exit 3"), @"it ended with exit status 3");
        insta::assert_snapshot!(said("echo oh no >&2; exit 1"), @"it ended with exit status 1; on standard error: `oh no`");
        insta::assert_snapshot!(said("kill -9 $$"), @"it was ended by signal 9");
        insta::assert_snapshot!(said("echo hello"), @"it wrote a line to standard output that is no JSON object: `hello`");
        insta::assert_snapshot!(said("head -c 3000000 /dev/zero"), @"it wrote a line of more than 1048576 bytes");
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let error = Child::spawn("/no/such/program", &[]).unwrap_err();
        insta::assert_snapshot!(error, @"`/no/such/program` cannot be run: No such file or directory (os error 2)");
    }

    #[test]
    fn one_that_is_silent_is_waited_for_no_longer_than_meant() {
        let mut child = shell("read -r line");
        let error = child.receive(Duration::from_millis(10)).unwrap_err();
        insta::assert_snapshot!(error, @"it said nothing on standard output for 10ms");
    }

    #[test]
    fn one_that_takes_more_memory_than_it_may_is_ended() {
        let most = 64 << 20;
        let mut child = shell("cat /dev/zero | tail -c 200000000").holding_at_most(most);
        let error = child.receive(LONG).unwrap_err();
        insta::assert_snapshot!(error, @"it took more than 64 MiB of memory");
        assert!(matches!(child.receive(LONG), Err(ChildError::Ended { .. })));
    }

    #[test]
    fn of_one_that_is_silent_it_is_told_that_it_holds_much() {
        let silent = |holds| ChildError::Silent {
            waited: Duration::from_secs(5),
            holds,
            errors: String::new(),
        };
        insta::assert_snapshot!(silent(Some(512 << 20)), @"it said nothing on standard output for 5s, and holds more than 512 MiB of memory");
        insta::assert_snapshot!(silent(None), @"it said nothing on standard output for 5s");
    }

    #[test]
    fn one_that_does_not_read_blocks_nobody() {
        let mut child = shell("kill -STOP $$");
        let large = "x".repeat(100_000);
        // One is being written, and as many wait as may.
        let stuck = (0..CHILD_LINES + 2).find_map(|_| child.send(&large).err());
        assert!(matches!(stuck, Some(ChildError::NotReading)));
    }

    #[test]
    fn what_a_child_started_ends_with_it() {
        // The grandchild keeps the output open: only its end closes it.
        let mut child = shell("cat <&0 & echo '{}'; wait");
        child.receive(LONG).unwrap();
        child.ender().end();
        assert!(matches!(child.receive(LONG), Err(ChildError::Ended { .. })));
    }
}
