//! Names for what can go wrong with a plugin, for machines.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// Why a plugin gave no answer, was not asked, or did not end in order. The set is closed, and no name of it
        /// changes its meaning: a program may match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum FailureCode {
            $($(#[$doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl FailureCode {
            /// All of them.
            pub const ALL: &'static [FailureCode] = &[$(FailureCode::$variant),+];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(FailureCode::$variant => $name),+ }
            }
        }
    };
}

codes! {
    /// What was handed over is larger than may be. The guest was not entered.
    InputTooLarge = "input.too-large",
    /// What was handed over is no JSON. The guest was not entered.
    InputNotJson = "input.not-json",
    /// An event breaks a rule. The guest was not entered.
    InputEvent = "input.event",
    /// The plugin is in no state to be called.
    NotRunning = "not-running",
    /// The plugin has no such export.
    NoExport = "no-export",
    /// The profile's host restarts nothing.
    NoRestart = "no-restart",
    /// The budget of instructions was used up.
    Fuel = "fault.fuel",
    /// The call took too long.
    Deadline = "fault.deadline",
    /// Whoever called ended it.
    Cancelled = "fault.cancelled",
    /// The stack was used up.
    Stack = "fault.stack",
    /// More memory was wanted than there may be.
    Memory = "fault.memory",
    /// More of a table was wanted than there may be.
    Table = "fault.table",
    /// A Rust guest panicked.
    Panic = "fault.panic",
    /// WebAssembly trapped.
    Trap = "fault.trap",
    /// A host call failed, in a profile in which that ends the guest.
    HostCall = "fault.host-call",
    /// The guest left the recording that answers it.
    Replay = "fault.replay",
    /// What the guest handed over is no string.
    NotAString = "fault.not-a-string",
    /// An earlier fault ended the instance.
    Gone = "fault.gone",
    /// The instance could not be made.
    Setup = "fault.setup",
    /// The answer is empty.
    OutputEmpty = "output.empty",
    /// The answer is larger than may be.
    OutputTooLarge = "output.too-large",
    /// The answer is no JSON.
    OutputNotJson = "output.not-json",
    /// The answer has not the shape of the contract.
    OutputShape = "output.shape",
    /// The plugin answered that it failed.
    Reported = "reported",
    /// The answer came too late to count.
    TooLate = "too-late",
    /// The surface `ingress` is not turned on.
    IngressSurfaceOff = "ingress.surface-off",
    /// The service takes no events yet, or never does.
    IngressNotRunning = "ingress.not-running",
    /// The service stops, or has stopped.
    IngressStopping = "ingress.stopping",
    /// The service failed.
    IngressFailed = "ingress.failed",
    /// An event that is sent breaks a rule.
    IngressInvalid = "ingress.invalid",
    /// The manifest has no such ingress.
    IngressUndeclared = "ingress.undeclared",
    /// The ingress does not take events of that kind.
    IngressUndeclaredKind = "ingress.undeclared-kind",
    /// The ingress is not granted.
    IngressDenied = "ingress.denied",
    /// There is no room in the queue.
    IngressFull = "ingress.full",
    /// The event could not be stored.
    IngressNotStored = "ingress.not-stored",
    /// The surface `tool` is not turned on.
    ToolSurfaceOff = "tool.surface-off",
    /// The manifest has no such tool.
    ToolUndeclared = "tool.undeclared",
    /// The tool is not granted.
    ToolDenied = "tool.denied",
    /// Too many calls wait for the service.
    ServiceBusy = "service.busy",
    /// The service has ended.
    ServiceEnded = "service.ended",
    /// The thread of the service was lost: a fault of the host.
    ServiceLost = "service.lost",
    /// The journal could not be closed.
    JournalFailed = "journal.failed",
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_the_same_in_json_and_in_words_and_means_one_thing() {
        for code in FailureCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(code.to_string(), code.as_str());
        }
        let names: BTreeSet<&str> = FailureCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), FailureCode::ALL.len());
    }
}
