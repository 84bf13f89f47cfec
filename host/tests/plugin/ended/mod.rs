//! Calls that are ended on their way, by a canceller or a deadline, at any point. What is left is as if the
//! call had not been, or says that it is lost; and nothing of it stays open.
//!
//! - `model`: what an instance must be like after what it has answered
//! - `state`: guests that keep something or spin
//! - `reach`: guests that wait for the network, or write a file

mod model;
mod reach;
mod state;

use std::cell::RefCell;
use std::path::Path;
use std::sync::{Barrier, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use yoi_guests::Guest;
use yoi_host::authority::{Authority, Binding, Grants};
use yoi_host::engine::{Cancel, CodeCache, Engine, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::{CallError, Instance, Plugin};
use yoi_host::{Limits, Profile};

use crate::polled::{NAME, Polled};
use crate::support::{bytes_of, tick};

/// Long enough for every call that is not meant to meet it.
const AMPLE: Duration = Duration::from_secs(60);

/// Cases of a property that waits for a tick or two in each: a few seconds in all.
const FEW: u32 = 40;

fn engine(profile: Profile) -> &'static Engine {
    static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("code");
        Profile::ALL.map(|profile| {
            let cache = CodeCache::open(&cache).unwrap();
            let options = EngineOptions::new(profile).instances(32).cache(cache);
            options.build().unwrap()
        })
    });
    ENGINES.iter().find(|engine| engine.profile() == profile).unwrap()
}

/// A guest as these tests want it: instructions without end, so that only a canceller or the deadline ends it,
/// and in profile `yoi` room for what its imports need, which that host has not.
fn plugin(guest: Guest, profile: Profile, timeout: Duration) -> Plugin {
    static LOADED: Mutex<Vec<(Guest, Profile, Duration, Plugin)>> = Mutex::new(Vec::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = (guest, profile, timeout);
    if let Some(known) = loaded.iter().find(|known| (known.0, known.1, known.2) == wanted) {
        return known.3.clone();
    }
    let mut limits = Limits::of(profile).with_fuel(u64::MAX).with_call_timeout(timeout);
    limits.core_instances = Limits::of(Profile::Documented).core_instances;
    limits.tables = Limits::of(Profile::Documented).tables;
    let made = Plugin::load_with(engine(profile), &bytes_of(guest), limits).unwrap();
    loaded.push((guest, profile, timeout, made.clone()));
    made
}

/// Everything that the guests call, granted: the one name, and one folder.
fn access(world: &Polled, folder: Option<&Path>) -> Access {
    let mut grants = format!(
        r#"
        permissions = [
            {{ kind = "host_api", api = "request" }},
            {{ kind = "host_api", api = "websocket" }},
            {{ kind = "host_api", api = "fs" }},
        ]
        [[request]]
        scheme = "http"
        host = "{NAME}"
        methods = ["GET"]
        [[websocket]]
        scheme = "ws"
        host = "{NAME}"
        "#
    );
    if let Some(folder) = folder {
        let root = folder.to_str().unwrap();
        grants.push_str(&format!(
            "[[fs]]\nroot = '{root}'\noperations = ['read', 'list', 'write']\n"
        ));
    }
    let grants = Grants::parse(&grants).unwrap();
    Access::new(
        Authority::without_manifest(grants, &Binding::Unbound),
        world.net(),
    )
}

/// What is called.
#[derive(Debug, Clone, PartialEq)]
enum Op {
    Tool(&'static str, String),
    Tick,
    Status,
}

impl Op {
    fn tool(name: &'static str, input: &Value) -> Self {
        Op::Tool(name, input.to_string())
    }

    fn run(&self, instance: &mut Instance) -> Result<Value, CallError> {
        match self {
            Op::Tool(name, input) => {
                let output = instance.handle_tool(name, input)?;
                Ok(serde_json::to_value(output).unwrap())
            }
            Op::Tick => Ok(instance.handle_ingress("tick", &tick())?.data),
            Op::Status => Ok(instance.status()?.data),
        }
    }

    fn run_until(&self, instance: &mut Instance, turns: u32) -> Result<Value, CallError> {
        let (cancel, profile) = (instance.canceller(), instance.plugin().profile());
        ended_after(&cancel, profile, turns, || self.run(instance))
    }
}

/// Make a call, and end it from another thread that gives way `turns` times before. The engine's clock ticks
/// at once then, so that the guest is met where it is and not where ten milliseconds have brought it.
fn ended_after<T>(cancel: &Cancel, profile: Profile, turns: u32, call: impl FnOnce() -> T) -> T {
    let begun = Barrier::new(2);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            begun.wait();
            for _ in 0..turns {
                thread::yield_now();
            }
            cancel.cancel();
            engine(profile).wasmtime().increment_epoch();
        });
        begun.wait();
        call()
    });
    cancel.reset();
    outcome
}
/// How a call ended, for a test to see that it met what it is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ended {
    Answered,
    Late,
    Interrupted,
    Refused,
}

/// Times of giving way: many of them small, where the beginning of a call is met.
fn turns() -> impl Strategy<Value = u32> {
    (2_u32..12, 0_u32..=100).prop_map(|(scale, percent)| (1 << scale) * percent / 100)
}

/// Run a property for both profiles, and count what became of the calls.
fn hold<S: Strategy>(
    cases: u32,
    strategy: S,
    test: impl Fn(Profile, S::Value) -> Vec<Ended>,
) -> [Vec<Ended>; 2]
where
    S::Value: Clone,
{
    Profile::ALL.map(|profile| {
        let met = RefCell::new(Vec::new());
        let config = Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        };
        TestRunner::new(config)
            .run(&strategy, |value| {
                met.borrow_mut().extend(test(profile, value));
                Ok(())
            })
            .unwrap_or_else(|fault| panic!("{profile}: {fault}"));
        met.into_inner()
    })
}
