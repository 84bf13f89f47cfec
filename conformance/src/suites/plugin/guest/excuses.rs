//! Why a clause is not asked of a plugin: it says that it does nothing of the kind, or nobody knows whether it does.
//!
//! The two are kept apart: the first leaves nothing open, and a certified run allows it.

use yoi_host::component::World;

use super::super::target::GuestTarget;
use super::authority::imported;
use super::tools::requiring;
use crate::Excuse;

type Excused = Option<Excuse>;

/// The first excuse of several.
pub(super) fn any(excuses: impl IntoIterator<Item = Excused>) -> Excused {
    excuses.into_iter().flatten().next()
}

pub(super) fn no_component(target: &GuestTarget) -> Excused {
    (target.component().is_none()).then_some(Excuse::Optional("it is a process, and no component"))
}

pub(in crate::suites::plugin) fn no_process(target: &GuestTarget) -> Excused {
    (target.component().is_some()).then_some(Excuse::Optional("it is a component, and no process"))
}

pub(super) fn no_life(target: &GuestTarget) -> Excused {
    match target.world() {
        Some(World::Instance) => None,
        Some(World::Tool) => Some(Excuse::Optional(
            "it stands in the world `tool`, where every call is a life of its own",
        )),
        None => Some(Excuse::Unseen("it is not known in which world it stands")),
    }
}

pub(super) fn a_life(target: &GuestTarget) -> Excused {
    match target.world() {
        Some(World::Tool) => None,
        Some(World::Instance) => Some(Excuse::Optional(
            "it stands in the world `instance`, where calls may know of each other",
        )),
        None => Some(Excuse::Unseen("it is not known in which world it stands")),
    }
}

pub(super) fn no_manifest(target: &GuestTarget) -> Excused {
    match (target.declared(), target.component()) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(Excuse::Unseen("it came without a manifest")),
        (None, None) => Some(Excuse::Optional("it is a process, which has no manifest")),
    }
}

pub(super) fn no_tools(target: &GuestTarget) -> Excused {
    if !target.tools().is_empty() {
        return None;
    }
    Some(match (target.component(), target.declared(), target.world()) {
        (_, _, None) => Excuse::Unseen("it is not known which tools it has"),
        (Some(_), None, _) => Excuse::Unseen("it came without a manifest, which would name its tools"),
        _ => Excuse::Optional("it has no tools"),
    })
}

pub(super) fn no_declared_tools(target: &GuestTarget) -> Excused {
    no_manifest(target).or_else(|| no_tools(target))
}

pub(super) fn no_declared_ingresses(target: &GuestTarget) -> Excused {
    let none = |target: &GuestTarget| {
        target
            .declared()
            .is_none_or(|declared| declared.ingresses.is_empty())
    };
    no_manifest(target).or_else(|| none(target).then_some(Excuse::Optional("it takes no events")))
}

/// A process that has no manifest names its ingresses itself.
pub(super) fn no_events(target: &GuestTarget) -> Excused {
    if let Some(excuse) = no_life(target) {
        return Some(excuse);
    }
    match (target.component(), target.ingresses().next()) {
        (None, Some(_)) => None,
        (None, None) => Some(Excuse::Optional("it takes no events")),
        (Some(_), _) => no_declared_ingresses(target),
    }
}

pub(super) fn nothing_required(target: &GuestTarget) -> Excused {
    let nothing = requiring(target).is_empty();
    no_tools(target).or_else(|| nothing.then_some(Excuse::Optional("none of its tools requires anything")))
}

pub(super) fn no_targets(target: &GuestTarget) -> Excused {
    let none = target
        .declared()
        .is_none_or(|declared| declared.request.is_empty() && declared.websocket.is_empty());
    no_manifest(target).or_else(|| none.then_some(Excuse::Optional("its manifest asks for no target")))
}

pub(super) fn no_imports(target: &GuestTarget) -> Excused {
    let none = imported(target).is_empty();
    no_component(target).or_else(|| none.then_some(Excuse::Optional("it imports nothing of its host")))
}

/// Instructions and memory are those of a component.
pub(super) fn no_measures(target: &GuestTarget) -> Excused {
    let unloaded = target.component().is_some_and(|door| door.plugin().is_err());
    any([
        no_component(target),
        unloaded.then_some(Excuse::Unseen(
            "it cannot be loaded, so nothing of it is measured",
        )),
        no_tools(target),
    ])
}

/// What only a plugin can be given that gets its inputs as text.
pub(super) fn no_text(target: &GuestTarget) -> Excused {
    let parsed = target.component().is_none();
    parsed.then_some(Excuse::Optional(
        "it is a process, whose inputs come through a parser of JSON",
    ))
}
