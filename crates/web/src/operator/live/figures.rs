//! What the live page shows, read once a second however many look.

use crate::oops::Oops;
use crate::site::Site;
use admitone_app::board::{SeatMark, Snapshot};
use admitone_app::ports::reads::Asking;
use admitone_app::pulse::{Beat, Watched};
use admitone_app::waiting_room::settings::RoomSettings;
use admitone_app::waiting_room::{Gauges, Mode};
use admitone_domain::id::RoomId;
use admitone_domain::show::Show;
use admitone_domain::{Loaded, Moment, Row};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How old they may be.
const FRESH_MS: u64 = 900;
/// How old the list of shows may be.
const LIST_FRESH_MS: u64 = 10_000;
/// So many shows are watched at most: those whose sale opens first.
const SHOWS_MAX: usize = 20;
/// So many payments that are not over are counted at most.
const PAYMENTS_MAX: usize = 1_000;

/// Remembers them.
#[derive(Default)]
pub(crate) struct Live {
    known: Mutex<Option<Known>>,
}

struct Known {
    at: Moment,
    figures: Arc<Figures>,
    listed_at: Moment,
    shows: Vec<(Show, String)>,
}

/// The figures of a moment.
pub(crate) struct Figures {
    pub(crate) rooms: Vec<RoomFigures>,
    pub(crate) shows: Vec<ShowFigures>,
    pub(crate) hold: Beat,
    pub(crate) pay: Beat,
    /// Payments whose gateway has not said all.
    pub(crate) open_payments: usize,
    /// Commands that wait for the writer.
    pub(crate) waiting: usize,
    pub(crate) strategy: String,
    /// How many share the store.
    pub(crate) instances: u64,
}

/// A room.
pub(crate) struct RoomFigures {
    pub(crate) id: RoomId,
    pub(crate) name: String,
    /// The version of its row: a form that was made from an older one is refused.
    pub(crate) version: u64,
    pub(crate) mode: Mode,
    pub(crate) settings: RoomSettings,
    pub(crate) gauges: Option<Gauges>,
}

/// What there is of a show.
pub(crate) struct ShowFigures {
    pub(crate) show: Show,
    pub(crate) title: String,
    /// Sections of seats, and ticket types.
    pub(crate) sections: Vec<SectionFigures>,
}

/// What there is of a section or a ticket type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SectionFigures {
    pub(crate) name: String,
    pub(crate) held: u32,
    pub(crate) sold: u32,
    pub(crate) blocked: u32,
    pub(crate) all: u32,
}

impl Live {
    /// Those of now.
    pub(crate) async fn figures(&self, site: &Site) -> Result<Arc<Figures>, Oops> {
        let now = site.office.clock.now();
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| now.ms_since(known.at) < FRESH_MS) {
            return Ok(Arc::clone(&known.figures));
        }
        let listed = known.take().filter(|known| now.ms_since(known.listed_at) < LIST_FRESH_MS);
        let (listed_at, shows) = match listed {
            Some(known) => (known.listed_at, known.shows),
            None => (now, watched(site, now).await?),
        };
        let figures = Arc::new(read(site, &shows).await?);
        *known = Some(Known { at: now, figures: Arc::clone(&figures), listed_at, shows });
        Ok(figures)
    }

    /// Something was changed: whoever did it sees that.
    pub(crate) async fn forget(&self) {
        *self.known.lock().await = None;
    }
}

/// Shows whose sale is not over, with their titles.
async fn watched(site: &Site, now: Moment) -> Result<Vec<(Show, String)>, Oops> {
    let mut shows = site.office.reads.shows(None).await?;
    shows.retain(|show| now < show.booking_closes_at);
    shows.sort_by_key(|show| (show.booking_opens_at, show.id));
    shows.truncate(SHOWS_MAX);
    let mut titled = Vec::new();
    for show in shows {
        let title = site.concert(show.concert).await?.title;
        titled.push((show, title));
    }
    Ok(titled)
}

async fn read(site: &Site, shows: &[(Show, String)]) -> Result<Figures, Oops> {
    let mut rooms = Vec::new();
    for loaded in site.office.reads.rooms().await? {
        rooms.extend(room(site, loaded).await?);
    }
    let mut sold = Vec::new();
    for (show, title) in shows {
        let snapshot = site.office.boards.board(show.id).await?.snapshot();
        let (show, title, sections) = (show.clone(), title.clone(), sections(&snapshot));
        sold.push(ShowFigures { show, title, sections });
    }
    Ok(Figures {
        rooms,
        shows: sold,
        hold: site.pulse.beat(Watched::Hold),
        pay: site.pulse.beat(Watched::Pay),
        open_payments: site
            .office
            .reads
            .open_payments(Asking::Anybody, None, PAYMENTS_MAX)
            .await?
            .len(),
        waiting: site.office.delivery.waiting(),
        strategy: site.strategy.clone(),
        instances: match &site.instances {
            Some(instances) => instances.alive().await?,
            None => 1,
        },
    })
}

async fn room(site: &Site, loaded: Loaded) -> Result<Option<RoomFigures>, Oops> {
    let version = loaded.version;
    let Row::Room { id, name, settings } = loaded.into_row() else { return Ok(None) };
    let settings: RoomSettings = serde_json::from_str(&settings).unwrap_or_default();
    let gauges = site.rooms.desk(id).await?.map(|desk| desk.view().gauges.clone());
    Ok(Some(RoomFigures { id, name, version, mode: settings.mode, settings, gauges }))
}

fn sections(snapshot: &Snapshot) -> Vec<SectionFigures> {
    let plan = snapshot.plan.index();
    let mut by_name: BTreeMap<&str, SectionFigures> = BTreeMap::new();
    for seat in &snapshot.seats {
        let Some((block, _)) = plan.find(seat.id) else { continue };
        let section = by_name.entry(&block.section).or_default();
        section.all += 1;
        match seat.mark {
            SeatMark::Free => {}
            SeatMark::Held => section.held += 1,
            SeatMark::Sold => section.sold += 1,
            SeatMark::Blocked => section.blocked += 1,
        }
    }
    let seats =
        by_name.into_iter().map(|(name, found)| SectionFigures { name: name.to_owned(), ..found });
    let types = snapshot.ticket_types.iter().map(|known| SectionFigures {
        name: known.name.clone(),
        held: known.held,
        sold: known.sold,
        blocked: 0,
        all: known.capacity,
    });
    seats.chain(types).collect()
}

impl SectionFigures {
    /// How many can be sold at all.
    pub(crate) fn for_sale(&self) -> u32 {
        self.all.saturating_sub(self.blocked)
    }

    /// How many can be had now.
    pub(crate) fn free(&self) -> u32 {
        self.for_sale().saturating_sub(self.held).saturating_sub(self.sold)
    }

    /// More than there are: never.
    fn oversold(&self) -> u32 {
        self.held.saturating_add(self.sold).saturating_sub(self.all)
    }
}

impl ShowFigures {
    fn sum(&self, part: impl Fn(&SectionFigures) -> u32) -> u32 {
        self.sections.iter().map(part).fold(0, u32::saturating_add)
    }

    pub(crate) fn held(&self) -> u32 {
        self.sum(|section| section.held)
    }

    pub(crate) fn sold(&self) -> u32 {
        self.sum(|section| section.sold)
    }

    pub(crate) fn free(&self) -> u32 {
        self.sum(SectionFigures::free)
    }

    pub(crate) fn for_sale(&self) -> u32 {
        self.sum(SectionFigures::for_sale)
    }
}

impl Figures {
    pub(crate) fn held(&self) -> u64 {
        self.shows.iter().map(|show| u64::from(show.held())).sum()
    }

    pub(crate) fn sold(&self) -> u64 {
        self.shows.iter().map(|show| u64::from(show.sold())).sum()
    }

    /// Sold and held beyond what there is, and admissions beyond the limit of a room.
    pub(crate) fn oversold(&self) -> u64 {
        let stock: u64 =
            self.shows.iter().map(|show| u64::from(show.sum(SectionFigures::oversold))).sum();
        stock + self.totals(|room| room.totals.overshoot_total)
    }

    /// Admissions past a smaller place.
    pub(crate) fn overtakes(&self) -> u64 {
        self.totals(|room| room.totals.order_violation_total)
    }

    fn totals(&self, of: impl Fn(&Gauges) -> u64) -> u64 {
        self.rooms.iter().filter_map(|room| room.gauges.as_ref()).map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blocked_is_not_for_sale_and_more_than_there_is_is_seen() {
        let section =
            |held, sold| SectionFigures { held, sold, blocked: 2, all: 10, ..Default::default() };
        assert_eq!((section(3, 4).free(), section(3, 4).oversold()), (1, 0));
        assert_eq!((section(6, 5).free(), section(6, 5).oversold()), (0, 1));
    }
}
