//! What a transcript holds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::ctx::Asked;
use crate::Profile;
use crate::authority::{Footprint, HostApi};
use crate::imports::faults::FaultKind;
use crate::imports::redact::redacted_json;
use crate::imports::{HostError, HostErrorCode, Import, request, websocket};
use crate::limits::TRANSCRIPT_TEXT_BYTES;

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The host that the plugin was held to.
    pub profile: Profile,
    /// The component: `sha256:` and 64 hexadecimal digits.
    pub component: String,
    /// The plugin's id, where its manifest was at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The tool that was called, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

/// The host calls of a run, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// What was run.
    pub header: Header,
    /// The calls.
    pub exchanges: Vec<Exchange>,
    /// Whether it has its last line. Without it the recording was broken off.
    pub ended: bool,
}

/// One host call: what a guest handed over, and what came of it. Both without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was called.
    pub import: Import,
    /// The handle of a socket; 0 for calls that have none.
    pub handle: u32,
    /// The milliseconds that a `websocket.recv` may take; 0 for the default and for all other calls.
    pub timeout_ms: u32,
    /// The text that was handed over, or its beginning.
    pub given: String,
    /// Where `given` is only the beginning: how many bytes there were.
    pub given_bytes: Option<usize>,
    /// The answer, or why there was none.
    pub outcome: Result<String, Refusal>,
    /// The granted folder in which a file or directory was found or, where it was not, looked for first.
    pub root: Option<String>,
    /// What was broken in it on purpose.
    pub fault: Option<FaultKind>,
    /// Whether the guest never saw what came of it: its time was over meanwhile, or it was cancelled.
    pub unseen: bool,
    /// Whether a credential was taken out.
    pub redacted: bool,
}

/// Why a host call was not carried out, as a guest learns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Which of the known reasons it was.
    pub code: HostErrorCode,
    /// The same in words.
    pub message: String,
    /// Whether a grant, or a line of the manifest, would have allowed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ungranted: bool,
}

/// What came of a host call.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Came<'a> {
    pub(in super::super) outcome: &'a Result<String, HostError>,
    /// The granted folder that it led to.
    pub(in super::super) root: Option<&'a str>,
    /// What was broken in it on purpose.
    pub(in super::super) fault: Option<FaultKind>,
    /// Whether the guest's time was over by then.
    pub(in super::super) unseen: bool,
}

/// What is kept of a text that was handed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where it is only the beginning: how many bytes there were.
    pub(super) bytes: Option<usize>,
    redacted: bool,
}

impl<'a> Kept<'a> {
    /// No more of it than any host call takes, and that without credentials.
    pub(super) fn of(text: &'a str) -> Self {
        let beginning = &text[..text.floor_char_boundary(TRANSCRIPT_TEXT_BYTES)];
        let clean = redacted_json(beginning);
        Self {
            bytes: (beginning.len() < text.len()).then_some(text.len()),
            redacted: clean != beginning,
            text: clean,
        }
    }
}

impl Exchange {
    pub(in super::super) fn of(asked: &Asked<'_>, came: Came<'_>) -> Self {
        let Came {
            outcome,
            root,
            fault,
            unseen,
        } = came;
        let Kept {
            text,
            bytes,
            mut redacted,
        } = Kept::of(asked.text);
        let outcome = match outcome {
            Ok(answer) => {
                let clean = redacted_json(answer);
                redacted |= clean != answer.as_str();
                Ok(clean.into_owned())
            }
            Err(error) => Err(Refusal {
                code: error.code,
                message: error.message.clone(),
                ungranted: error
                    .denial
                    .as_deref()
                    .is_some_and(|denial| !denial.lines().is_empty()),
            }),
        };
        Self {
            import: asked.import,
            handle: asked.handle,
            timeout_ms: asked.timeout_ms,
            given: text.into_owned(),
            given_bytes: bytes,
            outcome,
            root: root.map(str::to_owned),
            fault,
            unseen,
            redacted,
        }
    }

    /// What came of it, for a guest that makes the same call.
    pub(super) fn outcome(&self) -> Result<String, HostError> {
        match &self.outcome {
            Ok(answer) => Ok(answer.clone()),
            Err(Refusal { code, message, .. }) => Err(HostError::new(*code, message.clone())),
        }
    }
}

impl Transcript {
    /// Add to `footprint` what the run touched or tried to, denied calls included: what grants would have to
    /// cover for it to go the same way, or further.
    ///
    /// A call that was refused for what it asked, before anyone looked whether it was allowed, counts as the
    /// use of its host API.
    pub fn leave(&self, footprint: &mut Footprint) {
        for exchange in &self.exchanges {
            exchange.leave(footprint);
        }
    }

    /// How many of the calls were denied for want of a grant, or of a line of the manifest.
    #[must_use]
    pub fn ungranted(&self) -> usize {
        let ungranted =
            |exchange: &&Exchange| exchange.outcome.as_ref().is_err_and(|refusal| refusal.ungranted);
        self.exchanges.iter().filter(ungranted).count()
    }
}

impl Exchange {
    fn refusal(&self) -> Option<HostErrorCode> {
        self.outcome.as_ref().err().map(|refusal| refusal.code)
    }

    fn leave(&self, footprint: &mut Footprint) {
        let was_judged = !matches!(
            self.refusal(),
            Some(HostErrorCode::Invalid | HostErrorCode::TooLarge | HostErrorCode::Unsupported)
        );
        match self.import {
            Import::Request => {
                footprint.host_api(HostApi::Request);
                if was_judged && let Some((method, url)) = request::target_of(&self.given) {
                    footprint.request(&method, &as_far_as_known(url));
                }
            }
            Import::WebsocketOpen => {
                footprint.host_api(HostApi::Websocket);
                if was_judged && let Some(url) = websocket::target_of(&self.given) {
                    footprint.websocket(&as_far_as_known(url));
                }
            }
            Import::WebsocketSendText | Import::WebsocketRecv | Import::WebsocketClose => {
                footprint.host_api(HostApi::Websocket);
            }
            Import::FsRead | Import::FsList | Import::FsWrite => {
                footprint.host_api(HostApi::Fs);
                if let Some(operation) = self.import.fs_operation()
                    && (was_judged || self.root.is_some())
                {
                    footprint.fs(operation, self.root.as_deref());
                }
            }
        }
    }
}

/// The URL up to a credential that was taken out of its path: the shortest beginning that still covers it.
fn as_far_as_known(mut url: Url) -> Url {
    let known = url
        .path()
        .split_once("%3Credacted%3E")
        .map(|(known, _)| known.to_owned());
    if let Some(known) = known {
        url.set_path(&known);
    }
    url
}
