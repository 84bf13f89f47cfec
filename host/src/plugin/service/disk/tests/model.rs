//! Any sequence of what a service does, with hosts that end in order and hosts that die: the journal agrees with
//! lists in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::plugin::service::journal::Kept;

#[derive(Debug, Clone)]
enum Step {
    Accept,
    /// Begin the next delivery of one of those that wait.
    Begin(usize),
    Settle(usize, Settlement),
    /// The host ends, and another one begins.
    Reopen,
    /// The same in order: it is known what has begun, and what has not.
    Close,
    /// The host dies, and another one begins.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        Just(Settlement::Accepted),
        Just(Settlement::Declined),
        Just(Settlement::Dropped),
        Just(Settlement::Dead)
    ];
    prop_oneof![
        6 => Just(Step::Accept),
        5 => any::<usize>().prop_map(Step::Begin),
        5 => (any::<usize>(), how).prop_map(|(which, how)| Step::Settle(which, how)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
    ]
}

/// The obvious journal.
#[derive(Default)]
struct Model {
    /// What waits, and the deliveries that began.
    waiting: BTreeMap<Seq, u32>,
    settled: Vec<(Seq, Settlement)>,
    next: Seq,
    /// How many of the settled are surely on the disk.
    written: usize,
}

impl Model {
    fn which(&self, which: usize) -> Option<Seq> {
        let count = self.waiting.len();
        self.waiting.keys().nth(which.checked_rem(count)?).copied()
    }

    /// Hold what was recovered against what is known, and take from it what only the disk knows.
    fn compare(&mut self, recovered: &Recovered, in_order: bool) {
        assert_eq!(recovered.next, self.next);
        let seqs: Vec<_> = recovered.events.iter().map(|kept| kept.seq).collect();
        assert!(seqs.is_sorted(), "{seqs:?}");
        let settled = recovered.settled.len();
        assert!(if in_order {
            settled == self.settled.len()
        } else {
            (self.written..=self.settled.len()).contains(&settled)
        });
        // The rest was not written: those are delivered once more.
        for (seq, _) in self.settled.split_off(settled) {
            self.waiting.insert(seq, 0);
        }
        let known: Vec<_> = self
            .settled
            .iter()
            .map(|(seq, how)| (format!("e-{seq}"), *how))
            .collect();
        assert_eq!(recovered.settled, known);
        assert_eq!(
            seqs.iter().copied().collect::<BTreeSet<_>>(),
            self.waiting.keys().copied().collect()
        );
        for Kept { seq, event } in &recovered.events {
            assert_eq!(event.correlation_id, format!("e-{seq}"));
            let begun = self.waiting[seq];
            assert!(
                event.attempt > begun,
                "event {seq}: {} after {begun}",
                event.attempt
            );
            self.waiting.insert(*seq, event.attempt - 1);
        }
        self.written = self.settled.len();
    }
}

/// A journal in a folder that changes with every crash.
struct Host {
    folder: tempfile::TempDir,
    crashes: u32,
    journal: Option<DiskJournal>,
}

impl Host {
    fn file(&self) -> PathBuf {
        self.folder.path().join(format!("journal-{}", self.crashes))
    }

    fn open(&mut self) -> Recovered {
        let (journal, recovered) = reopened(&self.file());
        self.journal = Some(journal);
        recovered
    }

    /// What a process that is killed leaves is the file as it is at that moment.
    fn crash(&mut self) {
        let before = self.file();
        self.crashes += 1;
        fs::copy(before, self.file()).unwrap();
        self.journal = None;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_journal_agrees_with_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut host = Host { folder, crashes: 0, journal: None };
        let mut model = Model::default();
        host.open();
        for step in steps {
            let journal = host.journal.as_ref().unwrap();
            match step {
                Step::Accept => {
                    accept(journal, model.next, &format!("e-{}", model.next));
                    model.waiting.insert(model.next, 0);
                    model.next += 1;
                    // Whatever was noted before went with it.
                    model.written = model.settled.len();
                }
                Step::Begin(which) => {
                    let Some(seq) = model.which(which) else { continue };
                    let begun = model.waiting.get_mut(&seq).unwrap();
                    *begun += 1;
                    let waited = journal.begin(seq, *begun);
                    if matches!(waited, Written::Later(_)) {
                        model.written = model.settled.len();
                    }
                    wait(waited).unwrap();
                }
                Step::Settle(which, how) => {
                    let Some(seq) = model.which(which) else { continue };
                    model.waiting.remove(&seq);
                    model.settled.push((seq, how));
                    journal.settle(seq, how, None);
                }
                Step::Reopen => {
                    host.journal = None;
                    model.compare(&host.open(), true);
                }
                Step::Close => {
                    journal.close().unwrap();
                    host.journal = None;
                    let recovered = host.open();
                    for Kept { seq, event } in &recovered.events {
                        prop_assert_eq!(event.attempt, model.waiting[seq] + 1);
                    }
                    model.compare(&recovered, true);
                }
                Step::Crash => {
                    host.crash();
                    model.compare(&host.open(), false);
                }
            }
        }
        let dead = model.settled.iter().filter(|(_, how)| *how == Settlement::Dead);
        let dead: BTreeSet<_> = dead.map(|(seq, _)| format!("e-{seq}")).collect();
        let letters = host.journal.unwrap().dead_letters().unwrap();
        let id = |letter: Letter| letter.event.unwrap().correlation_id;
        let letters: BTreeSet<_> = letters.into_iter().map(id).collect();
        prop_assert_eq!(letters, dead);
    }
}
