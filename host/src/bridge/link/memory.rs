//! Links as long as the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{LinkError, LinkKey, LinkStore, RuntimeLink};
use crate::world::Pending;

/// Links as long as the process.
#[derive(Debug, Default)]
pub struct LinksInMemory(Mutex<HashMap<LinkKey, RuntimeLink>>);

impl LinksInMemory {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<LinkKey, RuntimeLink>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LinkStore for LinksInMemory {
    fn find<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<Option<RuntimeLink>, LinkError>> {
        Box::pin(async { Ok(self.with(|links| links.get(key).cloned())) })
    }

    fn save(&self, link: RuntimeLink) -> Pending<'_, Result<(), LinkError>> {
        self.with(|links| links.insert(link.key(), link));
        Box::pin(async { Ok(()) })
    }

    fn forget<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<(), LinkError>> {
        self.with(|links| links.remove(key));
        Box::pin(async { Ok(()) })
    }
}
