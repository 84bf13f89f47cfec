//! A plugin as it is handed on: a set of files with a `plugin.toml`, as a folder or as an archive
//! (`*.yoi-plugin`), and the digest that it is known by.
//!
//! - [`Files`] are what a package is: paths and contents within the limits. All else is a way to come by them.
//! - [`archive`] and [`folder`] read them, [`archive::write`] and [`pack`] write them.
//! - [`Digest`] is their identity: equal files have an equal digest, however they were packed.
//! - [`Package`] is files whose manifest keeps every rule.
//! - [`Stores`] are the folders where packages lie ready, [`Discovery`] is what lies there, and [`Inventory`] says
//!   what becomes of each under the enablements of a profile.
//!
//! The room owns the format of archives, what belongs to a folder, and the bounds of both. It runs nothing of
//! a package and does not look into its component: it must not know wasmtime, the imports or a plugin's life.
//!
//! In the profile [`yoi`](crate::Profile::Yoi) a package is read as that host reads it, what it overlooks
//! included: who wants to know whether a package loads there asks with that profile, and has the host's own
//! words for a refusal in [`PackageFault::yoi`].

pub mod archive;
mod digest;
mod fault;
mod files;
#[cfg(test)]
mod fixtures;
pub mod folder;
mod ignored;
mod inventory;
mod open;
mod pack;
mod store;

pub use digest::{Digest, NotADigest};
pub use fault::{Diagnostic, PackageFault, PackageFaults};
pub use files::Files;
pub use inventory::{FindError, Inventory, Item, ItemDiagnostic, Status};
pub use open::{Package, PackageKind};
pub use pack::{PackError, Packed, pack};
pub use store::{Discovered, Discovery, StoreFault, StoreFinding, Stores, discover};

/// What a package's manifest is called.
const MANIFEST: &str = "plugin.toml";
