//! Pages of lists as bytes, for a crowd that asks for the same ones: made once, and made anew when
//! something of the programme changed. A change of this instance is seen at once; one of another
//! instance when it is heard of, and in any case a second later. Never what belongs to one buyer.

use crate::reply::Ready;
use admitone_app::cached_lists::Turn;
use admitone_domain::Moment;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A page is kept so long at most: so old is what an instance did not hear of.
const KEPT_MS: u64 = 1_000;
/// All pages together have so many bytes at most, and no more of them are kept.
const BYTES_MAX: usize = 16 << 20;
const PAGES_MAX: usize = 4_096;

/// Pages that were made lately.
pub struct Pages {
    turn: Arc<Turn>,
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    pages: HashMap<String, Page>,
    bytes: usize,
}

struct Page {
    turn: u64,
    until: Moment,
    /// Of its bytes and its name.
    size: usize,
    ready: Ready,
}

impl Pages {
    /// No pages yet; `turn` is what ends those that are kept.
    pub fn new(turn: Arc<Turn>) -> Self {
        Self { turn, kept: RwLock::default() }
    }

    /// A page, if it is good still.
    pub(crate) fn get(&self, name: &str, now: Moment) -> Option<Ready> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let page = kept.pages.get(name)?;
        let is_good = page.turn == self.turn.now() && now < page.until;
        is_good.then(|| page.ready.clone())
    }

    /// In which turn a page is that is read from now on.
    pub(crate) fn turn(&self) -> u64 {
        self.turn.now()
    }

    /// Keeps a page that was read in a turn.
    pub(crate) fn keep(&self, name: String, (turn, now): (u64, Moment), ready: &Ready) {
        let size = name.len() + ready.body.len();
        if turn != self.turn.now() || size > BYTES_MAX {
            return;
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + size > BYTES_MAX || kept.pages.len() >= PAGES_MAX {
            *kept = Kept::default();
        }
        let page = Page { turn, until: now.plus_ms(KEPT_MS), size, ready: ready.clone() };
        let old = kept.pages.insert(name, page).map_or(0, |old| old.size);
        kept.bytes = kept.bytes + size - old;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(length: usize) -> Ready {
        Ready { etag: "\"1\"".to_owned(), body: vec![b'x'; length].into() }
    }

    #[test]
    fn a_page_is_good_until_its_time_is_over_or_something_changed() {
        let turn = Arc::new(Turn::default());
        let pages = Pages::new(Arc::clone(&turn));
        let now = Moment(1_000);
        assert!(pages.get("a", now).is_none());
        pages.keep("a".into(), (pages.turn(), now), &ready(1));
        assert!(pages.get("a", now).is_some() && pages.get("b", now).is_none());
        assert!(pages.get("a", now.plus_ms(KEPT_MS)).is_none());
        let before = pages.turn();
        turn.next();
        assert!(pages.get("a", now).is_none());
        pages.keep("a".into(), (before, now), &ready(1));
        assert!(pages.get("a", now).is_none(), "read before the change, kept after it");
    }

    #[test]
    fn they_do_not_grow_without_end() {
        let pages = Pages::new(Arc::default());
        let now = Moment(1_000);
        for number in 0..2 * PAGES_MAX {
            pages.keep(number.to_string(), (0, now), &ready(BYTES_MAX / 100));
            let kept = pages.kept.read().unwrap();
            let bytes: usize = kept.pages.values().map(|page| page.ready.body.len()).sum();
            assert!(kept.pages.len() <= 100 && bytes <= BYTES_MAX);
        }
        for number in 0..2 * PAGES_MAX {
            pages.keep(number.to_string(), (0, now), &ready(1));
        }
        assert!(pages.kept.read().unwrap().pages.len() <= PAGES_MAX);
        pages.keep("large".into(), (0, now), &ready(BYTES_MAX));
        assert!(pages.get("large", now).is_none());
    }
}
