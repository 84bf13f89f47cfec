//! What a plugin may touch: the only room that says yes or no.
//!
//! A plugin asks ([`Manifest`]), a person gives ([`Grants`], bound to one package by [`Binding`]), and
//! [`Authority`] holds the two against each other. A decision is a value: [`Allowed`] says by which entries,
//! [`Denial`] says why not and which lines would allow it ([`Missing`]).
//!
//! [`Footprint`] goes the other way: from what a run touched to the smallest grants that allow it.
//!
//! It is pure: it knows no engine, no file, no network and no clock. Text in, data out.

mod api;
mod binding;
mod book;
mod decision;
mod denial;
mod enablement;
mod fault;
mod footprint;
mod grants;
mod hints;
mod inspection;
mod lines;
mod manifest;
mod permission;
mod remedy;
mod rules;
mod schema;
mod shape;
mod target;

pub use api::{FsOperation, HostApi};
pub use binding::{Binding, BindingFault, BoundPackage, NotAPluginId, PluginId, PluginSource};
pub use decision::Authority;
pub use denial::{Allowed, Denial, Entry, List, NearMiss, Reason, shown_url};
pub use enablement::{Enablement, Enablements, ResolutionFault};
pub use fault::{Fault, FaultKind, Faults, NameFault, Phase, Severity, render_faults};
pub use footprint::Footprint;
pub use grants::{FsGrant, Grants, GrantsFaults};
pub use inspection::{Inspection, ItemRow, PermissionRow, RuntimeRow, ToolRow};
pub use lines::{Missing, Place, Side};
pub use manifest::{
    Declared, Hook, Ingress, Manifest, ManifestFaults, Runtime, Service, Tool, YoiDiagnostic,
};
pub use permission::{Permission, Surface};
pub(crate) use rules::is_package_path;
pub use target::{METHODS, Part, RequestTarget, WebsocketTarget};
