//! A plugin's own tests, one for each case: what `yoi_conformance::Check` documents, run.

fn main() -> std::process::ExitCode {
    yoi_conformance::Check::new(yoi_guests::COUNTER.package()).harness()
}
