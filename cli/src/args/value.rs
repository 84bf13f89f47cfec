//! What is typed, read.

use std::time::Duration;

use yoi_conformance::suites::Contract;
use yoi_conformance::{Kind, Level, Seed, Side};
use yoi_host::Profile;
use yoi_meter::limits::RATE;

pub(super) fn parse_profile(name: &str) -> Result<Profile, yoi_host::UnknownProfile> {
    name.parse()
}

pub(super) fn parse_side(name: &str) -> Result<Side, String> {
    let side = Side::ALL.iter().copied().find(|side| side.name() == name);
    side.ok_or_else(|| format!("there is no side `{name}`: choose `guest` or `host`"))
}

pub(super) fn parse_contract(name: &str) -> Result<Contract, String> {
    find(Contract::ALL, Contract::name, name)
}

pub(super) fn parse_seed(text: &str) -> Result<Seed, String> {
    match text {
        "random" => Ok(Seed::random()),
        text => text
            .parse()
            .map_err(|_| "choose a number, as 7 or 0xff, or `random`".to_owned()),
    }
}

pub(super) fn parse_level(name: &str) -> Result<Level, String> {
    find(Level::ALL, Level::name, name)
}

pub(super) fn parse_kind(name: &str) -> Result<Kind, String> {
    find(Kind::ALL, Kind::name, name)
}

fn find<T: Copy>(all: &[T], name_of: fn(T) -> &'static str, name: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| format!("`{}`", name_of(*one))).collect();
        format!("choose one of {}", names.join(", "))
    })
}

pub(crate) fn parse_bytes(text: &str) -> Result<usize, String> {
    let bytes = parse_size::parse_size(text).map_err(|error| error.to_string())?;
    // The engine reserves this much address space for an instance, and WebAssembly has 32 bits.
    const MOST: u64 = 4 << 30;
    if bytes == 0 || bytes > MOST {
        return Err("choose something between 1 byte and 4 GiB".to_owned());
    }
    usize::try_from(bytes).map_err(|error| error.to_string())
}

pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    // Instants have a range; beyond a day a bound on a call is none.
    const MOST: Duration = Duration::from_secs(24 * 60 * 60);
    match humantime::parse_duration(text) {
        Ok(time) if time < Duration::from_millis(1) || time > MOST => {
            Err("choose something between 1ms and 1day".to_owned())
        }
        Ok(time) => Ok(time),
        Err(error) => Err(format!("choose a time, as `500ms` or `5s`: {error}")),
    }
}

/// The same, or no time at all.
pub(super) fn parse_time_or_none(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Ok(Duration::ZERO),
        _ => parse_time(text),
    }
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= RATE => Ok(rate),
        _ => Err(format!(
            "choose a number of calls a second, above 0 and at most {RATE}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_bounded() {
        assert_eq!(parse_bytes("8MiB"), Ok(8 << 20));
        assert_eq!(parse_bytes("65536"), Ok(65536));
        assert!(parse_bytes("0").is_err() && parse_bytes("5GiB").is_err() && parse_bytes("much").is_err());
        assert_eq!(parse_time("250ms"), Ok(Duration::from_millis(250)));
        assert!(
            parse_time("0s").is_err()
                && parse_time("1us").is_err()
                && parse_time("2days").is_err()
                && parse_time("soon").is_err()
        );
    }
}
