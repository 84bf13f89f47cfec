//! Enablement: which plugins a person turns on, with which grants, and whether a package is the one meant.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::de::DeTable;

use super::binding::{Binding, BindingFault, BoundPackage, PluginId};
use super::fault::{Fault, FaultKind, Faults, Problem};
use super::grants::{self, Grants};
use super::hints;
use super::lines::{Forms, Home};
use super::permission::Surface;
use super::shape::{self, Field, SURFACES, Shape, at, optional, tables_at, text_at};
use crate::limits::MANIFEST_BYTES;

/// The plugins that a profile turns on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Enablements {
    /// Whether plugins run at all: `feature.plugins.enabled`.
    pub feature: bool,
    /// One entry a plugin: `[[plugins.enabled]]`.
    pub enabled: Vec<Enablement>,
    /// What is wrong with the file and does not keep it from being read.
    #[serde(skip)]
    remarks: Vec<Fault>,
}

/// One plugin that is turned on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Enablement {
    /// Which plugin, with its source: `user:notes`.
    pub id: String,
    /// The only version that is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The only content that is wanted: `sha256:` and 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The ways in which it may take part; all that it declares, if there are none.
    pub surfaces: Vec<Surface>,
    /// What its `start` is given, JSON. None is `null` there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// What it is allowed.
    pub grants: Grants,
}

/// Why an enablement comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum ResolutionFault {
    /// The id has no source.
    #[error("plugin enablement id must be source-qualified as user:<id>, project:<id>, or builtin:<id>")]
    Unqualified,
    /// The id is none.
    #[error("plugin enablement id is not a valid source-qualified plugin id")]
    BadId,
    /// There is no such package.
    #[error("enabled plugin package was not discovered")]
    NotFound,
    /// There are several.
    #[error("enabled plugin package identity resolved to multiple discovered packages")]
    SeveralFound,
    /// The package has other content.
    #[error("enabled plugin digest pin does not match discovered package digest")]
    Digest,
    /// The package has another version.
    #[error("enabled plugin exact version requirement does not match discovered package version")]
    Version,
    /// The grants are for another package.
    #[error("{binding}")]
    Binding {
        /// How.
        binding: BindingFault,
    },
    /// A surface is wanted that the package does not have.
    #[error("enabled plugin requested undeclared surface `{surface}`")]
    Surface {
        /// Which one.
        surface: Surface,
    },
}

impl ResolutionFault {
    /// The kind of diagnostic that it is, its phase being `resolution`.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            ResolutionFault::Unqualified => FaultKind::Ambiguous,
            ResolutionFault::BadId => FaultKind::Malformed,
            ResolutionFault::NotFound => FaultKind::Missing,
            ResolutionFault::SeveralFound => FaultKind::Duplicate,
            ResolutionFault::Digest => FaultKind::Digest,
            ResolutionFault::Version => FaultKind::Version,
            ResolutionFault::Binding { .. } => FaultKind::Grant,
            ResolutionFault::Surface { .. } => FaultKind::Surface,
        }
    }
}

pub(super) const ENABLEMENT: Shape = Shape::Table(&[
    optional("id", Shape::Text),
    optional("version", Shape::Text),
    optional("digest", Shape::Text),
    optional("surfaces", Shape::List(&SURFACES)),
    optional("config", Shape::Json),
    optional("grants", Shape::Table(grants::FIELDS)),
]);

/// The fields of `[plugins]`. What a host adds of its own is not read.
const PLUGINS: &[Field] = &[
    optional("enabled", Shape::List(&ENABLEMENT)),
    optional("resolved", Shape::Unread),
    optional("diagnostics", Shape::Unread),
];

/// The fields of `[feature.plugins]`.
const FEATURE: &[Field] = &[optional("enabled", Shape::Bool)];

impl Enablements {
    /// Read `[plugins]` and `feature.plugins` of a profile. Everything else in it is somebody else's.
    ///
    /// # Errors
    ///
    /// All that is wrong with them, what only keeps a plugin from running included.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        /// The part of a profile that is read.
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Profile {
            feature: Features,
            plugins: Plugins,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Features {
            plugins: Feature,
        }
        #[derive(Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Feature {
            enabled: bool,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Plugins {
            enabled: Vec<Enablement>,
        }
        let refused = |faults| Faults::new("profile.toml", text, faults);
        if text.len() > MANIFEST_BYTES {
            return Err(refused(vec![Fault::new(Problem::TooLarge, 0..0)]));
        }
        let document = shape::parse(text).map_err(refused)?;
        let table = document.get_ref();
        let mut faults = Vec::new();
        for (path, fields) in [(&["plugins"][..], PLUGINS), (&["feature", "plugins"], FEATURE)] {
            if let Some(node) = at(table, path) {
                shape::check_at(node, fields, &path.join("."), &mut faults);
            }
        }
        for (entry, header) in tables_at(table, &["plugins", "enabled"]) {
            let mut push = |problem, span| faults.push(Fault::new(problem, span));
            check_id(entry, header, &mut push);
            if let Some(grants) = at(entry, &["grants"]).and_then(|node| node.get_ref().as_table()) {
                hints::targets(grants, &mut push);
                hints::folders(grants, &mut push);
            }
        }
        let profile = match toml::from_str::<Profile>(text) {
            Ok(profile) if !faults.iter().any(Fault::refuses) => profile,
            Ok(_) => return Err(refused(faults)),
            Err(error) => {
                if !faults.iter().any(Fault::refuses) {
                    let problem = Problem::Syntax(error.message().to_owned());
                    faults.insert(0, Fault::new(problem, error.span().unwrap_or(0..0)));
                }
                return Err(refused(faults));
            }
        };
        let mut enabled = profile.plugins.enabled;
        for (enablement, (entry, _)) in enabled.iter_mut().zip(tables_at(table, &["plugins", "enabled"])) {
            let grants = at(entry, &["grants"]).and_then(|node| node.get_ref().as_table());
            let home = Home::Enablement {
                exists: grants.is_some(),
            };
            let nothing = DeTable::new();
            enablement.grants.forms = Forms::of(grants.unwrap_or(&nothing), text, home);
        }
        Ok(Self {
            feature: profile.feature.plugins.enabled,
            enabled,
            remarks: faults,
        })
    }

    /// What is wrong with the file and does not keep it from being read: an id that names no plugin, a target
    /// that never matches, a folder that is never used.
    #[must_use]
    pub fn remarks(&self) -> &[Fault] {
        &self.remarks
    }
}

fn check_id(entry: &DeTable<'_>, header: Range<usize>, push: &mut impl FnMut(Problem, Range<usize>)) {
    let (id, span) = match text_at(entry, &["id"]) {
        Some(found) => found,
        None if at(entry, &["id"]).is_none() => ("", header),
        None => return,
    };
    match parse_id(id) {
        Ok(_) => {}
        Err(ResolutionFault::Unqualified) => push(Problem::UnqualifiedId, span),
        Err(_) => push(Problem::BadEnablementId, span),
    }
}

fn parse_id(id: &str) -> Result<PluginId, ResolutionFault> {
    if !id.contains(':') {
        return Err(ResolutionFault::Unqualified);
    }
    id.parse().map_err(|_| ResolutionFault::BadId)
}

impl Enablement {
    /// The plugin that is meant.
    ///
    /// # Errors
    ///
    /// [`ResolutionFault::Unqualified`] or [`ResolutionFault::BadId`].
    pub fn plugin_id(&self) -> Result<PluginId, ResolutionFault> {
        parse_id(&self.id)
    }

    /// The ways in which a package takes part: those that are turned on, or else all that it declares.
    ///
    /// # Errors
    ///
    /// The first that speaks against it, in the order of the contract: another digest or version, grants
    /// that are not bound to it, a surface that it does not declare. That it has the id is known.
    pub fn resolve(
        &self,
        package: &BoundPackage,
        declared: &[Surface],
    ) -> Result<Vec<Surface>, ResolutionFault> {
        let differs = |pin: &Option<String>, found: &str| pin.as_ref().is_some_and(|pin| pin != found);
        let digest_is_one = |pin: &String| pin.starts_with("sha256:");
        if differs(&self.digest, &package.digest) || !self.digest.iter().all(digest_is_one) {
            return Err(ResolutionFault::Digest);
        }
        if differs(&self.version, &package.version) {
            return Err(ResolutionFault::Version);
        }
        let binding = Binding::Package(package.clone());
        if let Some(binding) = binding.faults(&self.grants).first().copied() {
            return Err(ResolutionFault::Binding { binding });
        }
        if let Some(surface) = self.surfaces.iter().find(|surface| !declared.contains(surface)) {
            return Err(ResolutionFault::Surface { surface: *surface });
        }
        let all = self.surfaces.is_empty();
        Ok(if all {
            declared.to_vec()
        } else {
            self.surfaces.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Authority, HostApi, Manifest, render_faults};

    const PROFILE: &str = r#"name = "mine"
[feature.plugins]
enabled = true
[feature.other]
x = 1
[[plugins.enabled]]
id = "user:notes"
digest = "sha256:00"
surfaces = ["tool"]
config = { limit = 3, since = 2026-01-01 }
[plugins.enabled.grants]
id = "user:notes"
version = "1.0.0"
digest = "sha256:00"
permissions = [{ kind = "surface", surface = "tool" }]
[[plugins.enabled]]
id = "project:other"
"#;

    fn package(version: &str, digest: &str) -> BoundPackage {
        BoundPackage {
            id: "user:notes".parse().unwrap(),
            version: version.to_owned(),
            digest: digest.to_owned(),
        }
    }

    fn first(text: &str) -> Enablement {
        Enablements::parse(text).unwrap().enabled.remove(0)
    }

    #[test]
    fn a_profile_is_read_for_its_plugins_only() {
        let read = Enablements::parse(PROFILE).unwrap();
        assert!(read.feature);
        assert_eq!(read.remarks(), []);
        assert_eq!(read.enabled.len(), 2);
        assert_eq!(read.enabled[1].config, None);
        insta::assert_snapshot!(read.enabled[0].config.as_ref().unwrap(), @r#"{"limit":3,"since":{"$__toml_private_datetime":"2026-01-01"}}"#);
        assert_eq!(Enablements::parse("").unwrap(), Enablements::default());
    }

    #[test]
    fn all_faults_are_shown_at_once_where_they_are() {
        let text = "[plugins]\nenable = []\n[[plugins.enabled]]\nid = 1\nsurface = []\n[[plugins.enabled.grants.https]]\n\
            [feature.plugins]\nenabled = 'yes'\n";
        insta::assert_snapshot!(Enablements::parse(text).unwrap_err(), @r"
        refused: unknown field `plugins.enable`
          in profile.toml:2:1
          2 | enable = []
            | ^^^^^^
          help: is `enabled` meant?
        refused: `plugins.enabled[0].id` must be a string, not 1
          in profile.toml:4:6
          4 | id = 1
            |      ^
        refused: unknown field `plugins.enabled[0].surface`
          in profile.toml:5:1
          5 | surface = []
            | ^^^^^^^
          help: is `surfaces` meant?
        refused: unknown field `plugins.enabled[0].grants.https`
          in profile.toml:6:26
          6 | [[plugins.enabled.grants.https]]
            |                          ^^^^^
        refused: `feature.plugins.enabled` must be a boolean, not a string
          in profile.toml:8:11
          8 | enabled = 'yes'
            |           ^^^^^
        ");
    }

    #[test]
    fn an_id_without_a_source_is_a_remark() {
        let text = "plugins.enabled = [{}, { id = 'notes' }, { id = 'store:notes' }, { id = 'user:a:b' }]\n";
        let read = Enablements::parse(text).unwrap();
        insta::assert_snapshot!(render_faults("profile.toml", text, read.remarks()), @r"
        not installable: plugin enablement id must be source-qualified as user:<id>, project:<id>, or builtin:<id>
          in profile.toml:1:20
          1 | plugins.enabled = [{}, { id = 'notes' }, { id = 'store:notes' }, { id = 'user:a:b' }]
            |                    ^^
        not installable: plugin enablement id must be source-qualified as user:<id>, project:<id>, or builtin:<id>
          in profile.toml:1:31
          1 | plugins.enabled = [{}, { id = 'notes' }, { id = 'store:notes' }, { id = 'user:a:b' }]
            |                               ^^^^^^^
        not installable: plugin enablement id is not a valid source-qualified plugin id
          in profile.toml:1:49
          1 | plugins.enabled = [{}, { id = 'notes' }, { id = 'store:notes' }, { id = 'user:a:b' }]
            |                                                 ^^^^^^^^^^^^^
        not installable: plugin enablement id is not a valid source-qualified plugin id
          in profile.toml:1:73
          1 | plugins.enabled = [{}, { id = 'notes' }, { id = 'store:notes' }, { id = 'user:a:b' }]
            |                                                                         ^^^^^^^^^^
        ");
        assert_eq!(read.enabled[1].plugin_id(), Err(ResolutionFault::Unqualified));
        assert_eq!(read.enabled[2].plugin_id(), Err(ResolutionFault::BadId));
    }

    #[test]
    fn a_package_is_resolved_in_the_order_of_the_contract() {
        let declared = [Surface::Tool, Surface::Wasm];
        let sound = first(PROFILE);
        assert_eq!(
            sound.resolve(&package("1.0.0", "sha256:00"), &declared),
            Ok(vec![Surface::Tool])
        );
        let all = Enablement {
            surfaces: Vec::new(),
            ..sound.clone()
        };
        assert_eq!(
            all.resolve(&package("1.0.0", "sha256:00"), &declared),
            Ok(declared.to_vec())
        );
        let pinned = Enablement {
            version: Some("1.0.0".to_owned()),
            ..sound.clone()
        };
        let faults = [
            pinned.resolve(&package("2", "sha256:01"), &[]),
            pinned.resolve(&package("2", "sha256:00"), &[]),
            sound.resolve(&package("2", "sha256:00"), &[]),
            sound.resolve(&package("1.0.0", "sha256:00"), &[]),
        ];
        let lines = faults
            .map(|fault| fault.unwrap_err())
            .map(|fault| format!("{} {fault}", fault.kind().name()));
        insta::assert_snapshot!(lines.join("\n"), @r"
        digest enabled plugin digest pin does not match discovered package digest
        version enabled plugin exact version requirement does not match discovered package version
        grant plugin grant version binding does not match enabled package version
        surface enabled plugin requested undeclared surface `tool`
        ");
    }

    #[test]
    fn lines_for_an_enablement_stand_in_its_tables_and_bind() {
        let asked = "schema_version = 1\nid = 'notes'\nname = 'Notes'\nversion = '1.0.0'\n\
            permissions = [{kind='host_api',api='request'}]\n\
            [[request]]\nscheme='https'\nhost='a.b'\nmethods=['GET']\n";
        let binding = Binding::Package(package("1.0.0", "sha256:00"));
        let grants = first("[[plugins.enabled]]\nid = 'user:notes'\n").grants;
        let authority = Authority::new(&Manifest::parse(asked).unwrap(), grants, &binding);
        let denial = authority.host_api(HostApi::Request).unwrap_err();
        let lines: Vec<String> = denial.lines().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n\n"), @r#"
        add at the top of the grants (`plugins.enabled.grants`):

            [plugins.enabled.grants]
            id = "user:notes"
            version = "1.0.0"
            digest = "sha256:00"
            permissions = [
                { kind = "host_api", api = "request" },
            ]

        add at the end of the grants (`plugins.enabled.grants`):

            [[plugins.enabled.grants.request]]
            scheme = "https"
            host = "a.b"
            methods = ["GET"]
        "#);
    }
}
