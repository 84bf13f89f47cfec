//! Where the name of a request may lead.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::super::super::door::Ability;
use super::super::grants::expect_code;
use super::super::peer::{Peer, answer};
use super::super::stage::Stage;
use super::super::{HostTest, documented};
use super::{named, parsed};
use crate::{Stop, expect, expect_eq};

const ADDRESSES: &str = "contracts/plugin.md#addresses";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        documented(
            "plugin.host.addresses.name-to-loopback",
            ADDRESSES,
            "A name that is granted itself may lead into the machine.",
            |stage| {
                stage.needs(Ability::Names)?;
                let peer = Peer::http(answer("200 OK", &[], b"here"))?;
                let got = by_name(stage, &peer, "here.test", "here.test", "127.0.0.1")?;
                expect_eq("the status", &json!(200), &got["status"])?;
                let seen = peer.seen();
                let request = seen.first().map_or("", String::as_str).to_ascii_lowercase();
                expect(
                    request.contains("host: here.test"),
                    || "the name in the request".to_owned(),
                    || stage.shown(&request),
                )
            },
        ),
        documented(
            "plugin.host.addresses.wildcard-to-loopback",
            ADDRESSES,
            "A name that only a wildcard covers never leads into the machine.",
            |stage| {
                stage.needs(Ability::Names)?;
                let peer = Peer::http(answer("200 OK", &[], b"here"))?;
                let got = by_name(stage, &peer, "here.test", "*", "127.0.0.1")?;
                expect_code(&got.to_string(), "denied")?;
                expect_eq("requests that were sent", &0, &peer.seen().len())
            },
        ),
        documented(
            "plugin.host.addresses.unknown-name",
            ADDRESSES,
            "A name that does not exist is `unreachable`.",
            |stage| {
                stage.needs(Ability::Names)?;
                let plugin = named("gone.test", 80);
                stage.run(&plugin)?;
                let answer = stage.host_answer(r#"{"method":"GET","url":"http://gone.test/"}"#)?;
                expect_code(&answer, "unreachable")
            },
        ),
    ];
    for (id, says, address) in NEVER {
        tests.push(documented(id, ADDRESSES, says, move |stage| {
            stage.needs(Ability::Names)?;
            let address: IpAddr = address.parse().expect("the suite's own address is one");
            let plugin = named("bad.test", 80).name("bad.test", &[address]);
            stage.run(&plugin)?;
            let answer = stage.host_answer(r#"{"method":"GET","url":"http://bad.test/"}"#)?;
            expect_code(&answer, "denied")
        }));
    }
    tests
}

/// Addresses that no name leads to.
const NEVER: &[(&str, &str, &str)] = &[
    (
        "plugin.host.addresses.metadata",
        "No name leads to the metadata service of a cloud.",
        "169.254.169.254",
    ),
    (
        "plugin.host.addresses.link-local",
        "No name leads to a link-local address.",
        "fe80::1",
    ),
    (
        "plugin.host.addresses.multicast",
        "No name leads to a multicast address.",
        "224.0.0.1",
    ),
    (
        "plugin.host.addresses.unspecified",
        "No name leads to the unspecified address.",
        "0.0.0.0",
    ),
    (
        "plugin.host.addresses.mapped-metadata",
        "No name leads there in the form of version 6 either.",
        "::ffff:169.254.169.254",
    ),
];

/// What the plugin got from this name, which leads to this address, where this host is granted.
fn by_name(
    stage: &mut Stage<'_>,
    peer: &Peer,
    name: &str,
    granted: &str,
    address: &str,
) -> Result<Value, Stop> {
    stage.reach(peer.port, "PORT");
    let address: IpAddr = address.parse().expect("the suite's own address is one");
    let plugin = named(granted, peer.port).name(name, &[address]);
    stage.run(&plugin)?;
    let description = json!({ "method": "GET", "url": format!("http://{name}:{}/", peer.port) });
    let answer = stage.host_answer(&description.to_string())?;
    parsed(stage, &answer)
}
