//! The dialects that yoikit speaks, as components of the world `yoi:bridge/dialect`: the same functions that its own
//! host calls, behind the text of that world. Each of the examples exports one.

#[cfg(target_os = "wasi")]
mod libc;

use std::cell::RefCell;

use yoi_dialects::dialect::{Answer, Dialect, Opening, Said, dialect};
use yoi_dialects::ending::Ending;
use yoi_dialects::event::{BridgeFailure, FailureCode, NormalizedEvent};

pub use yoi_dialects::spec::{Adapter, Mode};

/// The world as wit-bindgen writes it. Its type enters a component with the export macro alone.
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/bridge",
        world: "dialect",
        pub_export_macro: true,
    });
}

thread_local! {
    /// An instance is an exchange.
    static EXCHANGE: RefCell<Option<Box<dyn Dialect>>> = const { RefCell::new(None) };
}

/// `open`, of this dialect.
#[must_use]
pub fn open(adapter: Adapter, mode: Mode, opening: &str) -> String {
    let opened = Opening::read(opening).map_err(|error| error.to_string());
    let opened = opened.and_then(|opening| {
        dialect(adapter, mode, opening)
            .ok_or_else(|| format!("there is no dialect of {adapter} in this mode"))
    });
    let mut said = Said::default();
    match opened {
        Ok(mut dialect) => {
            dialect.open(&mut said);
            EXCHANGE.set(Some(dialect));
        }
        Err(words) => failed(&mut said, words),
    }
    Answer { heard: None, said }.to_json()
}

/// `line`.
#[must_use]
pub fn line(line: &str) -> String {
    let mut said = Said::default();
    let heard = with_exchange(&mut said, |dialect, said| dialect.line(line, said));
    Answer { heard, said }.to_json()
}

/// `end`.
#[must_use]
pub fn end(ending: &str) -> String {
    let mut said = Said::default();
    match Ending::read(ending) {
        Ok(ending) => {
            with_exchange(&mut said, |dialect, said| dialect.end(&ending, said));
        }
        Err(error) => failed(&mut said, error.to_string()),
    }
    Answer { heard: None, said }.to_json()
}

fn with_exchange<R>(said: &mut Said, ask: impl FnOnce(&mut dyn Dialect, &mut Said) -> R) -> Option<R> {
    EXCHANGE.with_borrow_mut(|exchange| match exchange {
        Some(dialect) => Some(ask(dialect.as_mut(), said)),
        None => {
            failed(said, "the exchange was not opened".to_owned());
            None
        }
    })
}

fn failed(said: &mut Said, words: String) {
    let error = BridgeFailure::new(FailureCode::Dialect, words);
    said.events.push(NormalizedEvent::Failed { error });
}

/// Makes a component of a dialect: an adapter, and how its child is read.
#[macro_export]
macro_rules! export_dialect {
    ($adapter:ident, $mode:ident) => {
        struct Component;

        impl $crate::bindings::Guest for Component {
            fn open(opening: String) -> String {
                $crate::open($crate::Adapter::$adapter, $crate::Mode::$mode, &opening)
            }

            fn line(line: String) -> String {
                $crate::line(&line)
            }

            fn end(ending: String) -> String {
                $crate::end(&ending)
            }
        }

        #[expect(unsafe_code, reason = "generated: the glue of the exports")]
        mod exports {
            use super::Component;

            $crate::bindings::export!(Component with_types_in $crate::bindings);
        }
    };
}
