//! A plugin to load: a puppet, its manifest, and what it is granted, as data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use yoi_host::component::World;
use yoi_host::package::{Files, archive};

use super::puppet::Puppet;

/// A plugin to load. Unless a case says otherwise, its manifest asks for all that it declares, and all of that is
/// granted.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    component: Code,
    world: &'static str,
    tools: Vec<String>,
    ingresses: Vec<String>,
    services: Vec<String>,
    asked: Vec<String>,
    granted: Vec<String>,
    asked_targets: String,
    granted_targets: String,
    binding: Binding,
    pub(crate) config: String,
    pub(crate) names: BTreeMap<String, Vec<IpAddr>>,
    pub(crate) authorities: Vec<String>,
    manifest: Option<String>,
}

/// A component, or what one is made of.
#[derive(Debug, Clone)]
enum Code {
    Puppet(Box<Puppet>),
    Bytes(Vec<u8>),
}

/// A package, and what belongs to it.
pub(crate) struct Packed {
    /// The archive.
    pub(crate) archive: Vec<u8>,
    /// The grants bound to it.
    pub(crate) grants: String,
    /// Whether its component has to be told the ports that it is to reach.
    pub(crate) is_told: bool,
}

/// How the grants say what they are for. `None` leaves a line out.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) id: Option<&'static str>,
    pub(crate) version: Option<&'static str>,
    /// In place of the digest of the package.
    pub(crate) digest: Digest,
}

#[derive(Debug, Clone)]
pub(crate) enum Digest {
    OfThePackage,
    Other(&'static str),
    Missing,
}

/// The id in every manifest, its version, and the id with its source.
pub(crate) const ID: &str = "suite.puppet";
pub(crate) const VERSION: &str = "1.0.0";
pub(crate) const FULL_ID: &str = "project:suite.puppet";

/// The tool and the ingress of most plugins.
pub(crate) const TOOL: &str = "do";
pub(crate) const INGRESS: &str = "events";

impl Plugin {
    /// A puppet with the tool [`TOOL`]; in the world `instance` with the ingress [`INGRESS`] as well.
    pub(crate) fn of(puppet: Puppet) -> Self {
        let world = puppet.world();
        let mut plugin = Self::bare([], world.id()).tool(TOOL);
        plugin.component = Code::Puppet(Box::new(puppet));
        match world {
            World::Tool => plugin,
            World::Instance => plugin.ingress(INGRESS, &[]),
        }
    }

    /// A component, whatever it is, that declares nothing.
    pub(crate) fn bare(component: impl Into<Vec<u8>>, world: &'static str) -> Self {
        Self {
            component: Code::Bytes(component.into()),
            world,
            tools: Vec::new(),
            ingresses: Vec::new(),
            services: Vec::new(),
            asked: Vec::new(),
            granted: Vec::new(),
            asked_targets: String::new(),
            granted_targets: String::new(),
            binding: Binding {
                id: Some(FULL_ID),
                version: Some(VERSION),
                digest: Digest::OfThePackage,
            },
            config: "null".to_owned(),
            names: BTreeMap::new(),
            authorities: Vec::new(),
            manifest: None,
        }
    }

    /// A tool, asked for and granted.
    pub(crate) fn tool(self, name: &str) -> Self {
        let permission = format!("{{ kind = \"tool\", name = \"{name}\" }}");
        self.undeclared_permission_tool(name)
            .surface("tool")
            .permission(&permission)
    }

    /// A tool without any permission.
    pub(crate) fn undeclared_permission_tool(mut self, name: &str) -> Self {
        self.tools.push(format!(
            "[[tools]]\nname = \"{name}\"\ndescription = \"Does it\"\ninput_schema = {{ type = \"object\" }}\n"
        ));
        self
    }

    /// A tool that changes something outside, without any permission.
    pub(crate) fn writing_tool(mut self, name: &str) -> Self {
        self.tools.push(format!(
            "[[tools]]\nname = \"{name}\"\ndescription = \"Does it\"\ninput_schema = {{ type = \"object\" }}\nexternal_write = true\n"
        ));
        self
    }

    /// An ingress for events of these kinds, asked for and granted.
    pub(crate) fn ingress(self, name: &str, kinds: &[&str]) -> Self {
        let permission = format!("{{ kind = \"ingress\", name = \"{name}\" }}");
        self.undeclared_permission_ingress(name, kinds)
            .surface("ingress")
            .permission(&permission)
    }

    /// An ingress without any permission.
    pub(crate) fn undeclared_permission_ingress(mut self, name: &str, kinds: &[&str]) -> Self {
        self.ingresses.push(format!(
            "[[ingresses]]\nname = \"{name}\"\ndescription = \"Takes it\"\nevent_kinds = {kinds:?}\n"
        ));
        self
    }

    /// A service, asked for and granted.
    pub(crate) fn service(mut self, name: &str) -> Self {
        self.services.push(format!(
            "[[services]]\nname = \"{name}\"\ndescription = \"Runs\"\n"
        ));
        self.surface("service")
            .permission(&format!("{{ kind = \"service\", name = \"{name}\" }}"))
    }

    /// Sources of an ingress, which is declared by that if it is not yet.
    pub(crate) fn ingress_from(self, name: &str, sources: &[&str]) -> Self {
        let head = format!("[[ingresses]]\nname = \"{name}\"\n");
        let mut plugin = match self.ingresses.iter().any(|table| table.starts_with(&head)) {
            true => self,
            false => self.ingress(name, &[]),
        };
        for table in plugin
            .ingresses
            .iter_mut()
            .filter(|table| table.starts_with(&head))
        {
            let _ = writeln!(table, "sources = {sources:?}");
        }
        plugin
    }

    /// An authority that the host trusts, PEM.
    pub(crate) fn authority(mut self, pem: String) -> Self {
        self.authorities.push(pem);
        self
    }

    /// A surface, asked for and granted.
    pub(crate) fn surface(self, surface: &str) -> Self {
        let permission = format!("{{ kind = \"surface\", surface = \"{surface}\" }}");
        if self.asked.contains(&permission) {
            return self;
        }
        self.permission(&permission)
    }

    /// A host API, asked for and granted.
    pub(crate) fn host_api(self, api: &str) -> Self {
        self.permission(&format!("{{ kind = \"host_api\", api = \"{api}\" }}"))
    }

    /// A permission, asked for and granted.
    pub(crate) fn permission(self, permission: &str) -> Self {
        self.asks(permission).granted(permission)
    }

    /// A permission, asked for only.
    pub(crate) fn asks(mut self, permission: &str) -> Self {
        self.asked.push(permission.to_owned());
        self
    }

    /// A permission, granted only.
    pub(crate) fn granted(mut self, permission: &str) -> Self {
        self.granted.push(permission.to_owned());
        self
    }

    /// Without this permission in the manifest.
    pub(crate) fn not_asking(mut self, permission: &str) -> Self {
        self.asked.retain(|asked| asked != permission);
        self
    }

    /// Without this permission in the grants.
    pub(crate) fn not_granted(mut self, permission: &str) -> Self {
        self.granted.retain(|granted| granted != permission);
        self
    }

    /// Without any grants.
    pub(crate) fn without_grants(mut self) -> Self {
        self.granted.clear();
        self.granted_targets.clear();
        self.binding = Binding {
            id: None,
            version: None,
            digest: Digest::Missing,
        };
        self
    }

    /// Target tables, the same on both sides.
    pub(crate) fn targets(self, tables: &str) -> Self {
        self.asks_for_targets(tables).granted_targets(tables)
    }

    /// Target tables of the manifest.
    pub(crate) fn asks_for_targets(mut self, tables: &str) -> Self {
        self.asked_targets.push_str(tables);
        self.asked_targets.push('\n');
        self
    }

    /// Target tables of the grants, `[[fs]]` among them.
    pub(crate) fn granted_targets(mut self, tables: &str) -> Self {
        self.granted_targets.push_str(tables);
        self.granted_targets.push('\n');
        self
    }

    pub(crate) fn bound(mut self, binding: Binding) -> Self {
        self.binding = binding;
        self
    }

    pub(crate) fn config(mut self, config: impl Into<String>) -> Self {
        self.config = config.into();
        self
    }

    pub(crate) fn name(mut self, name: &str, addresses: &[IpAddr]) -> Self {
        self.names.insert(name.to_owned(), addresses.to_vec());
        self
    }

    /// Another manifest than the one that follows from the rest.
    pub(crate) fn manifest(mut self, manifest: impl Into<String>) -> Self {
        self.manifest = Some(manifest.into());
        self
    }

    /// Whether a call is its whole life.
    pub(crate) fn is_tool(&self) -> bool {
        self.world == World::Tool.id()
    }

    /// The manifest.
    pub(crate) fn manifest_text(&self) -> String {
        if let Some(manifest) = &self.manifest {
            return manifest.clone();
        }
        let mut out = format!(
            "schema_version = 1\nid = \"{ID}\"\nname = \"Puppet\"\nversion = \"{VERSION}\"\npermissions = [{}]\n\n[runtime]\nkind = \"wasm-component\"\ncomponent = \"puppet.wasm\"\nworld = \"{}\"\n\n",
            self.asked.join(", "),
            self.world
        );
        for table in self.tools.iter().chain(&self.ingresses).chain(&self.services) {
            out.push_str(table);
            out.push('\n');
        }
        out.push_str(&self.asked_targets);
        out
    }

    /// The files of the package, in whose component none of these ports stand, and whether it has to be told any.
    fn files(&self, ports: &[u16]) -> (Files, bool) {
        let (component, is_told) = match &self.component {
            Code::Puppet(puppet) => puppet.build_told(ports),
            Code::Bytes(bytes) => (bytes.clone(), false),
        };
        let mut files = Files::new();
        let mut add = |path: &str, content: &[u8]| {
            files
                .insert(path, content)
                .expect("a package of the suite is within the limits");
        };
        add("plugin.toml", self.manifest_text().as_bytes());
        add("puppet.wasm", &component);
        (files, is_told)
    }

    /// The package, in whose component none of these ports stand.
    pub(crate) fn package(&self, ports: &[u16]) -> Packed {
        let (files, is_told) = self.files(ports);
        Packed {
            grants: self.grants(&files.digest().to_string()),
            archive: archive::write(&files),
            is_told,
        }
    }

    /// The grants, for content of this digest.
    fn grants(&self, digest: &str) -> String {
        let mut out = String::new();
        let digest = match &self.binding.digest {
            Digest::OfThePackage => Some(digest),
            Digest::Other(other) => Some(*other),
            Digest::Missing => None,
        };
        for (key, value) in [
            ("id", self.binding.id),
            ("version", self.binding.version),
            ("digest", digest),
        ] {
            if let Some(value) = value {
                let _ = writeln!(out, "{key} = \"{value}\"");
            }
        }
        let _ = writeln!(out, "permissions = [{}]\n", self.granted.join(", "));
        out.push_str(&self.granted_targets);
        out
    }
}
