//! What a plugin and its host owe each other, behaviour by behaviour, and the cases that prove it.
//!
//! The behaviours are those that the tests of the yoi host look at. Where one has no case its reason stands there: it
//! is none that shows at the boundary. A test keeps the table true: every id is that of a case.

mod authors;
mod life;
mod packages;
mod reach;

/// What is promised in one respect.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// What it is about.
    pub name: &'static str,
    /// What is promised.
    pub behaviours: &'static [Behaviour],
}

/// Something that is promised.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// In a sentence.
    pub says: &'static str,
    /// Who proves it.
    pub proof: Proof,
}

/// Who proves a behaviour.
#[derive(Debug, Clone, Copy)]
pub enum Proof {
    /// These cases.
    Cases(&'static [&'static str]),
    /// No case, for this reason.
    Elsewhere(&'static str),
}

const fn shown(says: &'static str, cases: &'static [&'static str]) -> Behaviour {
    let proof = Proof::Cases(cases);
    Behaviour { says, proof }
}

const fn elsewhere(says: &'static str, why: &'static str) -> Behaviour {
    let proof = Proof::Elsewhere(why);
    Behaviour { says, proof }
}

const KIT: &str = "the kit for plugins promises it, not the contract: the tests of `yoi-pdk` have it";
const TOOL: &str = "a command for authors does it, no host: the tests of `yoikit plugin` have it";

/// All of them.
pub const AREAS: &[Area] = &[
    packages::PACKAGES,
    life::LIFE,
    life::SCHEMAS,
    reach::FILES,
    reach::REQUESTS,
    reach::PERMISSIONS,
    packages::COMPONENTS,
    packages::NOT_RUN,
    reach::WEBSOCKETS,
    authors::KIT_FOR_PLUGINS,
    authors::COMMANDS,
];
