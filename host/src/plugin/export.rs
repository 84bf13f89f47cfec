//! The exports of a plugin, each with what goes in and what comes out.

use wasmtime::component::{ComponentNamedList, Lower};

use super::Entry;
use super::answer::{Answer, ToolAnswer};

/// An export. There is one for each [`Entry`] that is a call.
pub(super) trait Export {
    /// Which way into the guest it is. It is no other export's: what was checked for it holds for this export.
    const ENTRY: Entry;
    /// What is handed over.
    type Params<'a>: ComponentNamedList + Lower;
    /// What is answered.
    type Answer: Answer;

    /// Bytes of what is handed over: the JSON alone, not the name of whom it is for.
    fn input_bytes(params: &Self::Params<'_>) -> usize;
}

macro_rules! exports {
    ($($(#[$doc:meta])+ $name:ident: $params:ty => $answer:ty, $params_pattern:pat => $bytes:expr;)+) => {
        $($(#[$doc])+
        pub(super) enum $name {}

        impl Export for $name {
            const ENTRY: Entry = Entry::$name;
            type Params<'a> = $params;
            type Answer = $answer;

            fn input_bytes($params_pattern: &Self::Params<'_>) -> usize {
                $bytes
            }
        })+
    };
}

exports! {
    /// `call(tool, input)`.
    Call: (&'a str, &'a str) => ToolAnswer, (_, input) => input.len();
    /// `start(config)`.
    Start: (&'a str,) => String, (config,) => config.len();
    /// `handle-tool(tool, input)`.
    HandleTool: (&'a str, &'a str) => ToolAnswer, (_, input) => input.len();
    /// `handle-ingress(ingress, event)`.
    HandleIngress: (&'a str, &'a str) => String, (_, event) => event.len();
    /// `status()`.
    Status: () => String, () => 0;
    /// `stop()`.
    Stop: () => String, () => 0;
}
