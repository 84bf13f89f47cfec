//! A server, and the hosts of this process.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;
use yoi_guests::Guest;
use yoi_host::Profile;
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::Plugin;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::nats::Taking;
use yoi_host::plugin::service::{
    Journal, JournalError, Plan, Recovered, Seq, Service, ServiceOptions, Settlement, Written,
};
use yoi_host::world::Net;

/// Longer than anything here takes: a test that waits for what never comes is to fail and not to hang.
pub(crate) const AT_MOST: Duration = Duration::from_secs(60);

/// How long a host may say nothing of an event that it has: longer than any test, so that nothing is given to another
/// host but what is given back.
pub(crate) const WAIT: Duration = Duration::from_secs(600);

/// A server of the test's own, on loopback, with its files in a folder.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

impl Server {
    /// None where there is none on this machine, which is told.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let Ok(child) = spawn(folder.path(), "-1") else {
            let skipped = format!("skipped: {test}: `nats-server` is not installed\n");
            std::io::stderr().write_all(skipped.as_bytes()).unwrap();
            return None;
        };
        let mut server = Self {
            child,
            url: String::new(),
            folder,
        };
        server.url = server.wait_for_port();
        Some(server)
    }

    /// It is gone, with all that it had written.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_dir_all(self.folder.path().join("ports")).unwrap();
    }

    /// It is there again, at the same place.
    pub(crate) fn come_back(&mut self) {
        let port = self.url.rsplit(':').next().unwrap();
        self.child = spawn(self.folder.path(), port).unwrap();
        self.wait_for_port();
    }

    /// The server writes where it listens once it does.
    fn wait_for_port(&mut self) -> String {
        let ports = self.folder.path().join("ports");
        let began = Instant::now();
        loop {
            let file = fs::read_dir(&ports).unwrap().find_map(|entry| {
                let text = fs::read_to_string(entry.unwrap().path()).ok()?;
                serde_json::from_str::<Value>(&text).ok()
            });
            if let Some(url) = file.as_ref().and_then(|file| file["nats"][0].as_str()) {
                return url.to_owned();
            }
            assert!(began.elapsed() < AT_MOST, "the server does not listen");
            assert!(self.child.try_wait().unwrap().is_none(), "the server has ended");
            std::thread::yield_now();
        }
    }
}

fn spawn(folder: &Path, port: &str) -> std::io::Result<Child> {
    let ports = folder.join("ports");
    fs::create_dir(&ports)?;
    Command::new("nats-server")
        .args([
            "--addr",
            "127.0.0.1",
            "--port",
            port,
            "--jetstream",
            "--store_dir",
        ])
        .arg(folder.join("store"))
        .arg("--ports_file_dir")
        .arg(&ports)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a host began to deliver: source, id, attempt, and which host.
pub(crate) type Begun = Arc<Mutex<Vec<(String, String, u32, usize)>>>;

/// Is told of every delivery before it begins: source, id, attempt.
pub(crate) type Tell = Box<dyn Fn(&str, &str, u32) + Send + Sync>;

/// Tells of every delivery before it begins.
struct Watching {
    tell: Tell,
    events: Mutex<HashMap<Seq, (String, String)>>,
    gate: Gate,
}

/// Deliveries wait while it is shut.
pub(crate) type Gate = watch::Receiver<bool>;

pub(crate) fn open_gate() -> Gate {
    watch::channel(true).1
}

impl Journal for Watching {
    fn recover(&self) -> Result<Recovered, JournalError> {
        Ok(Recovered::default())
    }

    fn accept(&self, seq: Seq, event: &IngressEvent) -> Written {
        let known = (event.source.clone(), event.correlation_id.clone());
        self.events.lock().unwrap().insert(seq, known);
        Written::Now(Ok(()))
    }

    fn begin(&self, seq: Seq, attempt: u32) -> Written {
        let (source, id) = self.events.lock().unwrap()[&seq].clone();
        (self.tell)(&source, &id, attempt);
        let mut gate = self.gate.clone();
        Written::Later(Box::pin(async move {
            // Whoever could shut it is gone: it stays as it is.
            let _ = gate.wait_for(|open| *open).await;
            Ok(())
        }))
    }

    fn settle(&self, seq: Seq, _: Settlement, _: Option<&str>) {
        self.events.lock().unwrap().remove(&seq);
    }

    fn close(&self) -> Result<(), JournalError> {
        Ok(())
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").finish_non_exhaustive()
    }
}

/// A service of this process, which writes down what it begins.
pub(crate) fn service(guest: Guest, config: &str, host: usize, begun: &Begun, gate: Gate) -> Service {
    let begun = Arc::clone(begun);
    let tell = move |source: &str, id: &str, attempt| {
        let told = (source.to_owned(), id.to_owned(), attempt, host);
        begun.lock().unwrap().push(told);
    };
    service_telling(guest, config, 5, Box::new(tell), gate)
}

/// A service with so many attempts for each event.
pub(crate) fn service_telling(guest: Guest, config: &str, attempts: u32, tell: Tell, gate: Gate) -> Service {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        EngineOptions::new(Profile::Documented)
            .instances(8)
            .build()
            .unwrap()
    });
    let plugin = Plugin::load(&ENGINE, &fs::read(guest.component()).unwrap()).unwrap();
    let manifest =
        Manifest::parse(&fs::read_to_string(guest.package().join("plugin.toml")).unwrap()).unwrap();
    let grants = Grants::as_asked_by(&manifest);
    let access = Access::new(Authority::new(&manifest, grants, &Binding::Unbound), Net::new());
    let journal = Watching {
        tell,
        events: Mutex::default(),
        gate,
    };
    let mut options = Taking::options(ServiceOptions::of(Profile::Documented));
    options.retry.attempts = attempts;
    let plan = Plan::new(plugin, access, &manifest)
        .config(config)
        .options(options)
        .journal(Arc::new(journal));
    Service::start(plan).unwrap()
}

pub(crate) fn event(ingress: &str, source: &str, id: String, payload: Value) -> IngressEvent {
    IngressEvent {
        kind: "test".into(),
        source: source.into(),
        ingress_name: ingress.into(),
        payload,
        created_at: "2026-11-20T10:00:00.000Z".into(),
        attempt: 1,
        correlation_id: id,
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
