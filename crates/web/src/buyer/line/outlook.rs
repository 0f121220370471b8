//! How somebody stands in the line of a show, and what else there is to tell.

use crate::facts::ShowFacts;
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::rooms::{Visit, VisitTrouble};
use admitone_app::waiting_room::Mode;
use admitone_domain::id::{RoomId, ShowId};
use std::sync::Arc;

/// How somebody stands, and what else the page tells.
pub(crate) struct Outlook {
    pub(crate) facts: Arc<ShowFacts>,
    pub(crate) standing: Standing,
    pub(crate) mode: Mode,
    /// What the operator says.
    pub(crate) message: String,
}

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Outside: without a place, or with one that is over.
    Outside { is_over: bool },
    /// In the line.
    Waiting(Visit),
    /// Inside.
    Inside(Visit),
}

/// The time left, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Left {
    /// Nobody knows yet.
    Unknown,
    UnderAMinute,
    /// So many minutes.
    About(u64),
    /// From so many minutes to so many.
    Between(u64, u64),
}

impl Outlook {
    /// How a visitor stands now; asking keeps the place.
    pub(crate) async fn of(
        site: &Site,
        visitor: &Visitor,
        (show, room): (ShowId, RoomId),
    ) -> Result<Self, Oops> {
        let standing = match visitor.place(room) {
            None => Standing::Outside { is_over: false },
            Some(token) => stands(site, room, token).await?,
        };
        let facts = site.facts().of(site, show).await?;
        let document = site.rooms.document(room).ok_or_else(Oops::not_found)?;
        let (mode, message) = (document.mode, document.message);
        Ok(Self { facts, standing, mode, message })
    }

    /// The place, where there is one.
    pub(crate) fn visit(&self) -> Option<&Visit> {
        match &self.standing {
            Standing::Waiting(visit) | Standing::Inside(visit) => Some(visit),
            Standing::Outside { .. } => None,
        }
    }

    /// When to ask again, in milliseconds: a promise, so never later than this.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.visit().map(|visit| visit.next_poll_ms)
    }

    /// Whether it is one's turn.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.standing, Standing::Inside(_))
    }

    /// Whether it is worth a stream.
    pub(crate) fn is_near(&self) -> bool {
        matches!(&self.standing, Standing::Waiting(visit)
            if visit.status == "on_deck" || visit.next_poll_ms <= 4_000)
    }

    /// Whether a ticket is likely: what is left beside those who come first.
    pub(crate) fn chance(&self) -> &'static str {
        let Standing::Waiting(visit) = &self.standing else { return "line.chance_open" };
        let left = u64::from(self.facts.stock.unsold());
        let before = visit.ahead.saturating_add(1);
        match left {
            0 => "line.chance_none",
            // People take two or three.
            _ if left >= before.saturating_mul(3) => "line.chance_likely",
            _ if left >= before => "line.chance_open",
            _ => "line.chance_unlikely",
        }
    }

    /// The time left.
    pub(crate) fn left(&self) -> Left {
        let Some([low, high]) = self.visit().and_then(|visit| visit.eta_seconds) else {
            return Left::Unknown;
        };
        let minutes = |seconds: u64| seconds.div_ceil(60);
        match (low, high) {
            (_, ..60) => Left::UnderAMinute,
            _ if minutes(low.max(1)) == minutes(high) => Left::About(minutes(high)),
            _ => Left::Between(low / 60, minutes(high)),
        }
    }

    /// What must differ for the page to be worth sending again.
    pub(crate) fn mark(&self) -> String {
        let ahead = self.visit().map_or(0, |visit| visit.ahead);
        format!("{} {ahead} {:?} {}", self.status(), self.mode, self.message)
    }

    pub(crate) fn status(&self) -> &'static str {
        match &self.standing {
            Standing::Outside { .. } => "outside",
            Standing::Waiting(visit) => visit.status,
            Standing::Inside(_) => "active",
        }
    }
}

/// How the place of a token stands; asking keeps it.
async fn stands(site: &Site, room: RoomId, token: &str) -> Result<Standing, Oops> {
    let chance = u32::try_from((site.chance)() >> 96).unwrap_or(0);
    match site.rooms.poll(room, token, Some(chance)).await {
        Ok(visit) if visit.active_until.is_some() => Ok(Standing::Inside(visit)),
        Ok(visit) => Ok(Standing::Waiting(visit)),
        Err(VisitTrouble::Gone | VisitTrouble::Forged) => Ok(Standing::Outside { is_over: true }),
        Err(trouble) => Err(trouble.into()),
    }
}
