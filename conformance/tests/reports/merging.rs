//! Equal runs have equal reports, and shards together are the whole.

use std::num::NonZeroUsize;

use yoi_conformance::Seed;
use yoi_conformance::plan::Shard;
use yoi_conformance::report::Report;
use yoi_conformance::run::Settings;

use crate::toy::{Toy, report, timeless};

fn bad() -> Toy {
    Toy {
        small: 1000,
        rude: true,
        ..Toy::good()
    }
}

fn shard(number: u32, of: u32, seed: u64) -> (String, Report) {
    let mut settings = Settings {
        shard: Some(Shard { number, of }),
        ..timeless()
    };
    settings.options.seed = Seed(seed);
    let text = report(&bad(), &settings).to_jsonl();
    let name = format!("{number}-{of}-{seed}.jsonl");
    let read = Report::parse(&name, &text).unwrap();
    assert_eq!(read.to_jsonl(), text);
    (name, read)
}

fn refusal(shards: Vec<(String, Report)>) -> String {
    Report::merge(shards).unwrap_err().to_string()
}

#[test]
fn the_same_seed_gives_the_same_report_byte_for_byte() {
    let with_jobs = |jobs: usize| {
        let mut settings = timeless();
        settings.options.jobs = NonZeroUsize::new(jobs).unwrap();
        report(&bad(), &settings)
    };
    let (one, many) = (with_jobs(1), with_jobs(8));
    assert_eq!(one.to_jsonl(), many.to_jsonl());
    assert_eq!(one.to_html(), many.to_html());
    assert_eq!(one.to_junit().unwrap(), many.to_junit().unwrap());
}

#[test]
fn joined_shards_are_the_report_of_the_whole_run() {
    for of in [2, 3, 7] {
        let shards: Vec<_> = (1..=of).rev().map(|number| shard(number, of, 1)).collect();
        let joined = Report::merge(shards).unwrap();
        assert_eq!(joined.to_jsonl(), report(&bad(), &timeless()).to_jsonl());
    }
}

#[test]
fn what_does_not_belong_together_is_not_joined() {
    insta::assert_snapshot!(refusal(vec![]), @"there is nothing to join");
    insta::assert_snapshot!(refusal(vec![shard(1, 3, 1), shard(3, 3, 1)]), @"shard 2/3 is missing");
    insta::assert_snapshot!(refusal(vec![shard(2, 3, 1)]), @"shards 1/3, 3/3 are missing");
    insta::assert_snapshot!(refusal(vec![shard(1, 2, 1), shard(1, 2, 1)]), @"1-2-1.jsonl and 1-2-1.jsonl are both shard 1/2");
    insta::assert_snapshot!(refusal(vec![shard(1, 2, 1), shard(2, 2, 9)]), @"2-2-9.jsonl is of another run than 1-2-1.jsonl: its seed is 9, not 1");
    insta::assert_snapshot!(refusal(vec![shard(1, 2, 1), shard(2, 3, 1)]), @"2-3-1.jsonl is of another run than 1-2-1.jsonl: one is in 2 shards, the other in 3");
    let whole = ("whole.jsonl".to_owned(), report(&bad(), &timeless()));
    insta::assert_snapshot!(refusal(vec![whole]), @"whole.jsonl is a report of a whole run, not of a shard");
}

#[test]
fn a_report_that_was_cut_off_is_told() {
    let text = report(&bad(), &timeless()).to_jsonl();
    let lines: Vec<&str> = text.lines().collect();
    let said = |lines: &[&str]| Report::parse("r", &lines.join("\n")).unwrap_err().to_string();
    insta::assert_snapshot!(said(&lines[..lines.len() - 1]), @"r is no whole report: its end is missing: the run did not come so far");
    insta::assert_snapshot!(said(&lines[1..]), @"r is no whole report: its beginning is missing");
    insta::assert_snapshot!(said(&["{}"]), @"r:1 is no line of a report: missing field `event` at line 1 column 2");
    let (name, mut half) = shard(1, 2, 1);
    half.cases.pop();
    insta::assert_snapshot!(refusal(vec![(name, half), shard(2, 2, 1)]), @"1-2-1.jsonl has 3 cases, its shard 4");
}

#[test]
fn a_shard_says_of_whatever_it_comes_to_that_it_is_a_part() {
    let settings = Settings {
        shard: Some("1/2".parse().unwrap()),
        ..timeless()
    };
    let said = |toy: &Toy| report(toy, &settings).verdict_line(0);
    insta::assert_snapshot!(said(&Toy::good()), @"documented: conforms in this shard (2 of 2 must)");
    insta::assert_snapshot!(said(&Toy { small: 1, ..Toy::good() }), @"documented: does not conform in this shard (1 of 2 must, 1 failed)");
}
