//! Events that wait, in lanes: one for each source.
//!
//! Within a lane they leave in the order in which they came, also while the first of them waits to be tried
//! again; lanes do not wait for each other, and of those that can go on, the oldest event goes first. What an
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
    /// First of their lanes, and free to go.
    ready: BTreeSet<Seq>,
    /// First of their lanes, and free to go at a time.
    waiting: BTreeSet<(Instant, Seq)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<T> {
    lane: Arc<str>,
    bytes: usize,
    stage: Stage,
    item: T,
}

/// What keeps an entry where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is being stored.
    Storing,
    /// Nothing, if it is the first of its lane.
    Ready,
    /// It is to be tried again then.
    Waiting(Instant),
    /// It was taken, and is neither back nor gone.
    UnderWay,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            lanes: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
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

    /// Put an entry at the end of its lane. It does not leave before it is [stored](Queue::stored). Numbers only
    /// ever grow.
    pub(super) fn push(&mut self, seq: Seq, lane: &str, bytes: usize, item: T) {
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
            item,
        };
        self.entries.insert(seq, entry);
    }

    /// The entry may leave when it is the first of its lane.
    pub(super) fn stored(&mut self, seq: Seq) {
        if let Some(entry) = self.entries.get_mut(&seq)
            && entry.stage == Stage::Storing
        {
            entry.stage = Stage::Ready;
            let lane = Arc::clone(&entry.lane);
            self.look_at_first(&lane);
        }
    }

    /// Take the oldest entry that may leave. It stays in its place until it is [removed](Queue::remove) or
    /// [put back](Queue::put_back).
    pub(super) fn take(&mut self, now: Instant) -> Option<(Seq, &mut T)> {
        while let Some(first) = self.waiting.first().copied()
            && first.0 <= now
        {
            self.waiting.remove(&first);
            if let Some(entry) = self.entries.get_mut(&first.1) {
                entry.stage = Stage::Ready;
                self.ready.insert(first.1);
            }
        }
        let seq = self.ready.pop_first()?;
        let entry = self.entries.get_mut(&seq)?;
        entry.stage = Stage::UnderWay;
        Some((seq, &mut entry.item))
    }

    /// Whether one may leave now.
    pub(super) fn has_ready(&self, now: Instant) -> bool {
        !self.ready.is_empty() || self.waiting.first().is_some_and(|(at, _)| *at <= now)
    }

    /// When the next one may leave that waits for a time.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// What was taken is to be tried again at a time.
    pub(super) fn put_back(&mut self, seq: Seq, at: Instant) -> Option<&mut T> {
        let entry = self.entries.get_mut(&seq)?;
        entry.stage = Stage::Waiting(at);
        self.waiting.insert((at, seq));
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
        self.ready.remove(&seq);
        if let Stage::Waiting(at) = entry.stage {
            self.waiting.remove(&(at, seq));
        }
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
        let idle = |stage| matches!(stage, Stage::Ready | Stage::Waiting(_));
        entries.find(|(_, entry)| idle(entry.stage)).map(|(seq, _)| *seq)
    }

    /// The numbers of all entries, oldest first.
    pub(super) fn seqs(&self) -> Vec<Seq> {
        self.entries.keys().copied().collect()
    }

    fn look_at_first(&mut self, lane: &str) {
        let Some(first) = self.lanes.get(lane).and_then(|lane| lane.front()).copied() else {
            return;
        };
        if self
            .entries
            .get(&first)
            .is_some_and(|entry| entry.stage == Stage::Ready)
        {
            self.ready.insert(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn queue_of(lanes: &[(Seq, &str)]) -> Queue<()> {
        let mut queue = Queue::new();
        for (seq, lane) in lanes {
            queue.push(*seq, lane, 1, ());
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
        let mut queue = queue_of(&[(1, "a"), (2, "a"), (3, "b")]);
        assert_eq!(taken(&mut queue, now), Some(1));
        queue.put_back(1, later).unwrap();
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
    fn what_is_not_stored_holds_its_lane_only() {
        let now = Instant::now();
        let mut queue = queue_of(&[]);
        queue.push(1, "a", 1, ());
        queue.push(2, "a", 1, ());
        queue.push(3, "b", 1, ());
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
        let mut queue = queue_of(&[(1, "a"), (2, "a")]);
        queue.push(3, "b", 1, ());
        assert_eq!(taken(&mut queue, now), Some(1));
        assert_eq!(queue.oldest_idle(), Some(2));
        queue.remove(2).unwrap();
        assert_eq!(queue.oldest_idle(), None);
        assert_eq!((queue.len(), queue.bytes()), (2, 2));
    }

    /// What may be done with a queue; lanes and entries are chosen by number.
    #[derive(Debug, Clone)]
    enum Op {
        Push(u8),
        Stored(u8),
        Take,
        Remove(u8),
        PutBack(u8, u8),
        Pass(u8),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            4 => (0_u8..4).prop_map(Op::Push),
            4 => any::<u8>().prop_map(Op::Stored),
            4 => Just(Op::Take),
            2 => any::<u8>().prop_map(Op::Remove),
            2 => (any::<u8>(), 0_u8..5).prop_map(|(entry, pause)| Op::PutBack(entry, pause)),
            1 => (0_u8..5).prop_map(Op::Pass),
        ];
        prop::collection::vec(op, 0..80)
    }

    proptest! {
        /// Against a list in which everything is searched for.
        #[test]
        fn it_gives_what_a_plain_list_gives(ops in ops()) {
            let mut now = Instant::now();
            let mut queue = Queue::new();
            let mut list: Vec<(Seq, u8, Stage)> = Vec::new();
            let mut next = 0;
            let nth = |list: &[(Seq, u8, Stage)], n: u8| {
                (!list.is_empty()).then(|| usize::from(n) % list.len())
            };
            for op in ops {
                match op {
                    Op::Push(lane) => {
                        queue.push(next, &lane.to_string(), usize::from(lane), next);
                        list.push((next, lane, Stage::Storing));
                        next += 1;
                    }
                    Op::Stored(n) => {
                        if let Some(n) = nth(&list, n) {
                            queue.stored(list[n].0);
                            if list[n].2 == Stage::Storing {
                                list[n].2 = Stage::Ready;
                            }
                        }
                    }
                    Op::Take => {
                        let may_leave = |n: usize| {
                            let (_, lane, stage) = list[n];
                            let first = list[..n].iter().all(|other| other.1 != lane);
                            let free = match stage {
                                Stage::Ready => true,
                                Stage::Waiting(at) => at <= now,
                                Stage::Storing | Stage::UnderWay => false,
                            };
                            first && free
                        };
                        let wanted = (0..list.len()).find(|n| may_leave(*n));
                        let has_ready = queue.has_ready(now);
                        let taken = queue.take(now).map(|(seq, item)| (seq, *item));
                        prop_assert_eq!(taken, wanted.map(|n| (list[n].0, list[n].0)));
                        prop_assert_eq!(has_ready, wanted.is_some());
                        if let Some(n) = wanted {
                            list[n].2 = Stage::UnderWay;
                        }
                    }
                    Op::Remove(n) => {
                        if let Some(n) = nth(&list, n) {
                            let (seq, ..) = list.remove(n);
                            prop_assert_eq!(queue.remove(seq), Some(seq));
                        }
                    }
                    Op::PutBack(n, pause) => {
                        if let Some(n) = nth(&list, n)
                            && list[n].2 == Stage::UnderWay
                        {
                            let at = now + Duration::from_secs(pause.into());
                            queue.put_back(list[n].0, at).unwrap();
                            list[n].2 = Stage::Waiting(at);
                        }
                    }
                    Op::Pass(seconds) => now += Duration::from_secs(seconds.into()),
                }
                prop_assert_eq!(queue.len(), list.len());
                prop_assert_eq!(queue.bytes(), list.iter().map(|entry| usize::from(entry.1)).sum::<usize>());
                let idle = list.iter().find(|entry| matches!(entry.2, Stage::Ready | Stage::Waiting(_)));
                prop_assert_eq!(queue.oldest_idle(), idle.map(|entry| entry.0));
            }
            prop_assert_eq!(queue.seqs(), list.iter().map(|entry| entry.0).collect::<Vec<_>>());
            prop_assert_eq!(queue.lanes.values().map(VecDeque::len).sum::<usize>(), queue.len());
        }
    }
}
