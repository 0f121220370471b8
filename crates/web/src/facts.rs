//! What many pages show of a show: its names, its prices, what is left. Read once a second,
//! however many look: whoever waits in line is answered from here. Never the truth about a seat.

use crate::oops::Oops;
use crate::site::Site;
use admitone_app::board::{SeatMark, Snapshot};
use admitone_domain::concert::Concert;
use admitone_domain::id::ShowId;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Moment, Money};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How old they may be.
const FRESH_MS: u64 = 1_000;
/// So many shows are remembered at most.
const SHOWS_MAX: usize = 10_000;

/// A show as people speak of it.
#[derive(Debug, Clone)]
pub(crate) struct ShowFacts {
    pub(crate) show: Show,
    pub(crate) concert: Concert,
    pub(crate) stock: Stock,
}

/// What there is of a show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stock {
    /// By price, the dearest first.
    pub(crate) classes: Vec<Class>,
}

/// What there is at a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) price: Money,
    /// How many can be had now.
    pub(crate) free: u32,
    /// How many are held, and may come back.
    pub(crate) held: u32,
    /// How many there are in all.
    pub(crate) all: u32,
}

/// Whether something can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    /// Yes.
    Free,
    /// Few.
    Low,
    /// Not now: all are held, some may come back.
    AllHeld,
    /// No.
    SoldOut,
    /// Nothing was put on sale.
    Nothing,
}

impl Availability {
    /// The key of its words and the name of its look.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Low => "low",
            Self::AllHeld => "all_held",
            Self::SoldOut => "sold_out",
            Self::Nothing => "nothing",
        }
    }

    /// Of tickets of a type.
    pub(crate) fn of_type(kind: &TicketType) -> Self {
        Self::of(kind.left(), kind.held, kind.capacity)
    }

    fn of(free: u32, held: u32, all: u32) -> Self {
        match (free, held, all) {
            (_, _, 0) => Self::Nothing,
            (0, 0, _) => Self::SoldOut,
            (0, _, _) => Self::AllHeld,
            _ if u64::from(free) * 20 < u64::from(all) => Self::Low,
            _ => Self::Free,
        }
    }
}

impl Class {
    pub(crate) fn availability(&self) -> Availability {
        Availability::of(self.free, self.held, self.all)
    }
}

impl Stock {
    /// What a board shows.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let mut classes: BTreeMap<Money, Class> = BTreeMap::new();
        let class = |price| Class { price, free: 0, held: 0, all: 0 };
        for seat in snapshot.seats.iter().filter(|seat| seat.mark != SeatMark::Blocked) {
            let found = classes.entry(seat.price).or_insert_with(|| class(seat.price));
            found.all += 1;
            match seat.mark {
                SeatMark::Free => found.free += 1,
                SeatMark::Held => found.held += 1,
                SeatMark::Sold | SeatMark::Blocked => {}
            }
        }
        for known in &snapshot.ticket_types {
            let found = classes.entry(known.price).or_insert_with(|| class(known.price));
            found.all = found.all.saturating_add(known.capacity);
            found.free = found.free.saturating_add(known.left());
            found.held = found.held.saturating_add(known.held);
        }
        Self { classes: classes.into_values().rev().collect() }
    }

    /// How many are not sold.
    pub(crate) fn unsold(&self) -> u32 {
        self.classes.iter().map(|class| class.free + class.held).sum()
    }

    pub(crate) fn availability(&self) -> Availability {
        let sum = |part: fn(&Class) -> u32| self.classes.iter().map(part).sum();
        Availability::of(sum(|class| class.free), sum(|class| class.held), sum(|class| class.all))
    }

    /// The least price of what is not sold, or of all when nothing is left.
    pub(crate) fn price_from(&self) -> Option<Money> {
        let unsold = self.classes.iter().filter(|class| class.free + class.held > 0);
        unsold.map(|class| class.price).min().or(self.classes.last().map(|class| class.price))
    }
}

/// Remembers them.
#[derive(Default)]
pub(crate) struct Facts {
    known: Mutex<HashMap<ShowId, (Moment, Arc<ShowFacts>)>>,
}

impl Facts {
    /// Those of a show that exists, at most a second old.
    pub(crate) async fn of(&self, site: &Site, id: ShowId) -> Result<Arc<ShowFacts>, Oops> {
        let now = site.office.clock.now();
        if let Some(known) = self.fresh(id, now) {
            return Ok(known);
        }
        let show = site.show(id).await?;
        let concert = site.concert(show.concert).await?;
        let stock = Stock::of(&site.office.boards.board(id).await?.snapshot());
        let facts = Arc::new(ShowFacts { show, concert, stock });
        let mut known = self.lock();
        if known.len() >= SHOWS_MAX {
            known.clear();
        }
        known.insert(id, (now, Arc::clone(&facts)));
        Ok(facts)
    }

    /// What is known and fresh. Whoever finds it old reads it anew, and the others are shown the
    /// old one meanwhile: a crowd reads once.
    fn fresh(&self, id: ShowId, now: Moment) -> Option<Arc<ShowFacts>> {
        let mut known = self.lock();
        let (since, facts) = known.get_mut(&id)?;
        if now.ms_since(*since) >= FRESH_MS {
            *since = now;
            return None;
        }
        Some(Arc::clone(facts))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ShowId, (Moment, Arc<ShowFacts>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sold_out_is_told_from_all_held() {
        assert_eq!(Availability::of(0, 0, 10), Availability::SoldOut);
        assert_eq!(Availability::of(0, 1, 10), Availability::AllHeld);
        assert_eq!(Availability::of(4, 1, 100), Availability::Low);
        assert_eq!(Availability::of(5, 1, 100), Availability::Free);
        assert_eq!(Availability::of(0, 0, 0), Availability::Nothing);
    }

    #[test]
    fn the_least_price_is_that_of_what_is_left() {
        let class = |price, free, held| Class { price: Money(price), free, held, all: 10 };
        let stock = Stock { classes: vec![class(300, 1, 0), class(200, 0, 2), class(100, 0, 0)] };
        assert_eq!(stock.price_from(), Some(Money(200)));
        let sold_out = Stock { classes: vec![class(300, 0, 0), class(100, 0, 0)] };
        assert_eq!(sold_out.price_from(), Some(Money(100)));
    }
}
