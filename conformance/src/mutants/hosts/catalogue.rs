//! Hosts that are broken in what they say of plugins that they do not run.

use std::path::Path;

use yoi_host::Profile;
use yoi_host::package::Package;

use super::super::Mutant;
use crate::suites::plugin::door::{Plugins, Standing, Trouble};

/// One that tells something else of plugins than it should.
macro_rules! tells {
    (|$survey:ident, $told:ident| $change:expr) => {
        || -> Broken {
            let alter: Fixed = |host, ask, _| {
                let Ask::Survey($survey) = &ask else {
                    return host(&ask);
                };
                let mut outcome = host(&ask);
                if let Outcome::Done(Done::Plugins($told)) = &mut outcome {
                    let _: &Survey = $survey;
                    $change;
                }
                outcome
            };
            altered_in(&["survey"], alter)
        }
    };
}

/// One that shows something else of a package than it should.
macro_rules! shows {
    (|$examine:ident, $rows:ident| $change:expr) => {
        || -> Broken {
            let alter: Fixed = |host, ask, _| {
                let Ask::Examine($examine) = &ask else {
                    return host(&ask);
                };
                let mut outcome = host(&ask);
                if let Outcome::Done(Done::Rows($rows)) = &mut outcome {
                    let _: &Examine = $examine;
                    $change;
                }
                outcome
            };
            altered_in(&["examine"], alter)
        }
    };
}

// Where the macros are known.
mod enablement;
mod inspection;
mod stores;

pub(super) fn all() -> Vec<Mutant> {
    let mut all = stores::all();
    all.extend(enablement::all());
    all.extend(inspection::all());
    all
}

fn replace(told: &mut Plugins, from: Standing, to: Standing) {
    let plugins = told.plugins.iter_mut();
    plugins
        .filter(|plugin| plugin.standing == from)
        .for_each(|plugin| plugin.standing = to);
}

/// Plugins with this trouble, as if there were none.
fn pardon(told: &mut Plugins, trouble: Trouble) {
    let plugins = told.plugins.iter_mut();
    for plugin in plugins.filter(|plugin| plugin.troubles.contains(&trouble)) {
        plugin.standing = Standing::Active;
        plugin.troubles.clear();
    }
}

/// The id of a package whose component is none.
fn without_component(path: &Path) -> Option<String> {
    let package = Package::open(path, Profile::Documented).ok()?;
    let component = package.component()?;
    (!component.starts_with(b"\0asm")).then(|| package.manifest.declared().id.clone())
}
