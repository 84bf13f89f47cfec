//! What becomes of the packages in the stores under the enablements of a profile: one item for each plugin, found
//! or meant to be.
//!
//! The room decides nothing about grants: [`authority`](crate::authority) resolves an enablement and inspects what
//! can be used then. It owns how both, and what was found in the stores, become one item with one status.

mod draft;
mod item;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use self::draft::Drafts;
pub use self::item::{Item, ItemDiagnostic, Status};
use super::{Discovered, Discovery};
use crate::Profile;
use crate::authority::{BoundPackage, Enablement, Enablements, ResolutionFault, Surface};
use crate::limits::{ITEM_MESSAGE_CHARS, YOI_LISTED_ITEMS};

/// The item of what belongs to no plugin.
const GLOBAL: &str = "<global>";

/// The plugins that are in the stores, and those that are turned on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Inventory {
    /// Whether plugins run at all: `feature.plugins.enabled`. No status says.
    pub feature: bool,
    /// One for each plugin, sorted by reference. The yoi host has no more than 129.
    pub items: Vec<Item>,
}

/// Why there is no item for a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// There is none.
    #[error("plugin package `{}` was not found", one_line(reference))]
    NotFound {
        /// What was asked for.
        reference: String,
    },
    /// There are several, and it has no source.
    #[error(
        "plugin package reference `{}` is ambiguous; use a source-qualified ref",
        one_line(reference)
    )]
    Ambiguous {
        /// What was asked for.
        reference: String,
        /// The references of all.
        candidates: Vec<String>,
    },
}

impl Inventory {
    /// What becomes of what was found, under these enablements.
    #[must_use]
    pub fn of(discovery: Discovery, enablements: &Enablements, profile: Profile) -> Self {
        let mut drafts = Drafts {
            stores: &discovery.stores,
            profile,
            drafts: BTreeMap::new(),
        };
        for package in &discovery.packages {
            drafts.at(&package.id.to_string()).package(package, profile);
        }
        for enablement in &enablements.enabled {
            drafts.enablement(enablement);
        }
        for enablement in &enablements.enabled {
            let packages = &discovery.packages;
            match resolve(enablement, packages) {
                Ok((package, bound, surfaces)) => {
                    let draft = drafts.at(&enablement.id);
                    draft.resolved(package, enablement, bound, &surfaces, profile);
                }
                Err(fault) => {
                    let (kind, message) = (fault.kind().name(), fault.to_string());
                    drafts.at(&enablement.id).diagnostic(kind, &message, None);
                }
            }
        }
        for finding in &discovery.findings {
            let label = finding.label.as_deref();
            let reference = match (&finding.id, label) {
                (Some(id), _) => id.to_string(),
                (None, Some(label)) => format!("{}:{}", finding.source.name(), stem(label)),
                (None, None) => GLOBAL.to_owned(),
            };
            let path = label.and_then(|label| drafts.path(finding.source, label));
            let draft = drafts.at(&reference);
            if let Some(label) = label {
                draft.is_present = true;
                draft.item.source.get_or_insert(finding.source);
                draft.item.package.get_or_insert_with(|| label.to_owned());
                draft.item.package_path = draft.item.package_path.take().or(path);
            }
            for found in finding.diagnostics(profile) {
                draft.diagnostic(found.kind.name(), &found.message, found.advice);
            }
        }
        let most = match profile {
            Profile::Documented => usize::MAX,
            Profile::Yoi => YOI_LISTED_ITEMS,
        };
        let items = drafts.drafts.into_values().map(|draft| draft.finish(profile));
        Self {
            feature: enablements.feature,
            items: items.take(most).collect(),
        }
    }

    /// The item of this reference, or of this id without its source where only one plugin has it.
    ///
    /// # Errors
    ///
    /// A [`FindError`] if there is none, or several.
    pub fn find(&self, reference: &str) -> Result<&Item, FindError> {
        if let Some(item) = self.items.iter().find(|item| item.reference == reference) {
            return Ok(item);
        }
        let is_meant = |item: &&Item| item.local_ref.as_deref() == Some(reference);
        let all: Vec<&Item> = self.items.iter().filter(is_meant).collect();
        let reference = reference.to_owned();
        match all[..] {
            [item] => Ok(item),
            [] => Err(FindError::NotFound { reference }),
            _ => Err(FindError::Ambiguous {
                reference,
                candidates: all.iter().map(|item| item.reference.clone()).collect(),
            }),
        }
    }
}

/// The package that an enablement means, as grants are bound to it, and the ways in which it then takes part.
fn resolve<'a>(
    enablement: &Enablement,
    packages: &'a [Discovered],
) -> Result<(&'a Discovered, BoundPackage, Vec<Surface>), ResolutionFault> {
    let id = enablement.plugin_id()?;
    let mut found = packages.iter().filter(|package| package.id == id);
    let package = match (found.next(), found.next()) {
        (None, _) => return Err(ResolutionFault::NotFound),
        (Some(package), None) => package,
        (Some(_), Some(_)) => return Err(ResolutionFault::SeveralFound),
    };
    let bound = BoundPackage {
        id,
        version: package.manifest.declared().version.clone(),
        digest: package.digest.to_string(),
    };
    let surfaces = enablement.resolve(&bound, &package.manifest.surfaces())?;
    Ok((package, bound, surfaces))
}

/// A package's name in its store, without what all have.
fn stem(label: &str) -> &str {
    label.strip_suffix(".yoi-plugin").unwrap_or(label)
}

/// A message as a list has it.
fn one_line(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(ITEM_MESSAGE_CHARS).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}
