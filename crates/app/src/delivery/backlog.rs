//! What a consumer has been sent and has not ended: for carriers whose broker sends ahead and knows
//! neither delays nor attempts. What is given back waits here for its time, in its place.
//!
//! It keeps nothing: a consumer that dies leaves everything to the broker, which sends it again.

use crate::ports::carrier::{Arrival, Lane, Return, Tag};
use admitone_domain::Moment;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Jobs that a broker has sent, each with the broker's own name for it. Of one lane those names
/// ascend.
pub struct Backlog<H> {
    lanes: BTreeMap<Option<Lane>, VecDeque<Entry<H>>>,
    lane_of: HashMap<Tag, Option<Lane>>,
    next: u64,
    /// The lane that is asked first is another each time.
    turn: usize,
}

struct Entry<H> {
    handle: H,
    arrival: Arrival,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Can be taken from then on.
    Waits(Moment),
    /// Was taken.
    Out,
    /// Was ended; still here because one before it was not.
    Ended,
}

/// What came of ending jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended<H> {
    /// The broker's names of those that were not ended before, each with its lane.
    pub handles: Vec<(Option<Lane>, H)>,
    /// By lane the last job up to which everything has ended, where that is another than before.
    pub passed: Vec<(Option<Lane>, H)>,
}

impl<H> Default for Backlog<H> {
    fn default() -> Self {
        Self { lanes: BTreeMap::new(), lane_of: HashMap::new(), next: 0, turn: 0 }
    }
}

impl<H: Copy + Ord> Backlog<H> {
    /// Takes in what the broker has sent.
    pub fn arrive(&mut self, lane: Option<Lane>, handle: H, body: Vec<u8>, attempts: u32) {
        self.next += 1;
        let tag = Tag(self.next);
        let arrival = Arrival { tag, body, lane, attempts };
        self.lane_of.insert(tag, lane);
        let entry = Entry { handle, arrival, place: Place::Waits(Moment(i64::MIN)) };
        self.lanes.entry(lane).or_default().push_back(entry);
    }

    /// Hands out what can be taken now. A lane waits for its first job; where there are no lanes
    /// nobody waits for another.
    pub fn take(&mut self, jobs_max: usize, now: Moment) -> Vec<Arrival> {
        let mut taken = Vec::new();
        let count = self.lanes.len().max(1);
        self.turn = (self.turn + 1) % count;
        let (before, after) = (self.lanes.len().min(self.turn), self.lanes.len());
        for wanted in (before..after).chain(0..before) {
            let Some((lane, entries)) = self.lanes.iter_mut().nth(wanted) else { break };
            for entry in entries.iter_mut() {
                match entry.place {
                    _ if taken.len() >= jobs_max => break,
                    Place::Waits(due) if due <= now => {
                        entry.place = Place::Out;
                        taken.push(entry.arrival.clone());
                    }
                    Place::Waits(_) if lane.is_some() => break,
                    Place::Waits(_) | Place::Out | Place::Ended => {}
                }
            }
        }
        taken
    }

    /// In how many milliseconds something can be taken; none if nothing waits.
    pub fn due_in_ms(&self, now: Moment) -> Option<u64> {
        let first = |(lane, entries): (&Option<Lane>, &VecDeque<Entry<H>>)| {
            let waits = entries.iter().filter_map(|entry| match entry.place {
                Place::Waits(due) => Some(due),
                Place::Out | Place::Ended => None,
            });
            if lane.is_some() { waits.into_iter().next() } else { waits.min() }
        };
        let due = self.lanes.iter().filter_map(first).min()?;
        let left_us = due.0.saturating_sub(now.0).max(0);
        Some(u64::try_from(left_us).unwrap_or(0).div_ceil(1000))
    }

    /// How many jobs are neither ended nor somebody else's.
    pub fn len(&self) -> usize {
        self.lane_of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lane_of.is_empty()
    }

    /// A job that has not ended.
    pub fn job(&self, tag: Tag) -> Option<&Arrival> {
        let entries = self.lanes.get(self.lane_of.get(&tag)?)?;
        Some(&entries[position(entries, tag)?].arrival)
    }

    /// The broker's name of a job that has not ended.
    pub fn handle(&self, tag: Tag) -> Option<H> {
        let entries = self.lanes.get(self.lane_of.get(&tag)?)?;
        Some(entries[position(entries, tag)?].handle)
    }

    /// The broker's name of the first job of a lane that has not ended.
    pub fn first(&self, lane: Option<Lane>) -> Option<H> {
        self.lanes.get(&lane)?.front().map(|entry| entry.handle)
    }

    /// Ends jobs. What is not known here ended before or is somebody else's.
    pub fn end(&mut self, tags: &[Tag]) -> Ended<H> {
        let mut handles = Vec::with_capacity(tags.len());
        let mut touched: Vec<Option<Lane>> = Vec::new();
        for tag in tags {
            let Some(lane) = self.lane_of.remove(tag) else { continue };
            let Some(entries) = self.lanes.get_mut(&lane) else { continue };
            let Some(at) = position(entries, *tag) else { continue };
            entries[at].place = Place::Ended;
            handles.push((lane, entries[at].handle));
            if !touched.contains(&lane) {
                touched.push(lane);
            }
        }
        let passed = touched.into_iter().filter_map(|lane| Some((lane, self.pass(lane)?)));
        Ended { passed: passed.collect(), handles }
    }

    /// Forgets what has ended and has nothing before it.
    fn pass(&mut self, lane: Option<Lane>) -> Option<H> {
        let entries = self.lanes.get_mut(&lane)?;
        let mut last = None;
        while entries.front().is_some_and(|entry| entry.place == Place::Ended) {
            last = entries.pop_front().map(|entry| entry.handle);
        }
        last
    }

    /// Has a job wait again. In a lane what is behind it waits with it.
    pub fn give_back(&mut self, job: Return, now: Moment) {
        let Some(lane) = self.lane_of.get(&job.tag) else { return };
        let Some(entries) = self.lanes.get_mut(lane) else { return };
        let Some(at) = position(entries, job.tag) else { return };
        entries[at].place = Place::Waits(now.plus_ms(job.delay_ms));
        entries[at].arrival.attempts += u32::from(job.is_counted);
        if lane.is_some() {
            for behind in entries.range_mut(at + 1..).filter(|entry| entry.place == Place::Out) {
                behind.place = Place::Waits(now);
            }
        }
    }

    /// Forgets what came by a lane: it is somebody else's now.
    pub fn forget(&mut self, lane: Option<Lane>) {
        for entry in self.lanes.remove(&lane).unwrap_or_default() {
            self.lane_of.remove(&entry.arrival.tag);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.lanes.clear();
        self.lane_of.clear();
    }
}

fn position<H>(entries: &VecDeque<Entry<H>>, tag: Tag) -> Option<usize> {
    entries.binary_search_by_key(&tag, |entry| entry.arrival.tag).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000);
    const LANE: Option<Lane> = Some(Lane(3));

    fn with(lane: Option<Lane>, handles: &[u64]) -> Backlog<u64> {
        let mut backlog = Backlog::default();
        for handle in handles {
            backlog.arrive(lane, *handle, vec![u8::try_from(*handle).unwrap()], 0);
        }
        backlog
    }

    fn bodies(taken: &[Arrival]) -> Vec<u8> {
        taken.iter().map(|arrival| arrival.body[0]).collect()
    }

    #[test]
    fn what_arrived_is_taken_once_and_in_order() {
        let mut backlog = with(LANE, &[5, 6, 7]);
        assert_eq!(bodies(&backlog.take(2, NOW)), [5, 6]);
        assert_eq!(bodies(&backlog.take(9, NOW)), [7]);
        assert_eq!(backlog.take(9, NOW), []);
        assert_eq!(backlog.due_in_ms(NOW), None);
        assert_eq!(backlog.len(), 3);
    }

    #[test]
    fn a_lane_passes_a_job_only_when_all_before_it_have_ended() {
        let mut backlog = with(LANE, &[5, 6, 7]);
        let tags: Vec<Tag> = backlog.take(9, NOW).iter().map(|arrival| arrival.tag).collect();
        assert_eq!((backlog.first(LANE), backlog.handle(tags[2])), (Some(5), Some(7)));
        assert_eq!(
            backlog.end(&tags[1..]),
            Ended { handles: vec![(LANE, 6), (LANE, 7)], passed: vec![] }
        );
        assert_eq!(backlog.first(LANE), Some(5));
        let ended = backlog.end(&tags);
        assert_eq!(ended, Ended { handles: vec![(LANE, 5)], passed: vec![(LANE, 7)] });
        assert!(backlog.is_empty());
        assert_eq!(backlog.end(&tags), Ended { handles: vec![], passed: vec![] });
    }

    #[test]
    fn in_a_lane_what_is_behind_waits_with_what_was_given_back() {
        let mut backlog = with(LANE, &[5, 6, 7, 8]);
        let tags: Vec<Tag> = backlog.take(3, NOW).iter().map(|arrival| arrival.tag).collect();
        backlog.end(&tags[2..]);
        backlog.give_back(Return { tag: tags[0], delay_ms: 20, is_counted: true }, NOW);
        assert_eq!(backlog.due_in_ms(NOW), Some(20));
        assert_eq!(backlog.take(9, NOW.plus_ms(19)), []);
        let taken = backlog.take(9, NOW.plus_ms(20));
        assert_eq!(bodies(&taken), [5, 6, 8], "in order, and not what has ended");
        assert_eq!(taken.iter().map(|arrival| arrival.attempts).collect::<Vec<_>>(), [1, 0, 0]);
    }

    #[test]
    fn without_lanes_nobody_waits_for_another() {
        let mut backlog = with(None, &[5, 6]);
        let first = backlog.take(1, NOW)[0].tag;
        backlog.give_back(Return { tag: first, delay_ms: 20, is_counted: false }, NOW);
        assert_eq!(bodies(&backlog.take(9, NOW)), [6]);
        let again = backlog.take(9, NOW.plus_ms(20));
        assert_eq!((bodies(&again), again[0].attempts), (vec![5], 0));
    }

    #[test]
    fn a_lane_that_is_lost_is_forgotten_and_others_are_not() {
        let mut backlog = with(LANE, &[5]);
        backlog.arrive(Some(Lane(4)), 9, vec![9], 2);
        let taken = backlog.take(9, NOW);
        backlog.forget(LANE);
        assert_eq!(backlog.len(), 1);
        let gone = taken.iter().find(|arrival| arrival.lane == LANE).unwrap();
        assert_eq!(backlog.job(gone.tag), None);
        assert_eq!(backlog.end(&[gone.tag]), Ended { handles: vec![], passed: vec![] });
        backlog.give_back(Return { tag: gone.tag, delay_ms: 0, is_counted: true }, NOW);
        assert_eq!(backlog.take(9, NOW), []);
    }

    #[test]
    fn every_lane_has_its_turn() {
        let mut backlog = with(Some(Lane(0)), &[1, 2, 3, 4]);
        backlog.arrive(Some(Lane(1)), 5, vec![5], 0);
        let first: Vec<u8> = (0..2).flat_map(|_| bodies(&backlog.take(1, NOW))).collect();
        assert!(first.contains(&5) && first.contains(&1), "{first:?}");
    }
}
