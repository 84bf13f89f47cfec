//! What an import costs by itself, beside a bare wasmtime import that carries the same strings.
//!
//! One guest calls one import [`CALLS`] times over, on one engine:
//!
//! - `imports`: with the host's imports, a manifest and grants behind them
//! - `host`: the same within a whole instance of the host, to show that it adds nothing to an import
//! - `bare`: with a function that takes the string and answers with a constant of the size of ours
//!
//! The claim is about `request`: a guest's call of a granted request of 1 KiB, its body text, costs at most 2 µs
//! more than a bare one, what the network costs left out. It does not hold for every string of that size, and
//! two that it does not hold for are shown beside it: a body of JSON, whose every quote is an escape that the
//! parser has to undo, and a URL of 900 bytes, which the URL parser takes byte by byte. Either of the two
//! parsers takes more than 1 µs by itself then.
//!
//! That call is ended at the last step before the network, by a guest call that was cancelled in the meantime:
//! the one door there is between the decision and the first thing that is handed to another thread. So it
//! contains the string out of the guest, its size, the host API's permission, the JSON, method, headers and
//! body, the URL, the targets of manifest and grants, where it leads, the record of the call, and an answer
//! in JSON back into the guest. It does not contain the response of a request that is carried out, which is
//! written as JSON at a cost that goes by its length; in its place it has a short error, made, kept and
//! written.
//!
//! The rest is only shown:
//!
//! - `send-text`: permitted, the handle not open
//! - `denied`: a host that nobody granted; the host works out which lines would allow it
//! - `fs.read`: carried out, beside a bare import that reads the same file with `std::fs::read`
//! - `scripted`: a request that is carried out on a network that is all memory; it goes to the network's thread
//!   and back
//! - `loopback`: a request that is carried out for real, on a connection of its own to a server of this process,
//!   beside a bare import that dials, asks and reads with nothing but a socket

#![expect(clippy::print_stdout, reason = "the comparison is what the run is for")]

use std::fs;
use std::hint::black_box;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, Throughput};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wasmtime::component::{Component, Linker, TypedFunc};
use wasmtime::{Engine as Wasmtime, Store};
use yoi_benches::{Claim, Compare, criterion_home, judge};
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::{Cancel, Engine};
use yoi_host::imports::{self, Access, HostErrorCode, ImportsCtx, ImportsView, Patience};
use yoi_host::plugin::{Instance, Plugin};
use yoi_host::world::{Net, NetOptions, ScriptedDialer, ScriptedResolver};
use yoi_host::{Limits, Profile};

/// Host calls in one call of the guest: enough that entering the guest is none of it, and few enough that the
/// host keeps every one of them, as it would in life.
const CALLS: u32 = 100;

/// Most microseconds that a granted request of 1 KiB of text may cost more than a bare import.
const MORE_AT_MOST: f64 = 2.0;

/// More instructions than any call here needs, so that the budget is met by none.
const FUEL: u64 = 1_000_000_000;

/// Where requests are granted to go. The name leads to an address of the internet, where nothing is sent.
const GRANTED: &str = "https://api.test/v1";
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

fn main() {
    let began = SystemTime::now();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    let engine = Engine::new(Profile::Documented).expect("an engine");
    let folder = tempfile::tempdir().expect("a folder");
    let net = scripted_net();
    let server = serve_loopback();
    let works = works(folder.path(), server);
    for work in &works {
        let net = if matches!(work.bare, Bare::Asks(_)) {
            Net::new()
        } else {
            net.clone()
        };
        measure(&mut criterion, &engine, &net, folder.path(), work);
    }
    criterion.final_summary();
    claims(began, &works);
}

/// What a guest calls, and with which string.
struct Work {
    /// The name of its group.
    group: String,
    import: Import,
    text: String,
    /// Whether the guest call is over when it asks for the network.
    over: bool,
    /// How each call ends; none where it is carried out.
    ends: Option<HostErrorCode>,
    /// What a bare import does before it answers.
    bare: Bare,
    /// Most microseconds that it may cost more than a bare import.
    at_most: Option<f64>,
}

/// What a bare import does.
#[derive(Clone)]
enum Bare {
    /// It answers.
    Nothing,
    /// It reads a file.
    Reads(PathBuf),
    /// It asks a server over a connection of its own.
    Asks(SocketAddr),
}

/// An import, as a component declares it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Import {
    Request,
    SendText,
    FsRead,
}

impl Import {
    const fn interface(self) -> &'static str {
        match self {
            Import::Request => "yoi:host/request@1.0.0",
            Import::SendText => "yoi:host/websocket@1.0.0",
            Import::FsRead => "yoi:host/fs@1.0.0",
        }
    }

    const fn function(self) -> &'static str {
        match self {
            Import::Request => "request",
            Import::SendText => "send-text",
            Import::FsRead => "read",
        }
    }

    const fn takes_handle(self) -> bool {
        matches!(self, Import::SendText)
    }
}

fn works(folder: &Path, server: SocketAddr) -> [Work; 10] {
    let over = |group: String, text: String| Work {
        group,
        import: Import::Request,
        text,
        over: true,
        ends: Some(HostErrorCode::Timeout),
        bare: Bare::Nothing,
        at_most: None,
    };
    let carried_out = |group: &str, text: String| Work {
        over: false,
        ends: None,
        ..over(group.to_owned(), text)
    };
    let json = |bytes| request(GRANTED, bytes, &records());
    let long = format!("{GRANTED}?q=");
    let url = format!("{long}{}", "x".repeat(1024 - describe(&long, "").len()));
    let path = folder.join("note");
    fs::write(&path, "x".repeat(1024)).expect("a file");
    [
        Work {
            at_most: Some(MORE_AT_MOST),
            ..over("request text 1 KiB".to_owned(), request(GRANTED, 1024, ""))
        },
        over("request JSON 1 KiB".to_owned(), json(1024)),
        over("request URL 1 KiB".to_owned(), request(&url, 1024, "")),
        over("request JSON 100 B".to_owned(), json(100)),
        over("request JSON 16 KiB".to_owned(), json(16 * 1024)),
        Work {
            import: Import::SendText,
            over: false,
            ends: Some(HostErrorCode::UnknownHandle),
            ..over("send-text 1 KiB".to_owned(), "x".repeat(1024))
        },
        // The guest call is over here as well, and that is not what is answered: above, it is decided first.
        Work {
            ends: Some(HostErrorCode::Denied),
            ..over(
                "denied 1 KiB".to_owned(),
                request("https://denied.test/v1", 1024, &records()),
            )
        },
        Work {
            import: Import::FsRead,
            bare: Bare::Reads(path),
            ..carried_out("fs.read 1 KiB", json!({ "path": "note" }).to_string())
        },
        carried_out("scripted 1 KiB", request("http://api.test/v1", 1024, &records())),
        Work {
            bare: Bare::Asks(server),
            ..carried_out(
                "loopback 1 KiB",
                request(&format!("http://{server}/v1"), 1024, &records()),
            )
        },
    ]
}

/// A request's description.
fn describe(url: &str, body: &str) -> String {
    json!({
        "method": "POST",
        "url": url,
        "headers": [{ "name": "accept", "value": "*/*" }],
        "body": body,
    })
    .to_string()
}

/// A request's description of `bytes` bytes, whose body begins with as much of `beginning` as fits and has no
/// more than text behind it.
fn request(url: &str, bytes: usize, beginning: &str) -> String {
    let mut body = String::new();
    for next in beginning.chars() {
        body.push(next);
        if describe(url, &body).len() > bytes {
            body.pop();
            break;
        }
    }
    let left = bytes - describe(url, &body).len();
    describe(url, &(body + &"x".repeat(left)))
}

/// JSON as it is sent to a service, more of it than any size here needs.
fn records() -> String {
    r#"{"id":4711,"title":"a note","tags":["one","two"],"done":false},"#.repeat(300)
}

/// What stands behind the host's imports: a manifest and grants with some targets each, the last of which is
/// the one that is used.
fn authority(folder: &Path) -> Authority {
    let mut targets = String::new();
    for host in ["first.test", "second.test", "127.0.0.1", "api.test"] {
        targets.push_str(&format!(
            "[[request]]\nscheme = '*'\nhost = '{host}'\nmethods = ['GET', 'POST']\npath_prefixes = ['/v1']\n\
             [[websocket]]\nscheme = 'wss'\nhost = '{host}'\n"
        ));
    }
    let permissions = "permissions = [\
                       { kind = 'surface', surface = 'tool' }, \
                       { kind = 'tool', name = 'bench' }, \
                       { kind = 'host_api', api = 'fs' }, \
                       { kind = 'host_api', api = 'websocket' }, \
                       { kind = 'host_api', api = 'request' }]\n";
    let manifest = format!(
        "schema_version = 1\nid = 'bench'\nname = 'Bench'\nversion = '1.0.0'\nsurfaces = ['tool']\n{permissions}\
         [runtime]\nkind = 'wasm-component'\ncomponent = 'bench.wasm'\nworld = 'yoi:plugin/instance@1.0.0'\n\
         [[tools]]\nname = 'bench'\ndescription = 'Calls'\ninput_schema = {{ type = 'object' }}\n{targets}"
    );
    let grants = format!(
        "{permissions}{targets}[[fs]]\nroot = '{}'\noperations = ['read']\n",
        folder.display()
    );
    Authority::new(
        &Manifest::parse(&manifest).expect("a manifest"),
        Grants::parse(&grants).expect("grants"),
        &Binding::Unbound,
    )
}

/// What every server here answers.
fn response() -> String {
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1024\r\n\r\n{}",
        "x".repeat(1024)
    )
}

/// A server on a port of the loopback that answers whatever it is asked, for as long as this process lives.
fn serve_loopback() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        let response = response();
        let mut request = vec![0; 64 * 1024];
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut have = 0;
            while let Ok(read @ 1..) = stream.read(&mut request[have..]) {
                have += read;
                if is_whole(&request[..have]) {
                    let _ = stream.write_all(response.as_bytes());
                    break;
                }
            }
        }
    });
    address
}

/// Whether a request is there with all of its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

/// Ask a server with nothing but a socket.
fn asked(server: SocketAddr, body: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    let head = format!(
        "POST /v1 HTTP/1.1\r\nhost: {server}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// One name, and a peer at its address that answers with 1 KiB.
fn scripted_net() -> Net {
    let response: Arc<str> = response().into();
    let serve = move |mut stream: DuplexStream| {
        let response = Arc::clone(&response);
        async move {
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                if !matches!(stream.read_buf(&mut request).await, Ok(1..)) {
                    return;
                }
            }
            // The host reads as much as it was promised and goes; until then, its own bytes must not stand in
            // its way.
            let _ = stream.write_all(response.as_bytes()).await;
            let _ = stream.read_to_end(&mut request).await;
        }
    };
    NetOptions::new()
        .resolver(ScriptedResolver::new().answer("api.test", [ADDRESS]))
        .dialer(ScriptedDialer::new().peer(SocketAddr::new(ADDRESS, 80), serve))
        .build()
}

/// An instance of the contract that calls its import over and over with one string, as text.
///
/// It takes every string that the host hands it at one place, so that no memory is taken and none given back:
/// the guest's own share is as small as it can be.
fn guest(work: &Work) -> Vec<u8> {
    const ANSWER: &str = r#"{"summary":"done"}"#;
    const STATUS: &str = r#"{"state":"running","data":null}"#;
    let data = |at: usize, text: &str| {
        let bytes: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        format!(r#"(data (i32.const {at}) "{bytes}")"#)
    };
    // A place that holds the address and the length of a string, and the string behind it.
    let stored = |at: usize, text: &str| {
        let word = |n: usize| u32::try_from(n).expect("a small number").to_le_bytes();
        let place: String = [word(at + 8), word(text.len())]
            .concat()
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!(r#"(data (i32.const {at}) "{place}") {}"#, data(at + 8, text))
    };
    let (interface, function) = (work.import.interface(), work.import.function());
    let (param, core_param, argument) = match work.import {
        Import::SendText => (
            r#"(param "handle" u32) (param "text" string)"#,
            "(param i32)",
            "(i32.const 1)",
        ),
        Import::Request | Import::FsRead => (r#"(param "request-json" string)"#, "", ""),
    };
    let (answer, status, text) = (stored(16, ANSWER), stored(128, STATUS), data(1024, &work.text));
    let bytes = work.text.len();
    let text = format!(
        r#"(component
            (import "{interface}" (instance $api
                (export "{function}" (func {param} (result string)))))
            (core module $memory
                (memory (export "memory") 4)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
            (core instance $memory (instantiate $memory))
            (alias core export $memory "memory" (core memory $mem))
            (alias core export $memory "realloc" (core func $realloc))
            (alias export $api "{function}" (func $import))
            (core func $lowered (canon lower (func $import) (memory $mem) (realloc $realloc)))
            (core module $guest
                (import "memory" "memory" (memory 4))
                (import "api" "import" (func $import {core_param} (param i32 i32 i32)))
                {answer} {status} {text}
                (func (export "call") (param i32 i32 i32 i32) (result i32)
                    (local $left i32)
                    (local.set $left (i32.const {CALLS}))
                    (loop $again
                        (call $import {argument} (i32.const 1024) (i32.const {bytes}) (i32.const 512))
                        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                        (br_if $again (local.get $left)))
                    (i32.const 16))
                (func (export "start") (param i32 i32) (result i32) (i32.const 128))
                (func (export "status") (result i32) (i32.const 128)))
            (core instance $guest (instantiate $guest
                (with "memory" (instance $memory))
                (with "api" (instance (export "import" (func $lowered))))))
            (alias core export $guest "call" (core func $call))
            (alias core export $guest "start" (core func $start))
            (alias core export $guest "status" (core func $status))
            (func (export "start") (param "config-json" string) (result string)
                (canon lift (core func $start) (memory $mem) (realloc $realloc)))
            (func (export "handle-tool") (param "name" string) (param "input-json" string) (result string)
                (canon lift (core func $call) (memory $mem) (realloc $realloc)))
            (func (export "handle-ingress") (param "name" string) (param "event-json" string) (result string)
                (canon lift (core func $call) (memory $mem) (realloc $realloc)))
            (func (export "status") (result string)
                (canon lift (core func $status) (memory $mem) (realloc $realloc)))
            (func (export "stop") (result string)
                (canon lift (core func $status) (memory $mem) (realloc $realloc))))"#
    );
    wat::parse_str(text).expect("the guest's text is valid")
}

/// A store that has imports and nothing else.
struct Ours(ImportsCtx);

impl ImportsView for Ours {
    fn imports(&mut self) -> &mut ImportsCtx {
        &mut self.0
    }
}

/// A guest, instantiated by wasmtime alone.
struct Called<T: 'static> {
    store: Store<T>,
    function: TypedFunc<(&'static str, &'static str), (String,)>,
}

impl<T> Called<T> {
    fn new(engine: &Wasmtime, guest: &[u8], linker: &Linker<T>, data: T) -> Self {
        let component = Component::new(engine, guest).expect("the guest compiles");
        let mut store = Store::new(engine, data);
        store.set_fuel(FUEL).expect("the engine meters");
        // Far ahead: nothing is to be interrupted here, only to be interruptible.
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = linker
            .instantiate(&mut store, &component)
            .expect("the guest instantiates");
        let function = instance
            .get_typed_func(&mut store, "handle-tool")
            .expect("an export of its type");
        Self { store, function }
    }

    fn call(&mut self) -> String {
        self.store.set_fuel(FUEL).expect("the engine meters");
        let answer = self.function.call(&mut self.store, ("bench", "null"));
        answer.expect("the guest answers").0
    }
}

impl Called<Ours> {
    /// A call of the guest as the host makes it: what the last one left is forgotten first.
    fn call_with(&mut self, patience: &Patience) -> String {
        self.store.data_mut().0.begin(patience.clone());
        self.call()
    }
}

fn measure(criterion: &mut Criterion, engine: &Engine, net: &Net, folder: &Path, work: &Work) {
    let component = guest(work);
    let access = Access::new(authority(folder), net.clone());
    let cancel = Cancel::default();
    if work.over {
        cancel.cancel();
    }
    let patience = Patience::endless(cancel);

    let mut linker = Linker::new(engine.wasmtime());
    imports::link(&mut linker).expect("an empty linker");
    let data = Ours(ImportsCtx::new(Profile::Documented, access.clone()));
    let mut ours = Called::new(engine.wasmtime(), &component, &linker, data);
    ours.call_with(&patience);
    let answer_bytes = ended_as_meant(&ours.store.data().0, work);

    let mut bare = bare(engine.wasmtime(), &component, work, answer_bytes);

    let mut group = criterion.benchmark_group(&work.group);
    group.throughput(Throughput::Elements(CALLS.into()));
    group.bench_function("imports", |bencher| bencher.iter(|| ours.call_with(&patience)));
    // The last call went as the first.
    ended_as_meant(&ours.store.data().0, work);
    if work.import == Import::SendText {
        let mut instance = started(engine, &component, access);
        instance.handle_tool("bench", "null").expect("the guest answers");
        let calls = instance.last_call().expect("it was called").host_calls;
        assert_eq!(calls, u64::from(CALLS), "{}: not as many calls", work.group);
        group.bench_function("host", |bencher| {
            bencher.iter(|| instance.handle_tool("bench", "null").expect("the guest answers"));
        });
    }
    group.bench_function("bare", |bencher| bencher.iter(|| bare.call()));
    group.finish();
}

/// The size of the answers, where all calls ended as they should: else something else would be measured.
fn ended_as_meant(imports: &ImportsCtx, work: &Work) -> usize {
    let calls = imports.calls();
    assert_eq!(
        imports.count(),
        u64::from(CALLS),
        "{}: not as many calls",
        work.group
    );
    for call in calls {
        let ended = call.error.as_ref().map(|error| error.code);
        assert_eq!(ended, work.ends, "{}: {:?}", work.group, call.error);
        assert_eq!(call.request_bytes, work.text.len(), "{}", work.group);
    }
    calls.first().map_or(0, |call| call.answer_bytes)
}

fn started(engine: &Engine, component: &[u8], access: Access) -> Instance {
    let limits = Limits::of(Profile::Documented).with_fuel(FUEL);
    let plugin = Plugin::load_with(engine, component, limits).expect("the guest keeps the contract");
    let mut instance = plugin.instance_with("null", access).expect("a configuration");
    instance.start().expect("the guest starts");
    instance
}

/// An import that takes its string and answers with a constant; a file is read before, a server asked.
fn bare(engine: &Wasmtime, component: &[u8], work: &Work, answer_bytes: usize) -> Called<()> {
    let mut linker = Linker::new(engine);
    let mut interface = linker.instance(work.import.interface()).expect("an empty linker");
    let answer: Arc<str> = "x".repeat(answer_bytes).into();
    let does = work.bare.clone();
    let serve = move |text: String| {
        match &does {
            Bare::Nothing => {}
            Bare::Reads(file) => drop(black_box(fs::read(file)?)),
            Bare::Asks(server) => drop(black_box(asked(*server, &text)?)),
        }
        black_box(text);
        Ok((Arc::clone(&answer),))
    };
    let function = work.import.function();
    let defined = if work.import.takes_handle() {
        interface.func_wrap(function, move |_, (_, text): (u32, String)| serve(text))
    } else {
        interface.func_wrap(function, move |_, (text,): (String,)| serve(text))
    };
    defined.expect("an empty linker");
    Called::new(engine, component, &linker, ())
}

fn claims(began: SystemTime, works: &[Work]) {
    let home = criterion_home();
    println!();
    for work in works {
        for function in ["imports", "host"] {
            let claim = Claim {
                ours: (&work.group, function),
                floor: (&work.group, "bare"),
                compare: Compare::Difference { calls: CALLS },
                at_most: work.at_most,
            };
            // It was not measured everywhere, and a filter on the command line may have left it out.
            if let Ok(line) = judge(&home, began, &claim) {
                println!("{line}");
            }
        }
    }
}
