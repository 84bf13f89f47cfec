//! Numbers as a person reads them.

use std::time::Duration;

pub(super) use yoi_meter::grouped;

pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut scaled = count as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    // A number that is whole is said so: limits are.
    if scaled.fract() == 0.0 {
        format!("{scaled} {}", UNITS[unit])
    } else {
        format!("{scaled:.1} {}", UNITS[unit])
    }
}

pub(super) fn time(wall: Duration) -> String {
    let micros = wall.as_secs_f64() * 1e6;
    match micros {
        m if m < 1000.0 => format!("{m:.1} µs"),
        m if m < 1e6 => format!("{:.2} ms", m / 1e3),
        m => format!("{:.2} s", m / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact_where_they_can_be() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(65536), "64 KiB");
        assert_eq!(bytes(1_114_113), "1.1 MiB");
        assert_eq!(bytes(4 << 30), "4 GiB");
        assert_eq!(time(Duration::from_micros(1500)), "1.50 ms");
        assert_eq!(time(Duration::from_secs(1)), "1.00 s");
    }
}
