//! Guests that wait for the network, or write a file.

use std::fs;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use yoi_host::Profile;
use yoi_host::imports::{Access, HostErrorCode};
use yoi_host::plugin::{CallError, Cause, FailureCode, Instance, Lifecycle};

use super::{AMPLE, Ended, FEW, Op, access, hold, plugin, turns};
use crate::polled::{NAME, Polled, SOCKET_PORT, Trigger};

/// How a call over the network is ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// Cancelled, while the network goes on: a result may come all the same.
    Cancelled,
    /// Cancelled, while the network stands still.
    CancelledStill,
    /// By its deadline, while the network stands still.
    Deadline,
}

impl End {
    const ALL: [End; 3] = [End::Cancelled, End::CancelledStill, End::Deadline];

    /// What is pulled at the poll `at`.
    fn trigger(self, at: usize, instance: &Instance) -> Trigger {
        Trigger {
            at,
            cancel: (self != End::Deadline).then(|| instance.canceller()),
            stuck: self != End::Cancelled,
        }
    }

    /// How long the call may take. The yoi host waits ten times as long.
    fn timeout(self, profile: Profile) -> Duration {
        match (self, profile) {
            (End::Cancelled | End::CancelledStill, _) => AMPLE,
            (End::Deadline, Profile::Documented) => Duration::from_millis(30),
            (End::Deadline, Profile::Yoi) => Duration::from_millis(3),
        }
    }
}

/// Whether it is the answer of a guest whose host call was ended.
fn is_of_an_ended_call(answer: &Value) -> bool {
    let text = answer.to_string();
    [
        "was cancelled while the host waited",
        "was over while the host waited",
        "close timed out",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// Whether it is how a guest ends that was ended while it waited for the host.
fn is_end_while_waiting(error: &CallError) -> bool {
    match error.fault().map(|fault| &fault.cause) {
        Some(Cause::Cancelled | Cause::Deadline(_)) => true,
        Some(Cause::HostCall(error)) => error.code == HostErrorCode::Timeout,
        _ => matches!(error, CallError::TooLate { .. }),
    }
}

#[test]
fn a_tool_that_is_ended_at_any_poll_of_the_network_costs_that_call_only() {
    let socket_url = format!("ws://{NAME}:{SOCKET_PORT}/");
    let calls = [
        (
            yoi_guests::FETCH,
            Op::tool("fetch_get", &json!({"url": format!("http://{NAME}/")})),
        ),
        (
            yoi_guests::SOCKET,
            Op::tool("socket_open", &json!({"url": socket_url, "count": 3})),
        ),
        (
            yoi_guests::SOCKET,
            Op::tool("socket_echo", &json!({"url": socket_url, "text": "hello"})),
        ),
    ];
    for (guest, op) in calls {
        let points = (any::<Index>(), prop::sample::select(End::ALL.to_vec()));
        let met = hold(FEW, points, |profile, (at, end)| {
            let world = Polled::default();
            let access = access(&world, None);
            let instance = |timeout| {
                let plugin = plugin(guest, profile, timeout);
                plugin.instance_with("null", access.clone()).unwrap()
            };
            world.arm(None);
            let undisturbed = op.run(&mut instance(AMPLE)).unwrap();
            assert!(!is_of_an_ended_call(&undisturbed), "{undisturbed}");
            let at = at.index(world.polls());

            let mut instance = instance(end.timeout(profile));
            world.arm(Some(end.trigger(at, &instance)));
            let outcome = op.run(&mut instance);
            let pulled = world.polls() > at;
            world.arm(None);
            instance.canceller().reset();
            let ended = match outcome {
                Ok(answer) if answer == undisturbed => Ended::Answered,
                Ok(answer) => {
                    assert!(is_of_an_ended_call(&answer), "{answer}");
                    Ended::Interrupted
                }
                Err(error) => {
                    assert!(is_end_while_waiting(&error), "{error}");
                    Ended::Interrupted
                }
            };
            assert!(ended == Ended::Interrupted || end == End::Cancelled || !pulled);
            assert_eq!(instance.lifecycle(), Lifecycle::Ready);
            if end != End::Deadline {
                assert_eq!(op.run(&mut instance).unwrap(), undisturbed);
            }
            drop(instance);
            world.assert_closed();
            vec![ended]
        });
        for met in met {
            assert!(met.contains(&Ended::Interrupted));
        }
    }
}

/// A call of the guest that hands on what the host answered.
fn call(function: &str, args: &Value) -> Op {
    Op::tool("call-import", &json!({"call": function, "args": args}))
}

/// What the host answered it.
fn host_answer(output: &Value) -> Value {
    serde_json::from_str(output["content"].as_str().unwrap()).unwrap()
}

/// The texts that come on a connection until `end` does.
fn texts_until_end(instance: &mut Instance, handle: u32) -> Vec<String> {
    let mut texts = Vec::new();
    let end = call("websocket.send-text", &json!({"handle": handle, "text": "end"}));
    end.run(instance).unwrap();
    let recv = call("websocket.recv", &json!({ "handle": handle }));
    loop {
        let answer = host_answer(&recv.run(instance).unwrap());
        match answer["text"].as_str().unwrap_or_else(|| panic!("{answer}")) {
            "end" => return texts,
            text => texts.push(text.to_owned()),
        }
    }
}

/// What a plugin with two connections was about to do when it was ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum About {
    Request,
    Open,
    Send,
    Receive,
    Close,
}

impl About {
    const ALL: [About; 5] = [
        About::Request,
        About::Open,
        About::Send,
        About::Receive,
        About::Close,
    ];

    fn op(self) -> Op {
        match self {
            About::Request => call(
                "request",
                &json!({"method": "GET", "url": format!("http://{NAME}/")}),
            ),
            About::Open => call(
                "websocket.open",
                &json!({"url": format!("ws://{NAME}:{SOCKET_PORT}/")}),
            ),
            About::Send => call("websocket.send-text", &json!({"handle": 1, "text": "second"})),
            About::Receive => call("websocket.recv", &json!({"handle": 1})),
            About::Close => call("websocket.close", &json!({"handle": 1})),
        }
    }
}

/// A plugin with two connections, on the first of which a text waits to be received.
fn connected(profile: Profile, access: &Access) -> Instance {
    let plugin = plugin(yoi_guests::CALLER, profile, AMPLE);
    let mut instance = plugin.instance_with("null", access.clone()).unwrap();
    instance.start().unwrap();
    for op in [
        About::Open.op(),
        About::Open.op(),
        call("websocket.send-text", &json!({"handle": 1, "text": "first"})),
    ] {
        let answer = host_answer(&op.run(&mut instance).unwrap());
        assert_eq!(answer.get("error"), None);
    }
    instance
}

/// That a plugin that was not lost has lost nothing else either: what was ended is done or not, and the rest is
/// as it was.
fn assert_connected(mut instance: Instance, about: About, answer: Option<&Value>) {
    let done = answer.filter(|answer| answer.get("error").is_none());
    let request = host_answer(&About::Request.op().run(&mut instance).unwrap());
    assert_eq!(
        (&request["status"], &request["body"]),
        (&json!(200), &json!("hello"))
    );
    assert_eq!(texts_until_end(&mut instance, 2), [""; 0]);
    if about == About::Close {
        let gone = host_answer(&About::Close.op().run(&mut instance).unwrap());
        assert_eq!(gone, json!({"closed": false}));
        return;
    }
    let texts = texts_until_end(&mut instance, 1);
    let possible: &[&[&str]] = match (about, done) {
        (About::Receive, Some(received)) => {
            assert_eq!(received, &json!({"type": "text", "text": "first"}));
            &[&[]]
        }
        (About::Send, Some(_)) => &[&["first", "second"]],
        // It may have gone out, or goes out with the next.
        (About::Send, None) => &[&["first"], &["first", "second"]],
        _ => &[&["first"]],
    };
    assert!(
        possible.contains(&texts.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
        "{texts:?}"
    );
    // A failed opening takes no slot: two are open, or three.
    let opened = About::Open.op();
    let more = if about == About::Open && done.is_some() {
        1
    } else {
        2
    };
    for _ in 0..more {
        let answer = host_answer(&opened.run(&mut instance).unwrap());
        assert_eq!(answer.get("error"), None, "{answer}");
    }
    match opened.run(&mut instance) {
        Ok(output) => assert_eq!(host_answer(&output)["error"]["code"], "too_many"),
        Err(error) => assert!(
            matches!(&error.fault().unwrap().cause, Cause::HostCall(error) if error.code == HostErrorCode::TooMany),
            "{error}"
        ),
    }
}

#[test]
fn a_plugin_that_is_ended_at_any_poll_of_the_network_keeps_its_connections_or_loses_them_all() {
    let points = (
        prop::sample::select(About::ALL.to_vec()),
        any::<Index>(),
        prop::sample::select(vec![End::Cancelled, End::CancelledStill]),
    );
    let met = hold(2 * FEW, points, |profile, (about, at, end)| {
        let op = about.op();
        let world = Polled::default();
        let access = access(&world, None);
        world.arm(None);
        let mut undisturbed = connected(profile, &access);
        world.arm(None);
        op.run(&mut undisturbed).unwrap();
        // Receiving may find the text there already.
        let at = at.index(world.polls().max(1));
        drop(undisturbed);
        world.assert_closed();

        let mut instance = connected(profile, &access);
        world.arm(Some(end.trigger(at, &instance)));
        let outcome = op.run(&mut instance);
        world.arm(None);
        instance.canceller().reset();
        let ended = match &outcome {
            Ok(output) if host_answer(output).get("error").is_none() => Ended::Answered,
            Ok(output) => {
                assert!(is_of_an_ended_call(output), "{output}");
                Ended::Interrupted
            }
            Err(error) => {
                assert!(is_end_while_waiting(error), "{error}");
                Ended::Interrupted
            }
        };
        let lost = outcome.is_err();
        assert_eq!(
            instance.lifecycle() == Lifecycle::Failed,
            lost && profile == Profile::Documented
        );
        if lost {
            let code = op.run(&mut instance).unwrap_err().code();
            assert!(
                matches!(code, FailureCode::NotRunning | FailureCode::Gone),
                "{code}"
            );
            match profile {
                // The connections went with the guest, not first with the instance.
                Profile::Documented => {
                    world.assert_closed();
                    instance.restart().unwrap();
                    let opened = About::Open.op().run(&mut instance).unwrap();
                    assert_eq!(host_answer(&opened)["handle"], 1);
                }
                Profile::Yoi => assert_eq!(instance.restart().unwrap_err().code(), FailureCode::NoRestart),
            }
            drop(instance);
        } else {
            assert_connected(
                instance,
                about,
                outcome.ok().map(|output| host_answer(&output)).as_ref(),
            );
        }
        world.assert_closed();
        vec![ended]
    });
    for met in met {
        assert!(met.contains(&Ended::Interrupted));
    }
}

#[test]
fn a_note_is_old_or_new_wherever_its_writing_is_ended() {
    let write = |text: &str| Op::tool("notes_write", &json!({"path": "note", "content": text}));
    let read = Op::tool("notes_read", &json!({"path": "note"}));
    let (old, new) = ("o".repeat(40_000), "n".repeat(40_000));
    hold(FEW, turns(), |profile, turns| {
        let folder = tempfile::tempdir().unwrap();
        let access = access(&Polled::default(), Some(folder.path()));
        let plugin = plugin(yoi_guests::NOTES, profile, AMPLE);
        let mut instance = plugin.instance_with("null", access.clone()).unwrap();
        write(&old).run(&mut instance).unwrap();
        let outcome = write(&new).run_until(&mut instance, turns);
        let content = fs::read_to_string(folder.path().join("note")).unwrap();
        let ended = match outcome {
            Ok(_) => {
                assert!(content == new);
                Ended::Answered
            }
            Err(error) => {
                assert!(is_end_while_waiting(&error), "{error}");
                assert!(content == old || content == new);
                Ended::Interrupted
            }
        };
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(instance.lifecycle(), Lifecycle::Ready);
        let mut fresh = plugin.instance_with("null", access).unwrap();
        assert_eq!(read.run(&mut instance).unwrap(), read.run(&mut fresh).unwrap());
        assert_eq!(read.run(&mut fresh).unwrap()["content"], content);
        vec![ended]
    });
}
