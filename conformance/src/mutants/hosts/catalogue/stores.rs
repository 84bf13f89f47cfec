//! Hosts that find other packages than there are.

use std::fs;

use super::super::super::Mutant;
use super::super::{Broken, Fixed, also, altered_in, mutant};
use super::{pardon, replace, without_component};
use crate::suites::plugin::door::{Ask, Done, Listed, Outcome, Standing, Survey, Trouble};
use crate::suites::plugin::host::plugin::FULL_ID;

pub(super) fn all() -> Vec<Mutant> {
    vec![
        mutant(
            "knows-no-user",
            "plugin.host.stores.both",
            tells!(|_survey, told| {
                told.plugins
                    .retain(|plugin| plugin.digest.is_none() || !plugin.reference.starts_with("user:"));
            }),
        ),
        mutant(
            "digests-archives",
            "plugin.host.stores.digest",
            tells!(|survey, told| {
                for plugin in told.plugins.iter_mut().filter(|plugin| plugin.digest.is_some()) {
                    plugin.digest = Some(format!("sha256:{}", packages(survey).len()));
                }
            }),
        ),
        also(
            mutant(
                "turns-on-what-lies-there",
                "plugin.host.stores.off",
                tells!(|_survey, told| replace(told, Standing::Disabled, Standing::Active)),
            ),
            &[
                "plugin.host.stores.nothing-runs",
                "plugin.host.enablement.other-source",
            ],
            "what lies there is off there too",
        ),
        mutant(
            "misses-a-store",
            "plugin.host.stores.not-there",
            tells!(|survey, told| {
                if !survey.project.exists() && survey.enablement.is_empty() {
                    told.plugins.push(made_up("<global>", None));
                }
            }),
        ),
        mutant(
            "goes-by-file-names",
            "plugin.host.stores.another-file-name",
            tells!(|survey, told| {
                if let [only] = &packages(survey)[..]
                    && only.matches('.').count() > 1
                    && let Some(plugin) = told.plugins.first_mut()
                {
                    plugin.reference = format!("project:{}", only.trim_end_matches(".yoi-plugin"));
                }
            }),
        ),
        mutant(
            "takes-any-file",
            "plugin.host.stores.packages-only",
            tells!(|survey, told| {
                if survey.project.join("a.zip").exists() {
                    told.plugins.push(made_up(FULL_ID, Some("sha256:00")));
                }
            }),
        ),
        mutant(
            "gives-up-at-what-is-bad",
            "plugin.host.stores.bad-hides-none",
            tells!(|_survey, told| {
                if told.plugins.iter().any(is_bad_package) {
                    told.plugins.retain(is_bad_package);
                }
            }),
        ),
        mutant(
            "overlooks-folders",
            "plugin.host.stores.folder",
            tells!(|survey, told| {
                if survey.project.join("a.yoi-plugin").is_dir() {
                    told.plugins.clear();
                }
            }),
        ),
        mutant(
            "follows-links",
            "plugin.host.stores.link-out",
            tells!(|survey, told| {
                if survey.project.join("a.yoi-plugin").is_symlink() {
                    told.plugins.push(made_up(FULL_ID, Some("sha256:00")));
                }
            }),
        ),
        mutant(
            "takes-the-first",
            "plugin.host.stores.twice",
            tells!(|_survey, told| pardon(told, Trouble::Duplicate)),
        ),
        mutant(
            "reads-all-packages",
            "plugin.host.stores.as-many-as-allowed",
            tells!(|survey, told| {
                if packages(survey).len() > 128 {
                    told.plugins.push(made_up("project:many.n128", Some("sha256:00")));
                }
            }),
        ),
        mutant(
            "lists-components-only",
            "plugin.host.stores.nothing-runs",
            tells!(|survey, told| {
                for name in packages(survey) {
                    if let Some(id) = without_component(&survey.project.join(name)) {
                        told.plugins
                            .retain(|plugin| plugin.reference != format!("project:{id}"));
                    }
                }
            }),
        ),
    ]
}

/// The names in the store of the project, sorted.
fn packages(survey: &Survey) -> Vec<String> {
    let entries = fs::read_dir(&survey.project).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn made_up(reference: &str, digest: Option<&str>) -> Listed {
    Listed {
        reference: reference.to_owned(),
        standing: Standing::Disabled,
        version: None,
        digest: digest.map(str::to_owned),
        surfaces: Vec::new(),
        tools: Vec::new(),
        troubles: Vec::new(),
    }
}

fn is_bad_package(plugin: &Listed) -> bool {
    plugin.digest.is_none()
        && plugin.reference.starts_with("project:")
        && plugin.troubles.contains(&Trouble::Malformed)
}
