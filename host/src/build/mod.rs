//! Makes components: from core modules, from Cargo projects, without WASI.
//!
//! A yoi host has no WASI, and nearly every toolchain links some of it in. So each way to a component ends
//! with the same step, [`deny_wasi`]: what is still imported from WASI is replaced by local functions.
//!
//! - [`make`]: whatever WebAssembly file there is, as a component without WASI
//! - [`componentize()`]: a core module
//! - [`deny_wasi`]: a finished component
//! - [`build_project`]: a Cargo project
//! - [`build_plugin`]: the project of a plugin, in Rust, JavaScript or Python
//! - [`strip()`]: a component without what a host never reads
//!
//! This room uses what [`crate::component`] reads and a manifest says, and knows no engine.

mod cargo;
mod componentize;
mod deny;
mod project;
mod rewrite;
mod script;
mod strip;
mod stub;

pub use cargo::{Builder, CargoError, Mode};
pub use componentize::{Built, ComponentizeError, ExportProblem, MakeError, componentize, make};
pub use deny::{Denied, DenyError, deny_wasi};
pub use project::{
    BuildError, BuiltProject, build_plugin, build_project, is_project, is_up_to_date, younger_source,
};
pub use rewrite::RewriteError;
pub use script::ScriptError;
pub use strip::strip;
