//! The shards of a run, joined into the report that the whole run would have had.

use std::collections::BTreeMap;

use super::{CaseLine, Line, Report, RunLine, SCHEMA};
use crate::plan::Shard;
use crate::run::judge;

/// Why reports are not joined, or a file is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A line that is none of a report's.
    #[error("{name}:{line} is no line of a report: {reason}")]
    Line {
        /// The report.
        name: String,
        /// The line's number, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// Of another form.
    #[error("{name} is a report of the form `{schema}`; `{SCHEMA}` is read")]
    Schema {
        /// The report.
        name: String,
        /// What it says it is.
        schema: String,
    },
    /// No beginning, no end, or something after it.
    #[error("{name} is no whole report: {what}")]
    Cut {
        /// The report.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// None was given.
    #[error("there is nothing to join")]
    Nothing,
    /// A report of a whole run among shards.
    #[error("{0} is a report of a whole run, not of a shard")]
    NotAShard(String),
    /// Of another run.
    #[error("{name} is of another run than {first}: {differs}")]
    OtherRun {
        /// The report.
        name: String,
        /// The first report.
        first: String,
        /// What differs.
        differs: String,
    },
    /// Two of the same shard.
    #[error("{name} and {other} are both shard {shard}")]
    Twice {
        /// A report.
        name: String,
        /// The other.
        other: String,
        /// The shard.
        shard: Shard,
    },
    /// Shards that nobody gave.
    #[error("{} missing", missing(.0))]
    Missing(Vec<Shard>),
    /// A shard that was ended before its time.
    #[error("{name} was {said}; run that shard again")]
    Interrupted {
        /// The report.
        name: String,
        /// How it was.
        said: String,
    },
    /// A shard without some of its cases.
    #[error("{name} has {has} cases, its shard {wants}")]
    Incomplete {
        /// The report.
        name: String,
        /// How many it has.
        has: usize,
        /// How many it should have.
        wants: usize,
    },
}

fn missing(shards: &[Shard]) -> String {
    let names: Vec<String> = shards.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [one] => format!("shard {one} is"),
        names => format!("shards {} are", names.join(", ")),
    }
}

impl Report {
    /// Read a report from its lines; `name` is what it is called in messages.
    ///
    /// # Errors
    ///
    /// [`MergeError`], of the first line that is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, MergeError> {
        let cut = |what| MergeError::Cut {
            name: name.to_owned(),
            what,
        };
        let (mut run, mut cases, mut end) = (None::<RunLine>, Vec::new(), None);
        for (number, line) in text.lines().enumerate() {
            let line = serde_json::from_str(line).map_err(|error| MergeError::Line {
                name: name.to_owned(),
                line: number + 1,
                reason: error.to_string(),
            })?;
            match line {
                _ if end.is_some() => return Err(cut("there is more after its end")),
                Line::Run(line) if line.schema != SCHEMA => {
                    return Err(MergeError::Schema {
                        name: name.to_owned(),
                        schema: line.schema,
                    });
                }
                Line::Run(line) if run.is_none() => run = Some(*line),
                Line::Run(_) => return Err(cut("it begins twice")),
                Line::Case(line) => cases.push(*line),
                Line::End(line) => end = Some(line),
            }
        }
        let run = run.ok_or_else(|| cut("its beginning is missing"))?;
        let end = end.ok_or_else(|| cut("its end is missing: the run did not come so far"))?;
        let subjects = run.subjects.len();
        let in_range = run
            .planned
            .iter()
            .all(|(subject, case)| *subject < subjects && *case < run.cases.len());
        if !in_range || cases.iter().any(|line| line.subject >= subjects) || end.subjects.len() != subjects {
            return Err(cut("its lines do not fit together"));
        }
        Ok(Self { run, cases, end })
    }

    /// Join the shards of a run, each with what it is called in messages.
    ///
    /// # Errors
    ///
    /// [`MergeError`] where they are not all the shards of one run, each once.
    pub fn merge(shards: Vec<(String, Self)>) -> Result<Self, MergeError> {
        let Some((first_name, first)) = shards.first() else {
            return Err(MergeError::Nothing);
        };
        let run = RunLine {
            shard: None,
            ..first.run.clone()
        };
        let mut by_number: BTreeMap<u32, &(String, Self)> = BTreeMap::new();
        let mut of = 0;
        for named in &shards {
            let (name, report) = named;
            let Some(shard) = report.run.shard else {
                return Err(MergeError::NotAShard(name.clone()));
            };
            if let Some(said) = report.interruption() {
                return Err(MergeError::Interrupted {
                    name: name.clone(),
                    said,
                });
            }
            let differs = differs(&first.run, &report.run);
            if let Some(differs) = differs {
                return Err(MergeError::OtherRun {
                    name: name.clone(),
                    first: first_name.clone(),
                    differs,
                });
            }
            of = shard.of;
            if let Some((other, _)) = by_number.insert(shard.number, named) {
                return Err(MergeError::Twice {
                    name: name.clone(),
                    other: other.clone(),
                    shard,
                });
            }
        }
        let missing: Vec<Shard> = (1..=of)
            .filter(|number| !by_number.contains_key(number))
            .map(|number| Shard { number, of })
            .collect();
        if !missing.is_empty() {
            return Err(MergeError::Missing(missing));
        }

        let mut cases: Vec<CaseLine> = Vec::with_capacity(run.planned.len());
        let mut rests: BTreeMap<u32, _> = by_number
            .iter()
            .map(|(number, (_, report))| (*number, report.cases.iter()))
            .collect();
        let mut told = BTreeMap::new();
        for place in 0..run.planned.len() {
            for (number, rest) in &mut rests {
                if (Shard { number: *number, of }).has(place) {
                    *told.entry(*number).or_insert(0_usize) += 1;
                    let planned = run.planned[place];
                    let fits =
                        |line: &&CaseLine| line.subject == planned.0 && line.case == run.cases[planned.1].id;
                    cases.extend(rest.next().filter(fits).cloned());
                }
            }
        }
        if cases.len() < run.planned.len() {
            for (number, (name, report)) in &by_number {
                let wants = told.get(number).copied().unwrap_or_default();
                if report.cases.len() != wants {
                    return Err(MergeError::Incomplete {
                        name: name.clone(),
                        has: report.cases.len(),
                        wants,
                    });
                }
            }
            return Err(MergeError::Cut {
                name: first_name.clone(),
                what: "its cases or those of another shard are not in the order of the plan",
            });
        }
        let mut end = judge(&run, &cases);
        // Shards run side by side: the whole took as long as the longest.
        end.wall_us = shards.iter().filter_map(|(_, report)| report.end.wall_us).max();
        Ok(Self { run, cases, end })
    }
}

/// What sets a run apart from another, in words, if they are two.
fn differs(first: &RunLine, other: &RunLine) -> Option<String> {
    let number = |run: &RunLine| run.shard.map_or(0, |shard| shard.of);
    if number(first) != number(other) {
        return Some(format!(
            "one is in {} shards, the other in {}",
            number(first),
            number(other)
        ));
    }
    if first.run == other.run {
        return None;
    }
    Some(if first.seed != other.seed {
        format!("its seed is {}, not {}", other.seed, first.seed)
    } else if first.property_cases != other.property_cases {
        format!(
            "it has {} inputs for a property, not {}",
            other.property_cases, first.property_cases
        )
    } else if first.subjects != other.subjects {
        "its targets are others, or have changed".to_owned()
    } else if first.planned != other.planned || first.cases != other.cases {
        "other cases were selected".to_owned()
    } else {
        "other versions took part, or other settings".to_owned()
    })
}
