//! WASI, as a language's runtime finds it here: a clock, random numbers, and no machine around it.
//!
//! Runtimes link all of WASI 0.2 in, whether code uses it or not, so all of it has to be there. The clocks and the
//! random numbers are the host's. There is no environment, no argument, no folder and no input, and what is written
//! to an output stream goes nowhere: code prints by `yoi:ptc/host`. Whatever else can say no does, by
//! `access-denied` or what its interface has for that; what cannot ends the run, and the error names it.

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{
    Component, ComponentType, Linker, LinkerInstance, Lower, Resource, ResourceAny, ResourceType, Type, Val,
};
use wasmtime::{Engine, StoreContextMut};

use super::ended::Ended;
use super::guest::StoreData;

/// Most random bytes that an engine gets at once: more than any seed has.
const RANDOM_BYTES: u64 = 64 * 1024;

/// What a stream of output takes at once. It goes nowhere.
const STREAM_BYTES: u64 = 64 * 1024;

/// What interfaces have for a refusal, the first that one has.
const REFUSALS: [&str; 3] = ["access-denied", "not-permitted", "access"];

const NANOS_PER_SECOND: u64 = 1_000_000_000;

type Context<'a> = StoreContextMut<'a, StoreData>;

/// All resources are of this type: none has anything behind it.
struct Nothing;

/// `datetime` of `wasi:clocks/wall-clock`.
#[derive(ComponentType, Lower)]
#[component(record)]
struct DateTime {
    seconds: u64,
    nanoseconds: u32,
}

/// Define whatever the component imports of WASI.
pub(super) fn link(
    linker: &mut Linker<StoreData>,
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<()> {
    for (name, import) in component.component_type().imports(engine) {
        let Some(interface) = name.strip_prefix("wasi:") else {
            continue;
        };
        let interface = interface.split('@').next().unwrap_or(interface);
        // What is no interface is left to the linker to miss.
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            continue;
        };
        let mut into = linker.instance(name)?;
        for (name, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::Resource(_) => {
                    into.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                }
                ComponentItem::ComponentFunc(ty) => define(&mut into, interface, name, &ty)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn define(
    into: &mut LinkerInstance<'_, StoreData>,
    interface: &str,
    name: &str,
    ty: &ComponentFunc,
) -> wasmtime::Result<()> {
    match (interface, name) {
        ("clocks/monotonic-clock", "now") => into.func_wrap(name, |store: Context<'_>, (): ()| {
            Ok((store.data().surroundings().now(),))
        }),
        ("clocks/monotonic-clock", "resolution") => into.func_wrap(name, |_, (): ()| Ok((1_u64,))),
        ("clocks/wall-clock", "now") => into.func_wrap(name, |store: Context<'_>, (): ()| {
            let now = store.data().surroundings().now();
            Ok((DateTime {
                seconds: now / NANOS_PER_SECOND,
                nanoseconds: (now % NANOS_PER_SECOND) as u32,
            },))
        }),
        ("clocks/wall-clock", "resolution") => into.func_wrap(name, |_, (): ()| {
            Ok((DateTime {
                seconds: 0,
                nanoseconds: 1,
            },))
        }),
        ("random/random", "get-random-u64") | ("random/insecure", "get-insecure-random-u64") => into
            .func_wrap(name, |store: Context<'_>, (): ()| {
                Ok((store.data().surroundings().random(),))
            }),
        ("random/random", "get-random-bytes") | ("random/insecure", "get-insecure-random-bytes") => into
            .func_wrap(name, |store: Context<'_>, (len,): (u64,)| {
                Ok((draw(&store, len)?,))
            }),
        ("random/insecure-seed", "insecure-seed") => into.func_wrap(name, |store: Context<'_>, (): ()| {
            let surroundings = store.data().surroundings();
            Ok(((surroundings.random(), surroundings.random()),))
        }),
        _ => {
            let answer = Answer::of(interface, name, ty);
            let whole = format!("wasi:{interface}#{name}");
            into.func_new(name, move |mut store, _, params, results| {
                // A handle that was lent is to be given back.
                for param in params {
                    if let Val::Resource(handle) = param {
                        handle.resource_drop(&mut store)?;
                    }
                }
                let value = answer.give(store, &whole)?;
                if let Some(result) = results.first_mut() {
                    *result = value;
                }
                Ok(())
            })
        }
    }
}

fn draw(store: &Context<'_>, len: u64) -> wasmtime::Result<Vec<u8>> {
    if len > RANDOM_BYTES {
        let said = format!("it asked for {len} random bytes at once, {RANDOM_BYTES} are allowed");
        return Err(Ended::Engine(said).into());
    }
    let mut bytes = vec![0; len as usize];
    for piece in bytes.chunks_mut(8) {
        piece.copy_from_slice(&store.data().surroundings().random().to_le_bytes()[..piece.len()]);
    }
    Ok(bytes)
}

/// What a function answers that has nothing of the host behind it.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    /// Always this.
    Always(Val),
    /// A resource, with nothing behind it.
    Handle,
    /// No, by this case of its errors.
    No(String),
    /// Its type has no word for that: the run is over.
    Refuse,
}

impl Answer {
    fn of(interface: &str, name: &str, ty: &ComponentFunc) -> Self {
        let done = || Self::Always(Val::Result(Ok(None)));
        let closed = || {
            let closed = Val::Variant("closed".to_owned(), None);
            Self::Always(Val::Result(Err(Some(Box::new(closed)))))
        };
        match (interface, name) {
            ("cli/environment", "get-environment" | "get-arguments")
            | ("filesystem/preopens", "get-directories") => Self::Always(Val::List(Vec::new())),
            ("cli/environment", "initial-cwd")
            | ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => {
                Self::Always(Val::Option(None))
            }
            ("cli/stdin" | "cli/stdout" | "cli/stderr", _) | ("sockets/instance-network", _) => Self::Handle,
            ("io/streams", "[method]output-stream.check-write") => {
                Self::Always(Val::Result(Ok(Some(Box::new(Val::U64(STREAM_BYTES))))))
            }
            ("io/streams", name) if name.starts_with("[method]output-stream.") && has_nothing_to_say(ty) => {
                done()
            }
            ("io/streams", name) if name.starts_with("[method]input-stream.") && name != SUBSCRIBE => {
                closed()
            }
            _ => refusal_of(ty).map_or(Self::Refuse, Self::No),
        }
    }

    fn give(&self, store: Context<'_>, name: &str) -> wasmtime::Result<Val> {
        match self {
            Self::Always(value) => Ok(value.clone()),
            Self::Handle => {
                let handle = ResourceAny::try_from_resource(Resource::<Nothing>::new_own(0), store)?;
                Ok(Val::Resource(handle))
            }
            Self::No(word) => Ok(Val::Result(Err(Some(Box::new(Val::Enum(word.clone())))))),
            Self::Refuse => {
                let said = format!("it called {name}, which engines are not given");
                Err(Ended::Engine(said).into())
            }
        }
    }
}

/// What waits for input has none to come.
const SUBSCRIBE: &str = "[method]input-stream.subscribe";

/// Whether a function's success carries no value.
fn has_nothing_to_say(ty: &ComponentFunc) -> bool {
    matches!(result_of(ty), Some(result) if result.ok().is_none())
}

/// The word for a refusal among a function's errors.
fn refusal_of(ty: &ComponentFunc) -> Option<String> {
    let Some(Type::Enum(errors)) = result_of(ty)?.err() else {
        return None;
    };
    let has = |word: &&str| errors.names().any(|name| name == *word);
    REFUSALS.into_iter().find(has).map(ToOwned::to_owned)
}

fn result_of(ty: &ComponentFunc) -> Option<wasmtime::component::types::ResultType> {
    match ty.results().next()? {
        Type::Result(result) => Some(result),
        _ => None,
    }
}
