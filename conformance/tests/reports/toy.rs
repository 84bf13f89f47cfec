//! A contract of its own, with targets that keep as much of it as they are told.

use std::sync::Arc;

use proptest::prelude::*;
use yoi_conformance::report::Report;
use yoi_conformance::run::{self, Entrant, Settings};
use yoi_conformance::{About, Case, Clause, Stop, Suite, Test, expect};

/// A target, and what it does wrong.
#[derive(Clone, Default)]
pub(crate) struct Toy {
    pub(crate) small: u32,
    pub(crate) rude: bool,
    pub(crate) absent: bool,
    pub(crate) breaks: bool,
    pub(crate) shy: bool,
}

impl Toy {
    pub(crate) fn good() -> Self {
        Self {
            small: u32::MAX,
            ..Self::default()
        }
    }
}

const ECHOES: Clause = Clause::new("toy.wit#echo", "Answers with the number that it was given.");
const POLITE: Clause = Clause::new("toy.wit#hello", "Says hello.");
const THERE: Clause = Clause::new("toy.wit#there", "Is there.");

fn tests() -> Vec<Test<Toy>> {
    vec![
        Case::must("toy.echo.any-number", ECHOES).property(
            |_| any::<u32>(),
            |toy: &Toy, context, number: &u32| {
                context.sent("echo", &number.to_string());
                let answer = number.min(&toy.small);
                context.got("echo", &answer.to_string());
                expect(answer == number, || number.to_string(), || answer.to_string())
            },
        ),
        Case::should("toy.hello.is-polite", POLITE).example(|toy: &Toy, _| {
            expect(
                !toy.rude,
                || "`hello` & <b>peace</b>".into(),
                || "`go | away`".into(),
            )
        }),
        Case::must("toy.there.is-there", THERE).example(|toy: &Toy, _| match toy {
            Toy { breaks: true, .. } => Err(Stop::Harness("a screw is loose".into())),
            Toy { absent: true, .. } => Err(Stop::CouldNotRun("nobody is there".into())),
            Toy { shy: true, .. } => Err(Stop::Skip("it is shy".into())),
            _ => Ok(()),
        }),
        Case::must("toy.there.twice", THERE)
            .profiles(&["yoi"])
            .example(|_: &Toy, _| Ok(())),
        Case::must("toy.there.one-day", THERE)
            .next()
            .example(|_: &Toy, _| Ok(())),
    ]
}

pub(crate) fn entrant(name: &str, profile: &str, judged: bool, toy: Toy) -> Entrant {
    let about = About {
        name: name.to_owned(),
        door: "none".into(),
        profile: profile.to_owned(),
        digest: Some("sha256:00112233445566778899".into()),
        remark: None,
        trouble: toy.absent.then(|| "nobody is there".to_owned()),
    };
    Entrant {
        subject: Suite::new("toy", 1, tests()).bind(Arc::new(toy), about),
        judged,
        words: vec![format!("toys/{name}")],
    }
}

/// One target under both profiles, of which the first is judged.
pub(crate) fn both(toy: &Toy) -> Vec<Entrant> {
    vec![
        entrant("toy", "documented", true, toy.clone()),
        entrant("toy", "yoi", false, toy.clone()),
    ]
}

pub(crate) fn timeless() -> Settings {
    Settings {
        timeless: true,
        ..Settings::default()
    }
}

pub(crate) fn report(toy: &Toy, settings: &Settings) -> Report {
    run::run(&both(toy), settings, &mut ()).unwrap()
}
