//! What the plugin remembers: how it is configured, and how often it was called. A restarted instance counts
//! from 1 again.

use std::cell::{Cell, RefCell};

use yoi_pdk::serde_json;

use crate::mode::Export;

/// One mode for each export but `handle-tool`, which goes by the name of the tool.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Modes {
    start: Option<String>,
    ingress: Option<String>,
    status: Option<String>,
    stop: Option<String>,
}

thread_local! {
    static MODES: RefCell<Modes> = RefCell::default();
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Takes the configuration. One that does not read is none: here every export is good.
pub(crate) fn configure(config: &str) {
    MODES.set(serde_json::from_str(config).unwrap_or_default());
}

/// The mode that `export` is configured to have, `echo` if none.
pub(crate) fn mode_of(export: Export) -> String {
    MODES.with_borrow(|modes| {
        let mode = match export {
            Export::Start => &modes.start,
            Export::HandleIngress => &modes.ingress,
            Export::Status => &modes.status,
            Export::Stop => &modes.stop,
            Export::HandleTool => &None,
        };
        mode.clone().unwrap_or_else(|| "echo".to_owned())
    })
}

/// Counts this call, and says how many there were with it.
pub(crate) fn count_call() -> u64 {
    CALLS.set(CALLS.get() + 1);
    CALLS.get()
}
