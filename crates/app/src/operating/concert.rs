//! Concerts: created, changed.

use super::{Unfit, base, field, not_blank};
use crate::box_office::BoxOffice;
use crate::ports::store::Sequence;
use admitone_domain::command::operate::{Operate, SaveConcert};
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Currency, Key, Moment, Row};

/// What is said of a concert; when one is changed, what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct ConcertFields {
    /// Its title.
    pub title: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Where it is.
    pub venue: Option<String>,
}

/// Creates a concert, in a currency as it is written or in that of the house.
pub async fn create_concert(
    office: &BoxOffice,
    fields: ConcertFields,
    currency: Option<&str>,
    of_the_house: Currency,
) -> Result<Operate, Unfit> {
    let title = fields.title.unwrap_or_default();
    not_blank("title", Some(&title))?;
    let currency = match currency {
        None => of_the_house,
        Some(code) => code.parse().map_err(|error| field(format!("`currency`: {error}")))?,
    };
    let concert = Concert {
        id: ConcertId(office.draw(Sequence::Concert, 1).await?),
        title,
        category: fields.category.unwrap_or_default(),
        venue: fields.venue.unwrap_or_default(),
        currency,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    };
    Ok(Operate::SaveConcert(SaveConcert { concert, expected: Some(0) }))
}

/// Changes a concert.
pub async fn change_concert(
    office: &BoxOffice,
    id: ConcertId,
    fields: ConcertFields,
    expected: Option<u64>,
) -> Result<Operate, Unfit> {
    not_blank("title", fields.title.as_ref())?;
    let loaded = office.row(Key::Concert(id)).await?.ok_or(Unfit::Missing("concert"))?;
    let version = loaded.version;
    let Row::Concert(mut concert) = loaded.into_row() else {
        return Err(Unfit::Missing("concert"));
    };
    concert.title = fields.title.unwrap_or(concert.title);
    concert.category = fields.category.unwrap_or(concert.category);
    concert.venue = fields.venue.unwrap_or(concert.venue);
    let expected = Some(base(expected, version)?);
    Ok(Operate::SaveConcert(SaveConcert { concert, expected }))
}
