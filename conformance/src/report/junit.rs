//! A report for build services that read JUnit. It is red exactly where the exit status is: what nobody is judged for is
//! told as skipped, with what was seen.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::text::Styles;
use super::{CaseInfo, CaseLine, Report, Weight};
use crate::Verdict;

impl Report {
    /// JUnit's XML: a suite for every subject.
    ///
    /// # Errors
    ///
    /// Where the writer of XML fails.
    pub fn to_junit(&self) -> Result<String, quick_junit::SerializeError> {
        let mut junit = JUnit::new("yoikit");
        if let Some(wall) = self.end.wall_us {
            junit.set_time(Duration::from_micros(wall));
        }
        for (number, subject) in self.run.subjects.iter().enumerate() {
            let about = &subject.about;
            let mut suite = TestSuite::new(format!(
                "{} ({}, {})",
                about.name, subject.revision, about.profile
            ));
            suite.add_property(("seed", self.run.seed.to_string().as_str()));
            suite.add_property(("property-cases", self.run.property_cases.to_string().as_str()));
            if let Some(digest) = &about.digest {
                suite.add_property(("digest", digest.as_str()));
            }
            for (name, version) in &self.run.versions {
                suite.add_property((name.clone(), version.clone()));
            }
            for line in self.of_subject(number) {
                suite.add_test_case(self.test_case(line));
            }
            for info in self.unfinished(number) {
                suite.add_test_case(self.unfinished_case(info, number));
            }
            junit.add_test_suite(suite);
        }
        junit.to_string()
    }

    fn test_case(&self, line: &CaseLine) -> TestCase {
        let weight = self.run.weight(line);
        let mut status = match weight {
            Weight::Nothing if line.verdict == Verdict::Pass => TestCaseStatus::success(),
            Weight::Nothing | Weight::Advice => TestCaseStatus::skipped(),
            Weight::Failure => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Weight::Open | Weight::Breakage => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_type(line.verdict.name());
                status
            }
        };
        if let Some(said) = self.said(line) {
            status.set_message(said);
        }
        // What is known is no news.
        if line.verdict.evidence().is_some() && line.known.is_none() {
            status.set_description(self.case_to_text(line, Styles::PLAIN));
        }
        let mut case = TestCase::new(line.case.clone(), status);
        if let Some(info) = self.run.case(&line.case) {
            case.set_classname(self.class(info, line.subject));
            case.add_property(("level", info.level.name()));
            case.add_property(("clause", info.clause.as_str()));
        }
        if let Some(wall) = line.wall_us {
            case.set_time(Duration::from_micros(wall));
        }
        case
    }

    /// A case that did not end before the run did: an error, for nobody knows.
    fn unfinished_case(&self, info: &CaseInfo, subject: usize) -> TestCase {
        let judged = self.run.subjects[subject].judged;
        let mut status = if judged {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        } else {
            TestCaseStatus::skipped()
        };
        if let Some(said) = self.interruption() {
            status.set_message(said);
        }
        if judged {
            status.set_type("interrupted");
        }
        let mut case = TestCase::new(info.id.clone(), status);
        case.set_classname(self.class(info, subject));
        case
    }

    /// What sets equal cases of several targets and profiles apart for those who look at nothing else.
    fn class(&self, info: &CaseInfo, subject: usize) -> String {
        let about = &self.run.subjects[subject].about;
        format!("{} ({}, {})", info.section, about.name, about.profile)
    }

    /// What is said of the case, where it did not simply pass.
    fn said(&self, line: &CaseLine) -> Option<String> {
        let said = match (&line.verdict, &line.known) {
            (Verdict::Pass, None) => return None,
            (Verdict::Pass, Some(_)) => "passes though the baseline lists it: take it out".to_owned(),
            (Verdict::Fail(_), Some(reason)) => return Some(format!("known to fail: {reason}")),
            (Verdict::Fail(evidence), None) => {
                let finding = &evidence.finding;
                format!("expected {}, seen: {}", finding.expected, finding.seen)
            }
            (Verdict::CouldNotRun { reason }, _) => reason.clone(),
            (Verdict::Skipped { reason, .. }, _) => match self.run.weight(line) {
                Weight::Failure => format!("left out of a certified run: {reason}"),
                _ => reason.clone(),
            },
            (Verdict::HarnessFault { message }, _) => message.clone(),
        };
        Some(match self.run.weight(line) {
            Weight::Advice if self.run.subjects[line.subject].judged => format!("advisory: {said}"),
            Weight::Advice => format!("not judged: {said}"),
            _ => said,
        })
    }
}
