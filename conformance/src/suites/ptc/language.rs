//! What a target's code is written in. A case that runs code has a form of it for each language.

use std::fmt;

use crate::Stop;

/// A language that a target's code may be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    JavaScript,
}

impl Language {
    /// Code that is of both, and comes to another value in each.
    pub(super) const QUESTION: &'static str = "'5' * 1";

    /// The language in which [`Self::QUESTION`] has this value. Who answers otherwise has much to explain, and is asked
    /// in Python.
    pub(super) fn of_answer(value: Option<&str>) -> Self {
        match value {
            Some("5") => Self::JavaScript,
            _ => Self::Python,
        }
    }

    /// The form that is of this language.
    pub(super) fn form<T>(self, python: T, javascript: T) -> T {
        match self {
            Self::Python => python,
            Self::JavaScript => javascript,
        }
    }

    /// That a case is not asked in this language, and why.
    pub(super) fn has_no_form(self, why: &str) -> Stop {
        Stop::Exempt(format!("the code is {self}: {why}"))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.form("Python", "JavaScript"))
    }
}
