//! Journals in real files: what they refuse, keep and give back.

mod failing;
mod model;

use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::limits::{JOURNAL_DEAD_LETTERS, JOURNAL_MARKED_AHEAD, KNOWN_EVENTS};

const OWNER: &str = "project:yoikit.test";

fn event(id: &str) -> IngressEvent {
    IngressEvent {
        kind: "text".into(),
        source: "test".into(),
        ingress_name: "room".into(),
        payload: json!({ "text": id }),
        created_at: "2026-11-20T10:00:00.000Z".into(),
        attempt: 1,
        correlation_id: id.into(),
    }
}

fn wait(written: Written) -> Result<(), JournalError> {
    match written {
        Written::Now(done) => done,
        Written::Later(later) => {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(later)
        }
    }
}

fn accept(journal: &DiskJournal, seq: Seq, id: &str) {
    wait(journal.accept(seq, &event(id))).unwrap();
}

/// The ids and attempts of the events that wait.
fn waiting(recovered: &Recovered) -> Vec<(&str, u32)> {
    let waiting = recovered.events.iter();
    waiting
        .map(|kept| (kept.event.correlation_id.as_str(), kept.event.attempt))
        .collect()
}

fn reopened(file: &Path) -> (DiskJournal, Recovered) {
    let journal = DiskJournal::open(file, OWNER).unwrap();
    let recovered = all_of(&journal);
    (journal, recovered)
}

/// What an earlier host left, with all of its events.
fn all_of(journal: &DiskJournal) -> Recovered {
    let mut recovered = journal.recover().unwrap();
    recovered.events = journal.more(None, usize::MAX, usize::MAX).unwrap();
    assert_eq!(recovered.left, recovered.events.len() as u64);
    recovered
}

#[test]
fn what_was_accepted_is_there_again_in_order_and_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, recovered) = reopened(&file);
    assert_eq!((recovered.events.len(), recovered.next), (0, 0));
    for (seq, id) in ["a", "b", "c"].into_iter().enumerate() {
        accept(&journal, seq as Seq, id);
    }
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    assert_eq!(waiting(&recovered), [("a", 1), ("b", 1), ("c", 1)]);
    assert_eq!(recovered.events[1].event, event("b"));
    assert_eq!(recovered.next, 3);
}

#[test]
fn what_was_settled_is_known_and_waits_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    for (seq, id) in ["a", "b", "c"].into_iter().enumerate() {
        accept(&journal, seq as Seq, id);
    }
    journal.settle(0, Settlement::Accepted, None);
    journal.settle(1, Settlement::Declined, None);
    journal.close().unwrap();
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    assert_eq!(waiting(&recovered), [("c", 1)]);
    let settled = [
        ("a".to_owned(), Settlement::Accepted),
        ("b".to_owned(), Settlement::Declined),
    ];
    assert_eq!(recovered.settled, settled);
    assert_eq!(recovered.next, 3, "a number is never given twice");
}

#[test]
fn a_delivery_that_began_counts_and_so_do_those_marked_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    let most = JOURNAL_MARKED_AHEAD as Seq;
    for seq in 0..most + 3 {
        accept(&journal, seq, &format!("e-{seq}"));
    }
    assert!(matches!(journal.begin(0, 1), Written::Later(_)));
    wait(journal.begin(0, 1)).unwrap();
    // The disk has it: nothing is to be waited for.
    assert!(matches!(journal.begin(1, 1), Written::Now(Ok(()))));
    // Another attempt is another one.
    wait(journal.begin(0, 2)).unwrap();
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    let attempts: Vec<_> = waiting(&recovered)
        .into_iter()
        .map(|(_, attempt)| attempt)
        .collect();
    assert_eq!(attempts[0], 3);
    assert!(attempts[1..].iter().all(|attempt| *attempt == 2), "{attempts:?}");
}

#[test]
fn a_host_that_ends_in_order_takes_back_what_it_marked_and_did_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    for (seq, id) in ["a", "b", "c"].into_iter().enumerate() {
        accept(&journal, seq as Seq, id);
    }
    wait(journal.begin(0, 1)).unwrap();
    assert!(matches!(journal.begin(1, 1), Written::Now(Ok(()))));
    journal.close().unwrap();
    // Where something begins all the same, it is marked anew.
    assert!(matches!(journal.begin(2, 1), Written::Later(_)));
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    assert_eq!(waiting(&recovered)[..2], [("a", 2), ("b", 2)]);

    let other = folder.path().join("other");
    let (journal, _) = reopened(&other);
    accept(&journal, 0, "a");
    accept(&journal, 1, "b");
    wait(journal.begin(0, 1)).unwrap();
    journal.close().unwrap();
    drop(journal);
    let (_journal, recovered) = reopened(&other);
    assert_eq!(waiting(&recovered), [("a", 2), ("b", 1)]);
}

#[test]
fn a_host_that_dies_and_dies_takes_one_try_from_what_it_did_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = folder.path().join("journal-0");
    let (mut journal, _) = reopened(&file);
    accept(&journal, 0, "a");
    accept(&journal, 1, "b");
    for run in 1..5 {
        wait(journal.begin(0, run)).unwrap();
        // What a process that is killed leaves is the file as it is at that moment.
        let left = folder.path().join(format!("journal-{run}"));
        fs::copy(&file, &left).unwrap();
        file = left;
        let recovered;
        (journal, recovered) = reopened(&file);
        assert_eq!(waiting(&recovered), [("a", run + 1), ("b", 2)]);
    }
}

#[test]
fn an_event_that_was_given_up_is_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    accept(&journal, 0, "a");
    wait(journal.begin(0, 5)).unwrap();
    journal.settle(0, Settlement::Dead, Some("the plugin says `failed`: no"));
    let letters = journal.dead_letters().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        letters[0].event,
        Some(IngressEvent {
            attempt: 5,
            ..event("a")
        })
    );
    assert_eq!(letters[0].why.as_deref(), Some("the plugin says `failed`: no"));
    drop(journal);
    let (journal, recovered) = reopened(&file);
    assert_eq!(recovered.events, []);
    assert_eq!(journal.dead_letters().unwrap(), letters);
}

#[test]
fn what_waits_is_read_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    for seq in 0..10 {
        accept(&journal, seq, &format!("e-{seq}"));
    }
    drop(journal);
    let journal = DiskJournal::open(&file, OWNER).unwrap();
    assert_eq!(journal.recover().unwrap().left, 10);
    let seqs = |after, most, bytes| -> Vec<Seq> {
        let kept = journal.more(after, most, bytes).unwrap();
        kept.iter().map(|kept| kept.seq).collect()
    };
    assert_eq!(seqs(None, 3, usize::MAX), [0, 1, 2]);
    assert_eq!(seqs(Some(2), 100, usize::MAX), [3, 4, 5, 6, 7, 8, 9]);
    assert!(seqs(Some(9), 100, usize::MAX).is_empty());
    // One at least, and then as many as there is room for.
    let one = serde_json::to_vec(&event("e-0")).unwrap().len();
    assert_eq!(seqs(None, 100, 1), [0]);
    assert_eq!(seqs(None, 100, 3 * one), [0, 1, 2]);

    // What was marked ahead in this run was not delivered in it.
    wait(journal.begin(0, 1)).unwrap();
    let kept = journal.more(Some(4), 1, usize::MAX).unwrap();
    assert_eq!(kept[0].event.attempt, 1);
    assert!(matches!(journal.begin(5, 1), Written::Now(Ok(()))));
}

#[test]
fn what_was_given_up_is_tried_anew_or_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    for (seq, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        accept(&journal, seq as Seq, id);
    }
    for seq in 0..3 {
        wait(journal.begin(seq, 5)).unwrap();
        journal.settle(seq, Settlement::Dead, Some("no"));
    }
    insta::assert_snapshot!(DiskLetters::open(&file).unwrap_err().to_string().replace(&folder.path().display().to_string(), "FOLDER"), @"the journal FOLDER/journal is in use by another process: a journal has one host at a time, stop that one or name another file");
    drop(journal);

    let mut letters = DiskLetters::open(&file).unwrap();
    assert_eq!(letters.owner(), OWNER);
    let numbers = |letters: &mut DiskLetters| -> Vec<u64> {
        let list = letters.list().unwrap();
        list.iter().map(|letter| letter.number).collect()
    };
    assert_eq!(numbers(&mut letters), [0, 1, 2]);
    // All of what is asked, or none.
    insta::assert_snapshot!(letters.discard(&[0, 9]).unwrap_err(), @"no event with the number 9 was given up there; nothing was done");
    insta::assert_snapshot!(letters.requeue(&[9, 1]).unwrap_err(), @"no event with the number 9 was given up there; nothing was done");
    assert_eq!(numbers(&mut letters), [0, 1, 2]);
    letters.discard(&[0]).unwrap();
    letters.requeue(&[2]).unwrap();
    assert_eq!(numbers(&mut letters), [1]);
    drop(letters);

    let (_journal, recovered) = reopened(&file);
    // After what waited, and as if it had never been delivered.
    assert_eq!(waiting(&recovered), [("d", 2), ("c", 1)]);
    assert_eq!(recovered.next, 5);
    let known: Vec<_> = recovered.settled.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(known, ["a", "b"]);
}

#[test]
fn letters_are_of_a_journal_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |name: &str| {
        let refused = DiskLetters::open(&folder.path().join(name)).unwrap_err();
        let refused = refused.to_string();
        refused.replace(&folder.path().display().to_string(), "FOLDER")
    };
    insta::assert_snapshot!(refusal("none"), @"failed to open the journal FOLDER/none: No such file or directory (os error 2)");
    assert!(!folder.path().join("none").exists());
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    insta::assert_snapshot!(refusal("empty"), @"FOLDER/empty is no journal: it is empty; it was left as it is, name another file");
    assert_eq!(fs::metadata(&empty).unwrap().len(), 0);
}

#[test]
fn what_is_kept_of_the_past_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    let known = KNOWN_EVENTS as Seq;
    let accepted: Vec<_> = (0..known + 10)
        .map(|seq| journal.accept(seq, &event(&format!("e-{seq}"))))
        .collect();
    for written in accepted {
        wait(written).unwrap();
    }
    for seq in 0..known + 10 {
        journal.settle(seq, Settlement::Dead, None);
    }
    let letters = journal.dead_letters().unwrap();
    assert_eq!(letters.len(), JOURNAL_DEAD_LETTERS);
    assert_eq!(
        letters.last().unwrap().event,
        Some(IngressEvent {
            attempt: 1,
            ..event(&format!("e-{}", known + 9))
        })
    );
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    assert_eq!(recovered.settled.len(), KNOWN_EVENTS);
    assert_eq!(recovered.settled[0].0, "e-10");
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    drop(reopened(&file));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Why a file is refused, without its folder.
fn refusal(folder: &tempfile::TempDir, name: &str, owner: &str) -> String {
    let error = DiskJournal::open(&folder.path().join(name), owner).unwrap_err();
    error
        .to_string()
        .replace(&folder.path().display().to_string(), "FOLDER")
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = "notes of mine\n".repeat(1000);
    fs::write(folder.path().join("notes"), &text).unwrap();
    insta::assert_snapshot!(refusal(&folder, "notes", OWNER), @"FOLDER/notes is no journal: it begins like something else; it was left as it is, name another file");
    assert_eq!(fs::read_to_string(folder.path().join("notes")).unwrap(), text);

    let foreign = redb::Database::create(folder.path().join("foreign")).unwrap();
    let write = foreign.begin_write().unwrap();
    write
        .open_table(redb::TableDefinition::<u64, u64>::new("theirs"))
        .unwrap()
        .insert(1, 2)
        .unwrap();
    write.commit().unwrap();
    drop(foreign);
    insta::assert_snapshot!(refusal(&folder, "foreign", OWNER), @"FOLDER/foreign is no journal: it is a database of another program's; it was left as it is, name another file");
    insta::assert_snapshot!(refusal(&folder, "", OWNER), @"failed to open the journal FOLDER/: Is a directory (os error 21)");
    insta::assert_snapshot!(refusal(&folder, "none/journal", OWNER), @"failed to open the journal FOLDER/none/journal: No such file or directory (os error 2)");
}

#[test]
fn a_journal_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = reopened(&folder.path().join("journal"));
    insta::assert_snapshot!(refusal(&folder, "journal", OWNER), @"the journal FOLDER/journal is in use by another process: a journal has one host at a time, stop that one or name another file");
    drop(journal);
    insta::assert_snapshot!(refusal(&folder, "journal", "project:other"), @"the journal FOLDER/journal belongs to the plugin `project:yoikit.test`, and this is `project:other`: give each plugin a file of its own");
}

#[test]
fn a_journal_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    drop(reopened(&file));
    let database = redb::Database::open(&file).unwrap();
    let write = database.begin_write().unwrap();
    write
        .open_table(redb::TableDefinition::<&str, &str>::new("about"))
        .unwrap()
        .insert("format", "yoikit.journal/2")
        .unwrap();
    write.commit().unwrap();
    drop(database);
    insta::assert_snapshot!(refusal(&folder, "journal", OWNER), @"the journal FOLDER/journal has the format yoikit.journal/2, and this program reads yoikit.journal/1: let the program that wrote it deliver what is in it, or name another file");
}

#[test]
fn a_damaged_journal_is_refused_wherever_the_damage_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let (journal, _) = reopened(&file);
    for seq in 0..100 {
        accept(&journal, seq, &format!("event number {seq}"));
    }
    drop(journal);
    let sound = fs::read(&file).unwrap();
    let mut refused = 0;
    for (at, byte) in sound.iter().enumerate().step_by(509) {
        let mut damaged = sound.clone();
        damaged[at] = !byte;
        fs::write(&file, &damaged).unwrap();
        // Damage in what is in use is found; a free page may hold anything.
        match DiskJournal::open(&file, OWNER) {
            Ok(journal) => assert_eq!(all_of(&journal).events.len(), 100, "byte {at}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 5, "{refused}");

    fs::write(&file, &sound[..sound.len() / 2]).unwrap();
    let cut = refusal(&folder, "journal", OWNER);
    assert!(
        cut.starts_with("the journal FOLDER/journal is damaged: "),
        "{cut}"
    );
    assert!(
        cut.ends_with("it was left as it is, move it away to begin anew"),
        "{cut}"
    );
}
