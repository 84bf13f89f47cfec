//! What can stand behind the bridge contract: a dialect.

use yoi_host::bridge::{
    Adapter, Dialect, DialectComponent, Mode, NormalizedEvent, Opening, Translation, dialect,
};
use yoi_host::wire::Line;
use yoi_host::wire::child::Ending;

use crate::{Context, Stop};

/// A dialect, whatever it is made of. Every case begins exchanges of its own.
#[derive(Debug)]
pub struct DialectTarget {
    door: Door,
    speaks: Option<Adapter>,
}

#[derive(Debug)]
enum Door {
    Native(Adapter),
    Component(DialectComponent),
}

impl DialectTarget {
    /// A dialect of the host's own.
    #[must_use]
    pub const fn native(adapter: Adapter) -> Self {
        Self {
            door: Door::Native(adapter),
            speaks: Some(adapter),
        }
    }

    /// One in a component, which may claim to be that of a known child.
    #[must_use]
    pub const fn component(dialect: DialectComponent, speaks: Option<Adapter>) -> Self {
        Self {
            door: Door::Component(dialect),
            speaks,
        }
    }

    /// The known child whose dialect it is.
    #[must_use]
    pub const fn speaks(&self) -> Option<Adapter> {
        self.speaks
    }

    /// The door that it stands behind.
    #[must_use]
    pub const fn door(&self) -> &'static str {
        match self.door {
            Door::Native(_) => "native",
            Door::Component(_) => "component",
        }
    }

    /// An exchange in which the child has said these lines.
    pub(super) fn hear(&self, context: &Context, lines: &[String]) -> Result<Heard, Stop> {
        let opening = Opening {
            prompt: "hello".to_owned(),
            ..Opening::default()
        };
        let mut translation = Translation::new(self.dialect(opening)?, Mode::Faithful);
        let mut events = translation.open().events;
        for line in lines {
            context.sent("line", line);
            events.extend(translation.line(&Line::Text(line.clone())).events);
        }
        context.got("events", &serde_json::to_string(&events).unwrap_or_default());
        Ok(Heard { translation, events })
    }

    fn dialect(&self, opening: Opening) -> Result<Box<dyn Dialect>, Stop> {
        match &self.door {
            Door::Native(adapter) => dialect(*adapter, Mode::Faithful, opening)
                .ok_or_else(|| Stop::Harness(format!("there is no dialect of {adapter}"))),
            Door::Component(component) => component
                .dialect(&opening)
                .map_err(|error| Stop::CouldNotRun(error.message)),
        }
    }
}

/// An exchange that goes on.
pub(super) struct Heard {
    translation: Translation,
    events: Vec<NormalizedEvent>,
}

impl Heard {
    pub(super) fn events(&self) -> &[NormalizedEvent] {
        &self.events
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
