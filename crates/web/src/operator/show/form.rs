//! The fields of a show as a form has them: its times in the zone of the hall.

use crate::form::Form;
use crate::oops::Oops;
use crate::site::Site;
use crate::words::{local, moment_of};
use admitone_app::operating::{Optional, ShowFields};
use admitone_domain::Row;
use admitone_domain::id::RoomId;
use admitone_domain::show::{Limits, Show};
use std::str::FromStr;

/// What stands in the fields.
pub(crate) struct ShowForm {
    pub(crate) opens_at: String,
    pub(crate) closes_at: String,
    pub(crate) booking_opens_at: String,
    pub(crate) booking_closes_at: String,
    pub(crate) time_zone: String,
    pub(crate) room: Option<RoomId>,
    pub(crate) limits: Limits,
    /// The rooms there are.
    pub(crate) rooms: Vec<(RoomId, String)>,
}

impl ShowForm {
    /// As a show is.
    pub(crate) async fn of(site: &Site, show: &Show) -> Result<Self, Oops> {
        let zone = &show.time_zone;
        Ok(Self {
            opens_at: local(show.opens_at, zone),
            closes_at: local(show.closes_at, zone),
            booking_opens_at: local(show.booking_opens_at, zone),
            booking_closes_at: local(show.booking_closes_at, zone),
            time_zone: zone.clone(),
            room: show.room,
            limits: show.limits,
            rooms: rooms(site).await?,
        })
    }

    /// Of a new show: what it has in common with the one before it, and no times.
    pub(crate) async fn for_new(site: &Site, before: Option<&Show>) -> Result<Self, Oops> {
        let empty = String::new;
        Ok(Self {
            opens_at: empty(),
            closes_at: empty(),
            booking_opens_at: empty(),
            booking_closes_at: empty(),
            time_zone: before
                .map_or_else(|| "Asia/Seoul".to_owned(), |show| show.time_zone.clone()),
            room: before.and_then(|show| show.room),
            limits: before.map_or_else(Limits::default, |show| show.limits),
            rooms: rooms(site).await?,
        })
    }

    pub(crate) fn is_in(&self, room: &RoomId) -> bool {
        self.room == Some(*room)
    }

    pub(crate) fn per_buyer_max(&self) -> String {
        self.limits.per_buyer_max.map_or_else(String::new, |max| max.to_string())
    }

    pub(crate) fn hold_seconds(&self) -> u64 {
        self.limits.hold_ms / 1_000
    }
}

async fn rooms(site: &Site) -> Result<Vec<(RoomId, String)>, Oops> {
    let rooms = site.office.reads.rooms().await?.into_iter();
    let named = rooms.filter_map(|loaded| match loaded.into_row() {
        Row::Room { id, name, .. } => Some((id, name)),
        _ => None,
    });
    Ok(named.collect())
}

/// What a form says of a show. Its times are those of the hall.
pub(crate) fn show_fields(form: &Form) -> Result<ShowFields, Oops> {
    let zone = form.text("time_zone");
    let moment = |name: &str| match form.text(name) {
        "" => Ok(None),
        text => moment_of(text, zone).map(Some).ok_or_else(|| {
            let (language, label) = (form.visitor.language, format!("programme.{name}"));
            let label = language.say(&label);
            Oops::unfit(language.fill("unfit.time", &[&label, &text, &zone]))
        }),
    };
    Ok(ShowFields {
        opens_at: moment("opens_at")?,
        closes_at: moment("closes_at")?,
        booking_opens_at: moment("booking_opens_at")?,
        booking_closes_at: moment("booking_closes_at")?,
        time_zone: Some(zone.to_owned()),
        room: clearable(form, "room")?,
        per_reservation_max: form.optional("per_reservation_max")?,
        per_buyer_max: clearable(form, "per_buyer_max")?,
        hold_seconds: form.optional("hold_seconds")?,
        extensions_max: form.optional("extensions_max")?,
    })
}

/// A field that takes away what is there when it is emptied, and says nothing where the form has
/// none.
fn clearable<T: FromStr>(form: &Form, name: &str) -> Result<Optional<T>, Oops> {
    if form.all(name).next().is_none() {
        return Ok(Optional::Stay);
    }
    form.optional(name).map(Optional::from)
}
