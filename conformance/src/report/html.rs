//! A report as one page that needs nothing beside it: targets by cases, and each failing case with its transcript.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{CaseLine, Report};
use crate::Verdict;
use crate::verdict::{Evidence, Way};

const STYLE: &str = include_str!("html.css");

impl Report {
    /// The page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    // Nothing that a target said may fetch or run anything.
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                    title { "yoikit test" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { "yoikit test" }
                    @if let Some(said) = self.interruption() { p { b { (said) } } }
                    (self.verdicts())
                    (self.matrix())
                    (self.details())
                    (self.footer())
                }
            }
        };
        page.into_string()
    }

    fn verdicts(&self) -> Markup {
        html! {
            ul .verdicts {
                @for (number, subject) in self.run.subjects.iter().enumerate() {
                    li {
                        b { (subject.about.name) } " " (self.verdict_line(number))
                        @if !subject.judged { span .dim { " — not judged" } }
                    }
                }
            }
        }
    }

    fn matrix(&self) -> Markup {
        html! {
            table {
                thead {
                    tr {
                        th { "case" }
                        th { "level" }
                        @for subject in &self.run.subjects {
                            th { (subject.about.name) br; span .dim { (subject.about.profile) } }
                        }
                    }
                }
                tbody {
                    @for case in &self.run.cases {
                        tr {
                            th scope="row" title=(format!("{}: {}", case.section, case.clause)) { (case.id) }
                            td { (case.level) }
                            @for subject in 0..self.run.subjects.len() {
                                (self.cell(subject, &case.id))
                            }
                        }
                    }
                }
            }
        }
    }

    fn cell(&self, subject: usize, case: &str) -> Markup {
        let Some(line) = self.of_subject(subject).find(|line| line.case == case) else {
            if self.unfinished(subject).iter().any(|info| info.id == case) {
                return html! { td .unknown { "not ended" } };
            }
            return html! { td .none title="not asked of this target" { "–" } };
        };
        let (class, mark) = match &line.verdict {
            Verdict::Pass => ("pass", "pass"),
            Verdict::Fail(_) if line.known.is_some() => ("known", "known"),
            Verdict::Fail(_) => ("fail", "fail"),
            Verdict::CouldNotRun { .. } => ("unknown", "could not run"),
            Verdict::Skipped { .. } => ("unknown", "skipped"),
            Verdict::HarnessFault { .. } => ("fail", "harness"),
        };
        html! {
            td class=(class) {
                @if is_told(line) { a href=(format!("#{}", anchor(line))) { (mark) } } @else { (mark) }
            }
        }
    }

    fn details(&self) -> Markup {
        html! {
            @for line in self.cases.iter().filter(|line| is_told(line)) {
                section id=(anchor(line)) {
                    h2 { (line.case) " " span .dim {
                        (self.run.subjects[line.subject].about.name) ", "
                        (self.run.subjects[line.subject].about.profile) ", " (line.verdict.name())
                    } }
                    @if let Some(info) = self.run.case(&line.case) {
                        p { q { (info.clause) } " " span .dim { (info.section) } }
                    }
                    @if let Some(known) = &line.known { p { "known: " (known) } }
                    @match &line.verdict {
                        Verdict::Fail(evidence) => (of_evidence(evidence)),
                        Verdict::CouldNotRun { reason } | Verdict::Skipped { reason, .. } => p { (reason) },
                        Verdict::HarnessFault { message } => p { (message) },
                        Verdict::Pass => {}
                    }
                    @if let Some(reason) = &line.not_saved { p { "the input is not kept: " (reason) } }
                    @if let Some(repeat) = &line.repeat { pre { "$ " (repeat) } }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        html! {
            footer .dim {
                p {
                    "run " (self.run.run) ", seed " (self.run.seed) ", " (self.run.property_cases) " inputs for a property"
                    @if let Some(shard) = self.run.shard { ", shard " (shard) }
                    @for (name, version) in &self.run.versions { ", " (name) " " (version) }
                }
                @for subject in &self.run.subjects {
                    @if let Some(digest) = &subject.about.digest {
                        p { (subject.about.name) " (" (subject.about.profile) ") " (digest) }
                    }
                }
            }
        }
    }
}

fn is_told(line: &CaseLine) -> bool {
    line.verdict != Verdict::Pass
}

fn anchor(line: &CaseLine) -> String {
    format!("{}-{}", line.case, line.subject)
}

fn of_evidence(evidence: &Evidence) -> Markup {
    html! {
        dl {
            dt { "expected" } dd { (evidence.finding.expected) }
            dt { "seen" } dd { (evidence.finding.seen) }
            @if let Some(input) = &evidence.input { dt { "input" } dd { code { (input) } } }
            @if let Some(file) = &evidence.regression { dt { "kept" } dd { (file) } }
        }
        @if !evidence.steps.is_empty() {
            pre .steps {
                @for (number, step) in evidence.steps.iter().enumerate() {
                    @match step.way { Way::Sent => "→ ", Way::Got => "← ", Way::Note => "· " }
                    b { (step.what) } " " (step.text) "\n"
                    @if evidence.steps_left_out > 0 && number + 1 == crate::limits::STEPS / 2 {
                        "… " (evidence.steps_left_out) " steps\n"
                    }
                }
            }
        }
    }
}
