//! What our own host says of plugins that it does not run.

use serde_json::Value;
use yoi_host::authority::{Enablements, Grants, Inspection, ItemRow, PermissionRow, ToolRow};
use yoi_host::package::{Inventory, Item, Status, Stores, discover};

use super::{binding, open};
use crate::suites::plugin::door::{
    Examine, Listed, Plugins, Refusal, RefusalKind, Row, Rows, Standing, Survey, Trouble,
};

pub(super) fn survey(survey: &Survey) -> Result<Plugins, Refusal> {
    let enablements = Enablements::parse(&survey.enablement).map_err(input)?;
    let stores = Stores {
        user: Some(survey.user.clone()),
        project: Some(survey.project.clone()),
    };
    let found = discover(&stores, survey.profile);
    let inventory = Inventory::of(found, &enablements, survey.profile);
    Ok(Plugins {
        on: inventory.feature,
        plugins: inventory.items.into_iter().map(listed).collect(),
    })
}

pub(super) fn examine(examine: &Examine) -> Result<Rows, Refusal> {
    let package = open(&examine.package, examine.profile)?;
    let grants = Grants::parse(&examine.grants).map_err(input)?;
    let (manifest, profile) = (&package.manifest, examine.profile);
    let seen = Inspection::of_bound(
        manifest,
        &grants,
        &binding(&package),
        &manifest.surfaces(),
        profile,
    );
    Ok(Rows {
        runtime: seen.runtime.eligible,
        host_apis: seen.host_apis.into_iter().map(Row::from).collect(),
        tools: seen.tools.into_iter().map(Row::from).collect(),
        services: seen.services.into_iter().map(Row::from).collect(),
        ingresses: seen.ingresses.into_iter().map(Row::from).collect(),
    })
}

fn input(faults: impl ToString) -> Refusal {
    Refusal::new(RefusalKind::Input, faults.to_string())
}

fn listed(item: Item) -> Listed {
    let tools = item.tools.into_iter().filter(|tool| tool.eligible);
    let mut troubles: Vec<Trouble> = Vec::new();
    for diagnostic in &item.diagnostics {
        // They have one name here and there.
        let kind = serde_json::from_value(Value::from(diagnostic.kind));
        if let Ok(trouble) = kind
            && !troubles.contains(&trouble)
        {
            troubles.push(trouble);
        }
    }
    Listed {
        reference: item.reference,
        standing: match item.status {
            Status::Active => Standing::Active,
            Status::Disabled => Standing::Disabled,
            Status::Missing => Standing::Missing,
            Status::Rejected => Standing::Rejected,
            Status::Partial => Standing::Partial,
        },
        version: item.version,
        digest: item.digest.map(|digest| digest.to_string()),
        surfaces: match item.resolved {
            true => item.enabled_surfaces,
            false => Vec::new(),
        },
        tools: tools.map(|tool| tool.name).collect(),
        troubles,
    }
}

macro_rules! rows {
    ($($of:ident),+) => {
        $(impl From<$of> for Row {
            fn from(row: $of) -> Self {
                Self {
                    permission: row.permission,
                    requested: row.requested,
                    granted: row.granted,
                    eligible: row.eligible,
                }
            }
        })+
    };
}

rows!(PermissionRow, ToolRow, ItemRow);

#[cfg(test)]
mod tests {
    use yoi_host::authority::FaultKind;

    use super::*;

    #[test]
    fn every_kind_of_diagnostic_has_its_trouble() {
        use FaultKind as Kind;
        let kinds = [
            Kind::Missing,
            Kind::Duplicate,
            Kind::Ambiguous,
            Kind::Version,
            Kind::Digest,
            Kind::Api,
            Kind::Surface,
            Kind::Grant,
            Kind::Malformed,
            Kind::Traversal,
            Kind::Bounds,
            Kind::Io,
        ];
        let names = kinds.iter().map(|kind| kind.name()).chain(["static_eligibility"]);
        for name in names {
            let trouble: Trouble = serde_json::from_value(Value::from(name)).unwrap();
            assert_eq!(serde_json::to_value(trouble).unwrap(), name);
        }
    }
}
