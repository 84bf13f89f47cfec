//! What is remembered of conversations that children hold: by which name each can be taken up again.

mod disk;
mod memory;

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::message::{Model, Usage};
use crate::world::Pending;

pub use disk::LinksOnDisk;
pub use memory::LinksInMemory;

/// A conversation that a child holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeLink {
    /// The provider of the model.
    pub source: String,
    /// The model. The reference leaves it out, and cannot find its own links by them.
    pub model: String,
    /// The adapter.
    pub bridge: String,
    /// The child's name for the conversation.
    pub resume_token: String,
    /// When that was learned, as ISO 8601 in UTC.
    pub at: String,
    /// What the conversation had used by then, where the child counts it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Usage>,
}

impl RuntimeLink {
    /// What it is found by.
    #[must_use]
    pub fn key(&self) -> LinkKey {
        LinkKey {
            source: self.source.clone(),
            model: self.model.clone(),
            bridge: self.bridge.clone(),
        }
    }
}

/// What a link is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinkKey {
    /// The provider of the model.
    pub source: String,
    /// The model.
    pub model: String,
    /// The adapter.
    pub bridge: String,
}

impl LinkKey {
    /// That of a model and an adapter.
    #[must_use]
    pub fn of(model: &Model, bridge: &str) -> Self {
        Self {
            source: model.provider.clone(),
            model: model.id.clone(),
            bridge: bridge.to_owned(),
        }
    }
}

/// As the reference writes it, where two keys may look the same.
impl fmt::Display for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.source, self.model, self.bridge)
    }
}

/// Where links are kept.
pub trait LinkStore: Send + Sync {
    /// The latest link of a key.
    fn find<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<Option<RuntimeLink>, LinkError>>;

    /// Keep a link, in place of earlier ones of its key.
    fn save(&self, link: RuntimeLink) -> Pending<'_, Result<(), LinkError>>;

    /// Forget the links of a key.
    fn forget<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<(), LinkError>>;
}

/// Why a link was not kept, or not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The file.
    #[error("failed to {doing} {}: {cause}", .path.display())]
    File {
        /// Which.
        path: std::path::PathBuf,
        /// What for.
        doing: &'static str,
        /// Why.
        cause: io::Error,
    },
    /// A link that is none.
    #[error("a link has {0} bytes, more than {max}", max = crate::limits::BRIDGE_LINK_BYTES)]
    TooLarge(usize),
    /// A store of somebody else's.
    #[error("{0}")]
    Other(String),
}

/// Now, as the reference writes it.
pub(super) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        now.microsecond()
    )
}
