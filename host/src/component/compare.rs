//! Holding the imports and exports of a component against those of the contract, item by item.
//!
//! This file says how an item deviates. It must not know what that leads to.

use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::TypesRef;

use super::contract::{Function, Interface, World, host_imports};
use super::item::{Direction, Item, Verdict};
use super::producers::printable;
use super::signature::{Signature, describe};
use super::wasi::is_wasi;
use crate::nearest::nearest;

/// Most characters of an import's or export's name that are kept. Names of the contract are far shorter.
const NAME_CHARS: usize = 256;

/// The items of one import: its functions, if it is an interface of the contract.
pub(super) fn import(types: TypesRef<'_>, name: &str, item: &ComponentItem) -> Vec<Item> {
    if let Some(interface) = host_imports().iter().find(|interface| interface.id == name) {
        return match item.ty {
            ComponentEntityType::Instance(id) => {
                let functions = types[id].exports.iter();
                let items: Vec<Item> = functions
                    .map(|(name, item)| imported_function(types, interface, name, item))
                    .collect();
                if items.is_empty() {
                    vec![imported(name, describe(types, &item.ty), Verdict::Matches)]
                } else {
                    items
                }
            }
            _ => vec![imported(name, describe(types, &item.ty), Verdict::WrongType)],
        };
    }
    let unversioned = name.split('@').next().unwrap_or(name);
    let verdict = if is_wasi(name) {
        Verdict::Wasi
    } else if let Some(interface) = host_imports()
        .iter()
        .find(|interface| interface.unversioned() == unversioned)
    {
        Verdict::WrongVersion {
            available: interface.id.clone(),
        }
    } else {
        let known = host_imports().iter().map(Interface::unversioned);
        let near = nearest(unversioned, known);
        let near = near.and_then(|near| host_imports().iter().find(|known| known.unversioned() == near));
        Verdict::Unknown {
            nearest: near.map(|interface| interface.id.clone()),
        }
    };
    vec![imported(name, describe(types, &item.ty), verdict)]
}

/// What the worlds want, then what is exported besides.
pub(super) fn exports(
    types: TypesRef<'_>,
    worlds: &[World],
    exported: &[(&str, &ComponentItem)],
) -> Vec<Item> {
    let wanted = || worlds.iter().flat_map(|world| world.exports());
    let extra: Vec<&(&str, &ComponentItem)> = exported
        .iter()
        .filter(|(name, _)| !wanted().any(|function| function.name == *name))
        .collect();
    let mut items: Vec<Item> = wanted()
        .map(|function| {
            let found = exported
                .iter()
                .find(|(name, _)| *name == function.name)
                .map(|(_, item)| *item);
            Item {
                direction: Direction::Export,
                name: function.name.clone(),
                function: None,
                wanted: Some(function.signature.to_string()),
                found: found.map(|item| describe(types, &item.ty)),
                verdict: match found {
                    Some(item) => verdict(types, function, item),
                    None => {
                        let names = extra.iter().map(|(name, _)| *name);
                        let near = nearest(&function.name, names);
                        Verdict::Missing {
                            nearest: near.map(|name| printable(name, NAME_CHARS)),
                        }
                    }
                },
            }
        })
        .collect();
    items.extend(extra.iter().map(|(name, item)| Item {
        direction: Direction::Export,
        name: printable(name, NAME_CHARS),
        function: None,
        wanted: None,
        found: Some(describe(types, &item.ty)),
        verdict: Verdict::Extra,
    }));
    items
}

/// An exported interface that holds the first export of a world.
pub(super) fn entry_within(types: TypesRef<'_>, exported: &[(&str, &ComponentItem)]) -> Option<String> {
    exported.iter().find_map(|(name, item)| {
        let ComponentEntityType::Instance(id) = item.ty else {
            return None;
        };
        let holds_entry = World::ALL
            .iter()
            .any(|world| types[id].exports.contains_key(world.entry()));
        holds_entry.then(|| printable(name, NAME_CHARS))
    })
}

fn imported(name: &str, found: String, verdict: Verdict) -> Item {
    Item {
        direction: Direction::Import,
        name: printable(name, NAME_CHARS),
        function: None,
        wanted: None,
        found: Some(found),
        verdict,
    }
}

fn imported_function(types: TypesRef<'_>, interface: &Interface, name: &str, item: &ComponentItem) -> Item {
    let wanted = interface.functions.iter().find(|function| function.name == name);
    let verdict = match wanted {
        Some(wanted) => verdict(types, wanted, item),
        None => {
            let known = interface.functions.iter().map(|function| function.name.as_str());
            Verdict::Unknown {
                nearest: nearest(name, known).map(str::to_owned),
            }
        }
    };
    Item {
        direction: Direction::Import,
        name: interface.id.clone(),
        function: Some(printable(name, NAME_CHARS)),
        wanted: wanted.map(|function| function.signature.to_string()),
        found: Some(describe(types, &item.ty)),
        verdict,
    }
}

fn verdict(types: TypesRef<'_>, wanted: &Function, item: &ComponentItem) -> Verdict {
    match item.ty {
        ComponentEntityType::Func(id) if Signature::of(types, id).matches(&wanted.signature) => {
            Verdict::Matches
        }
        _ => Verdict::WrongType,
    }
}
