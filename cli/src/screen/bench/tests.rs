//! The forms of a made-up measurement.

use serde_json::json;
use yoi_meter::report::BenchReport;

use super::{page, write};

/// A report in which there is something of everything.
pub(crate) fn made_up() -> BenchReport {
    let several = |runs: usize, micros: f64| json!({ "runs": runs, "min_us": micros * 0.9, "median_us": micros, "max_us": micros * 2.0 });
    let times = |calls: u64, p50: f64| {
        json!({
            "calls": calls, "min_us": p50 * 0.8, "mean_us": p50 * 1.25, "p50_us": p50, "p90_us": p50 * 1.5,
            "p95_us": p50 * 2.0, "p99_us": p50 * 4.0, "p999_us": p50 * 12.0, "max_us": p50 * 40.0,
        })
    };
    let level = |concurrency: usize, answered: u64, p50: f64| {
        json!({
            "concurrency": concurrency, "span_us": 1e6, "answered": answered, "failed": 3, "throughput": answered as f64,
            "latency": times(answered, p50),
            "buckets": [
                { "from_us": 8.0, "to_us": 9.5, "calls": answered / 10 },
                { "from_us": 9.5, "to_us": 11.3, "calls": answered / 2 },
                { "from_us": 16.0, "to_us": 19.0, "calls": answered / 3 },
                { "from_us": 400.0, "to_us": 476.0, "calls": 2 },
            ],
            "slices_us": [10.0, 11.0, 10.5, 10.1],
            "fuel": { "min": 10853, "mean": 10853.5, "max": 10854, "counts": [] },
            "memory": {
                "high_water_bytes": 1_245_184,
                "growth": {
                    "first_bytes": 1_114_112, "last_bytes": 1_245_184, "calls": answered, "steps": 2, "last_step": answered,
                },
            },
            "inside_us": 9e5,
            "host_calls": [{
                "import": "fs.read", "calls": answered, "denied": 4, "failed": 0, "wall_us": 3e5, "p50_us": 2.5,
                "p99_us": 9.0, "request_bytes": 100, "answer_bytes": 1000,
            }],
            "host_calls_uncounted": 12,
            "missing": ["grants.toml lacks\n[[fs]]\nroot = \"/a\""],
            "errors": [{ "code": "fault.fuel", "message": "`handle-tool` used up its \u{1b}[31m instructions", "calls": 3 }],
            "restarts": 3, "outliers": 2,
            "slowest": [
                { "latency_us": 400.0, "host_us": 390.0, "fuel": 10853, "at_us": 5e5, "worker": 0 },
                { "latency_us": 200.0, "host_us": 1.0, "fuel": 10853, "at_us": 6e5, "worker": 0 },
            ],
        })
    };
    let report = json!({
        "schema": "yoikit.bench/1",
        "subject": {
            "file": "guest.wasm", "sha256": "ab", "bytes": 114_688, "world": "yoi:plugin/instance@1.0.0",
            "profile": "documented", "tool": "read", "input_sha256": "cd", "input_bytes": 16,
        },
        "machine": {
            "os": "linux", "arch": "x86_64", "processor": "Some processor", "cpus": 2, "yoikit": "0.1.0",
            "optimised": true, "clock_us": 0.05,
        },
        "settings": { "pace": { "pace": "closed" }, "warm_up_us": 1e5, "duration_us": 1e6 },
        "cold": {
            "engine": several(20, 150.0), "compile": several(3, 90_000.0), "cached": several(20, 900.0),
            "instantiate": several(20, 12.0), "start": several(20, 20.0), "first_call": several(20, 30.0),
        },
        "probe": { "fuel": [10853, 10853], "repeatable": true, "memory_bytes": 1_114_112, "failed": null },
        "levels": [level(1, 60_000, 10.0), level(2, 900, 11.0)],
        "remarks": [
            { "remark": "few_calls", "concurrency": 2, "calls": 900, "quantile": 0.99 },
            { "remark": "denied", "calls": 8 },
        ],
        "comparison": {
            "baseline": "old.json", "same_component": false,
            "fuel": { "before": 10000.0, "after": 10853.0, "verdict": "more" },
            "memory": { "before": 1114112.0, "after": 1114112.0, "verdict": "same" },
            "times_differ_in": [],
            "levels": [
                {
                    "concurrency": 1, "before_us": 9.0, "after_us": 10.0, "throughput_before": 66000.0,
                    "throughput_after": 60000.0,
                    "shift": { "p": 0.00001, "relative": 0.11, "low": 0.1, "high": 0.12 }, "verdict": "more",
                },
                {
                    "concurrency": 2, "before_us": 11.0, "after_us": 11.0, "throughput_before": 900.0,
                    "throughput_after": 900.0,
                    "shift": { "p": 0.4, "relative": 0.001, "low": -0.01, "high": 0.01 }, "verdict": "same",
                },
                {
                    "concurrency": 8, "before_us": 50.0, "after_us": 52.0, "throughput_before": 900.0,
                    "throughput_after": 900.0,
                    "shift": { "p": 0.00001, "relative": 0.04, "low": 0.035, "high": 0.045 }, "verdict": "same",
                },
            ],
        },
    });
    serde_json::from_value(report).unwrap()
}

fn on_a_terminal(report: &BenchReport, chart: bool) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write(&mut out, report, chart).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn a_terminal_shows_everything_that_was_measured() {
    insta::assert_snapshot!(on_a_terminal(&made_up(), true));
}

#[test]
fn a_terminal_of_eighty_columns_has_room_for_the_tables() {
    let shown = on_a_terminal(&made_up(), true);
    let (tables, _) = shown.split_once("\nfailed ").unwrap();
    let outliers = shown.lines().filter(|line| line.contains("worker 0:"));
    for line in tables.lines().skip_while(|line| !line.is_empty()).chain(outliers) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_a_plugin_wrote_reaches_no_terminal_as_it_is() {
    let mut out = Vec::new();
    write(&mut out, &made_up(), false).unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(!shown.contains("\u{1b}[31m instructions"), "{shown}");
}

#[test]
fn a_page_has_the_numbers_of_the_terminal_and_fetches_nothing() {
    let mut report = made_up();
    report.subject.tool = "<script>alert(1)</script>".to_owned();
    let page = page(&report);
    let terminal = on_a_terminal(&report, false);
    for number in [
        "60 000",
        "10.0 µs",
        "~44.0 µs",
        "10 853 … 10 854 … 10 854",
        "1.2 MiB",
        "33.3 %",
        "+11.0 %",
        "fault.fuel",
    ] {
        assert!(
            terminal.contains(number),
            "{number} is not on the terminal: {terminal}"
        );
        assert!(page.contains(number), "{number} is not on the page: {page}");
    }
    assert!(page.matches("<svg").count() >= 5, "{page}");
    assert!(
        !page.contains("<script") && !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
}

#[test]
fn a_report_survives_being_written_and_read() {
    let report = made_up();
    let again: BenchReport = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(again, report);
}
