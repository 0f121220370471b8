//! Shows: created, changed.

use super::{Optional, Unfit, base, field};
use crate::box_office::BoxOffice;
use crate::ports::store::Sequence;
use admitone_domain::command::operate::{MoveShow, Operate, SaveShow};
use admitone_domain::id::{ConcertId, RoomId, ShowId};
use admitone_domain::show::{Limits, Show};
use admitone_domain::{Currency, Key, Moment, Row};

/// The longest that a hold may last.
const HOLD_SECONDS_MAX: u64 = 86_400;

/// What is said of a show; when one is changed, what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct ShowFields {
    /// When it begins.
    pub opens_at: Option<Moment>,
    /// When it ends.
    pub closes_at: Option<Moment>,
    /// From when seats can be held.
    pub booking_opens_at: Option<Moment>,
    /// Until when seats can be held.
    pub booking_closes_at: Option<Moment>,
    /// IANA name of the venue's zone.
    pub time_zone: Option<String>,
    /// The waiting room in front of it.
    pub room: Optional<RoomId>,
    /// Most items of one reservation.
    pub per_reservation_max: Option<u32>,
    /// Most items of one buyer.
    pub per_buyer_max: Optional<u32>,
    /// How long a hold lasts, in seconds.
    pub hold_seconds: Option<u64>,
    /// How often a hold may be extended.
    pub extensions_max: Option<u32>,
}

/// Creates a show; its four times are required.
pub async fn create_show(
    office: &BoxOffice,
    concert: ConcertId,
    fields: &ShowFields,
    currency: Currency,
) -> Result<Operate, Unfit> {
    let times =
        [fields.opens_at, fields.closes_at, fields.booking_opens_at, fields.booking_closes_at];
    if times.iter().any(Option::is_none) {
        return Err(field(
            "`opens_at`, `closes_at`, `booking_opens_at` and `booking_closes_at` are required",
        ));
    }
    let empty = Show {
        id: ShowId(office.draw(Sequence::Show, 1).await?),
        concert,
        room: None,
        opens_at: Moment::default(),
        closes_at: Moment::default(),
        booking_opens_at: Moment::default(),
        booking_closes_at: Moment::default(),
        time_zone: "UTC".to_owned(),
        currency,
        limits: Limits::default(),
    };
    let show = changed(empty, fields)?;
    Ok(Operate::SaveShow(SaveShow { show, expected: Some(0) }))
}

/// Changes a show.
pub async fn change_show(
    office: &BoxOffice,
    id: ShowId,
    fields: &ShowFields,
    expected: Option<u64>,
) -> Result<Operate, Unfit> {
    let loaded = office.row(Key::Show(id)).await?.ok_or(Unfit::Missing("show"))?;
    let version = loaded.version;
    let Row::Show(show) = loaded.into_row() else { return Err(Unfit::Missing("show")) };
    let (concert, was_at) = (show.concert, show.opens_at);
    let show = changed(show, fields)?;
    let moves = show.opens_at != was_at;
    let save = SaveShow { show, expected: Some(base(expected, version)?) };
    if moves { moved(office, concert, save).await } else { Ok(Operate::SaveShow(save)) }
}

/// A show at another date, with all that is beside it.
async fn moved(office: &BoxOffice, concert: ConcertId, save: SaveShow) -> Result<Operate, Unfit> {
    // The version first: of whatever is made after it the command must learn.
    let loaded = office.row(Key::Concert(concert)).await?.ok_or(Unfit::Missing("concert"))?;
    let shows = office.reads.shows(Some(concert)).await?;
    let others = shows.iter().map(|show| show.id).filter(|id| *id != save.show.id).collect();
    Ok(Operate::MoveShow(MoveShow { save, concert_version: loaded.version, others }))
}

fn changed(mut show: Show, fields: &ShowFields) -> Result<Show, Unfit> {
    show.opens_at = fields.opens_at.unwrap_or(show.opens_at);
    show.closes_at = fields.closes_at.unwrap_or(show.closes_at);
    show.booking_opens_at = fields.booking_opens_at.unwrap_or(show.booking_opens_at);
    show.booking_closes_at = fields.booking_closes_at.unwrap_or(show.booking_closes_at);
    if let Some(zone) = &fields.time_zone {
        jiff::tz::TimeZone::get(zone)
            .map_err(|_| field("`time_zone` must be an IANA name such as Asia/Seoul"))?;
        show.time_zone.clone_from(zone);
    }
    show.room = fields.room.over(show.room);
    if fields.hold_seconds.is_some_and(|seconds| !(1..=HOLD_SECONDS_MAX).contains(&seconds)) {
        return Err(field("`hold_seconds` must be between 1 and 86400"));
    }
    if fields.per_reservation_max == Some(0) {
        return Err(field("`per_reservation_max` must be at least 1"));
    }
    let limits = &mut show.limits;
    limits.per_reservation_max = fields.per_reservation_max.unwrap_or(limits.per_reservation_max);
    limits.per_buyer_max = fields.per_buyer_max.over(limits.per_buyer_max);
    limits.hold_ms = fields.hold_seconds.map_or(limits.hold_ms, |seconds| seconds * 1_000);
    limits.extensions_max = fields.extensions_max.unwrap_or(limits.extensions_max);
    Ok(show)
}
