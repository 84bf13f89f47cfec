//! The binary `yoikit`.

fn main() -> std::process::ExitCode {
    yoikit::run(std::env::args_os()).into()
}
