//! Rivals on the same work, measured in turns.
//!
//! Criterion measures one function for seconds and then the next: what else the machine did in the meantime stands
//! in their ratio. So after criterion each race is run once more, in turns of a fraction of a millisecond, every
//! run timed by itself: what slows the machine down hits all of them alike, and there are percentiles.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use criterion::{Criterion, Throughput};
use hdrhistogram::Histogram;

use crate::claim::{criterion_home, mean};

/// How long a rival is measured in turns, all its turns together.
const IN_TURNS: Duration = Duration::from_millis(750);

/// How long a turn takes. Long enough that the caches are the rival's own for most of it, short enough that a
/// thousand fit into a race.
const TURN: Duration = Duration::from_micros(400);

/// Turns that each rival has at least, however long one takes.
const TURNS_AT_LEAST: u32 = 10;

/// The races of one run.
pub struct Bench {
    criterion: Criterion,
    home: PathBuf,
    began: SystemTime,
    /// As a test, everything is run once to see that it runs.
    test: bool,
    told: String,
}

/// Functions that do the same work, ours first.
pub struct Race<'a> {
    group: String,
    bytes: Option<u64>,
    slow: bool,
    rivals: Vec<Rival<'a>>,
}

struct Rival<'a> {
    name: &'static str,
    run: Run<'a>,
    claim: Claim,
}

enum Run<'a> {
    /// All that it does is timed.
    Whole(Box<dyn FnMut() + 'a>),
    /// It says itself how long the part took that is.
    Part(Box<dyn FnMut() -> Duration + 'a>),
}

/// What is claimed of a rival's median.
#[derive(Clone, Copy, Default)]
struct Claim {
    /// How many times it may fit into that of ours, at most.
    at_most: Option<f64>,
    /// How many milliseconds it may be, at most.
    millis: Option<f64>,
}

/// What was measured of a rival, in nanoseconds.
struct Figures {
    name: &'static str,
    claim: Claim,
    mean: f64,
    times: Histogram<u64>,
}

impl Bench {
    /// What cargo and the user said on the command line.
    #[must_use]
    pub fn from_args() -> Self {
        settle_the_allocator();
        let asked = |wanted: &str| std::env::args().any(|argument| argument == wanted);
        Self {
            criterion: Criterion::default()
                .warm_up_time(Duration::from_millis(500))
                .measurement_time(Duration::from_secs(2))
                .configure_from_args(),
            home: criterion_home(),
            began: SystemTime::now(),
            test: asked("--test") || !asked("--bench"),
            told: String::new(),
        }
    }

    /// Whether it is only to be seen that everything runs.
    #[must_use]
    pub const fn is_test(&self) -> bool {
        self.test
    }

    /// Measure a race, as far as the filter on the command line has it.
    pub fn run(&mut self, race: Race<'_>) {
        let Race {
            group: name,
            bytes,
            slow,
            mut rivals,
        } = race;
        let mut group = self.criterion.benchmark_group(&name);
        if let Some(bytes) = bytes {
            group.throughput(Throughput::Bytes(bytes));
        }
        if slow {
            group.sample_size(10);
        }
        let clock = clock();
        for rival in &mut rivals {
            group.bench_function(rival.name, |bencher| match &mut rival.run {
                Run::Whole(run) => bencher.iter(run),
                Run::Part(run) => {
                    bencher.iter_custom(|runs| (0..runs).map(|_| run().saturating_sub(clock)).sum());
                }
            });
        }
        group.finish();
        if self.test {
            return;
        }
        let measured = |rival: &Rival<'_>| mean(&self.home, self.began, (&name, rival.name)).ok();
        let means: Vec<Option<f64>> = rivals.iter().map(measured).collect();
        if means.iter().all(Option::is_none) {
            return;
        }
        let times = in_turns(&mut rivals, IN_TURNS);
        let figures: Vec<Figures> = rivals
            .iter()
            .zip(means)
            .zip(times)
            .map(|((rival, mean), times)| Figures {
                name: rival.name,
                claim: rival.claim,
                mean: mean.unwrap_or(f64::NAN),
                times,
            })
            .collect();
        self.told.push_str(&table(&name, &figures));
    }

    /// All that there is to tell, once everything was measured.
    #[must_use]
    pub fn finish(self) -> String {
        self.criterion.final_summary();
        self.told
    }
}

impl<'a> Race<'a> {
    /// A race of this name: that of a criterion group.
    #[must_use]
    pub fn new(group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            bytes: None,
            slow: false,
            rivals: Vec::new(),
        }
    }

    /// Each run handles so many bytes.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes as u64);
        self
    }

    /// Each run takes so long that ten of them have to do.
    #[must_use]
    pub const fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    /// One more rival. The first is ours.
    #[must_use]
    pub fn rival<R>(self, name: &'static str, mut run: impl FnMut() -> R + 'a) -> Self {
        let run = Run::Whole(Box::new(move || {
            black_box(run());
        }));
        self.with(name, run)
    }

    /// One more rival, which says itself how long it took: of what it has to do, only a part is the race's.
    #[must_use]
    pub fn timed(self, name: &'static str, run: impl FnMut() -> Duration + 'a) -> Self {
        self.with(name, Run::Part(Box::new(run)))
    }

    fn with(mut self, name: &'static str, run: Run<'a>) -> Self {
        self.rivals.push(Rival {
            name,
            run,
            claim: Claim::default(),
        });
        self
    }

    /// Claim that the median of ours is at most so many times that of the rival named last.
    #[must_use]
    pub fn at_most(mut self, times: f64) -> Self {
        if let Some(rival) = self.rivals.last_mut() {
            rival.claim.at_most = Some(times);
        }
        self
    }

    /// Claim that the median of the rival named last is at most so many milliseconds.
    #[must_use]
    pub fn within_millis(mut self, millis: f64) -> Self {
        if let Some(rival) = self.rivals.last_mut() {
            rival.claim.millis = Some(millis);
        }
        self
    }
}

impl Run<'_> {
    fn timed(&mut self) -> Duration {
        match self {
            Self::Whole(run) => {
                let began = Instant::now();
                run();
                began.elapsed()
            }
            Self::Part(run) => run(),
        }
    }
}

/// Time the rivals one by one, turn about, until each had its time.
fn in_turns(rivals: &mut [Rival<'_>], each: Duration) -> Vec<Histogram<u64>> {
    let clock = clock();
    let runs: Vec<u32> = rivals
        .iter_mut()
        .map(|rival| {
            // All that is done for a run, also what is not timed.
            let began = Instant::now();
            rival.run.timed();
            let took = began.elapsed().as_nanos().max(1);
            u32::try_from((TURN.as_nanos() / took).clamp(1, 4000)).unwrap_or(1)
        })
        .collect();
    let mut times: Vec<Histogram<u64>> = rivals
        .iter()
        .map(|_| Histogram::new(3).expect("three digits are a precision that there is"))
        .collect();
    let count = rivals.len();
    let (began, mut turns) = (Instant::now(), 0);
    let all = each * u32::try_from(count).unwrap_or(1);
    while turns < TURNS_AT_LEAST || began.elapsed() < all {
        for n in 0..count {
            // Who comes after whom changes.
            let n = (n + turns as usize) % count;
            let run = &mut rivals[n].run;
            if runs[n] > 1 {
                // The caches are still another's.
                run.timed();
            }
            for _ in 0..runs[n] {
                let took = run.timed().saturating_sub(clock).as_nanos();
                times[n] += u64::try_from(took).unwrap_or(u64::MAX).max(1);
            }
        }
        turns += 1;
    }
    times
}

/// What it takes to look at the clock, which is in every time.
fn clock() -> Duration {
    let looks = (0..1000).map(|_| Instant::now().elapsed());
    looks.min().unwrap_or_default()
}

fn table(group: &str, figures: &[Figures]) -> String {
    let mut table = format!(
        "\n{group:<34} {:>10} {:>10} {:>10} {:>10}\n",
        "mean", "p50", "p95", "p99"
    );
    let at = |figures: &Figures, quantile: f64| figures.times.value_at_quantile(quantile) as f64;
    let ours = figures.first().map_or(f64::NAN, |ours| at(ours, 0.5));
    for (n, rival) in figures.iter().enumerate() {
        let _ = write!(
            table,
            "  {:<32} {:>10} {:>10} {:>10} {:>10}",
            rival.name,
            nanos(rival.mean),
            nanos(at(rival, 0.5)),
            nanos(at(rival, 0.95)),
            nanos(at(rival, 0.99)),
        );
        if n > 0 {
            let times = ours / at(rival, 0.5);
            let _ = write!(table, "   ours is {}", ratio(times));
            if let Some(most) = rival.claim.at_most {
                let _ = write!(table, " (at most {}: {})", ratio(most), kept(times <= most));
            }
        }
        if let Some(millis) = rival.claim.millis {
            let within = at(rival, 0.5) <= millis * 1e6;
            let _ = write!(table, "   (at most {millis} ms: {})", kept(within));
        }
        table.push('\n');
    }
    table
}

/// Has the allocator keep what was freed. glibc's hands the end of the heap back to the system as soon as 128 KiB of it
/// are free, so that an answer of 64 KiB may be faulted in anew with every call, or not, by where it happened to lie; it
/// stops that in a program that has freed something larger, as one has that reads components.
pub fn settle_the_allocator() {
    drop(black_box(vec![1_u8; 16 << 20]));
}

/// What is said of a claim.
#[must_use]
pub const fn kept(kept: bool) -> &'static str {
    if kept { "kept" } else { "NOT KEPT" }
}

/// A ratio to three digits, whichever of the two is larger.
fn ratio(times: f64) -> String {
    if times < 0.1 {
        format!("1/{:.0}", 1.0 / times)
    } else {
        format!("{times:.2}")
    }
}

/// A time in the unit that suits it.
fn nanos(nanos: f64) -> String {
    match nanos {
        _ if nanos.is_nan() => "–".to_owned(),
        ..1e3 => format!("{nanos:.0} ns"),
        ..1e6 => format!("{:.2} µs", nanos / 1e3),
        ..1e9 => format!("{:.2} ms", nanos / 1e6),
        _ => format!("{:.2} s", nanos / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(name: &'static str, nanos: u64, at_most: Option<f64>) -> Figures {
        let claim = Claim {
            at_most,
            millis: at_most.is_none().then_some(2.0),
        };
        let mut times = Histogram::new(3).unwrap();
        for percent in 1..=100 {
            times += nanos * (100 + percent) / 150;
        }
        Figures {
            name,
            claim,
            mean: nanos as f64,
            times,
        }
    }

    #[test]
    fn a_table_has_every_rival_and_what_is_claimed() {
        let table = table(
            "a race",
            &[
                figures("ours", 1500, None),
                figures("the floor", 1100, Some(1.5)),
                figures("another floor", 1100, Some(1.2)),
                figures("a peer", 3_000_000, Some(0.5)),
                figures("nobody", 4_000, None),
            ],
        );
        insta::assert_snapshot!(table, @r#"
    a race                                   mean        p50        p95        p99
      ours                                1.50 µs    1.50 µs    1.95 µs    1.99 µs   (at most 2 ms: kept)
      the floor                           1.10 µs    1.10 µs    1.43 µs    1.46 µs   ours is 1.36 (at most 1.50: kept)
      another floor                       1.10 µs    1.10 µs    1.43 µs    1.46 µs   ours is 1.36 (at most 1.20: NOT KEPT)
      a peer                              3.00 ms    3.00 ms    3.90 ms    3.98 ms   ours is 1/2000 (at most 0.50: kept)
      nobody                              4.00 µs    4.00 µs    5.20 µs    5.31 µs   ours is 0.37   (at most 2 ms: kept)
    "#);
    }

    #[test]
    fn every_rival_has_as_many_turns_as_the_others() {
        let (mut fast, mut slow) = (0, 0);
        let mut rivals = Race::new("turns")
            .rival("fast", || fast += 1)
            .rival("slow", || {
                slow += 1;
                std::thread::sleep(TURN);
            })
            .rivals;
        let times = in_turns(&mut rivals, Duration::ZERO);
        assert!(times[0].len() > u64::from(TURNS_AT_LEAST));
        assert_eq!(times[1].len(), u64::from(TURNS_AT_LEAST));
        drop(rivals);
        assert!(fast > slow);
    }
}
