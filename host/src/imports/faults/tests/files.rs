//! Files, broken; and everything at once.

use std::fs;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::accept_async;

use super::{Guest, first, plan, said};
use crate::authority::Authority;
use crate::imports::Import;
use crate::imports::egress::fixtures::{PUBLIC, answering, at, granted, name, nothing, scripted_with};
use crate::imports::faults::{FaultKind, FaultPlan};
use crate::world::{NetTimes, ScriptedDialer};

/// A folder with one file, and what is needed to use all of it, and hosts.
fn folder() -> (TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.txt"), "grüß dich").unwrap();
    let authority = granted(&format!(
        r#"
        permissions = [
            {{ kind = "host_api", api = "request" }},
            {{ kind = "host_api", api = "websocket" }},
            {{ kind = "host_api", api = "fs" }},
        ]
        [[request]]
        host = "a.test"
        scheme = "*"
        methods = ["GET"]
        [[websocket]]
        host = "a.test"
        scheme = "*"
        [[fs]]
        root = "{}"
        operations = ["read", "list", "write"]
        "#,
        folder.path().canonicalize().unwrap().display()
    ));
    (folder, authority)
}

fn call(guest: &mut Guest, import: Import) -> String {
    let text = match import {
        Import::Request => json!({"method": "GET", "url": "http://a.test/"}),
        Import::WebsocketOpen => json!({"url": "ws://a.test:81/"}),
        Import::FsRead => json!({"path": "one.txt"}),
        Import::FsList => json!({"path": "."}),
        Import::FsWrite => json!({"path": "one.txt", "content": "something else"}),
        _ => json!("text"),
    };
    guest.ask(import, 1, 0, &text.to_string())
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn every_kind_breaks_files_in_its_own_way_and_the_old_ones_stay() {
    let mut answers = String::new();
    for (kind, import, more) in [
        (FaultKind::ShortRead, Import::FsRead, ""),
        (FaultKind::BadUtf8, Import::FsRead, ""),
        (FaultKind::BadUtf8, Import::FsRead, ", after_bytes = 3"),
        (FaultKind::Io, Import::FsRead, ""),
        (FaultKind::Io, Import::FsList, ""),
        (FaultKind::Io, Import::FsWrite, ""),
        (FaultKind::DiskFull, Import::FsWrite, ""),
        (FaultKind::DiskFull, Import::FsWrite, ", after_bytes = 13"),
    ] {
        let (folder, authority) = folder();
        let mut guest = Guest::new(first(kind, more), authority, &nothing());
        let answer = said(&call(&mut guest, import));
        assert_eq!(guest.last().fault, Some(kind), "{answer}");
        assert_eq!(
            fs::read_to_string(folder.path().join("one.txt")).unwrap(),
            "grüß dich"
        );
        assert_eq!(names(&folder), ["one.txt"]);
        answers.push_str(&format!("{kind} {}{more}: {answer}\n", import.name()));
        // Only this once.
        let next = call(&mut guest, import);
        assert!(
            !next.contains("error") && !next.contains('\u{FFFD}'),
            "{kind}: {next}"
        );
    }
    insta::assert_snapshot!(answers, @r#"
    short_read fs.read: {"path":"one.txt","content":"grüß dich","truncated":false}
    bad_utf8 fs.read: {"path":"one.txt","content":"�rüß dich","truncated":false}
    bad_utf8 fs.read, after_bytes = 3: {"path":"one.txt","content":"gr��ß dich","truncated":false}
    io fs.read: io: FS read failed for one.txt: Input/output error (os error 5)
    io fs.list: io: FS list failed for .: Input/output error (os error 5)
    io fs.write: io: FS write failed for one.txt: Input/output error (os error 5)
    disk_full fs.write: io: FS write failed for one.txt: No space left on device (os error 28)
    disk_full fs.write, after_bytes = 13: io: FS write failed for one.txt: No space left on device (os error 28)
    "#);
}

#[test]
fn a_disk_with_room_for_all_of_it_is_not_full() {
    let (folder, authority) = folder();
    let mut guest = Guest::new(
        first(FaultKind::DiskFull, ", after_bytes = 14"),
        authority,
        &nothing(),
    );
    call(&mut guest, Import::FsWrite);
    assert_eq!(
        fs::read_to_string(folder.path().join("one.txt")).unwrap(),
        "something else"
    );
    insta::assert_snapshot!(guest.unused().join("\n"), @"fault 1 broke nothing, `disk_full` in host call 1: that was fs.write, which never came to that");
}

#[test]
fn a_disk_that_fails_fails_for_an_empty_file_as_well() {
    let (folder, authority) = folder();
    let mut guest = Guest::new(first(FaultKind::Io, ""), authority, &nothing());
    let answer = guest.ask(Import::FsWrite, 0, 0, r#"{"path": "two.txt", "content": ""}"#);
    assert!(answer.contains(r#""code":"io""#), "{answer}");
    assert_eq!(names(&folder), ["one.txt"]);
}

fn read(plan: FaultPlan, content: &[u8]) -> String {
    let (folder, authority) = folder();
    fs::write(folder.path().join("one.txt"), content).unwrap();
    call(&mut Guest::new(plan, authority, &nothing()), Import::FsRead)
}

/// Any fault that may be in a plan, of the first calls.
fn any_fault() -> impl Strategy<Value = (u64, Option<Import>, FaultKind, u64)> {
    let kinds = prop::sample::select(&FaultKind::ALL[..]);
    (1_u64..6, kinds, any::<Option<prop::sample::Index>>(), 0_u64..60).prop_map(
        |(call, kind, import, after)| {
            let import = import.map(|index| *index.get(kind.imports()));
            (call, import, kind, after)
        },
    )
}

fn written(faults: &[(u64, Option<Import>, FaultKind, u64)]) -> FaultPlan {
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for (call, import, kind, after) in faults {
        if seen.contains(&(*call, *import)) {
            continue;
        }
        seen.push((*call, *import));
        let import = import.map_or_else(String::new, |import| format!(", import = \"{}\"", import.name()));
        let line = format!("{{ call = {call}, kind = \"{kind}\"{import}");
        let counted = format!("{line}, after_bytes = {after} }}");
        let parses = FaultPlan::parse(&format!("schema = \"yoikit.faults/1\"\nfault = [{counted}]")).is_ok();
        lines.push(if parses { counted } else { format!("{line} }}") });
    }
    plan(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn short_reads_change_no_file(content in prop::collection::vec(any::<u8>(), 0..2000), times in 1_usize..50) {
        let content = content.repeat(times);
        prop_assert_eq!(read(first(FaultKind::ShortRead, ""), &content), read(plan(&[]), &content));
    }

    #[test]
    fn no_plan_makes_the_host_panic_or_hang(
        faults in prop::collection::vec(any_fault(), 0..6),
        calls in prop::collection::vec(prop::sample::select(&Import::ALL[..]), 1..8),
    ) {
        let (folder, authority) = folder();
        let short = Duration::from_millis(10);
        let times = NetTimes {
            request: short,
            open: short,
            send: short,
            receive: short,
            receive_at_most: short,
            close: short,
            ..NetTimes::default()
        };
        let dialer = ScriptedDialer::new()
            .peer(at(PUBLIC, 80), answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"))
            .peer(at(PUBLIC, 81), |stream| async move {
                let Ok(mut peer) = accept_async(stream).await else {
                    return;
                };
                while let Some(Ok(message)) = peer.next().await {
                    if peer.send(message).await.is_err() {
                        let _ = peer.get_mut().shutdown().await;
                    }
                }
            });
        let world = scripted_with(name("a.test"), dialer, |options| options.times(times));
        let plan = written(&faults);
        let planned = plan.faults().len();
        let mut guest = Guest::new(plan, authority, &world);
        let mut content = "grüß dich".to_owned();
        for import in &calls {
            let answer = call(&mut guest, *import);
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            if *import == Import::FsWrite && answer.get("error").is_none() {
                content = "something else".to_owned();
            }
        }
        let told = guest.imports.calls();
        prop_assert_eq!(told.len(), calls.len());
        for call in told {
            prop_assert!(call.fault.is_none_or(|kind| kind.applies_to(call.import)));
        }
        let struck = told.iter().filter(|call| call.fault.is_some()).count();
        prop_assert_eq!(struck + guest.faults.unused().len(), planned);
        prop_assert_eq!(fs::read_to_string(folder.path().join("one.txt")).unwrap(), content);
        prop_assert_eq!(names(&folder), ["one.txt"]);
    }
}
