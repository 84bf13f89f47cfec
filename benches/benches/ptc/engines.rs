//! The engines that there are, and the same work in the language of each.

use yoi_engines::Recipe;
use yoi_host::engine::{CodeCache, EngineOptions};
use yoi_host::ptc::Interpreter;

/// Sessions that are alive at the same time, and some to spare: an engine may take two places.
const INSTANCES: u32 = 64;

/// An engine, and what it runs.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) interpreter: Interpreter,
    pub(crate) language: Language,
    /// Microseconds that a fresh session and its first `1+1` take at most, by promise.
    pub(crate) fresh_at_most: Option<f64>,
    /// Bytes that a live session takes at most, by promise.
    pub(crate) memory_at_most: Option<u64>,
}

/// What code is written in.
#[derive(Clone, Copy)]
pub(crate) enum Language {
    Python,
    JavaScript,
}

pub(crate) const PYTHON: Language = Language::Python;

impl Language {
    pub(crate) fn one_call(self) -> String {
        match self {
            Self::Python => "await tools.f(n=1)".to_owned(),
            Self::JavaScript => "await tools.f({n: 1})".to_owned(),
        }
    }

    /// Calls in a loop, so that what begins and ends a run counts for little.
    pub(crate) fn one_by_one(self, count: u64) -> String {
        match self {
            Self::Python => format!("n = 0\nfor i in range({count}):\n    n += await tools.f(n=i)\nn"),
            Self::JavaScript => {
                format!("let n = 0; for (let i = 0; i < {count}; i++) n += await tools.f({{n: i}}); n")
            }
        }
    }

    /// Calls that are all made before the first is awaited.
    pub(crate) fn at_once(self, count: u64) -> String {
        match self {
            Self::Python => {
                format!("import asyncio\nsum(await asyncio.gather(*[tools.f(n=i) for i in range({count})]))")
            }
            Self::JavaScript => {
                format!(
                    "(await Promise.all(Array.from({{length: {count}}}, (_, n) => tools.f({{n}})))).length"
                )
            }
        }
    }
}

/// The engine of a name; none where it is not made.
pub(crate) fn of(name: &str) -> Option<Interpreter> {
    let bytes = match Recipe::of(name) {
        None => yoi_engines::MONTY.to_vec(),
        Some(recipe) => {
            let made = yoi_engines::user_folder().and_then(|folder| recipe.kept(&folder))?;
            std::fs::read(made).expect("an engine that is kept can be read")
        }
    };
    let options = EngineOptions::interpreters().instances(INSTANCES);
    // To compile CPython takes a quarter of a minute.
    let options = match CodeCache::user_folder().map(CodeCache::open) {
        Some(Ok(cache)) => options.cache(cache),
        _ => options,
    };
    let engine = options.build().expect("an engine");
    Some(Interpreter::load(&engine, &bytes).expect("it is an engine"))
}

/// All that there are, Monty first.
pub(crate) fn all() -> Vec<Subject> {
    const MIB: u64 = 1 << 20;
    let known = [
        ("monty", Language::Python, Some(1000.0), None),
        ("cpython", Language::Python, Some(5000.0), Some(20 * MIB)),
        ("quickjs", Language::JavaScript, None, None),
    ];
    known
        .into_iter()
        .filter_map(|(name, language, fresh_at_most, memory_at_most)| {
            Some(Subject {
                name,
                interpreter: of(name)?,
                language,
                fresh_at_most,
                memory_at_most,
            })
        })
        .collect()
}
