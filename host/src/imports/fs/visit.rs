//! One call's way to the files.

use cap_std::fs::Dir;

use super::error::FsError;
use super::root::open_root;
use crate::authority::{Authority, FsGrant, FsOperation, HostApi};
use crate::world::Switch;

/// One call's way to the files: who decides, what is broken on purpose, and which folder it led to.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(super) authority: &'a Authority,
    pub(super) switch: Option<&'a Switch>,
    root: Option<&'a str>,
}

impl<'a> Visit<'a> {
    pub(crate) const fn new(authority: &'a Authority, switch: Option<&'a Switch>) -> Self {
        Self {
            authority,
            switch,
            root: None,
        }
    }

    /// The granted folder in which the call found what it wanted; where it found nothing, the first in which
    /// it looked. None for a call that did not come so far.
    pub(crate) fn root(&self) -> Option<&'a str> {
        self.root
    }

    /// Whether files may be touched at all. Where they may not, it is told what this operation lacks as well.
    pub(super) fn permitted(&self, operation: FsOperation) -> Result<(), FsError> {
        let Err(denial) = self.authority.host_api(HostApi::Fs) else {
            return Ok(());
        };
        Err(FsError::HostApi(match self.authority.fs(operation) {
            Err(wanted) => denial.with_lines_of(wanted),
            Ok(_) => denial,
        }))
    }

    /// What `find` finds under the first granted root under which it finds something, else why it was not
    /// found under the last. There is at least one.
    pub(super) fn first_found<T>(
        &mut self,
        grants: &[&'a FsGrant],
        find: impl Fn(Dir) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        self.root = grants.first().map(|grant| grant.root.trim());
        let mut found = Err(FsError::RootInvalid);
        for grant in grants {
            found = open_root(&grant.root).and_then(&find);
            if found.is_ok() {
                self.root = Some(grant.root.trim());
                break;
            }
        }
        found
    }
}
