//! Events that wait, in lanes: one for each source.
//!
//! Within a lane they leave in the order in which they came, also while the first of them waits to be tried
//! again; lanes do not wait for each other. Of those that can go on, the one goes first that could do so for the
//! longest: a new entry since it came, one that is tried again since its pause was over. So an entry that fails and
//! fails does not keep those of other lanes back that were never tried, and is not kept back by them for ever. What an
//! entry is, and whether there is room for it, is not known here.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::journal::Seq;

/// The entries, by number.
#[derive(Debug)]
pub(super) struct Queue<T> {
    entries: BTreeMap<Seq, Entry<T>>,
    lanes: HashMap<Arc<str>, VecDeque<Seq>>,
    /// First of their lanes, and free to go, now or at a time.
    free: BTreeSet<Turn>,
    bytes: usize,
}

/// When an entry may leave, and before which others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    from: Instant,
    /// Whether it was tried before: of several that may leave from the same moment on, those go first that were not.
    tried: bool,
    seq: Seq,
}

#[derive(Debug)]
struct Entry<T> {
    lane: Arc<str>,
    bytes: usize,
    stage: Stage,
    turn: Turn,
    item: T,
}

/// What keeps an entry where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is being stored.
    Storing,
    /// Nothing, if it is the first of its lane and its time has come.
    Free,
    /// It was taken, and is neither back nor gone.
    UnderWay,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            lanes: HashMap::new(),
            free: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// How many there are, those under way included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Their bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Put an entry at the end of its lane, which came then and may have been tried before. It does not leave before it
    /// is [stored](Queue::stored). Numbers only ever grow.
    pub(super) fn push(&mut self, seq: Seq, lane: &str, bytes: usize, came: Instant, tried: bool, item: T) {
        let lane = match self.lanes.get_key_value(lane) {
            Some((lane, _)) => Arc::clone(lane),
            None => Arc::from(lane),
        };
        self.lanes.entry(Arc::clone(&lane)).or_default().push_back(seq);
        self.bytes += bytes;
        let entry = Entry {
            lane,
            bytes,
            stage: Stage::Storing,
            turn: Turn {
                from: came,
                tried,
                seq,
            },
            item,
        };
        self.entries.insert(seq, entry);
    }

    /// The entry may leave when it is the first of its lane.
    pub(super) fn stored(&mut self, seq: Seq) {
        if let Some(entry) = self.entries.get_mut(&seq)
            && entry.stage == Stage::Storing
        {
            entry.stage = Stage::Free;
            let lane = Arc::clone(&entry.lane);
            self.look_at_first(&lane);
        }
    }

    /// Take the entry whose turn it is. It stays in its place until it is [removed](Queue::remove) or
    /// [put back](Queue::put_back).
    pub(super) fn take(&mut self, now: Instant) -> Option<(Seq, &mut T)> {
        let turn = self.free.first().copied().filter(|turn| turn.from <= now)?;
        self.free.remove(&turn);
        let entry = self.entries.get_mut(&turn.seq)?;
        entry.stage = Stage::UnderWay;
        Some((turn.seq, &mut entry.item))
    }

    /// Whether one may leave now.
    pub(super) fn has_ready(&self, now: Instant) -> bool {
        self.next_wake().is_some_and(|from| from <= now)
    }

    /// From when on one may leave.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.free.first().map(|turn| turn.from)
    }

    /// What was taken may be taken again from a time on, whether it was tried or only taken.
    pub(super) fn put_back(&mut self, seq: Seq, from: Instant, tried: bool) -> Option<&mut T> {
        let entry = self.entries.get_mut(&seq)?;
        entry.stage = Stage::Free;
        entry.turn = Turn { from, tried, seq };
        self.free.insert(entry.turn);
        Some(&mut entry.item)
    }

    /// An entry, wherever it stands.
    pub(super) fn get(&self, seq: Seq) -> Option<&T> {
        self.entries.get(&seq).map(|entry| &entry.item)
    }

    /// Take an entry out, wherever it stands.
    pub(super) fn remove(&mut self, seq: Seq) -> Option<T> {
        let entry = self.entries.remove(&seq)?;
        self.bytes -= entry.bytes;
        self.free.remove(&entry.turn);
        if let Some(lane) = self.lanes.get_mut(&entry.lane) {
            if lane.front() == Some(&seq) {
                lane.pop_front();
            } else {
                lane.retain(|other| *other != seq);
            }
            if lane.is_empty() {
                self.lanes.remove(&entry.lane);
            } else {
                self.look_at_first(&entry.lane);
            }
        }
        Some(entry.item)
    }

    /// The oldest entry that is stored and not under way.
    pub(super) fn oldest_idle(&self) -> Option<Seq> {
        let mut entries = self.entries.iter();
        let idle = entries.find(|(_, entry)| entry.stage == Stage::Free);
        idle.map(|(seq, _)| *seq)
    }

    /// The numbers of all entries, oldest first.
    pub(super) fn seqs(&self) -> Vec<Seq> {
        self.entries.keys().copied().collect()
    }

    fn look_at_first(&mut self, lane: &str) {
        let Some(first) = self.lanes.get(lane).and_then(|lane| lane.front()).copied() else {
            return;
        };
        if let Some(entry) = self.entries.get(&first)
            && entry.stage == Stage::Free
        {
            self.free.insert(entry.turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn queue_of(now: Instant, lanes: &[(Seq, &str)]) -> Queue<()> {
        let mut queue = Queue::new();
        for (seq, lane) in lanes {
            queue.push(*seq, lane, 1, now, false, ());
            queue.stored(*seq);
        }
        queue
    }

    fn taken(queue: &mut Queue<()>, now: Instant) -> Option<Seq> {
        queue.take(now).map(|(seq, ())| seq)
    }

    #[test]
    fn a_lane_waits_for_its_first_and_others_go_on() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut queue = queue_of(now, &[(1, "a"), (2, "a"), (3, "b")]);
        assert_eq!(taken(&mut queue, now), Some(1));
        queue.put_back(1, later, true).unwrap();
        assert_eq!(taken(&mut queue, now), Some(3));
        queue.remove(3).unwrap();
        assert_eq!(taken(&mut queue, now), None);
        assert_eq!(queue.next_wake(), Some(later));
        assert_eq!(taken(&mut queue, later), Some(1));
        // It is under way: what follows it waits.
        assert_eq!(taken(&mut queue, later), None);
        queue.remove(1).unwrap();
        assert_eq!(taken(&mut queue, later), Some(2));
    }

    #[test]
    fn what_is_tried_again_stands_behind_what_came_before_its_time_and_not_behind_what_comes_after() {
        let now = Instant::now();
        let [due, late] = [1, 2].map(|seconds| now + Duration::from_secs(seconds));
        let mut queue = queue_of(now, &[(1, "a"), (2, "b"), (3, "c")]);
        assert_eq!(taken(&mut queue, now), Some(1));
        queue.put_back(1, due, true).unwrap();
        queue.push(4, "d", 1, due, false, ());
        queue.push(5, "e", 1, late, false, ());
        queue.stored(4);
        queue.stored(5);
        let order: Vec<_> = std::iter::from_fn(|| taken(&mut queue, late)).collect();
        assert_eq!(order, [2, 3, 4, 1, 5]);
    }

    #[test]
    fn what_is_not_stored_holds_its_lane_only() {
        let now = Instant::now();
        let mut queue = queue_of(now, &[]);
        queue.push(1, "a", 1, now, false, ());
        queue.push(2, "a", 1, now, false, ());
        queue.push(3, "b", 1, now, false, ());
        queue.stored(2);
        queue.stored(3);
        assert_eq!(taken(&mut queue, now), Some(3));
        assert_eq!(taken(&mut queue, now), None);
        queue.stored(1);
        assert_eq!(taken(&mut queue, now), Some(1));
    }

    #[test]
    fn what_is_under_way_or_being_stored_is_not_dropped() {
        let now = Instant::now();
        let mut queue = queue_of(now, &[(1, "a"), (2, "a")]);
        queue.push(3, "b", 1, now, false, ());
        assert_eq!(taken(&mut queue, now), Some(1));
        assert_eq!(queue.oldest_idle(), Some(2));
        queue.remove(2).unwrap();
        assert_eq!(queue.oldest_idle(), None);
        assert_eq!((queue.len(), queue.bytes()), (2, 2));
    }

    /// What may be done with a queue; lanes and entries are chosen by number.
    #[derive(Debug, Clone)]
    enum Op {
        Push(u8, bool),
        Stored(u8),
        Take,
        Remove(u8),
        PutBack(u8, u8, bool),
        Pass(u8),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            4 => (0_u8..4, any::<bool>()).prop_map(|(lane, tried)| Op::Push(lane, tried)),
            4 => any::<u8>().prop_map(Op::Stored),
            4 => Just(Op::Take),
            2 => any::<u8>().prop_map(Op::Remove),
            2 => (any::<u8>(), 0_u8..5, any::<bool>())
                .prop_map(|(entry, pause, tried)| Op::PutBack(entry, pause, tried)),
            1 => (0_u8..5).prop_map(Op::Pass),
        ];
        prop::collection::vec(op, 0..80)
    }

    /// An entry as the list has it.
    struct Listed {
        lane: u8,
        stage: Stage,
        turn: Turn,
    }

    proptest! {
        /// Against a list in which everything is searched for.
        #[test]
        fn it_gives_what_a_plain_list_gives(ops in ops()) {
            let mut now = Instant::now();
            let mut queue = Queue::new();
            let mut list: Vec<Listed> = Vec::new();
            let mut next = 0;
            let nth = |list: &[Listed], n: u8| {
                (!list.is_empty()).then(|| usize::from(n) % list.len())
            };
            for op in ops {
                match op {
                    Op::Push(lane, tried) => {
                        queue.push(next, &lane.to_string(), usize::from(lane), now, tried, next);
                        let turn = Turn { from: now, tried, seq: next };
                        list.push(Listed { lane, stage: Stage::Storing, turn });
                        next += 1;
                    }
                    Op::Stored(n) => {
                        if let Some(n) = nth(&list, n) {
                            queue.stored(list[n].turn.seq);
                            if list[n].stage == Stage::Storing {
                                list[n].stage = Stage::Free;
                            }
                        }
                    }
                    Op::Take => {
                        let may_leave = |n: &usize| {
                            let entry = &list[*n];
                            let first = list[..*n].iter().all(|other| other.lane != entry.lane);
                            first && entry.stage == Stage::Free && entry.turn.from <= now
                        };
                        let wanted = (0..list.len()).filter(may_leave).min_by_key(|n| list[*n].turn);
                        let has_ready = queue.has_ready(now);
                        let taken = queue.take(now).map(|(seq, item)| (seq, *item));
                        prop_assert_eq!(taken, wanted.map(|n| (list[n].turn.seq, list[n].turn.seq)));
                        prop_assert_eq!(has_ready, wanted.is_some());
                        if let Some(n) = wanted {
                            list[n].stage = Stage::UnderWay;
                        }
                    }
                    Op::Remove(n) => {
                        if let Some(n) = nth(&list, n) {
                            let seq = list.remove(n).turn.seq;
                            prop_assert_eq!(queue.remove(seq), Some(seq));
                        }
                    }
                    Op::PutBack(n, pause, tried) => {
                        if let Some(n) = nth(&list, n)
                            && list[n].stage == Stage::UnderWay
                        {
                            let entry = &mut list[n];
                            entry.turn.from = now + Duration::from_secs(pause.into());
                            entry.turn.tried = tried;
                            entry.stage = Stage::Free;
                            queue.put_back(entry.turn.seq, entry.turn.from, tried).unwrap();
                        }
                    }
                    Op::Pass(seconds) => now += Duration::from_secs(seconds.into()),
                }
                prop_assert_eq!(queue.len(), list.len());
                prop_assert_eq!(queue.bytes(), list.iter().map(|entry| usize::from(entry.lane)).sum::<usize>());
                let idle = list.iter().find(|entry| entry.stage == Stage::Free);
                prop_assert_eq!(queue.oldest_idle(), idle.map(|entry| entry.turn.seq));
            }
            prop_assert_eq!(queue.seqs(), list.iter().map(|entry| entry.turn.seq).collect::<Vec<_>>());
            prop_assert_eq!(queue.lanes.values().map(VecDeque::len).sum::<usize>(), queue.len());
        }
    }
}
