//! A host that is killed again and again while it takes and delivers events: none is lost.
//!
//! The host is a real process, this program run once more, which is killed as by `kill -9` at moments that nobody
//! chose. `YOIKIT_CRASH_EVENTS=10000 cargo test -p yoi-host --test durable` does it for ten thousand events.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use yoi_host::Profile;
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::{CodeCache, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::Plugin;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::disk::DiskJournal;
use yoi_host::plugin::service::{
    Event, Journal, JournalError, Kept, Plan, Recovered, Seq, Service, ServiceOptions, Settlement, StopTimes,
    WhenFull, Written,
};
use yoi_host::world::Net;

/// Senders, each with a source of its own.
const SOURCES: usize = 4;

/// What a host says on its standard output before a line that is meant for the test.
const MARK: &str = "@@";

/// What a host told.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    /// This event of this source was accepted.
    Accepted(usize, usize),
    /// The plugin took it, in this attempt. It is told before the journal learns of it.
    Taken(usize, usize, u32),
    /// Everything is done.
    Ended,
}

impl Told {
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(MARK).nth(1)?.split_whitespace().collect();
        let number = |word: &str| word.parse().unwrap();
        Some(match words[..] {
            ["accepted", source, event] => Self::Accepted(number(source), number(event)),
            ["taken", source, event, attempt] => {
                Self::Taken(number(source), number(event), attempt.parse().unwrap())
            }
            ["ended"] => Self::Ended,
            _ => panic!("not a line of the host's: {line:?}"),
        })
    }
}

#[test]
fn a_host_that_is_killed_at_any_moment_loses_no_event() {
    let events: usize = env::var("YOIKIT_CRASH_EVENTS").map_or(400, |events| events.parse().unwrap());
    let each = events / SOURCES;
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(20_261_120);
    // Some thirty lives, whatever the number of events.
    let lines = events / 8;
    let mut runs: Vec<Vec<Told>> = Vec::new();
    let mut accepted = [0; SOURCES];
    loop {
        assert!(runs.len() < 1000, "the hosts make no way: {accepted:?}");
        let mut host = start(folder.path(), &accepted, each);
        let told = listen(&mut host, random.usize(0..=lines));
        for told in &told {
            if let Told::Accepted(source, event) = told {
                assert_eq!(accepted[*source], *event, "a sender goes on where it was");
                accepted[*source] += 1;
            }
        }
        let ended = told.contains(&Told::Ended);
        runs.push(told);
        if ended {
            break;
        }
    }
    assert_eq!(accepted, [each; SOURCES]);
    let again = judge(&runs, each);
    let kills = runs.len() - 1;
    assert!(kills > 5, "{kills}");
    assert!(again > 0, "nothing was under way when a host was killed");
    if env::var_os("YOIKIT_CRASH_EVENTS").is_some() {
        let told = format!("{events} events, {kills} hosts killed, {again} deliveries more than one\n");
        std::io::stdout().write_all(told.as_bytes()).unwrap();
    }
}

/// Hold what was delivered against what has to be, and count what was delivered again.
fn judge(runs: &[Vec<Told>], each: usize) -> usize {
    let mut attempts: HashMap<(usize, usize), Vec<u32>> = HashMap::new();
    let mut next = [0; SOURCES];
    for run in runs {
        let mut last = [None; SOURCES];
        for told in run {
            let Told::Taken(source, event, attempt) = *told else {
                continue;
            };
            assert!(
                last[source] < Some(event),
                "within a run, {event} after {:?}",
                last[source]
            );
            last[source] = Some(event);
            assert!(
                event <= next[source],
                "{event} of source {source} before {}",
                next[source]
            );
            next[source] = next[source].max(event + 1);
            attempts.entry((source, event)).or_default().push(attempt);
        }
    }
    assert_eq!(next, [each; SOURCES], "each was delivered");
    for (event, attempts) in &attempts {
        assert!(
            attempts.is_sorted_by(|one, next| one < next),
            "{event:?}: {attempts:?}"
        );
    }
    attempts.values().map(|attempts| attempts.len() - 1).sum()
}

/// Take what a host tells until it has told so much, and kill it there; what it told before its death counts.
fn listen(host: &mut Child, lines: usize) -> Vec<Told> {
    let stdout = BufReader::new(host.stdout.take().unwrap());
    let mut told = Vec::new();
    let mut killed = lines == 0;
    if killed {
        host.kill().unwrap();
    }
    for line in stdout.lines() {
        // A line that was cut off was not told.
        let Some(line) = line.ok().as_deref().and_then(Told::read) else {
            continue;
        };
        told.push(line);
        if told.len() == lines {
            host.kill().unwrap();
            killed = true;
        }
    }
    let status = host.wait().unwrap();
    assert!(killed || status.success(), "{status}");
    // One that was killed may have told its end without having come to it.
    assert!(!status.success() || told.contains(&Told::Ended), "{status}");
    told
}

fn start(folder: &Path, accepted: &[usize; SOURCES], each: usize) -> Child {
    let from: Vec<String> = accepted.iter().map(ToString::to_string).collect();
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_host", "--ignored", "--nocapture"])
        .env("YOIKIT_CRASH_FOLDER", folder)
        .env("YOIKIT_CRASH_FROM", from.join(","))
        .env("YOIKIT_CRASH_EACH", each.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the host that the other test kills"]
fn the_host() {
    let Some(folder) = env::var_os("YOIKIT_CRASH_FOLDER") else {
        return;
    };
    let from = env::var("YOIKIT_CRASH_FROM").unwrap();
    let each: usize = env::var("YOIKIT_CRASH_EACH").unwrap().parse().unwrap();
    let service = service(Path::new(&folder));
    thread::scope(|senders| {
        for (source, from) in from.split(',').enumerate() {
            let service = &service;
            senders.spawn(move || {
                for event in from.parse().unwrap()..each {
                    // Dropped: what becomes of it is told by the journal.
                    drop(service.send_blocking(tick(source, event)).unwrap());
                    tell(&format!("accepted {source} {event}"));
                }
            });
        }
    });
    let times = StopTimes {
        drain: std::time::Duration::from_secs(600),
        hard: std::time::Duration::from_secs(600),
    };
    let ending = service.stop(times).wait();
    assert_eq!((ending.abandoned, ending.error), (0, None));
    tell("ended");
}

fn tell(what: &str) {
    let line = format!("{MARK} {what}\n");
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(line.as_bytes()).unwrap();
    stdout.flush().unwrap();
}

fn tick(source: usize, event: usize) -> Event {
    Event {
        ingress: "tick".into(),
        kind: "clock".into(),
        source: format!("source-{source}"),
        payload: json!({ "text": "x".repeat(200) }),
        created_at: None,
        correlation_id: Some(format!("{source}-{event}")),
        attempt: 1,
    }
}

fn service(folder: &Path) -> Service {
    let cache = CodeCache::open(folder.join("code")).unwrap();
    let engine = EngineOptions::new(Profile::Documented)
        .instances(1)
        .cache(cache)
        .build()
        .unwrap();
    let counter = yoi_guests::COUNTER;
    let plugin = Plugin::load(&engine, &fs::read(counter.component()).unwrap()).unwrap();
    let manifest = fs::read_to_string(counter.package().join("plugin.toml")).unwrap();
    let manifest = Manifest::parse(&manifest).unwrap();
    let grants = Grants::as_asked_by(&manifest);
    let access = Access::new(Authority::new(&manifest, grants, &Binding::Unbound), Net::new());
    let mut options = ServiceOptions::of(Profile::Documented);
    options.queue_events = 256;
    options.when_full = WhenFull::Wait;
    let journal = DiskJournal::open(&folder.join("journal"), "project:yoikit.counter").unwrap();
    let plan = Plan::new(plugin, access, &manifest)
        .options(options)
        .journal(Arc::new(Telling::new(journal)));
    Service::start(plan).unwrap()
}

/// A journal that tells of what the plugin took, before it is written that it did.
#[derive(Debug)]
struct Telling {
    journal: DiskJournal,
    /// The id and the last attempt of what waits.
    waiting: Mutex<HashMap<Seq, (String, u32)>>,
}

impl Telling {
    fn new(journal: DiskJournal) -> Self {
        Self {
            journal,
            waiting: Mutex::default(),
        }
    }
}

impl Journal for Telling {
    fn recover(&self) -> Result<Recovered, JournalError> {
        self.journal.recover()
    }

    fn more(&self, after: Option<Seq>, most: usize, bytes: usize) -> Result<Vec<Kept>, JournalError> {
        let kept = self.journal.more(after, most, bytes)?;
        let mut waiting = self.waiting.lock().unwrap();
        for kept in &kept {
            waiting.insert(kept.seq, (kept.event.correlation_id.clone(), 0));
        }
        drop(waiting);
        Ok(kept)
    }

    fn accept(&self, seq: Seq, event: &IngressEvent) -> Written {
        let id = event.correlation_id.clone();
        self.waiting.lock().unwrap().insert(seq, (id, 0));
        self.journal.accept(seq, event)
    }

    fn begin(&self, seq: Seq, attempt: u32) -> Written {
        self.waiting.lock().unwrap().get_mut(&seq).unwrap().1 = attempt;
        self.journal.begin(seq, attempt)
    }

    fn settle(&self, seq: Seq, how: Settlement, why: Option<&str>) {
        let (id, attempt) = self.waiting.lock().unwrap().remove(&seq).unwrap();
        assert_eq!(how, Settlement::Accepted, "{why:?}");
        tell(&format!("taken {} {attempt}", id.replace('-', " ")));
        self.journal.settle(seq, how, why);
    }

    fn close(&self) -> Result<(), JournalError> {
        self.journal.close()
    }
}
