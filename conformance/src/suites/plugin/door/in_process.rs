//! Our own host, in this process.

mod catalogue;
mod held;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use yoi_host::authority::{Authority, Binding, BoundPackage, Grants, Inspection, PluginId, PluginSource};
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::package::Package;
use yoi_host::plugin::service::{Plan, Service};
use yoi_host::plugin::{LoadError, Plugin};
use yoi_host::world::{Net, NetOptions, ScriptedResolver};
use yoi_host::{Limits, Profile};

use super::{
    Ability, Ask, Done, Hello, HostFault, Load, Loaded, Outcome, PROTOCOL, PackageFound, PluginHost, Refusal,
    RefusalKind,
};
use held::Held;

/// Compiled components that are kept: more than the suite has.
const COMPILED_COMPONENTS: usize = 1024;

/// Plugins that are alive at the same time, at most: a few for every case that runs.
const INSTANCES: u32 = 256;

/// Our own host.
#[derive(Default)]
pub struct InProcess {
    held: Option<Held>,
    ender: InProcessEnder,
    limits: Option<Limits>,
    net: Option<Box<Network>>,
}

/// What is made of the network for a plugin.
type Network = dyn Fn(NetOptions, &Load) -> NetOptions + Send;

/// Ends the plugin that is held, from another thread, and every one after it.
#[derive(Clone, Default)]
pub struct InProcessEnder {
    ends: Arc<Mutex<Ends>>,
}

#[derive(Default)]
struct Ends {
    /// The plugin that runs.
    service: Option<Service>,
    /// Nothing may run any more.
    over: bool,
}

impl InProcess {
    /// A host that holds no plugin yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One with other limits than those of the profile.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// One on another network, which this makes of the one that a plugin would have.
    #[must_use]
    pub fn net(mut self, net: impl Fn(NetOptions, &Load) -> NetOptions + Send + 'static) -> Self {
        self.net = Some(Box::new(net));
        self
    }

    /// What ends it from elsewhere.
    #[must_use]
    pub fn ender(&self) -> InProcessEnder {
        self.ender.clone()
    }

    /// What it says of itself.
    #[must_use]
    pub fn hello() -> Hello {
        Hello {
            protocol: PROTOCOL.to_owned(),
            host: "yoikit".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            profiles: Profile::ALL.to_vec(),
            abilities: vec![
                Ability::Restart,
                Ability::Names,
                Ability::Commands,
                Ability::Sources,
                Ability::Queue,
                Ability::Authorities,
                Ability::Stores,
                Ability::Inspection,
            ],
        }
    }

    fn do_it(&mut self, ask: &Ask) -> Result<Done, Refusal> {
        match ask {
            Ask::Hello { protocol } if protocol == PROTOCOL => Ok(Done::Hello(Self::hello())),
            Ask::Hello { protocol } => Err(Refusal::new(
                RefusalKind::Unsupported,
                format!("this is {PROTOCOL}, not {protocol}"),
            )),
            Ask::Inspect { profile, package } => {
                let package = open(package, *profile)?;
                Ok(Done::Package(PackageFound {
                    id: package.manifest.declared().id.clone(),
                    version: package.manifest.declared().version.clone(),
                    digest: package.digest.to_string(),
                    files: package.files.iter().map(|(path, _)| path.to_owned()).collect(),
                }))
            }
            Ask::Survey(survey) => catalogue::survey(survey).map(Done::Plugins),
            Ask::Examine(examine) => catalogue::examine(examine).map(Done::Rows),
            Ask::Load(load) => self.load(load).map(Done::Loaded),
            Ask::Start => self.held()?.start().map(Done::Status),
            Ask::Call { tool, input } => self.held()?.call(tool, input).map(Done::Tool),
            Ask::Deliver { ingress, event } => self.held()?.deliver(ingress, event).map(Done::Service),
            Ask::Enqueue { ingress, event } => self.held()?.enqueue(ingress, event).map(|()| Done::Queued),
            Ask::Settle => self.held().map(|held| Done::Settled(held.settle())),
            Ask::Status => self.held()?.status().map(Done::Status),
            Ask::Stop => self.held()?.stop().map(Done::Status),
            Ask::Restart => self.held()?.restart().map(Done::Status),
            Ask::Report => self.held().map(|held| Done::Report(held.report())),
        }
    }

    fn held(&mut self) -> Result<&mut Held, Refusal> {
        self.held
            .as_mut()
            .ok_or_else(|| Refusal::new(RefusalKind::NotRunning, "no plugin is loaded"))
    }

    fn load(&mut self, load: &Load) -> Result<Loaded, Refusal> {
        self.held = None;
        let package = open(&load.package, load.profile)?;
        let grants = Grants::parse(&load.grants)
            .map_err(|faults| Refusal::new(RefusalKind::Input, faults.to_string()))?;
        let binding = binding(&package);
        let manifest = &package.manifest;
        let offered = Inspection::of_bound(manifest, &grants, &binding, &manifest.surfaces(), load.profile);
        let authority = Arc::new(Authority::new(manifest, grants, &binding));
        let Some(component) = package.component() else {
            return Err(Refusal::new(
                RefusalKind::Component,
                "the package has no component",
            ));
        };
        let plugin = compiled(load.profile, component);
        let plugin = match &self.limits {
            None => plugin,
            Some(limits) => plugin
                .and_then(|plugin| plugin.with_limits(limits.clone()))
                // Refused under the limits of the profile, it may be none of these.
                .or_else(|_| Plugin::load_with(engine(load.profile), component, limits.clone())),
        };
        let plugin = plugin.map_err(|error| Refusal::new(RefusalKind::Component, error.to_string()))?;
        let runtime = manifest.declared().runtime.as_ref();
        let named = runtime.and_then(|runtime| runtime.world.as_deref());
        if named != Some(plugin.world().id()) {
            let reason = format!(
                "the component stands in {}, which its manifest does not say",
                plugin.world()
            );
            return Err(Refusal::new(RefusalKind::Component, reason));
        }
        let world = plugin.world();
        let plan = Plan::new(plugin, Access::new(authority, self.network(load)?), manifest)
            .config(&load.config)
            .options(held::options(load.profile));
        self.held = Some(Held::new(plan, world, load.profile, self.ender.clone()));
        let tools = offered.tools.into_iter().filter(|row| row.eligible);
        let ingresses = offered.ingresses.into_iter().filter(|row| row.eligible);
        Ok(Loaded {
            tools: tools.map(|row| row.name).collect(),
            ingresses: ingresses.map(|row| row.name).collect(),
        })
    }
}

impl InProcess {
    /// The machine's network, in which there are the names of the script and no others.
    fn network(&self, load: &Load) -> Result<Net, Refusal> {
        let resolver = load
            .names
            .iter()
            .fold(ScriptedResolver::new(), |resolver, (name, addresses)| {
                let addresses: Vec<IpAddr> = addresses.clone();
                resolver.answer(name, addresses)
            });
        let mut options = NetOptions::new().resolver(resolver);
        let none = |error: &dyn std::fmt::Display| {
            Refusal::new(
                RefusalKind::Input,
                format!("an authority cannot be read: {error}"),
            )
        };
        for pem in &load.authorities {
            let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| none(&error))?;
            options = options.authority(&der).map_err(|error| none(&error))?;
        }
        if let Some(net) = &self.net {
            options = net(options, load);
        }
        Ok(options.build())
    }
}

impl InProcessEnder {
    /// End it.
    pub fn end(&self) {
        let mut ends = self.lock();
        ends.over = true;
        if let Some(service) = ends.service.take() {
            drop(service.kill());
        }
    }

    /// This one runs now.
    fn hold(&self, service: &Service) {
        let mut ends = self.lock();
        if ends.over {
            drop(service.kill());
        } else {
            ends.service = Some(service.clone());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PluginHost for InProcess {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        Ok(match self.do_it(ask) {
            Ok(done) => Outcome::Done(done),
            Err(refusal) => Outcome::Refused(refusal),
        })
    }
}

fn open(path: &Path, profile: Profile) -> Result<Package, Refusal> {
    Package::open(path, profile).map_err(|faults| Refusal::new(RefusalKind::Package, faults.to_string()))
}

/// As for a plugin that is enabled: its grants name it, its version and its content.
fn binding(package: &Package) -> Binding {
    Binding::Package(BoundPackage {
        id: PluginId {
            source: PluginSource::Project,
            local: package.manifest.declared().id.clone(),
        },
        version: package.manifest.declared().version.clone(),
        digest: package.digest.to_string(),
    })
}

/// The plugin of a component, compiled once: cases have many a component in common.
fn compiled(profile: Profile, component: &[u8]) -> Result<Plugin, LoadError> {
    static COMPILED: LazyLock<Mutex<HashMap<Key, Plugin>>> = LazyLock::new(Mutex::default);
    type Key = (Profile, [u8; 32]);
    let lock = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (profile, Sha256::digest(component).into());
    if let Some(plugin) = lock().get(&key) {
        return Ok(plugin.clone());
    }
    let plugin = Plugin::load(engine(profile), component)?;
    let mut known = lock();
    if known.len() >= COMPILED_COMPONENTS {
        known.clear();
    }
    known.insert(key, plugin.clone());
    Ok(plugin)
}

/// One engine a profile for all plugins of this process.
fn engine(profile: Profile) -> &'static Engine {
    static ENGINES: [LazyLock<Engine>; 2] = [
        LazyLock::new(|| made(Profile::Documented)),
        LazyLock::new(|| made(Profile::Yoi)),
    ];
    fn made(profile: Profile) -> Engine {
        EngineOptions::new(profile)
            .instances(INSTANCES)
            .build()
            .expect("there is address space for a few instances")
    }
    match profile {
        Profile::Documented => &ENGINES[0],
        Profile::Yoi => &ENGINES[1],
    }
}
