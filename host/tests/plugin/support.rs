//! What the tests share: one engine per profile, and the sample guests loaded into it.

use std::fs;
use std::sync::{LazyLock, OnceLock};

use yoi_guests::Guest;
use yoi_host::Profile;
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::{CallError, Instance, Plugin};

static ENGINES: LazyLock<[Engine; 2]> =
    LazyLock::new(|| Profile::ALL.map(|profile| EngineOptions::new(profile).instances(64).build().unwrap()));

pub(crate) fn engine(profile: Profile) -> &'static Engine {
    ENGINES.iter().find(|engine| engine.profile() == profile).unwrap()
}

pub(crate) fn bytes_of(guest: Guest) -> Vec<u8> {
    fs::read(guest.component()).unwrap()
}

/// A guest, compiled once per profile for all tests.
pub(crate) fn plugin(guest: Guest, profile: Profile) -> Plugin {
    static LOADED: OnceLock<Vec<(Guest, Profile, OnceLock<Plugin>)>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        let slots = yoi_guests::all()
            .iter()
            .flat_map(|guest| Profile::ALL.map(|profile| (*guest, profile)));
        slots
            .map(|(guest, profile)| (guest, profile, OnceLock::new()))
            .collect()
    });
    let slot = loaded
        .iter()
        .find(|slot| slot.0 == guest && slot.1 == profile)
        .unwrap();
    slot.2
        .get_or_init(|| Plugin::load(engine(profile), &bytes_of(guest)).unwrap())
        .clone()
}

/// A started instance with this configuration.
pub(crate) fn started(guest: Guest, profile: Profile, config: &str) -> Instance {
    let mut instance = plugin(guest, profile).instance(config).unwrap();
    instance.start().unwrap();
    instance
}

pub(crate) fn hostile(config: &str) -> Instance {
    started(yoi_guests::HOSTILE, Profile::Documented, config)
}

/// The error of a tool call, in words.
pub(crate) fn failure(instance: &mut Instance, tool: &str) -> String {
    error(instance, tool).to_string()
}

pub(crate) fn error(instance: &mut Instance, tool: &str) -> CallError {
    instance.handle_tool(tool, "null").unwrap_err()
}

/// An event of the counter's.
pub(crate) fn tick() -> IngressEvent {
    IngressEvent {
        kind: "clock".into(),
        source: "test".into(),
        ingress_name: "tick".into(),
        payload: serde_json::Value::Null,
        created_at: "2026-11-20T10:00:00.000Z".into(),
        attempt: 1,
        correlation_id: "e-1".into(),
    }
}
