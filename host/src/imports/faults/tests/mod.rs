//! Plans as they are written, and calls as they break: over a network that is all script, and on real files.

mod files;
mod plans;
mod run;
mod sockets;
mod wire;

use std::time::Duration;

use serde_json::{Value, json};

use super::{FaultKind, FaultPlan, Faults, PlannedFault};
use crate::Profile;
use crate::authority::Authority;
use crate::imports::ctx::Asked;
use crate::imports::egress::fixtures::{PUBLIC, Scripted, answering, at, granted_hosts, name, scripted_with};
use crate::imports::{Access, HostCall, Import, ImportsCtx};
use crate::world::{NetTimes, ScriptedDialer};

/// A plan of these faults, as inline tables of TOML.
fn plan(faults: &[&str]) -> FaultPlan {
    let text = format!("schema = \"yoikit.faults/1\"\nfault = [{}]\n", faults.join(", "));
    FaultPlan::parse(&text).unwrap()
}

/// One fault in the first call.
fn first(kind: FaultKind, more: &str) -> FaultPlan {
    plan(&[&format!("{{ call = 1, kind = \"{kind}\"{more} }}")])
}

/// One instance's imports, which a plan breaks.
struct Guest {
    imports: ImportsCtx,
    faults: Faults,
}

impl Guest {
    fn new(plan: FaultPlan, authority: Authority, world: &Scripted) -> Self {
        let faults = Faults::new(plan);
        let access = Access::new(authority, world.net.clone()).breaking(faults.clone());
        Self {
            imports: ImportsCtx::new(Profile::Documented, access),
            faults,
        }
    }

    /// One that may call [`answering`] this at `http://a.test` and at its address.
    fn of_http(plan: FaultPlan, response: &[u8]) -> Self {
        let world = http_within(times(&plan), response);
        Self::new(plan, granted_hosts(&["a.test", PUBLIC]), &world)
    }

    fn ask(&mut self, import: Import, handle: u32, timeout_ms: u32, text: &str) -> String {
        let asked = Asked {
            import,
            handle,
            timeout_ms,
            text,
        };
        self.imports.serve(asked).unwrap().0
    }

    fn get(&mut self, url: &str) -> String {
        let json = json!({"method": "GET", "url": url}).to_string();
        self.ask(Import::Request, 0, 0, &json)
    }

    fn open(&mut self) -> String {
        self.ask(Import::WebsocketOpen, 0, 0, r#"{"url": "ws://a.test/"}"#)
    }

    fn send(&mut self, text: &str) -> String {
        self.ask(Import::WebsocketSendText, 1, 0, text)
    }

    fn recv(&mut self) -> String {
        self.ask(Import::WebsocketRecv, 1, 10_000, "")
    }

    /// The same within the time that the host gives.
    fn recv_briefly(&mut self) -> String {
        self.ask(Import::WebsocketRecv, 1, 0, "")
    }

    fn close(&mut self) -> String {
        self.ask(Import::WebsocketClose, 1, 0, "")
    }

    /// The last call.
    fn last(&self) -> &HostCall {
        self.imports.calls().last().unwrap()
    }

    /// Why faults broke nothing, in words.
    fn unused(&self) -> Vec<String> {
        self.faults.unused().iter().map(ToString::to_string).collect()
    }
}

/// A network in which `http://a.test` answers with this.
fn http(response: &[u8]) -> Scripted {
    http_within(NetTimes::default(), response)
}

fn http_within(times: NetTimes, response: &[u8]) -> Scripted {
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), answering(response));
    scripted_with(name("a.test"), dialer, |options| options.times(times))
}

/// Times so short that a test may wait for them, and so long that what is not broken is done in them. What a
/// guest names a time for takes that.
fn short() -> NetTimes {
    let short = Duration::from_millis(200);
    NetTimes {
        request: short,
        send: short,
        receive: short,
        ..NetTimes::default()
    }
}

/// The contract's times, unless one of them is to be waited for.
fn times(plan: &FaultPlan) -> NetTimes {
    let waits = |fault: &PlannedFault| match fault.kind {
        FaultKind::Silence => true,
        FaultKind::SlowBody => fault.pause > Duration::from_secs(1),
        _ => false,
    };
    match plan.faults().iter().any(waits) {
        true => short(),
        false => NetTimes::default(),
    }
}

/// The message of an error that a guest is answered with, or the answer.
fn said(answer: &str) -> String {
    let value: Value = serde_json::from_str(answer).unwrap();
    match value.get("error") {
        Some(error) => format!(
            "{}: {}",
            error["code"].as_str().unwrap(),
            error["message"].as_str().unwrap()
        ),
        None => answer.to_owned(),
    }
}
