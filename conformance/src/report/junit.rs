//! A report for build services that read JUnit.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::text::Styles;
use super::{CaseLine, Report};
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
            junit.add_test_suite(suite);
        }
        junit.to_string()
    }

    fn test_case(&self, line: &CaseLine) -> TestCase {
        let message = |status: &mut TestCaseStatus, text: &str| {
            status.set_message(text.to_owned());
        };
        let status = match &line.verdict {
            Verdict::Pass => TestCaseStatus::success(),
            Verdict::Fail(evidence) => {
                // What is known is no news.
                if let Some(reason) = &line.known {
                    let mut status = TestCaseStatus::skipped();
                    message(&mut status, &format!("known to fail: {reason}"));
                    status
                } else {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    let finding = &evidence.finding;
                    message(
                        &mut status,
                        &format!("expected {}, seen: {}", finding.expected, finding.seen),
                    );
                    status.set_description(self.case_to_text(line, Styles::PLAIN));
                    status
                }
            }
            Verdict::CouldNotRun { reason } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_type("could not run");
                message(&mut status, reason);
                status
            }
            Verdict::Skipped { reason, .. } => {
                let mut status = TestCaseStatus::skipped();
                message(&mut status, reason);
                status
            }
            Verdict::HarnessFault { message: said } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_type("fault of the harness");
                message(&mut status, said);
                status
            }
        };
        let mut case = TestCase::new(line.case.clone(), status);
        if let Some(info) = self.run.case(&line.case) {
            case.set_classname(info.section.clone());
            case.add_property(("level", info.level.name()));
            case.add_property(("clause", info.clause.as_str()));
        }
        if let Some(wall) = line.wall_us {
            case.set_time(Duration::from_micros(wall));
        }
        case
    }
}
