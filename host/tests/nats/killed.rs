//! Hosts that are killed while they take from one stream: none of its events is lost, and the order of a source is kept.
//!
//! The hosts are real processes, this program run once more, which are killed as by `kill -9`.

use std::collections::{HashMap, HashSet};
use std::env;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use yoi_host::plugin::service::StopTimes;
use yoi_host::plugin::service::nats::{EventStream, Taking};

use crate::support::{Server, event, open_gate, runtime, service_telling};

const SOURCES: usize = 8;
const EACH: usize = 40;

/// Hosts that are killed, one after the other.
const KILLS: usize = 4;

/// How long a host may say nothing of an event: an ended one holds up its partitions for so long. Much longer than a host
/// on a busy machine is not given any time.
const WAIT: Duration = Duration::from_secs(2);

/// What a host says on its standard output before a line that is meant for the test.
const MARK: &str = "@@";

/// A delivery that a host is about to begin.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    host: usize,
    source: usize,
    event: usize,
    attempt: u32,
}

impl Told {
    fn read(line: &str) -> Option<Self> {
        let words = line.split(MARK).nth(1)?.split_whitespace();
        let numbers: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
        let [host, source, event, attempt] = numbers[..] else {
            panic!("not a line of a host's: {line:?}");
        };
        Some(Self {
            host,
            source,
            event,
            attempt: u32::try_from(attempt).unwrap(),
        })
    }
}

#[test]
fn hosts_that_are_killed_lose_no_event_and_the_order_of_a_source_is_kept() {
    let name = "hosts_that_are_killed_lose_no_event_and_the_order_of_a_source_is_kept";
    let Some(server) = Server::start(name) else {
        return;
    };
    let runtime = runtime();
    let client = runtime.block_on(async {
        let stream = EventStream::open(&server.url, "killed", "project:counter")
            .await
            .unwrap();
        for number in 0..EACH {
            for source in 0..SOURCES {
                let id = format!("{source}-{number}");
                let event = event("tick", &source.to_string(), id, Value::Null);
                stream.send(&event).await.unwrap();
            }
        }
        async_nats::connect(&server.url).await.unwrap()
    });
    let left = || {
        runtime.block_on(async {
            let context = async_nats::jetstream::new(client.clone());
            let mut events = context.get_stream("killed").await.unwrap();
            events.info().await.unwrap().state.messages
        })
    };

    // All hosts write into one pipe, a line at once: what comes out of it is in the order in which it happened.
    let (from, to) = std::io::pipe().unwrap();
    let lines = listen(from);
    let mut hosts: HashMap<usize, Child> = (0..2).map(|host| (host, start(&server.url, host, &to))).collect();
    let mut begun = Vec::new();
    let mut kills = 0;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(told) => {
                let host = told.host;
                begun.push(told);
                // Whoever has just begun something has it when it is killed.
                if kills < KILLS
                    && begun.len() >= (kills + 1) * SOURCES * EACH / (KILLS + 2)
                    && let Some(mut killed) = hosts.remove(&host)
                {
                    killed.kill().unwrap();
                    assert!(!killed.wait().unwrap().success());
                    kills += 1;
                    hosts.insert(1 + kills, start(&server.url, 1 + kills, &to));
                }
            }
            Err(RecvTimeoutError::Timeout) if left() == 0 => break,
            Err(RecvTimeoutError::Timeout) => {
                for (host, child) in &mut hosts {
                    assert_eq!(child.try_wait().unwrap(), None, "host {host} has ended");
                }
            }
            Err(RecvTimeoutError::Disconnected) => panic!("the pipe is closed"),
        }
    }
    for (host, mut child) in hosts {
        // It is to end, in order.
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success(), "host {host}");
    }
    drop(to);
    begun.extend(lines);
    assert_eq!(kills, KILLS);
    judge(&begun);
}

/// Hold what was delivered against what has to be.
fn judge(begun: &[Told]) {
    let mut last: HashMap<usize, usize> = HashMap::new();
    let mut attempts: HashMap<(usize, usize), Vec<u32>> = HashMap::new();
    for told in begun {
        let (source, event) = (told.source, told.event);
        let next = last.get(&source).map_or(0, |last| last + 1);
        assert!(
            event == next || event + 1 == next,
            "{event} of source {source} where {next} was next"
        );
        last.insert(source, event);
        attempts.entry((source, event)).or_default().push(told.attempt);
    }
    let last: Vec<_> = (0..SOURCES).map(|source| last[&source] + 1).collect();
    assert_eq!(last, [EACH; SOURCES], "each was delivered");
    let mut more = 0;
    for (event, attempts) in &attempts {
        let grow = attempts.is_sorted_by(|one, next| one < next);
        assert!(grow, "{event:?}: {attempts:?}");
        more += attempts.last().unwrap() - 1;
    }
    // What a killed host had, and had not begun, was given out again, and is not counted.
    assert!(more > 0, "nothing was under way when a host was killed");
    assert!(
        usize::try_from(more).unwrap() <= KILLS,
        "{more} attempts more than one, and {KILLS} hosts killed"
    );
    let hosts: HashSet<usize> = begun.iter().map(|told| told.host).collect();
    assert!(hosts.len() > KILLS, "{hosts:?}");
}

fn listen(from: PipeReader) -> Receiver<Told> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            // A line that was cut off was not told.
            if let Some(line) = line.ok().as_deref().and_then(Told::read)
                && tell.send(line).is_err()
            {
                return;
            }
        }
    });
    told
}

fn start(url: &str, host: usize, to: &PipeWriter) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::the_host", "--ignored", "--nocapture"])
        .env("YOIKIT_NATS_URL", url)
        .env("YOIKIT_NATS_HOST", host.to_string())
        .stdin(Stdio::piped())
        .stdout(to.try_clone().unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the host that the other test kills"]
fn the_host() {
    let Some(url) = env::var_os("YOIKIT_NATS_URL") else {
        return;
    };
    let url = url.into_string().unwrap();
    let host = env::var("YOIKIT_NATS_HOST").unwrap();
    let tell = move |_: &str, id: &str, attempt: u32| {
        let (source, event) = id.split_once('-').unwrap();
        let line = format!("{MARK} {host} {source} {event} {attempt}\n");
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(line.as_bytes()).unwrap();
        stdout.flush().unwrap();
    };
    let service = service_telling(yoi_guests::COUNTER, "null", 99, Box::new(tell), open_gate());
    runtime().block_on(async {
        let stream = EventStream::open(&url, "killed", "project:counter")
            .await
            .unwrap();
        let taking = Taking::begin(&stream, &service, WAIT, |_| {}).await.unwrap();
        let told_to_end = || std::io::stdin().lock().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(told_to_end).await.unwrap().unwrap();
        taking.stop().await;
        let ending = service.stop(StopTimes::default()).await;
        assert_eq!((ending.abandoned, ending.error), (0, None));
    });
}
