//! What is asked of a service, what its supervisor is to do, and what came of it.

use std::time::Duration;

use super::super::journal::Seq;
use super::super::refusal::ToolFailure;
use super::super::reply::Answering;
use super::super::ticket::{Outcome, Settlement};
use crate::plugin::message::{IngressEvent, PluginStatus, ToolOutput};

/// Something that a handle wants of the plugin.
pub(in super::super) enum Request {
    Tool {
        name: String,
        input_json: String,
        answer: Answering<Result<ToolOutput, ToolFailure>>,
    },
    Probe {
        answer: Answering<Result<PluginStatus, ToolFailure>>,
    },
}

/// What the supervisor is to do next.
pub(in super::super) enum Task {
    Serve(Request),
    Deliver(Delivery),
    /// Read more of what is kept: after this number, at most so many, with at most so many bytes.
    Read {
        after: Option<Seq>,
        most: usize,
        bytes: usize,
    },
    Restart,
    End,
}

/// An answer, and who is to be told. It is told when what came of it has been seen to: whoever is told finds the
/// service in the state that follows.
pub(in super::super) enum Answered {
    Nobody,
    Event(Answering<Outcome>, Outcome),
    Tool(
        Answering<Result<ToolOutput, ToolFailure>>,
        Result<ToolOutput, ToolFailure>,
    ),
    Probe(
        Answering<Result<PluginStatus, ToolFailure>>,
        Result<PluginStatus, ToolFailure>,
    ),
}

impl Answered {
    /// Whether the plugin dealt with an event, or a tool answered. That it says how it is proves nothing.
    pub(in super::super) fn went_well(&self) -> bool {
        match self {
            Answered::Nobody | Answered::Probe(..) => false,
            Answered::Event(_, outcome) => {
                matches!(outcome.settlement, Settlement::Accepted | Settlement::Declined)
            }
            Answered::Tool(_, answer) => answer.is_ok(),
        }
    }

    pub(in super::super) fn tell(self) {
        // It fails where nobody wants to know any more.
        match self {
            Answered::Nobody => {}
            Answered::Event(tell, outcome) => drop(tell.send(outcome)),
            Answered::Tool(tell, answer) => drop(tell.send(answer)),
            Answered::Probe(tell, answer) => drop(tell.send(answer)),
        }
    }
}

/// An event that is under way.
pub(in super::super) struct Delivery {
    pub(in super::super) seq: Seq,
    pub(in super::super) event: Box<IngressEvent>,
    /// Since it was accepted.
    pub(in super::super) queued: Duration,
}

/// What comes after a delivery.
pub(in super::super) enum After {
    Settled(Settlement),
    Again {
        pause: Duration,
    },
    /// It was none: it could not begin, or was ended with the service.
    Back {
        pause: Duration,
    },
}
