//! A plan as it is written, and all that may be wrong with it.

use std::fmt::{self, Write as _};
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::FaultKind;
use super::kind::sends_only;
use crate::excerpt::excerpt;
use crate::imports::Import;
use crate::limits::{
    FAULT_PLAN_BYTES, SHOWN_FAULTS, SHOWN_VALUE_BYTES, SLOW_READ_PAUSE, SLOW_READ_PAUSE_AT_MOST,
};
use crate::text::bounded;

/// The first line of every plan.
const SCHEMA: &str = "yoikit.faults/1";

/// The fields of a plan, and of a fault.
const PLAN: &[&str] = &["schema", "fault"];
const FAULT: &[&str] = &["call", "import", "kind", "after_bytes", "pause_ms"];

/// Which host calls are to be broken, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultPlan {
    faults: Vec<PlannedFault>,
}

/// One fault of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedFault {
    /// The number of the call, from 1.
    pub call: u64,
    /// The import whose calls are counted; all host calls are where there is none.
    pub import: Option<Import>,
    /// What is done to it.
    pub kind: FaultKind,
    /// After how many bytes, where the kind has a use for that.
    pub after_bytes: u64,
    /// The pause of a slow body.
    pub pause: Duration,
}

/// All that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPlanError {
    text: String,
    mistakes: Vec<Mistake>,
}

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// What is wrong, and what is allowed.
    pub message: String,
    /// Where it is, in bytes; empty and at the beginning for what has no place.
    pub span: Range<usize>,
}

impl FaultPlan {
    /// Read a plan.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, from the top of the file to its end.
    pub fn parse(text: &str) -> Result<Self, FaultPlanError> {
        let mut reader = Reader::default();
        if text.len() > FAULT_PLAN_BYTES {
            reader.wrong(0..0, format!("it has more than {FAULT_PLAN_BYTES} bytes"));
            return Err(reader.error(""));
        }
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let message = format!("not valid TOML: {}", error.message());
            reader.wrong(error.span().unwrap_or(0..0), message);
        }
        if !errors.is_empty() {
            return Err(reader.error(text));
        }
        let faults = reader.plan(document.get_ref());
        match reader.mistakes.is_empty() {
            true => Ok(Self { faults }),
            false => Err(reader.error(text)),
        }
    }

    /// Its faults, in the order in which they are written.
    #[must_use]
    pub fn faults(&self) -> &[PlannedFault] {
        &self.faults
    }
}

/// As `` `reset` in call 2 of request.request ``.
impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.import {
            None => write!(f, "`{}` in host call {}", self.kind, self.call),
            Some(import) => write!(f, "`{}` in call {} of {}", self.kind, self.call, import.name()),
        }
    }
}

impl FaultPlanError {
    /// All of it, in the order of the text.
    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// All of it as a terminal shows it, under the name that the file has. Ends with a line break.
    #[must_use]
    pub fn render(&self, name: &str) -> String {
        let mut out = String::new();
        for Mistake { message, span } in self.mistakes.iter().take(SHOWN_FAULTS) {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "refused: {message}");
            let _ = excerpt(&mut out, name, &self.text, span);
        }
        let more = self.mistakes.len().saturating_sub(SHOWN_FAULTS);
        if more > 0 {
            let _ = writeln!(out, "and {more} more");
        }
        out
    }
}

impl fmt::Display for FaultPlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render("faults.toml").trim_end())
    }
}

impl std::error::Error for FaultPlanError {}

/// Reads on where something is wrong, so that all of it is found.
#[derive(Default)]
struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn plan(&mut self, plan: &DeTable<'_>) -> Vec<PlannedFault> {
        self.unknown(plan, PLAN);
        match plan.get("schema") {
            None => self.wrong(
                0..0,
                format!("`schema` is missing: write `schema = \"{SCHEMA}\"`"),
            ),
            Some(schema) if schema.get_ref().as_str() != Some(SCHEMA) => {
                self.wrong(schema.span(), format!("`schema` must be \"{SCHEMA}\""));
            }
            Some(_) => {}
        }
        let Some(list) = plan.get("fault") else {
            return Vec::new();
        };
        let DeValue::Array(items) = list.get_ref() else {
            self.wrong(
                list.span(),
                "`fault` must be a list of tables: write `[[fault]]`".to_owned(),
            );
            return Vec::new();
        };
        let mut faults: Vec<PlannedFault> = Vec::new();
        for item in items.iter() {
            let DeValue::Table(table) = item.get_ref() else {
                self.wrong(
                    item.span(),
                    "`fault` must be a list of tables: write `[[fault]]`".to_owned(),
                );
                continue;
            };
            let Some(fault) = self.fault(table, item.span()) else {
                continue;
            };
            let same = |other: &PlannedFault| other.call == fault.call && other.import == fault.import;
            if let Some(earlier) = faults.iter().find(|other| same(other)) {
                let message = format!("{fault}: that call has `{}` already", earlier.kind);
                self.wrong(item.span(), message);
            }
            faults.push(fault);
        }
        faults
    }

    /// A fault, unless something is wrong with one of its fields.
    fn fault(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<PlannedFault> {
        let before = self.mistakes.len();
        self.unknown(table, FAULT);
        for name in ["call", "kind"] {
            if !table.contains_key(name) {
                self.wrong(span.clone(), format!("`{name}` is missing"));
            }
        }
        let most_ms = SLOW_READ_PAUSE_AT_MOST.as_millis() as u64;
        let call = self.number(table, "call", 1..=u64::from(u32::MAX));
        let after_bytes = self.number(table, "after_bytes", 0..=u64::from(u32::MAX));
        let pause_ms = self.number(table, "pause_ms", 1..=most_ms);
        let import = self.choice(table, "import", &Import::ALL, Import::name);
        let kind = self.choice(table, "kind", &FaultKind::ALL, FaultKind::name);
        let (Some(call), Some(kind), true) = (call, kind, self.mistakes.len() == before) else {
            return None;
        };

        let place = |name: &str| table.get(name).map_or_else(|| span.clone(), |value| value.span());
        if let Some(import) = import.filter(|import| !kind.applies_to(*import)) {
            let allowed = names(kind.imports(), Import::name);
            let message = format!("`{kind}` cannot break {}, only {allowed}", import.name());
            self.wrong(place("kind"), message);
        }
        if pause_ms.is_some() && kind != FaultKind::SlowBody {
            let message = format!("`{kind}` has no use for `pause_ms`, only slow_body does");
            self.wrong(place("pause_ms"), message);
        }
        if after_bytes.is_some() && !kind.counts_bytes() {
            let counting: Vec<FaultKind> = FaultKind::ALL
                .into_iter()
                .filter(|kind| kind.counts_bytes())
                .collect();
            let allowed = names(&counting, FaultKind::name);
            self.wrong(
                place("after_bytes"),
                format!("`{kind}` has no use for `after_bytes`, only {allowed} do"),
            );
        } else if let Some(import) = import.filter(|import| sends_only(*import))
            && after_bytes.is_some()
        {
            let message = format!(
                "{} receives nothing that `after_bytes` could count",
                import.name()
            );
            self.wrong(place("after_bytes"), message);
        }
        (self.mistakes.len() == before).then(|| PlannedFault {
            call,
            import,
            kind,
            after_bytes: after_bytes.unwrap_or(0),
            pause: pause_ms.map_or(SLOW_READ_PAUSE, Duration::from_millis),
        })
    }

    fn unknown(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&&**key.get_ref())) {
            let found = bounded(key.get_ref(), SHOWN_VALUE_BYTES);
            let message = format!("unknown field `{found}`: choose {}", known.join(", "));
            self.wrong(key.span(), message);
        }
    }

    fn number(&mut self, table: &DeTable<'_>, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let node = table.get(name)?;
        let number = match node.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = range.into_inner();
            self.wrong(
                node.span(),
                format!("`{name}` must be an integer from {least} to {most}"),
            );
        }
        number
    }

    fn choice<T: Copy>(
        &mut self,
        table: &DeTable<'_>,
        name: &str,
        choices: &[T],
        name_of: fn(T) -> &'static str,
    ) -> Option<T> {
        let node = table.get(name)?;
        let found = node.get_ref().as_str();
        let choice = choices
            .iter()
            .copied()
            .find(|choice| Some(name_of(*choice)) == found);
        if choice.is_none() {
            let allowed = names(choices, name_of);
            let message = match found {
                Some(found) => {
                    let found = bounded(found, SHOWN_VALUE_BYTES);
                    format!("`{name}` cannot be `{found}`: choose {allowed}")
                }
                None => format!("`{name}` must be a string: choose {allowed}"),
            };
            self.wrong(node.span(), message);
        }
        choice
    }

    fn wrong(&mut self, span: Range<usize>, message: String) {
        self.mistakes.push(Mistake { message, span });
    }

    fn error(mut self, text: &str) -> FaultPlanError {
        self.mistakes.sort_by_key(|mistake| mistake.span.start);
        FaultPlanError {
            text: text.to_owned(),
            mistakes: self.mistakes,
        }
    }
}

fn names<T: Copy>(items: &[T], name_of: fn(T) -> &'static str) -> String {
    let names: Vec<&str> = items.iter().map(|item| name_of(*item)).collect();
    names.join(", ")
}
