//! The plots of a page, as SVG.

use maud::{Markup, html};
use yoi_meter::report::Level;

use super::{counted, micros, per_second};
use crate::screen::units::grouped;

/// The size of a plot.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;

/// What is left of a plot for words at its side and below.
const SIDE: f64 = 80.0;
const BELOW: f64 = 24.0;

/// How latencies are distributed, on a logarithmic scale.
pub(super) fn histogram(level: &Level) -> Markup {
    let (Some(first), Some(last)) = (level.buckets.first(), level.buckets.last()) else {
        return html! {};
    };
    let most = level.buckets.iter().map(|bucket| bucket.calls).max().unwrap_or(1) as f64;
    let (from, to) = (first.from_us.log2(), last.to_us.log2());
    let x = |micros: f64| SIDE + (micros.log2() - from) / (to - from) * (WIDTH - SIDE);
    let y = |calls: f64| (HEIGHT - BELOW) * (1.0 - calls / most);
    let mut ticks = Vec::new();
    let mut tick = 10_f64.powf(first.from_us.log10().ceil());
    while tick < last.to_us {
        ticks.push(tick);
        tick *= 10.0;
    }
    let marks = level.latency.iter().flat_map(|times| {
        [
            ("p50", times.p50_us),
            ("p99", times.p99_us),
            ("p99.9", times.p999_us),
        ]
    });
    framed(
        "How many calls took how long",
        &grouped(most as u64),
        html! {
            @for bucket in &level.buckets {
                rect .bar x=(round(x(bucket.from_us))) y=(round(y(bucket.calls as f64)))
                    width=(round((x(bucket.to_us) - x(bucket.from_us) - 1.0).max(1.0)))
                    height=(round(HEIGHT - BELOW - y(bucket.calls as f64))) {
                    title { (micros(bucket.from_us)) " to " (micros(bucket.to_us)) ": " (grouped(bucket.calls)) " calls" }
                }
            }
            @for tick in ticks {
                line .grid x1=(round(x(tick))) x2=(round(x(tick))) y1="0" y2=(HEIGHT - BELOW);
                text x=(round(x(tick))) y=(HEIGHT - 8.0) text-anchor="middle" { (micros(tick)) }
            }
            @for (name, at) in marks {
                line .grid x1=(round(x(at))) x2=(round(x(at))) y1="0" y2=(HEIGHT - BELOW);
                text x=(round(x(at) + 3.0)) y="12" { (name) }
            }
        },
    )
}

/// The median latency of each slice of the span.
pub(super) fn slices(level: &Level, duration_us: f64) -> Markup {
    let most = level.slices_us.iter().copied().fold(0.0, f64::max);
    let count = level.slices_us.len();
    if count < 2 || most <= 0.0 {
        return html! {};
    }
    let x = |place: f64| SIDE + place / (count - 1) as f64 * (WIDTH - SIDE);
    let y = |micros: f64| (HEIGHT - BELOW) * (1.0 - micros / most * 0.95);
    let points: Vec<String> = level
        .slices_us
        .iter()
        .enumerate()
        .map(|(place, micros)| format!("{},{}", round(x(place as f64)), round(y(*micros))))
        .collect();
    framed(
        "The median latency over the span",
        &micros(most),
        html! {
            polyline .line points=(points.join(" "));
            text x=(SIDE) y=(HEIGHT - 8.0) { "0" }
            text x=(WIDTH) y=(HEIGHT - 8.0) text-anchor="end" { (micros(duration_us)) }
        },
    )
}

/// Throughput at each level of concurrency.
pub(super) fn throughput(levels: &[Level]) -> Markup {
    let most = levels.iter().map(|level| level.throughput).fold(0.0, f64::max);
    if most <= 0.0 {
        return html! {};
    }
    let room = (WIDTH - SIDE) / levels.len() as f64;
    framed(
        "Calls a second",
        &per_second(most),
        html! {
            @for (place, level) in levels.iter().enumerate() {
                @let height = (HEIGHT - BELOW - 16.0) * level.throughput / most;
                rect .bar x=(round(SIDE + room * place as f64 + room * 0.15)) y=(round(HEIGHT - BELOW - height))
                    width=(round(room * 0.7)) height=(round(height));
                text x=(round(SIDE + room * (place as f64 + 0.5))) y=(round(HEIGHT - BELOW - height - 4.0))
                    text-anchor="middle" { (per_second(level.throughput)) }
                text x=(round(SIDE + room * (place as f64 + 0.5))) y=(HEIGHT - 8.0) text-anchor="middle" {
                    (counted(level.concurrency as u64, "worker", "workers"))
                }
            }
        },
    )
}

/// A plot with a name, and the number at the top of its scale.
fn framed(name: &str, top: &str, content: Markup) -> Markup {
    html! {
        figure {
            figcaption .dim { (name) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(name) {
                line .grid x1=(SIDE) x2=(WIDTH) y1=(HEIGHT - BELOW) y2=(HEIGHT - BELOW);
                text x=(SIDE - 6.0) y="12" text-anchor="end" { (top) }
                text x=(SIDE - 6.0) y=(HEIGHT - BELOW) text-anchor="end" { "0" }
                (content)
            }
        }
    }
}

/// To a tenth of a pixel.
fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}
