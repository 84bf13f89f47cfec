//! Grants: what a person allows a plugin.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::FsOperation;
use super::binding::BoundPackage;
use super::fault::{Fault, Faults, Problem};
use super::hints;
use super::lines::{Forms, Home};
use super::permission::Permission;
use super::shape::{self, Field, PERMISSION_LIST, REQUEST_TARGETS, Shape, WEBSOCKET_TARGETS, optional};
use super::target::{RequestTarget, WebsocketTarget};
use crate::limits::MANIFEST_BYTES;

/// All that is wrong with a grants file.
pub type GrantsFaults = Faults;

/// The fields of grants.
pub(super) const FIELDS: &[Field] = &[
    optional("id", Shape::Text),
    optional("version", Shape::Text),
    optional("digest", Shape::Text),
    optional("permissions", PERMISSION_LIST),
    optional("request", REQUEST_TARGETS),
    optional("websocket", WEBSOCKET_TARGETS),
    optional(
        "fs",
        Shape::List(&Shape::Table(&[
            optional("root", Shape::Text),
            optional(
                "operations",
                Shape::List(&Shape::OneOf(&["read", "list", "write"])),
            ),
        ])),
    ),
];

/// What a person allows one plugin: the content of a grants file, or of `grants` in an enablement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// The plugin it is for, with its source: `user:notes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The version it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The content it is for: `sha256:` and 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What is allowed by name.
    pub permissions: Vec<Permission>,
    /// Where requests may go.
    pub request: Vec<RequestTarget>,
    /// Where connections may go.
    pub websocket: Vec<WebsocketTarget>,
    /// Which folders may be used, and how.
    pub fs: Vec<FsGrant>,
    /// How the lists are written in the file, if there is one.
    #[serde(skip)]
    pub(super) forms: Forms,
    /// What is wrong with the file and does not keep it from being read.
    #[serde(skip)]
    pub(super) remarks: Vec<Fault>,
}

/// A folder that may be used: an `[[fs]]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FsGrant {
    /// Its absolute path.
    pub root: String,
    /// What may be done in it. None of them implies another.
    pub operations: Vec<FsOperation>,
}

impl Grants {
    /// Read a grants file.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, what would only never match included.
    pub fn parse(text: &str) -> Result<Self, GrantsFaults> {
        let refused = |faults| Faults::new("grants.toml", text, faults);
        if text.len() > MANIFEST_BYTES {
            return Err(refused(vec![Fault::new(Problem::TooLarge, 0..0)]));
        }
        let document = shape::parse(text).map_err(refused)?;
        let table = document.get_ref();
        let mut faults = Vec::new();
        shape::check(table, FIELDS, &mut faults);
        hints::targets(table, &mut |problem, span| faults.push(Fault::new(problem, span)));
        hints::folders(table, &mut |problem, span| faults.push(Fault::new(problem, span)));
        match toml::from_str::<Grants>(text) {
            Ok(grants) if !faults.iter().any(Fault::refuses) => Ok(Self {
                forms: Forms::of(table, text, Home::File),
                remarks: faults,
                ..grants
            }),
            Ok(_) => Err(refused(faults)),
            Err(error) => {
                if !faults.iter().any(Fault::refuses) {
                    let problem = Problem::Syntax(error.message().to_owned());
                    faults.insert(0, Fault::new(problem, error.span().unwrap_or(0..0)));
                }
                Err(refused(faults))
            }
        }
    }

    /// What is wrong with them and does not keep them from being read: a target that never matches, a folder
    /// that is never used.
    #[must_use]
    pub fn remarks(&self) -> &[Fault] {
        &self.remarks
    }

    /// The same, bound to this package and no other. Those that give nothing are bound to nothing.
    #[must_use]
    pub fn bound_to(self, package: &BoundPackage) -> Self {
        let gives = !self.is_empty();
        let bind = |text: String| gives.then_some(text);
        Self {
            id: bind(package.id.to_string()),
            version: bind(package.version.clone()),
            digest: bind(package.digest.clone()),
            ..self
        }
    }

    /// What these give that `earlier` ones did not, a label each: what a person is to look at before one takes the
    /// place of the other.
    #[must_use]
    pub fn beyond(&self, earlier: &Self) -> Vec<String> {
        let permission = |wanted: &&Permission| match wanted {
            Permission::Tool { name } => !earlier.permissions.iter().any(|known| known.covers_tool(name)),
            other => !earlier.permissions.contains(other),
        };
        let permissions = self.permissions.iter().filter(permission);
        let requests = self.request.iter();
        let requests = requests.filter(|target| !earlier.request.iter().any(|known| known.covers(target)));
        let websockets = self.websocket.iter();
        let websockets =
            websockets.filter(|target| !earlier.websocket.iter().any(|known| known.covers(target)));
        let folders = self.fs.iter().flat_map(|grant| {
            let operations = grant.operations.iter();
            operations.map(|operation| (*operation, grant.root.trim()))
        });
        let folders = folders.filter(|(operation, root)| {
            let gives = |known: &FsGrant| known.root.trim() == *root && known.operations.contains(operation);
            !earlier.fs.iter().any(gives)
        });
        permissions
            .map(Permission::label)
            .chain(requests.map(|target| format!("request {target}")))
            .chain(websockets.map(|target| format!("websocket {target}")))
            .chain(folders.map(|(operation, root)| format!("fs {operation} {root}")))
            .collect()
    }

    /// Whether nothing at all is granted. Such grants need no binding.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty()
            && self.request.is_empty()
            && self.websocket.is_empty()
            && self.fs.is_empty()
    }
}

impl FsGrant {
    /// Whether it grants anything: its root is an absolute path, and there is an operation.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let root = self.root.trim();
        std::path::Path::new(root).is_absolute() && !self.operations.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::render_faults;

    #[test]
    fn what_goes_beyond_earlier_grants_is_told() {
        let earlier = Grants::parse(
            "permissions = [{ kind = 'tool_namespace', namespace = 'a' }, { kind = 'host_api', api = 'fs' }]\n\
             [[request]]\nscheme = 'https'\nhost = 'a.test'\nmethods = ['GET']\npath_prefixes = ['/v1']\n\
             [[fs]]\nroot = '/srv'\noperations = ['read', 'list']\n",
        )
        .unwrap();
        let later = Grants::parse(
            "permissions = [{ kind = 'tool', name = 'ab' }, { kind = 'tool', name = 'b' }, { kind = 'external_write' }]\n\
             [[request]]\nscheme = 'https'\nhost = 'a.test'\nmethods = ['GET']\npath_prefixes = ['/v1/x']\n\
             [[request]]\nscheme = 'https'\nhost = 'a.test'\nmethods = ['GET']\n\
             [[websocket]]\nscheme = 'wss'\nhost = 'a.test'\n\
             [[fs]]\nroot = ' /srv'\noperations = ['read', 'write']\n",
        )
        .unwrap();
        insta::assert_snapshot!(later.beyond(&earlier).join("\n"), @"
        tool.b
        external_write
        request https://a.test GET * [broad-request]
        websocket wss://a.test * [broad-websocket]
        fs write /srv
        ");
        assert_eq!(later.beyond(&later), [""; 0]);
        assert_eq!(Grants::default().beyond(&earlier), [""; 0]);
    }

    #[test]
    fn an_empty_file_grants_nothing() {
        let grants = Grants::parse("# nothing yet\n").unwrap();
        assert!(grants.is_empty());
        assert_eq!(grants.id, None);
        assert!(Grants::parse("id = 'user:a'\n").unwrap().is_empty());
    }

    #[test]
    fn all_faults_are_shown_at_once_where_they_are() {
        let text =
            "ids = 'user:a'\n[[https]]\nhost = 'a.b'\n[[fs]]\nroot = 1\noperations = ['append', 'reed']\n";
        insta::assert_snapshot!(Grants::parse(text).unwrap_err(), @r"
        refused: unknown field `ids`
          in grants.toml:1:1
          1 | ids = 'user:a'
            | ^^^
          help: is `id` meant?
        refused: unknown field `https`
          in grants.toml:2:3
          2 | [[https]]
            |   ^^^^^
        refused: `fs[0].root` must be a string, not 1
          in grants.toml:5:8
          5 | root = 1
            |        ^
        refused: `fs[0].operations[0]` cannot be `append`: choose read, list, write
          in grants.toml:6:15
          6 | operations = ['append', 'reed']
            |               ^^^^^^^^
        refused: `fs[0].operations[1]` cannot be `reed`: choose read, list, write
          in grants.toml:6:25
          6 | operations = ['append', 'reed']
            |                         ^^^^^^
          help: is `read` meant?
        ");
    }

    #[test]
    fn a_folder_that_can_never_be_used_is_a_remark() {
        let text = "[[fs]]\nroot = 'notes'\noperations = ['read']\n[[fs]]\n";
        let grants = Grants::parse(text).unwrap();
        assert!(!grants.fs.iter().any(FsGrant::is_usable));
        insta::assert_snapshot!(render_faults("grants.toml", text, grants.remarks()), @r"
          warning: this folder is never used: `root` must be an absolute path
            in grants.toml:2:8
            2 | root = 'notes'
              |        ^^^^^^^
          warning: this folder is never used: it has no `root`
            in grants.toml:4:1
            4 | [[fs]]
              | ^^^^^^
          warning: this folder is never used: it has no `operations`
            in grants.toml:4:1
            4 | [[fs]]
              | ^^^^^^
          ");
    }
}
