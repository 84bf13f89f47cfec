//! What can stand behind the bridge contract: a dialect.

use yoi_host::bridge::{
    Adapter, Dialect, DialectComponent, LineCounts, Mode, NormalizedEvent, Opening, Translation, dialect,
};
use yoi_host::wire::Line;
use yoi_host::wire::child::Ending;

use super::process::ProcessDialect;
use crate::{Context, Stop};

/// A dialect, whatever it is made of. Every case begins exchanges of its own.
#[derive(Debug)]
pub struct DialectTarget {
    door: Door,
    speaks: Option<Adapter>,
    mode: Mode,
}

/// What is made of a dialect of the host's own.
pub(crate) type Alter = fn(Box<dyn Dialect>) -> Box<dyn Dialect>;

#[derive(Debug)]
enum Door {
    Native(Adapter),
    Altered(Adapter, Alter),
    Component(DialectComponent),
    Process(ProcessDialect),
}

impl DialectTarget {
    /// A dialect of the host's own; none where it does not have the mode.
    #[must_use]
    pub fn native(adapter: Adapter, mode: Mode) -> Option<Self> {
        dialect(adapter, mode, Opening::default())?;
        Some(Self {
            door: Door::Native(adapter),
            speaks: Some(adapter),
            mode,
        })
    }

    /// What is made of the host's own dialect of this child: what the cases catch, where it is a broken one.
    #[must_use]
    pub(crate) const fn altered(adapter: Adapter, alter: Alter) -> Self {
        Self {
            door: Door::Altered(adapter, alter),
            speaks: Some(adapter),
            mode: Mode::Faithful,
        }
    }

    /// One in a component, which may claim to be that of a known child.
    #[must_use]
    pub const fn component(dialect: DialectComponent, speaks: Option<Adapter>, mode: Mode) -> Self {
        Self {
            door: Door::Component(dialect),
            speaks,
            mode,
        }
    }

    /// One that is a program, which may claim the same.
    #[must_use]
    pub const fn process(program: ProcessDialect, speaks: Option<Adapter>, mode: Mode) -> Self {
        Self {
            door: Door::Process(program),
            speaks,
            mode,
        }
    }

    /// The known child whose dialect it is.
    #[must_use]
    pub const fn speaks(&self) -> Option<Adapter> {
        self.speaks
    }

    /// In which mode it is held to the contract.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The door that it stands behind.
    #[must_use]
    pub const fn door(&self) -> &'static str {
        match self.door {
            Door::Native(_) => "native",
            Door::Altered(..) => "in-process",
            Door::Component(_) => "component",
            Door::Process(_) => "process",
        }
    }

    /// The host's own dialect of the same child in the same mode.
    pub(super) fn own(&self) -> Option<Self> {
        Self::native(self.speaks?, self.mode)
    }

    /// An exchange in which the child has said these lines.
    pub(super) fn hear(&self, context: &Context, lines: &[String]) -> Result<Heard, Stop> {
        let opening = Opening {
            prompt: "hello".to_owned(),
            ..Opening::default()
        };
        let mut translation = Translation::new(self.dialect(context, opening)?, self.mode);
        let opened = translation.open();
        let (mut events, mut said) = (opened.events, opened.lines);
        for line in lines {
            context.sent("line", line);
            let heard = translation.line(&Line::Text(line.clone()));
            events.extend(heard.events);
            said.extend(heard.lines);
        }
        context.got("events", &serde_json::to_string(&events).unwrap_or_default());
        Ok(Heard {
            translation,
            events,
            lines: said,
        })
    }

    fn dialect(&self, context: &Context, opening: Opening) -> Result<Box<dyn Dialect>, Stop> {
        match &self.door {
            Door::Native(adapter) => own(*adapter, self.mode, opening),
            Door::Altered(adapter, alter) => own(*adapter, self.mode, opening).map(alter),
            Door::Component(component) => component
                .dialect(&opening)
                .map_err(|error| Stop::CouldNotRun(error.message)),
            Door::Process(process) => Ok(Box::new(process.dialect(context, &opening)?)),
        }
    }
}

fn own(adapter: Adapter, mode: Mode, opening: Opening) -> Result<Box<dyn Dialect>, Stop> {
    let own = dialect(adapter, mode, opening);
    own.ok_or_else(|| Stop::Harness(format!("there is no dialect of {adapter}")))
}

/// An exchange that goes on.
pub(super) struct Heard {
    translation: Translation,
    events: Vec<NormalizedEvent>,
    lines: Vec<String>,
}

impl Heard {
    pub(super) fn events(&self) -> &[NormalizedEvent] {
        &self.events
    }

    /// What became of its lines.
    pub(super) const fn counts(&self) -> LineCounts {
        self.translation.counts()
    }

    /// What was said to the child.
    pub(super) fn lines(&self) -> &Vec<String> {
        &self.lines
    }

    pub(super) const fn is_over(&self) -> bool {
        self.translation.is_settled()
    }

    /// The child ends, without a word of how.
    pub(super) fn ended(mut self) -> Vec<NormalizedEvent> {
        let ended = self.translation.end(&Ending::default());
        self.events.extend(ended.events);
        self.events
    }
}
