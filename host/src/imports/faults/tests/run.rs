//! Which call a fault meets, and what is told of those that met none.

use super::{Guest, first, http, plan};
use crate::Profile;
use crate::authority::Authority;
use crate::imports::egress::fixtures::{PUBLIC, granted_hosts};
use crate::imports::faults::{FaultKind, Faults};
use crate::imports::{Access, Import, ImportsCtx};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn broken(answer: &str) -> bool {
    answer.starts_with(r#"{"error""#)
}

#[test]
fn calls_are_counted_from_one() {
    let mut guest = Guest::of_http(plan(&[r#"{ call = 2, kind = "reset" }"#]), OK);
    let answers = [1, 2, 3].map(|_| broken(&guest.get("http://a.test/")));
    assert_eq!(answers, [false, true, false]);
    let faults: Vec<_> = guest.imports.calls().iter().map(|call| call.fault).collect();
    assert_eq!(faults, [None, Some(FaultKind::Reset), None]);
    assert_eq!(guest.unused(), [""; 0]);
}

#[test]
fn calls_of_an_import_are_counted_by_themselves() {
    let faults = plan(&[r#"{ call = 2, import = "request.request", kind = "reset" }"#]);
    let mut guest = Guest::of_http(faults, OK);
    assert!(!broken(&guest.get("http://a.test/")));
    guest.ask(Import::FsRead, 0, 0, "{}");
    assert!(broken(&guest.get("http://a.test/")));
    assert_eq!(guest.unused(), [""; 0]);
}

#[test]
fn counting_goes_on_from_instance_to_instance() {
    let world = http(OK);
    let faults = Faults::new(plan(&[r#"{ call = 3, kind = "refuse" }"#]));
    let access = Access::new(granted_hosts(&["a.test", PUBLIC]), world.net.clone()).breaking(faults.clone());
    let answers = [1, 2, 3, 4].map(|_| {
        let imports = ImportsCtx::new(Profile::Documented, access.clone());
        let mut guest = Guest {
            imports,
            faults: faults.clone(),
        };
        broken(&guest.get("http://a.test/"))
    });
    assert_eq!(answers, [false, false, true, false]);
    assert_eq!(faults.unused(), []);
}

#[test]
fn every_reason_to_break_nothing_has_its_words() {
    let faults = plan(&[
        r#"{ call = 1, kind = "disk_full" }"#,
        r#"{ call = 2, kind = "cut", after_bytes = 10_000 }"#,
        r#"{ call = 3, kind = "reset" }"#,
        r#"{ call = 3, import = "request.request", kind = "timeout" }"#,
        r#"{ call = 4, import = "request.request", kind = "reset", after_bytes = 10_000 }"#,
        r#"{ call = 9, kind = "timeout" }"#,
        r#"{ call = 2, import = "fs.read", kind = "io" }"#,
        r#"{ call = 1, import = "fs.list", kind = "io" }"#,
    ]);
    let mut guest = Guest::of_http(faults, OK);
    for _ in 0..4 {
        guest.get("http://a.test/");
    }
    guest.ask(Import::FsRead, 0, 0, "{}");
    insta::assert_snapshot!(guest.unused().join("\n"), @"
    fault 1 broke nothing, `disk_full` in host call 1: that was request.request, and it breaks only fs.write
    fault 2 broke nothing, `cut` in host call 2: that was request.request, which never came to that
    fault 4 broke nothing, `timeout` in call 3 of request.request: fault 3 broke the same call
    fault 5 broke nothing, `reset` in call 4 of request.request: the call never came to that
    fault 6 broke nothing, `timeout` in host call 9: there were only 5 such calls
    fault 7 broke nothing, `io` in call 2 of fs.read: there was only one such call
    fault 8 broke nothing, `io` in call 1 of fs.list: there was no such call
    ");
}

#[test]
fn a_call_that_is_denied_stays_denied() {
    for kind in FaultKind::ALL {
        for import in kind.imports() {
            let world = http(OK);
            let mut guest = Guest::new(first(kind, ""), Authority::none(), &world);
            let answer = guest.ask(*import, 1, 0, "{}");
            assert!(
                answer.starts_with(r#"{"error":{"code":"denied""#),
                "{kind} {answer}"
            );
            assert_eq!(guest.last().fault, None);
            assert_eq!(guest.faults.unused().len(), 1);
            assert_eq!(world.dialer.dialled(), []);
        }
    }
}

#[test]
fn a_fault_is_in_the_report_only_where_there_is_one() {
    let mut guest = Guest::of_http(first(FaultKind::BadUtf8, ""), OK);
    guest.get("http://a.test/");
    guest.get("http://a.test/");
    let [broken, sound] = guest.imports.calls() else {
        panic!("two calls")
    };
    assert_eq!(serde_json::to_value(broken).unwrap()["fault"], "bad_utf8");
    assert_eq!(serde_json::to_value(sound).unwrap().get("fault"), None);
}
