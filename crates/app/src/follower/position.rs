//! How far a follower has read, and what it must look for behind itself.

use crate::ports::outbox::{End, Gap, News};

/// Everything up to `newest` was seen, but for the gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) newest: u64,
    pub(crate) gaps: Vec<Gap>,
}

impl From<End> for Position {
    fn from(end: End) -> Self {
        Self { newest: end.newest, gaps: end.gaps }
    }
}

impl Position {
    /// Takes note of what was found. New gaps are watched; those that are settled are given up.
    pub(crate) fn pass(&mut self, news: &News) {
        for (number, _) in &news.events {
            if *number <= self.newest {
                self.fill(*number);
                continue;
            }
            if *number > self.newest + 1 {
                let (first, last) = (self.newest + 1, *number - 1);
                self.gaps.push(Gap { first, last, noticed: news.mark });
            }
            self.newest = *number;
        }
        self.gaps.retain(|gap| gap.noticed > news.settled);
    }

    /// Every number up to here was seen, or never will be.
    pub(crate) fn horizon(&self) -> u64 {
        self.gaps.iter().map(|gap| gap.first - 1).min().unwrap_or(self.newest)
    }

    /// A number has appeared: what is left of its gap.
    fn fill(&mut self, number: u64) {
        let is_around = |gap: &Gap| gap.first <= number && number <= gap.last;
        let Some(at) = self.gaps.iter().position(is_around) else { return };
        let gap = self.gaps.remove(at);
        let before = Gap { last: number - 1, ..gap };
        let after = Gap { first: number + 1, ..gap };
        self.gaps.extend([before, after].into_iter().filter(|gap| gap.first <= gap.last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::ConcertId;
    use admitone_domain::{Event, Happening, Key, Moment};

    fn news(numbers: &[u64], mark: u64, settled: u64) -> News {
        let event = Event {
            aggregate: Key::Concert(ConcertId(1)),
            version: 1,
            at: Moment(1),
            what: Happening::Released,
        };
        let events = numbers.iter().map(|number| (*number, event.clone())).collect();
        News { events, mark, settled }
    }

    fn gaps(position: &Position) -> Vec<(u64, u64)> {
        position.gaps.iter().map(|gap| (gap.first, gap.last)).collect()
    }

    #[test]
    fn what_is_missing_is_watched_until_it_appears() {
        let mut position = Position::default();
        position.pass(&news(&[1, 2, 6], 10, 5));
        assert_eq!((position.newest, gaps(&position)), (6, vec![(3, 5)]));
        assert_eq!(position.horizon(), 2);
        position.pass(&news(&[4, 7], 11, 6));
        assert_eq!((position.newest, gaps(&position)), (7, vec![(3, 3), (5, 5)]));
        position.pass(&news(&[3, 5], 12, 7));
        assert_eq!((position.newest, gaps(&position)), (7, vec![]));
        assert_eq!(position.horizon(), 7);
    }

    #[test]
    fn a_gap_is_given_up_when_whoever_could_fill_it_has_ended() {
        let mut position = Position::default();
        position.pass(&news(&[2], 10, 5));
        position.pass(&news(&[], 12, 9));
        assert_eq!(gaps(&position), [(1, 1)], "a batch that was in hand may still commit");
        position.pass(&news(&[], 13, 10));
        assert_eq!(gaps(&position), []);
    }
}
