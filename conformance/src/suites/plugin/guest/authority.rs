//! What a plugin asks for, and what it does where it gets nothing.

use yoi_host::authority::{Authority, Binding, Declared, Grants, HostApi, Permission, Surface};

use super::GuestTest;
use super::excuses::{
    any, no_component, no_declared_ingresses, no_declared_tools, no_imports, no_manifest, no_targets,
    no_tools,
};
use super::tools::{Call, answers, fitting_calls};
use crate::suites::plugin::target::GuestTarget;
use crate::{Case, Clause, expect};

const ASKS: &str = "contracts/plugin.md#permissions";
const HOST: &str = "contracts/plugin.md#host-calls";

pub(super) fn tests() -> Vec<GuestTest> {
    vec![
        Case::must(
            "plugin.authority.tools-are-asked-for",
            Clause::new(ASKS, "A tool is offered only where the manifest asks for the surface `tool` and for the tool."),
        )
        .example(|target: &GuestTarget, _| {
            let Some((declared, authority)) = all_granted(target) else { return Ok(()) };
            for tool in &declared.tools {
                let denial = authority.tool(&tool.name, tool.external_write).err();
                expect(denial.is_none(), || format!("a manifest that asks for `{}`", tool.name), || {
                    denial.as_ref().map(ToString::to_string).unwrap_or_default()
                })?;
            }
            Ok(())
        })
        .excused(no_declared_tools),
        Case::must(
            "plugin.authority.ingresses-are-asked-for",
            Clause::new(ASKS, "Events are delivered only where the manifest asks for the surface `ingress` and for the ingress."),
        )
        .example(|target: &GuestTarget, _| {
            let Some((declared, authority)) = all_granted(target) else { return Ok(()) };
            for ingress in &declared.ingresses {
                let denial = authority.ingress(&ingress.name).err();
                expect(denial.is_none(), || format!("a manifest that asks for `{}`", ingress.name), || {
                    denial.as_ref().map(ToString::to_string).unwrap_or_default()
                })?;
            }
            Ok(())
        })
        .excused(no_declared_ingresses),
        Case::must(
            "plugin.authority.imports-are-asked-for",
            Clause::new(HOST, "A component imports only host APIs that its manifest asks for: a call of any other is always denied."),
        )
        .example(|target: &GuestTarget, _| {
            for api in imported(target) {
                expect(asks(target, api), || format!("a manifest that asks for host_api.{api}"), || "the component imports it".to_owned())?;
            }
            Ok(())
        })
        .excused(|target| any([no_component(target), no_manifest(target)])),
        Case::should(
            "plugin.authority.asks-for-no-more",
            Clause::new(HOST, "A manifest asks for no host API that the component does not import, unless it takes events: their answers go to sockets and servers."),
        )
        .example(|target: &GuestTarget, _| {
            let imported = imported(target);
            for api in HostApi::ALL {
                expect(
                    !asks(target, api) || imported.contains(&api) || through_events(target, api),
                    || format!("a component that imports yoi:host/{api}"),
                    || "its manifest asks for that, and it does not".to_owned(),
                )?;
            }
            Ok(())
        })
        .excused(|target| any([no_component(target), no_manifest(target)])),
        Case::should(
            "plugin.authority.no-broad-targets",
            Clause::new(ASKS, "A manifest names the hosts and paths that it goes to, and asks for no `*`."),
        )
        .example(|target: &GuestTarget, _| {
            let Some(declared) = target.declared() else { return Ok(()) };
            let broad = declared.request.iter().any(|target| target.is_broad())
                || declared.websocket.iter().any(|target| target.is_broad());
            expect(!broad, || "targets that name scheme, host and path".to_owned(), || "a broad one".to_owned())
        })
        .excused(no_targets),
        Case::must(
            "plugin.authority.denied-everything",
            Clause::new(HOST, "A plugin to which nothing is granted answers all the same: its tools say what they could not do."),
        )
        .profiles(&["documented"])
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            answers(target, ctx, &call.tool, &call.input.to_string()).map(|_| ())
        })
        .excused(|target| any([no_imports(target), no_tools(target)])),
    ]
}

/// The host APIs that the component imports.
pub(super) fn imported(target: &GuestTarget) -> Vec<HostApi> {
    let Some(preflight) = target.component().and_then(|door| door.preflight().ok()) else {
        return Vec::new();
    };
    let apis = HostApi::ALL.into_iter();
    apis.filter(|api| {
        let interface = format!("yoi:host/{api}@");
        preflight
            .imports
            .iter()
            .any(|item| item.name.starts_with(&interface))
    })
    .collect()
}

/// Whether a plugin may use a host API without importing it: what it answers events with goes to sockets and servers,
/// and its sources are sockets.
fn through_events(target: &GuestTarget, api: HostApi) -> bool {
    let takes_events = target
        .declared()
        .is_some_and(|declared| !declared.ingresses.is_empty());
    takes_events && api != HostApi::Fs
}

fn asks(target: &GuestTarget, api: HostApi) -> bool {
    let permission = Permission::HostApi { api };
    target
        .declared()
        .is_some_and(|declared| declared.permissions.contains(&permission))
}

/// What the manifest says, and what it is allowed where everything is granted.
fn all_granted(target: &GuestTarget) -> Option<(&Declared, Authority)> {
    let manifest = target.manifest()?;
    let declared = manifest.declared();
    let surfaces = Surface::ALL
        .into_iter()
        .map(|surface| Permission::Surface { surface });
    let tools = declared.tools.iter().map(|tool| Permission::Tool {
        name: tool.name.clone(),
    });
    let ingresses = declared.ingresses.iter().map(|ingress| Permission::Ingress {
        name: ingress.name.clone(),
    });
    let mut grants = Grants::default();
    grants.permissions = surfaces
        .chain(tools)
        .chain(ingresses)
        .chain([Permission::ExternalWrite])
        .collect();
    Some((declared, Authority::new(manifest, grants, &Binding::Unbound)))
}
